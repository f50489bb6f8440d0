"""Filters of a page are read from its address and leave the address by their chip."""

import pytest

from affiliate.errors import BadQuery
from affiliate.web.owner.addresses import DeskAddress
from affiliate.web.owner.filters import SITE, WORDS, FilterField, read_filters

AGENCY = FilterField("agency", "Agency", {"demo": "Demo catalogue"})


def test_a_chip_removes_its_filter_alone() -> None:
    pairs = (("period", "7"), ("site", "a.example"), ("agency", "demo"))
    filters = read_filters(DeskAddress("/owner/words", pairs), [SITE, WORDS, AGENCY])
    assert [(chip.text, chip.url) for chip in filters.chips] == [
        ("Site: a.example", "/owner/words?period=7&agency=demo"),
        ("Agency: Demo catalogue", "/owner/words?period=7&site=a.example"),
    ]
    assert (filters.get("site"), filters.get("words")) == ("a.example", "")


def test_a_value_that_is_no_choice_is_named() -> None:
    with pytest.raises(BadQuery) as caught:
        read_filters(DeskAddress("/owner/words", (("agency", "nosuch"),)), [AGENCY])
    assert caught.value.field == "agency"
