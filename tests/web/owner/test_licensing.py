"""An owner buys a license at the desk by the rules of the command, once for each form."""

import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.connections import DATABASES
from affiliate.database.purchases import Purchase, Purchases
from affiliate.web.owner import license_buying, license_downloads, license_recovery
from app import create_app
from tests.dialects.selling import FIRST, Shop
from tests.simulator import (
    FIRST_EDITORIAL,
    FIRST_ID,
    FIRST_VIDEO,
    Simulator,
    hang_up,
    hold,
    platform,
    premier,
    report_clips,
    reports,
    revenue_share,
    run_first,
    simulator,
    standard,
)
from tests.simulator import answer_with as http_says
from tests.support.license_desk import SETTINGS, LicenseDesk, read_form, read_notes
from tests.support.licensing_command import make_site
from tests.support.owner_account import make_original
from tests.support.owner_desk import log_in
from tests.support.purchase_desk import (
    count_posts,
    find_editorial_id,
    list_ordinary_ids,
    lock_database,
)
from tests.support.shops import SHOPS, make_settings, open_shop

PATIENCE = 20.0
PATH = "/v2/images/licenses"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[Simulator]:
    with simulator(size=20, sandbox=True) as server:
        yield server


@pytest.fixture
def app(agency: Simulator, sandbox: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path, SHUTTERSTOCK_LICENSE_URL=sandbox.url, **SETTINGS)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return the browser of an owner, logged in."""
    browser = app.test_client()
    log_in(browser)
    return browser


@pytest.fixture
def desk(client: FlaskClient, agency: Simulator) -> LicenseDesk:
    """Return the desk of an ordinary picture."""
    return LicenseDesk(client, f"/owner/license/shutterstock/{list_ordinary_ids(agency)[0]}")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment alone for a locked database."""
    soon = DATABASES["sqlite"]._replace(connect_options={"timeout": 0.1})
    monkeypatch.setitem(DATABASES, "sqlite", soon)


def copy_browser(client: FlaskClient) -> FlaskClient:
    """Return another tab of the same browser, which can send beside the first."""
    other = client.application.test_client()
    other._cookies = dict(client._cookies or {})  # the jar of werkzeug's client
    return other


def read_purchases(app: Flask) -> list[Purchase]:
    return Purchases(app.extensions["services"].ledger).list_all()


def test_the_sandbox_is_the_default(
    desk: LicenseDesk, agency: Simulator, sandbox: Simulator, app: Flask
) -> None:
    """Unless the real account is chosen nothing is bought there, and the page says so."""
    assert "Sandbox: charges nothing" in desk.choose().text
    bought = desk.buy()
    assert bought.status_code == 303
    assert (len(sandbox.purchases), len(agency.purchases)) == (1, 0)
    page = desk.client.get(bought.headers["Location"])
    assert "<h1>Licensed</h1>" in page.text
    assert [row.state for row in read_purchases(app)] == ["licensed"]


def test_the_real_account_is_named_and_bought_in(
    desk: LicenseDesk, agency: Simulator, sandbox: Simulator
) -> None:
    """Both steps name the account, the size, the subscription with what is left, and the cost."""
    for page in (desk.choose(account="real"), desk.review(account="real")):
        text = read_notes(page)
        assert "as jdoe (the token in SHUTTERSTOCK_API_TOKEN)" in text
        assert "1 download" in text
        assert "left)" in text
    assert desk.buy(account="real").status_code == 303
    assert (len(sandbox.purchases), len(agency.purchases)) == (0, 1)


def test_the_button_asks_for_no_more_than_it_needs(desk: LicenseDesk, agency: Simulator) -> None:
    """Whose account it is and what there is to choose is for the steps before."""
    form = read_form(desk.review(account="real", size="small"))
    agency.requests.clear()
    assert desk.send(form).status_code == 303
    asked = [seen.path for seen in agency.requests if seen.method == "GET"]
    assert asked.count("/v2/user/subscriptions") == 1
    assert "/v2/user/access_token" not in asked


