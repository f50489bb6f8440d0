"""Offers: the size and subscription for a license, chosen and checked before any request."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, Protocol

import msgspec

from affiliate.errors import PurchaseRefused
from affiliate.licensing.models import (
    MEDIA_ENDPOINTS,
    Asset,
    LicenseRequest,
    MediaKind,
    Subscription,
)

MAX_METADATA_FIELDS: Final = 4
"""Metadata fields of one purchase, ``customer_id`` among them (OpenAPI: ``maxProperties``)."""
MIN_CUSTOM_SIDE: Final = 100
"""Pixels of a custom side (OpenAPI)."""
ASSET_TYPES: Final = {"image": "images", "video": "videos"}
SANDBOX_REFUSAL: Final = "The sandbox refuses editorial licenses; --live sells them."
NO_EXPIRY: Final = datetime.max.replace(tzinfo=UTC)


class LicenseOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The owner's choices for some items; an empty field leaves the choice to the account."""

    media: MediaKind = "image"
    size: str = ""
    format: str = ""
    subscription_id: str = ""
    comp: bool = False
    custom: tuple[int, int] | None = None
    price: Decimal | None = None
    customer_id: str = ""
    metadata: Mapping[str, str] = {}
    search_id: str = ""
    country: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One item with the subscription and the request to license the item.

    ``size_auto_selected`` marks a size that nobody insists on, so that an earlier purchase in any
    size counts as the same; ``cost_text`` is the cost in the agency's words, if any, and ``takes``
    the cost as a number of ``downloads`` or ``credits``; ``once`` tells that the agency gives files
    only right after the purchase. ``purchase_id`` names the purchase before it begins, so that the
    same form sent twice buys once; empty: a new id.
    """

    asset: Asset
    subscription: Subscription
    request: LicenseRequest
    size_auto_selected: bool = False
    cost_text: str = ""
    takes: tuple[int, Literal["downloads", "credits"]] | None = None
    once: bool = False
    purchase_id: str = ""

    @property
    def comes_once(self) -> bool:
        """Return whether the file can't be had later, as with platform and editorial licenses."""
        by_license = "platform" in self.subscription.license
        return self.once or by_license or self.request.media.startswith("editorial")

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of values that the subscription requires.

        The values are ``price``, ``customer_id`` and fields of ``metadata``.
        """
        plan = self.subscription
        names = [name for name in plan.metadata_fields if name != "customer_id"]
        if plan.is_api or "customer_id" in plan.metadata_fields:
            names.insert(0, "customer_id")
        return ("price", *names) if plan.is_api else tuple(names)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the names of required values that the request lacks."""
        request = self.request
        values = {**request.metadata, "customer_id": request.customer_id}
        values["price"] = "" if request.price is None else str(request.price)
        return tuple(name for name in self.required if not values.get(name, "").strip())

    @property
    def cost(self) -> str:
        """Return the cost in words, as far as the API tells the cost beforehand."""
        if self.cost_text:
            return self.cost_text
        if self.subscription.is_comp:
            return "no download (comp)"
        if not self.subscription.is_api:
            return "1 download"
        price, plan_price = self.request.price, self.subscription.price_per_download
        to_customer = "price to be said" if price is None else f"price {price}"
        by_plan = f", {plan_price} each by the subscription" if plan_price else ""
        return f"{to_customer} to the customer{by_plan}; the agency charges its own floor at least"

    def with_values(self, values: Mapping[str, str]) -> "Offer":
        """Return the offer with the missing values filled in.

        Raises:
            PurchaseRefused: the price is not valid.
        """
        metadata = dict(values)
        price, customer_id = metadata.pop("price", None), metadata.pop("customer_id", None)
        request = self.request
        new_request = msgspec.structs.replace(
            request,
            price=request.price if price is None else parse_price(price),
            customer_id=customer_id or request.customer_id,
            metadata={**request.metadata, **metadata},
        )
        return msgspec.structs.replace(self, request=new_request)

    def with_notice_accepted(self) -> "Offer":
        """Return the offer with the editorial notice accepted by the owner."""
        request = msgspec.structs.replace(self.request, editorial_ok=True)
        return msgspec.structs.replace(self, request=request)


