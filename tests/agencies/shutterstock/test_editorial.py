"""Shutterstock's editorial library against a stand-in that speaks HTTP."""

from collections.abc import Iterator

import pytest

from affiliate.agencies.shutterstock.editorial import ShutterstockEditorial
from affiliate.domain.media import SearchQuery
from affiliate.errors import ConfigError, NotFound, RequestRefused
from affiliate.transport.client import Transport
from tests.simulator import FIRST_EDITORIAL, answer_with
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN

VOTE = SearchQuery(q="vote")
FOOTAGE = VOTE.replace(media="video")
KEYS = {"API_TOKEN": TOKEN, "COUNTRY": "USA"}


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(size=110) as one:
        yield one


@pytest.fixture
def agency(server: simulator.Shutterstock, transport: Transport) -> ShutterstockEditorial:
    return ShutterstockEditorial(transport, url=server.url, credentials=KEYS)


def test_a_search_names_the_country(
    server: simulator.Shutterstock, agency: ShutterstockEditorial
) -> None:
    """Words, country, category, order and what is excluded stand in the call."""
    agency.search(VOTE.replace(exclude="dog", category="Sport", sort="oldest"), 0)
    agency.search(FOOTAGE.replace(resolution="4k", license="editorial"), 0)
    pictures, clips = server.requests
    assert (pictures.path, clips.path) == (
        "/v2/editorial/images/search",
        "/v2/editorial/videos/search",
    )
    assert pictures.params == {
        "query": ["vote NOT dog"],
        "country": ["USA"],
        "category": ["Sport"],
        "sort": ["oldest"],
        "per_page": ["48"],
    }
    assert clips.params == {
        "query": ["vote"],
        "country": ["USA"],
        "resolution": ["4k"],
        "sort": ["relevant"],
        "per_page": ["48"],
    }


@pytest.mark.parametrize("query", [VOTE, FOOTAGE], ids=["images", "footage"])
def test_chunks_join_along_the_cursors(
    server: simulator.Shutterstock, agency: ShutterstockEditorial, query: SearchQuery
) -> None:
    """Chunk after chunk costs one call each and gives the whole ranking once."""
    ids = [media.id for n in range(3) for media in agency.search(query, n).items]
    ending = "a" if query.media == "video" else "b"
    assert ids == [f"{FIRST_EDITORIAL + n}{ending}" for n in range(110)]
    assert len(server.requests) == 3


def test_a_deep_chunk_is_reached_by_those_before(
    server: simulator.Shutterstock, agency: ShutterstockEditorial
) -> None:
    """A process that has not seen the chunks before walks there; one past the end is empty."""
    deep = agency.search(VOTE, 2)
    assert [media.id for media in deep.items] == [f"{FIRST_EDITORIAL + n}b" for n in range(96, 110)]
    assert len(server.requests) == 3
    past = agency.search(VOTE, 4)
    assert (past.items, past.total) == ((), 110)


def test_a_cursor_that_is_no_longer_taken_begins_anew(
    server: simulator.Shutterstock, agency: ShutterstockEditorial
) -> None:
    """A refused cursor costs a walk from the start, and a refused search is refused."""
    agency.search(VOTE, 0)
    server.misbehave(answer_with(400))
    assert agency.search(VOTE, 1).items[0].id == f"{FIRST_EDITORIAL + 48}b"
    assert len(server.requests) == 4
    nowhere = ShutterstockEditorial(
        agency.transport, url=server.url, credentials=KEYS | {"COUNTRY": "US"}
    )
    with pytest.raises(RequestRefused):
        nowhere.search(VOTE, 0)


@pytest.mark.parametrize(("query", "ending"), [(VOTE, "b"), (FOOTAGE, "a")])
def test_everything_is_marked_editorial(
    agency: ShutterstockEditorial, query: SearchQuery, ending: str
) -> None:
    """Title, byline as credit, picture and page arrive, and details are the same."""
    one = agency.search(query, 0).items[0]
    assert one.editorial
    assert (one.id, one.title) == (f"{FIRST_EDITORIAL}{ending}", "Report 0")
    assert one.attribution == "Ann Other/Shutterstock"
    assert one.page_url.endswith(f"/{one.id}")
    assert bool(one.clip) == (ending == "a")
    again = agency.fetch_details(one.id, query.media)
    assert (again.id, again.thumbnail, again.media) == (one.id, one.thumbnail, query.media)
    assert agency.fetch_media([one.id, "0b"], query.media)[0].id == one.id


@pytest.mark.parametrize("media_id", ["1b", "../search", "", "b", "1"])
def test_an_unknown_item_is_not_found(agency: ShutterstockEditorial, media_id: str) -> None:
    """Any id stays one part of the path."""
    with pytest.raises(NotFound):
        agency.fetch_details(media_id)


def test_what_the_library_cannot_say_is_unsupported() -> None:
    """It has no filters for people or color, no commercial items, and only footage has sizes."""
    agency = ShutterstockEditorial(Transport())
    for fields in ({"people": 1}, {"color": "ff8800"}, {"license": "commercial"}, {"fps": "25"}):
        assert agency.list_unsupported_filters(VOTE.replace(**fields)) == tuple(fields)
    assert agency.list_unsupported_filters(FOOTAGE.replace(resolution="4k")) == ()


def test_its_categories_are_its_own(
    server: simulator.Shutterstock, agency: ShutterstockEditorial
) -> None:
    """Those of pictures and footage are asked for apart."""
    assert agency.list_categories("en")
    assert agency.list_categories("en", "video")
    assert [seen.path for seen in server.requests] == [
        "/v2/editorial/images/categories",
        "/v2/editorial/videos/categories",
    ]


def test_it_uses_shutterstock_s_key(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """A country beside Shutterstock's settings puts it on, with key, address and affiliate id."""
    settings = {
        "SHUTTERSTOCK_URL": server.url,
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_AFFILIATE_ID": "12345",
        "SHUTTERSTOCK_EDITORIAL_COUNTRY": "USA",
    }
    client = make_client(**settings)
    page = client.get("/api/search?q=vote&wait=1").get_json()
    assert {one["agency"] for one in page["items"]} == {"shutterstock", "shutterstock-editorial"}
    own = next(one for one in page["items"] if one["agency"] == "shutterstock-editorial")
    assert own["editorial"]
    assert "/c/12345/43068/1305?u=" in own["link"]
    details = client.get(f"/image/shutterstock-editorial/{own['id']}")
    assert "Editorial only" in details.text
    with pytest.raises(ConfigError, match="shutterstock-editorial uses the key of shutterstock"):
        make_client(**settings, AGENCIES="shutterstock-editorial")
