"""The simulator: its parts, and how to run it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.simulator.accounts import Accounts
from tests.simulator.clock import Clock
from tests.simulator.collections import CollectionStore, Featured
from tests.simulator.described import Description, description
from tests.simulator.editorial import Editorial
from tests.simulator.exchange import Exchange
from tests.simulator.faults import Fault, Order, Orders
from tests.simulator.files import PREFIX, Links
from tests.simulator.library import FIRST_ID, Library, Media
from tests.simulator.licensing import Shop
from tests.simulator.purchases import Purchase, Purchases
from tests.simulator.reading import Reading
from tests.simulator.routes import Routes
from tests.simulator.subscriptions import Subscription, footage, standard
from tests.simulator.table import (
    account_calls,
    collection_calls,
    editorial_calls,
    license_calls,
    reading_calls,
)
from tests.simulator.wire import Answer, Problem, SimulatorRequest
from tests.support.request_threads import NamedThreadsServer

SEARCH_PATH = "/v2/images/search"
STATE = "purchases.jsonl"
SHELVED: tuple[Media, ...] = ("image", "video")
"""What collections are made of."""


class Simulator(NamedThreadsServer):
    """Shutterstock's API, its sandbox, or the download host: one server is all of them.

    ``requests`` holds each one whose body was read, ``purchases`` each license that was sold.
    Its customer has a plan for pictures and one for footage; `subscribe` adds others. While
    ``gate`` is clear, requests wait for it. ``answer`` replaces every proper answer;
    `misbehave` orders faults for some.

    Args:
        size: How many items of each kind its library has.
        sandbox: Whether it behaves as the sandbox does.
        state: A folder in which purchases outlive this process.
        port: Its port on loopback; 0: any.
        official: The official description, which proper answers are held against.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        size: int = 1000,
        *,
        sandbox: bool = False,
        state: Path | None = None,
        port: int = 0,
        official: Description | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), Exchange)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[SimulatorRequest] = []
        self.answer: Answer | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.stopping = threading.Event()
        self.orders = Orders()
        self.clock = Clock()
        self.library = Library(size)
        self.accounts = Accounts(self.clock)
        self._ledger = Purchases(self.clock.now, state and state / STATE)
        self.links = Links(self.url, self.clock)
        self.subscriptions: dict[str, Subscription] = {}
        self.subscribe(standard(), footage())
        self.shop = Shop(
            self.library, self._ledger, self.links, self.clock, sandbox, self.subscriptions
        )
        self.collections: dict[Media, CollectionStore] = {
            kind: CollectionStore(kind, self.clock) for kind in SHELVED
        }
        self.editorial = Editorial(self.library, self.clock)
        self.routes = self._routes()
        self.violations: list[str] = []
        self.official = official

    def _routes(self) -> Routes:
        featured: dict[Media, Featured] = {kind: Featured(kind, self.clock) for kind in SHELVED}
        return Routes(
            [
                *account_calls(self.accounts, self.shop),
                *license_calls(self.shop),
                *reading_calls(Reading(self.library, self.clock)),
                *collection_calls(self.collections, featured),
                *editorial_calls(self.editorial),
            ]
        )

    def handle_error(self, *_: object) -> None:
        """Ignore clients that are gone."""

    @property
    def purchases(self) -> list[Purchase]:
        """Return all purchases, oldest first."""
        return self._ledger.list_all()

    def buy(self, number: int = 0, /, **terms: Any) -> Purchase:
        """Put a purchase of a picture into the history, as if made elsewhere."""
        plan = next(iter(self.subscriptions.values()))
        usual = {
            "media": "image",
            "media_id": str(FIRST_ID + number),
            "license": plan.license,
            "subscription_id": plan.id,
            "size": "small",
        }
        return self._ledger.add(**{**usual, **terms})

    def drop_newest(self) -> None:
        """Remove the newest purchase from the history, as if reversed."""
        self._ledger.drop_newest()

    def subscribe(self, *plans: Subscription) -> None:
        """Give the customer plans, or replace plans of the same ids."""
        for plan in plans:
            plan.started = self.clock.now()
            self.subscriptions[plan.id] = plan

    def misbehave(
        self,
        fault: Fault,
        *,
        on: str = "*",
        method: str | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Order:
        """Order a fault.

        Args:
            fault: What goes wrong.
            on: The path it befalls; ``*`` stands for anything.
            method: The method, or None for any.
            times: For how many requests; None: for all from then on.
            skip: How many matching requests are spared before.
        """
        return self.orders.add(Order(fault, on, method, times, skip))

    def searches(self) -> list[dict[str, list[str]]]:
        """Return the parameters of every search for pictures."""
        return [request.params for request in self.requests if request.path == SEARCH_PATH]

    def respond(self, request: SimulatorRequest) -> Answer:
        """Act on a request, and return its proper answer."""
        try:
            if request.path.startswith(PREFIX):
                return self.links.follow(request)
            answer = self.routes.answer(request, self.accounts)
        except Problem as problem:
            answer = problem.answer
        if self.official is not None:
            wrong = self.official.find_fault(request, answer)
            self.violations += [wrong] if wrong else []
        return answer

    def stop(self) -> None:
        """Release all held requests, and stop serving."""
        self.stopping.set()
        self.gate.set()
        self.orders.clear()
        self.shutdown()
        self._ledger.close()


@contextmanager
def simulator(
    size: int = 1000, *, sandbox: bool = False, state: Path | None = None, port: int = 0
) -> Iterator[Simulator]:
    """Run a simulator until the block ends.

    Raises:
        AssertionError: At its end, when a proper answer was not as the official description
            has it (where ``../shared`` is there).
    """
    options: dict[str, Any] = {"sandbox": sandbox, "state": state, "port": port}
    with Simulator(size, official=description(), **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()
    assert not server.violations, "\n".join(server.violations)
