"""Counts that processes share hold whatever becomes of a process."""

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.shared_counts import SharedCounts

NAMES = ("one", "two")
THREADS, TIMES = 8, 20_000


def end_process(counts: SharedCounts) -> None:
    """Unlock the file of counts, as the system does at the end of a process."""
    assert counts._file is not None
    fcntl.flock(counts._file, fcntl.LOCK_UN)
    os.close(counts._file)


def sum_all(counts: SharedCounts) -> list[float]:
    return [sum(cells) for cells in zip(*(file.cells for file in counts.read_files()), strict=True)]


def test_each_process_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    """Any of the processes reads the sums of all."""
    first, second = (SharedCounts(tmp_path / "counts", NAMES) for _ in range(2))
    first.cells[0] += 3
    second.cells[0] += 4
    second.cells[1] += 0.5
    assert (first.place, second.place) == (0, 1)
    assert sum_all(first) == sum_all(second) == [7, 0.5]


def test_the_counts_of_an_ended_process_stay_and_go_on(tmp_path: Path) -> None:
    """The next process goes on in the file of the ended one, which is listed as not living."""
    first, second = (SharedCounts(tmp_path, NAMES) for _ in range(2))
    first.cells[0] += 3
    end_process(first)
    assert [(file.place, file.living) for file in second.read_files()] == [(1, True), (0, False)]
    assert sum_all(second) == [3, 0]
    third = SharedCounts(tmp_path, NAMES)
    third.cells[0] += 1
    assert third.place == 0
    assert sum_all(second) == [4, 0]
    assert all(file.living for file in second.read_files())


@pytest.mark.parametrize("content", [b"", b"torn", bytes(24), bytes(1000)])
def test_a_file_of_another_version_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0.counts").write_bytes(content)
    counts = SharedCounts(tmp_path, NAMES)
    counts.cells[1] += 1
    assert (counts.place, sum_all(counts)) == (0, [0, 1])


def test_a_version_with_other_counts_leaves_those_of_a_living_process(tmp_path: Path) -> None:
    """Both versions count side by side while one takes the place of the other."""
    old = SharedCounts(tmp_path, NAMES)
    old.cells[0] += 5
    new = SharedCounts(tmp_path, ("one", "two", "three"))
    new.cells[2] += 1
    assert sum_all(old) == [5, 0]
    assert sum_all(new) == [0, 0, 1]


def test_a_folder_that_cannot_be_used_costs_only_the_sum(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    counts = SharedCounts(tmp_path / "file", NAMES)
    counts.cells[0] += 2
    assert sum_all(counts) == [2, 0]


@pytest.fixture
def restless() -> Iterator[None]:
    """Have the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_threads_lose_no_count_without_a_lock(tmp_path: Path) -> None:
    """Python changes threads at no point within a count."""
    cells = SharedCounts(tmp_path, NAMES).cells

    def count() -> None:
        for _ in range(TIMES):
            cells[0] += 1

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cells[0] == THREADS * TIMES
