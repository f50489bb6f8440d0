"""The demo catalogue: its search over a made-up list, its promises over the one that ships."""

import functools
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from affiliate.agencies.demo import client
from affiliate.agencies.demo.client import CATALOG, Demo, Picture
from affiliate.config.setting_table import SETTINGS
from affiliate.domain.media import SearchQuery, clean_text
from affiliate.domain.query import ORIENTATIONS, SORTS, TYPES
from affiliate.errors import BadQuery, NotFound
from affiliate.transport.client import Transport

FILES = Path(__file__).resolve().parents[3] / "static" / "demo"
BAR = 20
"""Pixels of the id bar, beyond the declared size."""
PLAIN = Picture(
    id="0",
    title="Plain",
    keywords=(),
    contributor="Ann",
    type="vector",
    width=390,
    height=260,
    preview_width=600,
    preview_height=400,
    color="808080",
    colors=("808080",),
    categories=("Objects",),
    added="2020-01-01",
    popularity=0,
    license="public domain",
)
MADE_UP = (
    ("bicycle", {"title": "Red bicycle", "keywords": ("bike",), "popularity": 5}),
    ("bicycles", {"title": "Two bicycles", "keywords": ("race", "red"), "popularity": 9}),
    ("café", {"title": "Café", "keywords": ("coffee", "drink"), "added": "2021-05-05"}),
    ("cat", {"title": "A black cat", "categories": ("Animals",), "contributor": "Bob B."}),
    ("catalogue", {"title": "Catalogue of cars", "keywords": ("book",)}),
    ("kitten", {"title": "Kitten", "keywords": ("cat", "running"), "categories": ("Animals",)}),
    ("photo", {"title": "Mountain", "type": "photo", "width": 260, "height": 390}),
    ("racer", {"title": "Two wheels", "keywords": ("mountain bike", "black and white")}),
    ("square", {"title": "Mountain lake", "width": 260, "height": 260, "type": "illustration"}),
    ("warm", {"title": "Sun", "colors": ("ff8800", "ffffff"), "added": "2019-01-01"}),
)


@pytest.fixture(scope="module")
def shipped() -> Demo:
    """Return the agency over the shipped catalogue."""
    return Demo(Transport())


