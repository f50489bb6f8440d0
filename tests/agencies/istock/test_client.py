"""iStock shows only what has a page at iStock, and says what Getty's API can't do for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from affiliate.agencies.istock.client import LEARNED_SECONDS, AffiliateKeyMemory, Istock
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyError, Blocked, Forbidden, RequestRefused, TooManyCalls
from tests.dialects import FIRST, Answer, Server, answer_json, answer_text, serve_dialect
from tests.dialects.istock import IstockDialect
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(IstockDialect()) as server:
        yield server


@pytest.fixture
def istock(server: Server) -> Iterator[Istock]:
    with open_transport() as transport:
        yield Istock(transport, url=server.url, credentials=IstockDialect.keys)


def answering(server: Server, **fields: Any) -> None:
    """Let the server find one picture with other fields."""
    image = IstockDialect().item(FIRST) | fields
    server.fixed = answer_json({"result_count": 1, "images": [image]})


def test_the_page_is_that_at_istock_wherever_it_stands(istock: Istock, server: Server) -> None:
    """Position says nothing: the name does."""
    sites = IstockDialect().item(FIRST)["referral_destinations"]
    for order in (sites, sites[::-1]):
        answering(server, referral_destinations=order)
        page = istock.search(FLOWER, 0).items[0].page_url
        assert page == f"https://www.istockphoto.com/photo/flower-gm{FIRST}-1"


def test_what_only_getty_sells_is_left_out(istock: Istock, server: Server) -> None:
    """No picture leads to a page that isn't iStock's."""
    getty = {"site_name": "gettyimages", "uri": "https://www.gettyimages.com/detail/1"}
    for sites in ([getty], [], None, [{"site_name": "istockphoto", "uri": "javascript:0"}]):
        answering(server, referral_destinations=sites)
        found = istock.search(FLOWER, 0)
        assert (found.items, found.total) == ((), 1)


def test_a_box_has_the_ratio_of_the_picture_or_three_to_two(istock: Istock, server: Server) -> None:
    """Display sizes come without sizes."""
    thumb = IstockDialect().item(FIRST)["display_sizes"][1:2]
    for fields, size in (
        ({}, (612, 408)),
        ({"max_dimensions": {"width": 3000, "height": 6000}}, (306, 612)),
        ({"max_dimensions": None}, (612, 408)),
        ({"max_dimensions": {"width": 0, "height": 0}}, (612, 408)),
        ({"display_sizes": thumb}, (170, 113)),
    ):
        answering(server, **fields)
        one = istock.search(FLOWER, 0).items[0].thumbnail
        assert (one.width, one.height) == size


@pytest.mark.parametrize(
    ("lang", "sent"),
    [("de", "de"), ("en", "en-US"), ("pt", "pt-BR"), ("zh-Hant", "zh-HK"), ("ar", ""), (None, "")],
)
def test_the_language_stands_in_a_header_if_it_has_it(
    istock: Istock, server: Server, lang: str | None, sent: str
) -> None:
    """Languages that the API lacks are not named."""
    istock.search(FLOWER.replace(lang=lang), 0)
    istock.fetch_similar(str(FIRST), SearchQuery(lang=lang), 0)
    assert [one.headers.get("accept-language", "") for one in server.requests] == [sent, sent]


def test_safe_is_always_said(istock: Istock, server: Server) -> None:
    """Both filters of the API follow it."""
    for safe, said in ((True, "true"), (False, "false")):
        istock.search(FLOWER.replace(safe=safe), 0)
        asked = server.requests[-1].params
        assert (asked["safe_search"], asked["exclude_nudity"]) == (said, said)


def test_it_says_that_it_needs_words_and_has_no_grayscale(istock: Istock) -> None:
    """The API says that searches without a phrase are not supported."""
    assert istock.list_unsupported_filters(FLOWER.replace(color="grayscale")) == ("color",)
    assert istock.list_unsupported_filters(FLOWER.replace(color="ff8800", contributor="ann")) == ()
    assert istock.list_unsupported_filters(SearchQuery(contributor="ann")) == ("contributor",)
    assert istock.list_unsupported_filters(SearchQuery(color="ff8800", category="x")) == (
        "category",
        "color",
    )


def test_details_hold_keywords_and_the_words_of_a_search_are_corrected(
    istock: Istock, server: Server
) -> None:
    """What the API offers beside the picture arrives."""
    image = IstockDialect().item(FIRST) | {"keywords": [{"text": "rose"}, {"text": None}]}
    server.fixed = answer_json(
        {"result_count": 1, "images": [image], "auto_corrections": {"phrase": "flower"}}
    )
    assert istock.fetch_details(str(FIRST)).keywords == ("rose",)
    assert istock.search(SearchQuery(q="flwer"), 0).corrected == "flower"


def test_the_large_preview_is_the_larger_comp(istock: Istock, server: Server) -> None:
    """Details show it, and tiles on dense screens; without it there is neither."""
    one = istock.search(FLOWER, 0).items[0]
    assert one.preview
    assert (one.preview.width, one.preview.height) == (1024, 683)
    assert [box.width for box in one.renditions] == [612, 1024]
    answering(server, display_sizes=IstockDialect().item(FIRST)["display_sizes"][:2])
    one = istock.search(FLOWER, 0).items[0]
    assert (one.preview, one.renditions) == (None, ())


@pytest.fixture
def affiliate(server: Server) -> IstockDialect:
    dialect = server.dialect = IstockDialect()
    dialect.affiliate = True
    return dialect


@pytest.mark.parametrize("by_impact", [False, True])
def test_a_key_of_affiliates_asks_the_search_for_them(
    istock: Istock, server: Server, affiliate: IstockDialect, *, by_impact: bool
) -> None:
    """The first search learns it; the destination is the page or the network's link."""
    affiliate.by_impact = by_impact
    for _ in range(2):
        found = istock.search(FLOWER.replace(type="vector", lang="de"), 0)
        assert [media.id for media in found.items][:2] == [str(FIRST), str(FIRST + 1)]
        assert len(found.items) == found.total == 30
    assert [one.path.split("/")[2] for one in server.requests] == ["search", *["affiliates"] * 2]
    assert server.requests[-1].params == {"phrase": "flower", "style": "vector"}
    assert server.requests[-1].headers["accept-language"] == "de"
    one = found.items[0]
    assert one.page_url == f"https://www.istockphoto.com/photo/flower-gm{FIRST}-1"
    assert bool(one.referral) is by_impact
    assert (one.thumbnail.width, one.preview and one.preview.width) == (396, 612)
    assert istock.search(FLOWER, 1).items == ()
    server.requests.clear()
    istock.with_page_chunks().search(FLOWER, 0)
    assert len(server.requests) == 1
    assert istock.fetch_similar(str(FIRST), FLOWER, 0).items == ()
    assert "affiliates alone" in istock.check_key().words


