"""The customer's plans, their allotments and terms.

Guesses, as the documents are silent: that a plan sold through the API shows itself by
``price_per_download`` and asks for ``customer_id`` among its metadata; the names of licenses
other than "standard", "enhanced", "footage_premier", "premier_editorial_all_digital" and
"premier_editorial_comp", which official examples show.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulator.clock import format_moment
from tests.simulator.library import FOOTAGE, Media

WIDTHS = {"small": 500, "medium": 1000, "huge": None, "supersize": None, "vector": None}
NAMES = {"small": "Small", "medium": "Med", "huge": "Huge", "vector": "Vector"}
FIELDS = ("purchase_order", "job", "client", "other")
"""The metadata of Premier plans: these slots, each under a name that the customer chose."""


@dataclass
class Subscription:
    """One plan.

    Args:
        id: Its id.
        media: What it buys.
        license: The agreement that its licenses are under.
        sizes: What may be licensed.
        limit: Downloads in the allotment; what is left follows from the purchases.
        days: From the server's start until it expires; negative: it has expired.
        charge: Downloads that one license takes; 0: a comp.
        required: Metadata that each license must carry.
        optional: Metadata that a license may carry.
        floor: The least price, of a plan sold through the API, else None.
        downloadable: Whether its licenses can be downloaded again.
    """

    id: str
    media: Media = "image"
    license: str = "standard"
    sizes: tuple[str, ...] = ("small", "medium", "huge")
    limit: int = 10
    days: float = 365
    charge: int = 1
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    floor: float | None = None
    downloadable: bool = True
    currency: str = "USD"
    started: datetime = field(init=False)

    @property
    def expires(self) -> datetime:
        return self.started + timedelta(days=self.days)

    @property
    def is_revenue_share(self) -> bool:
        """Tell whether the plan is sold through the API, with a price and a ``customer_id``."""
        return self.floor is not None

    def describe(self, left: int) -> dict[str, Any]:
        """Return the description of the API's list."""
        kind = {"image": "images", "video": "videos"}.get(self.media, "editorial")
        fields = dict.fromkeys(self.optional, False) | dict.fromkeys(self.required, True)
        body = {
            "allotment": {
                "downloads_left": left,
                "downloads_limit": self.limit,
                "end_time": format_moment(self.expires),
                "start_time": format_moment(min(self.started, self.expires) - timedelta(days=1)),
            },
            "asset_type": kind,
            "description": f"Plan {self.id}",
            "expiration_time": format_moment(self.expires),
            "formats": [self._format(size) for size in self.sizes],
            "id": self.id,
            "license": self.license,
            "metadata": {
                name: {"is_required": needed, "name": name} for name, needed in fields.items()
            },
        }
        if self.floor is not None:
            price = {"local_amount": self.floor / 2, "local_currency": self.currency}
            body["price_per_download"] = price
        return body

    def _format(self, size: str) -> dict[str, Any]:
        if self.media in {"video", "editorial_video"}:
            name, width, _ = FOOTAGE.get(size, FOOTAGE["hd"])
            kind, media = "mov", "video"
        else:
            name, width = NAMES.get(size, size.title()), WIDTHS.get(size) or 0
            kind, media = "eps" if size == "vector" else "jpg", "image"
        if self.media.startswith("editorial"):
            media = "editorial"
        row = {"description": name, "format": kind, "media_type": media, "size": size}
        return row | ({"min_resolution": width} if width else {})


def standard(name: str = "s10000001", **changes: Any) -> Subscription:
    """Return a plan of ten pictures of any size a year."""
    sizes = ("small", "medium", "huge", "vector")
    return Subscription(**{"id": name, "sizes": sizes, **changes})


def footage(name: str = "s10000002", **changes: Any) -> Subscription:
    """Return a plan of ten clips a year."""
    terms = {"media": "video", "license": "footage_premier", "sizes": ("web", "sd", "hd", "4k")}
    return Subscription(**{"id": name, **terms, **changes})


def premier(name: str = "s10000003", **changes: Any) -> Subscription:
    """Return a plan under Premier terms: the client must be named, three more fields may be."""
    terms = {"license": "premier", "required": ("client",), "optional": FIELDS}
    return Subscription(**{"id": name, **terms, **changes})


def comp(name: str = "s10000004", **changes: Any) -> Subscription:
    """Return a plan of free drafts."""
    return Subscription(**{"id": name, "license": "premier_comp", "charge": 0, **changes})


def revenue_share(name: str = "s10000005", **changes: Any) -> Subscription:
    """Return a plan of pictures sold on through the API, for a price of at least 5."""
    terms = {"license": "enhanced", "floor": 5.0, "required": ("customer_id",), "limit": 100_000}
    return Subscription(**{"id": name, **terms, **changes})


def platform(name: str = "s10000006", **changes: Any) -> Subscription:
    """Return a plan for one platform, whose pictures can't be downloaded again."""
    return revenue_share(name, **{"license": "platform", "downloadable": False, **changes})


def reports(name: str = "s10000007", **changes: Any) -> Subscription:
    """Return a plan of editorial pictures."""
    terms = {
        "media": "editorial",
        "license": "premier_editorial_all_digital",
        "sizes": ("small", "medium", "original"),
        "downloadable": False,
    }
    return Subscription(**{"id": name, **terms, **changes})


def report_clips(name: str = "s10000008", **changes: Any) -> Subscription:
    """Return a plan of editorial clips."""
    terms = {"media": "editorial_video", "license": "premier_editorial_video_digital_only"}
    return reports(name, **{**terms, "sizes": ("original",), **changes})
