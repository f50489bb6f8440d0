"""The simulator finds, describes and features what its library holds."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.simulator import FIRST_EDITORIAL, FIRST_ID, FIRST_VIDEO, Simulator, simulator
from tests.simulator.asking import ask


@pytest.fixture
def agency() -> Iterator[Simulator]:
    """Yield a simulator."""
    with simulator(size=40) as server:
        yield server


def ids(agency: Simulator, path: str) -> list[str]:
    """Return the ids of a list."""
    return [row["id"] for row in ask(f"{agency.url}/v2/{path}").rows]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ("resolution=4k&per_page=3", [1, 2, 4]),
        ("resolution=high_definition&per_page=3", [0, 3, 6]),
        ("duration_from=43", [38, 39]),
        ("duration_to=6", [0, 1]),
        ("duration=7", [2]),
        ("fps=25&per_page=2", [1, 4]),
        ("fps_from=29&per_page=2", [2, 5]),
        ("license=editorial", [0, 10, 20, 30]),
        ("aspect_ratio=43", []),
        ("aspect_ratio=169&per_page=2&page=2", [2, 3]),
    ],
)
def test_footage_is_filtered(agency: Simulator, filters: str, numbers: list[int]) -> None:
    """Resolution, length, rate, license and shape exclude what differs."""
    found = ids(agency, f"videos/search?query=cat&{filters}")
    assert found == [str(FIRST_VIDEO + number) for number in numbers]


def test_what_was_withdrawn_is_gone(agency: Simulator) -> None:
    """It is not found, described or listed, and changes name it as deleted."""
    one, two = str(FIRST_ID + 1), str(FIRST_ID + 2)
    agency.library.withdrawn.add(one)
    assert ask(f"{agency.url}/v2/images/{one}").status == 404
    assert ids(agency, f"images?id={two}&id={one}") == [two]
    assert one not in ids(agency, "images/search?query=cat")
    assert ids(agency, "images/updated?type=deletion") == [one]


def test_view_decides_how_much_is_said(agency: Simulator) -> None:
    """Several by ids are told in brief unless all is asked for."""
    brief, full = (
        ask(f"{agency.url}/v2/images?id={FIRST_ID}{view}").rows[0] for view in ("", "&view=full")
    )
    assert "keywords" not in brief
    assert full["keywords"] == ["made-up", "number 0"]


def test_the_editorial_library_is_paged_by_cursor(agency: Simulator) -> None:
    """Each page names the next and the one before; the country must be named and allowed."""
    at = f"{agency.url}/v2/editorial/images/search?query=x&country=USA&per_page=15"
    pages = [ask(at).json]
    while "next" in pages[-1]:
        pages.append(ask(f"{at}&cursor={quote(pages[-1]['next'])}").json)
    found = [row["id"] for page in pages for row in page["data"]]
    assert found == [f"{FIRST_EDITORIAL + number}b" for number in range(40)]
    assert ["prev" in page for page in pages] == [False, True, True]
    assert ask(at.replace("country=USA&", "")).status == 400
    agency.editorial.barred.add("USA")
    assert ask(at).status == 406


def test_who_asks_must_be_known(agency: Simulator) -> None:
    """The application may read but not see its user's account; a wrong token may do nothing."""
    basic = {"Authorization": "Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ="}
    assert ask(f"{agency.url}/v2/images/search", **basic).status == 200
    assert ask(f"{agency.url}/v2/user", **basic).status == 401
    for path in ("images/search", "user", "test", "nowhere"):
        assert ask(f"{agency.url}/v2/{path}", token="wrong").status == 401
    assert ask(f"{agency.url}/v2/test?text=hi", Authorization="").json == {"text": "hi"}
    assert ask(f"{agency.url}/v2/test", User_Agent="").status == 403


def test_featured_collections_are_for_all(agency: Simulator) -> None:
    """They have a cover, and pages of items that are in the library."""
    first = ask(f"{agency.url}/v2/images/collections/featured?embed=share_url").rows[0]
    assert first["cover_item"]["url"]
    assert first["share_url"]
    items = f"images/collections/featured/{first['id']}/items"
    assert ids(agency, f"{items}?per_page=2&page=2") == [str(FIRST_ID + 2), str(FIRST_ID + 3)]
    assert ask(f"{agency.url}/v2/images/collections/featured/1").status == 404
