"""The routes of embeds: what may be framed and read by whom, and for how long it is kept."""

import json
import re
from datetime import date
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from affiliate.search import slice_fetcher, visitor_calls
from tests.simulator import CLIENT, hold, simulator
from tests.simulator.collections import FEATURED_ITEMS
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, shutterstock

SCRIPTS = ("/embed.js", "/embed-frame.js")
BLOG = {"Origin": "https://blog.example"}


def ancestors(client: FlaskClient, path: str) -> str:
    policy = client.get(path).headers["Content-Security-Policy"]
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    return found[1] if found else ""


def test_only_embeds_may_be_framed(client: FlaskClient) -> None:
    """/embed may stand in every frame, no other page in any.

    ``*`` would refuse files and sandboxed pages, whose origins have no network scheme.
    """
    assert ancestors(client, "/embed?q=cat") == ""
    assert ancestors(client, "/embed?q=cat&kind=wall") == ""
    for path in ("/", "/search?q=cat", "/nope", "/embed/builder", "/embed/nope"):
        assert ancestors(client, path) == "'none'"


def test_owners_say_who_may_embed(make_client: ClientMaker) -> None:
    """With EMBED_SITES frames and scripts of other sites are left out."""
    client = make_client(EMBED_SITES="blog.example, localhost:8080")
    assert ancestors(client, "/embed?q=cat") == "'self' blog.example localhost:8080"
    for path in (*SCRIPTS, "/embed/search?q=cat", "/oembed?url=http://localhost/"):
        for _ in range(2):  # from the application, and from memory
            named = client.get(path, headers=BLOG).headers
            other = client.get(path, headers={"Origin": "https://evil.example"}).headers
            assert named["Access-Control-Allow-Origin"] == "https://blog.example"
            assert "Access-Control-Allow-Origin" not in other
            assert "Origin" in named.get_all("Vary")
            assert "Origin" in other.get_all("Vary")


def test_hosts_below_a_host_may_embed(make_client: ClientMaker) -> None:
    """``*.`` names all hosts below another, for frames and for scripts."""
    client = make_client(EMBED_SITES="*.blogs.example")
    assert ancestors(client, "/embed?q=cat") == "'self' *.blogs.example"
    for host, allowed in (("https://me.blogs.example", True), ("https://blogs.example", False)):
        head = client.get("/embed.js", headers={"Origin": host}).headers
        assert (head.get("Access-Control-Allow-Origin") == host) == allowed


def test_sandboxed_frames_of_named_sites_may_read(make_client: ClientMaker) -> None:
    """They have no origin, as all sandboxes; the page in the frame holds a key of the day."""
    sandbox, secret = {"Origin": "null"}, "wJ4rZk0Qm8sVx2Yb7Hn5Lc9Tf3Gd6Pa1"
    client = make_client(EMBED_SITES="blog.example", SECRET_KEY=secret)
    page = client.get("/embed?q=cat")
    assert ancestors(client, "/embed?q=cat") == "'self' blog.example"
    assert "Access-Control-Allow-Origin" not in page.headers
    key = re.findall(r'src="/embed\.js\?(key=[0-9a-f]{20})"', page.text)[0]
    for path in ("/embed.js", "/embed/search?q=cat"):
        for query, allowed in ((key, True), ("", False), (f"{key}0", False), ("key=", False)):
            address = f"{path}{'&' if '?' in path else '?'}{query}"
            for origin in (sandbox, {"Origin": "https://evil.example"}):
                head = client.get(address, headers=origin).headers
                wanted = "null" if allowed and origin is sandbox else None
                assert head.get("Access-Control-Allow-Origin") == wanted
                assert "Origin" in head.get_all("Vary")
    for settings in ({"EMBED_SITES": "blog.example"}, {"SECRET_KEY": secret}):
        assert 'src="/embed.js"' in make_client(**settings).get("/embed?q=dog").text


def test_isolated_pages_may_load_what_embeds_need(client: FlaskClient) -> None:
    """Cross-Origin-Embedder-Policy asks for a word of the server; kept answers have it too."""
    picture = client.get("/api/search?q=cat").get_json()["items"][0]["thumbnail"]["url"]
    frames = ("/embed?q=cat", "/embed?rows=9")
    for path in (*SCRIPTS, *frames, "/embed/search?q=cat", "/embed/search?q=", picture):
        for _ in range(2):
            with client.get(path) as answer:
                assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            isolated = answer.headers.get("Cross-Origin-Embedder-Policy")
            assert isolated == ("credentialless" if path in frames else None)
    for path in ("/", "/search?q=cat", "/ajax/search?q=cat"):
        assert "Cross-Origin-Resource-Policy" not in client.get(path).headers


