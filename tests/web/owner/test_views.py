"""The owner's desk is there for the owner alone, and connects their account."""

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from affiliate.search.counters import Windows
from tests.simulator import CLIENT, SCOPES, Simulator, answer_with, simulator
from tests.support.apps import ClientMaker

PASSWORD = "correct horse battery staple"
SECRET = "a secret of no less than thirty-two signs"
CALLBACK = "/owner/shutterstock/callback"


@pytest.fixture(autouse=True)
def amid_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have log-ins counted in the middle of a quarter of an hour that doesn't end."""
    monkeypatch.setattr(
        "affiliate.web.owner.login_throttle.Windows", partial(Windows, lambda: 1_800_000_450.0)
    )


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def settings(agency: Simulator) -> dict[str, str]:
    return {
        "OWNER_PASSWORD": PASSWORD,
        "SECRET_KEY": SECRET,
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1],
    }


@pytest.fixture
def owner(make_client: ClientMaker, settings: dict[str, str]) -> FlaskClient:
    """Return a browser of the owner, logged in."""
    client = make_client(**settings)
    assert log_in(client).status_code == 303
    return client


def csrf(page: TestResponse) -> str:
    """Return the token in a page's first form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def log_in(client: FlaskClient, password: str = PASSWORD) -> TestResponse:
    form = {"csrf": csrf(client.get("/owner/log-in")), "password": password}
    return client.post("/owner/log-in", data=form)


def post(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    form = {"csrf": csrf(client.get("/owner/")), **fields}
    return client.post(path, data=form)


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


def note(client: FlaskClient, answer: TestResponse) -> str:
    """Return the note on the desk after a redirect."""
    assert answer.status_code == 303
    found = re.search(r'class="note" role="status">([^<]*)<', client.get("/owner/").text)
    assert found
    return found[1]


# -- who is let in


@pytest.mark.parametrize("path", ["/owner/", "/owner", "/owner/log-in", CALLBACK])
def test_without_a_password_there_is_no_desk(client: FlaskClient, path: str) -> None:
    """Nothing under /owner/ exists unless OWNER_PASSWORD is set."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/owner/", CALLBACK + "?code=1&state=2", "/owner/nothing"])
def test_strangers_are_led_to_the_log_in(
    make_client: ClientMaker, settings: dict[str, str], path: str
) -> None:
    """Whatever a stranger asks for, they see the log-in and nothing else."""
    answer = make_client(**settings).get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/owner/log-in")


class Unread(io.RawIOBase):
    """A body that nobody may read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise AssertionError("it was read")


URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def test_what_cannot_be_a_form_of_the_session_is_never_read(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """A stranger's body costs neither memory nor disk, however long it is."""
    stranger, known = make_client(**settings), make_client(**settings)
    rows = [
        (stranger, URLENCODED, 20, 400),
        (stranger, URLENCODED, 400_000_000, 400),
        (stranger, MULTIPART, 300_000_000, 400),
        (known, MULTIPART, 20, 400),
        (known, "text/plain", 20, 400),
        (known, URLENCODED, 4097, 413),
        (known, URLENCODED, 400_000_000, 413),
    ]
    wrong = []
    for client, kind, length, status in rows:
        for path in ("/owner/log-in", "/owner/log-out", "/owner/nothing"):
            known.get("/owner/log-in")
            body = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(length)}
            found = client.post(path, content_type=kind, environ_overrides=body).status_code
            if found != status:
                wrong.append((client is known, kind, length, path, found))
    assert wrong == []


