"""An embed reads as a search and a look, and has one canonical form and one height."""

import pytest

from affiliate.domain.query import LANGUAGES, read_parameters
from affiliate.errors import BadQuery
from affiliate.web.embeds.options import (
    DEFAULT_ROWS,
    DISCLOSURE_HEIGHT,
    MAX_ROWS,
    ROW_GAP,
    ROW_HEIGHT,
    SCROLLBAR_HEIGHT,
    SEARCH_BOX_HEIGHT,
    THEMES,
    Embed,
    read_leniently,
)
from tests.support.processes import ROOT


def test_the_documentation_lists_the_languages() -> None:
    """What ``lang`` can be stands in the reference for bloggers, and nothing else."""
    text = (ROOT / "docs" / "embeds.md").read_text()
    listed = text.partition("Languages of searches: ")[2].partition(". ")[0]
    assert listed == ", ".join(f"`{language}`" for language in LANGUAGES)


def parse_embed(raw: str) -> Embed:
    return Embed.from_parameters(read_parameters(raw))


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("q=++CAT", "q=CAT"),
        ("rows=2&kind=grid&q=cat&page=7&junk=1", "q=cat"),
        ("kind=Strip&q=cat&rows=1", "q=cat&kind=strip"),
        ("theme=&accent=%23FF8800&q=cat", "q=cat&accent=ff8800"),
        ("q=cat&safe=0&agency=b&agency=a&lang=de", "q=cat&safe=0&lang=de&agency=a&agency=b"),
        ("kind=search", "kind=search"),
        ("kind=search&lang=DE&type=vector", "type=vector&lang=de&kind=search"),
        ("q=cat&limit=5&site=Blog.example&consent=click", None),
        ("color=ff0000&theme=dark", "color=ff0000&theme=dark"),
        ("ids=demo:1,+Demo:2,demo:1,,x&credit=0", "ids=demo%3A1%2Cdemo%3A2"),
        ("collection=shutterstock:12&rows=2", "collection=shutterstock%3A12"),
        ("fallback=dog", "q=dog&fallback=dog"),
        ("q=&collection=junk&fallback=dog", "q=dog&fallback=dog"),
        ("ids=demo:1&fallback=dog", "ids=demo%3A1&fallback=dog"),
        ("color=ff0000&fallback=dog", "color=ff0000&fallback=dog"),
        ("kind=search&fallback=dog", "fallback=dog&kind=search"),
        (
            "target=_BLANK&align=right&credit=1&fallback=++Dog&q=cat",
            "q=cat&fallback=Dog&credit=1&align=right&target=_blank",
        ),
    ],
)
def test_equal_embeds_have_one_address(raw: str, canonical: str | None) -> None:
    """Defaults, unknown parameters and order make no difference, and it reads back as itself."""
    embed = parse_embed(raw)
    assert embed.to_query_string() == (canonical or "q=cat&limit=5&site=blog.example&consent=click")
    assert parse_embed(embed.to_query_string()) == embed


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("", "q"),
        ("kind=strip", "q"),
        ("q=cat&kind=wall", "kind"),
        ("q=cat&rows=0", "rows"),
        ("q=cat&rows=7", "rows"),
        ("q=cat&limit=49", "limit"),
        ("q=cat&theme=pink", "theme"),
        ("q=cat&accent=red", "accent"),
        ("q=cat&accent=ff8800;", "accent"),
        ("q=cat&consent=always", "consent"),
        ("kind=search&type=painting", "type"),
        ("q=cat&q=dog", "q"),
        ("ids=demo", "q"),
        ("collection=:1", "q"),
        ("q=cat&align=top", "align"),
        ("q=cat&target=_parent", "target"),
        ("q=cat&credit=yes", "credit"),
        ("q=cat&fallback=a%00", "fallback"),
    ],
)
def test_bad_input_names_the_parameter(raw: str, field: str) -> None:
    """What can't be read is refused with its name."""
    with pytest.raises(BadQuery) as caught:
        parse_embed(raw)
    assert caught.value.field == field


