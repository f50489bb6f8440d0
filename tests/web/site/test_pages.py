"""The visitors' routes over the demo catalogue, by HTTP."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from affiliate.domain.media import SearchQuery
from affiliate.web.shared_pages import SharedPages
from app import create_app
from tests.support.apps import ClientMaker
from tests.support.codings import unpack
from tests.support.memory_store import Memory
from tests.support.shared_parts import close
from tests.support.shutterstock import TOKEN, shutterstock

SEARCH_BOX = 'role="search"'
BAD = [
    ("", "q"),
    ("q=", "q"),
    ("q=%20%09", "q"),
    ("type=photo", "q"),
    ("q=" + "a" * 501, "q"),
    ("q=a%00b", "q"),
    ("q=a%07b", "q"),
    ("q=%ED%A0%80", "q"),
    ("q=%FF", "q"),
    ("q=cat&junk=%FF", "junk"),
    ("q=cat&page=0", "page"),
    ("q=cat&page=abc", "page"),
    ("q=cat&page=-1", "page"),
    ("q=cat&page=1e3", "page"),
    ("q=cat&type=painting", "type"),
    ("q=cat&sort=best", "sort"),
    ("q=cat&orientation=diagonal", "orientation"),
    ("q=cat&people=5", "people"),
    ("q=cat&color=red", "color"),
    ("q=cat&lang=x!", "lang"),
    ("q=cat&q=dog", "q"),
    ("q=cat&wait=2", "wait"),
    ("q=cat&agency=nope", "agency"),
]


@pytest.mark.parametrize("route", ["/api/search", "/ajax/search"])
def test_bad_input_gets_a_problem_that_names_the_field(client: FlaskClient, route: str) -> None:
    """What can't be read is 400 problem+json with the parameter's name."""
    wrong = []
    for query, field in BAD:
        answer = client.get(f"{route}?{query}")
        problem = answer.get_json(silent=True) or {}
        found = (answer.status_code, answer.mimetype, problem.get("field"), problem.get("status"))
        right = found == (400, "application/problem+json", field, 400)
        if not right or not problem["detail"] or "public" in answer.headers["Cache-Control"]:
            wrong.append((query, found, problem))
    assert wrong == []


def test_the_page_shows_bad_input_as_an_error(client: FlaskClient) -> None:
    """The page of a search that can't be read is 400, names the field and offers a way on."""
    wrong = []
    for query, field in BAD:
        answer = client.get(f"/search?{query}")
        title = "What shall we look for?" if field == "q" else f"“{field}” can&#39;t be read"
        if answer.status_code != 400 or title not in answer.text or SEARCH_BOX not in answer.text:
            wrong.append((query, answer.status_code))
    assert wrong == []


def test_another_version_of_a_file_is_answered_and_kept_nowhere(client: FlaskClient) -> None:
    """Whatever stands behind ``?v=``, only the file's own version takes room."""
    memory, store = client.application.extensions["page_cache"], Memory()
    memory._shared_pages = SharedPages(store)
    for version in ("", "0", "000000000000", "x" * 60_000, "1&v=2", "%FF"):
        answer = client.get(f"/static/icon.svg?v={version}")
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert {query for _, query in memory._responses} <= {""}
    assert len(store) <= 1
    own = re.search(r"/static/icon\.svg\?v=[0-9a-f]{12}", client.get("/").text)
    assert own
    client.get(own[0])
    assert own[0].partition("?") in [(path, "?", query) for path, query in memory._responses]


ODD = [
    "//search",
    "//",
    "//static/site.css",
    "/static//site.css",
    "/static/site.css/",
    "/static/",
    "///search",
    "/topics//flower",
    "/image/demo//1",
    "/search/",
    "//embed.js",
    "//healthz",
]


def test_a_page_has_one_address(client: FlaskClient) -> None:
    """More slashes than a path has lead nowhere."""
    asked = [{"PATH_INFO": path, "QUERY_STRING": "q=cat&lang=en"} for path in ODD]
    found = [client.get("/", environ_overrides=one).status_code for one in asked]
    assert found == [404] * len(ODD)


