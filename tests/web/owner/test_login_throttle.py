"""Log-ins are counted whatever is done to the clock, and logged by their network."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from affiliate.search.counters import Counts, Windows
from affiliate.search.machine_counters import MachineCounts
from affiliate.web.owner import login_throttle

NOON = 1_800_000_000.0


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "an unknown address"),
        ("unix:", "an unknown address"),
    ],
)
def test_the_log_shows_the_network_of_a_log_in(address: str, shown: str) -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert login_throttle.loggable_network() == shown


class Counters:
    """A store that loses nothing."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def incr(self, key: str, by: int, _seconds: float) -> int:
        self.numbers[key] = self.numbers.get(key, 0) + by
        return self.numbers[key]


@pytest.mark.parametrize("step", [0, 60, 900, 86_400, -60, -900, -86_400])
def test_a_clock_that_is_set_gives_no_more_tries(step: float) -> None:
    """They come back when their time is over by a clock that nobody sets."""
    set_by, passed = [0.0], [0.0]
    windows = Windows(lambda: NOON + set_by[0] + passed[0], lambda: passed[0])
    app = Flask(__name__)
    counts = Counts(Counters(), 1, now=lambda: passed[0])
    app.extensions["services"] = SimpleNamespace(config=SimpleNamespace(site_url=None))
    app.extensions["login_counts"] = login_throttle.LoginCounts(counts, counts, windows)
    with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.7"}):
        assert [
            login_throttle.may_log_in("proof") for _ in range(login_throttle.MAX_CLIENT_LOGINS + 1)
        ] == [True] * 10 + [False]
        set_by[0] = step
        assert not login_throttle.may_log_in("proof")
        set_by[0], passed[0] = 0.0, 2.0 * login_throttle.WINDOW_SECONDS
        assert login_throttle.may_log_in("proof")


def test_strangers_try_no_more_after_the_store_has_lost_its_counters(tmp_path: Path) -> None:
    """Processes that start after the store was emptied go on from the count of the machine."""
    app = Flask(__name__)
    app.extensions["services"] = SimpleNamespace(config=SimpleNamespace(site_url=None))

    def count_attempts() -> int:
        """Return how many attempts new processes with an empty store admit, each of another."""
        counts = Counts(store := Counters(), 2)
        here = MachineCounts(tmp_path / "counts")
        app.extensions["login_counts"] = login_throttle.LoginCounts(
            counts, Counts(store, 2, here), Windows(here=here)
        )
        admitted = 0
        for number in range(login_throttle.MAX_STRANGER_LOGINS // 2 + 10):
            address = f"203.0.{number}.7"
            with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
                admitted += login_throttle.may_log_in("proof")
        return admitted

    assert [count_attempts() for _ in range(3)] == [60, 40, 0]
