"""oEmbed 1.0 as https://oembed.com has it: types, required fields, sizes and status codes."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from tests.simulator import CLIENT, simulator
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, shutterstock

URL = "https://me.example"
REQUIRED = {
    "photo": {"url": str, "width": int, "height": int},
    "rich": {"html": str, "width": int, "height": int},
    "link": {},
}
OPTIONAL = {
    **dict.fromkeys(("title", "author_name", "author_url", "provider_name"), str),
    **dict.fromkeys(("provider_url", "thumbnail_url"), str),
    **dict.fromkeys(("cache_age", "thumbnail_width", "thumbnail_height"), int),
}
IFRAME = re.compile(
    r'<blockquote hidden><a href="(?P<link>[^"]+)">(?P<text>[^<]*)</a></blockquote>'
    r'<iframe src="(?P<src>[^"]+)" title="[^"]*" width="100%" height="(?P<height>\d+)"'
    r' loading="lazy" frameborder="0" referrerpolicy="strict-origin-when-cross-origin"'
    r' style="border: 0"></iframe>'
)


@pytest.fixture
def site(make_client: ClientMaker) -> FlaskClient:
    """Return a client of the demo site under its public address."""
    return make_client(SITE_URL=URL)


def fetch_oembed(client: FlaskClient, path: str, **more: str | int) -> dict[str, Any]:
    """Return the answer about a path of the site, checked against the specification's fields."""
    answer = client.get("/oembed", query_string={"url": URL + path, **more})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    checked(found)
    return found


def checked(found: dict[str, Any]) -> None:
    """Whether an answer has what its type requires (section 2.3.4), and nothing unknown."""
    assert found["version"] == "1.0"
    required = REQUIRED[found["type"]]
    assert required.keys() <= found.keys()
    for name, value in found.items():
        if name not in {"version", "type"}:
            assert isinstance(value, (required | OPTIONAL)[name]), name
    thumbnail = {name for name in found if name.startswith("thumbnail_")}
    assert len(thumbnail) in {0, 3}


def media(client: FlaskClient) -> str:
    path: str = client.get("/api/search?q=cat&wait=1").get_json()["items"][0]["page_url"]
    return path


# -- what addresses are


def test_a_search_is_an_iframe_of_the_same_search(site: FlaskClient) -> None:
    """A page of results is rich: /embed with the page's own filters, of a height that fits it."""
    path = "/search?q=red+bicycle&type=vector&agency=demo&page=3&lang=de&utm_source=x"
    found = fetch_oembed(site, path)
    frame = IFRAME.fullmatch(found["html"])
    assert frame
    source = urlsplit(unescape(frame["src"]))
    assert (source.netloc, source.path) == ("me.example", "/embed")
    wanted = {"q": ["red bicycle"], "type": ["vector"], "lang": ["de"], "agency": ["demo"]}
    assert parse_qs(source.query) == wanted
    assert frame["height"] == "342"
    assert unescape(frame["link"]) == f"{URL}/search?q=red+bicycle&type=vector&lang=de&agency=demo"
    assert (found["type"], found["width"], found["height"]) == ("rich", 640, 342)
    assert site.get(f"/embed?{source.query}").status_code == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/topics/red-bicycle", "q=Red+bicycle"),
        ("/topics/red-bicycle?lang=fr&q=cat", "q=Red+bicycle&lang=fr"),
        ("/", "kind=search"),
        ("", "kind=search"),
        ("/?lang=de", "lang=de&kind=search"),
        ("/topics/red-bicycle?site=blog.example&rows=1", "q=Red+bicycle&rows=1&site=blog.example"),
        ("/?site=blog.example&theme=dark", "kind=search&theme=dark&site=blog.example"),
        ("/embed?q=cat&kind=strip&site=a.example", "q=cat&kind=strip&site=a.example"),
        ("/search?q=cat&kind=strip&site=a.example", "q=cat&kind=strip&site=a.example"),
    ],
)
def test_topics_and_the_start_page_are_iframes(
    make_client: ClientMaker, path: str, query: str
) -> None:
    """A topic is its search, the start page the search box; what their addresses say stays."""
    client = make_client(SITE_URL=URL, SITE_TOPICS="Red bicycle")
    frame = IFRAME.fullmatch(fetch_oembed(client, path)["html"])
    assert frame
    assert unescape(frame["src"]) == f"{URL}/embed?{query}"


