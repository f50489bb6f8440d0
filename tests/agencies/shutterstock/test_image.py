"""Each filter of images has its parameter, and an image is shown with all that is known of it."""

from typing import Any

import pytest

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.media import Media, SearchQuery, Size, Thumbnail
from affiliate.domain.query import AGES, ETHNICITIES, GENDERS, LANGUAGES, LICENSES, TYPES
from affiliate.transport.client import Transport
from tests.simulator.reading import SEARCH_ID
from tests.support import shutterstock as simulator
from tests.support.shutterstock import FIRST_ID, image
from tests.support.shutterstock_answers import (
    BEARER,
    CAT,
    make_changed_picture,
    parse_answer,
    results,
)


def read_parameters(query: SearchQuery, chunk: int = 0) -> dict[str, str]:
    """Return the parameters of the call for a chunk."""
    params = Shutterstock(Transport(), credentials=BEARER).build_request(query, chunk).params
    assert len(dict(params)) == len(params)
    return dict(params)


def test_a_plain_search_asks_for_a_chunk_in_full() -> None:
    """Words, safe search, order, view and page stand in the call, and nothing else."""
    assert read_parameters(CAT) == {
        "query": "cat",
        "sort": "popular",
        "safe": "true",
        "keyword_safe_search": "true",
        "view": "full",
        "page": "1",
        "per_page": "240",
    }


FILTERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    *(({"type": t}, {"image_type": t}) for t in TYPES),
    *(({"orientation": o}, {"orientation": o}) for o in ("horizontal", "vertical")),
    ({"orientation": "square"}, {"aspect_ratio": "1"}),
    ({"orientation": "panorama"}, {"aspect_ratio_min": "2"}),
    ({"color": "ff8800"}, {"color": "ff8800"}),
    ({"color": "grayscale"}, {"color": "grayscale"}),
    *(({"people": n}, {"people_number": str(n)}) for n in range(5)),
    *(({"age": a}, {"people_age": a}) for a in AGES),
    *(({"gender": g}, {"people_gender": g}) for g in GENDERS),
    *(({"ethnicity": e}, {"people_ethnicity": e}) for e in ETHNICITIES),
    ({"category": "Animals/Wildlife"}, {"category": "Animals/Wildlife"}),
    ({"contributor": "250738318"}, {"contributor": "250738318"}),
    *(({"license": name}, {"license": name}) for name in LICENSES),
    ({"released": True}, {"people_model_released": "true"}),
    ({"safe": False}, {"safe": "false", "keyword_safe_search": "false"}),
    *(({"sort": s}, {"sort": s}) for s in ("popular", "relevance", "newest", "random")),
    *(({"lang": code}, {"language": code}) for code in LANGUAGES),
    ({"exclude": "dog"}, {"query": "cat NOT dog"}),
    ({"exclude": "big dog"}, {"query": "cat NOT big NOT dog"}),
]


def test_each_filter_has_its_parameter() -> None:
    """Every filter that we offer arrives under Shutterstock's name for it, and changes no other."""
    agency = Shutterstock(Transport(), credentials=BEARER)
    wrong = [
        (fields, sent)
        for fields, expected in FILTERS
        if (sent := read_parameters(CAT.replace(**fields))) != read_parameters(CAT) | expected
        or agency.list_unsupported_filters(CAT.replace(**fields))
    ]
    assert wrong == []


def test_filters_go_together(server: simulator.Shutterstock, agency: Shutterstock) -> None:
    """A search with every filter sends them all, each once."""
    raw = (
        "q=red+bike&exclude=car&type=photo&orientation=vertical&color=ff8800&people=0&age=20s"
        "&gender=both&ethnicity=japanese&category=Sports&contributor=7&license=editorial"
        "&released=1&safe=0&sort=newest&lang=zh-hant"
    )
    agency.search(SearchQuery.from_query_string(raw), 1)
    assert server.searches() == [
        {
            name: [value]
            for name, value in {
                "query": "red bike NOT car",
                "image_type": "photo",
                "orientation": "vertical",
                "color": "ff8800",
                "people_number": "0",
                "people_age": "20s",
                "people_gender": "both",
                "people_ethnicity": "japanese",
                "category": "Sports",
                "contributor": "7",
                "license": "editorial",
                "language": "zh-Hant",
                "sort": "newest",
                "people_model_released": "true",
                "safe": "false",
                "keyword_safe_search": "false",
                "view": "full",
                "page": "2",
                "per_page": "240",
            }.items()
        }
    ]


