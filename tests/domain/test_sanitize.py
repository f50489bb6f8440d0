"""What an agency says stays within bounds before it is kept, added up or shown."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from affiliate.domain.media import Media, SearchResult, Thumbnail
from affiliate.domain.sanitize import MAX_RATIO, MAX_TEXT, MAX_TOTAL, clamp_result, drop_unusable
from tests.dialects import serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.apps import ClientMaker

SEEN = Thumbnail("https://a.example/1.jpg", 300, 200)


def media(**fields: Any) -> Media:
    return Media(**{"agency": "acme", "id": "1", "thumbnail": SEEN, **fields})


def test_more_items_than_were_asked_for_are_cut_off() -> None:
    """Else they would stand on the next page too."""
    items = tuple(media(id=str(n)) for n in range(10_000))
    assert clamp_result(SearchResult(items), 96).items == items[:96]


@pytest.mark.parametrize(
    ("said", "total"), [(None, None), (-7, 0), (0, 0), (12, 12), (10**40, MAX_TOTAL)]
)
def test_a_total_is_a_number_that_can_be_added_up(said: int | None, total: int | None) -> None:
    assert clamp_result(SearchResult((), said), 96).total == total


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"id": "9" * 101},
        {"thumbnail": Thumbnail("https://a.example", MAX_RATIO * 10 + 1, 10)},
        {"thumbnail": Thumbnail("https://a.example", 10, MAX_RATIO * 10 + 1)},
    ],
)
def test_what_can_not_be_shown_is_left_out(fields: dict[str, Any]) -> None:
    assert drop_unusable([media(**fields), media()]) == (media(),)


def test_texts_are_cut_and_lengths_that_are_none_forgotten() -> None:
    (one,) = drop_unusable(
        [media(title="x" * 10**6, keywords=("", "y" * 500), duration=float("inf"))]
    )
    assert (len(one.title), [len(word) for word in one.keywords]) == (MAX_TEXT, [100])
    assert one.duration is None


ONE_SIGN = ["e\u0301", "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "\U0001f468\u200d\U0001f469", "ที่"]


@pytest.mark.parametrize("sign", ONE_SIGN)
def test_no_text_is_cut_within_a_sign(sign: str) -> None:
    """What is left of a long text ends as somebody wrote it."""
    short, long = ("x" * (most - 1) + sign for most in (100, MAX_TEXT))
    names = {"keywords": (short, f"{sign}x"), "categories": (short,)}
    (one,) = drop_unusable([media(title=long, attribution=long, contributor=short, **names)])
    assert one.title == one.attribution == "x" * (MAX_TEXT - 1)
    assert one.keywords == ("x" * 99, f"{sign}x")
    assert (*one.categories, one.contributor) == ("x" * 99, "x" * 99)


class Hostile(PixabayDialect):
    """Pixabay, if someone had taken it over."""

    def item(self, number: int) -> dict[str, Any]:
        return {
            **super().item(number),
            "tags": "</title><script>alert(1)</script>,\"'><img src=x onerror=alert(1)>",
            "user": "<b onclick='alert(1)'>",
            "pageURL": "javascript:alert(1)"
            if number % 2
            else "https://pixabay.com/\"onmouseover='alert(1)'",
        }


@pytest.fixture
def hostile(make_client: ClientMaker) -> Any:
    with serve_dialect(Hostile()) as server:
        yield make_client(PIXABAY_URL=server.url, PIXABAY_KEY=Hostile.keys["KEY"])


@pytest.mark.parametrize(
    "path", ["/search?q=flower&lang=en&wait=1", "/image/pixabay/900002?lang=en&q=flower&wait=1"]
)
def test_markup_of_an_agency_is_text_on_every_page(hostile: FlaskClient, path: str) -> None:
    page = hostile.get(path)
    assert page.status_code == 200
    for bad in ("<script>alert", "<img src=x", "<b onclick", '/"onmouseover', "javascript:"):
        assert bad not in page.text, bad
    assert "alert(1)" in page.text
