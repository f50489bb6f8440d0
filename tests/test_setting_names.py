"""Variables that were meant for settings are told; those of other programs are not."""

import pytest

from affiliate.setting_names import unknown_names

KNOWN = ["PORT", "HOST", "SITE_URL", "REDIS_URL", "DATABASE_URL", "SECRET_KEY", "ACME_KEY"]
KNOWN += ["SHUTTERSTOCK_API_TOKEN", "SHUTTERSTOCK_AFFILIATE_ID"]
PREFIXES = ["SHUTTERSTOCK_", "ACME_"]
MEANT = {
    "SHUTTERSTOCK_AFILIATE_ID": "SHUTTERSTOCK_AFFILIATE_ID",
    "SHUTTERSTOCK_TOKEN": "SHUTTERSTOCK_API_TOKEN",
    "SHUTERSTOCK_API_TOKEN": "SHUTTERSTOCK_API_TOKEN",
    "shutterstock_api_token": "SHUTTERSTOCK_API_TOKEN",
    "REDIS_URI": "REDIS_URL",
    "DATABASE_ULR": "DATABASE_URL",
    "site_url": "SITE_URL",
    "PORTS": "PORT",
    "SECRETKEY": "SECRET_KEY",
}


@pytest.mark.parametrize("name", MEANT)
def test_a_slip_of_the_hand_is_told_with_what_is_meant(name: str) -> None:
    """Unless what seems to be meant is set, too."""
    assert list(unknown_names([name], KNOWN, PREFIXES)) == [
        f"{name} is no setting; {MEANT[name]} is."
    ]
    both = list(unknown_names([name, MEANT[name]], KNOWN, PREFIXES))
    is_agency_s = name.upper().startswith(tuple(PREFIXES))
    assert both == ([f"{name} is no setting."] if is_agency_s else [])


def test_an_unknown_name_behind_an_agency_s_prefix_is_told() -> None:
    """It can be no other program's."""
    assert list(unknown_names(["ACME_ALL_OF_IT"], KNOWN, PREFIXES)) == [
        "ACME_ALL_OF_IT is no setting."
    ]


def test_variables_of_other_programs_are_left_alone() -> None:
    """What shells, platforms and add-ons set is near to no setting."""
    names = "PATH HOME HOSTNAME HOSTTYPE USER SHELL PWD OLDPWD LANG TERM DYNO PYTHONPATH REDISHOST"
    more = "REDIS_TLS_URL DATABASE_PUBLIC_URL PGPORT XDG_DATA_DIRS DJANGO_SECRET_KEY COLUMNS"
    assert list(unknown_names([*names.split(), *more.split(), *KNOWN], KNOWN, PREFIXES)) == []