def test_log_ins_are_logged_without_what_was_typed(
    make_client: ClientMaker, settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Success, failure and the limit: from which network, never the password nor an address."""
    caplog.set_level("INFO", "affiliate")
    client = make_client(**settings)
    client.environ_base["REMOTE_ADDR"] = "203.0.113.77"
    for password in [*["guess-4711"] * 10, PASSWORD]:
        log_in(client, password)
    other = make_client(**settings)
    other.environ_base["REMOTE_ADDR"] = "2001:db8:1:2::3"
    log_in(other)
    told = [r.getMessage() for r in caplog.records if r.name == "affiliate.web.owner.views"]
    assert told == [
        *["a log-in from 203.0.113.0/24 failed: the password is wrong"] * 10,
        "a log-in from 203.0.113.0/24 was refused: too many were tried",
        "the owner logged in from 2001:db8:1::/48",
    ]
    assert not any(word in caplog.text for word in ("guess-4711", PASSWORD, ".77", "::3"))


def test_the_password_opens_and_log_out_closes(owner: FlaskClient) -> None:
    """Logged in the desk is there; logged out it is gone."""
    assert "No account is connected" in owner.get("/owner/").text
    assert owner.get("/owner/nothing").status_code == 404
    assert post(owner, "/owner/log-out").headers["Location"] == "/owner/log-in"
    assert owner.get("/owner/").status_code == 303


@pytest.mark.parametrize("password", ["", "x", PASSWORD + "x", PASSWORD.upper(), "\ud800"])
def test_another_password_does_not(
    make_client: ClientMaker, settings: dict[str, str], password: str
) -> None:
    """A wrong password is told so, and opens nothing."""
    client = make_client(**settings)
    form = {
        "csrf": csrf(client.get("/owner/log-in")),
        "password": password.encode("utf-8", "replace"),
    }
    answer = client.post("/owner/log-in", data=form)
    assert answer.status_code == 401
    assert "That is not the password." in answer.text
    assert client.get("/owner/").status_code == 303


def test_tries_are_counted_across_processes(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """After ten tries from an address not even the password opens, in no process."""
    clients = [make_client(**settings) for _ in range(2)]
    for number in range(10):
        assert log_in(clients[number % 2], "wrong").status_code == 401
    for client in clients:
        answer = log_in(client)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
    form = {"csrf": csrf(clients[0].get("/owner/log-in")), "password": PASSWORD}
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert clients[0].post("/owner/log-in", data=form, environ_base=elsewhere).status_code == 303


def test_tries_are_counted_whatever_becomes_of_the_counter(
    make_client: ClientMaker, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a store that is busy just now nor one that lost its counters gives more tries."""
    client = make_client(**settings)
    site = client.application.extensions["services"]
    for _ in range(10):
        assert log_in(client, "wrong").status_code == 401
    with monkeypatch.context() as busy:
        busy.setattr(site.store, "incr", lambda *_: None)
        assert log_in(client).status_code == 429
    with site.store.store._write_transaction() as db:
        db.execute("DELETE FROM counters")
    assert log_in(client).status_code == 429


def test_a_home_with_many_addresses_counts_as_one(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """Of IPv6 the network is counted."""
    client = make_client(**settings)
    for number in range(11):
        form = {"csrf": csrf(client.get("/owner/log-in")), "password": "wrong"}
        here = {"REMOTE_ADDR": f"2001:db8::{number:x}"}
        answer = client.post("/owner/log-in", data=form, environ_base=here)
    assert answer.status_code == 429


def test_strangers_lock_no_known_browser_out(owner: FlaskClient) -> None:
    """Behind a proxy all have one address: who has logged in before keeps tries of their own."""
    stranger = owner.application.test_client()
    for _ in range(9):  # the owner was the first
        assert log_in(stranger, "wrong").status_code == 401
    assert log_in(stranger).status_code == 429
    assert log_in(owner.application.test_client()).status_code == 429
    post(owner, "/owner/log-out")
    for _ in range(9):
        assert log_in(owner, "wrong").status_code == 401
    assert log_in(owner).status_code == 303
    assert log_in(owner).status_code == 429


@pytest.mark.parametrize(
    "forged", ["", ".", "x.y", "{browser}", "{browser}.", "{browser}x.{seal}", "\u00e9.\u00e9"]
)
def test_no_browser_makes_itself_known(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient, forged: str
) -> None:
    """A made-up cookie, another address said by a header, or an old password gain no tries."""
    cookie = owner.get_cookie("owner_known", path="/owner/log-in")
    assert cookie
    browser, seal = cookie.value.split(".")
    client = make_client(**settings)
    value = forged.format(browser=browser, seal=seal)
    client.set_cookie("owner_known", value, path="/owner/log-in")
    for number in range(11):
        form = {"csrf": csrf(client.get("/owner/log-in")), "password": "wrong"}
        headers = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
        answer = client.post("/owner/log-in", data=form, headers=headers)
    assert answer.status_code == 429


def test_a_new_password_knows_no_browser_and_counts_anew(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient
) -> None:
    """Who was locked out may change the password; whoever knew the old one is a stranger."""
    cookie = owner.get_cookie("owner_known", path="/owner/log-in")
    assert cookie
    for _ in range(10):
        log_in(owner.application.test_client(), "wrong")
    changed = make_client(**{**settings, "OWNER_PASSWORD": PASSWORD + "!"})
    for _ in range(10):
        assert log_in(changed.application.test_client(), "wrong").status_code == 401
    changed.set_cookie("owner_known", cookie.value, path="/owner/log-in")
    assert log_in(changed, PASSWORD + "!").status_code == 429


def test_strangers_of_many_addresses_share_a_limit(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient
) -> None:
    """A hundred guesses from as many addresses, and no more, in a quarter of an hour."""
    client = make_client(**settings)
    form = {"csrf": csrf(client.get("/owner/log-in")), "password": "wrong"}
    statuses = [
        client.post(
            "/owner/log-in", data=form, environ_base={"REMOTE_ADDR": f"198.51.100.{number}"}
        ).status_code
        for number in range(101)
    ]
    assert statuses[:99] == [401] * 99  # the owner of this test was the first stranger
    assert statuses[99:] == [429] * 2
    assert log_in(owner).status_code == 303


@pytest.mark.parametrize(("address", "secure"), [("https://a.example", True), ("", False)])
def test_the_known_browser_s_cookie_is_for_the_log_in_alone(
    make_client: ClientMaker, settings: dict[str, str], address: str, *, secure: bool
) -> None:
    """HttpOnly, SameSite=Strict, Secure where the site is https, and says nothing of the owner."""
    base = address or "http://localhost"
    client = make_client(**settings, SITE_URL=address)
    token = csrf(client.get("/owner/log-in", base_url=base))
    answer = client.post("/owner/log-in", data={"csrf": token, "password": PASSWORD}, base_url=base)
    name = "__Secure-owner_known=" if secure else "owner_known="
    [said] = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(name)]
    assert "; HttpOnly; Path=/owner/log-in; SameSite=Strict" in said
    assert ("Secure" in said) is secure
    assert PASSWORD not in said


def test_a_session_ends_with_the_password_and_with_the_key(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient
) -> None:
    """A cookie from before a change of either opens nothing."""
    cookie = owner.get_cookie("owner", path="/owner/")
    assert cookie
    for change, status in (
        ({}, 200),
        ({"OWNER_PASSWORD": PASSWORD + "!"}, 303),
        ({"SECRET_KEY": SECRET + "!"}, 303),
    ):
        client = make_client(**{**settings, **change})
        client.set_cookie("owner", cookie.value, path="/owner/")
        assert client.get("/owner/").status_code == status


@pytest.mark.parametrize(
    ("site", "headers", "secure"),
    [
        ("https://a.example", {}, True),
        ("", {"X-Forwarded-Proto": "https"}, True),
        ("", {"X-Forwarded-Proto": "https, http"}, True),
        ("http://a.example", {}, False),
        ("", {"X-Forwarded-Proto": "http"}, False),
        ("", {}, False),
    ],
)
def test_the_cookie_is_for_the_desk_alone(
    make_client: ClientMaker,
    settings: dict[str, str],
    site: str,
    headers: dict[str, str],
    *,
    secure: bool,
) -> None:
    """HttpOnly, SameSite=Lax, for /owner/, for twelve hours, bound to https where that is spoken.

    The answer then has browsers come back by https alone.
    """
    answer = make_client(**settings, SITE_URL=site).get("/owner/log-in", headers=headers)
    assert ("Strict-Transport-Security" in answer.headers) is secure
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    named, *said = answer.headers["Set-Cookie"].split("; ")
    assert named.startswith("__Secure-owner=" if secure else "owner=")
    expires = parsedate_to_datetime(next(one for one in said if "Expires" in one)[8:])
    assert timedelta(hours=11.9) < expires - datetime.now(UTC) <= timedelta(hours=12)
    rest = [one for one in said if "Expires" not in one]
    assert sorted(rest) == sorted(
        ["HttpOnly", "Path=/owner/", "SameSite=Lax", *(["Secure"] if secure else [])]
    )


def test_visitors_get_no_cookie(
    owner: FlaskClient, settings: dict[str, str], make_client: ClientMaker
) -> None:
    """No page for visitors sets a cookie, though a desk exists and the owner is logged in."""
    for client in (owner, make_client(**settings)):
        for path in (
            "/",
            "/search?q=cat&lang=en&wait=1",
            "/api/search?q=cat",
            "/nowhere",
            "/suggest?q=c",
        ):
            answer = client.get(path)
            assert "Set-Cookie" not in answer.headers
            assert "cookie" not in answer.headers.get("Vary", "").lower()


def test_a_log_out_ends_the_session_for_every_copy_of_its_cookie(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient
) -> None:
    """A cookie from before the log-out opens nothing; other sessions of the owner go on."""
    other = make_client(**settings)
    assert log_in(other).status_code == 303
    cookie = owner.get_cookie("owner", path="/owner/")
    assert cookie
    assert post(owner, "/owner/log-out").status_code == 303
    copy = make_client(**settings)
    copy.set_cookie("owner", cookie.value, path="/owner/")
    assert copy.get("/owner/").status_code == 303
    assert other.get("/owner/").status_code == 200


def test_every_answer_of_the_desk_has_its_headers(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """Those that no page answers, too, and other pages have none of them."""
    client, base = make_client(**settings, SITE_URL="https://a.example"), "https://a.example"
    token = csrf(client.get("/owner/log-in", base_url=base))
    form = {"csrf": token, "password": PASSWORD}
    assert client.post("/owner/log-in", base_url=base, data=form).status_code == 303
    for method, path, status in (
        ("GET", "/owner", 308),
        ("PUT", "/owner/log-in", 405),
        ("TRACE", "/owner/", 405),
        ("OPTIONS", "/owner/log-in", 200),
        ("POST", "/owner/", 405),
        ("GET", "/owner/log-out", 404),
        ("GET", "/owner/sessions/", 404),
    ):
        answer = client.open(path, method=method, base_url=base)
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Strict-Transport-Security"]
    assert "Cross-Origin-Opener-Policy" not in client.get("/ownership", base_url=base).headers


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


def test_a_log_in_takes_the_place_of_the_browser_s_session(
    make_client: ClientMaker, settings: dict[str, str], owner: FlaskClient
) -> None:
    """A copy of the cookie from before opens nothing any more."""
    before = owner.get_cookie("owner", path="/owner/")
    assert before
    assert log_in(owner).status_code == 303
    copy = make_client(**settings)
    copy.set_cookie("owner", before.value, path="/owner/")
    assert copy.get("/owner/").status_code == 303
    assert owner.get("/owner/").status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_asking_how_counts_as_no_try(
    make_client: ClientMaker, settings: dict[str, str], method: str
) -> None:
    client = make_client(**settings)
    for path in ("/owner/log-in", "/owner/log-out", "/owner/sessions/end"):
        for _ in range(12):
            assert client.open(path, method=method).status_code < 500
    assert log_in(client).status_code == 303


@pytest.mark.parametrize("path", ["//owner/", "/owner//log-in", "//evil.example/owner/", "//"])
def test_a_path_with_two_slashes_is_no_page_and_leads_nowhere(
    owner: FlaskClient, path: str
) -> None:
    """The answer has the headers of every other."""
    answer = owner.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_cookies_are_read_at_the_desk_alone_and_up_to_a_bound(
    make_client: ClientMaker, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header of 60 kB with 12,000 cookies takes no more time than any other."""
    client = make_client(**settings)
    token = csrf(client.get("/owner/log-in"))

    def unread(*_: object, **__: object) -> None:
        raise AssertionError("cookies were read")

    monkeypatch.setattr("werkzeug.sansio.request.parse_cookie", unread)
    monkeypatch.setattr("werkzeug.wrappers.request.parse_cookie", unread, raising=False)
    for path in ("/", "/search?q=", "/nowhere", "/clicks"):
        assert client.get(path).status_code in {200, 400, 404, 405}
    stranger, form = client.application.test_client(), {"csrf": token, "password": PASSWORD}
    for cookies in ("a=b; " * 12_000, "owner=" + "x" * 60_000):
        many = {"Cookie": cookies}
        stranger = client.application.test_client(use_cookies=False)
        assert stranger.get("/owner/", headers=many).status_code == 303
        assert stranger.post("/owner/log-in", data=form, headers=many).status_code == 400


def test_looking_at_the_log_in_is_no_try(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """HEAD is answered as GET and counts as no wrong password, however often."""
    client = make_client(**settings)
    assert {client.head("/owner/log-in").status_code for _ in range(12)} == {200}
    assert log_in(client).status_code == 303


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("https://a.example", "https alone: open https://a.example/owner/ there"),
        ("", "Allow this site cookies"),
    ],
)
def test_a_browser_that_keeps_no_cookie_is_told_why(
    make_client: ClientMaker, settings: dict[str, str], site: str, words: str
) -> None:
    """Such as one that reaches a site of https by plain http."""
    client = make_client(**settings, SITE_URL=site)
    form = {"csrf": csrf(client.get("/owner/log-in")), "password": PASSWORD}
    answer = make_client(**settings, SITE_URL=site).post("/owner/log-in", data=form)
    assert answer.status_code == 400
    assert words in answer.text


def test_without_its_ledger_the_desk_says_so(
    make_client: ClientMaker, settings: dict[str, str], tmp_path: Path
) -> None:
    """Whether somebody is logged in can't be looked up then, so nobody is let in."""
    client = make_client(**settings)
    assert log_in(client).status_code == 303
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        ledger.execute("DROP TABLE owner_sessions")
    answer = client.get("/owner/")
    assert answer.status_code == 503
    assert "No log-in can be looked up" in answer.text
    assert log_in(client).status_code == 503


@pytest.mark.parametrize("path", ["/owner/", "/owner/log-in", "/owner/nothing", CALLBACK])
def test_nothing_of_it_is_kept_or_found(owner: FlaskClient, path: str) -> None:
    """Every answer says no-store and noindex, and crawlers are asked to stay away."""
    answer = owner.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    if answer.status_code == 200:
        assert '<meta name="robots" content="noindex">' in answer.text
    assert "Disallow: /owner/" in owner.get("/robots.txt").text


@pytest.mark.parametrize(
    "path",
    ["log-in", "log-out", "shutterstock/connect", "shutterstock/disconnect"],
)
@pytest.mark.parametrize("token", [None, "", "made-up"])
def test_a_form_from_elsewhere_does_nothing(
    owner: FlaskClient, path: str, token: str | None
) -> None:
    """Without this session's token a form is refused."""
    form = {"password": PASSWORD} | ({} if token is None else {"csrf": token})
    assert owner.post(f"/owner/{path}", data=form).status_code == 400
    assert owner.get("/owner/").status_code == 200


# -- the account


def test_connecting_shows_whose_account_it_is(owner: FlaskClient, agency: Simulator) -> None:
    """After the agency's page the desk says for whom, and what the site may do."""
    back = agree(begin(owner, "licenses.view"))
    assert note(owner, owner.get(back)) == "The account is connected."
    desk = owner.get("/owner/").text
    assert "<dd>jdoe</dd>" in desk
    assert "<dd>John Doe</dd>" in desk
    listed = re.findall(r"<li>([^<]+)</li>", desk)
    assert set(listed) == {"See whose account it is", "See licenses and download them again"}
    assert (
        note(owner, post(owner, "/owner/shutterstock/disconnect")) == "The account is disconnected."
    )
    assert "jdoe" not in owner.get("/owner/").text
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
    assert "No account is connected" in owner.get("/owner/").text


def test_an_answer_counts_once(owner: FlaskClient) -> None:
    """The same address again, as by the Back button, is refused and changes nothing."""
    back = agree(begin(owner))
    owner.get(back)
    assert "not to a question" in note(owner, owner.get(back))
    assert "jdoe" in owner.get("/owner/").text


def test_a_refusal_is_said(owner: FlaskClient, agency: Simulator) -> None:
    """Who declines at the agency comes back to a desk that says so."""
    agency.accounts.consent = False
    assert "did not agree" in note(owner, owner.get(agree(begin(owner))))


def test_an_agency_that_is_down_is_said(owner: FlaskClient, agency: Simulator) -> None:
    """A failing exchange connects nothing, and a desk whose agency is down still opens."""
    agency.misbehave(answer_with(503), on="/v2/oauth/access_token")
    assert "was not connected: HTTP 503" in note(owner, owner.get(agree(begin(owner))))
    owner.get(agree(begin(owner)))
    owner.get("/owner/")
    agency.misbehave(answer_with(503), on="/v2/user*", times=None)
    desk = owner.get("/owner/")
    assert desk.status_code == 200
    assert "HTTP 503" in desk.text
    assert "Disconnect" in desk.text


def test_missing_settings_are_said(make_client: ClientMaker, settings: dict[str, str]) -> None:
    """Without an application's id and secret there is no button but a sentence."""
    alone = {name: settings[name] for name in ("OWNER_PASSWORD", "SECRET_KEY")}
    client = make_client(**alone)
    log_in(client)
    desk = client.get("/owner/").text
    assert "set SHUTTERSTOCK_CLIENT_ID and SHUTTERSTOCK_CLIENT_SECRET" in desk
    assert "shutterstock/connect" not in desk


def test_what_is_kept_is_listed_for_the_owner_alone(
    owner: FlaskClient, make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """The page has each kind of data, its time and setting, and a text for the privacy page."""
    page = owner.get("/owner/kept")
    assert page.status_code == 200
    for text in ("Clicks", "for ever (CLICKS_KEEP_DAYS)", "90 days", "This site sets no cookies"):
        assert text in page.text
    assert make_client(**settings).get("/owner/kept").status_code == 303
