"""Settings on a screen have no passwords, however an address spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.config.loading import load_config
from affiliate.config.shown_settings import MASK, mask_address

KNOWN = {"demo": (), "123rf": (("API_KEY",),), "acme": (("KEY",),)}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://pictures.example", "https://pictures.example"),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("redis://:pw@cache:6379/0", f"redis://{MASK}@cache:6379/0"),
        ("redis://token@cache", f"redis://{MASK}@cache"),
        ("postgresql://me:p%2Fw@db/site?sslmode=require", "postgresql://me:{}@db/site?sslmode=require"),
        ("postgresql://me:p@w/x@db:5432/site", "postgresql://me:{}@db:5432/site"),
        ("postgresql://db/site?user=me&password=pw&a=b", "postgresql://db/site?user=me&password={}&a=b"),
        ("redis+sentinel://h:1,h:2/s?sentinel_password=pw", "redis+sentinel://h:1,h:2/s?sentinel_password={}"),
        ("me@example.com", "me@example.com"),
    ],
)  # fmt: skip
def test_addresses_lose_their_passwords(address: str, shown: str) -> None:
    assert mask_address(address) == shown.format(MASK)


@given(st.text(st.characters(codec="ascii", exclude_characters="&#[]"), min_size=6))
def test_a_password_of_any_signs_is_masked(password: str) -> None:
    password = f"5{password}7"
    for address in (f"redis://me:{password}@host/0", f"redis://host/0?password={password}"):
        assert password not in mask_address(address)


def test_a_setting_of_the_file_is_told_from_one_of_the_process() -> None:
    """A platform's name that begins with a digit is the setting with a line before it."""
    environ = {"SITE_NAME": "Mine", "PORT": "81", "SITE_ACCENT": " ", "123RF_API_KEY": "k"}
    config = load_config(environ, KNOWN, file_names={"SITE_NAME", "123RF_API_KEY"})
    shown = {setting.name: (setting.value, setting.source) for setting in config.shown}
    assert shown["SITE_NAME"] == ("Mine", ".env")
    assert shown["PORT"] == ("81", "environment")
    assert shown["SITE_ACCENT"] == ("#0b6e4f", "default")
    assert shown["_123RF_API_KEY"] == (MASK, ".env")
    assert not any(name.startswith("ACME") for name in shown)
