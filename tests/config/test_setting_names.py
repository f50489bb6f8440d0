"""Variables that were meant for settings are told; those of other programs are not."""

import re
import unicodedata

import pytest

from affiliate.config.setting_names import describe_unknown_names
from app import load

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
    assert list(describe_unknown_names([name], KNOWN, PREFIXES)) == [
        f"{name} is no setting; {MEANT[name]} is."
    ]
    both = list(describe_unknown_names([name, MEANT[name]], KNOWN, PREFIXES))
    is_agency_s = name.upper().startswith(tuple(PREFIXES))
    assert both == ([f"{name} is no setting."] if is_agency_s else [])


ODD = {
    "\ufeffPORT": "\\ufeffPORT",
    "PORT\u200b": "PORT\\u200b",
    "\u201cSITE_URL\u201d": "\\u201cSITE_URL\\u201d",
    '"HOST"': '"HOST"',
    "P\0O\0R\0T\0": "P\\x00O\\x00R\\x00T\\x00",
    "\uff30\uff2f\uff32\uff34": "\\uff30\\uff2f\\uff32\\uff34",
    "SITE-URL": "SITE-URL",
}


@pytest.mark.parametrize("name", ODD)
def test_signs_that_editors_and_pages_put_into_a_name_are_shown(name: str) -> None:
    """A name that looks like a setting's and is none is told in signs that can be seen."""
    (note,) = describe_unknown_names([name], KNOWN, PREFIXES)
    meant = {"P": "PORT", "S": "SITE_URL", "H": "HOST"}[re.sub("[^A-Z]", "", _normalize(name))[0]]
    assert note == f"'{ODD[name]}' is no setting; {meant} is."


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def test_a_long_name_is_cut() -> None:
    (note,) = describe_unknown_names(["ACME_" + "x" * 5000], KNOWN, PREFIXES)
    assert len(note) < 100


def test_an_unknown_name_behind_an_agency_s_prefix_is_told() -> None:
    """It can be no other program's."""
    assert list(describe_unknown_names(["ACME_ALL_OF_IT"], KNOWN, PREFIXES)) == [
        "ACME_ALL_OF_IT is no setting."
    ]


def test_variables_of_other_programs_are_left_alone() -> None:
    """What shells, platforms and add-ons set is near to no setting."""
    names = "PATH HOME HOSTNAME HOSTTYPE USER SHELL PWD OLDPWD LANG TERM DYNO PYTHONPATH REDISHOST"
    more = "REDIS_TLS_URL DATABASE_PUBLIC_URL PGPORT XDG_DATA_DIRS DJANGO_SECRET_KEY COLUMNS"
    assert (
        list(describe_unknown_names([*names.split(), *more.split(), *KNOWN], KNOWN, PREFIXES)) == []
    )


PLATFORMS = """
DYNO STACK SOURCE_VERSION HEROKU_APP_NAME HEROKU_SLUG_COMMIT HEROKU_POSTGRESQL_AMBER_URL WEB_MEMORY
REDIS_TLS_URL REDISCLOUD_URL REDISTOGO_URL DATABASE_CONNECTION_POOL_URL MALLOC_ARENA_MAX RENDER
RENDER_EXTERNAL_URL RENDER_SERVICE_ID IS_PULL_REQUEST FLY_APP_NAME FLY_REGION FLY_MACHINE_ID
FLY_PRIVATE_IP PRIMARY_REGION RAILWAY_ENVIRONMENT RAILWAY_PUBLIC_DOMAIN RAILWAY_STATIC_URL REDISHOST
REDIS_HOST REDIS_PORT REDIS_USER REDIS_PASSWORD REDIS_PRIVATE_URL DATABASE_HOST DATABASE_USER
DATABASE_NAME DATABASE_PORT DATABASE_PASSWORD DATABASE_PRIVATE_URL PGHOST PGUSER PGDATABASE
POSTGRES_DB POSTGRES_URL POSTGRES_PASSWORD GITHUB_ACTIONS GITHUB_TOKEN GITHUB_REF RUNNER_TEMP CI
INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS STATE_DIRECTORY CACHE_DIRECTORY
LOGS_DIRECTORY CREDENTIALS_DIRECTORY CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL _CE_CONDA
VIRTUAL_ENV PYTHONUNBUFFERED PATH HOME HOSTNAME HOSTS LANG LC_ALL TZ TMPDIR XDG_DATA_HOME
KUBERNETES_PORT K_SERVICE WEBSITE_HOSTNAME GUNICORN_CMD_ARGS FORWARDED_ALLOW_IPS FLASK_APP
SENTRY_DSN SECRET_KEY_BASE CLIENT_ID ACCESS_TOKEN DEMO_MODE CACHE_URL LOG_DIR SITE_ID OWNER
"""


def test_no_variable_of_a_platform_is_called_a_setting() -> None:
    """With all settings of the site, of which none is set."""
    notes = load(dict.fromkeys(PLATFORMS.split(), "1") | {"AGENCIES": "demo"}).notes
    assert notes == ()
