"""docs/agencies.md tells the truth about every agency."""

import re
from pathlib import Path

import pytest

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.filter_values import HEX
from affiliate.config.setting_table import get_setting_prefix
from affiliate.domain.media import SearchQuery
from affiliate.domain.query import (
    ADDED,
    AGES,
    ETHNICITIES,
    GENDERS,
    LICENSES,
    ORIENTATIONS,
    SORTS,
    TYPES,
)

PAGE = (Path(__file__).parents[1] / "docs/agencies.md").read_text()
SECTIONS = {
    title: dict(re.findall(r"^- \*\*(.+?)\*\*: (.+)$", body, re.MULTILINE))
    for title, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE)
}
"""The facts of each section by their label, by the agency's title."""
LABELS = (
    "Protocol",
    "Filters",
    "Calls",
    "Licensing",
    "Affiliate links",
    "Sources",
    "Key",
    "Settings",
)


def test_the_agencies_stand_on_the_page_in_the_order_of_the_list() -> None:
    """Each has one section, with every label."""
    assert list(SECTIONS) == [agency.title for agency in AGENCIES.values()]
    assert {tuple(facts) for facts in SECTIONS.values()} == {LABELS}


@pytest.mark.parametrize("name", AGENCIES)
def test_what_the_page_says_of_an_agency_is_true(name: str) -> None:
    """Compare protocol, filters, calls, links, sources and settings with the class.

    A fact may say more behind what is compared.
    """
    agency = AGENCIES[name]
    facts = SECTIONS[agency.title]
    assert facts["Protocol"].startswith(agency.protocol)
    assert f"{facts['Filters']};".startswith(f"{_filters(agency)};")
    assert facts["Calls"] == _calls(agency)
    assert re.match(LINKS[agency.network], facts["Affiliate links"])
    assert facts["Sources"].startswith(agency.source_quality)
    assert ("experimental" in facts["Sources"]) is agency.experimental
    credentials = (*agency.credentials, *agency.options)
    settings = {
        f"`{get_setting_prefix(name)}{setting}`" for group in credentials for setting in group
    }
    assert settings <= set(re.findall("`[^`]+`", facts["Settings"]))
    buyer = {f"`{get_setting_prefix(name)}{setting}`" for setting in agency.buyer}
    assert buyer <= set(re.findall("`[^`]+`", facts["Licensing"]))


LINKS = {
    "impact": "Impact, sub ids",
    "partnerize": "Partnerize, one reference",
    "query": r"`\?",
    "fragment": "`#",
    "": "none|your own template",
}
"""The beginning of the fact "Affiliate links", by the agency's network."""
ALL: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "orientation": ORIENTATIONS,
    "added": tuple(ADDED),
    "people": ("0", "1", "2", "3", "4"),
    "age": AGES,
    "gender": GENDERS,
    "ethnicity": ETHNICITIES,
    "license": LICENSES,
    "sort": SORTS,
}
"""Every value of the filters that have a list of values."""
FEW = 6
"""Values that are listed; of more, the page has the number."""


def _filters(agency: type[Agency]) -> str:
    """Return the fact "Filters": each filter with its limits in brackets."""
    names = [name for name in SearchQuery.__struct_fields__ if name in agency.image_filters]
    text = ", ".join(_filter(agency, name) for name in names) or "none"
    return f"{text}; footage too" if agency.video_filters else text


def _filter(agency: type[Agency], name: str) -> str:
    """Return a filter with the values that the agency takes, where these are not all."""
    values, near = agency.image_filters[name], agency.approximate_filters.get(name, ())
    notes = []
    if values is HEX:
        notes.append("no grayscale")
    elif values is not None and set(values) != set(ALL.get(name, ())):
        few = len(values) <= FEW
        notes.append(", ".join(values) if few else f"{len(values)} of {len(ALL[name])}")
    if near is None or near:
        notes.append(" ".join(("roughly", ", ".join(near or ()))).strip())
    return f"{name} ({'; '.join(notes)})" if notes else name


def _calls(agency: type[Agency]) -> str:
    """Return the fact "Calls": the calls that the agency's class implements."""
    calls = {
        "details": agency.fetch_details is not Agency.fetch_details,
        "similar": agency.has_similar,
        "size of the collection": agency.count_pictures is not Agency.count_pictures,
    }
    return ", ".join(name for name, is_there in calls.items() if is_there) or "none"
