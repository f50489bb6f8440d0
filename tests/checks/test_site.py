"""``flask doctor --live`` asks every agency where licenses are bought whether it still lets one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.config.setting_table import get_setting_prefix
from affiliate.licensing.accounts.registry import SELLERS
from app import create_app
from tests.dialects.selling import FIRST
from tests.support.licensing_command import run
from tests.support.shared_parts import close
from tests.support.shops import SHOPS, OpenShop, make_settings, open_shop

WRONG = "wr0ng-b3ar-flask"


@pytest.fixture(params=SHOPS, ids=lambda one: one.name)
def at(request: pytest.FixtureRequest) -> Iterator[OpenShop]:
    with open_shop(request.param) as one:
        yield one


def doctor(at: OpenShop, folder: Path, *options: str, **settings: str) -> list[str]:
    """Return what doctor says of buying at an agency."""
    app = create_app(make_settings(at, folder, **settings))
    try:
        told = run(app, "doctor", "--agency", at.shop.name, *options).output
    finally:
        close(app)
    assert WRONG not in told
    return [line for line in told.splitlines() if "buy licenses" in line or "be bought" in line]


def test_what_buys_at_a_seller_is_tried_for_nothing(at: OpenShop, tmp_path: Path) -> None:
    """By a look at the newest license, and only with --live."""
    before = len(at.requests)
    assert doctor(at, tmp_path) == []
    at.shop.sell(str(FIRST), at.shop.size, at.shop.plan)
    [line] = doctor(at, tmp_path, "--live")
    assert line.startswith(f"ok    {at.shop.name}: licenses can be bought ")
    assert get_setting_prefix(at.shop.name) in line
    assert (at.count_tries(), len(at.requests) > before) == (0, True)


def test_what_a_seller_does_not_take_is_a_fault(at: OpenShop, tmp_path: Path) -> None:
    """In the agency's own words, without what is wrong, which is a secret."""
    last = get_setting_prefix(at.shop.name) + next(
        name for name in ("ACCESS_TOKEN", "PASSWORD") if name in at.shop.keys
    )
    [line] = doctor(at, tmp_path, "--live", **{last: WRONG})
    assert line.startswith(f"FAULT {at.shop.name}: it lets nobody buy licenses ")
    assert "; it says: " in line


def test_whoever_only_searches_hears_nothing_of_buying(client: FlaskClient) -> None:
    """No seller is asked for an account that is not set up."""
    told = run(client.application, "doctor", "--live").output
    assert not [name for name in SELLERS if f" {name}:" in told]
