"""No page without pictures is a dead end: each leads on to the agencies, by links that earn."""

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from affiliate.domain.media import SearchQuery
from affiliate.search.links import list_search_links
from affiliate.services import Services
from tests.dialects import DIALECTS, answer_text, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.federation import Agencies

NAMES = ("shutterstock", "adobe-stock", "pixabay", "panthermedia")
IDS = {"SHUTTERSTOCK_AFFILIATE_ID": "77", "ADOBE_STOCK_AFFILIATE_ID": "cam"}
IMPACT = "https://shutterstock.7eer.net/c/77/43068/1305?u="
ZEBRA = "https%3A%2F%2Fwww.shutterstock.com%2Fsearch%2Fzebra"
LINK = re.compile(r'<a [^>]*href="([^"]+)"[^>]*data-agency="([^"]+)"[^>]*>([^<]+)</a>')


@pytest.fixture
def agencies() -> Iterator[Agencies]:
    kinds = {one.name: one for one in DIALECTS if one.name in NAMES}
    with ExitStack() as stack:
        yield Agencies({name: stack.enter_context(serve_dialect(kinds[name]())) for name in NAMES})


@pytest.fixture
def client(make_client: ClientMaker, agencies: Agencies) -> FlaskClient:
    return make_client(**agencies.settings(), **IDS, SITE_URL="https://me.example")


def get_services(client: FlaskClient) -> Services:
    site: Services = client.application.extensions["services"]
    return site


def down(agencies: Agencies) -> None:
    """Let every agency answer with a failure of its own."""
    for server in agencies.values():
        server.fixed = answer_text("down", 503)


def ways(text: str) -> dict[str, tuple[str, str]]:
    """Return the words and the address of each link that leads on, by agency."""
    return {name: (words, html.unescape(link)) for link, name, words in LINK.findall(text)}


PATHS = (
    "/search?q=zebra&lang=en&wait=1",
    "/ajax/search?q=zebra&lang=en",
    "/embed/search?q=zebra&lang=en&wait=1&site=me.example",
)


@pytest.mark.parametrize("path", PATHS)
def test_agencies_that_are_down_are_searched_on_their_own_sites(
    client: FlaskClient, agencies: Agencies, path: str
) -> None:
    """Through the affiliate link, with its sub ids; an agency of unknown form has no link."""
    down(agencies)
    found = ways(client.get(path).text)
    assert set(found) == {"shutterstock", "adobe-stock", "pixabay"}
    words, link = found["shutterstock"]
    assert words == "Search “zebra” at Shutterstock"
    assert link == f"{IMPACT}{ZEBRA}&subId1=me.example&subId2=zebra"
    assert found["adobe-stock"][1] == (
        "https://adobe.prf.hn/click/camref:cam/pubref:me.example~~zebra/destination:"
        "https%3A%2F%2Fstock.adobe.com%2Fsearch%3Fk%3Dzebra"
    )
    assert found["pixabay"][1] == "https://pixabay.com/images/search/zebra/"


def test_many_agencies_share_a_line(make_client: ClientMaker) -> None:
    """The words, which may be long, stand once."""
    names = ("shutterstock", "adobe-stock", "pixabay", "depositphotos")
    with ExitStack() as stack:
        kinds = [one for one in DIALECTS if one.name in names]
        many = Agencies({kind.name: stack.enter_context(serve_dialect(kind())) for kind in kinds})
        down(many)
        page = make_client(**many.settings(), **IDS).get(PATHS[0]).text
    assert set(ways(page)) == set(names)
    assert ways(page)["pixabay"][0] == "Pixabay"
    assert page.count("Search “zebra” at ") == 1


def test_programs_learn_the_same_links(client: FlaskClient, agencies: Agencies) -> None:
    down(agencies)
    found = client.get("/api/search?q=zebra&lang=en").get_json()["agencies"]
    links = {one["agency"]: one.get("search_link") for one in found}
    assert links["shutterstock"].startswith(IMPACT + ZEBRA)
    assert links["panthermedia"] is None


STATES = [
    "/search?q=zebra&lang=en&media=video&wait=1&agency=pixabay&agency=shutterstock&color=ff0000",
    "/search?q=zebra&lang=en&page=9000&wait=1",
    "/search?q=zebra&lang=en&gender=male&age=20s&ethnicity=black&agency=adobe-stock&wait=1",
]


