from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from affiliate.database.ledger import Ledger
from affiliate.services import Services
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
BuildServices = Callable[..., Services]


@pytest.fixture
def build(make_client: ClientMaker) -> BuildServices:
    """Return a function that builds the parts of a site with given settings."""

    def build(**settings: str) -> Services:
        services: Services = make_client(**settings).application.extensions["services"]
        return services

    return build


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock[datetime]:
    """Return the clock of all ledgers."""
    clock = SetClock(MONDAY)
    monkeypatch.setattr(Ledger, "read_time", lambda _: clock.now)
    monkeypatch.setattr(Ledger, "now", lambda _: clock.now.replace(tzinfo=None))
    return clock


@pytest.fixture
def later(clock: SetClock[datetime]) -> Callable[[timedelta], None]:
    """Return a function that moves the clock on."""

    def move(time: timedelta) -> None:
        clock.now += time

    return move
