"""Threads of a server's process share heaps where the C library can, unless the owner says how."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from affiliate.memory_allocation import share_heaps
from affiliate.web.page_cache import MEMORY_BYTES
from tests.support.soak import SOAK

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("MALLOC_"):
            monkeypatch.delenv(name)


def test_the_owner_s_own_setting_of_the_heaps_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heroku sets one, too."""
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert not share_heaps()


def test_a_system_without_such_heaps_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C libraries of Alpine and macOS have none."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not share_heaps()


def test_heaps_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library is told how many, and what is large."""
    told: list[tuple[int, int]] = []

    class Library:
        @staticmethod
        def mallopt(option: int, value: int) -> int:
            told.append((option, value))
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library)
    assert share_heaps()
    assert told == [(-8, 2), (-3, 16384)]


@pytest.mark.skipif(not SOAK, reason="takes ten seconds for each kind")
@pytest.mark.parametrize(
    ("kind", "threads", "rounds", "least"),
    [
        ("page", 1, 10, 0.9),
        ("page", 32, 14, 0.9),
        ("mixed", 1, 12, 0.9),
        ("mixed", 32, 14, 0.9),
        ("small", 32, 200, 0.7),
    ],
)
def test_the_memory_tier_takes_what_it_says(
    kind: str, threads: int, rounds: int, least: float
) -> None:
    """Pages of one size or of many fill 32 MB, within a tenth, whichever threads make them.

    Answers of a few bytes take less, by what others of their size have in headers.
    """
    command = [sys.executable, "-m", "tests.support.memory_taken", kind, str(threads), str(rounds)]
    taken = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert least * MEMORY_BYTES < int(taken.stdout) < 1.1 * MEMORY_BYTES