@pytest.mark.parametrize("fields", [{"category": "1"}, {"contributor": "7"}, {"color": "ff0000"}])
def test_a_filter_alone_suffices(fields: dict[str, str]) -> None:
    """Category, contributor or color search without words, and no empty ``query`` is sent."""
    assert "query" not in read_parameters(SearchQuery(**fields))  # type: ignore[arg-type]


def test_exclusion_works_without_words() -> None:
    """A word can be excluded from a category."""
    assert read_parameters(SearchQuery(category="1", exclude="dog"))["query"] == "NOT dog"


PLAIN = [
    ("cat NOT dog", "cat not dog"),
    ("cat AND dog OR mouse", "cat and dog or mouse"),
    ("(cat)", "cat"),
    ("cat (dog OR mouse)", "cat dog or mouse"),
    ("cat)(dog", "cat dog"),
    ("NOT", "not"),
    ("\uff2e\uff2f\uff34 cat", "not cat"),
]


def test_typed_operators_stay_words() -> None:
    """Only ``exclude`` excludes: what looks like an operator is sent as a plain word."""
    sent = [
        read_parameters(SearchQuery.from_parameters({"q": [typed]}))["query"] for typed, _ in PLAIN
    ]
    assert sent == [words for _, words in PLAIN]


def test_an_excluded_word_brings_no_parentheses() -> None:
    """Excluded words are plain words as well."""
    query = SearchQuery.from_parameters({"q": ["cat"], "exclude": ["(dog OR mouse)"]})
    assert read_parameters(query)["query"] == "cat NOT dog NOT mouse NOT or"


def test_a_call_asks_for_five_pages_of_visitors() -> None:
    """Five visitor pages of 48 fit in one call, exactly."""
    agency = Shutterstock(Transport())
    assert (agency.chunk_size, agency.chunk_size % 48) == (240, 0)
    assert read_parameters(CAT, 4)["page"] == "5"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"sort": "oldest"}, ("sort",)),
        ({"no_ai": True, "sort": "oldest"}, ("no_ai", "sort")),
        ({"media": "video", "type": "photo"}, ("type",)),
        ({"media": "video", "color": "ff8800", "license": "enhanced"}, ("color", "license")),
    ],
)
def test_what_the_api_cannot_say_is_unsupported(
    fields: dict[str, str], names: tuple[str, ...]
) -> None:
    """A filter without a parameter of the same meaning is named, never dropped in silence."""
    assert Shutterstock(Transport()).list_unsupported_filters(CAT.replace(**fields)) == names


def test_a_picture_has_everything_that_a_page_shows(agency: Shutterstock) -> None:
    """Id, title, keywords, type, contributor, editorial flag, sizes and addresses are read."""
    result = agency.search(CAT, 0)
    small, large = (
        f"https://image.shutterstock.com/{name}/{FIRST_ID + 10}.jpg"
        for name in ("huge_thumb", "preview_1000")
    )
    assert result.total == 600
    assert result.items[10] == Media(
        agency="shutterstock",
        id=str(FIRST_ID + 10),
        type="illustration",
        title="Made-up picture 10",
        keywords=("made-up", "number 10"),
        page_url=f"https://www.shutterstock.com/image-illustration/{FIRST_ID + 10}",
        contributor="7",
        editorial=True,
        thumbnail=Thumbnail(small, 390, 260),
        preview=Thumbnail(large, 1000, 667),
        renditions=(Thumbnail(small, 390, 260), Thumbnail(large, 1000, 667)),
        sizes=(
            Size("small", 500, 334, "jpg", 167_000),
            Size("medium", 1000, 667, "jpg", 667_000),
            Size("huge", 5616, 3744, "jpg", 21_026_304),
        ),
        released=True,
        categories=("Animals/Wildlife",),
        search_id=SEARCH_ID,
    )
    assert result.search_id == SEARCH_ID


SOLD: list[tuple[Any, Size | None]] = [
    (
        {"width": 3000, "height": 2000, "format": "eps", "file_size": 9, "is_licensable": True},
        Size("vector", 3000, 2000, "eps", 9),
    ),
    ({"width": 3000, "height": 2000}, Size("vector", 3000, 2000, "eps")),
    (
        {"width": 3000, "height": 2000, "format": None, "file_size": "9"},
        Size("vector", 3000, 2000, "eps"),
    ),
    (
        {"width": 3000, "height": 2000, "format": " e\x00ps ", "file_size": -9},
        Size("vector", 3000, 2000, "e ps"),
    ),
    ({"width": 3000, "height": 2000, "file_size": 10**30}, Size("vector", 3000, 2000, "eps")),
    ({"width": 3000, "height": 2000, "is_licensable": False}, None),
    ({"width": 3000}, None),
    ({"width": 3000, "height": 0}, None),
    ({"width": 3000, "height": -1}, None),
    ({"width": 3000, "height": True}, None),
    ({"width": 3000, "height": "2000"}, None),
    ({"width": 3000, "height": 2000.5}, None),
    ({"width": 3000, "height": 10**30}, None),
    ({}, None),
    ([], None),
    ("eps", None),
    (None, None),
]