def test_scripts_may_read_what_embeds_need(client: FlaskClient) -> None:
    """Results, script and oEmbed are open to all without credentials, errors too; no page is."""
    for path in (*SCRIPTS, "/embed/search?q=cat", "/embed/search?q=", "/oembed?url=x"):
        for _ in range(2):
            head = client.get(path, headers=BLOG).headers
            assert head["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in head
            assert "Set-Cookie" not in head
    for path in ("/", "/search?q=cat", "/ajax/search?q=cat", "/api/search?q=cat", "/embed?q=cat"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers=BLOG).headers


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_have_one_address_for_ever(client: FlaskClient, path: str) -> None:
    """A script is kept for an hour and then asked for by its tag; memory answers it."""
    first = client.get(path)
    assert (first.status_code, first.mimetype) == (200, "text/javascript")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert client.get(f"{path}?x=1").headers["X-Cache"] == "HIT"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_the_script_has_the_owners_accent(make_client: ClientMaker) -> None:
    """SITE_ACCENT is the accent of embeds that say none."""
    script = make_client(SITE_ACCENT="#aa3300").get("/embed.js").text
    assert "accent='#aa3300'," in script
    assert "Below: the site's own pages" not in script
    assert script.count("customElements.define(") == 1


def test_the_page_for_an_iframe_holds_the_element(client: FlaskClient) -> None:
    """Attributes are the parameters, a link stands inside, links open outside of the frame."""
    page = client.get('/embed?q=<b>"cat"%26&rows=3&agency=demo&theme=auto&lang=de')
    assert '<affiliate-search q="&lt;b&gt;&#34;cat&#34;&amp;" lang="de" agency="demo" rows="3"' in (
        page.text
    )
    assert "<b>" not in page.text
    assert 'href="/search?q=%3Cb%3E%22cat%22%26&amp;lang=de&amp;agency=demo"' in page.text
    assert '<base target="_blank">' in page.text
    assert '<meta name="color-scheme" content="light dark">' in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert page.text.startswith('<!doctype html>\n<html lang="de"')


def test_the_page_for_an_iframe_is_kept(client: FlaskClient) -> None:
    """Equal embeds have one entry in memory, whatever the order of their parameters."""
    first = client.get("/embed?q=cat&kind=strip&rows=2")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/embed?rows=2&junk=1&kind=STRIP&q=%20cat")
    assert (again.headers["X-Cache"], again.data) == ("HIT", first.data)
    assert client.get("/embed?q=cat&kind=strip").data != first.data


def test_a_frame_that_cant_be_read_says_so(client: FlaskClient) -> None:
    """Without anything to show it is 400, on a small page with a way on, and kept by nobody."""
    page = client.get("/embed?q=%FF&kind=strip")
    assert page.status_code == 400
    assert "“q” can't be read" in page.text
    assert "<b>" not in client.get("/embed?%3Cb%3E=%FF").text
    assert "public" not in page.headers.get("Cache-Control", "")


ODD = [
    "rows=9", "rows=0", "accent=red", "limit=99", "media=foo", "type=wall", "q=cat&q=dog",
    "kind=wall", "people=few", "page=0", "safe=%FF", "wait=later", "color=red", "fallback=%00",
]  # fmt: skip
"""Parameters that the pages of the site refuse."""


def test_no_parameter_costs_a_blog_its_pictures(client: FlaskClient) -> None:
    """Inside frames what is odd is bounded or as by default; JSON and the builder name it."""
    item = client.get("/api/search?q=cat").get_json()["items"][0]["id"]
    refused = []
    for odd in ODD:
        for shown in ("q=cat", f"ids=demo:{item}&ids=demo:x&q=%00"):
            page = client.get(f"/embed?{shown}&{odd}")
            found = client.get(f"/embed/search?{shown}&{odd}")
            if (page.status_code, found.status_code) != (200, 200) or not ids_in(found.text):
                refused.append((shown, odd))
    assert refused == []
    plain = client.get("/embed/search?q=cat&lang=en")
    assert client.get("/embed/search?q=cat&lang=en&people=x&page=0").data == plain.data
    pasted = client.get("/oembed?url=http://localhost/embed%3Fq=cat%26rows=9")
    assert "rows=6" in pasted.get_json()["html"]
    for path, field in (("/api/search?q=cat&people=9", "people"), ("/api/search?q=%FF", "q")):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()["field"]) == (400, field)
    assert client.get("/embed/builder?q=cat&rows=9").status_code == 400


