"""A PostgreSQL that says nothing is given up, where somebody waits for it."""

import os
import signal
from contextlib import closing

import pytest

from affiliate.database import timeouts
from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from tests.support.postgres import new_database


def test_a_frozen_server_holds_no_click(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection on which nothing comes is closed, and another is tried; reports may wait."""
    monkeypatch.setattr(timeouts, "HUNG_SECONDS", 0.2)
    with closing(Ledger(new_database(postgres))) as ledger:
        ledger.upgrade()
        ledger.record(Click(click_id="click-000001", agency="demo", id="1", position=1))
        with ledger._writer.connect() as connection:
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        os.kill(process, signal.SIGSTOP)
        try:
            ledger.record(Click(click_id="click-000002", agency="demo", id="1", position=1))
        finally:
            os.kill(process, signal.SIGCONT)
        with ledger.read_connection() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(0.4)")
        assert [one.click_id for _, one in ledger.stream_clicks()] == [
            "click-000001",
            "click-000002",
        ]
