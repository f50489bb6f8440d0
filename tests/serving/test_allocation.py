"""Threads of a server's process share heaps where the C library can, unless the owner says how."""

import ctypes
import os

import pytest

from affiliate.serving.allocation import share_heaps


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
    assert told == [(-8, 2), (-3, 65536)]
