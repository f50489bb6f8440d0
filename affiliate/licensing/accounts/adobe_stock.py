"""An owner's account at Adobe Stock, by the references of its License and License History APIs.

They are https://developer.adobe.com/stock/docs/api/12-licensing-reference and
``13-license-history``. All calls need a user's token of Adobe's identity service beside the key;
how to get one is in Adobe's workflow guides, and it lives for 24 hours. There is no sandbox.

A work is licensed once: Adobe itself takes a second request for no new license, and this program
never sends ``license_again``. So a work and a kind of license name a license, which has no number,
and ``Content/Info`` settles what became of a purchase: it says at once whether the account has the
license, while the history would have to be read to its end.

Alternative licenses and license references are not offered. Nor are vectors, templates and 3D
works, whose files (AI, SVG, ZIP) can't be checked here, nor what a search leaves out: free works,
and editorial ones, of which the API doesn't say with the work that they are. Dates have no time
zone and are taken for UTC.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from affiliate.agencies.adobe_stock import client
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import plain_text
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
"""States of a work for an account; ``overage`` says only how it would be paid."""
PAGE_ROWS: Final = 100
LOCALE: Final = ("locale", "en_US")
"""Else messages and dates are written as the user reads them."""
DATE_FORMATS: Final = ("%Y-%m-%d %H:%M:%S", "%m/%d/%y, %I:%M %p")

MEDIA_ID_PARAM: Final = "search_parameters[media_id]"
SEARCH_PARAMS: Final[Params] = (
    *(("result_columns[]", name) for name in wire.File.__struct_fields__),
    ("search_parameters[filters][premium]", "all"),
    ("search_parameters[filters][offensive:2]", "1"),
)
"""What finds a work of any price and with any content, by its number."""

Shape = TypeVar("Shape")


class AdobeAccount:
    """Buys with the entitlement of the token's user; every method may raise `AgencyError`."""

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

    def make_offer(self, ask: LicenseOptions, media_id: str) -> Offer:
        """Offer one work with the license in ``ask``, or else the usual license of its kind.

        Raises:
            PurchaseRefused: Adobe won't license it so, it is licensed already, or it is no work
                that can be checked.
        """
        refuse_unsupported_options(ask, TITLE, "media", "size")
        asset = self._find_asset(ask.media, media_id)
        kind = ask.size or LICENSES[ask.media][0]
        if kind not in LICENSES[ask.media]:
            known = ", ".join(LICENSES[ask.media])
            raise PurchaseRefused(f"There is no license {kind[:40]!r}; there are {known}.")
        if done := self._find_license(ask.media, media_id, kind):
            had = f"{done.downloaded_at:%Y-%m-%d}"
            get = f"`flask download --agency {NAME} {done.id}` gets its file"
            raise PurchaseRefused(f"It was licensed ({kind}) on {had}; {get}.")
        profile = self._call_library(
            "Member/Profile", (*_build_params(media_id, kind), LOCALE), wire.Profile
        )
        options = profile.purchase_options
        words = cut_between_signs(plain_text(options.message), MAX_MESSAGE_CHARS)
        if options.state not in {"possible", "overage"}:
            raise PurchaseRefused(words or f"Adobe Stock won't license it ({options.state[:40]}).")
        left = (profile.available_entitlement or wire.Entitlement()).quota
        return Offer(
            asset=asset,
            subscription=Subscription(id="", license=kind, downloads_left=left),
            request=LicenseRequest(media=ask.media, id=media_id, size=kind),
            size_auto_selected=not ask.size,
            cost_text=words or "Adobe Stock doesn't say what it costs",
        )

    def _find_asset(self, media: MediaKind, media_id: str) -> Asset:
        if not client.is_id(media_id):
            raise NotFound(NAME, f"There is no work {media_id[:40]!r}.")
        answer = self._call(
            "/Rest/Media/1/Search/Files", (*SEARCH_PARAMS, (MEDIA_ID_PARAM, media_id)), wire.Files
        )
        found = next((one for one in answer.files if str(one.id) == media_id), None)
        if found is None:
            raise NotFound(NAME, f"No search finds the work {media_id}: gone, free or editorial.")
        kind = MEDIA_BY_TYPE_ID.get(found.media_type_id or 0)
        if kind != media or media not in LICENSES:
            sold = f"it is a {kind}" if kind else "its file can't be checked here"
            raise PurchaseRefused(f"It can't be licensed as {media}: {sold}.")
        return Asset(id=media_id, title=plain_text(found.title))

    def license(self, wanted: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Ask for the license of one work; Adobe sells it once however often that is asked."""
        return license_item(wanted, self._license_work)

    def _license_work(self, one: LicenseRequest) -> LicenseResult:
        found = self._call_library(
            "Content/License", _build_params(one.id, one.size), wire.Contents, reads=False
        )
        details = _get_details(found, one.id)
        if details.state in UNLICENSED_STATES and not details.url:
            return LicenseResult(id=one.id, error=f"Adobe Stock says {details.state}.")
        if details.state not in LICENSED_STATES and not details.url:
            return LicenseResult(id=one.id)
        link = self._add_token(details.url) if details.url else None
        return LicenseResult(
            id=one.id, license_id=_build_license_id(one.id, one.size), download_url=link
        )

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Refuse: the calls that are documented here tell what is left beside a work alone.

        Raises:
            PurchaseRefused: names the commands that ask for one work, and for what was licensed.
        """
        instead = f"`flask license --agency {NAME} --dry-run ID` shows it"
        instead += f", and `flask history --agency {NAME}` what was licensed"
        raise PurchaseRefused(f"{TITLE} tells what is left only beside a work; {instead}.")

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Yield the licenses of one work, of every kind, or all licenses of one kind of media."""
        if media_id is not None:
            found = (self._find_license(media, media_id, kind) for kind in LICENSES[media])
            had = [one for one in found if one]
            yield from sorted(had, key=lambda one: one.downloaded_at, reverse=True)
            return
        for one in self._iter_history():
            if MEDIA_BY_TYPE_ID.get(one.media_type_id or 0) == media:
                yield _build_record(media, str(one.id), one.license, one.license_date)

    def _find_license(self, media: MediaKind, media_id: str, kind: str) -> Record | None:
        """Return the license of that kind for a work; None when the account has no such license.

        A kind that the work has not is refused; so nobody has it.
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
        first = 0
        while True:
            page = {"search_parameters[limit]": PAGE_ROWS, "search_parameters[offset]": first}
            params = tuple((name, str(value)) for name, value in page.items())
            answer = self._call_library("Member/LicenseHistory", (*params, LOCALE), wire.History)
            yield from answer.files
            first += PAGE_ROWS
            if not answer.files or first >= answer.nb_results:
                return

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Return where the history has the file of a license; fetching it costs nothing."""
        del media, size
        for one in self._iter_history():
            if _build_license_id(str(one.id), one.license) == license_id and one.download_url:
                return self._add_token(one.download_url)
        raise NotFound(NAME, "The license history has no such license.")

    def _add_token(self, url: str) -> str:
        """Return an address with the token as a parameter instead of in a header.

        Raises:
            BadAnswer: it leads elsewhere than to Adobe, who alone may see the token.
        """
        host, ours = urlsplit(url), urlsplit(self.url)
        adobe = host.scheme == "https" and re.search(r"(^|\.)adobe\.(com|io)$", host.hostname or "")
        if not adobe and host[:2] != ours[:2]:
            raise BadAnswer(NAME, "The address of the file is not at Adobe.")
        token = percent_encode(self._keys["ACCESS_TOKEN"])
        return f"{url}{'&' if host.query else '?'}token={token}"

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
