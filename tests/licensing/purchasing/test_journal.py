"""The journal holds what was asked and answered through cuts, kills and full disks."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from affiliate.database.purchases import Purchase
from affiliate.errors import PurchaseRefused
from affiliate.licensing.purchasing.journal import FILE_PATTERN, RESERVED_BYTES, Entry, Journal


def entry(media_id: str = "1", **known: str) -> Entry:
    purchase = Purchase(
        purchase_id=media_id * 32,
        api="https://api.example",
        media="image",
        media_id=media_id,
        size="huge",
        license="platform",
        subscription_id="pl",
        made_at=datetime(2026, 11, 28, 10, 2, tzinfo=UTC),
    )
    return Entry(purchase=purchase, **known)  # type: ignore[arg-type] # texts


def read_entries(folder: Path) -> list[Entry]:
    with Journal(folder).lock_leftovers() as files:
        return [one for file in files for one in file.open_entries]


@pytest.mark.parametrize("cut", range(0, 700, 50))
def test_a_line_that_was_cut_off_costs_itself_alone(tmp_path: Path, cut: int) -> None:
    """Wherever the power failed; what was whole before is there."""
    with Journal(tmp_path).create_file() as file:
        file.write_entries([entry("1")], room=True)
        file.write_entries([entry("2", link="https://files.example/" + "x" * 600)])
        whole = file.path.read_bytes()
        start = whole.index(b"x" * 600)
        file.path.write_bytes(whole[: start + cut] if cut < 600 else whole)
        assert {one.purchase.media_id for one in file.open_entries} == {"1", "2"}
    found = [one.purchase.media_id for one in read_entries(tmp_path)]
    assert found == (["1"] if cut < 600 else ["1", "2"])


def test_the_newest_line_counts(tmp_path: Path) -> None:
    with Journal(tmp_path).create_file() as file:
        file.write_entries([entry("1"), entry("2")], room=True)
        file.write_entries([entry("1", link="https://files.example/1")])
    assert [one.link for one in read_entries(tmp_path)] == ["https://files.example/1", ""]
    assert "files.example" not in repr(read_entries(tmp_path))


def test_a_file_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Its own purchases are none of another's; neither is a link to elsewhere."""
    with Journal(tmp_path).create_file() as file:
        file.write_entries([entry()], room=True)
        assert read_entries(tmp_path) == []
    assert len(read_entries(tmp_path)) == 1
    [path] = tmp_path.glob(FILE_PATTERN)
    target = path.rename(tmp_path / "elsewhere")
    path.symlink_to(target)
    assert read_entries(tmp_path) == []


def test_a_new_file_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that has taken the leftover file may be fetching files for minutes."""
    lock = fcntl.flock
    held: list[BinaryIO] = []

    def take_first(descriptor: int, operation: int) -> None:
        assert operation & fcntl.LOCK_NB
        if not held:
            [path] = tmp_path.glob(FILE_PATTERN)
            held.append(path.open("rb"))
            lock(held[0], fcntl.LOCK_EX)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", take_first)
    with Journal(tmp_path).create_file() as file:
        file.write_entries([entry()])
        assert file.path != Path(held[0].name)
    held[0].close()


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe would wait for a writer."""
    os.mkfifo(tmp_path / FILE_PATTERN.replace("*", "pipe"))
    assert Journal(tmp_path).find_entry("1" * 32) is None
    assert read_entries(tmp_path) == []


def test_what_is_done_leaves_no_file(tmp_path: Path) -> None:
    with Journal(tmp_path).create_file() as file:
        file.write_entries([entry()], room=True)
        file.write_entries([Entry(purchase=entry().purchase, written=True)])
    assert list(tmp_path.iterdir()) == []


def test_the_answer_has_its_room_before_the_disk_is_full(small_disk: Path) -> None:
    """With the last byte gone an answer of the usual length is still written."""
    with Journal(small_disk).create_file() as file:
        file.write_entries([entry()], room=True)
        descriptor = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
        size = 65536
        while size:
            try:
                os.write(descriptor, b"x" * size)
            except OSError:
                size //= 2
        os.close(descriptor)
        file.write_entries([entry(link="https://files.example/" + "x" * (RESERVED_BYTES // 2))])
        with pytest.raises(OSError, match="No space left"):
            file.write_entries([entry("2")], room=True)
    assert [one.purchase.media_id for one in read_entries(small_disk)] == ["1"]


def test_a_folder_that_takes_no_file_refuses_the_purchase(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 60_000)
    with (
        pytest.raises(PurchaseRefused, match=r"No space left on device\. Nothing was sent"),
        Journal(small_disk).create_file(),
    ):
        pass
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_file_is_private(tmp_path: Path) -> None:
    """Links in it are secrets; its lock ends with its process."""
    with Journal(tmp_path / "new").create_file() as file:
        assert file.path.stat().st_mode & 0o777 == 0o600
        with file.path.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
