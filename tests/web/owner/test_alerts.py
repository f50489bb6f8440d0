"""Alerts are shown and silenced at the desk, and silenced by the link of a mail."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from affiliate.alerts.silence_links import VALID_DAYS, build_silence_url
from affiliate.database.alert_states import AlertState, AlertStates
from affiliate.domain.troubles import Trouble
from affiliate.services import Services
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock
from tests.support.owner_desk import log_in, post

DISK = Trouble(name="disk", title="The disk <b>is full</b>.", advice="Make room.")


def open_states(client: FlaskClient) -> AlertStates:
    services: Services = client.application.extensions["services"]
    return AlertStates(services.ledger)


def read_state(client: FlaskClient) -> AlertState:
    (state,) = open_states(client).list_all()
    return state


def make_link(client: FlaskClient, name: str = "disk") -> str:
    services: Services = client.application.extensions["services"]
    parts = urlsplit(build_silence_url("https://pictures.example", services.site_key, name))
    return f"{parts.path}?{parts.query}"


def test_alerts_are_listed(owner: FlaskClient) -> None:
    """Each with what to do; who is told is said, or that nobody is."""
    assert "There is no alert." in owner.get("/owner/alerts").text
    open_states(owner).record([DISK])
    page = owner.get("/owner/alerts").text
    assert "Nobody is told: set SMTP_URL" in page
    assert "The disk &lt;b&gt;is full&lt;/b&gt;." in page
    assert "Make room." in page
    assert '<a href="/owner/alerts" aria-current="page">Alerts</a>' in page


def test_receivers_are_named_without_secrets(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    mail = {"SMTP_URL": "smtp://u:hunter2pass@localhost:9", "ALERT_TO": "a@b.example"}
    owner = make_client(**settings, **mail)
    log_in(owner)
    page = owner.get("/owner/alerts").text
    assert "to a@b.example." in page
    assert "hunter2pass" not in page


def test_an_alert_is_silenced_at_the_desk(owner: FlaskClient) -> None:
    open_states(owner).record([DISK])
    assert post(owner, "/owner/alerts", name="disk", days="7").status_code == 303
    page = owner.get("/owner/alerts").text
    assert "disk is silent for a week." in page
    assert "Silent until " in page
    post(owner, "/owner/alerts", name="disk", days="0")
    assert read_state(owner).silenced_until is None
    assert post(owner, "/owner/alerts", name="disk", days="8").status_code == 400
    post(owner, "/owner/alerts", name="other", days="7")
    assert "There is no such alert any more." in owner.get("/owner/alerts").text
    assert owner.post("/owner/alerts", data={"name": "disk", "days": "7"}).status_code == 400


def test_a_link_of_a_mail_silences_by_its_button(owner: FlaskClient) -> None:
    """Without a log-in; opening the link alone, as programs do, changes nothing."""
    open_states(owner).record([DISK])
    stranger = owner.application.test_client()
    link = make_link(owner)
    page = stranger.get(link)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert 'name="seal"' in page.text
    assert "Log out" not in page.text
    assert read_state(owner).silenced_until is None
    fields = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    answer = stranger.post("/owner/silence", data={**fields, "days": "30"})
    assert "Silent for 30 days." in answer.text
    assert read_state(owner).silenced_until
    assert stranger.get("/owner/alerts").status_code == 303


@pytest.mark.parametrize("change", ["name", "seal", "none"])
def test_a_made_up_link_does_nothing(owner: FlaskClient, change: str) -> None:
    """A link is good for its own alert."""
    open_states(owner).record([DISK])
    fields = {"name": "disk", "seal": make_link(owner, "cache").partition("seal=")[2], "days": "7"}
    if change == "name":
        fields["name"] = "ledger"
    if change == "seal":
        fields["seal"] = "AAAA" * 6 + "A="
    if change == "none":
        del fields["seal"]
    stranger = owner.application.test_client()
    assert stranger.post("/owner/silence", data=fields).status_code == 403
    assert stranger.get("/owner/silence", query_string=fields).status_code == 403
    assert read_state(owner).silenced_until is None


def test_a_link_ends_after_two_months(owner: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock(1_800_000_000.0)
    monkeypatch.setattr("affiliate.alerts.silence_links.time", SimpleNamespace(time=clock))
    link = make_link(owner)
    clock.now += VALID_DAYS * 86400
    assert owner.get(link).status_code == 200
    clock.now += 86400
    assert owner.get(link).status_code == 403


def test_without_a_desk_there_is_no_such_page(client: FlaskClient) -> None:
    assert client.get("/owner/silence?name=disk").status_code == 404
