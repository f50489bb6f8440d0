"""The subscription that includes the size, has downloads left and ends soonest is proposed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from affiliate.errors import PurchaseRefused
from affiliate.licensing.models import Asset, Format, LicenseRequest, Price, Subscription
from affiliate.licensing.offers import (
    LicenseOptions,
    Offer,
    choose_size_and_subscription,
    describe_total_cost,
    parse_price,
    validate_offer,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASSET = Asset(id="1", sizes=frozenset({"small", "medium", "huge"}))


def plan(name: str, *sizes: str, days: int = 30, **fields: Any) -> Subscription:
    usual: dict[str, Any] = {
        "asset_type": "images",
        "license": "standard",
        "expires": NOW + timedelta(days=days),
        "downloads_left": 5,
        "formats": tuple(Format(size=size) for size in sizes),
    }
    return Subscription(id=name, **{**usual, **fields})


def proposed(*plans: Subscription, taken: Any = None, **ask: Any) -> tuple[str, str]:
    size, found = choose_size_and_subscription(
        LicenseOptions(**ask), ASSET, plans, NOW, taken or {}
    )
    return size, found.id


def test_the_one_that_ends_soonest() -> None:
    """Of those that include the size; expired and empty ones don't count."""
    plans = (
        plan("late", "huge", days=90),
        plan("soon", "huge", days=9),
        plan("other", "small", days=1),
        plan("over", "huge", days=-1),
        plan("empty", "huge", days=2, downloads_left=0),
        plan("footage", "huge", days=2, asset_type="videos"),
        plan("endless", "huge", expires=None),
    )
    assert proposed(*plans) == ("huge", "soon")
    assert proposed(*plans, taken={"soon": 5}) == ("huge", "late")
    assert proposed(*plans, size="small") == ("small", "other")
    assert proposed(*plans, subscription_id="late") == ("huge", "late")


def test_the_best_size_that_any_includes() -> None:
    """Without a size asked for, the largest that can be had."""
    assert proposed(plan("a", "small"), plan("b", "medium")) == ("medium", "b")


def test_comps_only_when_asked_for() -> None:
    """A comp subscription licenses comps and nothing else."""
    plans = (plan("a", "huge"), plan("c", "huge", license="premier_comp", days=1))
    assert proposed(*plans) == ("huge", "a")
    assert proposed(*plans, comp=True) == ("huge", "c")


@pytest.mark.parametrize(
    ("plans", "ask", "words"),
    [
        ((), {}, "No subscription"),
        ((plan("a", "huge"),), {"subscription_id": "b"}, "No subscription"),
        ((plan("a", "huge", days=-1),), {}, "a has expired"),
        ((plan("a", "huge", downloads_left=0),), {}, "a has no downloads left"),
        ((plan("a", "small"),), {"size": "huge"}, "a does not include the size huge"),
        ((plan("a", "vector"),), {"size": "vector"}, "no size vector"),
        ((plan("a", "small"),), {"size": "4k"}, "no size '4k'"),
    ],
)
def test_why_there_is_none(plans: Any, ask: Any, words: str) -> None:
    """The reason is said, and the subscription named."""
    with pytest.raises(PurchaseRefused, match=words):
        proposed(*plans, **ask)


def offer(one: Subscription, **fields: Any) -> Offer:
    wanted = LicenseRequest(**{"id": "1", "size": "huge", "subscription_id": one.id, **fields})
    return Offer(asset=ASSET, subscription=one, request=wanted)


def test_api_subscriptions_demand_price_and_customer() -> None:
    """Both are missing until they are said."""
    api = plan("rs", "huge", price_per_download=Price(Decimal(2), "USD"), metadata_fields=("job",))
    assert offer(api).missing == ("price", "customer_id", "job")
    whole = offer(api).with_values({"price": "9.50", "customer_id": "c", "job": "x"})
    assert whole.missing == ()
    assert (whole.request.price, whole.request.customer_id) == (Decimal("9.50"), "c")
    assert whole.request.metadata == {"job": "x"}


