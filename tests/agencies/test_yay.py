"""Yay's words and key in a path, and its two forms of pictures."""

from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from affiliate.agencies.yay import Yay
from affiliate.domain.media import SearchQuery, Thumbnail
from affiliate.errors import AgencyError, RequestRefused
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.yay import OldYayDialect, YayDialect
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(YayDialect()) as one:
        yield one


@pytest.fixture
def agency(server: Server) -> Iterator[Yay]:
    with open_transport() as transport:
        yield Yay(transport, url=server.url, credentials=YayDialect.keys)


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        ("black/white", "black white"),
        ("../../download", ".. .. download"),
        ("a?b#c&d=100%", "a?b#c&d=100%"),
        ("größe\\x", "größe x"),
    ],
)
def test_words_stay_one_part_of_the_path(
    agency: Yay, server: Server, words: str, phrase: str
) -> None:
    assert agency.search(SearchQuery(q=words), 0).items
    assert unquote(server.requests[0].path) == f"/search/{YayDialect.keys['API_KEY']}/{phrase}"
    assert server.requests[0].params["search.limit"] == "96"


@pytest.mark.parametrize("words", ["..", ".", "/", "./..", ". ."])
def test_words_that_would_lead_elsewhere_are_refused_without_a_call(
    agency: Yay, server: Server, words: str
) -> None:
    with pytest.raises(RequestRefused):
        agency.search(SearchQuery(q=words), 0)
    assert server.requests == []


def test_a_key_that_is_said_back_in_an_address_is_struck_out(agency: Yay, server: Server) -> None:
    said = server.url.removeprefix("http://") + "/search/yay%2Bk3y%2F42/flower or yay+k3y/42"
    server.fixed = answer_json({"message": f"No such thing: {said}"}, 404)
    with pytest.raises(AgencyError) as raised:
        agency.search(FLOWER, 0)
    assert "/search/***/flower or ***" in str(raised.value)


def test_adult_material_and_a_language_are_asked_for_in_its_words(agency: Yay) -> None:
    asked = dict(agency.build_request(FLOWER.replace(lang="nb", safe=False), 2).params)
    assert asked == {
        "JSON": "true",
        "search.limit": "96",
        "search.offset": "192",
        "search.searchLanguage": "Norsk",
        "search.filterExplicit": "true",
    }
    assert dict(agency.build_request(FLOWER, 0).params)["search.filterExplicit"] == "false"
    assert "search.searchLanguage" not in dict(
        agency.build_request(FLOWER.replace(lang="ja"), 0).params
    )


def test_the_new_form_has_the_ratio_of_the_file(agency: Yay) -> None:
    one = agency.search(FLOWER, 0).items[0]
    assert (one.thumbnail.width, one.thumbnail.height) == (300, 225)
    assert (one.contributor, one.type) == ("gardener", None)
    assert one.page_url == "https://yayimages.com/search?type=-1&phrase=Red%20flower"
    assert agency.search(FLOWER, 0).items[2].type == "vector"


def test_the_old_form_has_the_size_of_its_thumbnail() -> None:
    with serve_dialect(OldYayDialect()) as server, open_transport() as transport:
        agency = Yay(transport, url=server.url, credentials=YayDialect.keys)
        one = agency.search(FLOWER, 0).items[0]
    host = "http://image.yaymicro.com"
    assert one.thumbnail == Thumbnail(f"{host}/rz_210x210/3/565/red-flower-{FIRST}.jpg", 210, 140)
    assert one.preview == Thumbnail(f"{host}/rz_512x512/3/565/red-flower-{FIRST}.jpg", 512, 341)
