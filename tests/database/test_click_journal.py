"""Clicks that wait on disk are all there once they are acknowledged, and no others are."""

import fcntl
import os
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from affiliate.database import click_journal
from affiliate.database.click_journal import ClickJournal
from affiliate.errors import JournalFailed

AT = datetime(2026, 3, 2, 12, 30, 1, 5, tzinfo=UTC).replace(tzinfo=None)


def row(number: int, words: str = "猫\nred") -> dict[str, Any]:
    return {"at": AT, "click_id": f"click-{number:04}", "words": words}


def read_journal(kept: dict[str, Any]) -> dict[str, Any]:
    if set(kept) != {"at", "click_id", "words"}:
        raise ValueError
    return kept


def fill(journal: ClickJournal, length: int) -> list[dict[str, Any]]:
    """Append rows with words of a length until one is refused; return the others."""
    for number in range(1000):
        try:
            journal.append([row(number, "x" * length)])
        except JournalFailed:
            return [row(one, "x" * length) for one in range(number)]
    raise AssertionError


def replayed(journal: ClickJournal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    assert journal.replay(found.extend) == len(found)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "not yet" / "clicks.journal"


@pytest.fixture
def journal(path: Path) -> ClickJournal:
    return ClickJournal(path, read_journal)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of 64 kB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_gives_rows_back_in_their_order_and_forgets_them(journal: ClickJournal) -> None:
    """Rows of several appends, more than one chunk, come as they were; then nothing is left."""
    rows = [row(number) for number in range(1200)]
    for start in range(0, 1200, 400):
        journal.append(rows[start : start + 400])
    assert journal.size() > 0
    assert replayed(journal) == rows
    assert (journal.size(), replayed(journal)) == (0, [])


def test_rows_are_on_the_disk_before_they_count(
    journal: ClickJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each append is synced, and so is the folder that a new file stands in."""
    synced: list[tuple[bool, int]] = []
    sync = os.fsync

    def fsync(file: int) -> None:
        found = os.fstat(file)
        synced.append((stat.S_ISDIR(found.st_mode), found.st_size))
        sync(file)

    monkeypatch.setattr(os, "fsync", fsync)
    for number in range(2):
        journal.append([row(number)])
        assert synced[-1] == (False, path.stat().st_size)
    assert [is_folder for is_folder, _ in synced] == [True, False, False]


def test_is_for_its_owner_alone(journal: ClickJournal, path: Path) -> None:
    """Words of visitors are no one else's on the machine."""
    journal.append([row(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_forgotten_before_it_is_written(journal: ClickJournal) -> None:
    """Rows whose writing fails come again, before those that came meanwhile."""
    journal.append([row(1)])

    def fail(_: object) -> None:
        journal.append([row(2)])
        raise LookupError

    with pytest.raises(LookupError):
        journal.replay(fail)
    assert replayed(journal) == [row(1), row(2)]


@pytest.mark.parametrize(
    "torn",
    [
        b'{"at":"2026-03-02T12:30:01","click_',
        b"\xff\n",
        b"[]\n",
        b"{}\n",
        b'{"at":5}\n',
        b"\n",
        b"7",
        b"\0" * 5000 + b"\n",
        b"[" * 100_000 + b"\n",
        b"9" * 5000 + b"\n",
        b"null\n",
        b'{"at":{}}\n',
        b'{"at":"yesterday","click_id":"click-0003","words":""}\n',
    ],
)
def test_a_torn_line_costs_only_itself(journal: ClickJournal, path: Path, torn: bytes) -> None:
    """What a kill or a disk has left of a line is skipped, and so is what is no click."""
    journal.append([row(1)])
    with path.open("ab") as file:
        file.write(torn)
    journal.append([row(2)])
    assert replayed(journal) == [row(1), row(2)]


def test_refuses_what_does_not_fit(path: Path) -> None:
    """The journal is bounded, with the rows that are being written; what fits still goes in."""
    journal = ClickJournal(path, read_journal, limit=2000)
    assert fill(journal, 100) == [row(number, "x" * 100) for number in range(2000 // 167)]
    path.replace(f"{path}.old")
    with pytest.raises(JournalFailed, match="full"):
        journal.append([row(100, "x" * 500)])
    assert len(replayed(journal)) == 2000 // 167
    journal.append([row(101)])


def test_a_full_disk_tears_no_line(tiny_disk: Path) -> None:
    """What is refused for want of room leaves nothing behind, and what was taken stays."""
    journal = ClickJournal(tiny_disk / "clicks.journal", read_journal)
    kept = fill(journal, 200)
    assert 100 < len(kept) < 300
    assert (tiny_disk / "clicks.journal").read_bytes().endswith(b"}\n")
    assert replayed(journal) == kept


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where there is no disk there is no journal, and clicks are refused."""
    (tmp_path / "file").touch()
    journal = ClickJournal(tmp_path / "file" / "clicks.journal", read_journal)
    assert not journal.has_room()
    with pytest.raises(JournalFailed, match=r"at \S+ can't be used: File exists"):
        journal.append([row(1)])


def test_many_append_while_one_reads(path: Path) -> None:
    """Rows of many writers, of the same or other processes, are each given once."""
    journals = [ClickJournal(path, read_journal) for _ in range(8)]
    found: list[dict[str, Any]] = []

    def append(number: int) -> None:
        journals[number % 8].append([row(number)])
        if number % 16 == 0:
            journals[number % 8].replay(found.extend)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(320)))
    journals[0].replay(found.extend)
    assert sorted(one["click_id"] for one in found) == [f"click-{n:04}" for n in range(320)]


def test_two_never_replay_the_same(journal: ClickJournal, path: Path) -> None:
    """While one process writes the rows another leaves them alone."""
    journal.append([row(1)])
    other, found = ClickJournal(path, read_journal), []

    def write(rows: object) -> None:
        assert replayed(other) == []
        found.append(rows)

    assert journal.replay(write) == 1
    assert found == [[row(1)]]


def test_a_stopped_process_holds_nobody_up(
    journal: ClickJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the file for too long costs the others a refusal, not their threads."""
    monkeypatch.setattr(click_journal, "TURN_SECONDS", 0.05)
    journal.append([row(1)])
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(JournalFailed):
            journal.append([row(2)])
    journal.append([row(3)])
    assert replayed(journal) == [row(1), row(3)]
