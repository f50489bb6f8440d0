"""The window of an engine is shared by tests until it dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.engines import keep_window
from tests.support.windows import Window


def test_a_window_that_died_is_started_anew() -> None:
    """The old one is closed before, and the last one at the end."""
    started: list[Any] = []

    @contextmanager
    def start() -> Iterator[Window]:
        started.append(FakeWindow())
        yield started[-1]
        started[-1].is_closed = True

    with keep_window(start) as get_window:
        assert get_window() is get_window()
        started[0].is_dead = True
        assert get_window() is started[1]
        assert [window.is_closed for window in started] == [True, False]
    assert [window.is_closed for window in started] == [True, True]


class FakeWindow:
    """A window that answers until it is dead."""

    is_dead = is_closed = False

    def run(self, _: str) -> bool:
        if self.is_dead:
            raise RuntimeError("invalid session id")
        return True
