"""The desk shows every setting and where it comes from, and never a secret."""

import json

from flask.testing import FlaskClient

from affiliate.config.setting_table import SETTINGS
from tests.support.apps import ClientMaker
from tests.support.owner_desk import PASSWORD, SECRET, log_in

SECRETS = {
    "OWNER_PASSWORD": PASSWORD,
    "SECRET_KEY": SECRET,
    "SHUTTERSTOCK_API_TOKEN": "s3cret-token",
    "PIXABAY_KEY": "s3cret-key",
    "IMPACT_ACCOUNT_SID": "s3cretSID",
    "IMPACT_AUTH_TOKEN": "s3cretauth",
    "REDIS_URL": "redis://me:s3cret-p%40ss@127.0.0.1:9/0",
}


def rows(client: FlaskClient, query: str = "") -> dict[str, dict[str, str]]:
    document = json.loads(client.get(f"/owner/settings?format=json{query}").data)
    return {row["name"]: row for row in document["rows"]}


def test_every_setting_has_a_value_and_a_source(make_client: ClientMaker) -> None:
    """Those of agencies that are on or have any setting follow, with their credentials."""
    client = make_client(**SECRETS, AGENCIES="shutterstock", SITE_NAME="<b>Mine</b>")
    log_in(client)
    found = rows(client)
    assert {setting.name for setting in SETTINGS} <= found.keys()
    assert (found["SITE_NAME"]["value"], found["SITE_NAME"]["source"]) == (
        "<b>Mine</b>",
        "environment",
    )
    assert (found["PORT"]["value"], found["PORT"]["source"]) == ("8000", "default")
    assert found["SITE_TOPICS"]["value"].startswith("mountain, space")
    assert found["SHUTTERSTOCK_TIMEOUT_SECONDS"]["value"] == "15"
    assert "PIXABAY_KEY" in found
    assert not any(name.startswith("DREAMSTIME") for name in found)
    assert rows(client, "&source=environment").keys() == {"DATA_DIR", "AGENCIES", "SITE_NAME"} | (
        SECRETS.keys()
    )
    assert all(name.startswith("PIXABAY_") for name in rows(client, "&agency=pixabay"))


def test_no_secret_is_shown_in_any_form(make_client: ClientMaker) -> None:
    client = make_client(**SECRETS, AGENCIES="shutterstock")
    log_in(client)
    for query in ("", "?format=json", "?format=csv"):
        text = client.get(f"/owner/settings{query}").text
        assert "s3cret" not in text
        assert PASSWORD not in text
        assert SECRET not in text
    assert rows(client)["SHUTTERSTOCK_API_TOKEN"]["value"] == "\u2022\u2022\u2022"
    assert rows(client)["SHUTTERSTOCK_CLIENT_SECRET"]["value"] == ""


def test_notes_about_settings_stand_above_them(make_client: ClientMaker) -> None:
    client = make_client(**SECRETS, AGENCIES="demo")
    log_in(client)
    assert "these do nothing: PIXABAY_KEY." in client.get("/owner/settings").text


def test_a_secret_that_another_setting_repeats_is_masked_there(make_client: ClientMaker) -> None:
    repeated = {"SITE_NAME": SECRETS["SHUTTERSTOCK_API_TOKEN"]}
    client = make_client(**SECRETS, **repeated, AGENCIES="shutterstock")
    log_in(client)
    assert rows(client)["SITE_NAME"]["value"] == "\u2022\u2022\u2022"