def test_results_for_embeds_have_no_style_attributes(client: FlaskClient) -> None:
    """Strict hosts report style attributes, so that the fragment carries them as data."""
    page = client.get("/embed/search?q=cat&site=blog.example")
    assert page.text.count(' data-style="--ratio: ') >= 10
    assert " style=" not in page.text
    assert "fetchpriority" not in page.text
    assert 'loading="eager"' not in page.text
    titles = re.findall(r'class="title" href="([^"]+)"', page.text)
    assert titles
    assert all("&amp;site=blog.example" in one for one in titles)
    assert "site=" not in client.get("/ajax/search?q=cat").text
    assert client.get("/embed/search?site=BLOG.example&q=CAT").headers["X-Cache"] == "HIT"


def test_links_earn_under_the_name_of_the_blog(make_client: ClientMaker) -> None:
    """The agency's own report names the blog: its host is the first sub id of each link."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_AFFILIATE_ID="77",
            SITE_URL="https://me.example",
        )
        page = client.get("/embed/search?q=cat&wait=1&site=Blog.example").text
    links = [unescape(one) for one in re.findall(r'class="picture" href="([^"]+)"', page)]
    assert links
    for link in links:
        assert parse_qs(urlsplit(link).query)["subId1"] == ["blog.example"]


@pytest.mark.parametrize(("query", "field"), [("", "q"), ("q=cat&agency=wall", "agency")])
def test_results_that_cant_be_had_are_a_problem(
    client: FlaskClient, query: str, field: str
) -> None:
    """What can't be read is problem+json, as everywhere."""
    answer = client.get(f"/embed/search?{query}")
    assert (answer.status_code, answer.get_json()["field"]) == (400, field)


@pytest.mark.parametrize("gone", ["agency=wall", "agency=pixabay", "agency=PIXABAY&agency=a%20b"])
def test_agencies_that_are_gone_leave_the_others(client: FlaskClient, gone: str) -> None:
    """An owner who takes an agency out takes no other agency's pictures from the blogs."""
    plain = client.get("/embed/search?q=cat&lang=en&agency=demo")
    for named in (f"agency=demo&{gone}", f"{gone}&agency=demo"):
        assert client.get(f"/embed/search?q=cat&lang=en&{named}").data == plain.data
    assert client.get(f"/embed/search?q=cat&lang=en&{gone}").status_code == 400


LOCALES = [
    ("en_US.UTF-8", "en"),
    ("de_DE@euro", "de"),
    ("de;q=0.8", "de"),
    ("*", "en"),
    ("{{ locale }}", "en"),
    ("de--DE", "en"),
    ("d\u00e9", "en"),
    ("x" * 200, "en"),
    ("de&lang=fr", "en"),
]


@pytest.mark.parametrize(("lang", "spoken"), LOCALES)
def test_no_language_is_an_error_of_an_embed(client: FlaskClient, lang: str, spoken: str) -> None:
    """Templates of blogs fill it in; what can't be read leaves the site's own language."""
    for path in ("/embed?q=cat", "/embed?kind=search", "/embed/search?q=cat"):
        for _ in range(2):
            answer = client.get(f"{path}&lang={lang}")
            assert (answer.status_code, answer.headers["Content-Language"]) == (200, spoken)


