"""Licensing, the license history, and download links.

What the request as a whole gets wrong is a 400; what one item gets wrong stands in its own
``error`` in a 200, which the official plug-in's source says happens. Which of the two a cause
leads to, and the texts, are guesses. Each license charges anew, even of the same item.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.simulator.accounts import Grant
from tests.simulator.clock import Clock, parse_moment
from tests.simulator.files import Links
from tests.simulator.library import Library, Media
from tests.simulator.purchases import Purchase, Purchases
from tests.simulator.subscriptions import Subscription
from tests.simulator.wire import Answer, Problem, SimulatorRequest, invalid, make_page, reply

MOST_ITEMS = 50
LISTS = {"image": "images", "video": "videos"}
ALLOWED = {
    "images": ("small", "medium", "huge", "custom", "vector"),
    "videos": ("web", "sd", "hd", "4k"),
    "editorial": ("small", "medium", "original"),
}
"""Sizes that a request may name at all."""
AGAIN = {
    "image": ("small", "medium", "huge", "supersize", "vector"),
    "video": ("web", "sd", "hd", "4k"),
}
"""Sizes that a redownload may name."""
NOTICE = "Editorial licensing requires acknowledgement of the editorial agreement"


class Refusal(Exception):
    """The reason why an item is not licensed."""


@dataclass
class Shop:
    """A seller of licenses; the ``sandbox`` sells free, watermarked, and nothing editorial."""

    library: Library
    purchases: Purchases
    links: Links
    clock: Clock
    sandbox: bool
    subscriptions: dict[str, Subscription]

    def plans(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """List the subscriptions."""
        rows = [one.describe(self.count_left(one)) for one in self.subscriptions.values()]
        return reply(make_page(request, rows, 20, 200))

    def count_left(self, plan: Subscription) -> int:
        """Count the downloads left in a plan."""
        return max(0, plan.limit - self.purchases.count_used(plan.id))

    def license(self, media: Media) -> Callable[[SimulatorRequest, Grant | None], Answer]:
        """Return a handler that sells pictures or footage."""

        def sell(request: SimulatorRequest, grant: Grant | None) -> Answer:
            wanted = self._read_items(request, LISTS[media])
            key = f"{media}_id"
            named = [self.subscriptions.get(str(one.get("subscription_id"))) for one in wanted]
            if len(wanted) > 1 and any(plan and plan.is_revenue_share for plan in named):
                raise Problem(400, "Only one item a request can be licensed by this subscription")
            if any(not isinstance(one.get(key), str) for one in wanted):
                raise invalid(f"$.body.{LISTS[media]}", wanted)
            return reply({"data": [self._license_item(media, key, one, grant) for one in wanted]})

        return sell

    def license_editorial(self, media: Media) -> Callable[[SimulatorRequest, Grant | None], Answer]:
        """Return a handler that sells editorial media by the named license."""

        def sell(request: SimulatorRequest, grant: Grant | None) -> Answer:
            if self.sandbox:
                raise Problem(403, "Editorial content can't be licensed in the sandbox")
            body, wanted = request.json(), self._read_items(request, "editorial")
            if not isinstance(body.get("country"), str):
                raise invalid("$.body.country", body.get("country"))
            by_license = {
                plan.license: plan.id for plan in self.subscriptions.values() if plan.media == media
            }
            for one in wanted:
                if not isinstance(one.get("editorial_id"), str) or "license" not in one:
                    raise invalid("$.body.editorial", one)
                one["subscription_id"] = by_license.get(one["license"], "none")
                one.setdefault("size", "original")
            rows = [self._license_item(media, "editorial_id", one, grant) for one in wanted]
            for row in rows:
                row.pop("license_id", None)  # the description has none here
            return reply({"data": rows})

        return sell

    def _read_items(self, request: SimulatorRequest, name: str) -> list[dict[str, Any]]:
        """Return the items of a request, with the query's values for all items."""
        items = request.json().get(name)
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            raise invalid(f"$.body.{name}", items)
        if any(not isinstance(item, dict) for item in items):
            raise invalid(f"$.body.{name}", items)
        if any(len(item.get("metadata") or {}) > 4 for item in items):
            raise invalid(f"$.body.{name}.metadata", "too many")
        sizes = ALLOWED[name]
        if any(item.get("size", sizes[0]) not in sizes for item in items):
            raise invalid(f"$.body.{name}.size", items)
        usual = {
            key: request.first(key) for key in ("subscription_id", "size") if key in request.params
        }
        return [usual | item for item in items]

    def _license_item(
        self, media: Media, key: str, item: dict[str, Any], grant: Grant | None
    ) -> dict[str, Any]:
        media_id = item[key]
        try:
            with self.purchases.lock:
                plan = self._find_plan(media, item)
                dimensions = self._check(media, media_id, item, plan)
                bought = self._buy(item | {"media_id": media_id}, plan, dimensions, grant)
        except Refusal as refusal:
            return {key: media_id, "error": str(refusal)}
        row = {
            key: media_id,
            "license_id": bought.id,
            "allotment_charge": bought.charge,
            "download": {"url": self.links.make(bought)},
        }
        if plan.floor is not None:
            row["price"] = {"local_amount": plan.floor / 2, "local_currency": plan.currency}
        return row

    def _find_plan(self, media: Media, item: dict[str, Any]) -> Subscription:
        """Return the named plan, or else the first that fits."""
        fitting = [plan for plan in self.subscriptions.values() if plan.media == media]
        named = item.get("subscription_id")
        found = [plan for plan in fitting if named in {None, plan.id}]
        if not found:
            raise Refusal("No active subscription found")
        plan = found[0]
        if plan.expires <= self.clock.now():
            raise Refusal("Subscription has expired")
        if not self.sandbox and self.count_left(plan) < plan.charge:
            raise Refusal("No downloads left in subscription")
        return plan

    def _check(
        self, media: Media, media_id: str, item: dict[str, Any], plan: Subscription
    ) -> tuple[int, int] | None:
        found = self.library.find(media, media_id)
        if found is None:
            raise Refusal("Media unavailable")
        if found.get("is_editorial"):
            if self.sandbox:
                raise Refusal("Editorial content can't be licensed in the sandbox")
            if item.get("editorial_acknowledgement") is not True:
                raise Refusal(NOTICE)
        metadata = item.get("metadata") or {}
        missing = [name for name in plan.required if not metadata.get(name)]
        if missing:
            raise Refusal(f"Missing required metadata: {', '.join(missing)}")
        if plan.is_revenue_share and not isinstance(item.get("price"), int | float):
            raise Refusal("Price is required")
        return _find_dimensions(item, plan, found)

    def _buy(
        self,
        item: dict[str, Any],
        plan: Subscription,
        dimensions: tuple[int, int] | None,
        grant: Grant | None,
    ) -> Purchase:
        price = None
        if plan.floor is not None:
            price = max(float(item["price"]), plan.floor)
        return self.purchases.add(
            media=plan.media,
            media_id=item["media_id"],
            license=plan.license,
            subscription_id=plan.id,
            size=item["size"],
            charge=0 if self.sandbox else plan.charge,
            price=price,
            currency=plan.currency,
            metadata=item.get("metadata") or {},
            username=(grant.username if grant else None) or "",
            downloadable=plan.downloadable,
            sandbox=self.sandbox,
            dimensions=dimensions,
        )

    def history(self, media: Media) -> Callable[[SimulatorRequest, Grant | None], Answer]:
        """Return a handler for the license history of a kind, filtered and sorted."""

        def tell(request: SimulatorRequest, grant: Grant | None) -> Answer:
            fits = _make_filter(request, grant)
            rows = [one for one in self.purchases.list_all(media) if fits(one)]
            if request.first("sort", "newest") != "oldest":
                rows.reverse()
            body = make_page(request, rows, 20, 200)
            body["data"] = [one.describe() for one in body["data"]]
            return reply(body)

        return tell

    def link_again(self, media: Media) -> Callable[[SimulatorRequest, Grant | None, str], Answer]:
        """Return a handler for new links to licensed files."""

        def link(request: SimulatorRequest, _: Grant | None, license_id: str) -> Answer:
            bought = self.purchases.find(license_id, media)
            if bought is None:
                raise Problem(404, "License not found")
            if not bought.downloadable:
                raise Problem(403, "This license does not allow downloads")
            if self.library.find(media, bought.media_id) is None:
                raise Problem(404, "Media unavailable")
            size = request.json().get("size", bought.size)
            if size != bought.size or request.json().get("size") not in {None, *AGAIN[media]}:
                raise invalid("$.body.size", size)
            return reply({"url": self.links.make(bought)})

        return link


