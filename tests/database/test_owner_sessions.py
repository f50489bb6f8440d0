"""Sessions of the owner end by time, by disuse and by the owner, and are listed meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.owner_sessions import Sessions
from affiliate.database.schema import sessions
from affiliate.errors import LedgerError
from tests.support.ledgers import place_ledger


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 28, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with closing(Ledger(place_ledger(tmp_path), clock)) as made:
        yield made


def test_a_session_ends_two_hours_after_its_last_use(ledger: Ledger, clock: Clock) -> None:
    """Each use begins the two hours anew, until twelve hours are over."""
    here = Sessions(ledger)
    used, idle = here.begin("192.0.2.0/24", "Firefox"), here.begin("192.0.2.0/24", "Firefox")
    for _ in range(7):
        assert here.is_open(used)
        clock.forward(minutes=100)
    assert not here.is_open(idle)
    assert here.is_open(used)
    clock.forward(minutes=30)
    assert not here.is_open(used)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_by_an_hour_ends_no_session(
    ledger: Ledger, clock: Clock, hours: int
) -> None:
    name = Sessions(ledger).begin("192.0.2.0/24", "Firefox")
    clock.forward(hours=hours)
    assert Sessions(ledger).is_open(name)


def test_open_sessions_are_listed_with_the_asking_one_first(ledger: Ledger, clock: Clock) -> None:
    """Then come the newest; what a browser says of itself is cut and can break no line."""
    here = Sessions(ledger)
    first = here.begin("192.0.2.0/24", "Firefox")
    clock.forward(minutes=10)
    here.begin("2001:db8::/48", "Safari\r\n\x00" + "x" * 500)
    clock.forward(minutes=10)
    here.begin("203.0.113.0/24", "Chromium")
    assert here.is_open(first)
    listed = here.list_open(first)
    assert [one.browser[:8] for one in listed] == ["Firefox", "Chromium", "Safarixx"]
    assert [one.is_this for one in listed] == [True, False, False]
    assert max(len(one.browser) for one in listed) == 200
    assert listed[0].begun_at == datetime(2026, 11, 28, 12)  # noqa: DTZ001 - as SQLite has it
    assert listed[0].seen_at == datetime(2026, 11, 28, 12, 20)  # noqa: DTZ001
    assert first not in repr(listed)


def test_one_or_all_can_be_ended(ledger: Ledger) -> None:
    """A session that another log-in of the same browser takes the place of ends, too."""
    here = Sessions(ledger)
    names = [here.begin("192.0.2.0/24", browser) for browser in "abc"]
    here.end_by_digest(here.list_open(names[0])[1].digest)
    assert [here.is_open(name) for name in names].count(True) == 2
    replaced = here.begin("192.0.2.0/24", "a", instead_of=names[0])
    assert not here.is_open(names[0])
    assert here.is_open(replaced)
    here.end_all()
    assert here.list_open(replaced) == []


def test_sessions_of_the_version_before_go_on(ledger: Ledger, clock: Clock) -> None:
    """They know neither when they began nor where."""
    here = Sessions(ledger)
    name = here.begin("192.0.2.0/24", "Firefox")
    unknown = dict.fromkeys(("begun_at", "seen_at", "network", "browser"))
    with ledger.write_transaction() as connection:
        connection.execute(sa.update(sessions).values(unknown))
    clock.forward(hours=3)
    (one,) = here.list_open(name)
    assert (one.begun_at, one.network, one.browser) == (None, "", "")
    assert here.is_open(name)
    assert here.list_open(name)[0].seen_at is not None


def test_a_ledger_that_can_t_be_written_refuses_nobody(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The use of a session is then not kept."""
    name = Sessions(ledger).begin("192.0.2.0/24", "Firefox")
    clock.forward(minutes=30)

    def refuse() -> Callable[[], None]:
        raise LedgerError("full")

    monkeypatch.setattr(ledger, "write_transaction", refuse)
    assert Sessions(ledger).is_open(name)


def test_sessions_of_another_password_are_closed_and_not_listed(ledger: Ledger) -> None:
    """Sessions without a mark, of the version before, are listed still."""
    before, today = Sessions(ledger, "a"), Sessions(ledger, "b")
    old, new = before.begin("192.0.2.0/24", "Old"), today.begin("192.0.2.0/24", "New")
    assert [one.browser for one in today.list_open(new)] == ["New"]
    assert (today.is_open(old), before.is_open(old)) == (False, True)
    with ledger.write_transaction() as connection:
        connection.execute(sa.update(sessions).values(password_mark=None))
    assert {one.browser for one in today.list_open(new)} == {"New", "Old"}
