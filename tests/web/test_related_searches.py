"""Results lead on to searches for words that several of the shown pictures carry."""

import msgspec
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.domain.media import Media, SearchQuery
from affiliate.transport.client import Transport
from affiliate.web.related_searches import list_related_searches


def with_keywords(*keywords: str) -> Media:
    item = AGENCIES["demo"](Transport()).search(SearchQuery(q="cat"), 0).items[0]
    return msgspec.structs.replace(item, keywords=keywords)


def test_words_of_several_pictures_are_named_the_most_frequent_first() -> None:
    """Words of the search lead nowhere new, and words of single pictures to these alone."""
    items = [
        with_keywords("Cat", "black cat", "night", "Cat"),
        with_keywords("cat", "Night", "moon", "black cat"),
        with_keywords("moon", "night", "Black Cat", "cats", "cat", "x" * 31),
        with_keywords("moon", "night", "x" * 31),
        with_keywords("x" * 31),
        with_keywords("roof", "roof", "roof"),
    ]
    words = list_related_searches(items, SearchQuery(q="Cat"))
    assert words == ["night", "black cat", "moon"]
    assert list_related_searches(items, SearchQuery(q="black night cat")) == ["moon"]
    assert list_related_searches(items, SearchQuery(q="nights moons")) == ["black cat", "cat"]
    assert list_related_searches([], SearchQuery(q="cat")) == []


def test_at_most_eight_are_named() -> None:
    items = [with_keywords(*"abcdefghijkl")] * 3
    assert list_related_searches(items, SearchQuery(q="moon")) == list("abcdefgh")


def test_the_first_page_has_them_as_links(client: FlaskClient) -> None:
    """They are links without scripts; further pages and embeds have none."""
    page = client.get("/search?q=mountain&lang=en&wait=1").text
    related = page.partition('aria-label="Related searches">')[2].partition("</nav>")[0]
    assert related.count('<a href="/search?q=') == 8
    assert 'rel="nofollow"' in related
    assert ">mountain<" not in related
    for address in ("/search?q=mountain&lang=en&wait=1&page=2", "/embed/search?q=mountain&wait=1"):
        assert "Related searches" not in client.get(address).text
