"""Adobe Stock: what it alone does when licenses are bought."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.errors import AgencyError, BadCredentials, NotFound, PurchaseRefused
from affiliate.licensing.accounts.adobe_stock import AdobeAccount
from tests.dialects.adobe_shop import EDITORIAL, LICENSE, VECTOR, VIDEO, AdobeShop
from tests.dialects.selling import FIRST, Fault
from tests.dialects.serving import answer_json
from tests.simulator.clock import Clock
from tests.support.calling import open_transport
from tests.support.shops import OpenShop, ShopDesk, open_counter, open_shop

ONE = str(FIRST)


@pytest.fixture
def at() -> Iterator[OpenShop]:
    with open_shop(AdobeShop) as one:
        yield one


@pytest.fixture
def shop(at: OpenShop) -> AdobeShop:
    assert isinstance(at.shop, AdobeShop)
    return at.shop


@pytest.fixture
def desk(at: OpenShop, tmp_path: Path) -> Iterator[ShopDesk]:
    with open_counter(at, tmp_path, Clock()) as one:
        yield one


@pytest.fixture
def account(at: OpenShop) -> Iterator[AdobeAccount]:
    with open_transport() as transport:
        yield AdobeAccount(transport, url=at.url, keys=at.shop.keys)


def test_the_cost_is_said_in_its_words(shop: AdobeShop, desk: ShopDesk) -> None:
    """With the licenses that are left; a price where only that buys."""
    assert desk.offer(ONE)[0].cost == "This will use 1 of your 10 licenses."
    shop.quota, shop.overage = 0, True
    assert "$2.99" in desk.offer(ONE)[0].cost


def test_what_it_will_not_license_is_refused_with_its_reason(
    at: OpenShop, shop: AdobeShop, desk: ShopDesk
) -> None:
    """Before anything is sent."""
    shop.quota = 0
    with pytest.raises(PurchaseRefused, match="don't have enough standard credits"):
        desk.offer(ONE)
    assert at.count_tries() == 0


def test_credits_spent_meanwhile_fail_that_work(shop: AdobeShop, desk: ShopDesk) -> None:
    """An answer that says not_possible is no purchase and no unknown."""
    offers = desk.offer(ONE)
    shop.quota = 0
    [outcome] = desk.desk.license(offers)
    assert outcome.purchase
    assert (outcome.purchase.state, shop.sold) == ("failed", [])
    assert "not_possible" in (outcome.purchase.error or "")


def test_each_kind_of_license_is_one_of_its_own(shop: AdobeShop, desk: ShopDesk) -> None:
    """Extended is bought beside Standard, and found again though the answer was lost."""
    desk.license(ONE)
    shop.misbehave(Fault(acts=True))
    [outcome] = desk.license(ONE, size="Extended")
    assert outcome.purchase
    assert outcome.purchase.license_id == f"{ONE}-extended"
    assert [one.size for one in shop.sold] == ["Standard", "Extended"]


def test_clips_have_kinds_of_their_own(desk: ShopDesk, shop: AdobeShop) -> None:
    """In HD unless 4K is asked for; a kind for pictures is refused."""
    desk.license(VIDEO, media="video")
    assert [one.size for one in shop.sold] == ["Video_HD"]
    with pytest.raises(PurchaseRefused, match="Video_HD, Video_4K"):
        desk.offer(VIDEO, media="video", size="Standard")


@pytest.mark.parametrize(
    ("media_id", "media", "words"),
    [(VECTOR, "image", "can't be checked"), (VIDEO, "image", "it is a video")],
)
def test_what_cannot_be_checked_is_not_bought(
    desk: ShopDesk, media_id: str, media: str, words: str
) -> None:
    """Vectors come as AI, SVG or ZIP; a clip is no picture."""
    with pytest.raises(PurchaseRefused, match=words):
        desk.offer(media_id, media=media)


def test_an_editorial_work_is_not_offered(desk: ShopDesk) -> None:
    """No search finds it, and the API doesn't say with a work that it is editorial."""
    with pytest.raises(NotFound, match="editorial"):
        desk.offer(EDITORIAL)


def test_an_expired_token_is_said_and_nothing_sent(at: OpenShop, tmp_path: Path) -> None:
    """Its kind tells the owner that the key or token is to be mended."""
    keys = {**at.shop.keys, "ACCESS_TOKEN": "old"}
    with (
        open_counter(at, tmp_path, Clock(), keys) as desk,
        pytest.raises(BadCredentials, match="Oauth token is not valid"),
    ):
        desk.offer(ONE)
    assert at.count_tries() == 0


def test_the_purchase_is_a_get_that_is_never_repeated(at: OpenShop, desk: ShopDesk) -> None:
    """Though other GETs whose connection is lost are, and Adobe would not mind."""
    at.shop.misbehave(Fault())
    desk.license(ONE)
    assert [(one.method, one.path) for one in at.requests if at.shop.buys(one)] == [
        ("GET", LICENSE)
    ]


def test_license_again_is_never_sent(at: OpenShop, desk: ShopDesk) -> None:
    """It alone could make Adobe sell a work twice."""
    desk.license(ONE, force=True)
    assert not any("license_again" in one.params for one in at.requests)


def test_the_token_goes_to_adobe_alone(shop: AdobeShop, account: AdobeAccount) -> None:
    """An address elsewhere is no address of a file."""
    shop.sell(ONE, "Standard")
    link = account.request_download_link("image", f"{ONE}-standard", "")
    assert link.startswith(shop.url)
    shop.url = "https://elsewhere.example"
    with pytest.raises(AgencyError, match="not at Adobe"):
        account.request_download_link("image", f"{ONE}-standard", "")
    shop.url = "http://stock.adobe.com"  # where anyone on the way could read it
    with pytest.raises(AgencyError, match="not at Adobe"):
        account.request_download_link("image", f"{ONE}-standard", "")


def test_the_history_is_read_to_its_end(shop: AdobeShop, account: AdobeAccount) -> None:
    """Page after page, each kind of media by itself, with names that tell licenses apart."""
    for n in range(205):
        shop.sell(str(FIRST + 100 + n), "Standard")
    shop.sell(VIDEO, "Video_HD")
    rows = list(account.iter_history("image"))
    assert len({one.id for one in rows}) == 205
    assert [one.id for one in account.iter_history("video")] == [f"{VIDEO}-video_hd"]
    newest = shop.sold[-2].moment
    assert rows[0].downloaded_at == newest.replace(second=0, microsecond=0)


def test_an_answer_about_another_work_is_unclear(shop: AdobeShop, desk: ShopDesk) -> None:
    """It is settled by what the account has, and that is nothing."""
    details = {"purchase_details": {"state": "just_purchased", "url": ""}}
    shop.misbehave(Fault(answer=answer_json({"contents": {"1": details}})))
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert outcome.purchase.state == "unknown"


def test_a_state_of_payment_alone_is_unclear(shop: AdobeShop, desk: ShopDesk) -> None:
    """Overage says how it would be paid, not that it was bought."""
    details = {"purchase_details": {"state": "overage"}}
    shop.misbehave(Fault(answer=answer_json({"contents": {ONE: details}})))
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert outcome.purchase.state == "unknown"
