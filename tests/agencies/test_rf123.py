"""123RF answers in XML: what its attributes say, and what it fails with, is read as it is meant."""

from collections.abc import Iterator

import pytest

from affiliate.agencies.rf123 import Rf123
from affiliate.domain.media import SearchQuery
from affiliate.errors import BadAnswer, BadCredentials, NotFound, RequestRefused
from tests.dialects import FIRST, Server, serve_dialect
from tests.dialects.rf123 import Rf123Dialect, element, make_failure, xml
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(Rf123Dialect()) as server:
        yield server


@pytest.fixture
def rf123(server: Server) -> Iterator[Rf123]:
    with open_transport() as transport:
        yield Rf123(transport, url=server.url, credentials=Rf123Dialect.keys)


def test_a_search_gives_boxes_of_3_to_2_and_details_the_true_ratio(rf123: Rf123) -> None:
    found = rf123.search(FLOWER, 0).items[0].thumbnail
    assert (found.width, found.height) == (450, 300)
    details = rf123.fetch_details(str(FIRST))
    assert (details.thumbnail.width, details.thumbnail.height) == (300, 450)
    assert [(one.name, one.width, one.height) for one in details.sizes] == [
        ("S", 433, 650),
        ("XL", 2000, 3000),
    ]
    assert (details.type, details.title) == ("illustration", "Red flower in a garden")


def test_words_are_divided_by_commas(rf123: Rf123, server: Server) -> None:
    rf123.search(SearchQuery(q="red flower,  garden", lang="ja"), 0)
    assert server.requests[-1].params["keyword"] == "red,flower,garden"
    assert server.requests[-1].params["language"] == "jp"


def test_nudity_is_left_out_unless_the_visitor_wants_it(rf123: Rf123, server: Server) -> None:
    rf123.search(FLOWER, 0)
    rf123.search(FLOWER.replace(safe=False), 0)
    assert [asked.params["nudity"] for asked in server.requests] == ["1", "0"]


def test_a_type_and_editorial_use_can_not_be_asked_for_at_once(rf123: Rf123) -> None:
    editorial = SearchQuery(q="flower", license="editorial")
    assert rf123.list_unsupported_filters(editorial) == ()
    assert rf123.list_unsupported_filters(editorial.replace(type="photo")) == ("license",)
    assert rf123.list_unsupported_filters(
        SearchQuery(q="flower", license="enhanced", type="photo")
    ) == ("license",)


def test_an_attribute_that_could_be_a_path_or_a_script_stays_one_part_of_an_address(
    rf123: Rf123, server: Server
) -> None:
    odd = {"id": "7#x", "contributorid": "../a", "folder": "b?c", "filename": "<d>"}
    server.fixed = xml(element("rsp", {"stat": "ok"}, element("images", {}, element("image", odd))))
    found = rf123.search(FLOWER, 0)
    assert found.total is None
    assert found.items[0].thumbnail.url == (
        "https://images.assetsdelivery.com/compings/..%2Fa/b%3Fc/%3Cd%3E.jpg"
    )
    assert found.items[0].page_url == "https://www.123rf.com/photo_7%23x.html"


def test_a_wrong_key_is_no_missing_picture(rf123: Rf123, server: Server) -> None:
    server.fixed = make_failure("Invalid API key")
    with pytest.raises(BadCredentials):
        rf123.fetch_details(str(FIRST))
    server.fixed = make_failure("No such image")
    with pytest.raises(NotFound):
        rf123.fetch_details(str(FIRST))
    server.fixed = xml('<rsp stat="ok"/>')
    with pytest.raises(BadAnswer):
        rf123.fetch_details(str(FIRST))


def test_entities_are_not_expanded(rf123: Rf123, server: Server) -> None:
    bomb = '<!DOCTYPE rsp [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    server.fixed = xml(f'{bomb}<rsp stat="fail"><err>&b;</err></rsp>')
    with pytest.raises(BadAnswer):
        rf123.search(FLOWER, 0)


def test_its_own_words_are_told(rf123: Rf123, server: Server) -> None:
    server.fixed = make_failure("Unknown method &amp; more")
    with pytest.raises(RequestRefused, match="Unknown method & more"):
        rf123.search(FLOWER, 0)