def test_the_tag_of_two_forms_is_weak(client: FlaskClient) -> None:
    """RFC 9110, 8.8.3: each coding has other bytes; all forms are still told to be unchanged."""
    for path in (
        "/embed.js",
        "/static/site.css",
        "/static/framed.js",
        "/static/keep.js",
        "/sitemap.xml",
    ):
        plain = client.get(path)
        tag = plain.headers["ETag"]
        for coding in ("gzip", "br"):
            packed = client.get(path, headers={"Accept-Encoding": coding})
            assert packed.headers["Content-Encoding"] == coding
            assert unpack(packed.data, coding) == plain.data
            assert packed.headers["ETag"] == tag
            assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert tag.startswith('W/"')
        for known in (tag, tag.removeprefix("W/")):
            assert client.get(path, headers={"If-None-Match": known}).status_code == 304


def test_raw_bytes_that_are_not_utf8_are_refused(client: FlaskClient) -> None:
    """Bytes that were not even escaped are 400 as well."""
    answer = client.get("/api/search", environ_overrides={"QUERY_STRING": "q=\xff"})
    assert answer.status_code == 400


def test_json_has_the_promised_shape(client: FlaskClient) -> None:
    """Every field of the design stands in the answer, and no other."""
    body = client.get("/api/search?q=cat&wait=1").get_json()
    assert set(body) == {"query", "page", "pages", "total", "items", "agencies"}
    assert body["query"] == {"q": "cat", "lang": "en"}
    assert len(body["items"]) >= 10
    item = body["items"][0]
    assert {
        *("agency", "id", "media", "type", "title", "keywords", "link", "page_url", "contributor"),
        *("editorial", "duration", "attribution", "sellers", "thumbnail", "preview"),
    } <= set(item)
    assert set(item["thumbnail"]) == {"url", "width", "height"}
    assert item["sellers"] == [{"agency": "demo", "id": item["id"], "link": item["link"]}]
    assert set(body["agencies"][0]) == {"agency", "status", "total", "fetched_at", "error"}


def test_equal_searches_share_an_entry(client: FlaskClient) -> None:
    """Case, spaces, order and junk parameters do not matter: the second costs no call."""
    first = client.get("/api/search?q=CAT%20&type=vector")
    second = client.get("/api/search?utm_source=x&type=Vector&q=++cat&page=1&sort=popular")
    assert first.headers["X-Cache"] == "MISS"
    assert second.headers["X-Cache"] == "HIT"
    assert first.get_json()["items"] == second.get_json()["items"]


def test_a_page_past_the_end_is_empty(client: FlaskClient) -> None:
    """page=99999999 is a legal input with nothing to show."""
    body = client.get("/api/search?q=cat&page=99999999").get_json()
    assert body["items"] == []


def test_the_page_has_cached_results_inside(client: FlaskClient) -> None:
    """The first visit gets a skeleton that is kept by nobody, the next one the pictures."""
    first = client.get("/search?q=cat&lang=en")
    assert "data-waiting" in first.text
    assert first.headers["Cache-Control"] == "private, no-cache"
    client.get("/ajax/search?q=cat")
    second = client.get("/search?q=cat&lang=en")
    assert "data-waiting" not in second.text
    assert second.text.count("data-id=") >= 10
    assert "max-age=300, s-maxage=3600," in second.headers["Cache-Control"]


def test_wait_renders_on_the_server(client: FlaskClient) -> None:
    """Without JavaScript the form's wait=1 brings the pictures in one step."""
    assert client.get("/search?q=cat&wait=1").text.count("data-id=") >= 10
    start = client.get("/").text
    assert '<noscript><input type="hidden" name="wait" value="1"></noscript>' in start


def test_links_are_marked_and_lead_through_the_affiliate_network(make_client: ClientMaker) -> None:
    """Every picture links by the owner's template, with rel and a click report."""
    template = "https://go.example/c/{affiliate_id}/1?u={landing}&s={site}&w={query}"
    client = make_client(
        DEMO_AFFILIATE_ID="77", DEMO_AFFILIATE_LINK=template, SITE_URL="https://me.example"
    )
    page = client.get("/search?q=red+bicycle&wait=1").text
    links = re.findall(r'<a class="picture" href="([^"]+)" rel="([^"]+)" ping="([^"]+)"', page)
    assert links
    for href, rel, ping in links:
        parts = urlsplit(href.replace("&amp;", "&"))
        fields = parse_qs(parts.query)
        assert (parts.path, fields["s"], fields["w"]) == (
            "/c/77/1",
            ["me.example"],
            ["red bicycle"],
        )
        assert fields["u"][0].startswith("/image/demo/")
        assert rel == "sponsored nofollow noopener"
        assert ping.startswith("/clicks?agency=demo&amp;id=")
    shown_elsewhere = client.get("/ajax/search?q=red+bicycle&site=blog.example").text
    assert "s=blog.example" in shown_elsewhere


