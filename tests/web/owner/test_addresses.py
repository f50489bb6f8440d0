"""An address of the desk keeps its parameters in every link of the page."""

import pytest

from affiliate.domain.query import read_parameters
from affiliate.errors import BadQuery
from affiliate.web.owner.addresses import MAX_VALUE_LENGTH, DeskAddress, read_address

NAMES = frozenset({"site", "period", "sort", "page", "format"})


def read(query: str) -> DeskAddress:
    return read_address("/owner/sites", read_parameters(query), NAMES)


def test_a_link_keeps_everything_but_the_page_and_the_format() -> None:
    """Another filter begins at the first page, on the screen."""
    address = read("period=7&site=a.example&page=3&format=csv")
    assert str(address.change({"sort": "-clicks"})) == (
        "/owner/sites?period=7&site=a.example&sort=-clicks"
    )
    assert str(address.change({"site": "", "period": ""})) == "/owner/sites"
    assert str(address.change({"page": "4"})).endswith("site=a.example&page=4")


def test_values_are_encoded_in_links() -> None:
    address = read("site=" + "%26%3D%22%3Cb%3E+%C3%A9")
    assert address.get("site") == '&="<b> é'
    assert str(address) == "/owner/sites?site=%26%3D%22%3Cb%3E+%C3%A9"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nosuch=1", "nosuch"),
        ("site=a&site=b", "site"),
        (f"site={'x' * (MAX_VALUE_LENGTH + 1)}", "site"),
        ("site=%ff&period=%ff", "period"),
        ("csrf=1", "csrf"),
        ("site=a%00b", "site"),
    ],
)
def test_what_cannot_be_read_is_named(query: str, field: str) -> None:
    with pytest.raises(BadQuery) as caught:
        read(query)
    assert caught.value.field == field


def test_blank_values_are_as_absent() -> None:
    assert read("site=&period=+").parameters == ()
