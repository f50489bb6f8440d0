"""Every view of a picture leads to all agencies that sell it, each click counted for itself."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.dialects import DIALECTS, Answer, Server, answer_json, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.doubles import make_double_agency
from tests.support.federation import Agencies

SEARCH = "/ajax/search?q=flower&lang=en&wait=1"
Seller = tuple[str, str]


def sides(width: int, height: int) -> str:
    return f"{width} \N{MULTIPLICATION SIGN} {height}"


@pytest.fixture
def agencies() -> Iterator[Agencies]:
    with ExitStack() as stack:
        yield Agencies(
            {
                name: stack.enter_context(serve_dialect(make_double_agency(name)))
                for name in ("adobe-stock", "depositphotos")
            }
        )


@pytest.fixture
def client(make_client: ClientMaker, agencies: Agencies) -> FlaskClient:
    ids = {"ADOBE_STOCK_AFFILIATE_ID": "1a", "DEPOSITPHOTOS_AFFILIATE_ID": "2d"}
    return make_client(**agencies.settings(), **ids)


def double(client: FlaskClient, search: str = SEARCH) -> str:
    """Return the tile of the picture that two agencies sell."""
    tiles = client.get(search).text.split('<li class="tile')
    (found,) = [tile for tile in tiles if " sold" in tile.partition('"')[0]]
    return found


def links(html: str) -> list[Seller]:
    """Return the counted links of a part of a page, with the position that each tells."""
    found = re.findall(r'<a [^>]*ping="([^"]*)"', html)
    told = [parse_qs(urlsplit(ping.replace("&amp;", "&")).query) for ping in found]
    return [(one["agency"][0], one["position"][0]) for one in told]


def buy(html: str) -> str:
    return html.partition('<div class="buy">')[2].partition("</div>")[0]


def position(tile: str) -> str:
    found = re.search(r'data-position="(\d+)"', tile)
    assert found
    return found[1]


def test_a_tile_names_every_seller_in_a_link_of_its_own(client: FlaskClient) -> None:
    """With the owner's affiliate link, and the pixels of the original."""
    sellers = double(client).partition('class="sellers">')[2].partition("</span>")[0]
    assert [agency for agency, _ in links(sellers)] == ["adobe-stock", "depositphotos"]
    assert "camref:1a" in sellers
    assert "ref=2d" in sellers
    assert sellers.count(f'<small dir="ltr">{sides(6000, 4000)}</small>') == 2


@pytest.mark.parametrize("view", ["/ajax/image", "/image"])
@pytest.mark.parametrize("agency", ["adobe-stock", "depositphotos"])
def test_a_picture_s_own_view_leads_to_all_sellers_of_its_tile(
    client: FlaskClient, view: str, agency: str
) -> None:
    """Quick look and page, of the first and of the double; its own agency comes first."""
    tile = double(client)
    page = client.get(f"{view}/{agency}/900003?q=flower&lang=en").text
    place = position(tile)
    other = {"adobe-stock": "depositphotos", "depositphotos": "adobe-stock"}[agency]
    assert links(buy(page)) == [(agency, place), (other, place)]
    assert buy(page).count(sides(6000, 4000)) == 2
    assert "camref:1a" in buy(page)
    assert "ref=2d" in buy(page)


@pytest.mark.parametrize("page", [1, 2, 3])
def test_every_page_of_results_has_its_sellers(client: FlaskClient, page: int) -> None:
    """The place is counted through all pages."""
    found = client.get(f"/api/search?q=flower&lang=en&wait=1&page={page}").get_json()["items"]
    for place in (0, 7, len(found) - 1):
        item = found[place]
        html = client.get(f"/ajax/image/{item['agency']}/{item['id']}?q=flower&lang=en").text
        told = [(one["agency"], str((page - 1) * 48 + place + 1)) for one in item["sellers"]]
        assert links(buy(html)) == told


def test_no_agency_is_asked_for_the_sellers(client: FlaskClient, agencies: Agencies) -> None:
    """They are those of the cached search; words that nobody searched tell of none."""
    double(client)
    calls = agencies.calls()
    assert len(links(buy(client.get("/image/depositphotos/900003?q=flower&lang=en").text))) == 2
    assert agencies.calls() == calls
    page = client.get("/image/depositphotos/900003?q=tulip&lang=en").text
    assert links(buy(page)) == [("depositphotos", "1")]
    assert agencies.calls() == calls + 1