def test_conditional_requests_get_304(client: FlaskClient) -> None:
    """An answer's weak ETag brings 304 while items, totals and times are the same."""
    client.get("/api/search?q=dog")
    first = client.get("/api/search?q=dog")
    assert first.headers["ETag"].startswith('W/"')
    again = client.get("/api/search?q=dog", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pages_hold_a_strict_policy(client: FlaskClient) -> None:
    """Pages allow no inline script, nothing of others, and set no cookie."""
    for route in ("/", "/search?q=cat", "/nope"):
        answer = client.get(route)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "Set-Cookie" not in answer.headers
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=", answer.text)


def test_picture_hosts_stand_in_the_policy(make_client: ClientMaker) -> None:
    """img-src has the hosts of the agencies that are on, and a stand-in's origin."""
    client = make_client(SHUTTERSTOCK_API_TOKEN="t", SHUTTERSTOCK_URL="http://127.0.0.1:9/x")
    policy = client.get("/").headers["Content-Security-Policy"]
    assert (
        "img-src 'self' https://*.shutterstock.com https://*.picdn.net http://127.0.0.1:9;"
        in policy
    )
    assert (
        "media-src 'self' https://*.shutterstock.com https://*.picdn.net http://127.0.0.1:9;"
        in policy
    )


def test_without_footage_nothing_may_be_played(client: FlaskClient) -> None:
    """media-src is there only for agencies that sell footage."""
    assert "media-src" not in client.get("/").headers["Content-Security-Policy"]


def test_an_image_has_a_page(client: FlaskClient) -> None:
    """A picture's page names it; one that does not exist is 404 with a way on."""
    item = client.get("/api/search?q=cat").get_json()["items"][0]
    page = client.get(item["page_url"])
    assert page.status_code == 200
    assert item["title"] in page.text
    assert client.get("/image/demo/0").status_code == 404
    assert client.get("/image/nope/1").status_code == 404


def test_errors_are_pages_for_people_and_problems_for_programs(client: FlaskClient) -> None:
    """A wrong address is a page with the search box, or problem+json under /api."""
    assert 'role="search"' in client.get("/nope").text
    assert client.get("/api/nope").mimetype == "application/problem+json"
    assert client.get("/clicks").status_code == 405


def test_topics_and_filters_are_real_links(client: FlaskClient) -> None:
    """Chips remove one filter, pages have prev and next, all as plain addresses."""
    page = client.get("/search?q=flower&type=vector&orientation=vertical&wait=1").text
    assert 'href="/search?q=flower&amp;orientation=vertical&amp;lang=en"' in page
    assert 'href="/search?q=flower&amp;type=vector&amp;lang=en"' in page
    pages = client.get("/search?category=Animals&wait=1").text
    assert 'rel="next" href="/search?category=Animals&amp;lang=en&amp;page=2"' in pages


def test_an_agency_that_was_chosen_can_be_unchosen(make_client: ClientMaker) -> None:
    """The choice of an agency stands among the chips, with a link to all of them."""
    client = make_client(AGENCIES="demo,shutterstock", SHUTTERSTOCK_API_TOKEN="t")
    page = client.get("/search?q=cat&agency=demo&wait=1").text
    chip = '<a href="/search?q=cat&amp;lang=en"><span class="unseen">Remove: </span><bdi>Demo'
    assert chip in page


def test_another_versions_asset_is_kept_by_nobody(client: FlaskClient) -> None:
    """An address with this version's digest is for ever, one with another's is not."""
    page = client.get("/").text
    found = re.search(r'href="(/static/site\.css\?v=\w+)"', page)
    assert found
    assert "immutable" in client.get(found[1]).headers["Cache-Control"]
    other = client.get("/static/site.css?v=0123456789ab").headers["Cache-Control"]
    assert other == "public, no-cache"


@pytest.mark.parametrize(
    ("name", "seconds"), [("keep.js", 300), ("keep.css", 300), ("icon-192.png", 604_800)]
)
def test_what_scripts_load_by_name_is_soon_that_of_a_new_version(
    client: FlaskClient, name: str, seconds: int
) -> None:
    """Pages of a new version work with a script of the last one for minutes, not for a week."""
    with client.get(f"/static/{name}") as answer:
        assert answer.headers["Cache-Control"] == f"public, max-age={seconds}"


def test_a_failure_is_never_served_past_its_time(make_client: ClientMaker) -> None:
    """An answer with a failed part has no grace; a good one has at most five minutes."""
    client = make_client(
        AGENCIES="demo,shutterstock",
        SHUTTERSTOCK_API_TOKEN="t",
        SHUTTERSTOCK_URL="http://127.0.0.1:1",
    )
    failed = client.get("/api/search?q=cat&wait=1").headers["Cache-Control"]
    assert failed in {f"public, max-age={s}, s-maxage={s}" for s in (3, 4, 5)}
    good = client.get("/api/search?q=cat&wait=1&agency=demo").headers["Cache-Control"]
    assert "max-age=300," in good
    assert "stale-while-revalidate=300," in good


def test_only_picture_ids_reach_an_agency(make_client: ClientMaker) -> None:
    """Words behind /image/shutterstock/ that are no id are not sent to its API."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        for word in ("licenses", "..", "1%2F..%2Flicenses", "0"):
            assert client.get(f"/image/shutterstock/{word}").status_code == 404
        assert agency.requests == []
        assert client.get("/image/shutterstock/1000001").status_code == 200


def test_details_count_against_the_quota(make_client: ClientMaker) -> None:
    """Picture pages that are not cached cost the hour's calls like searches do."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_CALLS_PER_HOUR="2",
        )
        for number in range(5):
            client.get(f"/image/shutterstock/{1000001 + number}")
        assert len(agency.requests) == 2
        assert client.get("/image/shutterstock/1000001").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/image/shutterstock/\u0661\u0662\u0663",
        "/image/shutterstock/\uff11\uff12",
        "/api/image/shutterstock/caf\u00e9",
        "/collections/shutterstock/\u0661",
        "/embed/search?ids=shutterstock:\u0661",
    ],
)
def test_ids_that_no_agency_has_cost_nothing(make_client: ClientMaker, path: str) -> None:
    """Digits of other scripts are no id."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        assert "data-look" not in client.get(path).text
        assert not [one for one in agency.requests if "categories" not in one.path]


def test_a_spent_quota_is_told_for_seconds(make_client: ClientMaker) -> None:
    """No CDN keeps for an hour that the calls are spent: the owner may raise the limit."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_CALLS_PER_HOUR="1",
        )
        client.get("/api/search?q=cat")
        spent = client.get("/api/search?q=dog")
        error = spent.get_json()["agencies"][0]["error"]
        assert error["kind"] == "quota"
        life = re.search(r"s-maxage=(\d+)", spent.headers["Cache-Control"])
        assert life is None or int(life[1]) <= 10