def test_looking_sends_nothing(desk: LicenseDesk, agency: Simulator, sandbox: Simulator) -> None:
    desk.choose(account="real", size="small")
    desk.review(account="real", size="small")
    assert (count_posts(agency), count_posts(sandbox)) == (0, 0)


def test_a_form_sent_again_buys_once(desk: LicenseDesk, agency: Simulator, app: Flask) -> None:
    """A reload and Back send the same form: each leads to the same purchase, and sends nothing."""
    form = read_form(desk.review(account="real", size="small"))
    answers = [desk.send(form), desk.send(form), desk.send({**form, "again": "1"})]
    assert [answer.status_code for answer in answers] == [303] * 3
    [purchase] = read_purchases(app)
    assert {answer.headers["Location"] for answer in answers} == {
        f"/owner/licenses/{purchase.purchase_id}"
    }
    assert len(agency.purchases) == 1
    assert count_posts(agency) == 1


def test_a_double_click_buys_once(
    desk: LicenseDesk, agency: Simulator, app: Flask, client: FlaskClient
) -> None:
    """The second request arrives while the first waits for the agency; both show the purchase."""
    form = read_form(desk.review(account="real", size="small"))
    order = agency.misbehave(hold("acted"), on=PATH, method="POST")
    other = LicenseDesk(copy_browser(client), desk.path)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(desk.send, form)
        assert order.reached.wait(PATIENCE)
        second = other.send(form)
        assert "Being licensed" in other.client.get(second.headers["Location"]).text
        order.release.set()
        answers = [first.result(PATIENCE), second]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert [row.state for row in read_purchases(app)] == ["licensed"]
    assert count_posts(agency) == 1


def test_two_tabs_buy_once(desk: LicenseDesk, agency: Simulator) -> None:
    """The form of the second tab is refused as the command refuses it, and can insist."""
    forms = [read_form(desk.review(account="real", size="small")) for _ in range(2)]
    assert desk.send(forms[0]).status_code == 303
    refused = desk.send(forms[1])
    assert refused.status_code == 409
    assert "Nothing was bought:" in read_notes(refused)
    assert "The same was bought at" in read_notes(refused)
    assert len(agency.purchases) == 1
    page = desk.review(account="real", size="small")
    assert "Buy again what was bought within a day" in page.text
    assert desk.buy("again", account="real", size="small").status_code == 303
    assert len(agency.purchases) == 2


def test_another_size_is_asked_for(desk: LicenseDesk, agency: Simulator) -> None:
    """An item that was bought in one size is bought in another only when the owner ticks that."""
    assert desk.buy(account="real", size="small").status_code == 303
    page = desk.review(account="real", size="medium")
    assert "You bought this in small" in read_notes(page)
    refused = desk.send(read_form(page))
    assert refused.status_code == 409
    assert "agree to another size" in read_notes(refused)
    assert len(agency.purchases) == 1
    assert desk.buy("other_size", account="real", size="medium").status_code == 303
    assert [bought.size for bought in agency.purchases] == ["small", "medium"]


def test_the_best_size_counts_as_any_size(desk: LicenseDesk, agency: Simulator) -> None:
    """Where nobody insists on a size, an earlier purchase in any size stands in the way."""
    assert desk.buy(account="real", size="small").status_code == 303
    assert desk.buy(account="real").status_code == 409
    assert len(agency.purchases) == 1


def test_what_changed_since_is_not_bought(desk: LicenseDesk, agency: Simulator) -> None:
    """Another subscription, as the one that was shown is gone, has to be looked at again."""
    agency.subscribe(standard("first", days=3), standard("second", days=9))
    form = read_form(desk.review(account="real"))
    del agency.subscriptions["first"]
    answer = desk.send(form)
    assert answer.status_code == 409
    assert "what is on offer has changed since" in read_notes(answer)
    assert agency.purchases == []
    assert desk.send(read_form(answer)).status_code == 303
    assert [bought.subscription_id for bought in agency.purchases] == ["second"]


