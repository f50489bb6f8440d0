"""Roll-ups are exact against the rows, whatever the order, the zone and the breaks between."""

from collections import Counter
from collections.abc import Callable, Sized
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.database import engine
from affiliate.database import ranked_counts as ranked_counts_module
from affiliate.database import roll_ups as roll_ups_module
from affiliate.database.clicks import Click
from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import DAY, Days, find_hour, find_local_day
from affiliate.database.ranked_counts import RankedList
from affiliate.database.roll_ups import MAX_POSITION, RollUps
from affiliate.database.schema import click_days, clicks, ranked_counts, ranked_texts, roll_ups
from tests.support.clocks import SetClock
from tests.support.ledgers import place_ledger

ZONE = ZoneInfo("Asia/Kathmandu")
WHOLE = Days(date(2025, 1, 1), date(2027, 1, 1))
NAMES = ("agency", "site", "place")


def make_click(number: int, **changes: object) -> Click:
    fields = {"click_id": f"click-{number:06}", "agency": "demo", "id": "7", "position": 1}
    sender = str(changes.pop("sender", ""))
    click = Click.from_fields({**fields, "words": "cat", "place": "tile", **changes})
    return click.mark_program("curl/8") if sender else click


def count_rows(ledger: Ledger, zone: ZoneInfo, *by: str) -> Counter[tuple[object, ...]]:
    """Count visitors' clicks by the rows themselves."""
    counts: Counter[tuple[object, ...]] = Counter()
    for at, click in ledger.stream_clicks():
        if not click.sender:
            moment = at.replace(tzinfo=None)
            row = {"day": find_local_day(moment, zone), "hour": find_hour(moment, zone)}
            counts[tuple(row.get(name) or getattr(click, name) for name in by)] += 1
    return counts


def count_figures(figures: Figures, *by: str) -> Counter[tuple[object, ...]]:
    rows = figures.sum_clicks(WHOLE, by)
    return Counter(
        {tuple(row[name] for name in by): row["clicks"] for row in rows if row["clicks"]}
    )


def sum_pictures(ledger: Ledger, zone: ZoneInfo) -> Counter[tuple[object, ...]]:
    """Count visitors' clicks on pictures; a link to a search is no picture."""
    counts: Counter[tuple[object, ...]] = Counter()
    for (place, *picture), count in count_rows(ledger, zone, "place", "agency", "id").items():
        if place != "search":
            counts[tuple(picture)] += count
    return counts


def check_all(ledger: Ledger, zone: ZoneInfo) -> None:
    """Compare every figure of clicks with the rows."""
    figures = Figures(ledger, zone)
    for by in (("day",), ("hour",), NAMES, ("day", *NAMES)):
        assert count_figures(figures, *by) == count_rows(ledger, zone, *by)
    positions = figures.sum_positions(WHOLE)
    near: Counter[tuple[object, int]] = Counter()
    for (place, position), count in count_rows(ledger, zone, "place", "position").items():
        near[place, min(int(str(position)), MAX_POSITION)] += count
    assert {(row["place"], row["position"]): row["clicks"] for row in positions} == near
    words = count_rows(ledger, zone, "words")
    top = figures.list_top(RankedList.CLICKED_WORDS, WHOLE, 10_000)
    assert {(text,): count for text, count in top} == words
    assert [count for _, count in top] == sorted(words.values(), reverse=True)
    pictures = sum_pictures(ledger, zone)
    top = figures.list_top(RankedList.CLICKED_PICTURES, WHOLE, 10_000)
    assert {tuple(text.split(" ", 1)): count for text, count in top} == pictures


def list_differing(roll_ups: RollUps) -> list[date]:
    days = roll_ups.find_counted_days()
    assert days
    every = [days.first + DAY * number for number in range((days.last - days.first).days + 1)]
    return [day for day in every if not roll_ups.is_exact(day)]


def record_some(ledger: Ledger, clock: SetClock[datetime], numbers: range) -> None:
    """Record clicks over some days, of several sites, places and words, some of programs."""
    random = Random(numbers.start)
    for number in numbers:
        clock.now += timedelta(minutes=random.randrange(90))
        ledger.record(
            make_click(
                number,
                agency=random.choice(["demo", "pixabay"]),
                id=str(random.randrange(9)),
                words=random.choice(["", "cat", "red bicycle", "猫"]),
                site=random.choice(["", "blog.example"]),
                place=random.choice(["tile", "look", "search"]),
                position=random.choice([1, 2, 3, 4, 100, 101, 102, 9999]),
                sender=random.choice(["", "", "", "program"]),
            )
        )


