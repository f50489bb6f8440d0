"""Pictures are counted among the newest clicks, by what no roll-up counts pictures by."""

from datetime import datetime, timedelta

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.newest_clicks import NewestClicks
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_clicks


@pytest.fixture
def newest(ledger: Ledger, clock: SetClock[datetime]) -> NewestClicks:
    """Five pictures at blogs, the most clicked first, beside what doesn't count."""
    clock.now = NOW
    blog = {"site": "blog.example"}
    record_clicks(
        ledger,
        *({**blog, "id": str(number)} for number in range(5) for _ in range(5 - number)),
        {**blog, "id": "4", "agency": "pixabay"},
        {**blog, "id": "0", "sender": "program"},
        {**blog, "id": "search", "place": "search"},
        {"id": "0"},
        {**blog, "id": "0", "ago": timedelta(days=9)},
    )
    return NewestClicks(ledger, NOW - timedelta(days=7), NOW + timedelta(hours=1))


def test_each_picture_is_on_one_page(newest: NewestClicks) -> None:
    """The most clicked first, equal ones by agency and id; programs and searches don't count."""
    found: list[tuple[tuple[str, str], int]] = []
    for offset in (0, 2, 4):
        rows, total = newest.rank_pictures({"site": "blog.example"}, offset=offset, limit=2)
        assert total == 6
        found += rows.items()
    expected = [(("demo", str(number)), 5 - number) for number in range(5)]
    assert found == [*expected, (("pixabay", "4"), 1)]
    assert newest.rank_pictures({"site": "blog.example"}, offset=9, limit=2) == ({}, 6)
    assert newest.rank_pictures({"site": "no.example"}, offset=0, limit=2) == ({}, 0)


def test_some_pictures_are_counted_alone(newest: NewestClicks) -> None:
    """Each with its agency; pictures without a click have none."""
    pictures = [("demo", "0"), ("demo", "4"), ("pixabay", "4"), ("pixabay", "0")]
    counts = newest.count_clicks({"site": "blog.example"}, pictures)
    assert list(counts.items()) == list(zip(pictures, (5, 1, 1, 0), strict=True))


def test_older_clicks_than_the_newest_are_left_out(
    newest: NewestClicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rare site costs no more than a frequent one."""
    monkeypatch.setattr("affiliate.database.newest_clicks.MAX_CLICKS", 1)
    _, total = newest.rank_pictures({}, offset=0, limit=9)
    assert total <= 1
