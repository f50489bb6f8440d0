"""Windows of the three browser engines, driven alike: Chromium, Firefox, and WebKit of Safari.

Chromium is driven by Playwright as in the other tests, Firefox by WebDriver BiDi
(https://w3c.github.io/webdriver-bidi/), which it speaks itself, and WebKit by WebDriver
(https://www.w3.org/TR/webdriver2/).
"""

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import requests
import websocket
from playwright.sync_api import ConsoleMessage, Error, Page

from tests.support.waiting import wait_until

HANDED: Final = 30.0
"""Seconds that a browser has for one command."""
INNER: Final = "return [innerWidth, innerHeight]"
LOUD: Final = "--enable-write-console-messages-to-stdout=true"
KEYS: Final[Mapping[str, str]] = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Shift": "\ue008",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Tab": "\ue004",
}
"""The code points of keys in WebDriver, by their names in pages' events."""


class Window(Protocol):
    """A window of a browser with one tab. Scripts are bodies of functions; results are JSON."""

    def open(self, address: str) -> None:
        """Load a page, to the end of its own resources."""

    def size(self, width: int, height: int) -> None:
        """Set the size of the page in CSS pixels."""

    def run(self, script: str) -> Any:
        """Run a script, which may await, and return its value."""

    def press(self, x: float, y: float) -> None:
        """Click with a mouse at a point of the visible page."""

    def type(self, text: str) -> None:
        """Type into the focused element; `KEYS` names keys that are no characters."""

    def back(self) -> None:
        """Go one step back in the history."""

    def shot(self) -> bytes:
        """Return a PNG of the visible page."""

    def complaints(self) -> list[str]:
        """Return errors on the console of pages, each once."""


def mouse_actions(x: float, y: float) -> Mapping[str, Any]:
    """Return the actions of a mouse, in the form of WebDriver, that click at a point."""
    steps = [
        {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
        {"type": "pointerDown", "button": 0},
        {"type": "pointerUp", "button": 0},
    ]
    return {"type": "pointer", "id": "mouse", "actions": steps}


def key_actions(text: str) -> Mapping[str, Any]:
    """Return the actions of a keyboard, in the form of WebDriver."""
    steps = [
        {"type": kind, "value": key}
        for key in ([KEYS[text]] if text in KEYS else text)
        for kind in ("keyDown", "keyUp")
    ]
    return {"type": "key", "id": "keyboard", "actions": steps}


class ChromiumWindow:
    """A tab of Playwright's Chromium."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.told: list[str] = []
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.told.append(message.text)

    def complaints(self) -> list[str]:
        found, self.told = self.told, []
        return found

    def open(self, address: str) -> None:
        self.page.goto(address)

    def size(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def run(self, script: str) -> Any:
        try:
            return self.page.evaluate(f"async () => {{ {script} }}")
        except Error:  # the page went away meanwhile
            # Playwright tells no load of a page that the browser has kept.
            self.page.wait_for_function("() => document.readyState !== 'loading'")
            return self.page.evaluate(f"async () => {{ {script} }}")

    def press(self, x: float, y: float) -> None:
        self.page.mouse.click(x, y)

    def type(self, text: str) -> None:
        if text in KEYS:
            self.page.keyboard.press(text)
        else:
            self.page.keyboard.type(text)

    def back(self) -> None:
        self.page.go_back(wait_until="commit")

    def shot(self) -> bytes:
        return self.page.screenshot()


class FirefoxWindow:
    """A tab of Firefox, over a connection of WebDriver BiDi."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self.connection = connection
        self.number = 0
        self.told: list[str] = []
        self.send("session.new", {"capabilities": {}})
        contexts = self.send("browsingContext.getTree", {})["contexts"]
        self.context = {"context": contexts[0]["context"]}
        self.send("session.subscribe", {"events": ["log.entryAdded"]})

    def send(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Send a command and return its result; keep the errors of pages that arrive meanwhile."""
        self.number += 1
        self.connection.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.connection.recv())
            if answer.get("id") == self.number:
                break
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.told.append(answer["params"]["text"])
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, address: str) -> None:
        self.send("browsingContext.navigate", {**self.context, "url": address, "wait": "complete"})

    def size(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self.send("browsingContext.setViewport", {**self.context, "viewport": viewport})

    def run(self, script: str) -> Any:
        wanted = f"async () => JSON.stringify(await (async () => {{ {script} }})() ?? null)"
        answer = self.send(
            "script.callFunction",
            {"functionDeclaration": wanted, "awaitPromise": True, "target": self.context},
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def press(self, x: float, y: float) -> None:
        self.send("input.performActions", {**self.context, "actions": [mouse_actions(x, y)]})

    def type(self, text: str) -> None:
        self.send("input.performActions", {**self.context, "actions": [key_actions(text)]})

    def complaints(self) -> list[str]:
        self.run("return 0")  # what was told before comes before the answer
        found, self.told = self.told, []
        return found

    def back(self) -> None:
        self.send("browsingContext.traverseHistory", {**self.context, "delta": -1})

    def shot(self) -> bytes:
        data = self.send("browsingContext.captureScreenshot", self.context)["data"]
        return base64.b64decode(data)


class WebKitWindow:
    """A window of WebKitGTK's MiniBrowser, over a session of WebDriver."""

    def __init__(self, driver: str, browser: str, output: Path, *arguments: str) -> None:
        self.session = driver
        self.output = output
        options = {"binary": browser, "args": ["--automation", LOUD, *arguments]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        answer = self.send("POST", "/session", {"capabilities": wanted})
        self.session = f"{driver}/session/{answer['sessionId']}"
        rect, inner = self.send("GET", "/window/rect"), self.run(INNER)
        self.frame = rect["width"] - inner[0], rect["height"] - inner[1]
        """Return how much larger the window is than the page, in pixels."""

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a command and return its value."""
        answer = requests.request(method, self.session + path, json=body, timeout=HANDED)
        value = answer.json()["value"]
        if not answer.ok:
            raise RuntimeError(f"{path}: {value['error']}: {value['message']}")
        return value

    def open(self, address: str) -> None:
        self.send("POST", "/url", {"url": address})

    def size(self, width: int, height: int) -> None:
        outer = {"width": width + self.frame[0], "height": height + self.frame[1]}
        self.send("POST", "/window/rect", outer)
        wait_until(lambda: self.run(INNER) == [width, height])  # the page follows in its own time

    def run(self, script: str) -> Any:
        wanted = (
            f"const done = arguments[0]; (async () => {{ {script} }})()"
            ".then((value) => done([value ?? null]), (error) => done(String(error)))"
        )
        call = {"script": wanted, "args": []}
        try:
            found = self.send("POST", "/execute/async", call)
        except RuntimeError:  # the page went away meanwhile
            found = self.send("POST", "/execute/async", call)
        if isinstance(found, str):
            raise RuntimeError(found)  # noqa: TRY004 - the page's own error
        return found[0]

    def press(self, x: float, y: float) -> None:
        self.send("POST", "/actions", {"actions": [mouse_actions(x, y)]})

    def type(self, text: str) -> None:
        self.send("POST", "/actions", {"actions": [key_actions(text)]})

    def complaints(self) -> list[str]:
        said = self.output.read_text(errors="replace")
        self.output.write_text("")
        return re.findall(r"CONSOLE .*\bERROR\b.*", said)

    def back(self) -> None:
        self.send("POST", "/back", {})

    def shot(self) -> bytes:
        return base64.b64decode(self.send("GET", "/screenshot"))
