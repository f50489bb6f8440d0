"""The owner sees all open sessions and ends any of them."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from tests.support.apps import ClientMaker
from tests.support.owner_desk import log_in, post


def test_sessions_are_listed_and_ended_from_any_browser(
    make_client: ClientMaker, settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """One of them, or all: each says when, from which network and by which browser it began."""
    caplog.set_level("INFO", "affiliate")
    here, there, lost = (make_client(**settings) for _ in range(3))
    for client, browser in ((here, "Firefox/150"), (there, "<b>Safari</b>"), (lost, "Chromium")):
        client.environ_base |= {"HTTP_USER_AGENT": browser, "REMOTE_ADDR": "203.0.113.77"}
        assert log_in(client).status_code == 303
    page = here.get("/owner/sessions").text
    assert page.index("Firefox/150 (this one)") < page.index("Chromium") < page.index("Safari")
    assert "203.0.113.0/24" in page
    assert "203.0.113.77" not in page
    assert "<b>" not in page
    assert "/owner/sessions" in here.get("/owner/").text
    ends = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
    assert post(here, "/owner/sessions/end", session=ends[1]).status_code == 303
    assert [client.get("/owner/").status_code for client in (here, there, lost)] == [200, 200, 303]
    assert post(there, "/owner/sessions/end", session="").status_code == 400
    answer = post(there, "/owner/sessions/end")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/owner/sessions")
    assert [client.get("/owner/").status_code for client in (here, there)] == [303, 303]
    assert [text for text in caplog.messages if "the owner ended" in text] == [
        "the owner ended a session from 203.0.113.0/24",
        "the owner ended all sessions from 203.0.113.0/24",
    ]


def test_sessions_are_ended_by_their_owner_s_forms_alone(owner: FlaskClient) -> None:
    """Without the session's token nothing ends, and strangers see none."""
    assert owner.post("/owner/sessions/end").status_code == 400
    assert owner.post("/owner/sessions/end", data={"csrf": "made-up"}).status_code == 400
    assert owner.get("/owner/sessions/end").status_code in {404, 405}
    assert owner.get("/owner/").status_code == 200
    stranger = owner.application.test_client()
    assert stranger.get("/owner/sessions").headers["Location"] == "/owner/log-in"


def test_times_of_sessions_are_the_owners(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """As in all tables of the desk: in Apia it is half a day later than in UTC."""
    client = make_client(**settings | {"SITE_TIMEZONE": "Pacific/Apia"})
    log_in(client)
    page = client.get("/owner/sessions").text
    shown = re.findall(r"<dd>(\d{4}-\d\d-\d\d \d\d:\d\d)</dd>", page)
    now = datetime.now(ZoneInfo("Pacific/Apia"))
    assert len(shown) == 2
    for text in shown:
        age = now - datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)
        assert timedelta() <= age < timedelta(minutes=10)
