"""What is Depositphotos' own: colors by number, numbers as text, and its documented details."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from affiliate.agencies.depositphotos.client import Depositphotos
from affiliate.agencies.depositphotos.schema import Item, to_media
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link
from affiliate.domain.media import Media, SearchQuery, Thumbnail
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.depositphotos import DepositphotosDialect
from tests.support.calling import open_transport
from tests.support.official import upstream

FLOWER = SearchQuery(q="flower")
PAGE = "https://depositphotos.com/7/a.html"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(DepositphotosDialect()) as one:
        yield one


@pytest.fixture
def agency(server: Server) -> Iterator[Depositphotos]:
    with open_transport() as transport:
        yield Depositphotos(transport, url=server.url, credentials=DepositphotosDialect.keys)


def build_parameters(agency: Depositphotos, query: SearchQuery) -> dict[str, str]:
    return dict(agency.build_request(query, 0).params)


@pytest.mark.parametrize(
    ("color", "number"),
    [
        *[("fe0000", "9"), ("f00000", "9"), ("1d70b8", "1"), ("2a9d3f", "4"), ("f77f00", "7")],
        *[("7b2cbf", "13"), ("8d5524", "11"), ("000000", "16"), ("111111", "16")],
        *[("c0c0c0", "14"), ("70757a", "15"), ("ffffff", "17"), ("fff8f0", "17")],
    ],
)
def test_a_color_is_the_nearest_of_theirs_and_a_gray_one_of_the_grays(
    agency: Depositphotos, color: str, number: str
) -> None:
    assert build_parameters(agency, FLOWER.replace(color=color))["dp_search_color"] == number


def test_gray_pictures_and_a_color_alone_are_unsupported(agency: Depositphotos) -> None:
    assert agency.list_unsupported_filters(FLOWER.replace(color="grayscale")) == ("color",)
    assert agency.list_unsupported_filters(SearchQuery(color="fe0000")) == ("color",)
    assert agency.list_unsupported_filters(SearchQuery(color="fe0000", contributor="envivo")) == ()
    assert agency.list_unsupported_filters(FLOWER.replace(color="808080")) == ()


def test_footage_is_unsupported(agency: Depositphotos) -> None:
    assert agency.list_unsupported_filters(FLOWER.replace(media="video")) == ("media",)


def test_only_a_search_that_is_not_safe_may_find_nudity(agency: Depositphotos) -> None:
    assert build_parameters(agency, FLOWER)["dp_search_nudity"] == "0"
    assert build_parameters(agency, FLOWER.replace(safe=False))["dp_search_nudity"] == "1"


@pytest.mark.parametrize(("lang", "code"), [("ja", "jp"), ("de", "de"), ("ar", None)])
def test_titles_come_in_the_languages_it_has(
    agency: Depositphotos, lang: str, code: str | None
) -> None:
    params = build_parameters(agency, FLOWER.replace(lang=lang))
    assert (params.get("dp_lang"), params.get("dp_translate_items")) == (code, code and "1")


def test_sizes_have_the_ratio_of_the_whole_picture(agency: Depositphotos) -> None:
    found = agency.search(FLOWER, 0).items[0]
    host = f"https://st.depositphotos.com/{FIRST}"
    assert found.thumbnail == Thumbnail(f"{host}/api_thumb_450.jpg", 450, 300)
    assert found.preview == Thumbnail(f"{host}/flower.jpg", 1000, 667)


@pytest.mark.parametrize(
    ("written", "editorial"), [(True, [True]), ("1", [True]), (False, [False]), ("0", [False])]
)
def test_editorial_is_read_in_each_form(written: object, editorial: list[bool]) -> None:
    found = read_item(
        width=300, height="200", thumbnail="https://a.example/1.jpg", iseditorial=written
    )
    assert [one.editorial for one in (found,) if one] == editorial


@pytest.mark.parametrize(
    "fields",
    [
        {"width": None, "height": 2},
        {"width": "wide", "height": 2},
        {"width": 3, "height": 2, "thumbnail": "javascript:alert(1)"},
        {"width": 3, "height": 2, "itemurl": "/7/a.html"},
        {"width": 3, "height": 2, "type": "video"},
    ],
)
def test_what_has_no_picture_no_page_or_is_none_is_left_out(fields: dict[str, object]) -> None:
    assert read_item(**{"thumbnail": "https://a.example/1.jpg", **fields}) is None


def read_item(**fields: object) -> Media | None:
    """Return an item as a page shows it."""
    item = msgspec.convert({"id": 7, "itemurl": PAGE, **fields}, Item)
    return to_media("depositphotos", item)


def test_details_have_keywords_and_no_type_for_the_answer_has_its_own(
    agency: Depositphotos,
) -> None:
    found = agency.fetch_details(str(FIRST))
    assert (found.keywords, found.type) == (("fun", "blue"), None)


def test_the_documented_details_are_read(server: Server, agency: Depositphotos) -> None:
    path = upstream("depositphotos", "common.search.getMediaData.json")
    server.fixed = answer_json(json.loads(path.read_text())["response"])
    found = agency.fetch_details("19478735")
    assert (found.id, found.contributor, found.keywords[0]) == ("19478735", "envivo", "fun")
    assert (found.thumbnail.width, found.thumbnail.height) == (388, 450)


def test_a_link_is_the_page_with_the_account_behind_it(agency: Depositphotos) -> None:
    found = agency.search(FLOWER, 0).items[0]
    style = LinkStyle(template=agency.link_template, affiliate_id="1234567", network="query")
    link = build_affiliate_link(style, found, agency.build_landing_url(found))
    assert link == f"https://depositphotos.com/{FIRST}/flower.html?ref=1234567"


def test_a_count_may_be_text_or_missing(server: Server, agency: Depositphotos) -> None:
    for count, total in (({"count": "12"}, 12), ({"count": 12}, 12), ({}, None)):
        server.fixed = answer_json({"type": "success", "result": [], **count})
        assert agency.search(FLOWER, 0).total == total


def test_details_name_the_sizes_that_are_sold(agency: Depositphotos) -> None:
    """The smallest first, with prices in credits; a search doesn't say them."""
    assert [
        (one.name, one.width, one.height, one.credits)
        for one in agency.fetch_details(str(FIRST)).sizes
    ] == [
        ("s", 500, 333, 1),
        ("m", 1000, 667, 3),
        ("xl", 6000, 4000, 10),
    ]
    assert agency.search(FLOWER, 0).items[0].sizes == ()


@pytest.mark.parametrize("sizes", [None, [], 5, {"s": None}, {"s": {"width": 10**9, "height": 1}}])
def test_odd_sizes_are_none(agency: Depositphotos, server: Server, sizes: object) -> None:
    server.fixed = answer_json(
        {"type": "success", **DepositphotosDialect().item(FIRST), "sizes": sizes}
    )
    assert agency.fetch_details(str(FIRST)).sizes == ()