LENIENT = [
    ("q=cat&rows=9&limit=99&people=7", "q=cat&people=4&rows=6&limit=48"),
    ("q=cat&rows=0&limit=-3&people=-1", "q=cat&people=0&rows=1&limit=1"),
    ("q=cat&rows=two&limit=&people=x&page=y", "q=cat"),
    ("q=cat&rows=3px&limit=+2.5", "q=cat&rows=3&limit=2"),
    (f"q=cat&rows={'9' * 5000}&page={'0' * 20}", "q=cat&rows=6"),
    ("q=cat&kind=wall&theme=pink&accent=red&align=top&target=_parent&credit=yes", "q=cat"),
    ("q=cat&media=foo&type=x&color=red&safe=maybe&sort=best&license=no&lang=d%C3%A9", "q=cat"),
    ("media=video&q=cat&duration=30-10&fps=x&aspect=1", "q=cat&media=video"),
    ("q=cat&consent=always", "q=cat&consent=click"),
    ("q=cat&consent=", "q=cat"),
    ("q=cat&q=dog&rows=3&rows=4&theme=dark&theme=light", "q=cat&rows=3&theme=dark"),
    ("q=%00cat%0A&fallback=a%00b", "q=cat&fallback=a+b"),
    (f"q={'x' * 501}", f"q={'x' * 500}"),
    (f"q=cat&category={'x' * 101}", f"q=cat&category={'x' * 100}"),
    (f"q=cat&agency=b&agency={'x' * 101}&agency=a", "q=cat&agency=a&agency=b"),
    ("ids=a:1&media=foo&q=%00&wait=later", "ids=a%3A1"),
    ("ids=a:1&ids=b:2&collection=c:3", "collection=c%3A3&ids=a%3A1"),
    ("ids=a:1&q=%FF&theme=%FF&%FF=1", "ids=a%3A1"),
    ("kind=wall&kind=search&fallback=dog", "q=dog&fallback=dog"),
]


def test_what_can_be_read_of_a_frame_is_shown() -> None:
    """Numbers are bounded, texts cut, the first of several counts, and the rest is by default."""
    wrong = {
        raw: found
        for raw, canonical in LENIENT
        if (found := Embed.from_parameters(read_leniently(raw.encode())).to_query_string())
        != parse_embed(canonical).to_query_string()
    }
    assert wrong == {}
    for raw in (b"", b"rows=2&q=%00", b"ids=junk", b"q=%FF"):
        with pytest.raises(BadQuery) as caught:
            read_leniently(raw)
        assert caught.value.field == "q"


def test_attributes_are_the_parameters() -> None:
    """The element's attributes carry the same, with agencies in one and a color as CSS has it."""
    embed = parse_embed("q=cat&agency=b&agency=a&accent=ff8800&consent=click&rows=3")
    assert embed.to_attributes() == {
        "q": "cat",
        "agency": "a,b",
        "rows": "3",
        "accent": "#ff8800",
        "data-consent": "click",
    }


@pytest.mark.parametrize(
    ("raw", "height"),
    [
        ("q=cat", 342),
        ("q=cat&rows=1", 186),
        ("q=cat&kind=strip", 202),
        ("q=cat&kind=image", 342),
        ("q=cat&kind=search", 548),
    ],
)
def test_the_height_is_known_beforehand(raw: str, height: int) -> None:
    """Rows of 150 pixels, 6 between, 36 for the disclosure; a box has 50, a strip 16 more."""
    assert parse_embed(raw).height == height


def test_the_documentation_says_so_too() -> None:
    """Kinds, attributes and heights in the documentation are the code's."""
    text = (ROOT / "docs" / "embeds.md").read_text()
    embed = parse_embed(
        "q=cat&kind=strip&rows=2&limit=3&theme=dark&accent=ff8800&site=a&consent=click"
        "&ids=a:1&collection=a:1&fallback=dog&credit=1&align=left&target=_self"
    )
    for name in (*embed.to_attributes(), *DEFAULT_ROWS, *THEMES):
        assert f"`{name}`" in text
    assert f"1 to {MAX_ROWS}" in text
    assert (
        f"{DISCLOSURE_HEIGHT} for the disclosure, {ROW_HEIGHT} for a row, {ROW_GAP} between two;"
        f" a search box has {SEARCH_BOX_HEIGHT} more, a strip {SCROLLBAR_HEIGHT}."
    ) in text
    assert f"min-height: {parse_embed('q=red+bicycle').height}px" in text
