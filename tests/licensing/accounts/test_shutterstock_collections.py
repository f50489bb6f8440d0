"""Collections are listed whole and changed as asked, for images and for videos."""

from collections.abc import Iterator

import pytest

from affiliate.errors import BadAnswer, Forbidden, NotFound
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.accounts.shutterstock_collections import Collections
from affiliate.transport.client import Transport
from tests.simulator import FIRST_ID, TOKEN, Simulator, answer_with, simulator

IDS = [str(FIRST_ID + number) for number in range(320)]


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture(params=["image", "video"])
def collections(request: pytest.FixtureRequest, agency: Simulator) -> Collections:
    return Collections(
        ShutterstockAccount(Transport(), url=agency.url, token=lambda: TOKEN), request.param
    )


def test_what_was_made_can_be_found_changed_and_deleted(collections: Collections) -> None:
    """A collection is made, filled, renamed, emptied and deleted, and shared by its address."""
    made = collections.create("Bicycles & more")
    collections.add_items(made, IDS[:3])
    collections.remove_items(made, [IDS[1]])
    assert [item.id for item in collections.list_items(made)] == [IDS[0], IDS[2]]
    collections.rename(made, "自転車")
    (found,) = collections.list_own()
    assert (found.id, found.name, found.total_item_count) == (made, "自転車", 2)
    assert found.share_url
    assert collections.fetch_collection(made) == found
    collections.delete(made)
    assert list(collections.list_own()) == []


def test_long_lists_are_read_and_sent_whole(agency: Simulator, collections: Collections) -> None:
    """More than a page of collections and of items, each once, and none sent twice."""
    names = [str(number) for number in range(151)]
    made = [collections.create(name) for name in names]
    assert sorted(one.name for one in collections.list_own()) == sorted(names)
    agency.requests.clear()
    collections.add_items(made[0], [*IDS, *IDS])
    assert [item.id for item in collections.list_items(made[0])] == IDS
    assert [seen.method for seen in agency.requests].count("POST") == 4
    collections.remove_items(made[0], IDS[1:])
    assert [item.id for item in collections.list_items(made[0])] == IDS[:1]


def test_featured_ones_are_listed_and_looked_into(collections: Collections) -> None:
    """What the agency features can be read: name, number and items."""
    found = collections.list_featured()
    assert "Exercise & Fitness" in [one.name for one in found]
    one = collections.fetch_collection(found[0].id, featured=True)
    assert one.name == found[0].name
    items = list(collections.list_items(found[0].id, featured=True))
    assert len(items) == one.total_item_count > 0


@pytest.mark.parametrize("wrong", ["", "..", "1/items", "featured", "1?x=1", "x" * 41])
def test_an_id_is_no_path(agency: Simulator, collections: Collections, wrong: str) -> None:
    """What isn't an id is never sent, for it could name another call."""
    with pytest.raises(NotFound):
        collections.delete(wrong)
    assert agency.requests == []


def test_a_missing_scope_is_named(agency: Simulator) -> None:
    """A token that may only look can't change."""
    token = agency.accounts.grant(["collections.view"])
    collections = Collections(ShutterstockAccount(Transport(), url=agency.url, token=lambda: token))
    assert list(collections.list_own()) == []
    with pytest.raises(Forbidden, match=r"collections\.edit"):
        collections.create("x")


def test_a_changed_answer_is_said(agency: Simulator, collections: Collections) -> None:
    """A list of something else is no empty list."""
    agency.misbehave(answer_with(200, b'{"data": [{"id": 7}]}'))
    with pytest.raises(BadAnswer, match="The answer has changed"):
        list(collections.list_own())


def test_hostile_names_are_made_plain(agency: Simulator, collections: Collections) -> None:
    """Control characters and addresses of scripts don't reach a screen."""
    body = (
        b'{"data": [{"id": "1", "name": "a\\u001b[31mb", "total_item_count": 1,'
        b' "share_url": "javascript:alert(1)"}]}'
    )
    agency.misbehave(answer_with(200, body))
    (found,) = collections.list_own()
    assert (found.name, found.share_url) == ("a [31mb", None)
