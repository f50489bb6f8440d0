"""What search engines and browsers ask for, by HTTP, with owners' settings of every kind."""

import html
import io
import json
import re
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from PIL import Image

from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.errors import BadQuery
from affiliate.web.site.seo import canonicalize_suggestions
from tests.dialects import DIALECTS, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.crawler import crawl
from tests.support.federation import Agencies
from tests.support.shutterstock import TOKEN, shutterstock
from tests.support.soak import SOAK

URL = "https://me.example"
TYPES = {
    "/robots.txt": "text/plain; charset=utf-8",
    "/sitemap.xml": "application/xml; charset=utf-8",
    "/opensearch.xml": "application/opensearchdescription+xml; charset=utf-8",
    "/suggest?q=cat": "application/x-suggestions+json",
    "/manifest.webmanifest": "application/manifest+json",
    "/favicon.ico": "image/png",
}
ABSOLUTE = ("/robots.txt", "/sitemap.xml", "/opensearch.xml")
WIDE = "  \N{FULLWIDTH LATIN CAPITAL LETTER C}AT "
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"
SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def size(drawn: bytes) -> str:
    """Return the size of a picture, as manifests write it."""
    with Image.open(io.BytesIO(drawn)) as image:
        return f"{image.width}x{image.height}"


def pages(xml: str) -> dict[str, dict[str, str]]:
    """Return the addresses in a sitemap, each with its alternates by language."""
    found = {}
    for page in ET.fromstring(xml):
        links = page.findall(LINK)
        assert {link.attrib["rel"] for link in links} == {"alternate"}
        alternates = {link.attrib["hreflang"]: link.attrib["href"] for link in links}
        found[page.findtext(f"{MAP}loc") or ""] = alternates
    return found


@pytest.mark.parametrize(("route", "kind"), TYPES.items())
def test_each_is_public_and_kept(make_client: ClientMaker, route: str, kind: str) -> None:
    """Under SITE_URL everyone may keep the answers; the second comes from memory."""
    client = make_client(SITE_URL=URL)
    first = client.get(route)
    assert (first.status_code, first.headers["Content-Type"]) == (200, kind)
    life = 300 if route.startswith("/suggest") else 86400
    assert first.headers["Cache-Control"] == f"public, max-age={life}"
    assert "Set-Cookie" not in first.headers
    again = client.get(route)
    assert (again.headers["X-Cache"], again.data) == ("HIT", first.data)
    head = client.head(route)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == kind
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(route, headers=tag).status_code == 304


@pytest.mark.parametrize("route", ABSOLUTE)
def test_another_hosts_address_is_kept_by_nobody(client: FlaskClient, route: str) -> None:
    """Without SITE_URL the request's host stands in the answer, which no tier keeps."""
    evil = client.get(route, headers={"Host": "evil.example"})
    assert "http://evil.example/" in evil.text
    assert evil.headers["Cache-Control"] == "private, no-cache"
    good = client.get(route, headers={"Host": "good.example"})
    assert "http://good.example/" in good.text
    assert "evil" not in good.text
    assert client.head(route).status_code == 200


