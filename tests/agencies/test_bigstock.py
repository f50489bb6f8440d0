"""Bigstock shows pictures whose size isn't said in boxes, and says what it can't exclude."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from affiliate.agencies.bigstock import Bigstock
from affiliate.domain.media import SearchQuery
from affiliate.errors import RequestRefused
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.bigstock import BigstockDialect
from tests.support.calling import open_transport

ITEM = BigstockDialect().item(FIRST)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(BigstockDialect()) as server:
        yield server


@pytest.fixture
def bigstock(server: Server) -> Iterator[Bigstock]:
    with open_transport() as transport:
        yield Bigstock(transport, url=server.url, credentials=BigstockDialect.keys)


@pytest.mark.parametrize(
    ("changed", "box", "folder"),
    [
        ({}, (450, 300), "large1500"),
        ({"preview": None}, (170, 113), "small2"),
        ({"preview": None, "small_thumb": None}, (300, 200), "large2"),
        (
            {"large_thumb": {"url": "https://a.example/large2/1.jpg", "width": 200, "height": 300}},
            (200, 300),
            "large2",
        ),
    ],
)
def test_an_image_stands_in_a_box_of_its_own_size_or_of_3_to_2(
    bigstock: Bigstock,
    server: Server,
    changed: dict[str, Any],
    box: tuple[int, int],
    folder: str,
) -> None:
    server.fixed = answer_json({"data": {"image": ITEM | changed}})
    thumbnail = bigstock.fetch_details(str(FIRST)).thumbnail
    assert (thumbnail.width, thumbnail.height) == box
    assert thumbnail.url.split("/")[-2] == folder


def test_it_excludes_one_word_and_says_that_it_can_not_exclude_two(bigstock: Bigstock) -> None:
    assert bigstock.list_unsupported_filters(SearchQuery(q="flower", exclude="rose")) == ()
    assert bigstock.list_unsupported_filters(SearchQuery(q="flower", exclude="rose thorn")) == (
        "exclude",
    )


def test_safe_search_is_always_said_and_a_language_that_it_has(
    bigstock: Bigstock, server: Server
) -> None:
    bigstock.search(SearchQuery(q="flower", lang="de"), 0)
    bigstock.search(SearchQuery(q="flower", lang="cs", safe=False), 0)
    first, second = (asked.params for asked in server.requests)
    assert (first["safesearch"], first["language"]) == ("y", "de")
    assert (second["safesearch"], second.get("language")) == ("n", None)


def test_it_lists_its_categories(bigstock: Bigstock) -> None:
    assert bigstock.list_categories("en") == ("Nature", "Animals")


@pytest.mark.parametrize(
    "said", [{"message": "Wrong limit"}, {"error": {"message": "Wrong limit"}}]
)
def test_a_refusal_tells_the_reason_wherever_it_stands(
    bigstock: Bigstock, server: Server, said: Mapping[str, object]
) -> None:
    server.fixed = answer_json({"response_code": 400, **said})
    with pytest.raises(RequestRefused, match="Wrong limit"):
        bigstock.search(SearchQuery(q="flower"), 0)
