"""Licenses at the desk: the list of purchases, and a purchase with its outcome and its file.

`license_history` shows what the agencies themselves have listed.
"""

from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Final

from flask import Response, redirect, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from affiliate.agencies import AGENCIES, get_title
from affiliate.agencies.hosts import find_foreign_host
from affiliate.database.purchases import OPEN_STATES, Purchase
from affiliate.domain.actions import MONEY_UNITS
from affiliate.errors import (
    AgencyError,
    DownloadFailed,
    LedgerError,
    PurchaseRefused,
    describe_error,
)
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.accounts.targets import describe_target
from affiliate.licensing.purchasing.spending import is_paid, sum_months
from affiliate.web.owner import license_buying as buying
from affiliate.web.owner import license_downloads as downloads
from affiliate.web.owner.agency_waits import bound_waits
from affiliate.web.owner.filters import PICTURE, FilterField
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.license_recovery import recover_purchases
from affiliate.web.owner.licensing import describe_in_journal, show_ledger_failure
from affiliate.web.owner.numbers import Money, format_count, format_money
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.tables import Cell, Column, State, build_table

STATES: Final = {
    "licensed": State("ok", "Licensed"),
    "failed": State("off", "Not licensed"),
    "pending": State("warn", "Being licensed"),
    "unknown": State("bad", "Unknown"),
}
ACCOUNTS: Final = {"real": "Real account", "test": "Sandbox or test server"}
FILTERS: Final = (
    FilterField("agency", "Agency", {name: AGENCIES[name].title for name in (AGENCY, *SELLERS)}),
    FilterField("state", "State", {name: state.word for name, state in STATES.items()}),
    FilterField("account", "Account", ACCOUNTS),
    PICTURE,
)
COLUMNS: Final = (
    Column("time", "Time", "time", link=lambda row: f"/owner/licenses/{row['purchase_id']}"),
    Column("agency", "Agency"),
    Column("item", "Picture"),
    Column("size", "Size"),
    Column("state", "State", "state"),
    Column("license", "License"),
    Column("downloads", "Downloads charged", "count"),
    Column("price", "Price", "money"),
    Column("account", "Account"),
    Column("file", "File", "action"),
)
MONTH_COLUMNS: Final = (
    Column("month", "Month"),
    Column("agency", "Agency"),
    Column("licenses", "Licenses", "count"),
    Column("downloads", "Downloads charged", "count"),
    Column("price", "Price", "money"),
)
DEFAULT_PERIOD: Final = "365"
"""The period of lists of licenses: few are bought in a month."""
HEADINGS: Final = {
    "licensed": "Licensed",
    "failed": "Not licensed",
    "pending": "Being licensed",
    "unknown": "Unknown whether it was bought",
}
"""Headings of a purchase's page, by the state of the purchase."""


@blueprint.get("/licenses")
def show_licenses() -> Response:
    """Show the purchases of this site, the newest first, and what these have cost."""
    view = read_page_request(FILTERS, has_period=True, default_period=DEFAULT_PERIOD)
    note = " ".join(recover_purchases())
    purchases = _list_purchases(view)
    rows = [_build_row(purchase) for purchase in purchases]
    empty = "Nothing was licensed in this period."
    table = build_table(view, "Licenses", COLUMNS, rows, default_sort="-time", empty=empty)
    return render_page(
        "owner_licenses.html",
        "Licenses",
        view=view,
        table=table,
        note=note,
        costs=_sum_costs(purchases),
    )


@blueprint.get("/licenses/months")
def show_license_months() -> Response:
    """Show what was spent in each month, by agency and currency; downloads stand apart."""
    view = read_page_request(FILTERS[:1], has_period=True, default_period=DEFAULT_PERIOD)
    recover_purchases()
    rows = [
        {
            "month": month.month,
            "agency": get_title(month.agency),
            "licenses": month.licenses,
            "downloads": month.downloads,
            "price": None if month.price is None else to_money(month.price, month.currency),
        }
        for month in sum_months(_list_purchases(view), view.zone)
    ]
    empty = "Nothing was licensed for money in this period."
    table = build_table(view, "Spending", MONTH_COLUMNS, rows, default_sort="-month", empty=empty)
    return render_page("owner_license_months.html", "Spending", view=view, table=table)


@blueprint.get("/licenses/<purchase_id>")
def show_license(purchase_id: str) -> Response:
    """Show a purchase: bought, refused, under way or unknown, and what to do next."""
    try:
        lines = recover_purchases()
        purchase = _require_purchase(purchase_id)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    return _show_purchase(purchase, lines)


