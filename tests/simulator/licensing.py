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
from tests.simulator.clock import Clock, moment
from tests.simulator.files import Links
from tests.simulator.library import Library, Media
from tests.simulator.purchases import Purchase, Purchases
from tests.simulator.subscriptions import Subscription
from tests.simulator.wire import Answer, Problem, Seen, invalid, page_of, reply

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

    def plans(self, seen: Seen, _: Grant | None) -> Answer:
        """List the subscriptions."""
        rows = [one.described(self.left(one)) for one in self.subscriptions.values()]
        return reply(page_of(seen, rows, 20, 200))

    def left(self, plan: Subscription) -> int:
        """Count the downloads left in a plan."""
        return max(0, plan.limit - self.purchases.used(plan.id))

    def license(self, media: Media) -> Callable[[Seen, Grant | None], Answer]:
        """Return a handler that sells pictures or footage."""

        def sell(seen: Seen, grant: Grant | None) -> Answer:
            wanted = self._wanted(seen, LISTS[media])
            key = f"{media}_id"
            named = [self.subscriptions.get(str(one.get("subscription_id"))) for one in wanted]
            if len(wanted) > 1 and any(plan and plan.revenue_share for plan in named):
                raise Problem(400, "Only one item a request can be licensed by this subscription")
            if any(not isinstance(one.get(key), str) for one in wanted):
                raise invalid(f"$.body.{LISTS[media]}", wanted)
            return reply({"data": [self._one(media, key, one, grant) for one in wanted]})

        return sell

    def license_editorial(self, media: Media) -> Callable[[Seen, Grant | None], Answer]:
        """Return a handler that sells editorial media by the named license."""

        def sell(seen: Seen, grant: Grant | None) -> Answer:
            if self.sandbox:
                raise Problem(403, "Editorial content can't be licensed in the sandbox")
            body, wanted = seen.json(), self._wanted(seen, "editorial")
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
            rows = [self._one(media, "editorial_id", one, grant) for one in wanted]
            for row in rows:
                row.pop("license_id", None)  # the description has none here
            return reply({"data": rows})

        return sell

    def _wanted(self, seen: Seen, name: str) -> list[dict[str, Any]]:
        """Return the items of a request, with the query's values for all items."""
        items = seen.json().get(name)
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
            raise invalid(f"$.body.{name}", items)
        if any(not isinstance(item, dict) for item in items):
            raise invalid(f"$.body.{name}", items)
        if any(len(item.get("metadata") or {}) > 4 for item in items):
            raise invalid(f"$.body.{name}.metadata", "too many")
        sizes = ALLOWED[name]
        if any(item.get("size", sizes[0]) not in sizes for item in items):
            raise invalid(f"$.body.{name}.size", items)
        usual = {key: seen.first(key) for key in ("subscription_id", "size") if key in seen.params}
        return [usual | item for item in items]

    def _one(
        self, media: Media, key: str, item: dict[str, Any], grant: Grant | None
    ) -> dict[str, Any]:
        media_id = item[key]
        try:
            with self.purchases.lock:
                plan = self._plan(media, item)
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

    def _plan(self, media: Media, item: dict[str, Any]) -> Subscription:
        """Return the named plan, or else the first that fits."""
        fitting = [plan for plan in self.subscriptions.values() if plan.media == media]
        named = item.get("subscription_id")
        found = [plan for plan in fitting if named in {None, plan.id}]
        if not found:
            raise Refusal("No active subscription found")
        plan = found[0]
        if plan.expires <= self.clock.now():
            raise Refusal("Subscription has expired")
        if not self.sandbox and self.left(plan) < plan.charge:
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
        if plan.revenue_share and not isinstance(item.get("price"), int | float):
            raise Refusal("Price is required")
        return _dimensions(item, plan, found)

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

    def history(self, media: Media) -> Callable[[Seen, Grant | None], Answer]:
        """Return a handler for the license history of a kind, filtered and sorted."""

        def tell(seen: Seen, grant: Grant | None) -> Answer:
            fits = _filter(seen, grant)
            rows = [one for one in self.purchases.all(media) if fits(one)]
            if seen.first("sort", "newest") != "oldest":
                rows.reverse()
            body = page_of(seen, rows, 20, 200)
            body["data"] = [one.described() for one in body["data"]]
            return reply(body)

        return tell

    def again(self, media: Media) -> Callable[[Seen, Grant | None, str], Answer]:
        """Return a handler for new links to licensed files."""

        def link(seen: Seen, _: Grant | None, license_id: str) -> Answer:
            bought = self.purchases.find(license_id, media)
            if bought is None:
                raise Problem(404, "License not found")
            if not bought.downloadable:
                raise Problem(403, "This license does not allow downloads")
            if self.library.find(media, bought.media_id) is None:
                raise Problem(404, "Media unavailable")
            size = seen.json().get("size", bought.size)
            if size != bought.size or seen.json().get("size") not in {None, *AGAIN[media]}:
                raise invalid("$.body.size", size)
            return reply({"url": self.links.make(bought)})

        return link


def _dimensions(
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


def _filter(seen: Seen, grant: Grant | None) -> Callable[[Purchase], bool]:
    """Return a function that tells whether a purchase passes the filters of a request."""
    wanted = seen.first("image_id") or seen.first("video_id")
    team = seen.first("team_history") == "true"
    who = seen.first("username") or ("" if team or grant is None else grant.username)
    name = seen.first("license")
    available = {"downloadable": True, "non_downloadable": False}
    downloadable = available.get(seen.first("download_availability"))
    since, until = _moment(seen, "start_date"), _moment(seen, "end_date")

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


def _moment(seen: Seen, name: str) -> datetime | None:
    text = seen.first(name)
    try:
        return moment(text) if text else None
    except ValueError as error:
        raise invalid(f"$.query.{name}", text) from error
