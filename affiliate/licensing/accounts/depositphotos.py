"""An owner's account at Depositphotos, by the agency's SDK for PHP and its samples.

The sources are github.com/depositphotos/api-sdk-php (the Regular client: ``login``,
``availableFunds``, ``getMedia``, ``getPurchases``, ``reDownload``) and
github.com/depositphotos/dp-api. A login gives a session of three hours. The agency has no sandbox.

Examples document only the license ``standard`` and the sizes s to xl, which are JPEG files, so only
these are offered. A purchase names the subscription that has downloads left and ends soonest.
Without such a subscription, credits pay, as far as the example shows; the buyer is told before the
purchase that the agency may choose other funds. The unit of the prices in the history is documented
nowhere, so no price is recorded.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal, TypeVar
from urllib.parse import urlencode

from affiliate.agencies.depositphotos import client
from affiliate.agencies.parsing import read_number
from affiliate.domain.media import clean_text
from affiliate.errors import AgencyError, BadAnswer, NotFound, PurchaseRefused
from affiliate.licensing.accounts import depositphotos_schema as wire
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
from affiliate.transport.messages import Request, decode_answer, drop_empty

NAME: Final = "depositphotos"
TITLE: Final = "Depositphotos"
STANDARD: Final = "standard"
SIZES: Final = ("xl", "l", "m", "s")
"""The documented sizes, the best first."""
PAGE_ROWS: Final = 100
DATE_FORMAT: Final = "%b.%d, %Y %H:%M:%S"
"""The format of moments in the examples, unless Unix times are requested."""

Shape = TypeVar("Shape")


class DepositphotosAccount:
    """An account that buys with a user's subscriptions and credits.

    Every method may raise `AgencyError`.
    """

    agency: ClassVar[str] = NAME
    has_sandbox: ClassVar[bool] = False
    max_per_request: ClassVar[int] = 1

    def __init__(self, transport: Transport, *, url: str, keys: Mapping[str, str]) -> None:
        self.url = url
        self._transport = transport
        self._keys = keys
        self._session = ""

    def create_proposer(self, *, sandbox: bool, now: Callable[[], datetime]) -> "_Proposer":
        """Return a proposer that counts the downloads and credits of its offers."""
        del sandbox
        return _Proposer(self, now)

    def fetch_item(self, media_id: str) -> wire.Item:
        """Fetch a picture with its sizes and their costs."""
        if not client.is_id(media_id):
            raise NotFound(NAME, f"There is no picture {media_id[:40]!r}.")
        return self._call("getMediaData", {"dp_media_id": media_id}, wire.Item, logged_in=False)

    def fetch_funds(self) -> wire.Funds:
        """Fetch the remaining downloads of subscriptions and the remaining credits."""
        return self._call("availableFunds", {"dp_datetime_format": "unix"}, wire.Funds)

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Return the active subscriptions, and the credits as a subscription without an id."""
        funds = self.fetch_funds()
        credits_left = int(read_number(funds.creditsAvailable))
        plans = map(_to_subscription, funds.activeSubscriptions)
        return (*plans, Subscription(id="", description="credits", downloads_left=credits_left))

    def license(self, requests: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Buy one picture in one size."""
        self._log_in()
        return license_item(requests, self._license_picture)

    def _license_picture(self, request: LicenseRequest) -> LicenseResult:
        params = {
            "dp_media_id": request.id,
            "dp_media_option": request.size,
            "dp_media_license": STANDARD,
            "dp_subscription_id": request.subscription_id,
        }
        answer = self._call("getMedia", params, wire.Bought)
        if str(answer.itemId) != request.id:
            return LicenseResult(id=request.id)
        return LicenseResult(
            id=request.id,
            license_id=str(answer.licenseId),
            download_url=answer.downloadLink or None,
        )

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Yield the purchases, newest first, fetching pages on demand."""
        offset = 0
        while True:
            params = {
                "dp_limit": str(PAGE_ROWS),
                "dp_offset": str(offset),
                "dp_sort_field": "timestamp",
                "dp_sort_type": "desc",
                "dp_item_id": media_id or "",
                "dp_datetime_format": "unix",
            }
            answer = self._call("getPurchases", params, wire.Purchases)
            for purchase in answer.purchases:
                is_wanted = media_id in {None, str(purchase.mediaId)}
                if is_wanted and (purchase.itype == "video") is (media == "video"):
                    yield _to_record(media, purchase)
            offset += PAGE_ROWS
            if not answer.purchases or offset >= read_number(answer.count):
                return

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Request a new address of a licensed file; the request costs nothing."""
        del media, size
        return self._call("reDownload", {"dp_license_id": license_id}, wire.Bought).downloadLink

    def _log_in(self) -> None:
        """Open a session if needed; mark a failure as unsent, as the call itself was not sent."""
        if self._session:
            return
        name, password = self._keys["USERNAME"], self._keys["PASSWORD"]
        params = {"dp_login_user": name, "dp_login_password": password}
        try:
            self._session = self._call("login", params, wire.Session, logged_in=False).sessionid
        except AgencyError as error:
            error.sent = False
            raise

    def _call(
        self,
        command: str,
        params: Mapping[str, str],
        shape: type[Shape],
        *,
        logged_in: bool = True,
    ) -> Shape:
        """Return the answer to a command; the command is sent in the body, out of address logs."""
        if logged_in:
            self._log_in()
        session = {"dp_session_id": self._session} if logged_in else {}
        form = {"dp_apikey": self._keys["API_KEY"], "dp_command": command, **session, **params}
        request = Request(
            agency=NAME,
            url=self.url,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(drop_empty(form)).encode(),
            secrets=(*self._keys.values(), self._session),
            judge=client.read_error,
        )
        return decode_answer(NAME, self._transport.send(request, LICENSE_CALL_SECONDS).body, shape)


class _Proposer:
    """A proposer that counts the downloads and credits taken by its offers."""

    def __init__(self, account: DepositphotosAccount, now: Callable[[], datetime]) -> None:
        self._account = account
        self._now = now
        self._funds: wire.Funds | None = None
        self._taken: Counter[str] = Counter()

    def make_offer(self, options: LicenseOptions, media_id: str) -> Offer:
        """Offer one picture in the size in ``options``, or else the best, and choose the payment.

        Raises:
            PurchaseRefused: the picture has no such size, or no funds are left.
        """
        refuse_unsupported_options(options, TITLE, "size", "subscription_id")
        item = self._account.fetch_item(media_id)
        size, costs = _choose_size(item, options.size)
        asset = Asset(
            id=media_id,
            title=clean_text(item.title),
            editorial=item.iseditorial in {True, "1", "true", "yes"},
            sizes=frozenset(item.sizes or ()) & frozenset(SIZES),
        )
        plan, price, cost_text = self._choose_payment(costs, options.subscription_id)
        unit: Literal["downloads", "credits"] = "downloads" if plan.id else "credits"
        self._taken[plan.id] += price
        return Offer(
            asset=asset,
            subscription=plan,
            request=LicenseRequest(id=media_id, size=size, subscription_id=plan.id),
            size_auto_selected=not options.size,
            cost_text=cost_text,
            takes=(price, unit),
        )

    def _choose_payment(
        self, costs: wire.Size, subscription_id: str
    ) -> tuple[Subscription, int, str]:
        """Return the subscription that pays (credits: without an id), the price, and its text."""
        if self._funds is None:
            self._funds = self._account.fetch_funds()
        price = max(int(read_number(costs.subscription)), 1)
        plans = [
            _to_subscription(plan)
            for plan in self._funds.activeSubscriptions
            if plan.status == "active"
        ]
        valid_plans = [
            plan
            for plan in plans
            if not plan.is_expired(self._now()) and subscription_id in {"", plan.id}
        ]
        affordable_plans = [plan for plan in valid_plans if self._count_left(plan) >= price]
        if affordable_plans:
            chosen = min(affordable_plans, key=lambda plan: plan.expires or NO_EXPIRY)
            return chosen, price, f"{price} download{'s' * (price > 1)} of the subscription"
        if subscription_id:
            raise PurchaseRefused(f"No subscription {subscription_id[:40]!r} has downloads left.")
        return self._choose_credits(costs)

    def _choose_credits(self, costs: wire.Size) -> tuple[Subscription, int, str]:
        price = int(read_number(costs.credits))
        credits_left = int(read_number(self._funds and self._funds.creditsAvailable))
        plan = Subscription(id="", license=STANDARD, description="credits", downloads_left=None)
        if not price or credits_left - self._taken[plan.id] < price:
            raise PurchaseRefused("Neither a subscription nor credits are left for it.")
        return (
            plan,
            price,
            f"{price} of {credits_left} credits, unless Depositphotos takes other funds",
        )

    def _count_left(self, plan: Subscription) -> int:
        return (plan.downloads_left or 0) - self._taken[plan.id]


def _choose_size(item: wire.Item, wanted_size: str) -> tuple[str, wire.Size]:
    """Return the wanted size, or else the best size, with its costs."""
    sizes = {name: (item.sizes or {})[name] for name in SIZES if name in (item.sizes or {})}
    if not sizes:  # such as clips, whose sizes have other names
        raise PurchaseRefused("It has no JPEG file to license.")
    size = wanted_size or next(iter(sizes))
    if size not in sizes:
        raise PurchaseRefused(f"It has no size {size[:40]!r}; it has {', '.join(sizes)}.")
    return size, sizes[size]


def _to_subscription(plan: wire.Plan) -> Subscription:
    return Subscription(
        id=str(plan.id),
        license=STANDARD,
        description=clean_text(plan.name),
        expires=_parse_moment(plan.dateEnd),
        downloads_left=int(read_number(plan.count)),
    )


def _to_record(media: MediaKind, purchase: wire.Purchase) -> Record:
    moment = _parse_moment(purchase.purchaseDate)
    if moment is None:
        raise BadAnswer(NAME, "The date of a license can't be read.")
    return Record(
        id=str(purchase.licenseId),
        media=media,
        media_id=str(purchase.mediaId),
        license=purchase.license,
        size=purchase.size,
        downloaded_at=moment,
        downloadable=True,
    )


def _parse_moment(value: wire.Number) -> datetime | None:
    """Return a moment given in Unix time or in DATE_FORMAT; None for any other value."""
    try:
        if seconds := read_number(value):
            return datetime.fromtimestamp(seconds, UTC)
        return datetime.strptime(str(value), DATE_FORMAT).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
