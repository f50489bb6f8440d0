"""The application refuses settings that agencies and their networks can't take."""

import pytest

from affiliate.errors import ConfigError
from app import load

KEYS = {
    "SHUTTERSTOCK_API_TOKEN": "token",
    "ADOBE_STOCK_API_KEY": "key",
    "ADOBE_STOCK_PRODUCT": "MySite/1.0",
    "DEPOSITPHOTOS_API_KEY": "key",
}


def faults(**settings: str) -> list[str]:
    """The faults that the start is refused for; none where it isn't."""
    try:
        load(settings)
    except ConfigError as error:
        return error.faults
    return []


DIGITS = "must be your id at Impact, digits alone: those behind /c/ in your links."
CAMREF = "must be your camref at Partnerize, letters and digits alone."
OTHER = "https://net.example/{affiliate_id}?u={landing}"
IMPACT = "https://net.example/c/{affiliate_id}/1/2?u={landing}"
WRONG = [
    ("SHUTTERSTOCK", ["abc", "12345a", "-1", "1.5", "1" * 13, "\uff11\uff12", "\u0661"], DIGITS),
    ("ISTOCK", ["me42"], DIGITS),
    ("PHOTODUNE", ["me"], DIGITS),
    ("ADOBE_STOCK", ["1101-l3", "1101.l", "jos\xe9"], CAMREF),
]  # fmt: skip
GOOD = [
    ("SHUTTERSTOCK", ["1", "12345", "2204609"]),
    ("ADOBE_STOCK", ["1101l3Bgf", "12345"]),
    ("DEPOSITPHOTOS", ["12345", "jane_doe"]),
    ("PANTHERMEDIA", ["jane-doe"]),
]


def test_an_affiliate_id_has_the_form_of_its_network() -> None:
    """Impact's are digits, Partnerize's letters and digits; elsewhere no form is known."""
    taken = [
        (before, text, found)
        for before, texts, words in WRONG
        for text in texts
        if (found := faults(**KEYS, **{f"{before}_AFFILIATE_ID": text}))
        != [f"{before}_AFFILIATE_ID {words}"]
    ]
    assert taken == []
    refused = [
        (before, text, found)
        for before, texts in GOOD
        for text in texts
        if (found := faults(**KEYS, **{f"{before}_AFFILIATE_ID": text}))
    ]
    assert refused == []


def test_the_form_of_an_id_is_that_of_the_links_that_carry_it() -> None:
    """The owner's own template may lead by way of another network."""
    own = {"SHUTTERSTOCK_AFFILIATE_ID": "jane", "SHUTTERSTOCK_AFFILIATE_LINK": OTHER}
    assert faults(**KEYS, **own) == []
    own = {"DEPOSITPHOTOS_AFFILIATE_ID": "jane", "DEPOSITPHOTOS_AFFILIATE_LINK": IMPACT}
    assert faults(**KEYS, **own) == [f"DEPOSITPHOTOS_AFFILIATE_ID {DIGITS}"]


def test_what_agencies_find_wrong_is_told_with_all_other_faults() -> None:
    """One start is enough to know every fault."""
    settings = {"PORT": "x", "SHUTTERSTOCK_AFFILIATE_ID": "jane", "SHUTTERSTOCK_REGION": "Germany"}
    starts = ["PORT must", "SHUTTERSTOCK_AFFILIATE_ID", "SHUTTERSTOCK_REGION must"]
    found = faults(**KEYS, **settings)
    assert [fault[: len(start)] for fault, start in zip(found, starts, strict=True)] == starts


@pytest.mark.parametrize("agency", ["SHUTTERSTOCK", "DEMO"])
def test_an_id_that_can_t_be_read_is_one_fault(agency: str) -> None:
    """A template that wants the id doesn't add that it is missing."""
    own = {f"{agency}_AFFILIATE_ID": "YOUR_ID", f"{agency}_AFFILIATE_LINK": OTHER}
    (fault,) = faults(**KEYS, **own)
    assert fault.startswith(f"{agency}_AFFILIATE_ID must be your own id")
