"""Results lead on to searches for words that several of the shown pictures carry."""

import re
from html import unescape

import msgspec
import pytest
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.domain.media import Media, SearchQuery
from affiliate.search.cached_searches import KnownTotal
from affiliate.transport.client import Transport
from affiliate.web.related_searches import list_related_searches, list_shorter_searches


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


@pytest.mark.parametrize(
    ("lang", "keyword", "shown"),
    [
        ("de", "Fußball", "fußball"),
        ("el", "Ουρανός", "ουρανός"),
        ("tr", "İstanbul IŞIK", "istanbul \u0131ş\u0131k"),
        ("en", "Flower\u200b bed", "flower bed"),
    ],
)
def test_words_stay_words_of_their_language(lang: str, keyword: str, shown: str) -> None:
    """Folded letters, which suit keys alone, would make other words of them."""
    items = [with_keywords(keyword)] * 3
    assert list_related_searches(items, SearchQuery(q="cat", lang=lang)) == [shown]


@pytest.mark.parametrize(
    "keyword", ["me@example.com", "+49 170 1234567", "call 4111 1111 1111 1111"]
)
def test_personal_details_are_no_searches(keyword: str) -> None:
    items = [with_keywords(keyword, "night")] * 3
    assert list_related_searches(items, SearchQuery(q="cat")) == ["night"]


def test_short_words_of_other_scripts_are_no_forms_of_the_search() -> None:
    """Two characters more are an ending in English, and another word in Chinese or Korean."""
    items = [with_keywords("花", "花瓶", "花园", "꽃병")] * 3
    assert list_related_searches(items, SearchQuery(q="花", lang="zh")) == ["花园", "花瓶", "꽃병"]
    assert "꽃병" in list_related_searches(items, SearchQuery(q="꽃", lang="ko"))


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


def test_fewer_words_are_named_that_find_pictures() -> None:
    """The most words come first; words that find nothing, or are unknown, are left out."""
    totals = {"red old": 0, "red bicycle": 3, "red": 14, "of": 9, "赤": 2}

    def count(query: SearchQuery) -> KnownTotal | None:
        assert query.type == "photo"
        return KnownTotal(totals[query.q], False, False) if query.q in totals else None

    def shorten(words: str) -> list[str]:
        query = SearchQuery(q=words, type="photo", page=1)
        return [shorter.q for shorter in list_shorter_searches(query, count)]

    assert shorten("red old bicycle") == ["red bicycle", "red"]
    assert shorten('of "old town" 赤') == ["赤"]
    assert shorten("red") == shorten("") == shorten("red " * 7) == []


def test_a_page_without_pictures_leads_on_to_fewer_words(client: FlaskClient) -> None:
    """A search that finds nothing links those of its words that find pictures by its filters."""
    page = client.get("/search?q=red+bicycle&type=photo&no_ai=1&agency=demo&lang=en&wait=1").text
    links = re.findall(
        r'<a href="([^"]+)" rel="nofollow"><bdi>(\w+)</bdi> <small>(\d+)</small>', page
    )
    assert [words for _, words, _ in links] == ["red"]
    address, _, count = links[0]
    found = client.get(unescape(address) + "&wait=1").text
    assert f'<h1 class="count">{count} pictures for “red”' in found
    assert "type=photo" in address
    assert "no_ai=1" in address
