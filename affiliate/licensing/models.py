"""The models of licensing, in the shapes of Shutterstock's OpenAPI description.

Where the description is silent, four guesses stand in: a subscription whose ``license`` contains
"platform", or that has a price for each download, is an API subscription; a subscription whose
license contains "comp" is for comps; each key of a subscription's ``metadata`` is a field, which is
required unless its value is false or denies this by ``required`` or ``is_required``; and a
subscription without ``formats`` allows every size.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import msgspec

from affiliate.database.purchases import is_comp

MAX_PRICE: Final = 10**9
"""An amount above all that a license costs."""
PRICE_CHARS: Final = 16
"""Characters of an amount beyond which four decimals are kept."""

MediaKind = Literal["image", "video", "editorial", "editorial-video"]


class MediaEndpoints(NamedTuple):
    """The API's names for one kind of media; ``sizes`` begin with the best."""

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


def build_price(amount: Decimal, currency: str) -> Price | None:
    """Return a price as the ledger can keep one; None for what is no amount, such as NaN."""
    if not amount.is_finite() or not 0 <= amount < MAX_PRICE:
        return None
    return Price(amount if len(str(amount)) <= PRICE_CHARS else round(amount, 4), currency)


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A size that a subscription licenses; ``min_resolution`` is a width in pixels."""

    size: str = ""
    format: str = ""
    media_type: str = ""
    min_resolution: int | None = None
    description: str = ""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription of an owner; ``downloads_left`` is None where the API doesn't say."""

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

    def is_expired(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now

    def includes(self, size: str) -> bool:
        """Return whether the subscription licenses ``size``; any plan makes custom sizes."""
        return not self.formats or size in {
            "custom",
            *(size_format.size for size_format in self.formats),
        }


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """An image or a video on sale; ``sizes`` is empty where the API doesn't say."""

    id: str
    title: str = ""
    editorial: bool = False
    sizes: frozenset[str] = frozenset()


class LicenseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request for one item.

    ``price`` is the end customer's price, for API subscriptions; ``custom`` is a width and a height
    in pixels, of which one is 0; ``license`` and ``country`` (ISO 3166-1, three letters) are only
    for the agency's editorial collections, which take no subscription.
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
    """The outcome of one item; the file's address is signed, valid for 8 hours, and a secret."""

    id: str
    license_id: str | None = None
    download_url: str | None = None
    allotment_charge: int | None = None
    price: Price | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"Licensed(id={self.id!r}, license_id={self.license_id!r}, error={self.error!r})"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the license history; ``price`` is the charge on API subscriptions."""

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
    """The scopes and the lifetime of a token; ``expires_in`` is in seconds, None for no expiry."""

    username: str = ""
    scopes: tuple[str, ...] = ()
    expires_in: int | None = None