def test_other_wishes_than_shown_are_not_bought(desk: LicenseDesk, agency: Simulator) -> None:
    """A form whose fields were changed after the second step buys nothing."""
    form = read_form(desk.review(account="real", size="small"))
    for change in ({"size": "huge"}, {"account": "sandbox"}, {"shown": ""}, {"comp": "1"}):
        assert desk.send({**form, **change}).status_code == 409
    assert agency.purchases == []


@pytest.mark.parametrize("purchase", ["", "x" * 32, "A" * 32, "a" * 31])
def test_a_form_without_a_purchase_is_refused(
    desk: LicenseDesk, agency: Simulator, purchase: str
) -> None:
    form = read_form(desk.review(account="real"))
    assert desk.send({**form, "purchase": purchase}).status_code == 400
    assert agency.purchases == []


def test_a_form_of_another_session_buys_nothing(
    desk: LicenseDesk, agency: Simulator, app: Flask, client: FlaskClient
) -> None:
    """Without the token of the session, and after a log-out in between, nothing is sent."""
    form = read_form(desk.review(account="real"))
    assert desk.send({**form, "csrf": "x"}).status_code == 400
    stranger = LicenseDesk(app.test_client(), desk.path)
    assert stranger.send(form).status_code == 400
    assert stranger.choose().headers["Location"] == "/owner/log-in"
    out = read_form(client.get("/owner/"), "/log-out")
    assert client.post("/owner/log-out", data=out).status_code == 303
    assert desk.send(form).status_code == 400
    assert agency.purchases == []


def test_a_refusal_is_told_with_its_reason(desk: LicenseDesk, agency: Simulator) -> None:
    """A refused item is not licensed, and a new form may try again."""
    agency.misbehave(http_says(400, b'{"message": "No such size"}'), on=PATH, method="POST")
    form = read_form(desk.review(account="real"))
    page = desk.client.get(desk.send(form).headers["Location"])
    assert "Not licensed" in page.text
    assert "No such size" in read_notes(page)
    desk.send(form)
    assert agency.purchases == []
    assert desk.buy(account="real").status_code == 303
    assert len(agency.purchases) == 1


def test_without_rights_the_missing_scope_is_named(desk: LicenseDesk, agency: Simulator) -> None:
    """A token that may not license buys nothing, and the page says what it lacks."""
    agency.misbehave(http_says(403), on=PATH, method="POST")
    page = desk.client.get(desk.buy(account="real").headers["Location"])
    assert "Not licensed" in page.text
    agency.misbehave(http_says(401), on="/v2/user/subscriptions")
    assert "connect" in read_notes(desk.choose(account="real")).lower()
    assert agency.purchases == []


@pytest.mark.parametrize("stage", ["read", "acted"])
def test_a_lost_answer_is_unknown_until_the_history_tells(
    desk: LicenseDesk, agency: Simulator, app: Flask, stage: Literal["read", "acted"]
) -> None:
    """The page says what status 3 means; nothing else is bought until the history settles it."""
    form = read_form(desk.review(account="real"))
    agency.misbehave(hang_up(stage), on=PATH, method="POST")
    agency.misbehave(http_says(503), on=PATH, method="GET", skip=1)  # after the purchase
    answer = desk.send(form)
    [purchase] = read_purchases(app)
    page = desk.client.get(answer.headers["Location"])
    assert purchase.state == "unknown"
    assert "Unknown whether it was bought" in page.text
    assert "Don't buy it again" in read_notes(page)
    settle = f"{answer.headers['Location']}/settle"
    settled = desk.client.post(settle, data=read_form(page, "/settle"))
    page = desk.client.get(settled.headers["Location"])
    assert ("<h1>Licensed</h1>" in page.text) is (stage == "acted")
    desk.send(form)
    assert count_posts(agency) == 1
    if stage == "read":
        refused = desk.buy(account="real")
        assert "is unknown" in read_notes(refused)
        assert f'href="/owner/licenses/{purchase.purchase_id}"' in refused.text
        assert count_posts(agency) == 1