def test_a_picture_is_a_photo(site: FlaskClient) -> None:
    """A picture's page is a photo, with its maker, its thumbnail and the site's name."""
    found = fetch_oembed(site, media(site))
    assert found["type"] == "photo"
    assert found["url"].startswith(f"{URL}/static/demo/")
    assert found["author_name"]
    assert found["author_url"].startswith(f"{URL}/search?contributor=")
    assert (found["provider_name"], found["provider_url"]) == ("Affiliate Search", f"{URL}/")
    with site.get(found["url"].removeprefix(URL)) as picture:
        assert picture.status_code == 200


@pytest.mark.parametrize(("width", "height"), [(200, 0), (0, 120), (200, 90), (1, 1), (9999, 9999)])
def test_photos_fit_the_box(site: FlaskClient, width: int, height: int) -> None:
    """Photo and thumbnail are at most as large as is asked, in their own ratio."""
    wanted = {"maxwidth": width, "maxheight": height}
    path = media(site)
    whole = fetch_oembed(site, path)
    found = fetch_oembed(site, path, **{name: one for name, one in wanted.items() if one})
    for before in ("", "thumbnail_"):
        assert 0 < found[f"{before}width"] <= (width or 9999)
        assert 0 < found[f"{before}height"] <= (height or 9999)
    if width > 1 or height > 1:
        ratio = whole["width"] / whole["height"]
        assert found["width"] / found["height"] == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize(
    ("width", "height", "size", "rows"),
    [
        (300, 9999, (300, 342), 2),
        (9999, 341, (640, 186), 1),
        (9999, 100, (640, 100), 1),
        (320, 342, (320, 342), 2),
    ],
)
def test_iframes_fit_the_box(
    site: FlaskClient, width: int, height: int, size: tuple[int, int], rows: int
) -> None:
    """An iframe has as many whole rows as the height allows."""
    found = fetch_oembed(site, "/search?q=cat", maxwidth=width, maxheight=height)
    assert (found["width"], found["height"]) == size
    frame = IFRAME.fullmatch(found["html"])
    assert frame
    assert int(frame["height"]) == size[1]
    assert ("rows=1" in frame["src"]) is (rows == 1)


# -- formats


def test_xml_says_the_same(site: FlaskClient) -> None:
    """format=xml has the fields of the JSON as elements, escaped."""
    path = "/search?q=" + quote("a<b>&\"'c")
    body = fetch_oembed(site, path)
    answer = site.get("/oembed", query_string={"url": URL + path, "format": "xml"})
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.data)
    assert root.tag == "oembed"
    assert {one.tag: one.text for one in root} == {n: str(v) for n, v in body.items()}
    assert "<b>" not in answer.text


def test_hostile_titles_do_no_harm(make_client: ClientMaker) -> None:
    """A site's name with marks of all kinds makes well-formed answers, and no other markup."""
    name = "</oembed>\"'><script>alert(1)</script>&"
    client = make_client(SITE_URL=URL, SITE_NAME=name)
    found = fetch_oembed(client, "/")
    assert IFRAME.fullmatch(found["html"])
    xml = client.get("/oembed", query_string={"url": URL, "format": "xml"})
    assert ET.fromstring(xml.data).findtext("provider_name") == name


@pytest.mark.parametrize("kind", ["yaml", "JSON", "jsonp"])
def test_other_formats_are_not_there(site: FlaskClient, kind: str) -> None:
    """A format that isn't there is 501."""
    answer = site.get("/oembed", query_string={"url": URL, "format": kind})
    assert (answer.status_code, answer.mimetype) == (501, "application/problem+json")


# -- what is refused


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/search?q=cat",
        "https://me.example.evil.example/search?q=cat",
        "https://me.example:8443/search?q=cat",
        "https://evil@me.example/search?q=cat",
        "javascript://me.example/search?q=cat",
        "https://[::1/search",
        "/search?q=cat",
        "nonsense",
        f"{URL}/search",
        f"{URL}/search?q=cat&type=painting",
        f"{URL}/search?q=%FF",
        f"{URL}/topics/nowhere",
        f"{URL}/image/demo/0",
        f"{URL}/image/nobody/1",
        f"{URL}/image/demo/1/similar",
        f"{URL}/static/site.css",
        f"{URL}/owner/",
        f"{URL}//",
    ],
)
def test_what_has_no_representation_is_404(site: FlaskClient, url: str) -> None:
    """Addresses of others, and pages that are no search and no picture, are 404."""
    answer = site.get("/oembed", query_string={"url": url})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert "public" not in answer.headers["Cache-Control"]


def test_host_names_have_no_case(make_client: ClientMaker) -> None:
    """Browsers write host names small, owners as they like."""
    client = make_client(SITE_URL="https://Me.Example")
    for url in (URL, "https://ME.example", "https://Me.Example"):
        assert client.get("/oembed", query_string={"url": f"{url}/?lang=de"}).status_code == 200


