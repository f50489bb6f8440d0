"""An owner buys a license at the desk by the rules of the command, once for each form."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.web.owner import license_buying
from app import create_app
from tests.dialects.selling import FIRST, Shop
from tests.simulator import (
    FIRST_ID,
    FIRST_VIDEO,
    Simulator,
    hold,
    platform,
    run_first,
    standard,
)
from tests.support.license_desk import (
    SETTINGS,
    LicenseDesk,
    copy_browser,
    read_form,
    read_notes,
    read_purchases,
)
from tests.support.owner_desk import log_in
from tests.support.purchase_desk import (
    count_posts,
)
from tests.support.shops import SHOPS, make_settings, open_shop

PATIENCE = 20.0
PATH = "/v2/images/licenses"


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


def test_a_tab_insists_on_what_it_has_shown_alone(desk: LicenseDesk, agency: Simulator) -> None:
    """Of two tabs that buy again, the second has not shown the purchase of the first."""
    assert desk.buy(account="real", size="small").status_code == 303
    forms = [read_form(desk.review(account="real", size="small")) for _ in range(2)]
    answers = [desk.send({**form, "again": "1"}) for form in forms]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(agency.purchases) == 2
    refused = desk.client.get(answers[1].headers["Location"])
    assert "It was bought since the form was shown; look at it again." in read_notes(refused)
    assert desk.buy("again", account="real", size="small").status_code == 303
    assert len(agency.purchases) == 3


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
    """An earlier purchase in any size stands in the way, unless a size is insisted on."""
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