def test_a_database_lost_after_the_sale_swallows_nothing(
    desk: LicenseDesk, agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    """The journal has the answer; the same form, sent when the database is back, shows it."""
    form = read_form(desk.review(account="real"))
    lock = lock_database(tmp_path)
    agency.misbehave(run_first(lock.__enter__), on=PATH, method="POST")
    page = desk.send(form)
    assert page.status_code == 503
    assert "Bought, but not finished" in page.text
    [sold] = agency.purchases
    assert f"licensed as {sold.id}" in read_notes(page)
    again = desk.send(form)
    assert again.status_code == 503
    assert f"licensed as {sold.id}, which the ledger has not yet" in read_notes(again)
    lock.__exit__(None, None, None)
    answer = desk.send(form)
    assert answer.status_code == 303
    assert "<h1>Licensed</h1>" in desk.client.get(answer.headers["Location"]).text
    assert [row.license_id for row in read_purchases(app)] == [sold.id]
    assert len(agency.purchases) == 1


def test_without_the_database_nothing_is_sent(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Away before the request: the page says so, and the form works once it is back."""
    form = read_form(desk.review(account="real"))
    with lock_database(tmp_path):
        page = desk.send(form)
    assert page.status_code in {409, 503}
    assert agency.purchases == []
    assert desk.send(form).status_code == 303
    assert len(agency.purchases) == 1


def test_an_editorial_notice_has_to_be_agreed_to(client: FlaskClient, agency: Simulator) -> None:
    """The agency's words stand beside a box; without the box nothing is bought."""
    desk = LicenseDesk(client, f"/owner/license/shutterstock/{find_editorial_id(agency)}")
    assert "The sandbox refuses editorial licenses" in read_notes(desk.choose())
    page = desk.review(account="real")
    assert "Editorial Use Only. Use of this image in advertising" in read_notes(page)
    refused = desk.send(read_form(page))
    assert refused.status_code == 409
    assert "agree to the notice first" in read_notes(refused)
    assert agency.purchases == []
    assert desk.buy("agreed", account="real").status_code == 303
    assert len(agency.purchases) == 1


def test_required_values_are_asked_for(desk: LicenseDesk, agency: Simulator) -> None:
    """A subscription's metadata, price and customer: named, refused where missing, and sent."""
    agency.subscribe(revenue_share("rs"), premier("pr"))
    page = desk.review(account="real", subscription="rs")
    assert "The subscription requires price, customer_id" in read_notes(page)
    assert "License now" not in page.text
    assert "12,34" in read_notes(desk.review(account="real", subscription="rs", price="12,34"))
    values = {"subscription": "rs", "price": "12.34", "customer_id": "c1"}
    assert "12.34" in read_notes(desk.review(account="real", **values))
    assert desk.buy(account="real", **values).status_code == 303
    page = desk.choose(account="real", subscription="pr")
    assert 'name="metadata-client"' in page.text
    more = {"account": "real", "subscription": "pr", "metadata-client": "Ann & Co"}
    form = {**read_form(desk.review(**more)), "again": "1"}
    assert desk.send(form).status_code == 303
    assert [bought.subscription_id for bought in agency.purchases] == ["rs", "pr"]
    assert agency.purchases[1].metadata["client"] == "Ann & Co"


def test_the_longest_required_values_can_be_sent(desk: LicenseDesk, agency: Simulator) -> None:
    """A letter of another script takes six bytes of a form or more."""
    agency.subscribe(premier("pr"))
    values = {f"metadata-{name}": "\u042f" * 500 for name in ("client", "job", "project")}
    more = {"account": "real", "subscription": "pr", **values}
    assert desk.buy(**more).status_code == 303
    assert agency.purchases[0].metadata["client"] == "\u042f" * 500


def test_a_file_that_comes_once_is_kept(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """It is fetched with the purchase, and sent from here as often as wanted."""
    agency.subscribe(platform("pl"))
    answer = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    [bought] = agency.purchases
    [kept] = (tmp_path / "licensed").iterdir()
    assert kept.read_bytes() == make_original(bought)
    for _ in range(2):
        file = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
        assert file.data == make_original(bought)
        assert file.headers["Content-Disposition"] == f"attachment; filename={kept.name}"
        assert file.headers["Cache-Control"] == "no-store"
    assert [seen.path for seen in agency.requests if seen.path.endswith("/downloads")] == []


def test_a_file_is_fetched_again_when_wanted(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Other files come from the agency by way of this site; no page has the agency's address."""
    answer = desk.buy(account="real", size="small")
    page = desk.client.get(answer.headers["Location"])
    assert "http" not in read_notes(page)
    assert agency.url not in page.text
    [bought] = agency.purchases
    for _ in range(2):
        file = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
        assert file.status_code == 200
        assert file.mimetype == "image/jpeg"
        assert file.data == make_original(bought)
    assert len([s for s in agency.requests if s.path.endswith("/downloads")]) == 1
    agency.misbehave(http_says(404), on="/v2/images/licenses/*/downloads", times=2)
    for copy in (tmp_path / "licensed" / "again").iterdir():
        copy.unlink()
    failed = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
    assert failed.status_code == 502
    assert "The file was not fetched" in read_notes(failed)


def test_a_once_file_that_failed_is_fetched_later(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Its link stays in the journal, on no page, and the next look fetches the file."""
    agency.subscribe(platform("pl"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=3)
    page = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    assert page.status_code == 503
    assert "Bought, but not finished" in page.text
    assert "/gatekeeper/" not in page.text
    [purchase] = re.findall("/owner/licenses/([0-9a-f]{32})", page.text)
    agency.orders.clear()
    shown = desk.client.get(f"/owner/licenses/{purchase}")
    assert "its file is here now" in read_notes(shown)
    assert len(list((tmp_path / "licensed").iterdir())) == 1


def test_no_page_waits_long_for_the_host_of_an_earlier_file(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purchase is listed meanwhile, one thread fetches, and a later page has the result."""
    agency.subscribe(platform("pl"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=3)
    page = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    [purchase] = re.findall("/owner/licenses/([0-9a-f]{32})", page.text)
    agency.orders.clear()
    order = agency.misbehave(hold("read"), on="/gatekeeper/*")
    monkeypatch.setattr(license_recovery, "WAIT_SECONDS", 0.01)
    for path in ("/owner/licenses", f"/owner/licenses/{purchase}", desk.path):
        shown = desk.client.get(path)
        assert shown.status_code == 200
        assert license_recovery.UNDER_WAY in read_notes(shown)
        assert order.reached.wait(PATIENCE)
    assert [thread.name for thread in threading.enumerate()].count("license-files") == 1
    order.release.set()
    monkeypatch.setattr(license_recovery, "WAIT_SECONDS", PATIENCE)
    assert "its file is here now" in read_notes(desk.client.get("/owner/licenses"))
    assert len(list((tmp_path / "licensed").iterdir())) == 1


def test_unknown_addresses_are_not_found(client: FlaskClient) -> None:
    for path in (
        "license/demo/1",
        "license/nobody/1",
        "license/shutterstock/1?media=x",
        "licenses/" + "a" * 32,
        "licenses/" + "a" * 32 + "/file",
    ):
        assert client.get(f"/owner/{path}").status_code == 404


def test_a_picture_is_found_by_its_address_or_number(client: FlaskClient) -> None:
    """An address here or at an agency, or a number with its agency, leads to the form."""
    for item, path in {
        "http://localhost/image/shutterstock/77?lang=en": "/owner/license/shutterstock/77",
        "/video/shutterstock/78": "",
        "https://www.shutterstock.com/video/clip-78": "/owner/license/shutterstock/78?media=video",
        "https://stock.adobe.com/de/images/a-cat/79": "/owner/license/adobe-stock/79",
        "80": "/owner/license/shutterstock/80",
        "https://example.com/80": "",
    }.items():
        answer = client.get("/owner/license", query_string={"item": item, "agency": "shutterstock"})
        assert answer.headers.get("Location", "") == path, item
        assert answer.status_code == (303 if path else 404)
    assert "Address of a picture" in client.get("/owner/license").text


@pytest.mark.parametrize("kind", SHOPS, ids=lambda one: one.name)
def test_other_agencies_sell_in_the_real_account_alone(kind: type[Shop], tmp_path: Path) -> None:
    """Without a sandbox the form shows the cost and buys only where the real account is chosen."""
    with open_shop(kind) as at:
        app = create_app({**make_settings(at, tmp_path), **SETTINGS, "AGENCIES": kind.name})
        client = app.test_client()
        log_in(client)
        desk = LicenseDesk(client, f"/owner/license/{kind.name}/{FIRST}")
        page = desk.review()
        assert "License now" not in page.text
        assert "There is no sandbox: choose the real account" in read_notes(page)
        assert "Sandbox" not in page.text
        form = read_form(desk.review(account="real"))
        assert desk.send({**form, "account": ""}).status_code == 409
        assert at.list_bought() == []
        answers = [desk.send(form) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert at.list_bought() == [str(FIRST)]
        shown = client.get(answers[0].headers["Location"])
        assert "<h1>Licensed</h1>" in shown.text
        secrets = [v for n, v in at.shop.keys.items() if n not in at.shop.public]
        assert [secret for secret in secrets if secret in shown.text] == []
        file = client.get(answers[0].headers["Location"] + "/file", buffered=True)
        assert file.status_code == 200
        assert file.data.startswith(b"\xff\xd8\xff")


def test_the_desk_marks_the_browser_and_the_log_in_does_not(
    client: FlaskClient, app: Flask
) -> None:
    """The mark names the agencies of this site that sell; pages of visitors have none of it."""
    mark = '<meta name="sellers" content="shutterstock">'
    assert mark in client.get("/owner/").text
    assert mark in client.get("/owner/license").text
    visitor = app.test_client()
    assert 'name="sellers"' not in visitor.get("/owner/log-in").text
    page = visitor.get("/?lang=en").text
    assert "sellers" not in page
    assert "/owner/" not in page


def test_no_page_has_the_link_of_a_file(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Also where file and database fail at once, and the journal alone knows the purchase."""
    agency.subscribe(platform("pl"))
    form = read_form(desk.review(account="real", subscription="pl", price="9", customer_id="c1"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=9)
    lock = lock_database(tmp_path)
    agency.misbehave(run_first(lock.__enter__), on=PATH, method="POST")
    pages = [desk.send(form), desk.client.get(f"/owner/licenses/{form['purchase']}")]
    lock.__exit__(None, None, None)
    for page in pages:
        assert page.status_code == 503
        assert "its file comes once; the next run fetches it too" in read_notes(page)
        assert "/gatekeeper/" not in page.text


def test_another_size_bought_meanwhile_is_not_bought_too(
    desk: LicenseDesk, agency: Simulator
) -> None:
    """Nobody was asked about a size that another computer buys after the question."""
    form = read_form(desk.review(account="real", size="small"))
    number = int(desk.path.rpartition("/")[2]) - FIRST_ID
    buys = run_first(lambda: agency.buy(number, size="medium"))
    agency.misbehave(buys, on=PATH, method="GET", skip=1)
    refused = desk.send(form)
    assert refused.status_code == 409
    assert "has bought the same elsewhere" in read_notes(refused)
    assert [bought.size for bought in agency.purchases] == ["medium"]


def test_without_a_folder_for_the_file_nothing_is_bought(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """A file that comes once has to be kept at once, so there must be a place for it first."""
    agency.subscribe(platform("pl"))
    (tmp_path / "licensed").write_text("no folder")
    refused = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    assert refused.status_code == 409
    assert "can't be written" in read_notes(refused)
    assert agency.purchases == []


def test_a_video_is_bought_as_such(client: FlaskClient, agency: Simulator, app: Flask) -> None:
    """Both steps keep the kind of media; no width or height is offered."""
    desk = LicenseDesk(client, f"/owner/license/shutterstock/{FIRST_VIDEO + 1}?media=video")
    page = desk.choose(account="real")
    assert 'name="custom"' not in page.text
    assert desk.buy(account="real", size="hd").status_code == 303
    [bought] = agency.purchases
    assert (bought.media, bought.size) == ("video", "hd")
    [row] = read_purchases(app)
    assert row.media == "video"
    file = client.get(f"/owner/licenses/{row.purchase_id}/file", buffered=True)
    assert file.mimetype in {"video/mp4", "video/quicktime"}
    assert (
        f"/owner/license/shutterstock/{FIRST_VIDEO + 1}?media=video"
        in client.get(f"/owner/licenses/{row.purchase_id}").text
    )


@pytest.mark.parametrize(("kind", "letter"), [("image", "b"), ("video", "a")])
def test_editorial_collections_need_a_country(
    client: FlaskClient, agency: Simulator, kind: str, letter: str
) -> None:
    """Their pictures lead to a form with a country and a notice; the file comes at once."""
    agency.subscribe(reports(), report_clips())
    path = f"/owner/license/shutterstock-editorial/{FIRST_EDITORIAL}{letter}?media={kind}"
    desk = LicenseDesk(client, path)
    page = desk.choose(account="real")
    assert "Editorial licenses need a country" in read_notes(page)
    assert 'name="country"' in page.text
    answer = desk.buy("agreed", account="real", country="usa")
    assert answer.status_code == 303
    assert len(agency.purchases) == 1
    file = client.get(f"{answer.headers['Location']}/file", buffered=True)
    assert (file.mimetype or "").startswith(kind)
    page = client.get(answer.headers["Location"])
    assert "?media=editorial" in page.text


def test_few_purchases_are_under_way_at_once(
    desk: LicenseDesk, agency: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that wait for agencies stay few; a form that was refused for that still works."""
    form = read_form(desk.review(account="real"))
    with monkeypatch.context() as patched:
        patched.setattr(license_buying, "_buyers", threading.Semaphore(0))
        refused = desk.send(form)
        assert refused.status_code == 409
        assert "Other purchases are under way; nothing was sent" in read_notes(refused)
    assert agency.purchases == []
    assert desk.send(form).status_code == 303


def test_copies_go_after_a_day_and_files_that_come_once_stay(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the agency gives again takes no room for ever; downloads at once are few."""
    answer = desk.buy(account="real", size="small")
    copies = tmp_path / "licensed" / "again"
    copies.mkdir(parents=True)
    old, new, once = copies / "old.jpg", copies / "new.jpg", tmp_path / "licensed" / "once.jpg"
    for path in (old, new, once):
        path.touch()
    for path in (old, once):
        os.utime(path, (1, 1))
    url = answer.headers["Location"] + "/file"
    with monkeypatch.context() as patched:
        patched.setattr(license_downloads, "_fetches", threading.Semaphore(0))
        assert "Other files are being fetched" in read_notes(desk.client.get(url))
    assert desk.client.get(url, buffered=True).status_code == 200
    assert [path.exists() for path in (old, new, once)] == [False, True, True]
    assert len(agency.purchases) == 1