def test_the_owners_desk_is_private(make_client: ClientMaker) -> None:
    """Of all addresses that exist only the owner's are private: 401."""
    client = make_client(
        SITE_URL=URL,
        OWNER_PASSWORD="pass word",
        SECRET_KEY="a secret of no less than thirty-two signs",
    )
    assert client.get("/oembed", query_string={"url": f"{URL}/owner/"}).status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "url"),
        ("url=", "url"),
        ("url=x&url=y", "url"),
        (f"url={URL}&maxwidth=0", "maxwidth"),
        (f"url={URL}&maxheight=-5", "maxheight"),
        (f"url={URL}&maxheight=1e3", "maxheight"),
        ("url=%FF", "url"),
    ],
)
def test_bad_input_is_a_problem(site: FlaskClient, query: str, field: str) -> None:
    """What can't be read is 400 and names the parameter."""
    answer = site.get(f"/oembed?{query}")
    assert (answer.status_code, json.loads(answer.data)["field"]) == (400, field)


def test_an_agency_that_fails_is_a_bad_gateway(make_client: ClientMaker) -> None:
    """A picture whose agency is out of reach is 502, not 404."""
    client = make_client(
        SITE_URL=URL, SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL="http://127.0.0.1:1"
    )
    path = f"{URL}/image/shutterstock/1000001"
    assert client.get("/oembed", query_string={"url": path}).status_code == 502


def test_pictures_of_agencies_are_photos(make_client: ClientMaker) -> None:
    """A picture of an agency is a photo at the agency's address."""
    with shutterstock(10) as agency:
        client = make_client(
            SITE_URL=URL, SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL=agency.url
        )
        found = fetch_oembed(client, "/image/shutterstock/1000001")
        assert found["type"] == "photo"
        assert not found["url"].startswith(URL)


# -- discovery and caching


@pytest.mark.parametrize("path", ["/search?q=cat&type=photo", "/topics/snow", "/", "picture"])
def test_pages_say_where_their_oembed_is(site: FlaskClient, path: str) -> None:
    """Under SITE_URL pages link to both formats, and the links lead to an answer."""
    path = media(site) if path == "picture" else path
    page = site.get(path, headers={"Accept-Language": "de"}).text
    links = re.findall(r'<link rel="alternate" type="([^"]+)\+oembed" href="([^"]+)"', page)
    assert [kind for kind, _ in links] == ["application/json", "text/xml"]
    for kind, address in links:
        answer = site.get(unescape(address).removeprefix(URL))
        assert (answer.status_code, answer.mimetype) == (200, kind)
        about = parse_qs(urlsplit(unescape(address)).query)["url"][0]
        assert about.startswith(URL)
        assert "lang=de" in about


def test_without_an_address_pages_say_nothing(client: FlaskClient) -> None:
    """Without SITE_URL the site answers under the request's host, kept by nobody."""
    assert "oembed" not in client.get("/search?q=cat&lang=en").text
    answer = client.get("/oembed", query_string={"url": "http://localhost/search?q=cat"})
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "http://localhost/embed?q=cat" in answer.get_json()["html"]


def test_behind_tls_addresses_have_the_scheme_of_the_proxy(client: FlaskClient) -> None:
    """Pages with https could not load what http addresses name."""
    asked = {"url": "https://localhost/search?q=cat"}
    for told, scheme in (("https", "https"), ("HTTPS, http", "https"), ("x", "http")):
        answer = client.get("/oembed", query_string=asked, headers={"X-Forwarded-Proto": told})
        assert f'src="{scheme}://localhost/embed?' in answer.get_json()["html"]


def test_answers_are_kept(site: FlaskClient) -> None:
    """Equal questions in any order are answered from memory, conditionally too."""
    first = site.get(f"/oembed?url={URL}/search?q=cat&maxwidth=300")
    again = site.get(f"/oembed?x=1&maxwidth=300&url={quote(URL)}/search?q=cat")
    assert again.headers["X-Cache"] == "HIT"
    assert (again.data, again.headers["Cache-Control"]) == (first.data, "public, max-age=300")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert site.get(f"/oembed?url={URL}/search?q=cat&maxwidth=300", headers=tag).status_code == 304
    other = site.get(f"/oembed?url={URL}/search?q=cat&maxwidth=301")
    assert other.get_json()["width"] == 301


# -- collections and what was picked by hand


