"""A board in an address: read back as written, and refused by name where unreadable."""

from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.domain.boards import MAX_KEPT, encode_board, read_board
from affiliate.domain.media import MediaPick
from affiliate.domain.query import read_parameters
from affiliate.errors import BadQuery

IDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100)
AGENCIES = st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)
PICTURES = st.builds(MediaPick, AGENCIES, IDS, st.sampled_from(["image", "video"]))


def read(text: str) -> tuple[MediaPick, ...]:
    """Return the pictures of an address whose ``p`` is encoded."""
    return read_board(read_parameters(f"p={text}"))


@given(st.lists(PICTURES, max_size=MAX_KEPT, unique=True))
def test_what_is_written_is_read_back(kept: list[MediaPick]) -> None:
    """Ids may have commas, colons, percent signs and letters of every script."""
    written = encode_board(kept)
    if len(written) < 16_000:
        assert read(written) == tuple(kept)
        assert unquote_plus(written).count(",") == max(len(kept) - 1, 0)


READABLE = [
    ("demo:12", [MediaPick("demo", "12")]),
    ("demo-shop:7:video,demo:12", [MediaPick("demo-shop", "7", "video"), MediaPick("demo", "12")]),
    ("DEMO:12,demo:12,%20demo:12%20,,", [MediaPick("demo", "12")]),
    ("demo:a%252Cb%253Ac", [MediaPick("demo", "a,b:c")]),
    ("demo%3A12%2Cdemo%3A13", [MediaPick("demo", "12"), MediaPick("demo", "13")]),
    ("demo:%25C3%25A9", [MediaPick("demo", "é")]),
    ("elsewhere:1", [MediaPick("elsewhere", "1")]),
    ("demo:5%25", [MediaPick("demo", "5%")]),
    ("", []),
    (",", []),
]


@pytest.mark.parametrize(("text", "kept"), READABLE)
def test_spellings(text: str, kept: list[MediaPick]) -> None:
    """Each picture counts once; blanks and empty places say nothing."""
    assert read(text) == tuple(kept)


@pytest.mark.parametrize(
    "text",
    [
        *("x", "demo:", ":5", "demo:1:audio", "demo:1:video:2", "de mo:1", "demo:1;demo:2"),
        *("demo:%2500", "demo:1%250A2", "demo:%25FF", f"demo:{'9' * 101}", f"{'a' * 41}:1"),
        *("%00", "demo:1&p=demo:2", "%ff", "=demo:1"),
    ],
)
def test_unreadable_pictures_are_named(text: str) -> None:
    """A list that is read wrongly would lose pictures without a word."""
    with pytest.raises(BadQuery) as caught:
        read(text)
    assert caught.value.field == "p"


def test_a_board_holds_sixty_pictures() -> None:
    """The 61st is refused; a picture that is named twice counts once."""
    listed = [f"demo:{number}" for number in range(MAX_KEPT)]
    assert len(read(",".join([*listed, listed[0]]))) == MAX_KEPT == 60
    with pytest.raises(BadQuery) as caught:
        read(",".join([*listed, "demo:60"]))
    assert (caught.value.field, caught.value.values) == ("p", {"limit": 60})