@pytest.mark.parametrize("path", STATES)
def test_what_agencies_cannot_answer_is_searched_there(client: FlaskClient, path: str) -> None:
    """A filter that none can express, and a page past the last one."""
    page = client.get(path).text
    assert 'class="picture"' not in page
    assert "Search “zebra” at " in page


def test_nothing_found_leads_on(make_client: ClientMaker) -> None:
    dialect = next(one for one in DIALECTS if one.name == "adobe-stock")()
    dialect.total = 0
    with serve_dialect(dialect) as server:
        settings = Agencies({"adobe-stock": server}).settings() | IDS
        found = ways(make_client(**settings).get("/search?q=zebra&lang=en&wait=1").text)
    assert found["adobe-stock"][0] == "Search “zebra” at Adobe Stock"


def test_spent_calls_lead_on(make_client: ClientMaker, agencies: Agencies) -> None:
    settings = agencies.settings() | IDS | {"AGENCIES": "shutterstock"}
    client = make_client(**settings, SHUTTERSTOCK_CALLS_PER_HOUR="1")
    client.get("/api/search?q=one&wait=1")
    page = client.get("/search?q=zebra&lang=en&wait=1").text
    assert ways(page)["shutterstock"][1].startswith(IMPACT + ZEBRA)
    assert "spent" not in page


def test_an_agency_that_is_off_is_no_way_on(client: FlaskClient, agencies: Agencies) -> None:
    down(agencies)
    get_services(client).registry.switched_off = lambda: frozenset({"shutterstock"})
    assert "shutterstock" not in ways(client.get(PATHS[0]).text)


def test_all_results_end_with_a_line_of_agencies(client: FlaskClient) -> None:
    """The last page has it, no page before."""
    query = "q=zebra&lang=en&agency=adobe-stock&wait=1"
    pages = client.get(f"/api/search?{query}").get_json()["pages"]
    line = 'Search “zebra” at <a href="https://adobe.prf.hn/'
    assert line not in client.get(f"/search?{query}").text
    last = client.get(f"/ajax/search?{query}&page={pages}").text
    assert 'class="picture"' in last
    assert line in last


WORDS = {
    "zebra": "zebra",
    "Zebra Crossing": "zebra crossing",
    "ann@example.com zebra": "*** zebra",
    "call 0123456789": "call ***",
    '"red & white" 50%': '"red & white" 50%',
}


@pytest.mark.parametrize(("typed", "told"), WORDS.items())
def test_sub_ids_carry_masked_words(client: FlaskClient, typed: str, told: str) -> None:
    """The agency's own search gets what was typed, the network what may be counted."""
    query = SearchQuery(q=typed, lang="en")
    link = list_search_links(get_services(client).registry, query)["shutterstock"]
    pairs = parse_qs(urlsplit(link).query)
    assert pairs["subId2"] == [told]
    assert "subId3" not in pairs


def test_a_search_without_words_leads_to_the_front_page(
    client: FlaskClient, agencies: Agencies
) -> None:
    down(agencies)
    found = ways(client.get("/search?color=ff0000&lang=en&wait=1").text)
    words, link = found["shutterstock"]
    assert words == "See at Shutterstock"
    assert link.startswith(f"{IMPACT}https%3A%2F%2Fwww.shutterstock.com%2F&")


def test_a_click_on_a_way_on_is_counted(client: FlaskClient, agencies: Agencies) -> None:
    """It names the agency and the words, and is told from clicks on pictures."""
    down(agencies)
    page = client.get("/search?q=Zebra&lang=en&wait=1").text
    ping = re.search(r'ping="([^"]+)"[^>]*data-agency="adobe-stock"', page)
    assert ping
    assert client.post(html.unescape(ping[1])).status_code == 204
    [(_, click)] = get_services(client).ledger.stream_clicks()
    assert (click.agency, click.id, click.words) == ("adobe-stock", "search", "zebra")
    assert click.place == "search"


UNREADABLE = [
    ("shutterstock/1000391", "http%3A%2F%2Fwww.shutterstock.com%2Fpic.mhtml%3Fid%3D1000391"),
    ("adobe-stock/900001", "https%3A%2F%2Fstock.adobe.com%2F900001"),
]
TITLES = {"shutterstock": "Shutterstock", "adobe-stock": "Adobe Stock"}


