"""Every page of the desk is guarded, never kept, and read within bounds."""

import io
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import flask
import psycopg
import pytest
from flask import render_template_string
from flask.testing import FlaskClient

from affiliate.database import engine
from affiliate.errors import BadQuery, LedgerError
from affiliate.web.owner.charts import draw_chart
from affiliate.web.owner.filters import SITE, FilterField
from affiliate.web.owner.frame import handle_bad_query, handle_ledger_error
from affiliate.web.owner.page_requests import read_page_request
from tests.support.apps import ClientMaker
from tests.support.ledgers import empty_database
from tests.support.owner_desk import CALLBACK, PASSWORD, csrf, log_in, post

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


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


def test_a_form_that_is_too_long_says_so(owner: FlaskClient) -> None:
    """To try again in a minute, as other failures advise, would not help."""
    token = csrf(owner.get("/owner/log-in"))
    answer = owner.post("/owner/log-in", data={"csrf": token, "password": "p" * 5000})
    assert answer.status_code == 413
    assert "This form is too long" in answer.text


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


def test_a_path_with_nul_is_no_page(make_client: ClientMaker, settings: dict[str, str]) -> None:
    """PostgreSQL takes no text with NUL, so that no ledger is asked for such a purchase."""
    stranger = make_client(**settings)
    assert stranger.get("/owner/licenses/1%00").status_code == 404
    assert stranger.get("/owner/licenses/1").status_code == 303


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/owner/alerts", {"name": "disk\0", "days": "7"}),
        ("/owner/sessions/end", {"session": "\0"}),
        ("/owner/license/shutterstock/1/buy", {"purchase": "a" * 32, "size": ["huge", "\0"]}),
    ],
)
def test_a_form_with_nul_is_refused(
    owner: FlaskClient, path: str, fields: dict[str, object]
) -> None:
    """PostgreSQL takes no text with NUL, so that no ledger is asked for such a form."""
    answer = post(owner, path, **fields)
    assert (answer.status_code, "NUL" in answer.text) == (400, True)


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
    """Nobody's log-in can be looked up then, so nobody is let in."""
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


@pytest.mark.parametrize("token", [None, "", "made-up"])
def test_a_form_from_elsewhere_does_nothing(owner: FlaskClient, token: str | None) -> None:
    """Every form of the desk is refused without this session's token."""
    form = {"password": PASSWORD} | ({} if token is None else {"csrf": token})
    paths = [
        re.sub(r"<[^>]+>", "x", rule.rule)
        for rule in owner.application.url_map.iter_rules()
        if rule.endpoint.startswith("owner.") and "POST" in (rule.methods or ())
    ]
    assert {"/owner/log-out", "/owner/license/x/x/buy"} <= set(paths)
    for path in paths:
        assert owner.post(path, data=form).status_code == 400, path
    assert owner.get("/owner/").status_code == 200


# -- what every page has


def test_the_navigation_marks_the_current_page(owner: FlaskClient) -> None:
    """A link for each page that is there, in one landmark, and one heading."""
    page = owner.get("/owner/sessions").text
    links = re.findall(r'<li><a href="(/owner/[^"]*)"( aria-current="page")?>', page)
    assert [url for url, current in links if current] == ["/owner/sessions"]
    assert links[0][0] == "/owner/"
    assert page.count("<h1>") == page.count('<nav aria-label="Desk">') == 1
    assert "aria-current" not in owner.get("/owner/log-in").text


def test_every_page_of_the_navigation_is_there(owner: FlaskClient) -> None:
    """Each has its own heading, the two scripts of every page of the desk, and no style element."""
    headings = set()
    navigation = owner.get("/owner/").text.split('aria-label="Desk"')[1].split("</nav>")[0]
    links = re.findall(r'<li><a href="(/owner/[^"]*)"', navigation)
    for url in links:
        answer = owner.get(url)
        assert answer.status_code == 200
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert [re.findall(r"/static/([\w.-]+)", script) for script in scripts] == [
            ["owner-mark.js"],
            ["scheme.js"],
        ]
        assert "<style" not in answer.text
        headings |= set(re.findall("<h1>([^<]+)</h1>", answer.text))
    assert len(headings) == len(links)