@pytest.mark.parametrize("most", [1, 7, 5000])
@pytest.mark.parametrize(
    ("zone_name", "start"),
    [
        ("UTC", "2026-03-02T12:00"),
        ("Asia/Kathmandu", "2026-03-02T12:00"),
        ("Asia/Kolkata", "2026-03-02T12:00"),
        ("Europe/Amsterdam", "2026-03-28T12:00"),  # a day of 23 hours follows
        ("Europe/Amsterdam", "2026-10-24T12:00"),  # a day of 25 hours follows
        ("Australia/Lord_Howe", "2026-04-03T12:00"),  # clocks are set by half an hour
    ],
)
def test_figures_are_those_of_the_rows(  # noqa: PLR0913, PLR0917 - where and when clicks are counted
    ledger: Ledger,
    clock: SetClock[datetime],
    monkeypatch: pytest.MonkeyPatch,
    zone_name: str,
    start: str,
    most: int,
) -> None:
    """Counted in many steps or few, or not yet, in any zone; a second look changes nothing."""
    monkeypatch.setattr(roll_ups_module, "MAX_ROWS", most)
    clock.now, zone = datetime.fromisoformat(start).replace(tzinfo=UTC), ZoneInfo(zone_name)
    roll_ups = RollUps(ledger, zone)
    record_some(ledger, clock, range(60))
    assert roll_ups.advance(60)
    check_all(ledger, zone)
    record_some(ledger, clock, range(60, 90))
    assert roll_ups.advance(60)
    assert roll_ups.advance(60)
    check_all(ledger, zone)
    assert list_differing(roll_ups) == []