@pytest.mark.parametrize(("picture", "landing"), UNREADABLE)
@pytest.mark.parametrize("status", [503, 404])
def test_a_picture_that_cannot_be_read_is_seen_at_its_agency(
    client: FlaskClient, agencies: Agencies, picture: str, landing: str, status: int
) -> None:
    """The link is made from the id alone; programs and fragments get it too."""
    name = picture.partition("/")[0]
    agencies[name].fixed = answer_text("no", status)
    path = f"/image/{picture}?q=zebra&lang=en"
    page = client.get(path)
    assert page.status_code in {404, 502}
    assert f"See at {TITLES[name]}</a>" in page.text
    assert landing in page.text
    assert "Links on this page earn us a commission." in page.text
    assert "Search “zebra” at Shutterstock" in page.text
    for before in ("/api", "/ajax"):
        assert landing in client.get(before + path).get_json()["link"]


def test_a_picture_past_a_visitors_budget_is_seen_at_its_agency(
    make_client: ClientMaker, agencies: Agencies
) -> None:
    """The page and the problem lead on, and tell when to ask again."""
    client = make_client(**agencies.settings(), **IDS, CLIENT_SEARCHES_PER_MINUTE="1")
    client.get("/search?q=lion&lang=en&wait=1")
    path = "/image/shutterstock/1000391?q=zebra&lang=en"
    page = client.get(path)
    assert page.status_code == 429
    assert "See at Shutterstock</a>" in page.text
    assert "Back to “zebra”</a>" in page.text
    assert "shutterstock" in ways(page.text)
    for before in ("/api", "/ajax"):
        answer = client.get(before + path)
        assert answer.status_code == 429
        assert "1000391" in answer.get_json()["link"]
        assert answer.headers["Retry-After"] == page.headers["Retry-After"] == "30"


LOST = [
    ("image/shutterstock/1000391?q=zebra&position=7&lang=en", "search%2Fzebra", "7"),
    ("image/shutterstock/1000391?q=zebra&lang=en", "search%2Fzebra", "1"),
    ("video/shutterstock/1000391?q=zebra&position=31&lang=en", "video%2Fsearch%2Fzebra", "31"),
    ("video/shutterstock/1000391?q=zebra&position=none&lang=en", "video%2Fsearch%2Fzebra", "1"),
]


@pytest.mark.parametrize(("path", "search", "position"), LOST)
def test_the_page_of_what_cannot_be_read_keeps_what_its_address_says(
    client: FlaskClient, agencies: Agencies, path: str, search: str, position: str
) -> None:
    """Words, kind of media and place; the element around the links tells of their clicks."""
    down(agencies)
    page = client.get(f"/{path}").text
    told = re.search(r'class="primary" [^>]*ping="([^"]+)"[^>]*data-position="([0-9]+)"', page)
    assert told
    pairs = parse_qs(urlsplit(html.unescape(told[1])).query)
    assert (pairs["position"], told[2]) == ([position], position)
    assert pairs.get("media", ["image"]) == [path.partition("/")[0]]
    assert f"shutterstock.com%2F{search}&" in ways(page)["shutterstock"][1]
    assert 'type="search" value="zebra"' in page
    media = "&amp;media=video" if path.startswith("video") else ""
    assert f'<a href="/search?q=zebra{media}&amp;lang=en">Back to “zebra”</a>' in page
    told_of = page.partition("<affiliate-search>")[2].partition("</affiliate-search>")[0]
    assert ways(told_of) == ways(page)
    assert ways(page)


def test_an_agency_that_nobody_has_is_told_in_a_visitors_words(client: FlaskClient) -> None:
    """Programs learn the names that they may use."""
    page = client.get("/search?q=zebra&lang=en&agency=fotolia").text
    assert "This agency is not searched here." in page
    assert "adobe-stock" not in page
    detail = client.get("/api/search?q=zebra&agency=fotolia").get_json()["detail"]
    assert "adobe-stock" in detail


NOWHERE = [
    "/image/nobody/1",
    "/image/shutterstock/a b",
    "/image/pixabay/1",
    "/image/adobe-stock/\u0663\u0664",
    "/image/adobe-stock/" + "9" * 101,
    "/video/panthermedia/1000",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_no_link_is_made_up_where_an_id_tells_nothing(
    client: FlaskClient, agencies: Agencies, path: str
) -> None:
    down(agencies)
    page = client.get(f"{path}?lang=en")
    assert page.status_code in {404, 502}
    assert "See at" not in page.text
    assert "link" not in client.get(f"/api{path}").get_json()
