"""Alerts in the ledger: each lasts until its end, is told once to each channel, or is silent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from affiliate.database.alert_states import KEPT_ENDED, LEASE, AlertState, AlertStates
from affiliate.database.ledger import Ledger
from affiliate.domain.troubles import CALM, Trouble
from tests.support.clocks import SetClock

MINUTE = timedelta(minutes=1)
DISK = Trouble(name="disk", title="The disk is full.", advice="Make room.")
KEY = Trouble(name="key:demo", title="A key is refused.", advice="Look.", patience=10 * MINUTE)


@pytest.fixture
def clock(clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch) -> SetClock[datetime]:
    """Return the clock of the ledger, also where a database has a clock of its own."""
    monkeypatch.setattr(Ledger, "read_time", lambda _: clock.now)
    return clock


@pytest.fixture
def states(ledger: Ledger, clock: SetClock[datetime]) -> AlertStates:
    del clock
    return AlertStates(ledger)


def find(states: AlertStates, name: str) -> AlertState:
    (state,) = (one for one in states.list_all() if one.name == name)
    return state


def test_an_alert_lasts_until_it_was_calm_for_a_while(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    """A trouble that comes and goes within minutes is one alert with one beginning."""
    began = states.now()
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    clock.now += 20 * MINUTE
    states.record([])
    assert find(states, "disk").ended_at is None
    clock.now += 5 * MINUTE
    states.record([DISK])
    clock.now += CALM
    states.record([])
    disk = find(states, "disk")
    assert (disk.since, disk.ended_at) == (began, states.now())
    assert disk.told_to == {"mail"}


def test_an_alert_that_comes_again_begins_anew(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    clock.now += 2 * CALM
    states.record([])
    states.mark_told(["disk"], "mail", ended=True)
    clock.now += MINUTE
    states.record([DISK])
    disk = find(states, "disk")
    assert (disk.since, disk.ended_at, disk.told_to) == (states.now(), None, frozenset())


def test_patience_counts_from_the_beginning(states: AlertStates, clock: SetClock[datetime]) -> None:
    """An alert is due once it has lasted for its patience, however often it is seen."""
    due = states.now() + KEY.patience
    for _ in range(3):
        states.record([KEY])
        assert find(states, KEY.name).due_at == due
        clock.now += 5 * MINUTE


def test_what_nobody_was_told_of_leaves_nothing(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    """A trouble that ends before it is due is forgotten."""
    states.record([KEY])
    clock.now += 2 * CALM
    states.record([])
    assert states.list_all() == []


def test_ended_alerts_are_listed_for_a_month(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    clock.now += 2 * CALM
    states.record([])
    states.mark_told(["disk"], "mail", ended=True)
    clock.now += KEPT_ENDED - MINUTE
    states.record([])
    assert find(states, "disk").ended_at
    clock.now += 2 * MINUTE
    states.record([])
    assert states.list_all() == []


def test_what_is_unknown_becomes_no_alert(states: AlertStates, clock: SetClock[datetime]) -> None:
    """A single failure before a night without a search has not lasted for its patience."""
    slow = msgspec.structs.replace(KEY, patience=2 * CALM)
    states.record([slow])
    for _ in range(4):
        clock.now += CALM
        states.record([], ["key"])
    assert states.list_all() == []


@pytest.mark.parametrize("unknown", ["key", "key:demo"])
def test_what_is_unknown_goes_on(
    states: AlertStates, clock: SetClock[datetime], unknown: str
) -> None:
    """A check that can't see whether a trouble is over does not end it."""
    states.record([DISK, KEY])
    states.mark_told(["disk", KEY.name], "mail")
    clock.now += 2 * CALM
    states.record([], [unknown])
    assert find(states, KEY.name).ended_at is None
    assert find(states, "disk").ended_at


def test_the_end_of_no_silence_tells_nobody_again(states: AlertStates) -> None:
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    assert states.silence("disk", 0)
    assert find(states, "disk").told_to == {"mail"}


def test_silence_hides_an_alert_and_then_it_is_told_anew(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    assert states.silence("disk", 2)
    disk = find(states, "disk")
    assert disk.is_silenced(states.now())
    assert disk.told_to == frozenset()
    clock.now += timedelta(days=2)
    states.record([DISK])
    assert not find(states, "disk").is_silenced(states.now())
    assert states.silence("disk", 0)
    assert find(states, "disk").silenced_until is None
    assert not states.silence("quota:demo", 2)
    assert not states.silence("#check", 2)


def test_silence_outlasts_the_end_of_an_alert(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    """An alert that comes again during its silence is silent still."""
    states.record([DISK])
    states.silence("disk", 7)
    clock.now += 2 * CALM
    states.record([])
    clock.now += timedelta(days=1)
    states.record([DISK])
    assert find(states, "disk").is_silenced(states.now())


def test_one_process_checks_at_a_time(states: AlertStates, clock: SetClock[datetime]) -> None:
    """The lease ends with the check, or runs out where the process was killed."""
    every = 10 * MINUTE
    turn = states.take_turn(every)
    assert turn == states.now() + LEASE
    assert states.take_turn() is None
    clock.now += LEASE
    second = states.take_turn()
    assert second
    states.end_turn(turn)  # of the first, which was late
    assert states.take_turn() is None
    states.end_turn(second)
    assert states.take_turn(every) is None
    clock.now += every
    assert states.take_turn(every)


def test_a_process_that_waited_for_the_database_leaves_the_turn_to_the_first(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    """The lease is of a later time than the time that this process read before its wait."""
    assert states.take_turn()
    clock.now -= timedelta(seconds=10)
    assert states.take_turn() is None


@pytest.mark.parametrize("step", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_is_set_keeps_no_check_away(
    states: AlertStates, clock: SetClock[datetime], step: timedelta
) -> None:
    """After any step the next check comes at once, and lasting alerts go on, told as they are."""
    turn = states.take_turn()
    states.record([DISK, KEY])
    states.mark_told(["disk"], "mail")
    assert turn
    states.end_turn(turn)
    states.take_turn()  # of a process that is killed then
    clock.now += step
    assert states.take_turn(10 * MINUTE)
    states.record([DISK, KEY])
    disk, key = find(states, "disk"), find(states, KEY.name)
    assert (disk.told_to, disk.ended_at) == (frozenset({"mail"}), None)
    assert key.due_at <= states.now() + KEY.patience
    clock.now += 2 * CALM
    states.record([])
    assert find(states, "disk").ended_at == states.now()


def test_an_alert_of_a_clock_that_was_ahead_ends(
    states: AlertStates, clock: SetClock[datetime]
) -> None:
    """A trouble that a wrong clock saw next year is over once no check finds the trouble."""
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    clock.now -= timedelta(days=400)
    states.record([])
    assert find(states, "disk").ended_at == states.now()


def test_two_processes_take_one_turn(
    url: str, opened: Callable[..., Ledger], states: AlertStates
) -> None:
    """Another connection of another process sees the lease."""
    other = AlertStates(opened(url))
    assert [one.take_turn() is not None for one in (states, other)] == [True, False]


def test_lasting_alerts_come_first(states: AlertStates, clock: SetClock[datetime]) -> None:
    states.record([DISK])
    states.mark_told(["disk"], "mail")
    clock.now += 2 * CALM
    states.record([KEY])
    assert [state.name for state in states.list_all()] == [KEY.name, "disk"]