def test_new_clicks_are_counted_at_once(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """The clicks of the last hours come from their rows."""
    figures, roll_ups = Figures(ledger, ZONE), RollUps(ledger, ZONE)
    roll_ups.advance()
    ledger.record(make_click(1, words="dog"))
    clock.now += timedelta(minutes=30)
    ledger.record(make_click(2, words="dog", site="blog.example"))
    assert count_figures(figures) == {(): 2}
    assert figures.list_top(RankedList.CLICKED_WORDS, WHOLE, 5) == [("dog", 2)]
    words = figures.list_top(RankedList.CLICKED_WORDS, WHOLE, 5, scope="blog.example")
    assert words == [("dog", 1)]
    assert figures.find_counted_until() is None


def test_a_late_click_is_counted_in_its_hour(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """A click of a journal, once however often it comes, before and after its hour is counted."""
    roll_ups = RollUps(ledger, ZONE)
    record_some(ledger, clock, range(20))
    roll_ups.advance(60)
    row = {"at": datetime.fromisoformat("2026-03-02T12:30"), "sender": "", "media": "image"}
    row |= {"agency": "demo", "id": "9", "words": "late", "position": 2, "site": "", "place": ""}
    for number in (1, 2, 1):
        ledger._insert_clicks([{**row, "click_id": f"late-click-{number}"}])
    check_all(ledger, ZONE)
    assert count_rows(ledger, ZONE, "words")[("late",)] == 2


def test_a_program_is_counted_apart(ledger: Ledger, clock: SetClock[datetime]) -> None:
    ledger.record(make_click(1))
    ledger.record(make_click(2, sender="program"))
    clock.now += timedelta(hours=3)
    RollUps(ledger, ZONE).advance(60)
    assert Figures(ledger, ZONE).sum_clicks(WHOLE) == [{"clicks": 1, "marked": 1}]


def test_another_zone_counts_anew(ledger: Ledger, clock: SetClock[datetime]) -> None:
    record_some(ledger, clock, range(40))
    RollUps(ledger, ZoneInfo("UTC")).advance(60)
    RollUps(ledger, ZONE).advance(60)
    check_all(ledger, ZONE)


def test_a_zone_that_this_machine_lacks_is_counted_anew(
    ledger: Ledger, clock: SetClock[datetime]
) -> None:
    """Another machine, or a later version of it, may know more time zones."""
    ledger.record(make_click(1))
    clock.now += timedelta(hours=2)
    assert RollUps(ledger, UTC).advance()
    with ledger.write_transaction() as connection:
        connection.execute(sa.update(roll_ups).values(zone="Mars/Olympus_Mons"))
    assert Figures(ledger, UTC).find_counted_until() is None
    assert RollUps(ledger, UTC).advance()
    check_all(ledger, ZoneInfo("UTC"))


def test_a_clock_that_was_set_back_counts_anew(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """Clicks that come after hours that the wrong clock has counted are in the figures."""
    roll_ups = RollUps(ledger, ZONE)
    right = clock.now
    clock.now = right + timedelta(days=3)
    ledger.record(make_click(1))
    clock.now += timedelta(hours=2)
    roll_ups.advance(60)
    clock.now = right + timedelta(hours=1)
    roll_ups.advance(60)
    ledger.record(make_click(2))
    clock.now = right + timedelta(days=4)
    roll_ups.advance(60)
    check_all(ledger, ZONE)


def test_a_rebuild_counts_the_same(ledger: Ledger, clock: SetClock[datetime]) -> None:
    roll_ups = RollUps(ledger, ZONE)
    record_some(ledger, clock, range(40))
    roll_ups.advance(60)
    with ledger.write_transaction() as connection:
        connection.execute(sa.delete(clicks).where(clicks.c.click_id == "click-000005"))
    assert len(list_differing(roll_ups)) == 1
    roll_ups.forget_all()
    roll_ups.advance(60)
    check_all(ledger, ZONE)
    assert list_differing(roll_ups) == []


class Killed(Exception):
    """The end of a process amid its work."""


def test_a_process_that_is_killed_while_it_deletes_counts_leaves_nothing_wrong(
    ledger: Ledger, clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process deletes the rest before clicks are counted, at whatever step the end is."""
    monkeypatch.setattr(engine, "MAX_DELETED", 5)
    record_some(ledger, clock, range(40))
    RollUps(ledger, ZONE).advance(60)
    transaction, steps, is_whole = ledger.write_transaction, 0, False
    while not is_whole:
        steps += 1
        left = steps

        def die_later() -> AbstractContextManager[sa.Connection]:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return transaction()

        monkeypatch.setattr(ledger, "write_transaction", die_later)
        try:
            RollUps(ledger, ZONE).forget_all()
            is_whole = True
        except Killed:
            pass
        monkeypatch.setattr(ledger, "write_transaction", transaction)
        RollUps(ledger, ZONE).advance(60)
        check_all(ledger, ZONE)
    assert steps > 10


def test_a_site_that_counts_while_a_command_deletes_loses_no_click(
    url: str,
    clock: SetClock[datetime],
    opened: Callable[..., Ledger],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clicks are counted anew after the last old count is deleted, by whichever process."""
    monkeypatch.setattr(engine, "MAX_DELETED", 5)
    site, command = opened(url, clock), opened(url, clock)
    site.upgrade()
    record_some(site, clock, range(40))
    RollUps(site, ZONE).advance(60)
    transaction = command.write_transaction

    def count_meanwhile() -> AbstractContextManager[sa.Connection]:
        RollUps(site, ZONE).advance(60)
        return transaction()

    monkeypatch.setattr(command, "write_transaction", count_meanwhile)
    RollUps(command, ZONE).forget_all()
    RollUps(site, ZONE).advance(60)
    check_all(site, ZONE)


def test_hours_without_clicks_take_one_step(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """Years between two clicks are passed at once."""
    roll_ups = RollUps(ledger, ZONE)
    ledger.record(make_click(1))
    clock.now += timedelta(days=700)
    ledger.record(make_click(2))
    clock.now += timedelta(hours=5)
    roll_ups._begin()
    steps = 0
    while not roll_ups._count_hours():
        steps += 1
    assert steps < 10
    assert Figures(ledger, ZONE).sum_clicks(Days(date(2026, 1, 1), date(2029, 1, 1))) == [
        {"clicks": 2, "marked": 0}
    ]


def test_counts_go_with_their_clicks(
    ledger: Ledger, clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clicks of earlier days go with their counts and words, also out of the month's counts."""
    monkeypatch.setattr(engine, "MAX_DELETED", 2)
    monkeypatch.setattr(roll_ups_module, "MAX_SCOPES", 2)
    monkeypatch.setattr(ranked_counts_module, "MAX_DELETED", 2)
    roll_ups = RollUps(ledger, ZONE)
    ledger.record(make_click(0, words="forgotten"))
    for number in range(1000, 1007):
        ledger.record(make_click(number, words=f"forgotten {number}", site=f"b{number}.example"))
    clock.now += timedelta(days=2)
    record_some(ledger, clock, range(1, 50))
    roll_ups.advance(60)
    day = find_local_day(datetime.fromisoformat("2026-03-04T12:00"), ZONE)
    roll_ups.forget_before(day)
    assert min(at for at, _ in ledger.stream_clicks()) >= datetime(2026, 3, 3, 18, 15, tzinfo=UTC)
    check_all(ledger, ZONE)
    with ledger.read_connection() as connection:
        texts = connection.execute(sa.select(ranked_texts.c.text)).scalars().all()
        least = connection.execute(sa.select(sa.func.min(ranked_counts.c["count"]))).scalar()
    assert not any("forgotten" in text for text in texts)
    assert least == 1


def test_old_clicks_that_are_not_counted_yet_are_named(
    ledger: Ledger, clock: SetClock[datetime]
) -> None:
    """Figures say until when they are counted, as after an upgrade, instead of reading all rows."""
    figures = Figures(ledger, ZONE)
    ledger.record(make_click(1))
    clock.now += timedelta(days=2)
    assert figures.find_counted_until() == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert count_figures(figures) == {}
    RollUps(ledger, ZONE).advance(60)
    assert figures.find_counted_until() is None
    assert count_figures(figures) == {(): 1}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("click"), st.integers(0, 300)),
            st.tuples(st.just("late"), st.integers(1, 3000)),
            st.tuples(st.just("advance"), st.integers(0, 200)),
            st.tuples(st.just("forget"), st.integers(0, 3)),
        ),
        max_size=30,
    )
)
def test_any_order_of_events_is_counted_exactly(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]]
) -> None:
    """Clicks, late clicks, counting and forgetting, in any order."""
    folder: Path = tmp_path_factory.mktemp("ledger")
    clock = SetClock(datetime(2026, 2, 26, 12, tzinfo=UTC))
    ledger = Ledger(place_ledger(folder), clock)
    roll_ups, kept = RollUps(ledger, ZONE), date(2026, 1, 1)
    for number, (event, size) in enumerate(events):
        if event == "click":
            clock.now += timedelta(minutes=size)
            ledger.record(make_click(number, words=f"w{size % 3}", id=str(size % 4)))
        elif event == "late":
            at = (clock.now - timedelta(minutes=size)).replace(tzinfo=None)
            late = make_click(number, words="late", id=str(size % 4))
            row = {name: getattr(late, name) for name in Click.__struct_fields__}
            if find_local_day(at, ZONE) >= kept:
                ledger._insert_clicks([{"at": at, **row}])
        elif event == "advance":
            clock.now += timedelta(minutes=size)
            roll_ups.advance(60)
        else:
            kept = max(kept, find_local_day(clock.now.replace(tzinfo=None), ZONE) - DAY * size)
            roll_ups.forget_before(kept)
    clock.now += timedelta(days=1)
    roll_ups.advance(60)
    check_all(ledger, ZONE)
    ledger.close()