def test_a_method_that_is_not_allowed_names_those_that_are(client: FlaskClient) -> None:
    """405 has its Allow header."""
    assert "POST" in client.get("/clicks").headers["Allow"]


def test_the_start_page_shows_its_topic_in_any_spelling(make_client: ClientMaker) -> None:
    """SITE_TOPICS is read as a visitor's words are."""
    client = make_client(SITE_TOPICS="Red  BICYCLE")
    client.get("/ajax/search?q=red+bicycle")
    assert "data-id=" in client.get("/").text


@pytest.mark.parametrize(
    "route", ["/?lang=en", "/search?q=cat&lang=en", "/ajax/search?q=cat", "/api/search?q=cat"]
)
def test_no_header_changes_what_was_kept(make_client: ClientMaker, route: str) -> None:
    """Whoever asks, from wherever, with whatever else: the bytes are those that were kept."""
    client = make_client(SITE_URL="https://me.example")
    client.get("/ajax/search?q=flower")
    client.get("/ajax/search?q=cat")
    client.get(route)
    kept = client.get(route)
    assert kept.headers["X-Cache"] == "HIT"
    for name, value in (
        ("Host", "evil.example"),
        ("Cookie", "a=b"),
        ("Accept", "application/json"),
        ("Accept-Language", "de"),
        ("User-Agent", "curl"),
        ("Referer", "https://blog.example/"),
        ("Origin", "https://blog.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Authorization", "Basic Zm9vOmJhcg=="),
        ("Range", "bytes=0-9"),
    ):
        again = client.get(route, headers={name: value})
        assert (again.status_code, again.data) == (200, kept.data), name


def test_addresses_are_read_back_as_the_same_search(client: FlaskClient) -> None:
    """A link to the next page means the same search, one page on."""
    page = client.get("/search?category=Animals&sort=newest&wait=1").text
    found = re.search(r'rel="next" href="/search\?([^"]+)"', page)
    assert found
    query = SearchQuery.from_query_string(found[1].replace("&amp;", "&"))
    assert query == SearchQuery(category="Animals", sort="newest", lang="en", page=2)