def _find_dimensions(
    item: dict[str, Any], plan: Subscription, found: dict[str, Any]
) -> tuple[int, int] | None:
    """Return width and height of a custom size; refuse sizes that plan or item lacks."""
    size = item.get("size")
    custom = item.get("custom_dimensions") or {}
    if size == "custom" and plan.media == "image":
        if len(custom) != 1 or not all(isinstance(n, int) and n > 0 for n in custom.values()):
            raise Refusal("Custom size takes a width or a height")
        width = custom.get("width") or round(custom["height"] * found["aspect"])
        return width, custom.get("height") or round(width / found["aspect"])
    if size not in plan.sizes:
        raise Refusal(f"Size {size} is not included in subscription")
    assets = found["assets"]
    if not any(name in assets for name in (size, f"{size}_jpg", f"{size}_eps")):
        raise Refusal(f"Size {size} is unavailable")
    return None


def _make_filter(request: SimulatorRequest, grant: Grant | None) -> Callable[[Purchase], bool]:
    """Return a function that tells whether a purchase passes the filters of a request."""
    wanted = request.first("image_id") or request.first("video_id")
    team = request.first("team_history") == "true"
    who = request.first("username") or ("" if team or grant is None else grant.username)
    name = request.first("license")
    available = {"downloadable": True, "non_downloadable": False}
    downloadable = available.get(request.first("download_availability"))
    since, until = _read_moment(request, "start_date"), _read_moment(request, "end_date")

    def fits(one: Purchase) -> bool:
        return (
            wanted in {"", one.media_id}
            and who in {"", one.username}
            and (not name or (one.license == name.removeprefix("-")) != name.startswith("-"))
            and downloadable in {None, one.downloadable}
            and (since is None or one.time >= since)
            and (until is None or one.time < until)
        )

    return fits


def _read_moment(request: SimulatorRequest, name: str) -> datetime | None:
    text = request.first(name)
    try:
        return parse_moment(text) if text else None
    except ValueError as error:
        raise invalid(f"$.query.{name}", text) from error