def test_searches_of_embeds_count(client: FlaskClient) -> None:
    """A search on a blog is counted like one here, so that it is kept warm."""
    address = "/embed/search?q=cat&lang=en&site=blog.example"
    for number in range(2):
        client.get(address, environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"})
    client.application.extensions["services"].usage.flush()
    asked = client.application.extensions["services"].search_counts.list_found
    assert asked(date(2000, 1, 1), 5) == [("q=cat&lang=en", 2)]


def test_clicks_on_other_sites_count(client: FlaskClient) -> None:
    """A beacon of another origin is recorded with the site that it names, as text or address."""
    fields = {"agency": "demo", "id": "1", "position": 2, "site": "blog.example"}
    body = json.dumps(fields | {"click_id": "abcdefgh12"})
    as_text = client.post("/clicks", data=body, content_type="text/plain", headers=BLOG)
    address = "/clicks?agency=demo&id=1&position=2&site=blog.example&click_id=abcdefgh34"
    assert [as_text.status_code, client.post(address, headers=BLOG).status_code] == [204, 204]
    rows = client.application.extensions["services"].ledger.stream_clicks()
    assert [click.site for _, click in rows] == ["blog.example"] * 2


def ids_in(page: str) -> list[str]:
    return re.findall(r'class="picture"[^>]* data-id="([^"]+)"', page)


def test_picked_pictures_stand_in_their_order(client: FlaskClient) -> None:
    """What is gone or at an unknown agency is left out; links carry the blog."""
    items = client.get("/api/search?q=flower").get_json()["items"]
    picks = [items[3]["id"], "no-such", items[0]["id"], items[7]["id"]]
    asked = ",".join(["elsewhere:5", *(f"demo:{one}" for one in picks)])
    path = f"/embed/search?ids={asked}&lang=de&site=blog.example"
    page = client.get(path)
    assert ids_in(page.text) == [one for one in picks if one != "no-such"]
    assert "3 Bilder" in page.text
    assert "site=blog.example" in page.text
    assert client.get(f"{path}&type=vector&x=1").headers["X-Cache"] == "HIT"
    client.application.extensions["services"].usage.flush()
    asked_for = client.application.extensions["services"].search_counts.list_found(
        date(2000, 1, 1), 5
    )
    assert [words for words, _ in asked_for] == ["q=flower&lang=en"]


def test_picks_that_cant_be_had_are_nothing(client: FlaskClient) -> None:
    """With none left the page says so, and a collection nobody has is 404."""
    none = client.get("/embed/search?ids=demo:nope,elsewhere:1&lang=en")
    assert (none.status_code, ids_in(none.text)) == (200, [])
    assert "Nothing found" in none.text
    for collection in ("elsewhere:1", "demo:1"):
        assert client.get(f"/embed/search?collection={collection}").status_code == 404


def test_picked_pictures_are_asked_for_once(make_client: ClientMaker) -> None:
    """Each picture costs a call of its own the first time, and none while it is kept."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL=agency.url)
        items = client.get("/api/search?q=cat&wait=1").get_json()["items"]
        picks = ",".join(f"shutterstock:{one['id']}" for one in items[:3])
        first = client.get(f"/embed/search?ids={picks}&wait=1")
        again = client.get(f"/embed/search?ids={picks}&wait=1&site=other.example")
    assert ids_in(first.text) == ids_in(again.text) == [one["id"] for one in items[:3]]
    assert first.headers["X-Cache"] == "MISS"
    assert again.headers["X-Cache"] == "HIT"


def test_collections_are_embeds(make_client: ClientMaker) -> None:
    """A featured collection fills an embed as a search does."""
    with simulator() as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
            SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        )
        page = client.get("/embed/search?collection=shutterstock:19853&wait=1")
    assert page.status_code == 200
    assert len(ids_in(page.text)) == FEATURED_ITEMS


def test_late_collections_are_asked_for_again(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collection whose agency takes longer than a page waits is late, as a search's is."""
    for module in (slice_fetcher, visitor_calls):
        monkeypatch.setattr(module, "PAGE_SECONDS", 0.05)
    path = "/embed/search?collection=shutterstock:19853&lang=en"
    with simulator() as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
            SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        )
        order = agency.misbehave(hold("read"), on="/v2/images/collections/*", times=None)
        first = client.get(path)
        pasted = client.get("/oembed?url=http://localhost/collections/shutterstock/19853")
        order.release.set()
        for module in (slice_fetcher, visitor_calls):
            monkeypatch.setattr(module, "PAGE_SECONDS", 10)
        page = client.get(f"{path}&wait=1")
    assert (first.status_code, pasted.status_code) == (200, 200)
    assert 'data-late="shutterstock"' in first.text
    assert len(ids_in(page.text)) == FEATURED_ITEMS


def test_frames_have_the_attributes_of_elements(client: FlaskClient) -> None:
    """Choices of an address are the element's attributes; the tab that links open is the page's."""
    page = client.get("/embed?ids=demo:1&fallback=dog&credit=1&align=center&target=_self&lang=de")
    for attribute in ('ids="demo:1"', 'fallback="dog"', 'credit="1"', 'align="center"'):
        assert f" {attribute}" in page.text
    assert '<base target="_top">' in page.text
    assert ' target="_self"' not in page.text
    assert 'data-show="Bilder anzeigen"' in page.text
    assert '<base target="_blank">' in client.get("/embed?q=cat").text


def test_agencies_that_are_not_known_fill_no_memory(make_client: ClientMaker) -> None:
    """A frame that names one is answered and kept nowhere, as are results for one beside others."""
    client = make_client()
    tier = client.application.extensions["page_cache"]
    for number in range(3):
        assert client.get(f"/embed?q=cat&lang=en&agency=nobody{number}").status_code == 200
        results = f"/embed/search?q=cat&lang=en&agency=demo&agency=nobody{number}"
        assert client.get(results).status_code == 200
    assert not tier._responses
    assert not tier._variants
    assert client.get("/embed?q=cat&lang=en&agency=demo").status_code == 200
    assert len(tier._variants) == 1