def test_what_another_process_has_counted_meanwhile_is_not_counted_anew(
    url: str,
    clock: SetClock[datetime],
    opened: Callable[..., Ledger],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a start of all processes with another time zone, each click is counted once."""
    first, second = opened(url, clock), opened(url, clock)
    first.upgrade()
    record_some(first, clock, range(30))
    assert RollUps(first, ZoneInfo("UTC")).advance(60)
    late, transaction = RollUps(first, ZONE), first.write_transaction

    def come_late() -> AbstractContextManager[sa.Connection]:
        monkeypatch.setattr(first, "write_transaction", transaction)
        assert RollUps(second, ZONE).advance(60)
        return transaction()

    monkeypatch.setattr(first, "write_transaction", come_late)
    late._begin()
    assert late._is_done()
    check_all(first, ZONE)


def test_two_processes_count_together(
    url: str, clock: SetClock[datetime], opened: Callable[..., Ledger]
) -> None:
    """Two that count at once never count an hour twice."""
    first, second = opened(url, clock), opened(url, clock)
    first.upgrade()
    record_some(first, clock, range(30))
    one, other = RollUps(first, ZONE), RollUps(second, ZONE)
    one._begin()
    other._begin()
    while not (one._count_hours() and other._count_hours()):
        pass
    check_all(first, ZONE)


def test_any_number_of_sites_and_words_is_forgotten_in_parts(
    ledger: Ledger, clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL takes 65,535 values in a statement, and a statement has five seconds."""
    monkeypatch.setattr(roll_ups_module, "MAX_SCOPES", 2)
    monkeypatch.setattr(ranked_counts_module, "MAX_DELETED", 2)
    for number in range(20):
        ledger.record(make_click(number, words=f"word {number}", site=f"b{number}.example"))
    clock.now += timedelta(days=2)
    RollUps(ledger, ZONE).advance(60)
    deleted: list[int] = []
    values: list[int] = []

    def note(_: object, cursor: Any, statement: str, parameters: Sized, *__: object) -> None:
        values.append(len(parameters))
        if statement.startswith("DELETE FROM ranked_texts"):
            deleted.append(cursor.rowcount)

    sa.event.listen(ledger._writer, "after_cursor_execute", note)
    RollUps(ledger, ZONE).forget_before(date(2026, 3, 4))
    assert sum(deleted) == 21  # the words, and one picture
    assert max(deleted) <= 2
    assert max(values) < 20
    with ledger.read_connection() as connection:
        for table in (click_days, ranked_texts, ranked_counts):
            assert connection.execute(sa.select(table)).first() is None
