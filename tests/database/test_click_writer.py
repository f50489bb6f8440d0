"""Clicks reach the database or the journal; one bad row costs only itself."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from affiliate.database import click_writer as recorder_module
from affiliate.database.click_journal import ClickJournal
from affiliate.database.click_writer import MAX_WAITING, ClickWriter
from affiliate.errors import LedgerError, LedgerLost, LedgerRefused
from tests.support.waiting import wait_until

AT = datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)


def row(number: int, words: str = "cat") -> dict[str, Any]:
    return {"at": AT, "click_id": f"click-{number:04}", "words": words}


class Table:
    """A database that takes rows by their ids, all of a batch or none, and fails when told to."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.failures: list[Exception] = []
        self.failure: Exception | None = None
        self.writes = 0
        self.refuse: Callable[[str], Exception | None] = lambda _: None

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        self.writes += 1
        if failure := self.failures.pop(0) if self.failures else self.failure:
            raise failure
        for one in rows:
            if refusal := self.refuse(one["words"]):
                raise refusal
        for one in rows:
            self.rows.setdefault(one["click_id"], one)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clicks.journal"


@pytest.fixture
def recorder(table: Table, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClickWriter]:
    """Yield a recorder with a journal, which tries the database again at once."""
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", 0.01)
    one = ClickWriter(table.write, ClickJournal(path, dict))
    yield one
    one.close()


def record_at_once(recorder: ClickWriter, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Record rows that share a batch; return the ids of those that were acknowledged."""

    def record(one: dict[str, Any]) -> str:
        try:
            recorder.record(one)
        except LedgerError:
            return ""
        return str(one["click_id"])

    with ThreadPoolExecutor(len(rows)) as pool:
        with recorder._turn:  # until all are there
            sent = [pool.submit(record, one) for one in rows]
            wait_until(lambda: len(recorder._waiting) == len(rows))
        return [name for one in sent if (name := one.result())]


UNWRAPPED = UnicodeEncodeError("latin-1", "猫", 0, 1, "ordinal not in range")


@pytest.mark.parametrize(
    "refusal",
    [LedgerRefused("22P05"), UNWRAPPED, TypeError("bytes-like"), RuntimeError(), KeyError("x")],
    ids=lambda one: type(one).__name__,
)
def test_one_bad_row_costs_only_itself(table: Table, refusal: Exception) -> None:
    """All others of its batch are kept, whatever the driver throws for it."""
    table.refuse = lambda words: refusal if words == "bad" else None
    rows = [row(number, "bad" if number == 3 else "cat") for number in range(8)]
    acknowledged = record_at_once(ClickWriter(table.write), rows)
    assert len(acknowledged) == 7
    assert set(acknowledged) == set(table.rows)


def test_words_that_cannot_be_held_cost_no_click(table: Table, recorder: ClickWriter) -> None:
    """A click whose signs the database can't hold is kept in ASCII."""
    table.refuse = lambda words: None if words.isascii() else UNWRAPPED
    rows = [row(number, "猫" if number % 2 else "cat") for number in range(8)]
    assert len(record_at_once(recorder, rows)) == 8
    assert [table.rows[f"click-{n:04}"]["words"] for n in range(4)] == ["cat", "?", "cat", "?"]


def test_a_lost_connection_is_tried_once_more(table: Table) -> None:
    """A click that finds a connection that is no longer good is written by the next one."""
    recorder = ClickWriter(table.write)
    table.failures = [LedgerLost("25006")]
    recorder.record(row(1))
    table.failures = [LedgerLost("25006"), LedgerLost("25006")]
    with pytest.raises(LedgerError):
        recorder.record(row(2))
    assert set(table.rows) == {"click-0001"}


def test_a_database_that_is_away_is_asked_once_for_a_batch(table: Table) -> None:
    """Nobody waits for row after row where none can be written."""
    table.failure = LedgerError("away")
    assert record_at_once(ClickWriter(table.write), [row(number) for number in range(8)]) == []
    assert table.writes == 1


def test_clicks_wait_while_the_database_is_away(
    table: Table, recorder: ClickWriter, path: Path
) -> None:
    """Acknowledged clicks stand in the journal, and in the database once that is back."""
    table.failure = LedgerError("away")
    for number in range(20):
        recorder.record(row(number))
    assert recorder.failure == "away"
    assert recorder.can_journal
    table.failure = None
    wait_until(lambda: recorder.failure is None)
    assert list(table.rows.values()) == [row(number) for number in range(20)]
    recorder.record(row(20))
    assert len(table.rows) == 21
    assert not path.exists()


def test_the_next_process_writes_what_waited(table: Table, path: Path) -> None:
    """What a killed process left is written at the next start; what is known stays as it is."""
    former = ClickJournal(path, dict)
    former.append([row(1), row(2)])
    path.replace(f"{path}.old")  # as it was killed while it wrote them
    table.write([row(1, "first")])
    former.append([row(3), row(2)])
    recorder = ClickWriter(table.write, ClickJournal(path, dict))
    recorder.replay_journal()
    wait_until(lambda: recorder.failure is None)
    assert list(table.rows.values()) == [row(1, "first"), row(2), row(3)]
    recorder.replay_journal()
    assert recorder.failure is None
    recorder.close()


def test_a_bad_row_in_the_journal_holds_nobody_up(table: Table, recorder: ClickWriter) -> None:
    """A row that the database never takes is told and left out."""
    table.failure = LedgerError("away")
    for number in range(5):
        recorder.record(row(number, "bad" if number == 2 else "cat"))
    table.refuse = lambda words: LedgerRefused("no") if words == "bad" else None
    table.failure = None
    wait_until(lambda: recorder.failure is None)
    assert list(table.rows) == [f"click-{number:04}" for number in (0, 1, 3, 4)]


def test_a_bad_row_costs_few_transactions(table: Table, path: Path) -> None:
    """Hundreds of clicks that waited are not written one by one for the sake of one of them."""
    ClickJournal(path, dict).append([row(n, "bad" if n == 77 else "cat") for n in range(500)])
    table.refuse = lambda words: LedgerRefused("no") if words == "bad" else None
    recorder = ClickWriter(table.write, ClickJournal(path, dict))
    recorder.replay_journal()
    wait_until(lambda: recorder.failure is None)
    assert len(table.rows) == 499
    assert table.writes < 30


def block(path: Path) -> None:
    """Put a folder where the journal's file is renamed to."""
    ClickJournal(path, dict).append([row(1)])
    path.with_name(f"{path.name}.old").mkdir()


def put_folder(path: Path) -> None:
    (path / "full").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [block, put_folder])
