"""The desk connects the owner's account at the agency, and disconnects it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from tests.simulator import SCOPES, Simulator, answer_with
from tests.support.apps import ClientMaker
from tests.support.owner_desk import CALLBACK, log_in, note, post


def begin(client: FlaskClient, *scopes: str) -> str:
    """Return the agency's address to which the owner is sent."""
    page = post(client, "/owner/shutterstock/connect", scope=list(scopes or SCOPES))
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert found, page.text
    return found[1].replace("&amp;", "&")


def agree(address: str) -> str:
    """Return the address to which the agency sends the owner back."""
    answer = requests.get(address, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def test_connecting_shows_whose_account_it_is(owner: FlaskClient, agency: Simulator) -> None:
    """After the agency's page the desk says for whom, and what the site may do."""
    back = agree(begin(owner, "licenses.view"))
    assert note(owner, owner.get(back)) == "The account is connected."
    desk = owner.get("/owner/account").text
    assert "<dd>jdoe</dd>" in desk
    assert "<dd>John Doe</dd>" in desk
    listed = re.findall(r"<li>([^<]+)</li>", desk)
    assert set(listed) == {"See whose account it is", "See licenses and download them again"}
    assert (
        note(owner, post(owner, "/owner/shutterstock/disconnect")) == "The account is disconnected."
    )
    assert "jdoe" not in owner.get("/owner/account").text
    assert agency.violations == []


def test_the_agency_sends_back_to_the_site_url(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """The callback is on SITE_URL, whatever host the request names."""
    client = make_client(**settings, SITE_URL="http://pictures.example")
    log_in(client)
    asked = parse_qs(urlsplit(begin(client)).query)
    assert asked["redirect_uri"] == [f"http://pictures.example{CALLBACK}"]


@pytest.mark.parametrize("state", [None, "", "made-up"])
def test_a_wrong_state_connects_nothing(
    owner: FlaskClient, agency: Simulator, state: str | None
) -> None:
    """An answer to another question is refused before the code is sent anywhere."""
    back = parse_qs(urlsplit(agree(begin(owner))).query)
    query = {"code": back["code"][0]} | ({} if state is None else {"state": state})
    asked = len(agency.requests)
    assert "not to a question of this session" in note(
        owner, owner.get(CALLBACK, query_string=query)
    )
    assert len(agency.requests) == asked
    assert "No account is connected" in owner.get("/owner/account").text


def test_an_answer_counts_once(owner: FlaskClient) -> None:
    """The same address again, as by the Back button, is refused and changes nothing."""
    back = agree(begin(owner))
    owner.get(back)
    assert "not to a question" in note(owner, owner.get(back))
    assert "jdoe" in owner.get("/owner/account").text


def test_a_refusal_is_said(owner: FlaskClient, agency: Simulator) -> None:
    """Who declines at the agency comes back to a desk that says so."""
    agency.accounts.consent = False
    assert "did not agree" in note(owner, owner.get(agree(begin(owner))))


def test_an_agency_that_is_down_is_said(owner: FlaskClient, agency: Simulator) -> None:
    """A failing exchange connects nothing, and a desk whose agency is down still opens."""
    agency.misbehave(answer_with(503), on="/v2/oauth/access_token")
    assert "was not connected: HTTP 503" in note(owner, owner.get(agree(begin(owner))))
    owner.get(agree(begin(owner)))
    owner.get("/owner/account")
    agency.misbehave(answer_with(503), on="/v2/user*", times=None)
    desk = owner.get("/owner/account")
    assert desk.status_code == 200
    assert "HTTP 503" in desk.text
    assert "Disconnect" in desk.text


def test_missing_settings_are_said(make_client: ClientMaker, settings: dict[str, str]) -> None:
    """Without an application's id and secret there is no button but a sentence."""
    alone = {name: settings[name] for name in ("OWNER_PASSWORD", "SECRET_KEY")}
    client = make_client(**alone)
    log_in(client)
    desk = client.get("/owner/account").text
    assert "set SHUTTERSTOCK_CLIENT_ID and SHUTTERSTOCK_CLIENT_SECRET" in desk
    assert "shutterstock/connect" not in desk