@pytest.fixture
def made_up(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Demo:
    """Return the agency over a list that is known in full: `MADE_UP`, or the parameter."""
    known = getattr(request, "param", MADE_UP)
    pictures = [msgspec.structs.replace(PLAIN, id=name, **rest) for name, rest in known]
    catalog = tmp_path / "catalog.jsonl"
    catalog.write_bytes(b"\n".join(msgspec.json.encode(picture) for picture in pictures))
    monkeypatch.setattr(client, "CATALOG", catalog)
    return Demo(Transport())


def find_ids(agency: Demo, raw: str) -> list[str]:
    """Return the ids that a query string finds, in their order."""
    return [m.id for m in agency.search(SearchQuery.from_query_string(raw), 0).items]


SEARCHES: list[tuple[str, set[str], str]] = [
    ("q=cat", {"cat", "kitten"}, "whole words, in title and keywords"),
    ("q=CATS", {"cat", "kitten"}, "in the plural"),
    ("q=bicycle", {"bicycle", "bicycles"}, "in the singular"),
    ("q=run", {"kitten"}, "another form of the word"),
    ("q=red+bicycle", {"bicycle", "bicycles"}, "all of the words"),
    ("q=red+cat", set(), "no picture with only one of them"),
    ("q=bicy", {"bicycle", "bicycles"}, "beginnings, when no whole word matches"),
    ("q=red+bicy", {"bicycle", "bicycles"}, "a beginning after a whole word"),
    ("q=cata", {"catalogue"}, "beginnings once the words alone find nothing"),
    ("q=cafe", {"café"}, "without accents"),
    ("q=caf%C3%A9", {"café"}, "with accents"),
    ("q=animals", {"cat", "kitten"}, "the names of categories"),
    ("q=mountain&type=photo", {"photo"}, "of a type"),
    ("q=mountain&orientation=vertical", {"photo"}, "upright"),
    ("q=mountain&orientation=square", {"square"}, "square"),
    ("q=mountain&orientation=horizontal", set(), "lying"),
    ("q=mountain", {"photo", "square"}, "not the first word of a longer keyword alone"),
    ("q=bike", {"bicycle", "racer"}, "the last word of a longer keyword"),
    ("q=mountain+bike", {"racer"}, "all words of a longer keyword"),
    ("q=bike+mountain", {"racer"}, "all words of a longer keyword, turned around"),
    ("q=%22mountain+bike%22", {"racer"}, "a longer keyword inside quotes"),
    ("q=black+white", {"racer"}, "words apart in a longer keyword"),
    ("q=mounta", {"photo", "square"}, "no beginning of a longer keyword alone"),
    ("q=mounta+bik", {"racer"}, "beginnings of a longer keyword"),
    ("q=bike&exclude=mountain", {"bicycle", "racer"}, "past the first word of a longer keyword"),
    ("q=bike&exclude=%22mountain+bike%22", {"bicycle"}, "without a longer keyword"),
    ("q=cat&exclude=black", {"kitten"}, "without a word"),
    ("q=cat&exclude=black+running", set(), "without any of several words"),
    ("q=cat&exclude=run", {"cat"}, "without a word in any form"),
    ("q=cat&exclude=%21%21", {"cat", "kitten"}, "without what is no word"),
    ("category=Animals", {"cat", "kitten"}, "by category alone"),
    ("category=ANIMALS", {"cat", "kitten"}, "by category in any case"),
    ("category=Ani", set(), "by the whole name of a category only"),
    ("contributor=bob+b.", {"cat"}, "by contributor"),
    ("color=ff8800", {"warm"}, "by color"),
    ("color=f58a0a", {"warm"}, "by a similar color"),
    ("color=0000ff", set(), "by a color that is nowhere"),
    ("q=sun&color=grayscale", set(), "gray ones, which a colored one is not"),
    ("q=cat+%21%21%21", {"cat", "kitten"}, "past what is no word"),
    ("q=%22cat%22", {"cat", "kitten"}, "inside quotes"),
]


def test_search_finds(made_up: Demo) -> None:
    """Words are found stemmed and by their beginnings, filters hold, exclusions exclude."""
    wrong = [
        (how, raw, answer)
        for raw, ids, how in SEARCHES
        if sorted(answer := find_ids(made_up, raw)) != sorted(ids)
    ]
    assert wrong == []


def test_gray_pictures_have_nothing_but_grays(made_up: Demo) -> None:
    """``grayscale`` finds exactly the pictures without a color."""
    assert set(find_ids(made_up, "color=grayscale")) == {n for n, _ in MADE_UP} - {"warm"}


def test_the_best_match_comes_first_by_relevance(made_up: Demo) -> None:
    """A word in the title outweighs one among the keywords."""
    assert find_ids(made_up, "q=cat&sort=relevance") == ["cat", "kitten"]
    assert find_ids(made_up, "q=red&sort=relevance") == ["bicycle", "bicycles"]


def test_popular_ones_come_first_by_default(made_up: Demo) -> None:
    """The default order is by popularity."""
    assert find_ids(made_up, "q=red") == ["bicycles", "bicycle"]


def test_newest_and_oldest_go_by_date(made_up: Demo) -> None:
    """The two orders by date begin at opposite ends."""
    newest, oldest = (find_ids(made_up, f"color=808080&sort={s}") for s in ("newest", "oldest"))
    assert (newest[0], oldest[-1]) == ("café", "café")
    assert find_ids(made_up, "q=sun&sort=oldest") == ["warm"]


ODD = [
    *('"', '""', '"cat', "'", "*", "cat*", "*cat", "NEAR(", "NEAR(cat dog, 5)", "!!!", "ö"),
    *("AND", "OR", "NOT", "cat AND", "NOT cat", "-cat", "+cat", "^cat", "title:cat", "{title}: x"),
    *("(", ")", "()", "((((", "cat) OR (1", "\\", "%", "_", ";", "--", "'; DROP TABLE words; --"),
    *("😀", "😀 cat", "猫", "مرحبا", "\u202ecat", "\u200bcat", "\ufffd", "\u0301", "ﷺ", "①", "²"),
    *("a" * 500, " ".join("a" * 250), "NULL", "words MATCH", "rank", "\U00020000"),
]


def test_odd_words_never_fail(shipped: Demo) -> None:
    """Whatever is typed is searched for as words; none of it is an expression of the index."""

    def fails(words: str) -> str:
        try:
            for parameters in ({"q": [words]}, {"q": ["flower"], "exclude": [words]}):
                result = shipped.search(SearchQuery.from_parameters(parameters), 0)
                assert len(result.items) == min(result.total or 0, 240)
        except Exception as error:  # noqa: BLE001 - told with the words that it came from
            return repr(error)
        return ""

    assert {words: error for words in ODD if (error := fails(words))} == {}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_no_words_fail(words: str, excluded: str) -> None:
    """A query that the parser accepts never fails in the index."""
    try:
        query = SearchQuery.from_parameters({"q": [words], "exclude": [excluded]})
    except BadQuery as refused:
        assert refused.field in {"q", "exclude"}  # noqa: PT017 - most words are no error
    else:
        assert isinstance(_shared().search(query, 0).total, int)


@functools.cache
def _shared() -> Demo:
    return Demo(Transport())


class _Small(Demo):
    most = 7


@pytest.mark.parametrize("sort", SORTS)
def test_chunks_join_without_gap_or_overlap(shipped: Demo, sort: str) -> None:
    """Chunk after chunk gives the whole ranking once, in every order, whatever their size."""
    small = _Small(shipped.transport)
    for kind in TYPES:
        query = SearchQuery(type=kind, sort=sort)
        total = shipped.search(query, 0).total or 0
        chunks = [small.search(query, n) for n in range(-(-total // 7) + 2)]
        joined = [media.id for chunk in chunks for media in chunk.items]
        whole = [media.id for n in range(3) for media in shipped.search(query, n).items]
        assert joined == whole, kind
        assert len(set(joined)) == total == sum(p.type == kind for p in shipped.pictures.values())
        assert {chunk.total for chunk in chunks} == {total}, kind


def test_every_filter_that_it_lacks_is_unsupported(shipped: Demo) -> None:
    """What the catalogue doesn't know about its pictures is said, not ignored."""
    query = SearchQuery.from_query_string(
        "q=cat&people=2&age=20s&gender=male&ethnicity=other&license=enhanced&released=1&media=video"
    )
    assert set(shipped.list_unsupported_filters(query)) == set(
        "people age gender ethnicity license".split()
    ) | {
        "released",
        "media",
    }


def test_every_filter_that_it_has_is_supported(shipped: Demo) -> None:
    """The filters over which the catalogue can be searched are not refused."""
    for sort in SORTS:
        query = SearchQuery.from_query_string(
            "q=cat&exclude=dog&type=vector&orientation=square&color=grayscale&category=a"
            f"&contributor=b&lang=de&safe=0&page=7&sort={sort}"
        )
        assert shipped.list_unsupported_filters(query) == ()


def test_details_are_those_of_the_search(shipped: Demo) -> None:
    """One picture by its id is what a search shows of it; an unknown id is not found."""
    one = shipped.search(SearchQuery(q="flower"), 0).items[0]
    assert shipped.fetch_details(one.id) == one
    for media_id in ("", "0", "../" + one.id, "ö", "\ud800", "9" * 5_000):
        with pytest.raises(NotFound):
            shipped.fetch_details(media_id)


def test_details_have_their_categories(shipped: Demo) -> None:
    """The names of a picture's categories are told; sizes for sale are not, for nothing is sold."""
    one = shipped.search(SearchQuery(category="Animals"), 0).items[0]
    assert "Animals" in one.categories
    assert (one.sizes, one.released) == ((), False)


LIKE = (
    ("one", {"keywords": ("dog", "pet"), "color": "ff0000"}),
    ("same", {"keywords": ("dog", "pet"), "color": "00ff00"}),
    ("reddish", {"keywords": ("dog", "pet"), "color": "ee0000"}),
    ("half", {"keywords": ("Dog", "wolf"), "color": "ff0000"}),
    ("kind", {"keywords": ("rose",), "color": "ff0000"}),
    ("other", {"keywords": ("car",), "categories": ("Cars",), "color": "ff0000"}),
)


@pytest.mark.parametrize("made_up", [LIKE], indirect=True)
def test_similar_share_keywords_then_categories_then_color(made_up: Demo) -> None:
    """The most alike come first, the picture itself is left out, and so is what shares nothing."""
    result = made_up.fetch_similar("one", SearchQuery(lang="en"), 0)
    assert [m.id for m in result.items] == ["reddish", "same", "half", "kind"]
    assert result.total == 4


def test_similar_are_given_in_chunks_of_a_page(shipped: Demo) -> None:
    """Chunk after chunk gives all that is similar once, always in the same order."""
    one = shipped.search(SearchQuery(q="mountain"), 0).items[0]
    chunks = [shipped.fetch_similar(one.id, SearchQuery(lang="en"), n) for n in range(4)]
    joined = [m.id for chunk in chunks for m in chunk.items]
    assert len(chunks[0].items) == 48
    assert len(set(joined)) == len(joined) == min(chunks[0].total or 0, 4 * 48)
    assert one.id not in joined
    again = Demo(Transport()).fetch_similar(one.id, SearchQuery(lang="de"), 0)
    assert again == chunks[0]
    assert "mountain" in " ".join(chunks[0].items[0].keywords)


def test_an_unknown_picture_has_no_similar_ones(shipped: Demo) -> None:
    """What is not there is like nothing."""
    for media_id in ("", "0", "ö", "9" * 5_000):
        with pytest.raises(NotFound):
            shipped.fetch_similar(media_id, SearchQuery(), 0)


SUGGESTED = (
    ("a", {"keywords": ("cat", "red", "ice", "ice cream")}),
    ("b", {"keywords": ("cats", "cattle", "blue")}),
    ("c", {"keywords": ("cattle", "Red"), "categories": ("Catering",)}),
)


COMPLETED: list[tuple[str, tuple[str, ...]]] = [
    ("cat", ("cattle", "catering", "cats")),
    ("ca", ("cattle", "cat", "catering", "cats")),
    ("red ca", ("red cat", "red catering", "red cattle")),
    ("blue ca", ("blue cats", "blue cattle")),
    ("ice", ("ice cream",)),
    ("ice c", ("ice cream", "ice cat")),
    ("red re", ()),
    ("green ca", ()),
    ("x", ()),
    ("!!!", ()),
]


@pytest.mark.parametrize("made_up", [SUGGESTED], indirect=True)
def test_words_are_completed(made_up: Demo) -> None:
    """The last word, or all of them, become keywords; what more pictures carry comes first."""
    assert [(words, made_up.suggest_searches(words, "en")) for words, _ in COMPLETED] == COMPLETED


@given(st.text(min_size=1, max_size=10))
def test_every_suggestion_finds_something(words: str) -> None:
    """Whatever is typed, at most ten suggestions come, and each finds pictures."""
    agency = _shared()
    suggested = agency.suggest_searches(" ".join(words.split()).casefold(), "en")
    assert len(suggested) <= 10
    for text in suggested:
        assert agency.search(SearchQuery(q=text), 0).total


CORRECTED = [
    ("q=bicicle", "bicycle"),
    ("q=red+bicicle", "red bicycle"),
    ("q=bicicle+mountian", None),
    ("q=runing", "running"),
    ("q=bicicle+%21%21%21", "bicycle !!!"),
    ("q=running+bicicle", None),
    ("q=bicycle", None),
    ("q=bicicle&type=photo", None),
    ("q=bicicle&exclude=red", None),
    ("q=xyzzy", None),
    ("q=%21%21%21", None),
    ("q=bicicle+b1+b2+b3+b4+b5", None),
    ("color=0000ff", None),
]


@pytest.mark.parametrize(
    "made_up",
    [[("1", {"keywords": ("bicycle", "red")}), ("2", {"keywords": ("running",)})]],
    indirect=True,
)
def test_better_words_are_offered_when_they_find_something(made_up: Demo) -> None:
    """Only for a search that finds nothing, only near words, only if they pass its filters."""
    queries = [(raw, SearchQuery.from_query_string(raw)) for raw, _ in CORRECTED]
    assert [(raw, made_up.search(query, 0).corrected) for raw, query in queries] == CORRECTED


def test_addresses_begin_with_the_agency_s_own() -> None:
    """``DEMO_URL`` is where the pictures' files are."""
    agency = Demo(Transport(), url="https://pictures.example")
    one = agency.search(SearchQuery(q="flower"), 0).items[0]
    base = f"https://pictures.example/static/demo/{one.id}"
    assert (one.thumbnail.url, one.preview and one.preview.url) == (
        f"{base}.webp",
        f"{base}-large.webp",
    )
    assert one.page_url == f"https://pictures.example/image/demo/{one.id}"


# -- the catalogue that ships


def test_the_catalogue_is_of_the_promised_size(shipped: Demo) -> None:
    """The files are those of the pictures, two each, and hold at most 25 MB."""
    assert len(shipped.pictures) == len(CATALOG.read_bytes().splitlines())
    files = {path.name for path in FILES.iterdir()}
    assert files == {f"{i}{end}" for i in shipped.pictures for end in (".webp", "-large.webp")}
    assert sum(path.stat().st_size for path in FILES.iterdir()) <= 25_000_000


def test_the_files_hold_their_declared_size_and_a_bar(shipped: Demo) -> None:
    """Each thumbnail's file is 20 px taller than declared, or wider: the bar to crop away."""
    wrong = []
    beyond = set()
    for picture in shipped.pictures.values():
        with Image.open(FILES / f"{picture.id}.webp") as file:
            extra = (file.width - picture.width, file.height - picture.height)
        beyond.add(extra)
        if extra not in {(0, BAR), (BAR, 0)}:
            wrong.append((picture.id, extra))
    assert wrong == []
    assert beyond == {(0, BAR), (BAR, 0)}, "both kinds are in the catalogue"


def test_the_previews_have_their_declared_size(shipped: Demo) -> None:
    """The larger file of each picture has no bar."""
    wrong = []
    for picture in shipped.pictures.values():
        with Image.open(FILES / f"{picture.id}-large.webp") as file:
            if file.size != (picture.preview_width, picture.preview_height):
                wrong.append(picture.id)
    assert wrong == []


def test_every_line_of_the_catalogue_is_in_order(shipped: Demo) -> None:
    """Ids fit in addresses, texts are clean, colors and dates are well-formed, types are ours."""
    for picture in shipped.pictures.values():
        assert re.fullmatch(r"[0-9A-Za-z-]{1,100}", picture.id)
        for text in (picture.title, picture.contributor, *picture.keywords, *picture.categories):
            assert text == clean_text(text) != ""
        assert picture.type in TYPES
        for color in (picture.color, *picture.colors):
            assert re.fullmatch("[0-9a-f]{6}", color)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", picture.added)
        assert picture.colors
        assert picture.categories


def test_keywords_lead_somewhere(shipped: Demo) -> None:
    """Keywords are links, so no small word of a title is among them, and no site for a person."""
    small = {"above", "across", "below", "between", "near", "of", "out", "the", "through", "with"}
    for picture in shipped.pictures.values():
        assert small.isdisjoint(picture.keywords)
        assert "contributor" not in picture.contributor


TOPICS = next(setting.default for setting in SETTINGS if setting.name == "SITE_TOPICS")


def test_each_topic_of_the_start_page_fills_a_page(shipped: Demo) -> None:
    """A search of each default topic finds at least 24 pictures; "cat", the tests' search, 10."""
    wanted = [("cat", 10), *((topic, 24) for topic in TOPICS)]
    found = {words: len(shipped.search(SearchQuery(q=words), 0).items) for words, _ in wanted}
    assert [(words, found[words]) for words, least in wanted if found[words] < least] == []


@pytest.mark.parametrize("sort", ["popular", "relevance"])
def test_photographs_come_before_drawings(shipped: Demo, sort: str) -> None:
    """Results begin with the photographs, of which each topic has some."""
    for topic in TOPICS:
        items = shipped.search(SearchQuery(q=topic, sort=sort), 0).items
        kinds = [item.type == "photo" for item in items]
        assert kinds == sorted(kinds, reverse=True), topic
        assert sum(kinds) >= 5, topic


def test_pictures_of_every_type_and_shape_are_there(shipped: Demo) -> None:
    """Filters by type and by orientation, alone and together, find some pictures."""
    panoramas = shipped.search(SearchQuery(orientation="panorama"), 0).items
    assert len(panoramas) >= 8
    assert all(m.thumbnail.width >= 1.9 * m.thumbnail.height for m in panoramas)
    for kind in TYPES:
        for orientation in set(ORIENTATIONS) - {"panorama"}:
            query = SearchQuery(type=kind, orientation=orientation)
            assert len(shipped.search(query, 0).items) >= 8, (kind, orientation)
