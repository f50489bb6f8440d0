"""The used fields of the API's answers, and their conversion to the structs of `models`."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from affiliate.domain.media import clean_text
from affiliate.licensing.models import (
    MEDIA_ENDPOINTS,
    Asset,
    Format,
    LicenseRequest,
    LicenseResult,
    MediaKind,
    Price,
    Record,
    Subscription,
    build_price,
)

SUFFIXES: Final = ("", "_jpg", "_eps")
"""The suffixes after a size in the names of assets; thumbnails have other suffixes."""


class _Price(msgspec.Struct):
    local_amount: Decimal | None = None
    local_currency: str = ""


class _Allotment(msgspec.Struct):
    downloads_left: int | None = None
    downloads_limit: int | None = None


class _Subscription(msgspec.Struct):
    id: str
    asset_type: str = ""
    description: str = ""
    license: str = ""
    expiration_time: datetime | None = None
    allotment: _Allotment = msgspec.field(default_factory=_Allotment)
    formats: tuple[Format, ...] = ()
    metadata: dict[str, Any] | None = None
    price_per_download: _Price | None = None


class Subscriptions(msgspec.Struct):
    """A page of subscriptions."""

    data: list[_Subscription] = []
    per_page: int | None = None
    total_count: int | None = None


class _Url(msgspec.Struct):
    url: str = ""


class _Licensed(msgspec.Struct):
    image_id: str = ""
    video_id: str = ""
    editorial_id: str = ""
    license_id: str | None = None
    download: _Url | None = None
    allotment_charge: int | None = None
    price: _Price | None = None
    error: str | None = None


class LicenseAnswer(msgspec.Struct):
    """The answer to a purchase."""

    data: list[_Licensed] = []


class _Format(msgspec.Struct):
    size: str = ""
    format: str = ""


class _Media(msgspec.Struct):
    id: str
    format: _Format = msgspec.field(default_factory=_Format)


class _User(msgspec.Struct):
    username: str = ""


class _Charged(msgspec.Struct):
    purchase_amount: Decimal
    purchase_currency: str


class _Record(msgspec.Struct):
    id: str
    download_time: datetime
    license: str
    image: _Media | None = None
    video: _Media | None = None
    subscription_id: str = ""
    metadata: dict[str, Any] | None = None
    is_downloadable: bool = False
    user: _User = msgspec.field(default_factory=_User)
    revshare: _Charged | None = None


class History(msgspec.Struct):
    """A page of the license history."""

    data: list[_Record] = []
    per_page: int | None = None
    total_count: int | None = None


class Details(msgspec.Struct):
    """An image or a video; only the editorial collections have a ``title``."""

    id: str
    description: str | None = None
    title: str | None = None
    is_editorial: bool = False
    assets: dict[str, Any] = {}


def to_subscription(subscription: _Subscription) -> Subscription:
    """Convert a subscription, with the metadata fields that each license requires."""
    return Subscription(
        id=subscription.id,
        asset_type=subscription.asset_type,
        description=clean_text(subscription.description),
        license=subscription.license,
        expires=_as_utc(subscription.expiration_time) if subscription.expiration_time else None,
        formats=subscription.formats,
        downloads_left=subscription.allotment.downloads_left,
        downloads_limit=subscription.allotment.downloads_limit,
        metadata_fields=tuple(
            name for name, rule in (subscription.metadata or {}).items() if _is_required(rule)
        ),
        price_per_download=_to_price(subscription.price_per_download),
    )


def _is_required(rule: object) -> bool:
    marks = (rule.get("required"), rule.get("is_required")) if isinstance(rule, Mapping) else ()
    return rule is not False and False not in marks


def to_license_result(item: _Licensed) -> LicenseResult:
    """Convert the outcome of one item of a purchase."""
    return LicenseResult(
        id=item.image_id or item.video_id or item.editorial_id,
        license_id=item.license_id or None,
        download_url=item.download.url if item.download and item.download.url else None,
        allotment_charge=item.allotment_charge,
        price=_to_price(item.price),
        error=_clean_error(item.error),
    )


def _clean_error(error: str | None) -> str | None:
    """Return the agency's message in plain text, without links, which may be signed."""
    return clean_text(re.sub(r"https?://\S+", "", error)) or "It says nothing." if error else None


def to_record(media: MediaKind, row: _Record) -> Record | None:
    """Convert a row of the history; None for a row of another kind of media."""
    item = row.image if MEDIA_ENDPOINTS[media].history_name == "image" else row.video
    if item is None:
        return None
    charge = row.revshare
    return Record(
        id=row.id,
        media=media,
        media_id=item.id,
        license=row.license,
        subscription_id=row.subscription_id,
        size=item.format.size,
        format=item.format.format,
        metadata=row.metadata or {},
        downloaded_at=_as_utc(row.download_time),
        downloadable=row.is_downloadable,
        username=row.user.username,
        price=build_price(charge.purchase_amount, charge.purchase_currency) if charge else None,
    )


def to_asset(media: MediaKind, details: Details) -> Asset:
    """Convert an item, with the sizes on sale."""
    files = {
        f"{size}{suffix}": size for size in MEDIA_ENDPOINTS[media].sizes for suffix in SUFFIXES
    }
    sizes = (
        files[name]
        for name, size in details.assets.items()
        if name in files and _is_licensable(size)
    )
    return Asset(
        id=details.id,
        title=clean_text(details.description) or clean_text(details.title),
        editorial=details.is_editorial or media.startswith("editorial"),
        sizes=frozenset(sizes),
    )


def _is_licensable(size: object) -> bool:
    """Return whether a file can be licensed, as is assumed where the API doesn't say."""
    return isinstance(size, Mapping) and size.get("is_licensable") is not False


def build_license_body(media: MediaKind, requests: Sequence[LicenseRequest]) -> dict[str, Any]:
    """Build the body of a purchase of items of one kind of media."""
    kind = MEDIA_ENDPOINTS[media]
    items: dict[str, Any] = {
        kind.listed: [_build_item(kind.id_name, request) for request in requests]
    }
    return {"country": requests[0].country, **items} if media.startswith("editorial") else items


def _build_item(id_name: str, request: LicenseRequest) -> dict[str, Any]:
    customer = {"customer_id": request.customer_id} if request.customer_id else {}
    fields = {
        "subscription_id": request.subscription_id,
        "license": request.license,
        "price": request.price,
        "metadata": {**request.metadata, **customer},
        "search_id": request.search_id,
        "editorial_acknowledgement": request.editorial_ok
        and not request.media.startswith("editorial"),
        "custom_dimensions": _build_dimensions(request.custom),
    }
    values = {name: value for name, value in fields.items() if value not in ("", None, {}, False)}
    return {id_name: request.id, "size": request.size, **values}


def _build_dimensions(custom: tuple[int, int] | None) -> dict[str, int]:
    sides = zip(("width", "height"), custom or (), strict=False)
    return {name: pixels for name, pixels in sides if pixels}


def _to_price(price: _Price | None) -> Price | None:
    if price is None or price.local_amount is None:
        return None
    return build_price(price.local_amount, price.local_currency)


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
