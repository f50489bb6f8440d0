"""Makes apps in the test's process, many of them in a short time."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.search import picked_media, slice_fetcher, visitor_calls
from affiliate.search.client_budget import Budget
from app import create_app
from tests.support.api_description import DescribedClient
from tests.support.ledgers import place_ledger
from tests.support.shared_parts import close, close_apps, compiled_templates, share_parts
from tests.support.waiting import PATIENCE

ClientMaker = Callable[..., FlaskClient]
HELD_TIME: Final = 3_600_030.0
"""The time by which visitors' budgets are counted: in the middle of a minute that never ends."""


share_parts()
for module in (picked_media, slice_fetcher, visitor_calls):
    vars(module)["PAGE_SECONDS"] = PATIENCE  # a busy machine is slow; tests of late ones set a time


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Close the apps of a module after its last test, and after its own fixtures."""
    if nextitem is None or nextitem.path != item.path:
        close_apps()


def pytest_unconfigure() -> None:
    """Remove the files that apps shared, at the end of the run."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(compiled_templates(), ignore_errors=True)


@pytest.fixture
def make_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientMaker]:
    """Yield a function that makes clients of apps with given settings and checks their answers.

    Budgets of visitors stay in one minute, however long a test takes.
    """
    budget = partial(Budget, now=lambda: HELD_TIME)
    monkeypatch.setattr("affiliate.web.client_limits.Budget", budget)
    apps: list[Flask] = []

    def make(**settings: str) -> FlaskClient:
        place_ledger(tmp_path)
        apps.append(create_app({"DATA_DIR": str(tmp_path), **settings}))
        apps[-1].test_client_class = DescribedClient
        return apps[-1].test_client()

    yield make
    for app in apps:
        close(app)


@pytest.fixture
def client(make_client: ClientMaker) -> FlaskClient:
    """Return a client of the site on the demo catalogue."""
    return make_client()
