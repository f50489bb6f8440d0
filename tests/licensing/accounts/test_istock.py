"""iStock: what Getty Images alone does when licenses are bought."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.errors import NotFound, PurchaseRefused, RequestRefused
from affiliate.licensing.accounts.istock import IstockAccount
from tests.dialects.istock_shop import EDITORIAL, ELSEWHERE, IstockShop
from tests.dialects.selling import FIRST, Fault
from tests.simulator.clock import Clock
from tests.support.calling import open_transport
from tests.support.shops import OpenShop, ShopDesk, open_counter, open_shop

ONE, TWO, THREE = (str(FIRST + n) for n in range(3))


@pytest.fixture
def at() -> Iterator[OpenShop]:
    with open_shop(IstockShop) as one:
        yield one


@pytest.fixture
def shop(at: OpenShop) -> IstockShop:
    assert isinstance(at.shop, IstockShop)
    return at.shop


@pytest.fixture
def desk(at: OpenShop, tmp_path: Path) -> Iterator[ShopDesk]:
    with open_counter(at, tmp_path, Clock()) as one:
        yield one


@pytest.fixture
def account(at: OpenShop) -> Iterator[IstockAccount]:
    with open_transport() as transport:
        yield IstockAccount(transport, url=at.url, keys=at.shop.keys)


def test_a_subscription_is_taken_before_credits(shop: IstockShop, desk: ShopDesk) -> None:
    """While it has downloads left; credits are counted by the agency alone."""
    shop.left = 1
    first, second = desk.offer(ONE, TWO)
    assert (first.subscription.id, first.cost) == ("55", "1 download")
    assert (second.subscription.id, second.cost) == ("77", "credits, how many is not said")
    list(desk.desk.license([first, second]))
    assert [one.plan for one in shop.sold] == ["55", "77"]


def test_lost_purchases_of_both_kinds_are_found(shop: IstockShop, desk: ShopDesk) -> None:
    """That of credits in a history of its own."""
    for plan in ("55", "77"):
        shop.misbehave(Fault(acts=True))
        media_id = {"55": ONE, "77": TWO}[plan]
        [outcome] = desk.license(media_id, subscription_id=plan)
        assert outcome.purchase
        assert outcome.purchase.state == "licensed"
        assert f"{media_id}-{plan}-" in (outcome.purchase.license_id or "")


def test_the_product_named_is_used_or_none(desk: ShopDesk) -> None:
    """An inactive one can't be."""
    assert desk.offer(ONE, subscription_id="77")[0].request.subscription_id == "77"
    with pytest.raises(PurchaseRefused, match="No product 66 may download it"):
        desk.offer(ONE, subscription_id="66")


def test_what_no_product_may_download_is_refused(at: OpenShop, desk: ShopDesk) -> None:
    """Before anything is sent."""
    with pytest.raises(PurchaseRefused, match="No product of the account may download it"):
        desk.offer(ELSEWHERE)
    assert at.count_tries() == 0


def test_a_project_code_is_asked_for_where_it_is_needed(
    at: OpenShop, shop: IstockShop, desk: ShopDesk
) -> None:
    """Without it nothing is sent; with it, it stands in the body."""
    shop.project = True
    [offer] = desk.offer(ONE)
    assert offer.missing == ("project_code",)
    with pytest.raises(PurchaseRefused, match="needs project_code"):
        list(desk.desk.license([offer]))
    assert at.count_tries() == 0
    list(desk.desk.license([offer.with_values({"project_code": "garden"})]))
    sent = next(one for one in at.requests if shop.buys(one))
    assert sent.json() == {"project_code": "garden"}


def test_a_field_that_it_does_not_have_is_refused(shop: IstockShop, tmp_path: Path) -> None:
    """Two there are."""
    with (
        open_shop(IstockShop) as other,
        open_counter(other, tmp_path, Clock()) as desk,
        pytest.raises(PurchaseRefused, match="'client' is no field here"),
    ):
        desk.offer(ONE, metadata={"client": "A"})
    assert shop.sold == []


def test_an_editorial_picture_needs_the_notice(at: OpenShop, desk: ShopDesk) -> None:
    """Without agreement nothing is sent."""
    [offer] = desk.offer(EDITORIAL)
    with pytest.raises(PurchaseRefused, match="is editorial"):
        list(desk.desk.license([offer]))
    assert at.count_tries() == 0


def test_a_refusal_of_one_picture_is_its_own(shop: IstockShop, desk: ShopDesk) -> None:
    """A limit that is reached stands in a 403, which is about this download alone."""
    shop.misbehave(Fault(answer=shop.refusal()))
    outcomes = desk.license(ONE, TWO)
    assert [one.purchase.state for one in outcomes if one.purchase] == ["failed", "licensed"]


def test_a_wrong_password_is_said_and_nothing_sent(at: OpenShop, tmp_path: Path) -> None:
    """It is no unknown purchase, and stands in no message."""
    keys = {**at.shop.keys, "PASSWORD": "wr0ng-p4ss"}
    with open_counter(at, tmp_path, Clock(), keys) as desk:
        with pytest.raises(RequestRefused, match="Wrong password") as caught:
            desk.offer(ONE)
        assert "wr0ng-p4ss" not in str(caught.value)
    assert at.count_tries() == 0


def test_one_token_serves_all_calls(at: OpenShop, desk: ShopDesk) -> None:
    """Each call for one counts against the limit of the key."""
    desk.license(ONE, TWO)
    assert sum(one.path == "/v4/oauth2/token" for one in at.requests) == 1


def test_the_history_is_read_to_its_end(shop: IstockShop, account: IstockAccount) -> None:
    """Both kinds, newest first, though each has pages of its own."""
    for n in range(205):
        shop.sell(str(FIRST + n % 3), "x_large", "77" if n % 2 else "55")
    rows = list(account.iter_history("image"))
    assert len({one.id for one in rows}) == 205
    moments = [one.downloaded_at for one in rows]
    assert moments == sorted(moments, reverse=True)
    assert {one.media_id for one in account.iter_history("image", media_id=THREE)} == {THREE}
    assert list(account.iter_history("video")) == []


def test_a_file_comes_once(account: IstockAccount, desk: ShopDesk) -> None:
    """No way to have it again is documented, so the offer says so and there is no link."""
    assert desk.offer(ONE)[0].once
    with pytest.raises(NotFound, match="no way to fetch"):
        account.request_download_link("image", "1", "")
