"""An owner's account at Getty Images, to which iStock belongs, by Getty's OpenAPI description.

A download is a purchase and uses up a product's allowance. Downloads need the key and a user's
token, by the "resource owner" grant that the description names for downloads and that Getty must
allow for the key; Getty's samples (github.com/gettyimages/gettyimages-api) and SDKs show the token
request. A token lives for 30 minutes. Getty has no sandbox.

``largest_downloads`` names the products that may download a picture (Getting Started); the file is
the largest size. The charge of a credit pack is documented nowhere, so a dry run can't show the
charge. Answers to a download name no license, so a license is named by its product and moment, as
in the history. Free downloads of a bought file are not documented, so the link, which lives for
24 hours, is followed at once. By the API's default, the history reaches back 30 days; downloads
for credits are listed only when their kind of product is requested.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from affiliate.agencies.istock.client import IDS
from affiliate.agencies.parsing import read_number
from affiliate.domain.media import clean_text
from affiliate.errors import AgencyError, Forbidden, NotFound, PurchaseRefused
from affiliate.licensing.accounts import istock_schema as wire
from affiliate.licensing.accounts.single_item import (
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
from affiliate.licensing.offers import NO_EXPIRY, LicenseOptions, Offer
from affiliate.licensing.seller import LICENSE_CALL_SECONDS
from affiliate.transport.client import Transport
from affiliate.transport.messages import Params, Request, decode_answer, drop_empty

NAME: Final = "istock"
TITLE: Final = "iStock"
LARGEST: Final = "largest"
PAGE_ROWS: Final = 100
CREDITS: Final = "creditpack"
REQUIRED_FIELDS: Final = {
    "project_code": "is_project_code_required",
    "download_notes": "is_note_required",
}
"""Fields that a product may require with each download, by the name of the requirement."""
TOKEN_MARGIN_SECONDS: Final = 60.0

Shape = TypeVar("Shape")


class IstockAccount:
    """An account that buys with a user's products; every method may raise `AgencyError`."""

    agency: ClassVar[str] = NAME
    has_sandbox: ClassVar[bool] = False
    max_per_request: ClassVar[int] = 1

    def __init__(self, transport: Transport, *, url: str, keys: Mapping[str, str]) -> None:
        self.url = url
        self._transport = transport
        self._keys = keys
        self._token = ""
        self._token_expires_at = 0.0
        self._history_kinds: tuple[str, ...] | None = None

    def create_proposer(self, *, sandbox: bool, now: Callable[[], datetime]) -> "_Proposer":
        """Return a proposer that counts the downloads of its offers."""
        del sandbox
        return _Proposer(self, now)

    def fetch_picture(self, media_id: str) -> wire.Image:
        """Fetch a picture with the products that may download the picture."""
        if not re.fullmatch(IDS, media_id):
            raise NotFound(NAME, f"There is no picture {media_id[:40]!r}.")
        params = (("fields", "id,title,asset_family,largest_downloads"),)
        answer = self._call("GET", f"/v3/images/{media_id}", params, wire.Images)
        picture = next((image for image in answer.images or () if image.id == media_id), None)
        if picture is None:
            raise NotFound(NAME, f"There is no picture {media_id}.")
        return picture

    def fetch_products(self) -> tuple[wire.Product, ...]:
        """Fetch the products that the user has bought."""
        params = (("fields", "download_requirements"),)
        return tuple(self._call("GET", "/v3/products", params, wire.Products).products or ())

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Return the user's products as subscriptions, with the kind of product as license."""
        return tuple(map(_to_subscription, self.fetch_products()))

    def license(self, requests: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """License one picture by downloading the picture."""
        self._log_in()
        return license_item(requests, self._license_picture)

    def _license_picture(self, request: LicenseRequest) -> LicenseResult:
        params = drop_empty(
            {
                "auto_download": "false",
                "product_id": request.subscription_id,
                "product_type": request.license,
            }
        )
        path = f"/v3/downloads/images/{request.id}"
        try:
            answer = self._call("POST", path, params, wire.Link, body=request.metadata)
        except (
            Forbidden
        ) as error:  # of this picture, for which the product is not or no longer valid
            return LicenseResult(id=request.id, error=error.message)
        return LicenseResult(id=request.id, download_url=answer.uri or None)

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Yield the downloads of the last 30 days, newest first."""
        if media != "image":
            return
        rows = [
            wire.to_record(row)
            for kind in self._list_history_kinds()
            for row in self._iter_downloads(kind)
        ]
        records = {row.id: row for row in rows if media_id in {None, row.media_id}}
        yield from sorted(records.values(), key=lambda row: row.downloaded_at, reverse=True)

    def _list_history_kinds(self) -> tuple[str, ...]:
        """Return the kinds of the user's histories: the usual, and for a credit pack credits."""
        if self._history_kinds is None:
            has_pack = any(product.type == CREDITS for product in self.fetch_products())
            self._history_kinds = ("", CREDITS) if has_pack else ("",)
        return self._history_kinds

    def _iter_downloads(self, kind: str) -> Iterator[wire.Download]:
        page = 0
        while True:
            page += 1
            params = {"product_type": kind, "page": str(page), "page_size": str(PAGE_ROWS)}
            answer = self._call("GET", "/v3/downloads", drop_empty(params), wire.Downloads)
            yield from (row for row in answer.downloads or () if row.id)
            if not answer.downloads or page * PAGE_ROWS >= answer.result_count:
                return

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Refuse, as only the purchase gives a link."""
        del media, license_id, size
        raise NotFound(NAME, "Getty Images documents no way to fetch a file again.")

    def _log_in(self) -> None:
        """Get a token if needed; mark a failure as unsent, as the call itself was not sent."""
        if time.monotonic() < self._token_expires_at:
            return
        form = {
            "grant_type": "password",
            "client_id": self._keys["API_KEY"],
            "client_secret": self._keys["API_SECRET"],
            "username": self._keys["USERNAME"],
            "password": self._keys["PASSWORD"],
        }
        request = Request(
            agency=NAME,
            url=f"{self.url}/v4/oauth2/token",
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            secrets=tuple(self._keys.values()),
        )
        try:
            answer = decode_answer(
                NAME, self._transport.send(request, LICENSE_CALL_SECONDS).body, wire.Token
            )
        except AgencyError as error:
            error.sent = False
            raise
        self._token = answer.access_token
        self._token_expires_at = (
            time.monotonic() + read_number(answer.expires_in) - TOKEN_MARGIN_SECONDS
        )

    def _call(
        self,
        method: str,
        path: str,
        params: Params,
        shape: type[Shape],
        *,
        body: Mapping[str, str] | None = None,
    ) -> Shape:
        self._log_in()
        content_type = {"Content-Type": "application/json"} if body else {}
        request = Request(
            agency=NAME,
            url=self.url + path,
            method=method,
            params=params,
            headers={
                "Api-Key": self._keys["API_KEY"],
                "Authorization": f"Bearer {self._token}",
                **content_type,
            },
            body=msgspec.json.encode(body) if body else None,
            secrets=(*self._keys.values(), self._token),
        )
        return decode_answer(NAME, self._transport.send(request, LICENSE_CALL_SECONDS).body, shape)


class _Proposer:
    """A proposer that counts the downloads taken of each product."""

    def __init__(self, account: IstockAccount, now: Callable[[], datetime]) -> None:
        self._account = account
        self._now = now
        self._plans: tuple[Subscription, ...] | None = None
        self._taken: Counter[str] = Counter()

    def make_offer(self, options: LicenseOptions, media_id: str) -> Offer:
        """Offer one picture with the product in ``options``, or else the product that ends soonest.

        Raises:
            PurchaseRefused: no product of the user may download the picture, or none has downloads
                left.
        """
        refuse_unsupported_options(options, TITLE, "subscription_id", "metadata")
        image = self._account.fetch_picture(media_id)
        plan = self._choose_product(image, options.subscription_id)
        self._taken[plan.id] += 1
        request = LicenseRequest(
            id=media_id,
            size=LARGEST,
            subscription_id=plan.id,
            metadata=options.metadata,
            license=plan.license,
        )
        if unknown := set(options.metadata) - set(REQUIRED_FIELDS):
            names = " and ".join(REQUIRED_FIELDS)
            raise PurchaseRefused(f"{min(unknown)[:40]!r} is no field here; {names} are.")
        asset = Asset(
            id=media_id,
            title=clean_text(image.title),
            editorial=(image.asset_family or "").casefold() == "editorial",
        )
        cost_text = "credits, how many is not said" if plan.license == CREDITS else "1 download"
        return Offer(
            asset=asset,
            subscription=plan,
            request=request,
            size_auto_selected=True,
            cost_text=cost_text,
            takes=None if plan.license == CREDITS else (1, "downloads"),
            once=True,
        )

    def _choose_product(self, image: wire.Image, product_id: str) -> Subscription:
        if self._plans is None:
            products = self._account.fetch_products()
            self._plans = tuple(
                _to_subscription(product) for product in products if product.status == "active"
            )
        allowed_types = {download.product_type for download in image.largest_downloads or ()}
        fitting_plans = [
            plan
            for plan in self._plans
            if plan.license in allowed_types and product_id in {"", plan.id}
        ]
        valid_plans = [plan for plan in fitting_plans if not plan.is_expired(self._now())]
        usable_plans = [plan for plan in valid_plans if self._has_downloads_left(plan)]
        if not usable_plans:
            reason = "has downloads left" if valid_plans else "may download it"
            raise PurchaseRefused(f"No product {product_id[:40] or 'of the account'} {reason}.")
        return min(
            usable_plans, key=lambda plan: (plan.license == CREDITS, plan.expires or NO_EXPIRY)
        )

    def _has_downloads_left(self, plan: Subscription) -> bool:
        return plan.downloads_left is None or plan.downloads_left > self._taken[plan.id]


def _to_subscription(product: wire.Product) -> Subscription:
    """Convert a product to a subscription; the product's kind is the kind of license."""
    requirements = product.download_requirements or wire.Requirements()
    downloads_left = (
        product.credits_remaining if product.type == CREDITS else product.downloads_remaining
    )
    return Subscription(
        id=str(product.id),
        license=product.type,
        description=clean_text(product.name),
        expires=wire.as_utc(product.expiration_utc_date) if product.expiration_utc_date else None,
        downloads_left=downloads_left,
        metadata_fields=tuple(
            field
            for field, requirement in REQUIRED_FIELDS.items()
            if getattr(requirements, requirement)
        ),
    )