def test_collections_are_iframes(make_client: ClientMaker) -> None:
    """A featured collection is rich, under its name, and its page says where its oEmbed is."""
    with simulator() as agency:
        client = make_client(
            SITE_URL=URL,
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
            SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        )
        path = "/collections/shutterstock/19853"
        page = client.get(f"{path}?lang=de&wait=1").text
        found = fetch_oembed(client, f"{path}?lang=de&site=blog.example&kind=strip")
        gone = client.get("/oembed", query_string={"url": f"{URL}/collections/shutterstock/0"})
    frame = IFRAME.fullmatch(found["html"])
    assert frame
    assert parse_qs(urlsplit(unescape(frame["src"])).query) == {
        "lang": ["de"],
        "collection": ["shutterstock:19853"],
        "kind": ["strip"],
        "site": ["blog.example"],
    }
    assert unescape(frame["link"]) == f"{URL}{path}?lang=de&site=blog.example"
    assert found["title"] == unescape(frame["text"])
    assert found["title"] in unescape(page)
    assert found["thumbnail_url"]
    assert f"url={quote(URL + path)}" in unescape(page)
    assert gone.status_code == 404


@pytest.mark.parametrize("path", ["nobody/1", "demo/1", "demo/", "%20/%20", "demo/1/2"])
def test_collections_that_nobody_has_are_404(site: FlaskClient, path: str) -> None:
    """An agency that is not on, or that features none, has no collection."""
    answer = site.get("/oembed", query_string={"url": f"{URL}/collections/{path}"})
    assert answer.status_code == 404


def test_picked_pictures_are_an_iframe(site: FlaskClient) -> None:
    """The link leads to the first of them, and the thumbnail is one of them."""
    items = site.get("/api/search?q=dog&wait=1").get_json()["items"][5:7]
    for one in items:
        site.get(f"/api/image/demo/{one['id']}")
    picks = ",".join(f"demo:{one['id']}" for one in items)
    found = fetch_oembed(site, f"/embed?ids={picks}&site=blog.example")
    frame = IFRAME.fullmatch(found["html"])
    assert frame
    link = urlsplit(unescape(frame["link"]))
    assert link.path == f"/image/demo/{items[0]['id']}"
    assert parse_qs(link.query)["site"] == ["blog.example"]
    large = {f"{URL}{one['preview']['url']}" for one in items}
    small = {f"{URL}{one['thumbnail']['url']}" for one in items}
    assert found["thumbnail_url"] in large | small


@pytest.mark.parametrize(
    "sign", ["x", "\u0436", "\u732b", "\U0001f408", '"', "&", "\U0001f468\u200d\U0001f4bb"]
)
def test_markup_is_short_enough_for_forums(site: FlaskClient, sign: str) -> None:
    """Discourse shows no markup of 4000 bytes or more; words are cut for it, in whole signs."""
    words = quote(sign * (500 // len(sign)))
    path = f"/search?q={words}&lang=de&site={'b' * 60}.example&kind=strip"
    found = fetch_oembed(site, path)
    frame = IFRAME.fullmatch(found["html"])
    assert frame
    assert len(found["html"].encode()) < 4000
    words = parse_qs(urlsplit(unescape(frame["src"])).query)["q"][0]
    assert len(words) > 70
    assert words.replace(sign, "") == ""
    assert "kind=strip" in frame["src"]


@pytest.mark.parametrize(
    ("own", "url", "known"),
    [
        ("https://b\u00fccher.example", "https://b\u00fccher.example/", True),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example/", True),
        ("https://xn--bcher-kva.example", "https://B\u00dcCHER.example/?lang=de", True),
        ("https://me.example", "https://me.example:443/", True),
        ("https://me.example", "http://me.example:80/", True),
        ("https://me.example", "https://me.example./", True),
        ("https://me.example", "https://me.example:0/", False),
        ("https://me.example", "https://me.example:x/", False),
        ("https://me.example:8443", "https://me.example:8443/", True),
        ("https://me.example:8443", "https://me.example/", False),
        ("http://[2001:db8::1]", "http://[2001:DB8:0::1]/", True),
        ("http://[2001:db8::1]", "http://[2001:db8::2]/", False),
        ("https://me.example", "https://me@me.example/", False),
        ("https://me.example", "https:///search?q=cat", False),
    ],
)
def test_one_host_has_many_spellings(
    make_client: ClientMaker, own: str, url: str, *, known: bool
) -> None:
    """Other scripts, usual ports and a dot at the end name the same host; a user never does."""
    client = make_client(SITE_URL=own)
    status = client.get("/oembed", query_string={"url": url}).status_code
    assert status == (200 if known else 404)
