"""At each agency that sells for real alone, the owner's money is kept by the same rules."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from affiliate.agencies import AGENCIES
from affiliate.config.setting_table import get_setting_prefix
from affiliate.errors import PurchaseRefused
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.seller import Seller
from affiliate.transport.client import Transport
from app import create_app
from tests.dialects import selling
from tests.dialects.selling import COUNT, FIRST, GATEWAY, Fault, Shop, make_picture
from tests.dialects.serving import Answer
from tests.simulator.clock import Clock
from tests.support.ledgers import place_ledger
from tests.support.shops import (
    SHOPS,
    OpenShop,
    ShopDesk,
    make_settings,
    open_counter,
    read_purchases,
)

ONE, TWO, THREE = (str(FIRST + n) for n in range(3))
GONE = str(FIRST + COUNT)
MORE_THAN_ONCE = [one for one in SHOPS if one.name != "adobe-stock"]
"""The shops that sell the same work again; at Adobe, who has it is told so."""
ONCE = [one for one in SHOPS if one not in MORE_THAN_ONCE]
GIVEN_ONCE = [one for one in SHOPS if one.name == "istock"]
"""The shops whose files come with the purchase alone."""
GIVEN_AGAIN = [one for one in SHOPS if one not in GIVEN_ONCE]


def those(shops: Sequence[type[Shop]]) -> pytest.MarkDecorator:
    """Ask these shops alone."""
    assert shops
    return pytest.mark.parametrize("at", shops, indirect=True, ids=lambda one: one.name)


@pytest.fixture
def app(at: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """In a folder of its own, where files that come once go."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    place_ledger(tmp_path)
    return create_app(make_settings(at, tmp_path))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(at: OpenShop, tmp_path: Path, clock: Clock) -> Iterator[ShopDesk]:
    with open_counter(at, tmp_path, clock) as one:
        yield one


def run(app: Flask, at: OpenShop, *arguments: str, says: str = "") -> Result:
    command = ["license", "--agency", at.shop.name, *arguments]
    return app.test_cli_runner().invoke(args=command, input=says)


def test_every_seller_has_the_account_that_the_desk_needs() -> None:
    """Each is an agency of the list, whose settings its shop here knows in full."""
    assert {one.name for one in SHOPS} == set(SELLERS)
    for shop in SHOPS:
        needed = {*AGENCIES[shop.name].credentials[0], *AGENCIES[shop.name].buyer}
        assert needed == set(shop.keys)
        account: Seller = SELLERS[shop.name](Transport(), url="http://127.0.0.1", keys=shop.keys)
        assert not account.has_sandbox


def test_without_live_nothing_is_sent(at: OpenShop, app: Flask, tmp_path: Path) -> None:
    """What it would cost is said, and that only --live buys; nothing is recorded."""
    shown = run(app, at, ONE, "--yes")
    assert shown.exit_code == 0, shown.output
    assert "1 download" in shown.output or "1 of your 10 licenses" in shown.output
    assert "only --live buys" in shown.output
    assert "sandbox, which charges nothing" not in shown.output
    assert at.count_tries() == 0
    assert read_purchases(tmp_path) == []


def test_a_dry_run_of_the_real_account_buys_nothing(at: OpenShop, app: Flask) -> None:
    """Not even with --live."""
    assert run(app, at, ONE, "--live", "--dry-run").exit_code == 0
    assert at.count_tries() == 0


def test_a_license_is_bought_recorded_and_fetched(at: OpenShop, app: Flask, tmp_path: Path) -> None:
    """The record says where; the file is whole and under its name, and nothing else is there."""
    folder = tmp_path / "files"
    shown = run(app, at, ONE, "--live", "--dir", str(folder), says="y\n")
    assert shown.exit_code == 0, shown.output
    assert "1 to license at a test server (127.0.0.1) " in shown.output
    assert at.list_bought() == [ONE]
    [done] = read_purchases(tmp_path)
    assert (done.agency, done.state, done.media_id) == (at.shop.name, "licensed", ONE)
    assert done.license_id
    assert f"licensed as {done.license_id}" in shown.output
    [file] = folder.iterdir()
    assert file.read_bytes() == make_picture(ONE)
    assert file.name.startswith(f"{ONE}-{done.size}-")


def test_no_secret_is_shown_or_recorded(at: OpenShop, tmp_path: Path, app: Flask) -> None:
    """Neither keys nor the addresses of files, whether all goes well or not."""
    at.shop.misbehave(Fault(answer=GATEWAY, acts=True))
    folder = str(tmp_path / "files")
    shown = run(app, at, ONE, TWO, GONE, "--live", "--yes", "--dir", folder).output
    secrets = [v for n, v in at.shop.keys.items() if n not in at.shop.public]
    secrets += [*at.shop.links, getattr(at.shop, "token", "none"), "5e55ion"]
    rows = repr(read_purchases(tmp_path))
    assert [one for one in secrets if one in shown or one in rows] == []


