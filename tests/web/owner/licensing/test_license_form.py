"""The forms that buy ask for what a purchase needs, and are refused otherwise."""

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.simulator import (
    FIRST_EDITORIAL,
    Simulator,
    premier,
    report_clips,
    reports,
    revenue_share,
)
from tests.support.license_desk import LicenseDesk, read_form, read_notes
from tests.support.purchase_desk import (
    find_editorial_id,
)


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


@pytest.mark.parametrize("media", ["image", "editorial"])
@pytest.mark.parametrize("media_id", ["..", "1000001?x=1", "\N{BICYCLE}", "9" * 3000])
def test_what_can_be_no_id_is_asked_of_no_agency(
    client: FlaskClient, agency: Simulator, media_id: str, media: str
) -> None:
    """The form says so; dots would name another call of the agency."""
    path = f"/owner/license/shutterstock/{quote(media_id, safe='')}?media={media}"
    page = LicenseDesk(client, path).choose(account="real", country="USA")
    assert f"There is no {media}" in read_notes(page)
    paths = {seen.path for seen in agency.requests}
    assert paths <= {"/v2/user/subscriptions", "/v2/user/access_token"}


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