def test_sizes_are_those_that_can_be_licensed() -> None:
    """A size needs two sides; whatever else is missing or odd about it, the picture is shown."""
    thumbnail = image(0)["assets"]["huge_thumb"]
    wrong = [
        (sent, shown.sizes)
        for sent, size in SOLD
        for assets in [{"huge_thumb": thumbnail, "vector_eps": sent}]
        for shown in [parse_answer(results(make_changed_picture(assets=assets))).items[0]]
        if shown.sizes != ((size,) if size else ())
    ]
    assert wrong == []


def test_categories_without_a_name_are_left_out() -> None:
    """Names alone are told, as plain text."""
    sent = [{"id": "1"}, {"id": "2", "name": ""}, {"id": "3", "name": "Art\x00 s"}]
    assert parse_answer(results(make_changed_picture(categories=sent))).items[0].categories == (
        "Art s",
    )


@pytest.mark.parametrize(
    ("absent", "size"),
    [
        (("huge_thumb",), (450, 300)),
        (("huge_thumb", "preview"), (250, 167)),
        (("huge_thumb", "preview", "mosaic"), (150, 100)),
        (("huge_thumb", "preview", "mosaic", "large_thumb"), (100, 67)),
    ],
)
def test_the_next_rendition_stands_in(absent: tuple[str, ...], size: tuple[int, int]) -> None:
    """Where ``huge_thumb`` is absent the next rendition is shown, at its own declared size."""
    assets = {k: v for k, v in image(0)["assets"].items() if k not in absent}
    thumbnail = parse_answer(results(make_changed_picture(assets=assets))).items[0].thumbnail
    assert (thumbnail.width, thumbnail.height) == size


UNUSABLE: list[Any] = [
    None,
    "https://image.shutterstock.com/a.jpg",
    {},
    {"url": "https://image.shutterstock.com/a.jpg"},
    {"url": "https://image.shutterstock.com/a.jpg", "width": 0, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": -390, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": "390", "height": "260"},
    {"url": "https://image.shutterstock.com/a.jpg", "width": 10**9, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": float("nan"), "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": float("inf"), "height": 260},
    {"url": "javascript:alert(1)", "width": 390, "height": 260},
    {"url": "data:image/png;base64,AAAA", "width": 390, "height": 260},
    {"url": "//image.shutterstock.com/a.jpg", "width": 390, "height": 260},
    {"url": "/a.jpg", "width": 390, "height": 260},
    {"url": "https://image.shutterstock.com/\ud800.jpg", "width": 390, "height": 260},
    {"url": "https://image.shutterstock.com/a b.jpg", "width": 390, "height": 260},
    {"url": ["https://image.shutterstock.com/a.jpg"], "width": 390, "height": 260},
]


def test_a_rendition_that_cannot_be_shown_is_passed_over() -> None:
    """Without a web address and a real size a rendition counts as absent."""
    good = image(0)["assets"]

    def shown(rendition: object) -> str:
        one = parse_answer(
            results(make_changed_picture(assets=good | {"huge_thumb": rendition}))
        ).items[0]
        return one.thumbnail.url

    assert [one for one in UNUSABLE if shown(one) != good["preview"]["url"]] == []


def test_a_picture_without_any_usable_rendition_is_dropped() -> None:
    """Such a picture leaves its place; the others and the total stay."""

    def left(rendition: object) -> tuple[list[str], int | None]:
        bad = make_changed_picture(id="1", assets={"huge_thumb": rendition})
        result = parse_answer(results(bad, image(1), total_count=9))
        return [media.id for media in result.items], result.total

    assert [one for one in UNUSABLE if left(one) != ([str(FIRST_ID + 1)], 9)] == []


def test_an_unknown_type_is_none() -> None:
    """An ``image_type`` that we don't know is left open, also when it is hostile."""
    one = parse_answer(results(make_changed_picture(image_type="../evil"))).items[0]
    assert (one.type, "evil" in one.page_url) == (None, False)


def test_the_landing_address_is_the_documented_one() -> None:
    """Affiliate links lead to ``pic.mhtml`` with the picture's id."""
    one = parse_answer(results(image(0))).items[0]
    landing = Shutterstock(Transport()).build_landing_url(one)
    assert landing == f"http://www.shutterstock.com/pic.mhtml?id={FIRST_ID}"
