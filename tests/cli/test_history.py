"""``flask history`` and ``flask subscriptions`` ask every agency where licenses are bought."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from tests.dialects.selling import FIRST
from tests.support.shared_parts import close
from tests.support.shops import SHOPS, OpenShop, make_settings, open_shop

LEFT = {"depositphotos": ("10 left", "credits"), "istock": ("10 left", "until ")}
"""What the subscriptions of an agency say."""


@pytest.fixture(params=SHOPS, ids=lambda one: one.name)
def at(request: pytest.FixtureRequest) -> Iterator[OpenShop]:
    with open_shop(request.param) as one:
        yield one


@pytest.fixture
def app(at: OpenShop, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(make_settings(at, tmp_path))
    yield app
    close(app)


def run(app: Flask, at: OpenShop, command: str, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=[command, "--agency", at.shop.name, *options])


def test_licenses_of_every_seller_are_shown(app: Flask, at: OpenShop) -> None:
    """Below heads, of the days, items and kinds that are asked for."""
    assert run(app, at, "history").output.endswith(":\nThere is no license.\n")
    at.shop.sell(str(FIRST), at.shop.size, at.shop.plan, days_ago=9)
    at.shop.sell(str(FIRST + 1), at.shop.size, at.shop.plan)
    above, *shown = run(app, at, "history").output.splitlines()
    assert above.startswith("What is at a test server (127.0.0.1) ")
    assert shown[0].split()[:4] == ["licensed", "license", "id", "item"]
    assert [str(item) in "".join(shown[1:]) for item in (FIRST, FIRST + 1)] == [True, True]
    week = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}"
    kind = json.loads(run(app, at, "history", "--json").output)[0]["license"]
    for options, found in [
        (("--since", week), [FIRST + 1]),
        (("--until", "7d"), [FIRST]),
        (("--image", str(FIRST)), [FIRST]),
        (("--license", f"-{kind}"), []),
        (("--license", kind, "--limit", "1"), [FIRST + 1]),
    ]:
        licenses = json.loads(run(app, at, "history", "--json", *options).output)
        assert [int(one["media_id"]) for one in licenses] == found
    assert run(app, at, "history", "--editorial").exit_code == 2


def test_what_is_left_at_every_seller_is_shown(app: Flask, at: OpenShop) -> None:
    """Where a call tells it; at Adobe that is a dry run alone, which is said."""
    shown = run(app, at, "subscriptions")
    if at.shop.name not in LEFT:
        assert shown.exit_code == 1
        assert f"`flask license --agency {at.shop.name} --dry-run ID` shows it" in shown.output
        return
    assert shown.exit_code == 0
    assert all(words in shown.output for words in LEFT[at.shop.name])
    told = json.loads(run(app, at, "subscriptions", "--json").output)
    assert 10 in [one["downloads_left"] for one in told]


def test_a_seller_that_is_not_set_up_says_what_it_needs(client: FlaskClient) -> None:
    for command in ("history", "subscriptions"):
        failed = client.application.test_cli_runner().invoke(
            args=[command, "--agency", "depositphotos"]
        )
        assert failed.exit_code == 1
        assert "DEPOSITPHOTOS_USERNAME" in failed.output
