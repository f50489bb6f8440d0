"""The blog that showed a picture is credited for each step that began there, and the tile kept."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, shutterstock

BLOG = "blog.example"
LINK = re.compile(r'<(?:a|affiliate-search)\b[^>]*?\b(?:href|src)="([^"]+)"(?! rel="sponsored)')
PING = re.compile(r'\bping="([^"]+)"')
EXEMPT = ("/embed/builder", "/static/", "/oembed")
"""What is no step of a visitor."""


def read_links(page: str) -> list[str]:
    """Return the page's links to pages of this site, and the addresses that its elements load.

    Those to agencies are left out: the demo agency's pictures have their pages here.
    """
    body = page[page.find("<main") :] if "<main" in page else page
    found = [unescape(one) for one in LINK.findall(body)]
    return [one for one in found if one.startswith("/") and not one.startswith(EXEMPT)]


def read_pings(page: str) -> list[dict[str, str]]:
    """Return the parameters of the clicks on a page's pictures."""
    found = [parse_qs(urlsplit(unescape(one)).query) for one in PING.findall(page)]
    return [{name: values[0] for name, values in one.items()} for one in found]


def read_site(address: str) -> str:
    return parse_qs(urlsplit(address).query).get("site", [""])[0]


@pytest.mark.parametrize(
    "start",
    [
        "/embed/search?q=cat",
        "/embed/search?q=zzzz",
        "/search?q=cat&wait=1",
        "/search?q=zzzz&type=photo&wait=1",
        "/?q=",
        "/topics/snow?wait=1",
    ],
)
def test_the_blog_goes_with_every_step(make_client: ClientMaker, start: str) -> None:
    """All links from an embed, and those of the pages behind them, name the blog."""
    client = make_client(SITE_URL="https://me.example")
    waiting, seen, lost = [f"{start}&lang=en&site={BLOG}"], set[str](), list[str]()
    while waiting and len(seen) < 60:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "", urlsplit(address).path)
        if kind in seen:
            continue
        seen.add(kind)
        page = client.get(address).text
        lost += [f"{address}: {one}" for one in read_links(page) if read_site(one) != BLOG]
        lost += [f"{address}: {told}" for told in read_pings(page) if told["site"] != BLOG]
        waiting += read_links(page)
    assert lost == []
    assert len(seen) > 3


def test_the_blog_goes_with_words_typed_anew(make_client: ClientMaker) -> None:
    """The form keeps the blog's name; without a blog there is no such field."""
    client = make_client(SITE_URL="https://me.example")
    field = f'<input type="hidden" name="site" value="{BLOG}">'
    assert field in client.get(f"/search?q=cat&lang=en&site=https%3A%2F%2F{BLOG}").text
    for site in ("", "me.example", "a%20b", "%FF"):
        assert 'name="site"' not in client.get(f"/search?q=cat&lang=en&site={site}").text


def test_what_lasts_names_no_blog(make_client: ClientMaker) -> None:
    """Canonical links, previews and addresses for oEmbed are the same whoever led there."""
    client = make_client(SITE_URL="https://me.example")
    for path in ("/?", "/search?q=cat&", "/topics/snow?", "/image/demo/1001?", "/embed/builder?"):
        page = client.get(f"{path}lang=en&site={BLOG}").text
        head = page.partition("</head>")[0]
        assert BLOG not in head


def test_try_again_in_an_embed_names_the_blog(make_client: ClientMaker) -> None:
    """While no agency can be asked, the way back to the search keeps the name."""
    client = make_client(SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL="http://127.0.0.1:1")
    page = client.get(f"/embed/search?q=cat&wait=1&site={BLOG}").text
    assert read_links(page)
    assert {read_site(one) for one in read_links(page)} == {BLOG}


@pytest.mark.parametrize(
    ("site", "credited"),
    [
        ("", None),
        ("&site=", None),
        ("&site=a%20b", None),
        ("&site=null", None),
        ("&site=https://Blog.example:8443/x", BLOG),
        ("&site=%5B%3A%3A1%5D", "[::1]"),
        ("&site=me.example", "me.example"),
    ],
)
def test_an_embed_credits_no_guess(
    make_client: ClientMaker, site: str, credited: str | None
) -> None:
    """Where nobody tells whose page it is, no site is credited, least of all this one."""
    client = make_client(SITE_URL="https://me.example")
    page = client.get(f"/embed/search?q=cat{site}")
    assert page.status_code == 200
    assert {told.get("site") for told in read_pings(page.text)} == {credited}


def test_pages_of_a_site_at_an_ipv6_address_tell_clicks(make_client: ClientMaker) -> None:
    """The address stands in brackets, and what the page tells is taken."""
    client = make_client(SITE_URL="http://[2001:db8:0::1]:8080")
    page = client.get("/search?q=cat&wait=1").text
    assert {told["site"] for told in read_pings(page)} == {"[2001:db8::1]"}
    sent = unescape(PING.findall(page)[0])
    assert client.post(sent, data=b"PING").status_code == 204


def test_a_click_says_where_its_picture_stood(client: FlaskClient) -> None:
    """Its tile's place goes on to quick look and the picture's page; each names itself."""
    results = client.get("/search?q=flower&lang=en&wait=1").text
    tiles = read_pings(results)
    assert [int(told["position"]) for told in tiles] == list(range(1, len(tiles) + 1))
    assert {told["place"] for told in tiles} == {"tile"}
    assert {told["place"] for told in read_pings(client.get("/embed/search?q=flower").text)} == {
        "embed"
    }


def test_quick_look_and_page_keep_the_place_of_the_tile(make_client: ClientMaker) -> None:
    """The seventh tile is the seventh in the ledger, from whichever view it is clicked."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL=agency.url)
        results = client.get("/search?q=flower&lang=en&wait=1").text
        tiles = read_pings(results)
        address = unescape(re.findall(r'class="title" href="([^"]+)"', results)[6])
        for path, place in ((f"/ajax{address}", "look"), (address, "page")):
            told = read_pings(client.get(path).text)[0]
            assert (told["position"], told["place"]) == ("7", place)
            assert told["id"] == tiles[6]["id"]
        for odd in ("0", "-1", "x", "9999999", "%FF", "1&position=2"):
            bare = address.replace("&position=7", f"&position={odd}")
            assert client.get(bare).status_code in {200, 400}
        told_there = read_pings(client.get(f"{address}&wait=1").text)
        similar = [told for told in told_there if told["place"] == "similar"]
        own = [told for told in told_there if told not in similar]
        assert {(told["position"], told["place"]) for told in own} == {("7", "page")}
        assert [told["position"] for told in similar[:2]] == ["1", "2"]
        alone = read_pings(client.get(address.replace("&position=7", "")).text)[0]
        assert (alone["position"], alone["place"]) == ("7", "page")  # as the cached search has it