def describe_total_cost(offers: Sequence[Offer]) -> str:
    """Return the total cost of offers in words, as far as the agency tells the cost beforehand."""
    sums: Counter[str] = Counter()
    price = Decimal()
    for offer in offers:
        if offer.takes:
            sums[offer.takes[1]] += offer.takes[0]
        elif offer.cost_text:
            sums["licenses whose cost is not said in numbers"] += 1
        elif offer.subscription.is_comp:
            sums["comps"] += 1
        elif not offer.subscription.is_api:
            sums["downloads"] += 1
        elif offer.request.price is None:
            sums["prices to be said"] += 1
        else:
            price += offer.request.price
    words = [_format_count(number, unit) for unit, number in sums.items()]
    return ", ".join([*words, *([f"price {price} to your customers"] if price else [])])


def _format_count(number: int, unit: str) -> str:
    first, space, rest = unit.partition(" ")
    return f"{number} {first if number != 1 else first.removesuffix('s')}{space}{rest}"


def parse_price(text: str) -> Decimal:
    """Parse a price above 0, of two decimals at most, in the subscription's currency.

    Raises:
        PurchaseRefused: the text has another form, as 1,234 or 1e3 could be misread.
    """
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", text.strip()) or not Decimal(text.strip()):
        raise PurchaseRefused(f"{text[:40]!r} is no price; write it as 12.34.")
    return Decimal(text.strip())


class AssetSource(Protocol):
    """The subscriptions and items of an account, as `OfferChooser` reads them."""

    def list_subscriptions(self) -> tuple[Subscription, ...]: ...

    def fetch_asset(self, media: MediaKind, media_id: str, country: str = "") -> Asset: ...


class OfferChooser:
    """A proposer that counts the downloads taken of each subscription."""

    def __init__(self, account: AssetSource, *, sandbox: bool, now: Callable[[], datetime]) -> None:
        self._account = account
        self._sandbox = sandbox
        self._now = now
        self._plans: tuple[Subscription, ...] | None = None
        self._taken: Counter[str] = Counter()

    def make_offer(self, options: LicenseOptions, media_id: str) -> Offer:
        """Return the offer for one item.

        Raises:
            PurchaseRefused: no subscription fits, or the item can't be licensed here.
            AgencyError: NotFound when the item was withdrawn.
        """
        if self._plans is None:
            self._plans = self._account.list_subscriptions()
        if options.media.startswith("editorial") and len(options.country) != 3:  # noqa: PLR2004 - ISO 3166-1
            raise PurchaseRefused("Editorial licenses need a country, three letters such as USA.")
        asset = self._account.fetch_asset(options.media, media_id, options.country)
        if asset.id != media_id:
            raise PurchaseRefused(f"The agency calls it {asset.id[:40]!r}; ask for that.")
        if asset.editorial and self._sandbox:
            raise PurchaseRefused(SANDBOX_REFUSAL)
        size, plan = choose_size_and_subscription(
            options, asset, self._plans, self._now(), self._taken
        )
        editorial = options.media.startswith("editorial")
        offer = Offer(
            asset=asset,
            subscription=plan,
            request=_build_request(options, media_id, size, plan),
            size_auto_selected=not (options.size or options.format or options.custom),
        )
        if editorial:
            request = msgspec.structs.replace(
                offer.request, subscription_id="", license=plan.license
            )
            offer = msgspec.structs.replace(offer, request=request)
        validate_offer(offer)
        if not plan.is_comp:
            self._taken[plan.id] += 1
        return offer


def _build_request(
    options: LicenseOptions, media_id: str, size: str, plan: Subscription
) -> LicenseRequest:
    return LicenseRequest(
        media=options.media,
        id=media_id,
        size=size,
        subscription_id=plan.id,
        custom=options.custom,
        price=options.price,
        customer_id=options.customer_id,
        metadata=options.metadata,
        search_id=options.search_id,
        country=options.country,
    )


def choose_size_and_subscription(
    options: LicenseOptions,
    asset: Asset,
    plans: Sequence[Subscription],
    now: datetime,
    taken_downloads: Mapping[str, int],
) -> tuple[str, Subscription]:
    """Return the size, and the subscription with that size and downloads left that ends soonest.

    Without a size in ``options``, choose the best size of the item that any subscription includes.

    Raises:
        PurchaseRefused: no subscription fits; the message tells the reason.
    """
    fitting_plans = [plan for plan in plans if _fits_options(plan, options)]
    if not fitting_plans:
        raise PurchaseRefused(f"No subscription licenses this{' as a comp' * options.comp}.")
    valid_plans = [plan for plan in fitting_plans if not plan.is_expired(now)]
    if not valid_plans:
        raise PurchaseRefused(f"{_describe_plans(fitting_plans)} has expired.")
    usable_plans = [plan for plan in valid_plans if _has_downloads_left(plan, taken_downloads)]
    if not usable_plans:
        raise PurchaseRefused(f"{_describe_plans(valid_plans)} has no downloads left.")
    sizes = _list_candidate_sizes(options, asset)
    for size in sizes:
        size_plans = [plan for plan in usable_plans if plan.includes(size)]
        if size_plans:
            return size, min(
                size_plans, key=lambda plan: (not plan.formats, plan.expires or NO_EXPIRY)
            )
    wanted_size = f"the size {sizes[0]}" if len(sizes) == 1 else "a size of this item"
    raise PurchaseRefused(f"{_describe_plans(usable_plans)} does not include {wanted_size}.")


