"""Sites whose owner has an account at an agency that sells one item a request."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from affiliate.config.setting_table import get_setting_prefix
from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchase, Purchases
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.offers import LicenseOptions, Offer
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.purchasing.outcomes import PurchaseOutcome
from tests.dialects.adobe_shop import AdobeShop
from tests.dialects.depositphotos_shop import DepositphotosShop
from tests.dialects.istock_shop import IstockShop
from tests.dialects.selling import FIRST, Shop
from tests.dialects.serving import DialectRequest, serve_dialect
from tests.simulator.clock import Clock
from tests.support.calling import open_transport
from tests.support.ledgers import new_ledger, place_ledger

SHOPS: tuple[type[Shop], ...] = (AdobeShop, DepositphotosShop, IstockShop)


class OpenShop:
    """A running shop, with all requests to it."""

    def __init__(self, shop: Shop, url: str, asked: list[DialectRequest]) -> None:
        self.shop = shop
        self.url = url
        self.requests = asked

    def count_tries(self) -> int:
        """Count the requests for purchases."""
        return sum(map(self.shop.buys, self.requests))

    def list_bought(self) -> list[str]:
        return [one.media_id for one in self.shop.sold]


@contextmanager
def open_shop(kind: type[Shop]) -> Iterator[OpenShop]:
    shop = kind()
    with serve_dialect(shop) as server:
        shop.url = server.url
        yield OpenShop(shop, server.url, server.requests)


def make_settings(at: OpenShop, folder: Path, **settings: str) -> dict[str, str]:
    """Return the settings of a site that may buy at a shop."""
    place_ledger(folder)
    before = get_setting_prefix(at.shop.name)
    keys = {before + name: value for name, value in at.shop.keys.items()}
    return {"DATA_DIR": str(folder), f"{before}URL": at.url, **keys, **settings}


def license_one(at: OpenShop, folder: Path) -> list[str]:
    """Return the command that buys the shop's first item, with its files below a folder."""
    command = ["license", "--agency", at.shop.name, str(FIRST), "--live", "--yes"]
    return [*command, "--dir", str(folder / "files")]


def read_purchases(folder: Path) -> list[Purchase]:
    ledger = Ledger(f"sqlite:///{folder}/ledger.db")
    rows = Purchases(ledger).list_all()
    ledger.close()
    return rows


class ShopDesk:
    """A desk over a ledger of its own, with a clock that tests can move."""

    def __init__(self, desk: PurchaseService, purchases: Purchases) -> None:
        self.desk = desk
        self.purchases = purchases

    def offer(self, *ids: str, **asked: Any) -> list[Offer]:
        chooser = self.desk.create_proposer()
        return [chooser.make_offer(LicenseOptions(**asked), one) for one in ids]

    def license(self, *ids: str, force: bool = False, **asked: Any) -> list[PurchaseOutcome]:
        return list(self.desk.license(self.offer(*ids, **asked), force=force))

    def states(self) -> list[str]:
        return [one.state for one in self.purchases.list_all()]


@contextmanager
def open_counter(
    at: OpenShop, folder: Path, clock: Clock, keys: Mapping[str, str] | None = None
) -> Iterator[ShopDesk]:
    with new_ledger(folder) as ledger, open_transport() as transport:
        account = SELLERS[at.shop.name](transport, url=at.url, keys=keys or at.shop.keys)
        purchases = Purchases(ledger, clock.now)
        yield ShopDesk(
            PurchaseService(
                account, purchases, sandbox=False, pause=lambda seconds: clock.move(seconds=seconds)
            ),
            purchases,
        )
