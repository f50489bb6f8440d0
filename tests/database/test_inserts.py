"""Rows that two processes write at once are written once, whichever database has them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from threading import Thread

import pytest
import sqlalchemy as sa

from affiliate.database.agency_switches import AgencySwitches
from affiliate.database.failed_fetches import FailedFetches
from affiliate.database.ledger import Ledger
from affiliate.database.report_mappings import ReportMappings
from affiliate.database.roll_ups import RollUps
from affiliate.database.token_store import Token, TokenStore
from affiliate.errors import LedgerError
from tests.support.ledgers import has_waiting_transaction
from tests.support.waiting import PATIENCE, wait_until

WRITES: dict[str, Callable[[Ledger], object]] = {
    "a switch": lambda ledger: AgencySwitches(ledger).switch_agency("demo", off=True),
    "roll-ups": lambda ledger: RollUps(ledger, UTC).forget_all(),
    "a token": lambda ledger: TokenStore(ledger, "secret").store_connected(
        "demo", Token(access_token="t", connected_at=1.0)
    ),
    "a failure": lambda ledger: FailedFetches(ledger).record("impact", "It failed."),
    "columns": lambda ledger: ReportMappings(ledger).write("impact", "{}"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_row_that_is_written_twice_at_once_refuses_nobody(
    url: str, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A button that is pressed twice, or processes that begin the same work together."""
    first, second = opened(url), opened(url)
    first.upgrade()
    errors: list[LedgerError] = []
    transaction = first.write_transaction

    def write() -> None:
        try:
            WRITES[name](second)
        except LedgerError as error:
            errors.append(error)

    def is_second_waiting() -> bool:
        if url.startswith("sqlite"):
            return True  # no other transaction begins meanwhile
        return has_waiting_transaction(first) or not other.is_alive()

    @contextmanager
    def meet() -> Iterator[sa.Connection]:
        monkeypatch.setattr(first, "write_transaction", transaction)
        with transaction() as connection:
            yield connection
            other.start()
            wait_until(is_second_waiting)

    other = Thread(target=write)
    monkeypatch.setattr(first, "write_transaction", meet)
    WRITES[name](first)
    other.join(PATIENCE)
    assert errors == []
