"""What is picked by hand reads as agencies and ids, in order."""

import pytest

from affiliate.domain.picks import MAX_PICKS, Pick, read_collection, read_picks, to_parameters
from affiliate.domain.query import MAX_NAME


@pytest.mark.parametrize(
    ("text", "picks"),
    [
        ("shutterstock:1,adobe-stock:2", [("shutterstock", "1"), ("adobe-stock", "2")]),
        (" Demo : 2 , demo:1", [("demo", "2"), ("demo", "1")]),
        ("shutterstock:1 adobe-stock:2", [("shutterstock", "1"), ("adobe-stock", "2")]),
        ("demo:1;demo:2\ndemo : 3", [("demo", "1"), ("demo", "2"), ("demo", "3")]),
        ("demo\uff1a1\uff0cdemo:2\u3001demo:3", [("demo", "1"), ("demo", "2"), ("demo", "3")]),
        ("demo:a:b", [("demo", "a:b")]),
        ("demo:1,demo:1", [("demo", "1")]),
        ("demo,:1,demo:,,", []),
        ("", []),
        (f"demo:{'1' * (MAX_NAME + 1)},demo:2", [("demo", "2")]),
        (" " * 16_000 + "a", []),
        ("demo:a" + "\u0300" * 15_000 + "\u0316" * 15_000 + ",demo:2", [("demo", "2")]),
    ],
)
def test_picks_are_read_in_their_order(text: str, picks: list[tuple[str, str]]) -> None:
    """What can't be read is left out, and nothing stands twice."""
    found = read_picks({"ids": [text]})
    assert list(found) == picks
    assert read_picks({"ids": [to_parameters(found, None).get("ids", "")]}) == found


def test_picks_are_bounded() -> None:
    """Nobody makes the site look up more than a few pictures at once."""
    many = ",".join(f"demo:{n}" for n in range(MAX_PICKS + 5))
    assert len(read_picks({"ids": [many]})) == MAX_PICKS


def test_a_collection_is_an_agency_and_an_id() -> None:
    """Its written form reads back as itself; nothing readable is none."""
    assert read_collection({"collection": ["Demo:7"]}) == Pick("demo", "7")
    assert to_parameters((), Pick("demo", "7")) == {"collection": "demo:7"}
    assert read_collection({"collection": ["7"]}) is None
    assert read_collection({}) is None
