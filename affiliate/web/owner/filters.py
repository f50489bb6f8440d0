"""The filters of a page: read from the address, shown as chips that remove them."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from affiliate.agencies import AGENCIES
from affiliate.database.click_joins import JOINS
from affiliate.domain.actions import STATES
from affiliate.errors import BadQuery
from affiliate.web.owner.addresses import DeskAddress


class FilterField(NamedTuple):
    """A filter that a page knows: its parameter and its title.

    ``choices`` are the allowed values with their titles; None allows any text.
    """

    name: str
    title: str
    choices: Mapping[str, str] | None = None


SITE: Final = FilterField("site", "Site")
WORDS: Final = FilterField("words", "Words")
PICTURE: Final = FilterField("id", "Picture")
PLACE_TITLES: Final = {
    "tile": "Results",
    "look": "Quick look",
    "page": "A picture's page",
    "similar": "Similar pictures",
    "board": "Boards",
    "embed": "Embeds",
    "search": "A search at an agency",
}
"""Titles of `PLACES`."""
PLACE: Final = FilterField("place", "Place", PLACE_TITLES)
AGENCY: Final = FilterField("agency", "Agency", {n: kind.title for n, kind in AGENCIES.items()})
NETWORK: Final = FilterField("network", "Network")
STATE: Final = FilterField("state", "State", {state: state for state in STATES})
CLICKED: Final = FilterField("clicked", "Click", {join: join for join in JOINS})
CURRENCY: Final = FilterField("currency", "Currency")


class FilterChip(NamedTuple):
    """A filter in use: its text, and the address of the page without the filter."""

    text: str
    url: str


class Filters(NamedTuple):
    """The filters of a page, by parameter; a filter that is not in use has no value."""

    fields: Sequence[FilterField]
    values: Mapping[str, str]
    chips: Sequence[FilterChip]

    def get(self, name: str) -> str:
        """Return the value of a filter; empty where the filter is not in use."""
        return self.values.get(name, "")


def read_filters(address: DeskAddress, fields: Sequence[FilterField]) -> Filters:
    """Return the filters in an address, of those that a page knows.

    Raises:
        BadQuery: names the filter whose value is none of its choices.
    """
    values, chips = {}, []
    for field in fields:
        if not (value := address.get(field.name)):
            continue
        if field.choices is not None and value not in field.choices:
            raise BadQuery(field.name, "Use one of: %(values)s.", values=", ".join(field.choices))
        values[field.name] = value
        text = field.choices[value] if field.choices is not None else value
        chips.append(FilterChip(f"{field.title}: {text}", str(address.change({field.name: ""}))))
    return Filters(tuple(fields), values, tuple(chips))
