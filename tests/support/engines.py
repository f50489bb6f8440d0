"""Starts the three browser engines, each with a window of its own."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import requests
import websocket
from playwright.sync_api import Error

from tests.support.chromium import Launch
from tests.support.ports import new_port
from tests.support.processes import clean_environment
from tests.support.waiting import wait_until
from tests.support.windows import HANDED, ChromiumWindow, FirefoxWindow, WebKitWindow, Window

STOP_SECONDS: Final = 10.0
MINI_BROWSER: Final = "usr/lib/*/webkit2gtk-4.*/MiniBrowser"
NARROW: Final = (
    "* { padding: 0; margin: 0; min-width: 0; min-height: 0; border: 0; font-size: 1px;"
    " -gtk-icon-transform: scale(.1) }"
)
"""Lets a window be as narrow as a phone: its tool bar would need 447 pixels."""
NO_PAGES: Final = "--enable-page-cache=false"
"""Has WebKit keep no page for Back."""
BARE: Final = {
    "LIBGL_ALWAYS_SOFTWARE": "1",  # no graphics card is needed
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # which root has none of in a container
}
PREFERENCES: Final[Mapping[str, object]] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_open_during_load": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # Nothing leaves this machine: all other hosts are behind a proxy that is not there.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "remote.prefs.recommended": True,
}
"""What a profile of Firefox sets, so that it asks for nothing but pages of the tests."""


@contextmanager
def keep_window(
    start: Callable[[], AbstractContextManager[Window]],
) -> Iterator[Callable[[], Window]]:
    """Yield a function that returns a window, started anew where the last has died.

    The tests after one whose engine has died get a window that works.
    """
    with ExitStack() as stack:
        windows: list[Window] = []

        def get_window() -> Window:
            if windows and not _is_alive(windows[-1]):
                stack.close()
                windows.clear()
            if not windows:
                windows.append(stack.enter_context(start()))
            return windows[-1]

        yield get_window


def _is_alive(window: Window) -> bool:
    try:
        return window.run("return true") is True
    except (RuntimeError, OSError, Error, websocket.WebSocketException):
        return False


@contextmanager
def chromium(launch: Launch, *, keeps: bool = True) -> Iterator[Window]:
    """Start Chromium with its back/forward cache, as readers have it."""
    browser = launch(without=["--disable-back-forward-cache"] if keeps else [])
    try:
        yield ChromiumWindow(browser.new_page())
    finally:
        browser.close()


@contextmanager
def firefox(folder: Path, *, keeps: bool = True) -> Iterator[Window]:
    """Start Firefox with a new profile, without a window on any screen."""
    chosen = {**PREFERENCES, **({} if keeps else {"browser.sessionhistory.max_total_viewers": 0})}
    lines = [f"user_pref({json.dumps(n)}, {json.dumps(v)});" for n, v in chosen.items()]
    (folder / "user.js").write_text("\n".join(lines))
    command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(folder)]
    told = folder / "told"
    with _program([*command, "--remote-debugging-port", "0"], told, {"HOME": str(folder)}):
        address = _wait_for_output(told, r"BiDi listening on (ws://\S+)")
        with closing(
            websocket.create_connection(f"{address}/session", HANDED, suppress_origin=True)
        ) as connection:
            yield FirefoxWindow(connection)


@contextmanager
def webkit(folder: Path, *, keeps: bool = True) -> Iterator[Window]:
    """Start WebKit on a virtual screen."""
    styles = folder / "gtk-3.0"
    styles.mkdir()
    (styles / "gtk.css").write_text(NARROW)
    reader, writer = os.pipe()
    screen = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "2700x1700x24", "-nolisten", "tcp"]
    with _program(screen, folder / "screen", pass_fds=(writer,)):
        os.close(writer)
        with os.fdopen(reader) as shown:
            display = shown.readline().strip()
        environment = {
            "DISPLAY": f":{display}",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        port = new_port()
        command = ["WebKitWebDriver", f"--port={port}"]
        with _program(command, folder / "told", {**environment, **BARE}):
            wait_until(lambda: _is_listening(port))
            browser = next(Path("/").glob(MINI_BROWSER))
            more = () if keeps else (NO_PAGES,)
            window = WebKitWindow(f"http://127.0.0.1:{port}", str(browser), folder / "told", *more)
            try:
                yield window
            finally:
                with suppress(RuntimeError, requests.RequestException):  # its session has died
                    window.send("DELETE", "")


@contextmanager
def _program(
    command: list[str],
    output: Path,
    environment: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> Iterator[None]:
    """Run a program; end the program and its children with the block."""
    with output.open("ab") as out:  # so that a test may empty it
        process = subprocess.Popen(
            command,
            env={**clean_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_output(file: Path, form: str) -> str:
    """Wait until the output of a program has a text, and return the match."""
    wait_until(lambda: re.search(form, file.read_text(errors="replace")) is not None)
    found = re.search(form, file.read_text(errors="replace"))
    assert found
    return found[1]


def _is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


STARTS: Final[Mapping[str, Callable[[Launch, Path], AbstractContextManager[Window]]]] = {
    "chromium": lambda launch, _folder: chromium(launch),
    "firefox": lambda _launch, folder: firefox(folder),
    "webkit": lambda _launch, folder: webkit(folder),
}
"""How each engine is started."""
FORGETFUL: Final[Mapping[str, Callable[[Launch, Path], AbstractContextManager[Window]]]] = {
    "chromium": lambda launch, _folder: chromium(launch, keeps=False),
    "firefox": lambda _launch, folder: firefox(folder, keeps=False),
    "webkit": lambda _launch, folder: webkit(folder, keeps=False),
}
"""How each engine is started so that it keeps no page for Back, as where memory is scarce."""
