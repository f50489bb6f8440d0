"""An owner's account at Adobe Stock, by the references of its License and License History APIs.

The references are https://developer.adobe.com/stock/docs/api/12-licensing-reference and
``13-license-history``. All calls need the key and a user's token of Adobe's identity service, which
lives for 24 hours; Adobe's workflow guides describe how to get a token. Adobe has no sandbox.

A work is licensed once: Adobe itself creates no new license for a second request, and this program
never sends ``license_again``. Licenses have no number, so a work and a kind of license name a
license. ``Content/Info`` settles the outcome of a purchase: the answer says at once whether the
account has the license, while the history would have to be read to its end.

Alternative licenses and license references are not offered. Neither are vectors, templates and 3D
works, whose files (AI, SVG, ZIP) can't be checked here, nor works that a search leaves out: free
works, and editorial works, which the API doesn't mark. Dates have no time zone and are taken for
UTC.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from affiliate.agencies.adobe_stock import client
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.errors import BadAnswer, NotFound, PurchaseRefused, RequestRefused
from affiliate.licensing.accounts import adobe_stock_schema as wire
from affiliate.licensing.accounts.single_item import (
    MAX_MESSAGE_CHARS,
    license_item,
    refuse_unsupported_options,
)
from affiliate.licensing.models import (
    Asset,
    LicenseRequest,
    LicenseResult,
    MediaKind,
    Record,
    Subscription,
)
from affiliate.licensing.offers import LicenseOptions, Offer
from affiliate.licensing.seller import LICENSE_CALL_SECONDS
from affiliate.transport.client import Transport
from affiliate.transport.messages import Params, Request, decode_answer

NAME: Final = "adobe-stock"
TITLE: Final = "Adobe Stock"
LICENSES: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("Standard", "Extended", "Standard_M"),
    "video": ("Video_HD", "Video_4K"),
}
"""Kinds of licenses, the usual one first."""
MEDIA_BY_TYPE_ID: Final = {1: "image", 2: "image", 4: "video"}
"""Numbers of media whose files can be checked: photos, illustrations and videos."""
LICENSED_STATES: Final = ("purchased", "just_purchased")
UNLICENSED_STATES: Final = ("not_purchased", "cancelled", "not_possible")
"""States of a work for an account; a third state, ``overage``, only tells the way of paying."""
PAGE_ROWS: Final = 100
LOCALE: Final = ("locale", "en_US")
"""The language of messages and dates, which otherwise depends on the user."""
DATE_FORMATS: Final = ("%Y-%m-%d %H:%M:%S", "%m/%d/%y, %I:%M %p")

MEDIA_ID_PARAM: Final = "search_parameters[media_id]"
SEARCH_PARAMS: Final[Params] = (
    *(("result_columns[]", name) for name in wire.File.__struct_fields__),
    ("search_parameters[filters][premium]", "all"),
    ("search_parameters[filters][offensive:2]", "1"),
)
"""The parameters that find a work of any price and with any content, by its number."""

Shape = TypeVar("Shape")


class AdobeAccount:
    """An account that buys with the entitlement of the token's user.

    Every method may raise `AgencyError`.
    """

    agency: ClassVar[str] = NAME
    has_sandbox: ClassVar[bool] = False
    max_per_request: ClassVar[int] = 1

    def __init__(self, transport: Transport, *, url: str, keys: Mapping[str, str]) -> None:
        self.url = url
        self._transport = transport
        self._keys = keys

    def create_proposer(self, *, sandbox: bool, now: Callable[[], datetime]) -> "AdobeAccount":
        """Return the account itself: the API decides for each work whether a license is on sale."""
        del sandbox, now
        return self

    def make_offer(self, options: LicenseOptions, media_id: str) -> Offer:
        """Offer a work with the license in ``options``, or else the usual license of its kind.

        Raises:
            PurchaseRefused: the work is licensed already, Adobe refuses the license, or the work's
                file can't be checked.
        """
        refuse_unsupported_options(options, TITLE, "media", "size")
        asset = self._find_asset(options.media, media_id)
        kind = options.size or LICENSES[options.media][0]
        if kind not in LICENSES[options.media]:
            names = ", ".join(LICENSES[options.media])
            raise PurchaseRefused(f"There is no license {kind[:40]!r}; there are {names}.")
        if record := self._find_license(options.media, media_id, kind):
            day = f"{record.downloaded_at:%Y-%m-%d}"
            hint = f"`flask download --agency {NAME} {record.id}` gets its file"
            raise PurchaseRefused(f"It was licensed ({kind}) on {day}; {hint}.")
        profile = self._call_library(
            "Member/Profile", (*_build_params(media_id, kind), LOCALE), wire.Profile
        )
        purchase_options = profile.purchase_options
        message = cut_between_signs(clean_text(purchase_options.message), MAX_MESSAGE_CHARS)
        if purchase_options.state not in {"possible", "overage"}:
            raise PurchaseRefused(
                message or f"Adobe Stock won't license it ({purchase_options.state[:40]})."
            )
        quota = (profile.available_entitlement or wire.Entitlement()).quota
        return Offer(
            asset=asset,
            subscription=Subscription(id="", license=kind, downloads_left=quota),
            request=LicenseRequest(media=options.media, id=media_id, size=kind),
            size_auto_selected=not options.size,
            cost_text=message or "Adobe Stock doesn't say what it costs",
        )

    def _find_asset(self, media: MediaKind, media_id: str) -> Asset:
        if not client.is_id(media_id):
            raise NotFound(NAME, f"There is no work {media_id[:40]!r}.")
        answer = self._call(
            "/Rest/Media/1/Search/Files", (*SEARCH_PARAMS, (MEDIA_ID_PARAM, media_id)), wire.Files
        )
        work = next((file for file in answer.files if str(file.id) == media_id), None)
        if work is None:
            raise NotFound(NAME, f"No search finds the work {media_id}: gone, free or editorial.")
        kind = MEDIA_BY_TYPE_ID.get(work.media_type_id or 0)
        if kind != media or media not in LICENSES:
            reason = f"it is a {kind}" if kind else "its file can't be checked here"
            raise PurchaseRefused(f"It can't be licensed as {media}: {reason}.")
        return Asset(id=media_id, title=clean_text(work.title))

    def license(self, requests: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Request the license of one work; Adobe sells a license once, also if requested again."""
        return license_item(requests, self._license_work)

    def _license_work(self, request: LicenseRequest) -> LicenseResult:
        answer = self._call_library(
            "Content/License", _build_params(request.id, request.size), wire.Contents, reads=False
        )
        details = _get_details(answer, request.id)
        if details.state in UNLICENSED_STATES and not details.url:
            return LicenseResult(id=request.id, error=f"Adobe Stock says {details.state}.")
        if details.state not in LICENSED_STATES and not details.url:
            return LicenseResult(id=request.id)
        link = self._add_token(details.url) if details.url else None
        return LicenseResult(
            id=request.id, license_id=_build_license_id(request.id, request.size), download_url=link
        )

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Refuse, as the documented calls tell the remaining licenses only along with a work.

        Raises:
            PurchaseRefused: names the commands for one work and for the license history.
        """
        hint = f"`flask license --agency {NAME} --dry-run ID` shows it"
        hint += f", and `flask history --agency {NAME}` what was licensed"
        raise PurchaseRefused(f"{TITLE} tells what is left only beside a work; {hint}.")

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Yield the licenses of one work, of every kind, or all licenses of one kind of media."""
        if media_id is not None:
            licenses = (self._find_license(media, media_id, kind) for kind in LICENSES[media])
            records = [record for record in licenses if record]
            yield from sorted(records, key=lambda record: record.downloaded_at, reverse=True)
            return
        for row in self._iter_history():
            if MEDIA_BY_TYPE_ID.get(row.media_type_id or 0) == media:
                yield _build_record(media, str(row.id), row.license, row.license_date)

    def _find_license(self, media: MediaKind, media_id: str, kind: str) -> Record | None:
        """Return the license of that kind for a work; None when the account has no such license.

        Adobe refuses a kind that is not on sale for the work, and no account has such a license.
        """
        try:
            answer = self._call_library(
                "Content/Info", _build_params(media_id, kind), wire.Contents
            )
        except RequestRefused:
            return None
        details = _get_details(answer, media_id)
        if details.state not in LICENSED_STATES or details.license != kind:
            return None
        return _build_record(media, media_id, kind, details.date)

    def _iter_history(self) -> Iterator[wire.HistoryRow]:
        """Yield the history of the token's user, page after page."""
        offset = 0
        while True:
            page = {"search_parameters[limit]": PAGE_ROWS, "search_parameters[offset]": offset}
            params = tuple((name, str(value)) for name, value in page.items())
            answer = self._call_library("Member/LicenseHistory", (*params, LOCALE), wire.History)
            yield from answer.files
            offset += PAGE_ROWS
            if not answer.files or offset >= answer.nb_results:
                return

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Return the address of a license's file from the history; the download is free."""
        del media, size
        for row in self._iter_history():
            if _build_license_id(str(row.id), row.license) == license_id and row.download_url:
                return self._add_token(row.download_url)
        raise NotFound(NAME, "The license history has no such license.")

    def _add_token(self, url: str) -> str:
        """Return an address with the token as a parameter instead of in a header.

        Raises:
            BadAnswer: the address is not at Adobe, where alone the token may go.
        """
        parts, api_parts = urlsplit(url), urlsplit(self.url)
        is_adobe = parts.scheme == "https" and re.search(
            r"(^|\.)adobe\.(com|io)$", parts.hostname or ""
        )
        if not is_adobe and parts[:2] != api_parts[:2]:
            raise BadAnswer(NAME, "The address of the file is not at Adobe.")
        token = percent_encode(self._keys["ACCESS_TOKEN"])
        return f"{url}{'&' if parts.query else '?'}token={token}"

    def _call_library(
        self, path: str, params: Params, shape: type[Shape], *, reads: bool = True
    ) -> Shape:
        return self._call(f"/Rest/Libraries/1/{path}", params, shape, reads=reads)

    def _call(self, path: str, params: Params, shape: type[Shape], *, reads: bool = True) -> Shape:
        headers = {
            "x-api-key": self._keys["API_KEY"],
            "X-Product": self._keys["PRODUCT"],
            "Authorization": f"Bearer {self._keys['ACCESS_TOKEN']}",
        }
        request = Request(
            agency=NAME,
            url=self.url + path,
            params=params,
            headers=headers,
            secrets=tuple(self._keys.values()),
            judge=client.read_error,
            reads=reads,
        )
        return decode_answer(NAME, self._transport.send(request, LICENSE_CALL_SECONDS).body, shape)


def _build_params(media_id: str, kind: str) -> Params:
    return (("content_id", media_id), ("license", kind))


def _get_details(answer: wire.Contents, media_id: str) -> wire.Details:
    content = answer.contents.get(media_id)
    if content is None:
        raise BadAnswer(NAME, "The answer is not about what was asked for.")
    return content.purchase_details


def _build_license_id(media_id: str, kind: str) -> str:
    """Build an id for a license, because Adobe numbers no licenses."""
    return f"{media_id}-{kind}".lower()


def _build_record(media: MediaKind, media_id: str, kind: str, date: str) -> Record:
    return Record(
        id=_build_license_id(media_id, kind),
        media=media,
        media_id=media_id,
        license=kind,
        size=kind,
        downloaded_at=_parse_date(date),
        downloadable=True,
    )


def _parse_date(text: str) -> datetime:
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(" ".join(text.split()), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise BadAnswer(NAME, "The date of a license can't be read.")
