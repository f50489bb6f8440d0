"""Pixabay as it answers since 2024: repeated tags, no titles, errors in plain text."""

from collections.abc import Iterator
from typing import Any

import pytest

from affiliate.agencies.pixabay import Pixabay
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyError, BadCredentials, Blocked, RequestRefused, TooManyCalls
from tests.dialects import FIRST, Answer, Server, answer_json, answer_text, serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(PixabayDialect()) as server:
        yield server


@pytest.fixture
def pixabay(server: Server) -> Iterator[Pixabay]:
    with open_transport() as transport:
        yield Pixabay(transport, url=server.url, credentials=PixabayDialect.keys)


def answering(server: Server, total: int = 1, **fields: Any) -> None:
    """Let the server find one picture with other fields."""
    hits = [PixabayDialect().item(FIRST) | fields]
    server.fixed = answer_json({"total": total, "totalHits": min(total, 500), "hits": hits})


TAGS = [
    ("apple, red, fruit, apple, apple, apple", "apple, red, fruit", ("apple", "red", "fruit")),
    ("Apple, apple , APPLE", "Apple", ("Apple",)),
    ("a1, b2, c3, d4, e5, f6, a1, g7", "a1, b2, c3, d4, e5", tuple("a1 b2 c3 d4 e5 f6 g7".split())),
    ("caf&eacute;, caf\u00e9", "caf\u00e9", ("caf\u00e9",)),
    (", ,", "", ()),
]


def test_each_tag_is_told_once_and_the_first_few_are_the_title(
    pixabay: Pixabay, server: Server
) -> None:
    wrong = []
    for tags, title, keywords in TAGS:
        answering(server, tags=tags)
        one = pixabay.search(FLOWER, 0).items[0]
        if (one.title, one.keywords) != (title, keywords):
            wrong.append((tags, one.title, one.keywords))
    assert wrong == []


def test_all_that_is_found_is_counted_though_500_can_be_reached(
    pixabay: Pixabay, server: Server
) -> None:
    answering(server, total=4692)
    assert pixabay.search(FLOWER, 0).total == 4692


ERRORS = [
    (answer_text('[ERROR 400] "page" is out of valid range.', 400), RequestRefused, "out of valid"),
    (answer_text("[ERROR 400] Invalid or missing API key (...)", 400), BadCredentials, "API key"),
    (answer_text("[ERROR 429] API rate limit exceeded", 429), TooManyCalls, "rate limit exceeded"),
    (
        answer_text("<!doctype html><title>API key</title>", 403, "text/html"),
        Blocked,
        "this server",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "words"), ERRORS)
def test_its_errors_are_told_in_its_words(
    pixabay: Pixabay, server: Server, answer: Answer, kind: type[AgencyError], words: str
) -> None:
    server.fixed = answer
    with pytest.raises(AgencyError, match=words) as raised:
        pixabay.search(FLOWER, 0)
    assert type(raised.value) is kind
