"""What no setting may be is refused by name, and no fault repeats more than it must."""

import re

import pytest

from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS
from affiliate.config.setting_texts import QUOTES, quote_excerpt, strip_ends
from affiliate.errors import ConfigError
from app import load

AGENCY_NAMES = [f"SHUTTERSTOCK_{setting.name}" for setting in AGENCY_SETTINGS]
NAMES = [setting.name for setting in SETTINGS] + AGENCY_NAMES
CREDENTIALS = ["SHUTTERSTOCK_API_TOKEN", "ISTOCK_API_SECRET", "DEPOSITPHOTOS_PASSWORD"]


def faults(**environ: str) -> list[str]:
    """Return what keeps the site from starting; nothing where it would start."""
    try:
        load(environ)
    except ConfigError as error:
        return error.faults
    return []


@pytest.mark.parametrize("name", [*NAMES, *CREDENTIALS])
def test_quotation_marks_around_a_value_are_named(name: str) -> None:
    """``docker --env-file`` hands them on; a list of quoted phrases is none."""
    for first, last in QUOTES:
        told = [f for f in faults(**{name: f" {first}8000{last}\u200b"}) if f.startswith(name)]
        assert len(told) == 1
        assert re.search("without the quotation marks around it|no quotation mark", told[0])
    assert not faults(SITE_TOPICS='"red cat", "dog"', SITE_NAME="Rock 'n' Roll '")


BLANKS = ["\ufeff", "\u200b", "\u00a0", "\u2060", "\u200e", "\u202f", "\u3000", "\x00", "\r", "\t"]


@pytest.mark.parametrize("sign", BLANKS)
def test_what_pages_put_around_a_value_is_left_out(sign: str) -> None:
    """Signs that can't be seen come with what is copied from a page, or from Windows."""
    environ = {"PORT": "81", "SITE_URL": "https://a.example", "SHUTTERSTOCK_API_TOKEN": "token"}
    found = load({name: f"{sign}{text} {sign}" for name, text in environ.items()})
    assert (found.port, found.site_url) == (81, "https://a.example")
    assert found.agencies["shutterstock"].credentials["API_TOKEN"].reveal() == "token"
    assert load({"PORT": f" {sign} "}).port == 8000


def test_joiners_at_the_end_of_a_word_stay() -> None:
    """Words of Malayalam may end with one."""
    assert strip_ends(" \u0d28\u0d4d\u200d ") == "\u0d28\u0d4d\u200d"


REFERENCES = ["${{Postgres.DATABASE_URL}}", "{{ redis_url }}", "${{ secrets.KEY }}"]


@pytest.mark.parametrize("name", [*NAMES, *CREDENTIALS])
def test_references_that_nobody_resolved_are_refused(name: str) -> None:
    """What a platform hands on as it stands is no value."""
    for text in REFERENCES:
        (fault,) = (one for one in faults(**{name: text}) if one.startswith(name))
        assert re.search("the platform has put none|no placeholder", fault)


@pytest.mark.parametrize("name", [*NAMES, *CREDENTIALS])
def test_bytes_that_are_no_utf_8_are_refused(name: str) -> None:
    """Pages could not be written with them."""
    told = faults(**{name: "caf\udce9"})
    assert [f for f in told if re.match(f"{name} must be (text in UTF-8|your own id)", f)]


LONG = ["x" * 5000, "\u200d" * 5000, "~" + "x" * 5000, "$" + "x" * 5000, "demo:" + "9" * 5000]
LONG += ["/etc/passwd" + "/x" * 5000, ",".join(map(str, range(5000))), "redis://h?" + "x" * 5000]
LONG += ["https://a.example/?u={landing}{" + "x" * 5000 + "}", "sqlite:////" + "x" * 5000]
LONG += ["postgresql://h/d?sslrootcert=" + "x" * 5000, "\udce9" * 5000, "\x01" * 5000]


SHOWN = [name for name in NAMES if name not in {"SECRET_KEY", "OWNER_PASSWORD"}]


@pytest.mark.parametrize("name", SHOWN)  # faults of the two hold nothing of the value
def test_no_fault_repeats_a_long_value(name: str) -> None:
    """All that is told of one setting can be read at a glance."""
    for text in LONG:
        told = faults(**{name: text})
        assert len("\n".join(told)) < 20_000
        assert not [fault for fault in told if len(fault) > 600]


def test_an_excerpt_is_cut() -> None:
    assert quote_excerpt("cat") == "'cat'"
    assert quote_excerpt("x" * 41) == repr("x" * 40 + "...")
