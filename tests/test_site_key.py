"""The site's own key outlives processes; without a database each process has one."""

from pathlib import Path

import pytest

from affiliate.errors import LedgerError
from affiliate.ledger import Ledger
from affiliate.site_key import SiteKey
from tests.support.clocks import SetClock
from tests.support.ledgers import new_ledger, place_ledger


def test_processes_share_the_key(tmp_path: Path) -> None:
    """Two that need it first at once, and one of a later start, make the same digests."""
    ledger = Ledger(place_ledger(tmp_path))
    first, second = SiteKey(ledger), SiteKey(ledger)
    assert first._made() == second._made()
    made = first.digest("click", "demo", "1")
    assert (
        made == second.digest("click", "demo", "1") == SiteKey(ledger).digest("click", "demo", "1")
    )
    others = {first.digest(*texts) for texts in (("click", "demo1"), ("day", "demo", "1"))}
    assert made not in others
    ledger.close()


def test_a_database_out_of_reach_is_looked_for_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile a spare key signs, by which pages are still known when the kept one is back."""

    def fail() -> None:
        raise LedgerError("It is away.")

    with new_ledger(tmp_path) as ledger:
        clock, kept = SetClock(0.0), SiteKey(ledger).digest("click", "1")
        key = SiteKey(ledger, now=clock)
        with monkeypatch.context() as away:
            away.setattr(ledger, "reading", fail)
            own = key.digest("click", "1")
        assert key.digest("click", "1") == own != kept
        clock.now = 30.0
        assert key.digest("click", "1") == kept
        for begin in (own[:6], kept[:6]):
            assert key.is_digest(begin, "click", "1")
        for begin in (b"", b"123456", own[:5] + bytes([own[5] ^ 1])):
            assert not key.is_digest(begin, "click", "1")


def test_processes_with_a_secret_share_the_spare_key(tmp_path: Path) -> None:
    """What one signs while the database is away, the others know."""
    ledger = Ledger(f"sqlite:///{tmp_path}")  # a folder is no database
    first, second = (SiteKey(ledger, "a secret of the owner's own") for _ in range(2))
    assert first.digest("click", "1") == second.digest("click", "1")
    assert first.digest("click", "1") != SiteKey(ledger, "another").digest("click", "1")
    ledger.close()
