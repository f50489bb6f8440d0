"""Opens a purchase desk at the simulator, and reads its purchases."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchases
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.offers import LicenseOptions, Offer
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.purchasing.outcomes import PurchaseOutcome
from tests.simulator import (
    FIRST_ID,
    TOKEN,
    Simulator,
    simulator,
)
from tests.support.calling import open_transport
from tests.support.ledgers import new_ledger

PATH = "/v2/images/licenses"


class PurchaseDesk:
    """A desk over a ledger of its own, with a clock that tests can move.

    Where the desk would wait, ``wait`` is called, which moves the clock.
    """

    def __init__(self, agency: Simulator, account: ShutterstockAccount, ledger: Ledger) -> None:
        self.agency = agency
        self.account = account
        self.skip = timedelta()
        self.purchases = Purchases(ledger, lambda: datetime.now(UTC) + self.skip)
        self.wait: Callable[[float], None] = self.move
        self.desk = PurchaseService(
            account,
            self.purchases,
            sandbox=agency.shop.sandbox,
            pause=lambda seconds: self.wait(seconds),  # noqa: PLW0108 - as it is by then
        )

    def move(self, seconds: float) -> None:
        self.skip += timedelta(seconds=seconds)

    def offer(self, *ids: str, **asked: Any) -> list[Offer]:
        chooser = self.desk.create_proposer()
        return [chooser.make_offer(LicenseOptions(**asked), one) for one in ids]

    def license(self, *ids: str, force: bool = False, **asked: Any) -> list[PurchaseOutcome]:
        return list(self.desk.license(self.offer(*ids, **asked), force=force))

    def states(self) -> list[str]:
        return [one.state for one in self.purchases.list_all()]


@contextmanager
def open_counter(agency: Simulator, folder: Path) -> Iterator[PurchaseDesk]:
    with new_ledger(folder) as ledger, open_transport() as transport:
        yield PurchaseDesk(
            agency, ShutterstockAccount(transport, url=agency.url, token=lambda: TOKEN), ledger
        )


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def at(agency: Simulator, tmp_path: Path) -> Iterator[PurchaseDesk]:
    with open_counter(agency, tmp_path) as desk:
        yield desk


def state(outcome: PurchaseOutcome) -> str:
    return outcome.purchase.state if outcome.purchase else "refused"


def list_ordinary_ids(agency: Simulator) -> list[str]:
    """Return ids of images that are not editorial."""
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    return [row["id"] for row in rows if row and not row["is_editorial"]]


def find_editorial_id(agency: Simulator, media: Any = "image", start: int = FIRST_ID) -> str:
    rows = (agency.library.find(media, str(start + n)) for n in range(20))
    return next(str(row["id"]) for row in rows if row and row["is_editorial"])


def count_posts(agency: Simulator) -> int:
    return len([r for r in agency.requests if r.method == "POST"])


@contextmanager
def lock_database(folder: Path) -> Iterator[None]:
    """Lock the database from another connection, longer than anybody waits."""
    path = folder / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
