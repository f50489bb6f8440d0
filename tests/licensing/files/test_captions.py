"""Titles, keywords and credits are the agency's, asked for in as few calls as it allows."""

import json
from collections.abc import Iterator

import pytest

from affiliate.errors import BadAnswer
from affiliate.licensing.files.captions import Captions
from tests.simulator import Simulator, answer_with, simulator
from tests.support.owner_account import owner


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(20) as one:
        yield one


def test_titles_of_many_come_at_once(agency: Simulator) -> None:
    """One call for the assets, one for their contributors' names, which are asked once."""
    with owner(agency) as (account, _):
        titles = Captions(account)
        tags = titles.fetch_tags("image", ["1000000", "1000001", "1000000", "99"])
        titles.fetch_tags("image", ["1000000"])
    found = agency.library.find("image", "1000000")
    assert found is not None
    assert set(tags) == {"1000000", "1000001"}
    assert tags["1000000"].title == found["description"]
    assert list(tags["1000000"].keywords) == found["keywords"]
    paths = [one.path for one in agency.requests]
    assert paths == ["/v2/images", "/v2/contributors", "/v2/images"]


def test_videos_have_titles_too(agency: Simulator) -> None:
    """Videos are asked for at their own address."""
    with owner(agency) as (account, _):
        assert set(Captions(account).fetch_tags("video", ["20000000"])) == {"20000000"}


@pytest.mark.parametrize(
    ("people", "credit"),
    [
        ({"data": [{"id": "7", "display_name": "Jane\n Doe"}]}, "Jane Doe/Shutterstock.com"),
        ({"data": [{"id": "7"}]}, "Shutterstock.com"),
        ({"data": []}, "Shutterstock.com"),
    ],
)
def test_the_credit_names_who_is_known(agency: Simulator, people: object, credit: str) -> None:
    """The contributor's name stands before the agency's, where there is one."""
    one = {"id": "1", "contributor": {"id": "7"}, "description": None, "keywords": ["a", "\0"]}
    agency.misbehave(answer_with(200, json.dumps({"data": [one]}).encode()), on="/v2/images")
    agency.misbehave(answer_with(200, json.dumps(people).encode()), on="/v2/contributors")
    with owner(agency) as (account, _):
        tags = Captions(account).fetch_tags("image", ["1"])["1"]
    assert (tags.title, tags.keywords, tags.credit) == ("", ("a",), credit)


@pytest.mark.parametrize("path", ["/v2/images", "/v2/contributors"])
def test_what_is_gone_has_no_title(agency: Simulator, path: str) -> None:
    """A 404 for assets or contributors is no failure."""
    agency.misbehave(answer_with(404), on=path)
    with owner(agency) as (account, _):
        tags = Captions(account).fetch_tags("image", ["1000000"])
    assert len(tags) == (path == "/v2/contributors")


def test_a_changed_answer_is_said(agency: Simulator) -> None:
    """Another shape is `BadAnswer`, not an empty title."""
    agency.misbehave(answer_with(200, b'{"data": [{"id": 1}]}'), on="/v2/images")
    with owner(agency) as (account, _), pytest.raises(BadAnswer, match="has changed"):
        Captions(account).fetch_tags("image", ["1"])
