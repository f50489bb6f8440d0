"""Licensing at the desk: the form for an item, the second step that repeats it, and the purchase.

`license_form` reads the owner's wishes, `license_buying` buys by the rules of `flask license`, and
`licenses` shows what was bought. A purchase is answered by a redirect to its own page, so that a
reload shows the purchase and sends nothing.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext
from msgspec.structs import replace
from werkzeug.wrappers import Response as AnyResponse

from affiliate.agencies import AGENCIES
from affiliate.domain.media import Media
from affiliate.errors import (
    AffiliateError,
    AgencyError,
    LedgerError,
    PurchaseRefused,
    describe_error,
)
from affiliate.licensing.accounts.registry import SELLER_NAMES, list_sizes
from affiliate.licensing.offers import Offer, describe_total_cost
from affiliate.licensing.purchasing.addresses import find_item
from affiliate.licensing.purchasing.preparation import describe_payment, format_size
from affiliate.licensing.purchasing.recorder import describe_open_entry
from affiliate.search.federation import build_query
from affiliate.services import current_services
from affiliate.web.owner import license_buying as buying
from affiliate.web.owner.agency_waits import bound_waits
from affiliate.web.owner.frame import blueprint, render_error, render_page
from affiliate.web.owner.license_form import (
    LicenseItem,
    LicenseWishes,
    list_required_fields,
    read_item,
    read_wishes,
)
from affiliate.web.owner.license_recovery import recover_purchases

AGREED_FIELDS: Final = ("agreed", "other_size", "again")
"""The boxes of the second step: the notice, another size, and to buy again within a day."""


@blueprint.context_processor
def add_sellers() -> dict[str, str]:
    """Add the agencies whose pictures get a link to license, for the mark of the browser."""
    return {"sellers": " ".join(name for name, _ in _list_agencies())}


@blueprint.get("/license")
def find_license() -> AnyResponse:
    """Show the form for an address or an id, or redirect to the form for the item."""
    text, note = request.args.get("item", "").strip(), ""
    agency, kind = request.args.get("agency", ""), request.args.get("media", "image")
    if text:
        if found := find_item(text):
            agency, kind, text = found
        if agency in SELLER_NAMES and "/" not in text:
            return redirect(_form_url(read_item(agency, text, kind)), HTTPStatus.SEE_OTHER)
        note = f"{text[:200]} is no picture or video of an agency where licenses are bought."
    response = render_page(
        "owner_license_find.html",
        "License a picture",
        note=note,
        text=text,
        agencies=_list_agencies(),
        agency=agency,
    )
    response.status_code = HTTPStatus.NOT_FOUND if note else HTTPStatus.OK
    return response


@blueprint.get("/license/<agency>/<media_id>")
@bound_waits
def choose_license(agency: str, media_id: str) -> Response:
    """Show an item with its options, and what the license costs by these options."""
    item = read_item(agency, media_id, request.args.get("media", "image"))
    return _show_step(item, request.args, is_review=False)


@blueprint.get("/license/<agency>/<media_id>/review")
@bound_waits
def review_license(agency: str, media_id: str) -> Response:
    """Repeat exactly what will be bought, with the button that buys."""
    item = read_item(agency, media_id, request.args.get("media", "image"))
    return _show_step(item, request.args, is_review=True)


@blueprint.post("/license/<agency>/<media_id>/buy")
@bound_waits
def buy_license(agency: str, media_id: str) -> AnyResponse:
    """Buy what the second step has shown, once for each form."""
    item = read_item(agency, media_id, request.form.get("media", "image"))
    purchase_id = request.form.get("purchase", "")
    if not buying.PURCHASE_ID.fullmatch(purchase_id):
        abort(HTTPStatus.BAD_REQUEST, "The form names no purchase.")
    try:
        recover_purchases()
        if buying.get_purchases().find(purchase_id):
            return _redirect_to_purchase(purchase_id)
        return _buy_item(item, purchase_id)
    except LedgerError as error:
        return show_ledger_failure(purchase_id, error)
    except (AgencyError, PurchaseRefused) as error:
        if buying.find_begun(purchase_id):
            return _redirect_to_purchase(purchase_id)
        note = f"Nothing was bought: {describe_error(error)}"
        status = HTTPStatus.CONFLICT
        return _show_step(item, request.form, is_review=False, note=note, status=status)


def _buy_item(item: LicenseItem, purchase_id: str) -> AnyResponse:
    """Buy an item by the form of the current request.

    Raises:
        PurchaseRefused, AgencyError, LedgerError: nothing was bought, or the purchase is recorded.
    """
    wishes = read_wishes(item, request.form)
    proposal = buying.propose_offer(item, wishes)
    _refuse_unnamed_account(proposal, wishes)
    if proposal.offer and buying.digest_offer(proposal) != request.form.get("shown"):
        note = "Nothing was bought: what is on offer has changed since. Look at it again."
        status = HTTPStatus.CONFLICT
        return _show_step(item, request.form, is_review=True, note=note, status=status)
    agreed, other_size, again = (name in request.form for name in AGREED_FIELDS)
    offer = buying.confirm_offer(proposal, agreed=agreed, other_size=other_size, force=again)
    named = replace(offer, purchase_id=purchase_id)
    seen = request.form.get("seen", "")
    bought = buying.buy_offer(proposal, named, force=again, seen=seen)
    if bought.entry is not None:
        is_unknown = bought.entry.purchase.state != "licensed"
        return _show_unfinished(purchase_id, bought.lines, is_unknown=is_unknown)
    if not bought.is_begun:
        raise PurchaseRefused(" ".join(bought.lines))
    return _redirect_to_purchase(purchase_id)


def _refuse_unnamed_account(proposal: buying.Proposal, wishes: LicenseWishes) -> None:
    """Refuse to buy at an agency without a sandbox unless the real account was chosen.

    Raises:
        PurchaseRefused: names the choice.
    """
    if not proposal.account.has_sandbox and not wishes.is_live:
        raise PurchaseRefused("There is no sandbox: choose the real account, which costs money.")


class _Step(NamedTuple):
    """The content of a step of the form; ``is_complete`` tells that the second step may buy."""

    proposal: buying.Proposal | None
    values: Mapping[str, str]
    note: str
    is_complete: bool


def _read_step(item: LicenseItem, form: Mapping[str, str]) -> _Step:
    """Return the item by the wishes in a form; failures of the agency become the note.

    Raises:
        LedgerError: the purchases can't be read.
    """
    lines = recover_purchases()
    proposal, values = None, {"media": str(item.media)}
    try:
        wishes = read_wishes(item, form)
        values = dict(wishes.values)
        proposal = buying.propose_offer(item, wishes)
        proposal = buying.add_facts(item, proposal)
        _refuse_unnamed_account(proposal, wishes)
    except (AgencyError, PurchaseRefused) as error:
        return _Step(proposal, values, describe_error(error), is_complete=False)
    missing = proposal.offer.missing if proposal.offer else ()
    needed = f"The subscription requires {', '.join(missing)}." if missing else ""
    note = " ".join(filter(None, (*lines, proposal.refusal, needed)))
    return _Step(proposal, values, note, is_complete=bool(proposal.offer and not missing))


def _show_step(
    item: LicenseItem,
    form: Mapping[str, str],
    *,
    is_review: bool,
    note: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Show a step of the form: the first in place of the second where something is missing."""
    try:
        step = _read_step(item, form)
        values = _list_template_values(item, step)
    except LedgerError as error:
        return show_ledger_failure("", error)
    template, heading = "owner_license.html", "License a picture"
    if is_review and step.is_complete:
        template, heading = "owner_license_review.html", "License this now?"
    response = render_page(template, heading, note=note or step.note, **values)
    response.status_code = status
    return response