@blueprint.post("/licenses/<purchase_id>/settle")
@bound_waits
def settle_license(purchase_id: str) -> AnyResponse:
    """Ask the agency's history for the outcome of a purchase; nothing is bought."""
    try:
        purchase = _require_purchase(purchase_id)
        if purchase.state in OPEN_STATES:
            buying.settle_purchase(purchase)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    except (AgencyError, PurchaseRefused) as error:
        return _show_purchase(purchase, [f"The history can't be read: {describe_error(error)}"])
    return redirect(url_for("owner.show_license", purchase_id=purchase_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/licenses/<purchase_id>/file")
@bound_waits
def download_license(purchase_id: str) -> Response:
    """Send the file of a license; nothing is bought."""
    try:
        purchase = _require_purchase(purchase_id)
        if purchase.state != "licensed":
            raise NotFound
        return downloads.send_license_file(buying.open_account_of(purchase), purchase)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    except (AgencyError, DownloadFailed, PurchaseRefused) as error:
        line = f"The file was not fetched: {describe_error(error)}"
        return _show_purchase(purchase, [line], HTTPStatus.BAD_GATEWAY)


def _show_purchase(
    purchase: Purchase, lines: list[str], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Return the page of a purchase, with ``lines`` about what was done just now."""
    response = render_page(
        "owner_license_bought.html",
        HEADINGS[purchase.state],
        purchase=purchase,
        title=get_title(purchase.agency),
        target=describe_target(purchase.agency, purchase.api),
        lines=[*lines, *describe_in_journal(purchase.purchase_id)],
        has_file=downloads.has_file(purchase),
    )
    response.status_code = status
    return response


def _list_purchases(view: PageRequest) -> list[Purchase]:
    """Return the purchases of a page's period and filters.

    Raises:
        LedgerError: the purchases can't be read.
    """
    period, filters = require_period(view), view.filters
    return [
        purchase
        for purchase in buying.get_purchases().list_all()
        if period.start <= purchase.made_at < period.whole_end
        and filters.get("agency") in {"", purchase.agency}
        and filters.get("state") in {"", purchase.state}
        and filters.get("id") in {"", purchase.media_id}
        and filters.get("account") in {"", _name_account(purchase)}
    ]


def _name_account(purchase: Purchase) -> str:
    return "test" if find_foreign_host(purchase.agency, purchase.api) else "real"


def _build_row(purchase: Purchase) -> dict[str, Cell]:
    url = f"/owner/licenses/{purchase.purchase_id}/file"
    file = Markup('<a href="{}" download>Download</a>').format(url)
    has_price = purchase.price is not None
    return {
        "purchase_id": purchase.purchase_id,
        "time": purchase.made_at,
        "agency": get_title(purchase.agency),
        "item": purchase.media_id,
        "size": purchase.size,
        "state": STATES[purchase.state],
        "license": purchase.license_id,
        "downloads": purchase.charge,
        "price": to_money(purchase.price, purchase.currency or "") if has_price else None,
        "account": ACCOUNTS[_name_account(purchase)],
        "file": file if purchase.state == "licensed" else None,
    }


def to_money(price: Decimal | None, currency: str) -> Money:
    """Return a price in the units of the desk's tables."""
    return Money(int((price or Decimal(0)) * MONEY_UNITS), currency or "XXX")


def _sum_costs(purchases: Sequence[Purchase]) -> list[tuple[str, str]]:
    """Return the figures of paid licenses: their number, the downloads, and each currency."""
    paid = list(filter(is_paid, purchases))
    prices: dict[str, Decimal] = {}
    for purchase in paid:
        if purchase.price is not None:
            currency = purchase.currency or ""
            prices[currency] = prices.get(currency, Decimal(0)) + purchase.price
    return [
        ("Licenses in real accounts", format_count(len(paid))),
        ("Downloads charged", format_count(sum(purchase.charge or 0 for purchase in paid))),
        *(
            (
                f"Price in {currency}" if currency else "Price",
                format_money(to_money(sum_, currency)),
            )
            for currency, sum_ in sorted(prices.items())
        ),
    ]


def _require_purchase(purchase_id: str) -> Purchase:
    purchase = buying.get_purchases().find(purchase_id)
    if purchase is None:
        raise NotFound
    return purchase