def test_a_journal_that_cannot_be_used_costs_no_click(
    table: Table, recorder: ClickWriter, path: Path, spoil: Callable[[Path], None]
) -> None:
    """The database takes clicks whatever stands in the journal's place, which is told."""
    spoil(path)
    recorder.replay_journal()
    wait_until(lambda: recorder.failure is None)
    recorder.record(row(2))
    assert set(table.rows) == {"click-0002"}


def test_a_journal_is_tried_again_whatever_happened(
    table: Table, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody thought of ends no writing of what waits."""
    monkeypatch.setattr(recorder_module, "UNREADABLE_SECONDS", 0.01)
    journal = ClickJournal(path, dict)
    journal.append([row(1)])
    recorder = ClickWriter(table.write, journal)
    failures = [RuntimeError("a test")]
    read = journal.replay

    def replay(write: Callable[[Sequence[dict[str, Any]]], None]) -> int:
        if failures:
            raise failures.pop()
        return read(write)

    monkeypatch.setattr(journal, "replay", replay)
    recorder.replay_journal()
    wait_until(lambda: bool(table.rows))
    assert set(table.rows) == {"click-0001"}


def test_without_room_on_disk_clicks_are_refused_and_then_written(
    table: Table, tmp_path: Path
) -> None:
    """Where the journal takes nothing the sender is told, and the database is asked each time."""
    (tmp_path / "file").touch()
    recorder = ClickWriter(table.write, ClickJournal(tmp_path / "file" / "journal", dict))
    table.failure = LedgerError("away")
    with pytest.raises(LedgerError, match="away"):
        recorder.record(row(1))
    assert not recorder.can_journal
    table.failure = None
    recorder.record(row(2))
    assert set(table.rows) == {"click-0002"}


def test_who_finds_no_turn_in_time_waits_in_the_journal(
    table: Table, recorder: ClickWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database hangs, those behind are acknowledged from the disk."""
    monkeypatch.setattr(recorder_module, "WAIT_SECONDS", 0.02)
    hangs, goes_on = threading.Event(), threading.Event()

    def write(rows: Sequence[dict[str, Any]]) -> None:
        hangs.set()
        goes_on.wait(20)
        table.write(rows)

    monkeypatch.setattr(recorder, "_write", write)
    with ThreadPoolExecutor(MAX_WAITING) as pool:
        first = pool.submit(recorder.record, row(0))
        hangs.wait(20)
        others = list(pool.map(recorder.record, map(row, range(1, 8))))
        goes_on.set()
        first.result()
    wait_until(lambda: recorder.failure is None)
    assert others == [None] * 7
    assert set(table.rows) == {f"click-{number:04}" for number in range(8)}
