"""Runs one browser for all tests of a worker that need one."""

import functools
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

ARGUMENTS = [
    *("--no-sandbox", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    # Nothing leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]

WHOLE = shutil.which("chromium") or "/usr/bin/chromium"
LEAN = shutil.which("chromium-headless-shell") or WHOLE
"""The same without what windows need: the same pages for less work, but none kept for Back."""

Launch = Callable[..., Browser]

expect.set_options(timeout=15_000)  # a busy machine is no fault of the page


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Yield a function that starts Chromium, ``without`` some of Playwright's own arguments."""
    with sync_playwright() as playwright:
        yield _launcher(playwright)


def _launcher(playwright: Playwright) -> Launch:
    def start(*, without: list[str] | None = None) -> Browser:
        return playwright.chromium.launch(
            executable_path=WHOLE if without else LEAN,
            args=ARGUMENTS,
            ignore_default_args=without,
        )

    return start


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Iterator[Browser]:
    """Yield Chromium as Playwright starts it: without a back/forward cache.

    Its visitors want less motion unless a test is about that: a frame after the other is drawn by
    the processor, which takes most of the time of a page that moves.
    """
    started = launch()
    plain = functools.partial(started.new_context, reduced_motion="reduce")
    started.new_context = plain  # type: ignore[method-assign]
    yield started
    started.close()