def test_a_key_of_affiliates_can_ask_for_little(istock: Istock, affiliate: IstockDialect) -> None:
    """What its search can't say is an error at first, and unsupported from then on."""
    assert affiliate.affiliate
    wanted = FLOWER.replace(color="ff8800", type="illustration")
    with pytest.raises(RequestRefused, match="can't search by color, type"):
        istock.search(wanted, 0)
    istock.search(FLOWER, 0)
    assert istock.list_unsupported_filters(wanted) == ("color", "type")
    assert istock.list_unsupported_filters(FLOWER.replace(type="photo")) == ()


def test_what_a_key_may_is_looked_at_again_after_an_hour(
    istock: Istock, server: Server, affiliate: IstockDialect
) -> None:
    """A key that Getty has opened to more, or refused by mistake, finds all without a restart."""
    clock = [0.0]
    istock._for_affiliates = AffiliateKeyMemory(now=lambda: clock[0])
    copy = istock.with_page_chunks()
    istock.search(FLOWER, 0)
    affiliate.affiliate = False
    clock[0] = LEARNED_SECONDS - 1
    assert istock.list_unsupported_filters(FLOWER.replace(color="ff8800")) == ("color",)
    clock[0] += 1
    assert istock.list_unsupported_filters(FLOWER.replace(color="ff8800")) == ()
    assert copy.list_unsupported_filters(FLOWER.replace(color="ff8800")) == ()
    server.requests.clear()
    istock.search(FLOWER, 0)
    assert [one.path.split("/")[2] for one in server.requests] == ["search"]
    assert istock.expected_fields == Istock.expected_fields


def test_too_many_queries_a_second_say_nothing_of_the_key(istock: Istock, server: Server) -> None:
    """Getty says so with 403; the search of affiliates isn't asked then."""
    server.fixed = answer_json({"message": "Account Over Queries Per Second Limit"}, 403)
    with pytest.raises(TooManyCalls):
        istock.search(FLOWER, 0)
    assert len(server.requests) == 1
    assert istock.list_unsupported_filters(FLOWER.replace(color="ff8800")) == ()


def test_what_affiliates_find_of_gettys_own_is_left_out(istock: Istock, server: Server) -> None:
    item = IstockDialect().affiliate_item(FIRST)
    items = [
        item | {"destination_url": "https://www.gettyimages.com/detail/1"},
        item | {"destination_url": "javascript:0"},
        item | {"destination_url": None},
        item | {"preview_urls": None},
        item | {"id": None},
        item | {"title": None},
    ]
    istock._for_affiliates.set()
    server.fixed = answer_json({"images": items})
    assert [media.title for media in istock.search(FLOWER, 0).items] == ["A flower."]
    server.fixed = answer_json({"images": None})
    assert istock.search(FLOWER, 0).items == ()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answer_json({"message": "Forbidden"}, 403), Forbidden),
        (answer_text("<!DOCTYPE html><title>Just a moment...</title>", 403, "text/html"), Blocked),
    ],
)
def test_a_key_that_is_allowed_nothing_is_said_so(
    istock: Istock, server: Server, answer: Answer, kind: type[AgencyError]
) -> None:
    """Old keys are refused both searches; a gateway's page says nothing of the key."""
    server.fixed = answer
    with pytest.raises(AgencyError) as raised:
        istock.search(FLOWER, 0)
    assert type(raised.value) is kind
    assert len(server.requests) == (2 if kind is Forbidden else 1)
