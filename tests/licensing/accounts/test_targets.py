"""Whose money it is, and where, is said before anything is bought."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from affiliate.config.setting_table import get_setting_prefix
from affiliate.database.token_store import Token
from affiliate.licensing.accounts.targets import describe_target
from app import create_app
from tests.dialects.selling import FIRST, Shop
from tests.simulator import CLIENT, FIRST_ID, TOKEN, Simulator, simulator
from tests.simulator.accounts import SCOPES, Grant
from tests.support.licensing_command import make_site, run
from tests.support.shops import SHOPS, make_settings, open_shop

REAL = {
    "shutterstock": "https://api.shutterstock.com",
    "adobe-stock": "https://stock.adobe.io",
    "depositphotos": "https://api.depositphotos.com",
    "istock": "https://api.gettyimages.com",
}
TESTS = ["https://api-sandbox.gettyimages.com", "http://localhost:8000", "https://x.test/api"]


@pytest.mark.parametrize("agency", REAL)
def test_the_real_account_is_at_the_agencys_own_host_alone(agency: str) -> None:
    """However it is written, and at no other."""
    host = REAL[agency].removeprefix("https://")
    for url in (REAL[agency], REAL[agency].upper(), f"http://{host}.:80/v2", f"https://u@{host}"):
        place = describe_target(agency, url)
        assert (place.phrase, place.suffix, place.is_real) == (
            f"in the real account ({host})",
            "",
            True,
        )
    for url in (*TESTS, f"https://{host}.example", f"https://not{host}"):
        place = describe_target(agency, url)
        assert place.phrase.startswith("at a test server (")
        assert not place.is_real


def test_the_sandbox_is_known() -> None:
    place = describe_target("shutterstock", "https://api-sandbox.shutterstock.com")
    assert place.phrase == "in the sandbox, which charges nothing (api-sandbox.shutterstock.com)"
    assert not place.is_real


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        server.accounts.grants["token-of-A"] = Grant(set(SCOPES), username="A")
        yield server


def connected(agency: Simulator, folder: Path) -> Flask:
    """Return a site with a token of A in its settings and another user's account connected."""
    app = make_site(
        agency,
        folder,
        SHUTTERSTOCK_API_TOKEN="token-of-A",
        SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        SECRET_KEY="a6Xq0PzT4vLm9RkC1sWd8YbN3hJf7GeU",
    )
    tokens = app.extensions["services"].tokens
    tokens._token_store.store_connected(
        "shutterstock", Token(access_token=TOKEN, connected_at=1.8e9)
    )
    return app


@pytest.mark.parametrize("command", ["license", "subscriptions", "history"])
def test_the_connected_account_is_named(agency: Simulator, tmp_path: Path, command: str) -> None:
    """It wins over the token in the settings, so it is the one that is said to pay."""
    item = [str(FIRST_ID + 1)] if command == "license" else []
    shown = run(connected(agency, tmp_path), command, *item, "--live").output
    assert "as jdoe (connected 2027-01-15)" in shown
    assert "as A" not in shown
    (tmp_path / "b").mkdir()
    app = make_site(agency, tmp_path / "b", SHUTTERSTOCK_API_TOKEN="token-of-A")
    assert "as A (the token in SHUTTERSTOCK_API_TOKEN)" in run(app, command, *item, "--live").output


@pytest.mark.parametrize("shop", SHOPS, ids=lambda one: one.name)
def test_users_of_other_agencies_are_named(shop: type[Shop], tmp_path: Path) -> None:
    """By their settings; no secret is shown."""
    with open_shop(shop) as at:
        app = create_app(make_settings(at, tmp_path))
        shown = run(app, "license", "--agency", shop.name, str(FIRST), "--live", says="n\n").output
    if user := shop.keys.get("USERNAME"):
        assert f"as {user} ({get_setting_prefix(shop.name)}USERNAME)" in shown
    else:
        assert "with the token in ADOBE_STOCK_ACCESS_TOKEN" in shown
    assert [v for n, v in shop.keys.items() if n not in shop.public and v in shown] == []
