"""The log-in opens the desk for the owner alone, and log-outs close it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from flask.testing import FlaskClient

from tests.support.apps import ClientMaker
from tests.support.owner_desk import PASSWORD, SECRET, csrf, log_in, post


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
    told = [r.getMessage() for r in caplog.records if r.name == "affiliate.web.owner.login"]
    assert told == [
        *["a log-in from 203.0.113.0/24 failed: the password is wrong"] * 10,
        "a log-in from 203.0.113.0/24 was refused: too many were tried",
        "the owner logged in from 2001:db8:1::/48",
    ]
    assert not any(word in caplog.text for word in ("guess-4711", PASSWORD, ".77", "::3"))


def test_the_password_opens_and_log_out_closes(owner: FlaskClient) -> None:
    """Logged in the desk is there; logged out it is gone."""
    assert "No account is connected" in owner.get("/owner/account").text
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
    """Looking at the log-in, however often, is answered and is no wrong password."""
    client = make_client(**settings)
    assert {client.open("/owner/log-in", method=method).status_code for _ in range(12)} == {200}
    for path in ("/owner/log-out", "/owner/sessions/end"):
        assert client.open(path, method=method).status_code < 500
    assert log_in(client).status_code == 303
