"""Clients of a site of several hosts, while something happens to a host."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import requests

CLIENTS: Final = 8
REQUESTS: Final = 48
"""Requests of each client."""
HARMED_AFTER: Final = 100
"""Answers after which the hosts come to harm."""
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"


class Outcome(NamedTuple):
    """A request: when it began, its seconds, its status (0 for none), the id of its click."""

    began: float
    seconds: float
    status: int
    host: str
    click: str


class Load:
    """Clients that search and click at an address, each of the ``turn`` with words of its own."""

    def __init__(self, url: str, turn: int = 0) -> None:
        self.url = url
        self.turn = turn
        self.outcomes: list[Outcome] = []
        self.is_under_way = threading.Event()

    def hurt(self, harm: Callable[[], object]) -> float:
        """Begin, do some harm to the hosts under load, and go on to the end; return its time."""
        threads = [threading.Thread(target=self.run, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        assert self.is_under_way.wait(60)
        harm()
        harmed_at = time.monotonic()
        for thread in threads:
            thread.join(120)
        return harmed_at

    def list_failures(self) -> list[Outcome]:
        """Return the requests without a good answer."""
        return [one for one in self.outcomes if one.status not in {200, 204}]

    def run(self, client: int) -> None:
        """Send the requests of a client, one after the other."""
        with requests.Session() as session:
            session.headers.update({"User-Agent": BROWSER})
            for number in range(REQUESTS):
                self.outcomes.append(self.send(session, client, number))
                if len(self.outcomes) >= HARMED_AFTER:
                    self.is_under_way.set()

    def send(self, session: requests.Session, client: int, number: int) -> Outcome:
        """Send a click, a search that was made before, or a new search."""
        began, click, own = time.monotonic(), "", f"{self.turn}-{client}-{number:03}"
        headers = {"X-Client": f"10.{10 + client}.{self.turn}.{number}"}
        status, host = 0, ""
        with suppress(requests.RequestException):
            if number % 3 == 0:
                click = f"click-{own}"
                fields = {"click_id": click, "agency": "shutterstock", "id": "1", "position": 1}
                answer = session.post(
                    f"{self.url}/clicks", json=fields, headers=headers, timeout=20
                )
            else:
                words = "known" if number % 3 == 1 else f"new {own}"
                path = f"/ajax/search?q={words}&lang=en&wait=1&agency=shutterstock"
                answer = session.get(self.url + path, headers=headers, timeout=20)
            status, host = answer.status_code, answer.headers.get("X-Host", "")
        return Outcome(began, time.monotonic() - began, status, host, click)