def _list_template_values(item: LicenseItem, step: _Step) -> dict[str, Any]:
    """Return the values of the templates of both steps.

    Raises:
        LedgerError: the purchases can't be read.
    """
    proposal = step.proposal
    offer, purchases = proposal.offer if proposal else None, buying.get_purchases()
    return {
        "item": item,
        "values": step.values,
        "proposal": proposal,
        "offer": offer,
        "picture": _find_picture(item),
        "title": AGENCIES[item.seller].title,
        "size": offer and format_size(offer),
        "payment": offer and describe_payment(offer),
        "total": offer and describe_total_cost([offer]),
        "sizes": _list_sizes(item, offer),
        "required": list_required_fields(offer.required, step.values) if offer else [],
        "notice": _editorial_notice(item) if offer and offer.asset.editorial else "",
        "own": purchases.list_item(item.seller, item.id)[::-1],
        "unsettled": purchases.list_open(proposal.account.url) if proposal else [],
        "is_recent": bool(proposal and buying.was_bought_lately(item, proposal)),
        "purchase_id": buying.create_purchase_id(),
        "seen": buying.find_newest_purchase(proposal.account, item.id) if proposal else "",
        "shown": buying.digest_offer(proposal) if proposal else "",
        "back_url": f"{item.path}?{urlencode(step.values)}",
    }