def test_a_parameter_that_cannot_be_read_is_named_in_the_frame(owner: FlaskClient) -> None:
    """So is a database that fails behind the log-in; the navigation leads on."""
    with owner.application.test_request_context("/owner/words?period=8"):
        flask.session["csrf"] = "x"
        for answer, status, words in (
            (handle_bad_query(BadQuery("period", "Use one of: 7.")), 400, "“period”"),
            (handle_ledger_error(LedgerError("The database failed.")), 503, "The database failed."),
        ):
            assert answer.status_code == status
            page = answer.get_data(as_text=True)
            assert words in page
            assert '<nav aria-label="Desk">' in page


def test_a_page_waits_for_no_lock_for_long(
    make_client: ClientMaker,
    settings: dict[str, str],
    postgres: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page says why there are no figures; visitors' pages need none."""
    monkeypatch.setattr(engine, "READ_SECONDS", 0.2)
    url = empty_database(postgres)
    owner = make_client(**settings, DATABASE_URL=url)
    log_in(owner)
    with psycopg.connect(url.replace("+psycopg", "")) as idle:
        idle.execute("LOCK TABLE click_days")
        page = owner.get("/owner/sites")
        assert page.status_code == 503
        assert "it took too long; look for locks and load there" in page.text
        assert owner.get("/search?q=cat&lang=en").status_code == 200
    assert owner.get("/owner/sites").status_code == 200


def test_an_address_that_the_desk_has_not_is_answered_in_the_frame(owner: FlaskClient) -> None:
    """Visitors' search leads an owner nowhere; a stranger learns nothing of the desk's pages."""
    for path in ("nothing", "licenses/none"):
        answer = owner.get(f"/owner/{path}")
        assert answer.status_code == 404
        assert "There is no such page at the desk" in answer.text
        assert '<nav aria-label="Desk">' in answer.text
    stranger = owner.application.test_client()
    assert stranger.get("/owner/nothing").status_code == 303


def test_a_bad_parameter_leads_to_the_page_without_it(owner: FlaskClient) -> None:
    page = owner.get("/owner/words?period=8&sort=-clicks").text
    assert '<a href="/owner/words">The page without filters</a>' in page


def show_strip(client: FlaskClient, query: str) -> str:
    fields = [SITE, FilterField("agency", "Agency", {"demo": "Demo", "yay": "Yay"})]
    with client.application.test_request_context(f"/owner/words?{query}"):
        now = datetime(2026, 11, 29, 12, tzinfo=UTC)
        view = read_page_request(fields, has_period=True, now=now)
        page = "{% import '_owner_parts.html' as desk with context %}{{ desk.strip(view) }}"
        return render_template_string(page, view=view)


def test_the_strip_keeps_all_but_what_it_changes(owner: FlaskClient) -> None:
    """Links to periods keep the filters, forms of filters the period and the order."""
    strip = show_strip(owner, "period=7&site=%3Cb%3E&sort=-clicks&page=3")
    assert "/owner/words?period=90&amp;site=%3Cb%3E&amp;sort=-clicks" in strip
    assert 'aria-current="true">7 days</a>' in strip
    assert 'value="2026-11-23" required' in strip
    dates, filters = re.findall("<form>.*?</form>", strip, re.DOTALL)
    assert re.findall(r'type="hidden" name="(\w+)"', dates) == ["site", "sort"]
    assert re.findall(r'type="hidden" name="(\w+)"', filters) == ["period", "sort"]
    assert "Site: &lt;b&gt;" in strip
    assert "<b>" not in strip


def test_days_of_the_owner_s_own_are_shown_open(owner: FlaskClient) -> None:
    strip = show_strip(owner, "from=2026-11-01&to=2026-11-05&agency=yay")
    assert '<details class="narrow" open><summary>2026-11-01 to 2026-11-05</summary>' in strip
    assert '<option value="yay" selected>Yay</option>' in strip
    assert "Agency: Yay" in strip


def test_a_chart_has_its_figures_as_a_table_and_a_title_at_each_point(owner: FlaskClient) -> None:
    chart = draw_chart("Clicks <by> day", ["1 Nov", "2 Nov"], [1200, 5], [3, 4])
    with owner.application.test_request_context("/owner/"):
        page = "{% import '_owner_parts.html' as desk with context %}{{ desk.chart(chart) }}"
        figure = render_template_string(page, chart=chart)
    assert "<title>1 Nov: 1,200 (before: 3)</title>" in figure
    assert '<th scope="row">2 Nov</th><td class="end">5</td><td class="end">4</td>' in figure
    assert 'aria-label="Clicks &lt;by&gt; day: at most 1,200, 1 Nov"' in figure