def test_programs_read_the_same_sellers(client: FlaskClient) -> None:
    """Each has the pixels of the original where they are known."""
    double(client)
    item = client.get("/api/image/adobe-stock/900003?q=flower&lang=en").get_json()
    assert [one["agency"] for one in item["sellers"]] == ["adobe-stock", "depositphotos"]
    assert {(one["width"], one["height"]) for one in item["sellers"]} == {(6000, 4000)}
    assert item["original"] == {"width": 6000, "height": 4000}


@pytest.mark.parametrize("view", ["/ajax/image", "/image"])
def test_the_large_picture_leads_to_its_agency(client: FlaskClient, view: str) -> None:
    """By the owner's link, counted, with the view that it stands in."""
    page = client.get(f"{view}/adobe-stock/900001?q=flower&lang=en").text
    figure = page.partition("<figure")[2].partition("</figure>")[0]
    assert 'href="https://adobe.prf.hn/click/camref:1a' in figure
    assert links(figure)[0][0] == "adobe-stock"
    assert f"place={'page' if view == '/image' else 'look'}" in figure
    assert 'data-small="https://as1.ftcdn.net/v2/jpg/00/90/240_F_900001_x.jpg"' in figure


def test_a_page_has_the_words_that_found_it_and_the_way_back(client: FlaskClient) -> None:
    page = client.get("/image/adobe-stock/900001?q=red+%3Crose%3E&lang=en").text
    assert 'value="red &lt;rose&gt;"' in page
    back = '<a href="/search?q=red+%3Crose%3E&amp;lang=en">Back to “red &lt;rose&gt;”</a>'
    assert back in page
    assert "Back to" not in client.get("/image/adobe-stock/900001?lang=en").text


FILTERS = [
    "q=flower&agency=depositphotos",
    "q=flower&orientation=horizontal&agency=depositphotos",
    "q=flower&safe=0&agency=depositphotos&sort=newest",
]


@pytest.mark.parametrize("search", FILTERS)
def test_a_picture_keeps_the_search_that_found_it(client: FlaskClient, search: str) -> None:
    """Filters go on to quick look, page and JSON: place, sellers and the way back are theirs.

    The same words without filters have the picture elsewhere, and from more sellers.
    """
    client.get(SEARCH)
    shown = client.get(f"/search?{search}&lang=en&wait=1").text
    asked = parse_qs(search)
    for place in (0, 2):
        tile = shown.split('<li class="tile')[place + 1]
        address = unescape(re.findall(r'class="title" href="([^"]+)"', tile)[0])
        assert asked.items() <= parse_qs(urlsplit(address).query).items()
        for path in (address, f"/ajax{address}"):
            page = client.get(path).text
            assert links(buy(page)) == [("depositphotos", str(place + 1))]
            on = unescape(re.findall(r'<affiliate-search src="([^"]+)"', page)[-1])
            assert asked.items() <= parse_qs(urlsplit(on).query).items()
        assert len(client.get(f"/api{address}").get_json()["sellers"]) == 1
        back = re.findall(r'class="back"><a href="([^"]+)"', client.get(address).text)
        assert parse_qs(urlsplit(unescape(back[0])).query) == {**asked, "lang": ["en"]}


def test_no_filter_costs_a_picture(client: FlaskClient) -> None:
    """What can't be read of the search is left out; the rest finds the way back."""
    path = "/image/adobe-stock/900001?q=rose&lang=en"
    for odd in ("type=wall", "people=9", "agency=nobody", "type=photo&type=vector", "fps=30"):
        page = client.get(f"{path}&{odd}")
        assert page.status_code == 200, odd
        assert '<a href="/search?q=rose&amp;lang=en">Back to' in page.text
    color = client.get("/image/adobe-stock/900001?color=ff0000&lang=en").text
    assert 'color=ff0000&amp;lang=en">Back to “ff0000”' in color
    kept = client.get(f"{path}&sort=newest&type=photo").text
    assert "sort=newest" in kept
    for query in ("sort=newest&type=photo", "type=photo&x=1&sort=newest"):
        again = client.get(f"/ajax{path}&{query}")
    assert again.headers["X-Cache"] == "HIT"


# -- details


def keywords(html: str) -> list[str]:
    chips = html.partition('aria-label="Keywords"')[2].partition("</ul>")[0]
    return re.findall(r"<bdi>([^<]+)</bdi>", chips)


def asked_for_details(server: Server) -> int:
    return sum("Media/1/Files" in one.path for one in server.requests)