def _list_sizes(item: LicenseItem, offer: Offer | None) -> list[str]:
    """Return the sizes to choose from: those of the item, where the agency tells these."""
    known = offer.asset.sizes if offer else frozenset()
    return [size for size in list_sizes(item.seller, item.media) if not known or size in known]


def _find_picture(item: LicenseItem) -> Media | None:
    """Return the picture as pages show the picture; None where no search knows the picture."""
    query = build_query(item.kind, "en")
    try:
        return current_services().lookups.look_up_media(item.agency, item.id, query).media
    except AffiliateError:
        return None


def _editorial_notice(item: LicenseItem) -> str:
    """Return the agency's notice on an editorial item, in English as the desk."""
    if item.kind == "video":
        return gettext(
            "Editorial Use Only. Use of this video in advertising or for promotional purposes "
            "is prohibited."
        )
    return gettext(
        "Editorial Use Only. Use of this image in advertising or for promotional purposes "
        "is prohibited."
    )


def _list_agencies() -> list[tuple[str, str]]:
    """Return the agencies of this site where licenses are bought, each with its title."""
    names = current_services().registry.names
    return [(name, AGENCIES[name].title) for name in SELLER_NAMES if name in names]


def _form_url(item: LicenseItem) -> str:
    media = "" if item.media in {"image", "editorial"} else "?media=video"
    return f"{item.path}{media}"


def _redirect_to_purchase(purchase_id: str) -> AnyResponse:
    url = url_for("owner.show_license", purchase_id=purchase_id)
    return redirect(url, HTTPStatus.SEE_OTHER)


def _show_unfinished(purchase_id: str, lines: Sequence[str], *, is_unknown: bool) -> Response:
    """Return the page of a purchase that could not be finished, as status 3 of the command."""
    is_bought = "Bought, but not finished"
    heading = "Something was bought, or may have been" if is_unknown else is_bought
    response = render_page(
        "owner_license_unfinished.html", heading, lines=lines, purchase_id=purchase_id
    )
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response


def show_ledger_failure(purchase_id: str, error: LedgerError) -> Response:
    """Return the page about a database that can't be used, with what the journal knows."""
    if lines := describe_in_journal(purchase_id):
        return _show_unfinished(purchase_id, [str(error), *lines], is_unknown=True)
    text = f"{error} Nothing was sent now."
    return render_error(HTTPStatus.SERVICE_UNAVAILABLE, "The database can't be used now", text)


def describe_in_journal(purchase_id: str) -> list[str]:
    """Return what the journal knows of a purchase, in words without a file's link."""
    entry = buying.get_journal().find_entry(purchase_id) if purchase_id else None
    return describe_open_entry(entry, show_link=False) if entry and entry.is_open else []
