"""Licenses at the desk: a purchase with its outcome, its file, and the question to the history."""

from http import HTTPStatus
from typing import Final

from flask import Response, redirect, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from affiliate.database.purchases import OPEN_STATES, Purchase
from affiliate.errors import AgencyError, DownloadFailed, LedgerError, PurchaseRefused
from affiliate.licensing.accounts.targets import describe_target
from affiliate.web.owner import license_buying as buying
from affiliate.web.owner import license_downloads as downloads
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.licensing import describe_in_journal, show_ledger_failure

HEADINGS: Final = {
    "licensed": "Licensed",
    "failed": "Not licensed",
    "pending": "Being licensed",
    "unknown": "Unknown whether it was bought",
}
"""Headings of a purchase's page, by the state of the purchase."""


@blueprint.get("/licenses/<purchase_id>")
def show_license(purchase_id: str) -> Response:
    """Show a purchase: bought, refused, under way or unknown, and what to do next."""
    try:
        lines = buying.recover()
        purchase = _require_purchase(purchase_id)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    return _show(purchase, lines)


@blueprint.post("/licenses/<purchase_id>/settle")
def settle_license(purchase_id: str) -> AnyResponse:
    """Ask the agency's history for the outcome of a purchase; nothing is bought."""
    try:
        purchase = _require_purchase(purchase_id)
        if purchase.state in OPEN_STATES:
            buying.settle(purchase)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    except (AgencyError, PurchaseRefused) as error:
        text = error.message if isinstance(error, AgencyError) else str(error)
        return _show(purchase, [f"The history can't be read: {text}"])
    return redirect(url_for("owner.show_license", purchase_id=purchase_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/licenses/<purchase_id>/file")
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
        text = error.message if isinstance(error, AgencyError) else str(error)
        return _show(purchase, [f"The file was not fetched: {text}"], HTTPStatus.BAD_GATEWAY)


def _show(purchase: Purchase, lines: list[str], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the page of a purchase, with ``lines`` about what was done just now."""
    response = render_page(
        "owner_license_bought.html",
        HEADINGS[purchase.state],
        purchase=purchase,
        target=describe_target(purchase.agency, purchase.api),
        lines=[*lines, *describe_in_journal(purchase.purchase_id)],
        has_file=downloads.has_file(purchase),
    )
    response.status_code = status
    return response


def _require_purchase(purchase_id: str) -> Purchase:
    purchase = buying.get_purchases().find(purchase_id)
    if purchase is None:
        raise NotFound
    return purchase
