"""The same picture at several agencies is one tile; different pictures never are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.domain.media import Media, Seller, Thumbnail, clean_text
from affiliate.search.deduplicate import merge_duplicates

TITLE = "Red bicycle leaning on a wall"
LONG = "Red bicycle leaning on an old brick wall in the summer sun"


def media(agency: str, number: int = 1, **fields: Any) -> Media:
    link = f"https://{agency}.example/{number}"
    given = {"title": TITLE, "contributor": "Ann Bee", "thumbnail": Thumbnail(link, 450, 300)}
    seller = Seller(agency, str(number), link)
    made = {"agency": agency, "id": str(number), "link": link, "sellers": (seller,)}
    return Media(**{**given, **made, **fields})


def test_a_double_stands_where_its_first_does_with_all_sellers() -> None:
    items = [media("a"), media("a", 2, title="Another one of them all"), media("b"), media("c")]
    first, second = merge_duplicates(items)
    assert (first.agency, first.link) == ("a", "https://a.example/1")
    assert [seller.agency for seller in first.sellers] == ["a", "b", "c"]
    assert [seller.link for seller in first.sellers][1] == "https://b.example/1"
    assert second.id == "2"


@pytest.mark.parametrize(
    "other",
    [
        {"title": "RED bicycle, leaning on a wall!"},
        {"contributor": "ann_bee"},
        {"contributor": "AnnBee"},
        {"thumbnail": Thumbnail("https://b.example", 160, 106)},
        {"type": "photo"},
    ],
)
def test_agencies_may_write_the_same_picture_differently(other: dict[str, Any]) -> None:
    assert len(merge_duplicates([media("a"), media("b", **other)])) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"agency": "a", "number": 2},
        {"title": "Red bicycle leaning on a fence"},
        {"contributor": "Cee Dee"},
        {"contributor": "77"},
        {"contributor": None},
        {"thumbnail": Thumbnail("https://b.example", 300, 450)},
        {"thumbnail": Thumbnail("https://b.example", 400, 300)},
        {"type": "vector"},
        {"media": "video"},
    ],
)
def test_what_may_be_another_picture_stays(other: dict[str, Any]) -> None:
    one = media("a", type="photo")
    assert len(merge_duplicates([one, media(**{"agency": "b", "number": 1, **other})])) == 2


@pytest.mark.parametrize("title", ["Red bicycle", "", "Sunset over sea"])
def test_a_short_title_says_too_little(title: str) -> None:
    assert len(merge_duplicates([media("a", title=title), media("b", title=title)])) == 2


@pytest.mark.parametrize("contributor", [None, "4711", "  "])
def test_a_long_title_stands_for_itself_where_a_contributor_is_a_number(
    contributor: str | None,
) -> None:
    assert (
        len(
            merge_duplicates(
                [media("a", title=LONG), media("b", title=LONG, contributor=contributor)]
            )
        )
        == 1
    )


def test_a_series_is_not_folded_for_nobody_knows_which_picture_is_which() -> None:
    """Many contributors give all pictures of a session one title."""
    items = [
        media("a"),
        media("b", 1),
        media("b", 2),
        media("c", title=LONG),
        media("d", title=LONG),
    ]
    folded = [[seller.agency for seller in one.sellers] for one in merge_duplicates(items)]
    assert folded == [["a"], ["b"], ["b"], ["c", "d"]]


def test_all_that_are_folded_are_doubles_of_each_other() -> None:
    """One whose contributor is unknown brings no two others together."""
    items = [media(name, title=LONG, contributor=by) for name, by in (("a", None), *BY)]
    assert [len(one.sellers) for one in merge_duplicates(items)] == [2, 1]


BY = (("b", "Ann Bee"), ("c", "Cee Dee"))


MEDIAS = st.builds(
    media,
    agency=st.sampled_from("abc"),
    number=st.integers(1, 4),
    title=st.sampled_from([TITLE, LONG, "", "Cat"]),
    contributor=st.sampled_from([None, "Ann Bee", "ann bee", "12"]),
)


@given(st.lists(MEDIAS, max_size=12, unique_by=lambda one: (one.agency, one.id)))
def test_no_seller_is_lost_or_doubled_and_no_order_changes(items: list[Media]) -> None:
    folded = merge_duplicates(items)
    sold = [(seller.agency, seller.id) for one in folded for seller in one.sellers]
    assert sorted(sold) == sorted((one.agency, one.id) for one in items)
    places = [items.index(next(i for i in items if i.link == one.link)) for one in folded]
    assert places == sorted(places)
    assert all(len({s.agency for s in one.sellers}) == len(one.sellers) for one in folded)


SPELLINGS = [
    ("\u0e2b\u0e21\u0e39", "\u0e2b\u0e21\u0e35"),
    ("\u0915\u0932\u093e", "\u0915\u0932\u0940"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_vowels_that_are_marks_tell_titles_apart(one: str, other: str) -> None:
    """In Thai and Indic scripts titles differ by combining marks alone."""
    titles = (" ".join([one] * 9), " ".join([other] * 9))
    assert len(merge_duplicates([media("a", title=titles[0]), media("b", title=titles[0])])) == 1
    assert len(merge_duplicates([media("a", title=titles[0]), media("b", title=titles[1])])) == 2


def test_two_spellings_of_a_title_are_one() -> None:
    """Entities, tags and escapes of one agency tell no pictures apart."""
    titles = (
        "Tom &amp; Jerry&#39;s <b>caf&eacute;</b> at night",
        "Tom & Jerry's caf\u00e9 at night",
    )
    items = [media(name, title=clean_text(title)) for name, title in zip("ab", titles, strict=True)]
    assert len(merge_duplicates(items)) == 1
