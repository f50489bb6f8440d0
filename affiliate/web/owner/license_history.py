"""The license histories of the agencies at the desk, with the files of their licenses."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from flask import Response
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from affiliate.agencies import AGENCIES
from affiliate.database.purchases import Purchase
from affiliate.errors import (
    AgencyError,
    BadQuery,
    DownloadFailed,
    PurchaseRefused,
    describe_error,
)
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.accounts.targets import describe_target_and_owner
from affiliate.licensing.files.downloads import explain_refusal
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import Seller
from affiliate.services import current_services
from affiliate.web.owner import license_buying as buying
from affiliate.web.owner import license_downloads as downloads
from affiliate.web.owner.agency_waits import bound_waits
from affiliate.web.owner.filters import PICTURE, FilterField
from affiliate.web.owner.frame import blueprint, render_error, render_page
from affiliate.web.owner.licenses import to_money
from affiliate.web.owner.page_requests import PageRequest, read_page_request
from affiliate.web.owner.tables import Cell, Column, build_table

MAX_RECORDS: Final = 200
"""Licenses that are read of a history, the newest: a page of Shutterstock's API."""
MEDIA_TITLES: Final = {
    "image": "Images",
    "video": "Videos",
    "editorial": "Editorial images",
    "editorial-video": "Editorial videos",
}
FILTERS: Final = (
    FilterField("agency", "Agency", {name: AGENCIES[name].title for name in (AGENCY, *SELLERS)}),
    FilterField("media", "Media", MEDIA_TITLES),
    FilterField("account", "Account", {"real": "Real account", "sandbox": "Sandbox"}),
    PICTURE,
)
LICENSE: Final = FilterField("license", "License")
COLUMNS: Final = (
    Column("time", "Time", "time"),
    Column("item", "Picture"),
    Column("license", "License"),
    Column("kind", "Kind of license"),
    Column("size", "Size"),
    Column("subscription", "Subscription"),
    Column("user", "User"),
    Column("price", "Price", "money"),
    Column("file", "File", "action"),
)


@blueprint.get("/licenses/history")
@bound_waits
def show_license_history() -> Response:
    """Show the newest licenses that an agency itself has listed."""
    view = read_page_request(FILTERS)
    target, note = "", ""
    records: list[Record] = []
    try:
        account = _open_account(view)
        services = current_services()
        target = describe_target_and_owner(account, services.config, services.tokens)
        records = list(islice(_iter_records(account, view), MAX_RECORDS))
    except (AgencyError, PurchaseRefused) as error:
        note = f"The history can't be read: {describe_error(error)}"
    rows = [_build_row(record, view) for record in records]
    empty = "There is no license." if not note else "Nothing is known."
    table = build_table(view, "History", COLUMNS, rows, default_sort="-time", empty=empty)
    return render_page(
        "owner_license_history.html",
        f"History of {AGENCIES[_get_agency(view)].title}",
        view=view,
        table=table,
        note=note,
        target=target,
        most=MAX_RECORDS if len(records) == MAX_RECORDS else 0,
    )


@blueprint.get("/licenses/history/file")
@bound_waits
def download_from_history() -> Response:
    """Send the file of a license in an agency's history; nothing is bought."""
    view = read_page_request((*FILTERS, LICENSE))
    try:
        account = _open_account(view)
        wanted = view.filters.get("license")
        record = next((row for row in _iter_records(account, view) if row.id == wanted), None)
        if record is None:
            raise NotFound
        return downloads.send_license_file(account, _to_purchase(record, account))
    except (AgencyError, DownloadFailed, PurchaseRefused) as error:
        title = "The file was not fetched"
        return render_error(HTTPStatus.BAD_GATEWAY, title, describe_error(error))


def _get_agency(view: PageRequest) -> str:
    return view.filters.get("agency") or AGENCY


def _open_account(view: PageRequest) -> Seller:
    """Return the account of a page; at Shutterstock the sandbox is shown only when wanted.

    Raises:
        PurchaseRefused: settings are missing.
    """
    is_sandbox = view.filters.get("account") == "sandbox"
    agency = _get_agency(view)
    if is_sandbox and agency != AGENCY:
        raise BadQuery("account", "Only Shutterstock has a sandbox.")
    return buying.open_account(agency, live=not is_sandbox)


def _iter_records(account: Seller, view: PageRequest) -> Iterator[Record]:
    media: MediaKind = view.filters.get("media") or "image"  # type: ignore[assignment] # of choices
    if account.agency != AGENCY and media not in {"image", "video"}:
        raise BadQuery("media", "Only Shutterstock has editorial collections.")
    return account.iter_history(media, media_id=view.filters.get("id") or None)


def _build_row(record: Record, view: PageRequest) -> dict[str, Cell]:
    """Return a license as a row; the last cell gets its file, or says why there is none."""
    names = ("agency", "media", "account")
    chosen = {name: view.filters.get(name) for name in names if view.filters.get(name)}
    query = urlencode({**chosen, "id": record.media_id, "license": record.id})
    refusal = explain_refusal(record) if _get_agency(view) == AGENCY else None
    link = Markup('<a href="/owner/licenses/history/file?{}" download>Download</a>')
    price = record.price
    return {
        "time": record.downloaded_at,
        "item": record.media_id,
        "license": record.id,
        "kind": record.license,
        "size": record.size,
        "subscription": record.subscription_id,
        "user": record.username,
        "price": to_money(price.amount, price.currency) if price else None,
        "file": refusal or link.format(query),
    }


def _to_purchase(record: Record, account: Seller) -> Purchase:
    """Return a license of the history as the purchase by which files are named."""
    return Purchase(
        state="licensed",
        agency=account.agency,
        api=account.url,
        media=record.media,
        media_id=record.media_id,
        size=record.size,
        license=record.license,
        subscription_id=record.subscription_id,
        made_at=record.downloaded_at,
        license_id=record.id,
    )
