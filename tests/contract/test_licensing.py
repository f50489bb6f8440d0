"""What the paying side asks, against the official OpenAPI description: nothing is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from affiliate.errors import RequestRefused, UnclearOutcome
from affiliate.licensing.accounts import shutterstock_schema
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.models import MEDIA_ENDPOINTS, LicenseRequest, MediaKind
from affiliate.transport.client import Transport
from tests.support.official import upstream

DAY = datetime(2026, 3, 1, tzinfo=UTC)
METADATA = {"job": "7", "client": "A", "other": "B"}
ITEMS: list[dict[str, Any]] = [
    *({"size": size} for size in MEDIA_ENDPOINTS["image"].sizes if size != "custom"),
    {"size": "custom", "custom": (800, 0)},
    {"size": "custom", "custom": (0, 600)},
    {"size": "huge", "price": Decimal("12.34"), "customer_id": "c1", "metadata": METADATA},
    {"size": "small", "editorial_ok": True, "search_id": "abc"},
    *({"media": "video", "size": size} for size in MEDIA_ENDPOINTS["video"].sizes),
    {"media": "video", "size": "hd", "price": Decimal(9), "customer_id": "c", "editorial_ok": True},
]
CLIPS = "premier_editorial_video_comp"
EDITORIAL: list[dict[str, Any]] = [
    *({"media": "editorial", "size": size} for size in MEDIA_ENDPOINTS["editorial"].sizes),
    {"media": "editorial-video", "size": "original", "license": CLIPS},
]


@pytest.fixture
def account(mock: str, transport: Transport) -> ShutterstockAccount:
    """Return an account at an API that checks requests strictly."""
    return ShutterstockAccount(transport, url=mock, token=lambda: "token")


def license(account: ShutterstockAccount, **fields: Any) -> None:  # noqa: A001 - as the account calls it
    """Buy the example, whatever item the mock's answer describes."""
    wanted = LicenseRequest(**{"id": "59656357", "subscription_id": "s1", **fields})
    try:
        account.license([wanted])
    except RequestRefused as error:
        pytest.fail(str(error))
    except UnclearOutcome as error:
        if "what was asked for" not in error.message:
            raise


@pytest.mark.parametrize("fields", ITEMS)
def test_purchases_are_understood(account: ShutterstockAccount, fields: dict[str, Any]) -> None:
    """Every size and option of images and videos."""
    license(account, **fields)


@pytest.mark.parametrize("fields", EDITORIAL)
def test_editorial_purchases_are_understood(
    account: ShutterstockAccount, fields: dict[str, Any]
) -> None:
    """They name a license and a country, and no subscription."""
    usual = {"subscription_id": "", "license": "premier_editorial_comp", "country": "USA"}
    license(account, **{**usual, **fields})


def test_the_check_is_strict(account: ShutterstockAccount) -> None:
    """A size that doesn't exist is refused, so the tests above say something."""
    with pytest.raises(RequestRefused):
        account.license([LicenseRequest(id="1", size="giant")])


@pytest.mark.parametrize("media", ["image", "editorial"])
def test_histories_are_understood(account: ShutterstockAccount, media: MediaKind) -> None:
    """All filters at once, and the first row is read."""
    filters: dict[str, Any] = {"license": "standard", "since": DAY, "until": DAY}
    rows = account.iter_history(media, media_id="12345", newest_first=False, **filters)
    assert next(rows).id
    assert next(account.iter_history(media)).downloaded_at.tzinfo


@pytest.mark.parametrize("media", ["video", "editorial-video"])
def test_histories_of_videos_are_understood(account: ShutterstockAccount, media: MediaKind) -> None:
    """The same filters; the mock's answer, made of the schema's example, holds an image."""
    params = [
        (MEDIA_ENDPOINTS[media].history_filter, "12345"),
        ("sort", "newest"),
        ("per_page", "200"),
    ]
    assert account.call("GET", f"{MEDIA_ENDPOINTS[media].path}/licenses", params)["data"]


@pytest.mark.parametrize("media", ["image", "video"])
def test_links_are_understood(account: ShutterstockAccount, media: MediaKind) -> None:
    """A license's file is asked for again by its size, or as it was."""
    for size in ("", MEDIA_ENDPOINTS[media].sizes[0]):
        assert account.request_download_link(media, "e123", size).startswith("https://")


def test_subscriptions_and_user_are_read(account: ShutterstockAccount) -> None:
    """The description's own examples come out whole."""
    [plan] = account.list_subscriptions()
    assert (plan.id, plan.license, plan.downloads_left) == ("s8906043", "standard", 5)
    assert [one.size for one in plan.formats] == ["small", "medium", "vector"]
    assert account.fetch_user().username == "jdoe"
    assert "licenses.create" in account.fetch_token_details().scopes


def test_assets_are_read(account: ShutterstockAccount) -> None:
    """Details say what can be licensed; those of the example's image name thumbnails alone."""
    assert account.fetch_asset("image", "1").sizes == frozenset()
    example = upstream("shutterstock", "examples", "get-videos-id-200.json").read_bytes()
    clip = shutterstock_schema.to_asset(
        "video", msgspec.json.decode(example, type=shutterstock_schema.Details)
    )
    assert clip.sizes == {"web", "sd", "hd"}
