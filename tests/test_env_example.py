"""The example of a .env file holds every setting, and nothing that can't be read."""

import io
import re
from pathlib import Path

import dotenv
import msgspec
import pytest

from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS
from app import load
from tools import env_example

TEXT = env_example.FILE.read_text()


def test_the_example_is_made_of_the_tables() -> None:
    """``make settings`` brings it up to date."""
    assert env_example.build_content() == TEXT
    for setting in (*SETTINGS, *AGENCY_SETTINGS):
        assert re.search(rf"^#(SHUTTERSTOCK_)?{setting.name}=", TEXT, re.MULTILINE)


def test_the_example_sets_nothing_but_what_is_uncommented() -> None:
    """Copied as it is the site is as without; with every setting uncommented nothing is new."""
    assert dotenv.dotenv_values(stream=io.StringIO(TEXT)) == {}
    plain = re.sub(r"^#(?=[A-Z0-9_]+=)", "", TEXT, flags=re.MULTILINE)
    values = dotenv.dotenv_values(stream=io.StringIO(plain))
    given = {name: value or "" for name, value in values.items()}
    assert given.keys() >= {"HOST", "SHUTTERSTOCK_AFFILIATE_ID", "YAY_API_KEY"}
    read = msgspec.structs.asdict(load(given))
    plain_site = msgspec.structs.asdict(load({}))
    notes = read.pop("notes")
    assert all("these do nothing" in note for note in notes if note not in plain_site["notes"])
    del plain_site["notes"], plain_site["shown"], read["shown"]
    assert read == plain_site


@pytest.mark.parametrize("name", [".env", ".env.example"])
def test_git_ignores_the_keys_and_not_the_example(name: str) -> None:
    """``git add .`` must not commit keys."""
    ignored = (Path(__file__).parents[1] / ".gitignore").read_text().splitlines()
    assert (name in ignored) is (name == ".env")
