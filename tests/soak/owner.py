"""The owner: logs in and out, and buys licenses by commands that are killed now and then."""

import re
import threading
from collections import Counter
from contextlib import closing
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode

from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchase, Purchases
from tests.simulator import FIRST_ID
from tests.soak.plan import Plan
from tests.soak.records import Answer, Records
from tests.soak.visitors import OK, Client
from tests.soak.world import PASSWORD, World
from tests.support.kill_at import FAULT, OVERDUE, Run
from tests.support.killing import KILLED, LATER, Command, wait_until_handled

CSRF: Final = re.compile(r'name="csrf" value="([^"]+)"')
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
TURNS: Final = 6
"""So many log-ins a browser has in a soak, less than it may have in a quarter of an hour."""
LATEST: Final = 1.5
"""Seconds in which a command is killed."""


class Owner:
    """The owner at a browser, whose log-in must work while strangers guess the password."""

    def __init__(self, url: str, plan: Plan, records: Records) -> None:
        self._client = Client(url, "198.51.100.9", records, "owner")
        self._records = records
        self._pause = plan.seconds / (TURNS + 1)
        self._cookies: dict[str, str] = {}

    def run(self, stop: threading.Event) -> None:
        for _ in range(TURNS):
            if stop.wait(self._pause):
                break
            self.turn()
        self._client.close()

    def turn(self) -> None:
        """Log in, look at the desk, log out."""
        form = CSRF.search(self._ask("GET", "/owner/log-in", OK | {303}).text)
        if form is None:
            return
        told = {"csrf": form[1], "password": PASSWORD}
        entered = self._ask("POST", "/owner/log-in", frozenset({303}), told)
        if entered.status != 303:
            return
        self._records.count("log-ins")
        desk = CSRF.search(self._ask("GET", "/owner/", OK | {303}).text)
        if desk is not None:
            self._ask("POST", "/owner/log-out", frozenset({303}), {"csrf": desk[1]})

    def _ask(
        self, method: str, path: str, may: frozenset[int], form: dict[str, str] | None = None
    ) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, **(FORM if form else {})}
        body = urlencode(form).encode() if form else None
        answer = self._client.ask("owner", method, path, may, body=body, headers=headers)
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self._cookies[name] = morsel.value
        return answer


class Buyer:
    """The owner at a terminal: each command licenses some pictures and may be killed."""

    def __init__(self, world: World, command: Command, records: Records) -> None:
        self._world = world
        self._command = command
        self._records = records
        self._chance = world.plan.chance("buyer")
        self._ahead = 0.0
        """Seconds by which the owner's clock is moved on, so that what is unclear is settled."""
        self._files = world.disk / "files"
        rows = (world.shop.library.find("image", str(FIRST_ID + n)) for n in range(400))
        self._wanted = [row["id"] for row in rows if row and not row["is_editorial"]]

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._chance.uniform(0, 2 * self._world.plan.buying)):
            self.buy()

    def buy(self) -> None:
        """License some pictures, of which some may be bought already; be killed or not.

        Now and then two commands want the same at the same time.
        """
        some = self._chance.sample(self._wanted[:60], self._chance.choice((1, 1, 2, 3)))
        command = ("license", *some, "--yes", "--dir", str(self._files))
        other = self._start(*command) if self._chance.random() < 0.2 else None
        if other is None and self._chance.random() < 0.5:
            wait_until_handled(
                self._world.shop.url
            )  # nothing is under way that a later look could miss
            self._ahead += LATER
        kill = self._chance.uniform(0, LATEST) if self._chance.random() < 0.5 else None
        self._end(self._start(*command, kill=kill))
        if other is not None:
            self._end(other)

    def settle(self) -> None:
        """Buy once more, when all is well and what is unclear is old enough to be looked up."""
        wait_until_handled(self._world.shop.url)
        self._ahead += LATER
        arguments = ("license", self._wanted[-1], "--yes", "--dir", str(self._files))
        status = self._end(self._start(*arguments))
        if status:
            self._records.blame(f"owner: a license could not be bought in the end: {status}")

    def _start(self, *arguments: str, kill: float | None = None) -> int:
        """Start a command, which may be killed after some seconds; return its process."""
        run = Run(list(arguments), self._world.settings(), seconds=kill, ahead=self._ahead)
        return self._command.start(run)

    def _end(self, process: int) -> int:
        """Wait for the end of a command; return its status."""
        status, _ = self._command.end(process)
        if status in {FAULT, OVERDUE} or (status < 0 and status != KILLED):
            self._records.blame(f"owner: a command ended with {status}")
        self._records.count("commands killed" if status == KILLED else f"commands: {status}")
        return status

    def records_of(self) -> list[Purchase]:
        """Return the purchases that the ledger has."""
        with closing(Ledger(self._world.database)) as ledger:
            return list(Purchases(ledger).list_all())

    def bought(self) -> Counter[str]:
        """Return how often the shop has sold each picture."""
        return Counter(one.media_id for one in self._world.shop.purchases)