def test_keys_stand_in_no_address(at: OpenShop, app: Flask) -> None:
    """They go into headers and forms; the downloads of Adobe alone ask otherwise."""
    run(app, at, ONE, "--live", "--yes")
    for asked in at.requests:
        if asked.method == "GET" and "ownload" not in asked.path:
            assert not set(asked.params.values()) & set(at.shop.keys.values())


def test_the_same_is_not_bought_twice(at: OpenShop, app: Flask) -> None:
    """Neither as it was asked for before nor in the size named."""
    assert run(app, at, ONE, "--live", "--yes").exit_code == 0
    again = run(app, at, ONE, "--live", "--yes")
    assert again.exit_code == 1
    assert "was bought at" in again.output or "It was licensed" in again.output
    assert at.list_bought() == [ONE]


def test_one_that_fails_stops_no_other(at: OpenShop, app: Flask, tmp_path: Path) -> None:
    """Of three the second is refused and costs nothing; the others are bought.

    With the answer to the first its file was lost, where that comes once.
    """
    at.shop.misbehave(Fault(acts=True, answer=None))
    at.shop.misbehave(Fault(answer=at.shop.refusal()))
    shown = run(app, at, ONE, TWO, THREE, "--live", "--yes")
    assert shown.exit_code == (3 if at.shop.name == "istock" else 1), shown.output
    assert f"{TWO}: not licensed:" in shown.output
    assert at.list_bought() == [ONE, THREE]
    assert [one.state for one in read_purchases(tmp_path)] == ["licensed", "failed", "licensed"]


def test_one_that_is_withdrawn_meanwhile_stops_no_other(at: OpenShop, desk: ShopDesk) -> None:
    """Between offer and purchase; it was not bought, and the next is."""
    at.shop.misbehave(Fault(answer=at.shop.withdrawal()))
    outcomes = desk.license(ONE, TWO)
    assert [one.purchase.state for one in outcomes if one.purchase] == ["failed", "licensed"]
    assert at.list_bought() == [TWO]


