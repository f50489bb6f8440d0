"""The used fields of the API's answers, and their conversion to the structs of `models`."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from affiliate.domain.media import plain_text
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
)

SUFFIXES: Final = ("", "_jpg", "_eps")
"""What the names of assets have behind the name of a size; thumbnails have something else."""


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
    """An image or a video; ``title`` is what the editorial collections have."""

    id: str
    description: str | None = None
    title: str | None = None
    is_editorial: bool = False
    assets: dict[str, Any] = {}


def to_subscription(one: _Subscription) -> Subscription:
    """Convert a subscription, with the metadata fields that each license requires."""
    return Subscription(
        id=one.id,
        asset_type=one.asset_type,
        description=plain_text(one.description),
        license=one.license,
        expires=_as_utc(one.expiration_time) if one.expiration_time else None,
        formats=one.formats,
        downloads_left=one.allotment.downloads_left,
        downloads_limit=one.allotment.downloads_limit,
        metadata_fields=tuple(n for n, rule in (one.metadata or {}).items() if _is_required(rule)),
        price_per_download=_to_price(one.price_per_download),
    )


def _is_required(rule: object) -> bool:
    marks = (rule.get("required"), rule.get("is_required")) if isinstance(rule, Mapping) else ()
    return rule is not False and False not in marks


def to_license_result(one: _Licensed) -> LicenseResult:
    """Return what became of one item of a purchase."""
    return LicenseResult(
        id=one.image_id or one.video_id or one.editorial_id,
        license_id=one.license_id or None,
        download_url=one.download.url if one.download and one.download.url else None,
        allotment_charge=one.allotment_charge,
        price=_to_price(one.price),
        error=_clean_error(one.error),
    )


def _clean_error(error: str | None) -> str | None:
    """Return the agency's message in plain text, without links, which may be signed."""
    return plain_text(re.sub(r"https?://\S+", "", error)) or "It says nothing." if error else None


def to_record(media: MediaKind, one: _Record) -> Record | None:
    """Convert a row of the history; None for a row of another kind of media."""
    item = one.image if MEDIA_ENDPOINTS[media].history_name == "image" else one.video
    if item is None:
        return None
    charged = one.revshare
    return Record(
        id=one.id,
        media=media,
        media_id=item.id,
        license=one.license,
        subscription_id=one.subscription_id,
        size=item.format.size,
        format=item.format.format,
        metadata=one.metadata or {},
        downloaded_at=_as_utc(one.download_time),
        downloadable=one.is_downloadable,
        username=one.user.username,
        price=Price(charged.purchase_amount, charged.purchase_currency) if charged else None,
    )


def to_asset(media: MediaKind, one: Details) -> Asset:
    """Convert an item, with the sizes on sale."""
    files = {
        f"{size}{suffix}": size for size in MEDIA_ENDPOINTS[media].sizes for suffix in SUFFIXES
    }
    offered = (
        files[name] for name, size in one.assets.items() if name in files and _is_licensable(size)
    )
    return Asset(
        id=one.id,
        title=plain_text(one.description) or plain_text(one.title),
        editorial=one.is_editorial or media.startswith("editorial"),
        sizes=frozenset(offered),
    )


def _is_licensable(size: object) -> bool:
    """Return whether a file can be licensed; where the API doesn't say, it can."""
    return isinstance(size, Mapping) and size.get("is_licensable") is not False


def build_license_body(media: MediaKind, wanted: Sequence[LicenseRequest]) -> dict[str, Any]:
    """Build the body of a purchase; all items are of one kind of media."""
    kind = MEDIA_ENDPOINTS[media]
    whole: dict[str, Any] = {kind.listed: [_build_item(kind.id_name, one) for one in wanted]}
    return {"country": wanted[0].country, **whole} if media.startswith("editorial") else whole


def _build_item(id_name: str, one: LicenseRequest) -> dict[str, Any]:
    customer = {"customer_id": one.customer_id} if one.customer_id else {}
    fields = {
        "subscription_id": one.subscription_id,
        "license": one.license,
        "price": one.price,
        "metadata": {**one.metadata, **customer},
        "search_id": one.search_id,
        "editorial_acknowledgement": one.editorial_ok and not one.media.startswith("editorial"),
        "custom_dimensions": _build_dimensions(one.custom),
    }
    given = {name: value for name, value in fields.items() if value not in ("", None, {}, False)}
    return {id_name: one.id, "size": one.size, **given}


def _build_dimensions(custom: tuple[int, int] | None) -> dict[str, int]:
    sides = zip(("width", "height"), custom or (), strict=False)
    return {name: pixels for name, pixels in sides if pixels}


def _to_price(price: _Price | None) -> Price | None:
    if price is None or price.local_amount is None:
        return None
    return Price(price.local_amount, price.local_currency)


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