def test_details_follow_a_picture_that_a_search_brought(
    client: FlaskClient, agencies: Agencies
) -> None:
    """The page shows the item at once and asks nothing; its script brings the rest."""
    server = agencies["adobe-stock"]
    client.get(SEARCH)
    page = client.get("/image/adobe-stock/900001?q=flower&lang=en")
    more = "/ajax/image/adobe-stock/900001?q=flower&amp;lang=en&amp;wait=1"
    assert f'data-more="{more}"' in page.text
    assert (keywords(page.text), asked_for_details(server)) == ([], 0)
    full = client.get(more.replace("&amp;", "&")).text
    assert keywords(full) == ["rose", "garden"]
    assert "<dd>Model released</dd>" in full
    assert "data-more" not in full
    again = client.get("/image/adobe-stock/900001?q=flower&lang=en").text
    assert keywords(again) == ["rose", "garden"]
    assert asked_for_details(server) == 1


def test_who_waits_without_scripts_has_the_details(client: FlaskClient) -> None:
    client.get(SEARCH)
    page = client.get("/image/adobe-stock/900001?q=flower&lang=en&wait=1").text
    assert keywords(page) == ["rose", "garden"]


@pytest.mark.parametrize("answer", [Answer(503, b"down", "text/plain"), Answer(200, b"{", "x/y")])
def test_details_that_fail_take_nothing_away(
    client: FlaskClient, agencies: Agencies, answer: Answer
) -> None:
    client.get(SEARCH)
    agencies["adobe-stock"].fixed = answer
    for _ in range(2):
        page = client.get("/ajax/image/adobe-stock/900001?q=flower&lang=en&wait=1")
        assert page.status_code == 200
        assert "Flower 900001" in page.text


def test_details_of_a_picture_that_is_gone_say_so(client: FlaskClient, agencies: Agencies) -> None:
    client.get(SEARCH)
    agencies["adobe-stock"].fixed = answer_json({"error": "Unknown id", "code": "605"}, 404)
    gone = client.get("/ajax/image/adobe-stock/900001?q=flower&lang=en&wait=1")
    assert gone.status_code == 404


SIDES = {
    "adobe-stock": sides(6000, 4000),
    "depositphotos": sides(6000, 4000),
    "istock": sides(6000, 4000),
    "openverse": sides(3000, 2000),
    "pixabay": sides(4000, 2667),
}


@pytest.mark.parametrize("name", SIDES)
def test_the_pixels_of_the_original_are_shown(make_client: ClientMaker, name: str) -> None:
    """They are in the answer to the search, and stand in tile, quick look and page."""
    kind = next(one for one in DIALECTS if one.name == name)
    with serve_dialect(kind()) as server:
        client = make_client(**Agencies({name: server}).settings())
        tiles = client.get(SEARCH).text
        assert f'<small dir="ltr">{SIDES[name]}</small>' in tiles
        item = client.get("/api/search?q=flower&lang=en").get_json()["items"][0]
        for view in ("/image", "/ajax/image"):
            page = client.get(f"{view}/{name}/{item['id']}?q=flower&lang=en").text
            assert f'<dt>Sizes</dt><dd><bdi dir="ltr">{SIDES[name]}</bdi></dd>' in page


@pytest.mark.parametrize("side", [None, 0, -5, "x", 10**9, 1.5e300, [], True])
def test_sides_that_can_not_be_are_left_out(make_client: ClientMaker, side: object) -> None:
    class Odd(next(one for one in DIALECTS if one.name == "pixabay")):  # type: ignore[misc]
        def item(self, number: int) -> dict[str, Any]:
            return {**super().item(number), "imageWidth": side, "imageHeight": 4000}

    with serve_dialect(Odd()) as server:
        client = make_client(**Agencies({"pixabay": server}).settings())
        assert "<small" not in client.get(SEARCH).text.partition('<ul class="tiles"')[2]


FREE = [
    ({}, "Flickr"),
    ({"OPENVERSE_AFFILIATE_LINK": "https://track.example/?to={landing}"}, "Openverse"),
]


@pytest.mark.parametrize(("settings", "name"), FREE)
def test_buttons_name_the_site_that_another_seller_leads_to(
    make_client: ClientMaker, settings: dict[str, str], name: str
) -> None:
    """In quick look and on the page; the tile tells the name to quick look."""
    with ExitStack() as stack:
        names = ("adobe-stock", "openverse")
        servers = {n: stack.enter_context(serve_dialect(make_double_agency(n))) for n in names}
        client = make_client(**Agencies(servers).settings(), **settings)
        tile = double(client)
        picture = re.search(r'href="(/image/adobe-stock/[^"#]+)"', tile)
        assert picture
        path = picture[1].replace("&amp;", "&")
        assert (f'data-at="{name}"' in tile) is (name != "Openverse")
        for page in (client.get(path).text, client.get(f"/ajax{path}").text):
            named = re.findall(r">See at ([^<]+?) *<", buy(page))
            assert named == ["Adobe Stock", name]