@pytest.mark.parametrize(
    "fields",
    [
        {"price": Decimal(1)},
        {"custom": (800, 600), "size": "custom"},
        {"custom": (99, 0), "size": "custom"},
        {"custom": (0, 0), "size": "custom"},
        {"custom": (800, 0)},
        {"size": "custom"},
        {"metadata": {"a": "1", "b": "2", "c": "3", "d": "4"}, "customer_id": "5"},
    ],
)
def test_what_the_agency_would_refuse_is_refused_here(fields: dict[str, Any]) -> None:
    """Prices where none belong, two sides or none, five fields with the customer's id."""
    with pytest.raises(PurchaseRefused):
        validate_offer(offer(plan("a", "huge"), **fields))


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0.00",
        "-1",
        "+1",
        "abc",
        "1e3",
        "1e99",
        "nan",
        "1.234",
        "1_0",
        "1,234",
        "1 234",
        "\uff11\uff12",
        "12 USD",
        "1.",
        ".5",
        "",
    ],
)
def test_prices_that_are_none(text: str) -> None:
    """A price is above 0 and has cents at most."""
    with pytest.raises(PurchaseRefused):
        parse_price(text)


@pytest.mark.parametrize("text", ["12.34", " 12.3 ", "999999999", "0.01"])
def test_prices_are_exact(text: str) -> None:
    """What is typed is what is sent, to the cent."""
    assert str(parse_price(text)) == text.strip()


def test_formats_decide_the_size() -> None:
    """EPS is the vector size, and JPEG every other; only images have the choice."""
    item = Asset(id="1", sizes=frozenset({"huge", "vector"}))
    plans = [plan("a", "huge", "vector")]
    for wanted, size in (("eps", "vector"), ("jpg", "huge"), ("", "huge")):
        assert (
            choose_size_and_subscription(LicenseOptions(format=wanted), item, plans, NOW, {})[0]
            == size
        )
    for ask in (
        LicenseOptions(format="eps", size="huge"),
        LicenseOptions(format="jpg", size="vector"),
        LicenseOptions(format="eps", custom=(800, 0)),
        LicenseOptions(media="editorial", format="jpg"),
    ):
        with pytest.raises(PurchaseRefused):
            choose_size_and_subscription(ask, item, [plan("a", asset_type="")], NOW, {})
    with pytest.raises(PurchaseRefused, match="no eps to license"):
        choose_size_and_subscription(LicenseOptions(format="eps"), ASSET, plans, NOW, {})


def test_what_it_costs_is_said_beforehand() -> None:
    """Downloads, nothing for a comp, and for API subscriptions the prices that are known."""
    api = plan("rs", "huge", price_per_download=Price(Decimal("2.5"), "EUR"))
    assert offer(plan("a", "huge")).cost == "1 download"
    assert offer(plan("c", "huge", license="premier_comp")).cost == "no download (comp)"
    assert offer(api).cost.startswith("price to be said to the customer, 2.50 EUR each")
    assert offer(plan("p", license="platform"), price=Decimal("9.50")).cost.startswith(
        "price 9.50 to the customer; the agency"
    )


def offered(license: str = "standard", price: str | None = None, **fields: Any) -> Offer:  # noqa: A002
    wanted = LicenseRequest(id="1", size="huge", price=None if price is None else Decimal(price))
    return Offer(asset=ASSET, subscription=plan("s", license=license), request=wanted, **fields)


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        ([offered()], "1 download"),
        ([offered(), offered(), offered("comp")], "2 downloads, 1 comp"),
        ([offered("platform", "9"), offered("platform", "0.50")], "price 9.50 to your customers"),
        ([offered("platform"), offered()], "1 price to be said, 1 download"),
        (
            [offered(takes=(3, "credits"), cost_text="x"), offered(takes=(2, "credits"))],
            "5 credits",
        ),
        ([offered(takes=(2, "downloads"), cost_text="x")], "2 downloads"),
        ([offered(cost_text="1 of 10")], "1 license whose cost is not said in numbers"),
    ],
)
def test_costs_are_summed_up(offers: list[Offer], words: str) -> None:
    """By what each takes; what the agency doesn't say in numbers is counted apart."""
    assert describe_total_cost(offers) == words