def click(**changes: object) -> dict[str, object]:
    fields = {"agency": "demo", "id": "1", "words": "cat", "position": 3, "click_id": "abcdefgh12"}
    return fields | changes


def test_a_first_start_makes_the_ledger(tmp_path: Path) -> None:
    """In a folder without any file the site records a click."""
    app = create_app({"DATA_DIR": str(tmp_path / "new")})
    assert app.test_client().post("/clicks", data=json.dumps(click())).status_code == 204
    assert len(list(app.extensions["services"].ledger.stream_clicks())) == 1
    close(app)


def test_a_click_is_recorded_once(client: FlaskClient) -> None:
    """A beacon's JSON and the ping of the same click make one row; 204 for each."""
    ledger = client.application.extensions["services"].ledger
    assert client.post("/clicks", data=json.dumps(click())).status_code == 204
    address = "/clicks?agency=demo&id=1&words=cat&position=3&click_id=abcdefgh12"
    assert client.post(address, data=b"PING", content_type="text/ping").status_code == 204
    assert len(list(ledger.stream_clicks())) == 1


def test_a_ping_without_javascript_counts(client: FlaskClient) -> None:
    """A browser that only pings has no click id; each ping is a click of its own."""
    ledger = client.application.extensions["services"].ledger
    for _ in range(2):
        answer = client.post("/clicks?agency=demo&id=1&words=&position=1", data=b"PING")
        assert answer.status_code == 204
    assert len(list(ledger.stream_clicks())) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (json.dumps(click(junk="x" * 4096)).encode(), "body"),
        (json.dumps(click(position=0)).encode(), "position"),
        (json.dumps(click(agency="")).encode(), "agency"),
        (json.dumps(click(agency="nobody")).encode(), "agency"),
        (json.dumps(click(words="a\0b")).encode(), "words"),
        (json.dumps(click(id="\ud800")).encode(), "id"),
        (json.dumps(click(click_id="!")).encode(), "click_id"),
    ],
)
def test_a_broken_click_is_refused(client: FlaskClient, body: bytes, field: str) -> None:
    """A beacon that can't be read is 400 and names the field."""
    answer = client.post("/clicks", data=body)
    assert answer.status_code == 400
    assert json.loads(answer.data)["field"] == field


def test_the_process_says_that_it_lives(client: FlaskClient) -> None:
    """/healthz answers 200."""
    assert client.get("/healthz").status_code == 200


def test_the_site_says_what_works(client: FlaskClient) -> None:
    """/readyz tells pages, clicks and cache apart."""
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json() == {"status": "ok", "pages": "ok", "clicks": "ok", "cache": "ok"}


@pytest.mark.parametrize(("disk", "status", "clicks"), [(True, 204, "kept"), (False, 503, "down")])
def test_pages_need_no_ledger(tmp_path: Path, disk: bool, status: int, clicks: str) -> None:  # noqa: FBT001
    """While the database is away pages are served, the start included; clicks wait on the disk."""
    if not disk:
        (tmp_path / "clicks.journal").mkdir()
    away = "postgresql://site@127.0.0.1:1/ledger"
    app = create_app({"DATA_DIR": str(tmp_path), "DATABASE_URL": away})
    client = app.test_client()
    assert client.get("/search?q=cat").status_code == 200
    told = client.post("/clicks", data=json.dumps(click()))
    assert told.status_code == status
    assert told.headers["Access-Control-Allow-Origin"] == "*"
    assert ("Retry-After" in told.headers) == (status == 503)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["clicks"]) == (200, clicks)
    assert ready.get_json()["status"] == "degraded"
    close(app)


def test_a_click_of_an_agency_that_has_left_is_kept(client: FlaskClient) -> None:
    """Pages in caches and on blogs outlive a change of AGENCIES."""
    answer = client.post("/clicks", data=json.dumps(click(agency="shutterstock")))
    assert answer.status_code == 204
    assert [
        one.agency for _, one in client.application.extensions["services"].ledger.stream_clicks()
    ] == ["shutterstock"]


def test_pages_say_whether_the_next_one_loads_by_itself(client: FlaskClient) -> None:
    """The footer waits for what comes above it; on the last page nothing more does."""
    last = client.get("/api/search?q=animal&lang=en").get_json()["pages"]
    for page in range(1, last + 1):
        html = client.get(f"/search?q=animal&page={page}&lang=en&wait=1").text
        nav = re.search(r'<nav class="pages"[^>]*>', html)
        assert (nav is not None and "data-ahead" in nav[0]) == (page < last and page % 5 > 0)
