"""The used fields of Getty Images' answers, in the shapes of Getty's OpenAPI description.

The shape of a token is from OAuth 2.0 (RFC 6749, 5.1) and Getty's SDKs.
"""

from datetime import UTC, datetime

import msgspec

from affiliate.licensing.models import Record


class Token(msgspec.Struct):
    """An access token; ``expires_in`` is in seconds, in some answers as text."""

    access_token: str
    expires_in: int | str = 0


class Offered(msgspec.Struct):
    """A kind of product that may download a picture."""

    product_type: str | None = None


class Image(msgspec.Struct):
    """A picture; only a product's user is told the products that may download the picture."""

    id: str
    title: str | None = None
    asset_family: str | None = None
    largest_downloads: list[Offered] | None = None


class Images(msgspec.Struct):
    """Pictures by their ids."""

    images: list[Image] | None


class Requirements(msgspec.Struct):
    """The fields that must be sent with each download."""

    is_note_required: bool = False
    is_project_code_required: bool = False


class Product(msgspec.Struct):
    """A product that a user has bought."""

    id: int
    type: str
    status: str
    name: str | None = None
    downloads_remaining: int | None = None
    credits_remaining: int | None = None
    expiration_utc_date: datetime | None = None
    download_requirements: Requirements | None = None


class Products(msgspec.Struct):
    """The products of a user."""

    products: list[Product] | None


class Link(msgspec.Struct):
    """The address of a file, valid for 24 hours."""

    uri: str


class Download(msgspec.Struct):
    """A row of the history."""

    date_downloaded: datetime
    id: str | None = None
    product_id: int = 0
    product_type: str | None = None
    size_name: str | None = None


class Downloads(msgspec.Struct):
    """A page of the history."""

    downloads: list[Download] | None
    result_count: int


def to_record(row: Download) -> Record:
    """Convert a row of the history; rows have no number, so build an id from the fields."""
    moment = as_utc(row.date_downloaded)
    return Record(
        id=f"{row.id}-{row.product_id}-{moment:%Y%m%d-%H%M%S-%f}",
        media="image",
        media_id=row.id or "",
        license=row.product_type or "",
        subscription_id=str(row.product_id or ""),
        size=row.size_name or "",
        downloaded_at=moment,
    )


def as_utc(moment: datetime) -> datetime:
    """Return a moment with UTC, the zone named by the description, where the zone is missing."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
