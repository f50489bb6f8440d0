"""An agency that the owner switches off is off in every process within seconds, and stays off."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from affiliate.database.agency_switches import QUIET_SECONDS, REFRESH_SECONDS, AgencySwitches
from affiliate.database.ledger import Ledger
from affiliate.errors import LedgerError
from tests.support.clocks import SetClock
from tests.support.ledgers import new_ledger
from tests.support.waiting import PATIENCE


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with new_ledger(tmp_path) as made:
        yield made


def wait_for_switches(switches: AgencySwitches) -> frozenset[str]:
    """Return the switches once the look in the background has ended."""
    switches.off_agencies()
    for thread in threading.enumerate():
        if thread.name == "switches":
            thread.join(PATIENCE)
    return switches.off_agencies()


def test_a_switch_holds_for_other_processes_and_for_later_ones(ledger: Ledger) -> None:
    """Another process has it after its next look, one that starts later at once."""
    clock = SetClock(1000.0)
    other = AgencySwitches(ledger, now=clock)
    assert other.off_agencies() == frozenset()
    AgencySwitches(ledger).switch_agency("acme", off=True)
    assert other.off_agencies() == frozenset()
    clock.now += REFRESH_SECONDS
    assert wait_for_switches(other) == {"acme"}
    assert AgencySwitches(ledger).off_agencies() == {"acme"}


def test_it_can_be_switched_as_often_as_one_likes(ledger: Ledger) -> None:
    switches = AgencySwitches(ledger)
    for off in (True, True, False, False, True):
        switches.switch_agency("acme", off=off)
        assert switches.read_off_agencies() == ({"acme"} if off else set())


def test_without_the_database_what_was_known_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    clock = SetClock(1000.0)
    switches = AgencySwitches(ledger, now=clock)
    switches.switch_agency("acme", off=True)
    assert switches.off_agencies() == {"acme"}
    ledger.close()
    (tmp_path / "ledger.db").rename(tmp_path / "away.db")
    (tmp_path / "ledger.db").mkdir()
    clock.now += REFRESH_SECONDS
    assert wait_for_switches(switches) == {"acme"}
    with pytest.raises(LedgerError):
        switches.switch_agency("other", off=True)


def test_after_a_quiet_time_the_first_request_knows(ledger: Ledger) -> None:
    """It waits for the look, and so do those that come beside it."""
    clock = SetClock(1000.0)
    quiet = AgencySwitches(ledger, now=clock)
    assert quiet.off_agencies() == frozenset()
    for off in (True, False, True):
        AgencySwitches(ledger).switch_agency("acme", off=off)
        clock.now += QUIET_SECONDS
        with ThreadPoolExecutor(4) as threads:
            seen = list(threads.map(lambda _: quiet.off_agencies(), range(4)))
        assert seen == [frozenset({"acme"} if off else ())] * 4


def test_a_quiet_site_waits_for_a_slow_database_only_so_long(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then what was known goes on, for those that come beside it too."""
    monkeypatch.setattr("affiliate.database.agency_switches.WAIT_SECONDS", 0.05)
    clock = SetClock(1000.0)
    switches = AgencySwitches(ledger, now=clock)
    switches.off_agencies()
    gate = threading.Event()
    monkeypatch.setattr(
        switches, "read_off_agencies", lambda: frozenset({"acme"}) if gate.wait(20) else None
    )
    clock.now += QUIET_SECONDS
    assert [switches.off_agencies(), switches.off_agencies()] == [frozenset(), frozenset()]
    gate.set()
    assert wait_for_switches(switches) == {"acme"}


def test_nobody_waits_for_a_look_that_takes_long(ledger: Ledger) -> None:
    """While one looks, requests go on with what is known, and none looks too."""
    clock = SetClock(1000.0)
    switches = AgencySwitches(ledger, now=clock)
    switches.off_agencies()
    gate, looks = threading.Event(), []

    def read() -> frozenset[str]:
        looks.append(1)
        gate.wait(20)
        return frozenset({"acme"})

    switches.read_off_agencies = read  # type: ignore[method-assign]
    for _ in range(5):
        clock.now += REFRESH_SECONDS
        assert switches.off_agencies() == frozenset()
    gate.set()
    assert wait_for_switches(switches) == {"acme"}
    assert len(looks) <= 2
