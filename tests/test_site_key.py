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
    """Meanwhile the process signs with a key of its own; it takes the kept one when it can."""

    def fail() -> None:
        raise LedgerError("It is away.")

    with new_ledger(tmp_path) as ledger:
        clock, kept = SetClock(0.0), SiteKey(ledger).digest("click", "1")
        key = SiteKey(ledger, clock)
        with monkeypatch.context() as away:
            away.setattr(ledger, "reading", fail)
            own = key.digest("click", "1")
        assert key.digest("click", "1") == own != kept
        clock.now = 30.0
        assert key.digest("click", "1") == kept