def _fits_options(plan: Subscription, options: LicenseOptions) -> bool:
    kind = ASSET_TYPES.get(options.media, "editorial")
    if plan.asset_type not in {"", kind} or plan.is_comp is not options.comp:
        return False
    if kind == "editorial" and ("video" in plan.license) is not (
        options.media == "editorial-video"
    ):
        return False
    return options.subscription_id in {"", plan.id}


def _has_downloads_left(plan: Subscription, taken_downloads: Mapping[str, int]) -> bool:
    if plan.is_comp or plan.downloads_left is None:
        return True
    return plan.downloads_left > taken_downloads.get(plan.id, 0)


def _list_candidate_sizes(options: LicenseOptions, asset: Asset) -> tuple[str, ...]:
    """Return the sizes to consider, the best first."""
    media_sizes = MEDIA_ENDPOINTS[options.media].sizes
    if options.format and options.media != "image":
        raise PurchaseRefused("Only images come in formats to choose from.")
    if options.custom:
        if "custom" not in media_sizes or options.format == "eps":
            raise PurchaseRefused("Only JPEG files of images have a width or height of one's own.")
        return ("custom",)
    if not options.size:
        sizes = [size for size in media_sizes if not asset.sizes or size in asset.sizes]
        fitting_sizes = tuple(
            size
            for size in sizes
            if size != "custom" and options.format in {"", _infer_format(size)}
        )
        if not fitting_sizes:
            raise PurchaseRefused(f"This item has no {options.format or 'size'} to license.")
        return fitting_sizes
    if options.format not in {"", _infer_format(options.size)}:
        raise PurchaseRefused(f"The size {options.size[:40]} is no {options.format}.")
    if options.size not in media_sizes:
        raise PurchaseRefused(
            f"There is no size {options.size[:40]!r}; there are {', '.join(media_sizes)}."
        )
    if asset.sizes and options.size not in asset.sizes and options.size != "custom":
        raise PurchaseRefused(f"This item has no size {options.size}.")
    return (options.size,)


def _infer_format(size: str) -> str:
    """Return the format of an image's size; the size alone decides (OpenAPI: LicenseImage)."""
    return "eps" if size == "vector" else "jpg"


def _describe_plans(plans: Sequence[Subscription]) -> str:
    names = ", ".join(plan.id for plan in plans)
    return f"Subscription {names}" if len(plans) == 1 else f"Each subscription ({names})"


def validate_offer(offer: Offer) -> None:
    """Refuse an offer that the agency would refuse, or that would lose the owner's words.

    Values in `Offer.missing` are not checked, as the owner may still give these values.

    Raises:
        PurchaseRefused: the message tells the reason.
    """
    request = offer.request
    metadata = {
        **request.metadata,
        **({"customer_id": request.customer_id} if request.customer_id else {}),
    }
    if len(metadata) > MAX_METADATA_FIELDS:
        raise PurchaseRefused(f"A license takes at most {MAX_METADATA_FIELDS} metadata fields.")
    for name, value in metadata.items():
        if not name.strip() or not value.strip() or _has_unwritable_characters(name + value):
            raise PurchaseRefused(f"The metadata field {name[:40]!r} is blank or can't be written.")
    if request.price is not None and not offer.subscription.is_api:
        raise PurchaseRefused(f"Subscription {offer.subscription.id} takes no price.")
    if (request.size == "custom") != (request.custom is not None):
        raise PurchaseRefused(
            "The size custom needs a width or a height, and nothing else has one."
        )
    if request.custom and not _is_one_side(request.custom):
        raise PurchaseRefused(
            f"Give a width or a height, not both, of {MIN_CUSTOM_SIDE} pixels or more."
        )


def _is_one_side(custom: tuple[int, int]) -> bool:
    return min(custom) == 0 and max(custom) >= MIN_CUSTOM_SIDE


def _has_unwritable_characters(text: str) -> bool:
    return any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text)