@pytest.mark.parametrize("route", ABSOLUTE)
def test_the_owner_says_the_address(make_client: ClientMaker, route: str) -> None:
    """With SITE_URL no header changes an address."""
    client = make_client(SITE_URL=URL)
    answer = client.get(route, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert f"{URL}/" in answer.text
    assert "evil" not in answer.text


def test_robots_leave_programs_and_owners_alone(make_client: ClientMaker) -> None:
    """Pages may be crawled; calls, beacons, the owner's desk and waiting for agencies may not."""
    lines = make_client(SITE_URL=URL).get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    refused = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")]
    paths = ["/ajax/", "/api/", "/board", "/embed/search", "/suggest", "/clicks", "/owner/"]
    assert refused == [*paths, "/*wait=1"]
    assert lines[-1] == "Sitemap: https://me.example/sitemap.xml"


def test_every_page_of_the_sitemap_names_all_its_languages(make_client: ClientMaker) -> None:
    """The start page and each topic stand there once for each language, and link back."""
    client = make_client(SITE_URL=URL, SITE_TOPICS="Red  Bicycle, flower, red bicycle, ???")
    found = pages(client.get("/sitemap.xml").text)
    for path in ("/", "/topics/red-bicycle", "/topics/flower", "/topics/question-mark"):
        alternates = found[URL + path]
        assert alternates == {"x-default": URL + path} | {
            lang: f"{URL}{path}?lang={lang}" for lang in UI_LANGUAGES
        }
        assert all(found[address] == alternates for address in alternates.values())
    assert len(found) == 4 * (len(UI_LANGUAGES) + 1)


def test_a_site_without_topics_has_its_start_page(make_client: ClientMaker) -> None:
    """A comma alone is no topic."""
    found = pages(make_client(SITE_URL=URL, SITE_TOPICS=",").get("/sitemap.xml").text)
    assert {urlsplit(address).path for address in found} == {"/"}


def test_topics_of_any_script_have_addresses(make_client: ClientMaker) -> None:
    """A sitemap holds percent-encoded addresses only."""
    client = make_client(SITE_URL=URL, SITE_TOPICS="цветы, <b>&\"'</b>, 花")
    found = pages(client.get("/sitemap.xml").text)
    assert f"{URL}/topics/%D1%86%D0%B2%D0%B5%D1%82%D1%8B" in found
    assert f"{URL}/topics/%E8%8A%B1" in found
    assert all(address.isascii() for address in found)


def test_browsers_learn_to_search_here(make_client: ClientMaker) -> None:
    """The description names the searches, the suggestions, itself and an icon that is there."""
    client = make_client(SITE_URL=URL, SITE_NAME="Pictures")
    root = ET.fromstring(client.get("/opensearch.xml").text)
    assert root.findtext(f"{SEARCH}ShortName") == "Pictures"
    assert root.findtext(f"{SEARCH}InputEncoding") == "UTF-8"
    templates = {url.attrib["type"]: url.attrib for url in root.findall(f"{SEARCH}Url")}
    assert templates["text/html"]["template"] == f"{URL}/search?q={{searchTerms}}"
    suggest = templates["application/x-suggestions+json"]["template"]
    assert suggest == f"{URL}/suggest?q={{searchTerms}}"
    itself = templates["application/opensearchdescription+xml"]
    assert (itself["rel"], itself["template"]) == ("self", f"{URL}/opensearch.xml")
    icon = root.findtext(f"{SEARCH}Image") or ""
    assert client.get(icon.removeprefix(URL)).status_code == 200


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Affiliate Search", "Affiliate Search"),
        ("The Best of All Picture Searches", "The Best of All"),
        ("Donaudampfschifffahrt", "Donaudampfschiff"),
        ("</ShortName>&<x>", "</ShortName>&<x>"),
        ("A\"B'C ]]> &amp;", "A\"B'C ]]> &amp;"),
    ],
)
def test_hostile_names_do_no_harm(make_client: ClientMaker, name: str, short: str) -> None:
    """Any name makes well-formed XML and JSON, and at most 16 characters of it a ShortName."""
    client = make_client(SITE_URL=URL, SITE_NAME=name)
    root = ET.fromstring(client.get("/opensearch.xml").text)
    assert root.findtext(f"{SEARCH}ShortName") == short
    urls = [url.attrib["template"] for url in root.findall(f"{SEARCH}Url")]
    assert f"{URL}/search?q={{searchTerms}}" in urls
    manifest = json.loads(client.get("/manifest.webmanifest").data)
    assert manifest["name"] == name


def test_suggestions_begin_with_the_words(client: FlaskClient) -> None:
    """The words come back as they were typed, with searches that go on from them."""
    typed, found = json.loads(client.get("/suggest?q=Bicy").data)
    assert typed == "Bicy"
    assert found
    assert all(words.startswith("bicy") for words in found)


@pytest.mark.parametrize("typed", ["Cat", "cat", WIDE, "Straße"])
def test_the_words_come_back_exactly(client: FlaskClient, typed: str) -> None:
    """Chromium drops suggestions for other words than those it asked with, even by case."""
    for _ in range(2):
        answer = client.get("/suggest", query_string={"q": typed})
        assert json.loads(answer.data)[0] == typed


def test_all_spellings_have_the_same_suggestions(client: FlaskClient) -> None:
    """Case, width and spaces make no difference to what is suggested."""
    found = [
        json.loads(client.get("/suggest", query_string={"q": typed}).data)[1]
        for typed in ("cat", "CAT", WIDE)
    ]
    assert found[0] == found[1] == found[2]


