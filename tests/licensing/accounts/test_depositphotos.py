"""Depositphotos: what it alone does when licenses are bought."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.errors import BadAnswer, BadCredentials, NotFound, PurchaseRefused
from affiliate.licensing.accounts.depositphotos import DepositphotosAccount
from tests.dialects.depositphotos_shop import CLIP, EDITORIAL, DepositphotosShop, failure
from tests.dialects.selling import FIRST, Fault
from tests.dialects.serving import answer_json
from tests.simulator.clock import Clock
from tests.support.calling import open_transport
from tests.support.shops import OpenShop, ShopDesk, open_counter, open_shop

ONE, TWO = str(FIRST), str(FIRST + 1)


@pytest.fixture
def at() -> Iterator[OpenShop]:
    with open_shop(DepositphotosShop) as one:
        yield one


@pytest.fixture
def shop(at: OpenShop) -> DepositphotosShop:
    assert isinstance(at.shop, DepositphotosShop)
    return at.shop


@pytest.fixture
def desk(at: OpenShop, tmp_path: Path) -> Iterator[ShopDesk]:
    with open_counter(at, tmp_path, Clock()) as one:
        yield one


@pytest.fixture
def account(at: OpenShop) -> Iterator[DepositphotosAccount]:
    with open_transport() as transport:
        yield DepositphotosAccount(transport, url=at.url, keys=at.shop.keys)


def test_a_subscription_pays_while_it_has_downloads(
    shop: DepositphotosShop, desk: ShopDesk
) -> None:
    """Then credits do, and what they cost and leave is said; then nothing is bought."""
    shop.left, shop.credits = 1, 12
    first, second = desk.offer(ONE, TWO)
    assert (first.subscription.id, first.cost) == (
        shop.plan,
        "1 download of the subscription",
    )
    assert second.subscription.id == ""
    assert second.cost == "10 of 12 credits, unless Depositphotos takes other funds"
    list(desk.desk.license([first, second]))
    assert [one.plan for one in shop.sold] == [shop.plan, ""]
    with pytest.raises(PurchaseRefused, match="Neither a subscription nor credits"):
        desk.offer(str(FIRST + 2))


def test_the_subscription_named_pays_or_nothing_does(
    shop: DepositphotosShop, desk: ShopDesk
) -> None:
    """Never another, nor credits."""
    shop.credits = 100
    assert desk.offer(ONE, subscription_id=shop.plan)[0].request.subscription_id == shop.plan
    with pytest.raises(PurchaseRefused, match="'4711' has downloads left"):
        desk.offer(ONE, subscription_id="4711")


def test_sizes_are_those_of_the_picture(desk: ShopDesk, shop: DepositphotosShop) -> None:
    """The best unless one is named; a clip has none of them."""
    assert desk.offer(ONE)[0].request.size == "xl"
    desk.license(ONE, size="m")
    assert [one.size for one in shop.sold] == ["m"]
    with pytest.raises(PurchaseRefused, match="it has xl, m, s"):
        desk.offer(ONE, size="l")
    with pytest.raises(PurchaseRefused, match="no JPEG file"):
        desk.offer(CLIP)


def test_another_size_is_another_license(desk: ShopDesk, shop: DepositphotosShop) -> None:
    """Where it is named; each lost answer finds its own."""
    for size in ("m", "s"):
        shop.misbehave(Fault(acts=True))
        [outcome] = desk.license(ONE, size=size)
        assert outcome.purchase
        assert outcome.purchase.license_id == str(len(shop.sold))
    assert [one.size for one in shop.sold] == ["m", "s"]


def test_an_editorial_picture_needs_the_notice(at: OpenShop, desk: ShopDesk) -> None:
    """Without agreement nothing is sent."""
    [offer] = desk.offer(EDITORIAL)
    with pytest.raises(PurchaseRefused, match="is editorial"):
        list(desk.desk.license([offer]))
    assert at.count_tries() == 0
    list(desk.desk.license([offer.with_notice_accepted()]))
    assert at.list_bought() == [EDITORIAL]


def test_a_wrong_password_is_said_and_nothing_sent(at: OpenShop, tmp_path: Path) -> None:
    """It is no unknown purchase."""
    keys = {**at.shop.keys, "PASSWORD": "wr0ng-p4ss"}
    with open_counter(at, tmp_path, Clock(), keys) as desk:
        with pytest.raises(BadCredentials, match="Wrong login") as caught:
            desk.offer(ONE)
        assert "wr0ng-p4ss" not in str(caught.value)
    assert at.count_tries() == 0


def test_one_session_serves_all_calls(at: OpenShop, desk: ShopDesk) -> None:
    """Logging in once is enough; it stands in no address."""
    desk.license(ONE, TWO)
    logins = [one for one in at.requests if one.params.get("dp_command") == "login"]
    assert len(logins) == 1
    assert {one.method for one in at.requests if "dp_command" in one.params} == {"POST"}


def test_a_session_that_is_over_buys_nothing(shop: DepositphotosShop, desk: ShopDesk) -> None:
    """The owner runs it again; nothing is unknown."""
    offers = desk.offer(ONE)
    shop.misbehave(Fault(answer=failure(403, "Illegal session", "EAPI\\EIllegalSession")))
    with pytest.raises(BadCredentials):
        list(desk.desk.license(offers))
    assert desk.states() == ["failed"]


def test_a_fault_inside_the_agency_is_unclear(shop: DepositphotosShop, desk: ShopDesk) -> None:
    """It may have sold before it failed, and did."""
    fault = failure(0, "Internal error", "EApi\\EInternalError")
    shop.misbehave(Fault(acts=True, answer=fault))
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert outcome.purchase.state == "licensed"


def test_an_answer_about_another_picture_is_unclear(
    shop: DepositphotosShop, desk: ShopDesk
) -> None:
    """It is settled by the history."""
    wrong = {"type": "success", "licenseId": 9, "downloadLink": "", "itemId": 1}
    shop.misbehave(Fault(acts=True, answer=answer_json(wrong)))
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert (outcome.purchase.state, outcome.purchase.license_id) == ("licensed", "1")


def test_the_history_is_read_to_its_end(
    shop: DepositphotosShop, account: DepositphotosAccount
) -> None:
    """Newest first, page after page, of one picture or of all."""
    for n in range(205):
        shop.sell(str(FIRST + n % 2), "m")
    rows = list(account.iter_history("image"))
    assert [one.id for one in rows] == [str(n) for n in range(205, 0, -1)]
    assert rows[0].downloaded_at > rows[-1].downloaded_at
    assert {one.media_id for one in account.iter_history("image", media_id=ONE)} == {ONE}
    assert list(account.iter_history("video")) == []


def test_moments_are_read_as_the_examples_write_them_too(
    shop: DepositphotosShop, account: DepositphotosAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should Unix times not be given; what can't be read is no license's date."""
    shop.sell(ONE, "m")
    row = shop.row(shop.sold[0])
    for text, year in (("Feb.24, 2017 16:15:44", 2017), ("yesterday", 0), ("9" * 15, 0)):
        monkeypatch.setattr(shop, "row", lambda _, text=text: {**row, "purchaseDate": text})
        if year:
            assert next(account.iter_history("image")).downloaded_at.year == year
        else:
            with pytest.raises(BadAnswer, match="date of a license"):
                next(account.iter_history("image"))


def test_a_file_can_be_had_again(shop: DepositphotosShop, account: DepositphotosAccount) -> None:
    """By the license; an unknown one has none."""
    shop.sell(ONE, "m")
    assert account.request_download_link("image", "1", "m").startswith(shop.url)
    with pytest.raises(NotFound):
        account.request_download_link("image", "2", "m")
