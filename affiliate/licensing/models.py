"""What the paying side sends and reads, in the shapes of the OpenAPI description.

Four things are guesses, for the description is silent: that a subscription whose ``license`` names
a "platform", or that has a price for each download, is an API subscription; that one whose name
holds "comp" is for comps; that each key of a subscription's ``metadata`` is a field asked for,
which is required unless its value is false or says so by ``required`` or ``is_required``; and
that a subscription without ``formats`` allows every size.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import msgspec

from affiliate.database.purchases import is_comp

MediaKind = Literal["image", "video", "editorial", "editorial-video"]


class MediaEndpoints(NamedTuple):
    """How the API speaks of one kind of media: ``sizes`` from the best to the least."""

    path: str
    listed: str
    id_name: str
    history_name: str
    history_filter: str
    assets: str
    sizes: tuple[str, ...]


MEDIA_ENDPOINTS: Final[Mapping[str, MediaEndpoints]] = {
    "image": MediaEndpoints(
        *("/v2/images", "images", "image_id", "image", "image_id", "images"),
        ("huge", "medium", "small", "vector", "custom"),
    ),
    "video": MediaEndpoints(
        *("/v2/videos", "videos", "video_id", "video", "video_id", "videos"),
        ("4k", "hd", "sd", "web"),
    ),
    "editorial": MediaEndpoints(
        *("/v2/editorial/images", "editorial", "editorial_id", "image", "image_id", "editorial"),
        ("original", "medium", "small"),
    ),
    "editorial-video": MediaEndpoints(
        *("/v2/editorial/videos", "editorial", "editorial_id", "video", "video_id", "editorial"),
        ("original",),
    ),
}


class Price(msgspec.Struct, frozen=True):
    """An amount of money."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A size that a subscription licenses; ``min_resolution`` is a width in pixels."""

    size: str = ""
    format: str = ""
    media_type: str = ""
    min_resolution: int | None = None
    description: str = ""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner may license with; ``downloads_left`` is None where the API doesn't say."""

    id: str
    asset_type: str = ""
    description: str = ""
    license: str = ""
    expires: datetime | None = None
    formats: tuple[Format, ...] = ()
    downloads_left: int | None = None
    downloads_limit: int | None = None
    metadata_fields: tuple[str, ...] = ()
    """The fields that must be given, in the account holder's words."""
    price_per_download: Price | None = None

    @property
    def is_api(self) -> bool:
        """Return whether each request takes one item, with a price and a customer's id."""
        return "platform" in self.license or self.price_per_download is not None

    @property
    def is_comp(self) -> bool:
        """Return whether the files are for trying a layout, not for publishing."""
        return is_comp(self.license)

    def expired(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now

    def includes(self, size: str) -> bool:
        """Return whether the subscription licenses ``size``; any plan makes custom sizes."""
        return not self.formats or size in {"custom", *(f.size for f in self.formats)}


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An image or a video as it is offered: ``sizes`` is empty where the API doesn't say."""

    id: str
    title: str = ""
    editorial: bool = False
    sizes: frozenset[str] = frozenset()


class LicenseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One item to license.

    ``price`` is what the end customer pays, for API subscriptions; ``custom`` a width and a
    height in pixels, one of them 0; ``license`` and ``country`` (ISO 3166-1, three letters) are
    for the agency's editorial collections alone, which take no subscription.
    """

    media: MediaKind = "image"
    id: str
    size: str
    subscription_id: str = ""
    custom: tuple[int, int] | None = None
    price: Decimal | None = None
    customer_id: str = ""
    metadata: Mapping[str, str] = {}
    editorial_ok: bool = False
    search_id: str = ""
    license: str = ""
    country: str = ""


class LicenseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item; the address of the file is signed, lives 8 hours and is a secret."""

    id: str
    license_id: str | None = None
    download_url: str | None = None
    allotment_charge: int | None = None
    price: Price | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"Licensed(id={self.id!r}, license_id={self.license_id!r}, error={self.error!r})"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the license history; ``price`` is what was charged, on API subscriptions."""

    id: str
    media: MediaKind
    media_id: str
    license: str
    subscription_id: str = ""
    size: str = ""
    format: str = ""
    metadata: Mapping[str, Any] = {}
    downloaded_at: datetime
    downloadable: bool = False
    username: str = ""
    price: Price | None = None


class User(msgspec.Struct, frozen=True):
    """The user of an account."""

    id: str = ""
    username: str = ""
    full_name: str = ""
    email: str = ""


class TokenDetails(msgspec.Struct, frozen=True):
    """The scopes and the life of a token; ``expires_in`` is in seconds, None for ever."""

    username: str = ""
    scopes: tuple[str, ...] = ()
    expires_in: int | None = None
