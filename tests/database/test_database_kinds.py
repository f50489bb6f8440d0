"""Databases of several encodings and states, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from affiliate.errors import LedgerError
from tests.support.postgres import new_database


@contextmanager
def open_ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url)
    try:
        yield ledger
    finally:
        ledger.close()


@pytest.mark.parametrize(
    ("encoding", "words", "told"),
    [("SQL_ASCII", "\u732b caf\u00e9", False), ("LATIN1", "caf\u00e9", True)],
)
def test_each_encoding_keeps_what_it_can_hold(
    postgres: str, encoding: str, words: str, *, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Words are sent and read as UTF-8; the start says where a database can't hold all of them."""
    with open_ledger(new_database(postgres, encoding)) as ledger:
        ledger.upgrade()
        ledger.record(Click(click_id="c" * 8, agency="demo", id="1", words=words, position=1))
        assert [click.words for _, click in ledger.stream_clicks()] == [words]
        assert any(encoding in one and "UTF8" in one for one in caplog.messages) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("/test_", "/no_"), "it has no database of that name"),
        (("postgres@", "nobody@"), "this user"),
        (("?", "?options=-c%20default_transaction_read_only%3Don&"), "read-only"),
        (("?host=/", "?host=/nowhere/"), "no server has its socket there"),
        (("@/", "@127.0.0.1:1/"), "nothing listens"),
    ],
)
def test_a_database_that_serves_not_is_told_in_words(
    postgres: str, change: tuple[str, str], told: str
) -> None:
    """The driver's text reaches nobody, but what it means does."""
    url = new_database(postgres).replace(*change, 1)
    if "127.0.0.1" in url:
        url = url.partition("?")[0]
    with open_ledger(url) as ledger, pytest.raises(LedgerError, match=told) as caught:
        ledger.upgrade()
    assert not any(part in str(caught.value) for part in ("127.0.0.1", "nobody", "no_", "test_"))