def test_typing_fills_no_store(make_client: ClientMaker) -> None:
    """Another process finds this one's robots in the store, but nothing that was being typed."""
    for route, mark in (("/robots.txt", "HIT"), ("/suggest?q=zzzzz", None)):
        make_client(SITE_URL=URL).get(route)
        assert make_client(SITE_URL=URL).get(route).headers.get("X-Cache") == mark


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20%09", "?junk=1"])
def test_no_words_have_no_suggestions(client: FlaskClient, query: str) -> None:
    """Before anything is typed the list is empty."""
    assert json.loads(client.get(f"/suggest{query}").data) == ["", []]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=" + "a" * 501, "q"),
        ("q=%FF", "q"),
        ("q=a%00b", "q"),
        ("q=cat&q=dog", "q"),
        ("q=cat&lang=x!", "lang"),
    ],
)
def test_unreadable_words_get_a_problem(client: FlaskClient, query: str, field: str) -> None:
    """What can't be read is 400 problem+json with the parameter's name, kept by nobody."""
    answer = client.get(f"/suggest?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert json.loads(answer.data)["field"] == field
    assert "public" not in answer.headers["Cache-Control"]
    with pytest.raises(BadQuery):
        canonicalize_suggestions(query.encode())


def test_suggestions_vary_by_words_and_language_alone() -> None:
    """Order and junk of an address make no difference; words, case and language do."""
    assert canonicalize_suggestions(b"x=1&lang=DE&q=Rad") == canonicalize_suggestions(
        b"q=%52ad&lang=de"
    )
    assert canonicalize_suggestions(b"q=a&lang=de") != canonicalize_suggestions(b"q=a")
    assert canonicalize_suggestions(b"q=A") != canonicalize_suggestions(b"q=a")


def test_the_manifest_is_made_of_the_owners_settings(make_client: ClientMaker) -> None:
    """Name, language and accent are the owner's."""
    client = make_client(SITE_NAME="Bilder von hier", SITE_LANGUAGE="de", SITE_ACCENT="#aa3300")
    manifest = json.loads(client.get("/manifest.webmanifest").data)
    assert (manifest["name"], manifest["short_name"]) == ("Bilder von hier", "Bilder von")
    assert (manifest["lang"], manifest["theme_color"]) == ("de", "#aa3300")
    assert (manifest["start_url"], manifest["display"]) == ("/", "minimal-ui")


def test_pages_may_load_the_manifest(client: FlaskClient) -> None:
    """The policy of the pages lets browsers fetch what a page names as its manifest."""
    page = client.get("/")
    assert 'rel="manifest" href="/manifest.webmanifest"' in page.text
    assert "manifest-src 'self';" in page.headers["Content-Security-Policy"]


def test_the_icons_are_what_the_manifest_says(client: FlaskClient) -> None:
    """Each PNG has the size that stands beside it; one of them can be masked."""
    icons = json.loads(client.get("/manifest.webmanifest").data)["icons"]
    for icon in icons:
        with client.get(icon["src"]) as answer:
            assert (answer.status_code, answer.mimetype) == (200, icon["type"])
            assert "immutable" in answer.headers["Cache-Control"]
            if icon["type"] == "image/png":
                assert size(answer.data) == icon["sizes"]
    assert [icon["sizes"] for icon in icons if icon.get("purpose") == "maskable"] == ["512x512"]


@pytest.mark.parametrize(
    ("path", "side"), [("/favicon.ico", 48), ("/static/apple-touch-icon.png", 180)]
)
def test_icons_of_fixed_addresses_are_small_squares(
    client: FlaskClient, path: str, side: int
) -> None:
    """What browsers ask for by themselves has the size that they expect, below 10 kB."""
    with client.get(path) as answer:
        assert size(answer.data) == f"{side}x{side}"
        assert len(answer.data) < 10_000


@pytest.mark.parametrize("name", ["adobe-stock", "shutterstock", "istock", "openverse"])
def test_no_link_of_a_picture_s_page_costs_a_call(make_client: ClientMaker, name: str) -> None:
    """Neither its other languages nor what is similar: a crawler may follow the rest.

    Names of categories and of featured collections are asked for once a day, whoever comes.
    """
    kind = next(one for one in DIALECTS if one.name == name)
    with serve_dialect(kind()) as server:
        settings = Agencies({name: server}).settings()
        client = make_client(**settings, SITE_URL=URL, SITE_TOPICS="flower")
        items = client.get("/api/search?q=flower&lang=en&wait=1").get_json()["items"]
        path = f"/image/{name}/{items[0]['id']}?q=flower&lang=en"
        assert client.get(f"/ajax{path.replace('?', '/similar?')}&wait=1").status_code == 200
        page = client.get(path).text
        assert page.count('class="picture"') > 1
        before = len(server.requests)
        links = re.findall(r'<a (?![^>]*nofollow)[^>]*href="([?/][^"]*)"[^>]*>', page)
        assert links
        for link in set(links):
            client.get(urljoin(path, html.unescape(link)))
        later = [asked.path for asked in server.requests[before:]]
        assert [path for path in later if not re.search("categories|featured", path)] == []


def test_a_crawler_with_manners_costs_next_to_nothing(make_client: ClientMaker) -> None:
    """On a site where nothing is known, every page is 200 and so many calls are made in all."""
    most = 400 if SOAK else 48
    with shutterstock() as agency:
        client = make_client(
            AGENCIES="shutterstock",
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_URL=agency.url,
            SITE_URL=URL,
            SITE_TOPICS="flower",
        )
        client.application.extensions["services"].lookups.list_featured(10)
        before = len(agency.requests)
        pages = list(crawl(client, most))
        assert [address for address, page in pages if page.status_code != 200] == []
        assert len(pages) == most
        assert {"topics", "collections"} <= {address.split("/")[1] for address, _ in pages}
        assert len(agency.requests) - before <= 10 + 10  # a collection is two calls
