from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from affiliate.database.ledger import Ledger
from tests.support.clocks import SetClock
from tests.support.ledgers import empty_database
from tests.support.postgres import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/not yet 100%/ledger.db"
    server = request.getfixturevalue("postgres")
    return empty_database(server) if "ledger" in request.fixturenames else new_database(server)


@pytest.fixture
def clock() -> SetClock[datetime]:
    return SetClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def opened() -> Iterator[Callable[..., Ledger]]:
    ledgers: list[Ledger] = []

    def open_(url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Ledger:
        ledgers.append(Ledger(url, now))
        return ledgers[-1]

    yield open_
    for one in ledgers:
        one.close()


@pytest.fixture
def ledger(url: str, clock: SetClock[datetime], opened: Callable[..., Ledger]) -> Ledger:
    one = opened(url, clock)
    one.upgrade()
    return one