def test_a_file_that_breaks_off_is_resumed(
    at: OpenShop, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where it broke off, and is whole under its name in the end."""
    monkeypatch.setattr(selling, "BREAKS", [9_000])
    folder = tmp_path / "files"
    shown = run(app, at, ONE, "--live", "--yes", "--dir", str(folder))
    assert shown.exit_code == 0, shown.output
    [file] = folder.iterdir()
    assert file.read_bytes() == make_picture(ONE)
    ranges = {asked.headers["range"] for asked in at.requests if "range" in asked.headers}
    assert ranges == {"bytes=9000-"}


def test_what_is_gone_is_said_and_the_rest_bought(at: OpenShop, app: Flask) -> None:
    """An id of nothing is said before anything is sent."""
    shown = run(app, at, GONE, "x/../1", ONE, "--live", "--yes")
    assert shown.exit_code == 1
    assert f"{GONE}: " in shown.output
    assert at.list_bought() == [ONE]


def test_a_lost_answer_is_settled_from_the_history(at: OpenShop, desk: ShopDesk) -> None:
    """Sent once and never again; what the agency did is found and written down."""
    answers = (None, GATEWAY, Answer(200, b"<html>"), Answer(200, b"{}"))
    for n, answer in enumerate(answers):
        at.shop.misbehave(Fault(acts=True, answer=answer))
        [outcome] = desk.license(str(FIRST + n))
        assert outcome.purchase, answer
        assert outcome.purchase.state == "licensed", answer
        assert outcome.purchase.license_id, answer
        assert (at.count_tries(), len(at.list_bought())) == (n + 1, n + 1), answer
    assert at.list_bought() == [str(FIRST + n) for n in range(len(answers))]


@pytest.mark.parametrize("answer", [None, GATEWAY], ids=["hung up", "gateway"])
def test_a_lost_request_is_unknown_until_it_is_settled(
    at: OpenShop, desk: ShopDesk, clock: Clock, answer: Answer | None
) -> None:
    """Nothing else is bought meanwhile; what the history lacks for long was not bought."""
    at.shop.misbehave(Fault(answer=answer))
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert outcome.purchase.state == "unknown"
    with pytest.raises(PurchaseRefused, match="is unknown"):
        desk.license(TWO, force=True)
    assert at.count_tries() == 1
    clock.move(minutes=11)
    [other] = desk.license(TWO)
    assert other.purchase
    assert other.purchase.state == "licensed"
    assert desk.states() == ["failed", "licensed"]
    assert at.list_bought() == [TWO]


def test_what_was_bought_after_we_hung_up_is_found_later(
    at: OpenShop, desk: ShopDesk, clock: Clock
) -> None:
    """The next purchase settles it first, so that it is not bought again."""
    at.shop.misbehave(Fault())
    desk.license(ONE)
    at.shop.sell(ONE, at.shop.size, at.shop.plan)
    assert desk.desk.settle() == []
    assert desk.states() == ["licensed"]
    clock.move(minutes=11)
    try:
        refused = desk.license(ONE)[0].refused
    except PurchaseRefused as error:
        refused = str(error)
    assert "was bought at" in refused or "It was licensed" in refused
    assert at.list_bought() == [ONE]


@those(MORE_THAN_ONCE)
def test_a_purchase_of_before_settles_nothing(at: OpenShop, desk: ShopDesk) -> None:
    """What was licensed earlier elsewhere is not taken for what was lost now."""
    at.shop.sell(ONE, at.shop.size, at.shop.plan, days_ago=3)
    at.shop.misbehave(Fault())
    [outcome] = desk.license(ONE)
    assert outcome.purchase
    assert outcome.purchase.state == "unknown"


def test_what_was_bought_today_elsewhere_is_refused(at: OpenShop, app: Flask) -> None:
    """As the agency's history has it, though no record here does."""
    at.shop.sell(ONE, at.shop.size, at.shop.plan)
    shown = run(app, at, ONE, "--live", "--yes")
    assert shown.exit_code == 1
    assert "bought" in shown.output or "It was licensed" in shown.output
    assert at.count_tries() == 0


@those(ONCE)
def test_forced_it_is_refused_where_it_is_sold_once(at: OpenShop, desk: ShopDesk) -> None:
    desk.license(ONE)
    with pytest.raises(PurchaseRefused, match="It was licensed"):
        desk.license(ONE, force=True)
    assert at.list_bought() == [ONE]


@those(MORE_THAN_ONCE)
def test_forced_it_is_bought_once_more(at: OpenShop, desk: ShopDesk) -> None:
    """Each purchase has a license of its own."""
    desk.license(ONE)
    at.shop.misbehave(Fault(acts=True))
    [outcome] = desk.license(ONE, force=True)
    assert outcome.purchase
    ids = {one.license_id for one in desk.purchases.list_all()}
    assert (at.list_bought(), len(ids), outcome.purchase.state) == ([ONE, ONE], 2, "licensed")


def test_what_the_api_cannot_express_is_refused(at: OpenShop, app: Flask) -> None:
    """No wish is dropped without a word."""
    for wish in (["--comp"], ["--price", "9"], ["--custom", "800x"], ["--country", "USA"]):
        shown = run(app, at, ONE, "--live", "--yes", *wish)
        assert shown.exit_code == 1
        assert "can't be asked for a" in shown.output
    assert "editorial" in run(app, at, ONE, "--live", "--yes", "--editorial").output
    assert at.count_tries() == 0


def test_missing_settings_are_named(at: OpenShop, tmp_path: Path) -> None:
    """Searching needs none of them; licensing says which it needs."""
    before = get_setting_prefix(at.shop.name)
    buyer = [before + name for name in AGENCIES[at.shop.name].buyer]
    settings = {n: v for n, v in make_settings(at, tmp_path).items() if n not in buyer}
    app = create_app(settings)
    assert [one.agency.name for one in app.extensions["services"].registry.configured] == [
        at.shop.name
    ]
    shown = run(app, at, ONE, "--live", "--yes")
    assert shown.exit_code == 1
    assert [name for name in buyer if name not in shown.output] == []
    assert at.requests == []


def test_a_buyers_settings_alone_switch_nothing_on(at: OpenShop, tmp_path: Path) -> None:
    """Nor are they a fault."""
    before = get_setting_prefix(at.shop.name)
    settings = {before + name: "x" for name in AGENCIES[at.shop.name].buyer}
    app = create_app({"DATA_DIR": str(tmp_path), **settings})
    assert [one.agency.name for one in app.extensions["services"].registry.configured] == ["demo"]


def had_again(app: Flask, at: OpenShop, tmp_path: Path) -> Result:
    """Buy a file and download it once more, into the folder ``again``."""
    run(app, at, ONE, "--live", "--yes")
    [done] = read_purchases(tmp_path)
    again = str(tmp_path / "again")
    command = ["download", "--agency", at.shop.name, str(done.license_id), "--dir", again]
    shown = app.test_cli_runner().invoke(args=command)
    assert at.count_tries() == 1
    return shown


@those(GIVEN_AGAIN)
def test_a_file_is_had_again(at: OpenShop, app: Flask, tmp_path: Path) -> None:
    """By `flask download`, for nothing."""
    shown = had_again(app, at, tmp_path)
    assert shown.exit_code == 0, shown.output
    [file] = (tmp_path / "again").iterdir()
    assert file.read_bytes() == make_picture(ONE)


@those(GIVEN_ONCE)
def test_why_a_file_is_not_had_again_is_said(at: OpenShop, app: Flask, tmp_path: Path) -> None:
    """Where that is not documented."""
    shown = had_again(app, at, tmp_path)
    assert shown.exit_code == 1
    assert "can't be downloaded again" in shown.output


def test_a_file_that_comes_once_is_fetched_without_being_asked(at: OpenShop, app: Flask) -> None:
    """Into the folder where the command runs; others wait for `flask download`."""
    run(app, at, ONE, "--live", "--yes")
    assert len(list(Path().iterdir())) == (1 if at.shop.name == "istock" else 0)
