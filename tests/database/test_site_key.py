"""The site's own key outlives processes; without a database each process has one."""

import stat
from pathlib import Path

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.site_key import RETRY_SECONDS, SiteKey
from affiliate.errors import LedgerError
from tests.support.clocks import SetClock
from tests.support.ledgers import new_ledger, place_ledger


def test_processes_share_the_key(tmp_path: Path) -> None:
    """Two that need it first at once, and one of a later start, make the same digests."""
    ledger = Ledger(place_ledger(tmp_path))
    first, second = SiteKey(ledger), SiteKey(ledger)
    assert first._store_new() == second._store_new()
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
            away.setattr(ledger, "read_connection", fail)
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


def test_a_process_that_starts_without_the_database_knows_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clicks on pages from before are then known for the site's own, by a copy on the disk."""

    def fail() -> None:
        raise LedgerError("It is away.")

    copy = tmp_path / "site.key"
    with new_ledger(tmp_path) as ledger:
        kept = SiteKey(ledger, copy=copy).digest("click", "1")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with monkeypatch.context() as away:
            away.setattr(ledger, "read_connection", fail)
            late = SiteKey(ledger, "a secret", copy)
            assert late.digest("click", "1") == kept
            assert late.is_digest(kept[:6], "click", "1")
        assert sorted(path.name for path in tmp_path.glob("site.key*")) == ["site.key"]


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 33, None])
def test_a_copy_that_is_none_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    """Cut, or of another ledger, the copy is replaced; a disk that takes none is no error."""
    copy = tmp_path / "site.key"
    copy.write_bytes(damage if damage is not None else bytes(32))
    with new_ledger(tmp_path) as ledger:
        kept = SiteKey(ledger).digest("click", "1")
        assert SiteKey(ledger, copy=copy).digest("click", "1") == kept
        assert len(copy.read_bytes()) == 32
        assert copy.read_bytes() != bytes(32)
        assert SiteKey(ledger, copy=copy / "none").digest("click", "1") == kept


@pytest.mark.parametrize("has_key", [True, False])
def test_a_ledger_that_was_replaced_has_its_own_key(tmp_path: Path, has_key: bool) -> None:  # noqa: FBT001
    """What was signed stays known; all processes sign by the key in the file that is there now."""
    (tmp_path / "other").mkdir()
    with new_ledger(tmp_path) as ledger, new_ledger(tmp_path / "other") as other:
        key, before = SiteKey(ledger), SiteKey(ledger).digest("click", "1")
        assert key.digest("click", "1") == before
        if has_key:
            kept = SiteKey(other).digest("click", "1")
        other.close()
        (tmp_path / "other" / "ledger.db").replace(tmp_path / "ledger.db")
        ledger.check_writing()
        now = key.digest("click", "1")
        assert now == SiteKey(ledger).digest("click", "1") == (kept if has_key else before)
        assert key.is_digest(before, "click", "1")


def test_a_ledger_that_was_replaced_by_none_is_looked_for_seldom(tmp_path: Path) -> None:
    """Pages are signed by the key that is known, and most of them without a look."""
    with new_ledger(tmp_path) as ledger:
        clock = SetClock(0.0)
        key = SiteKey(ledger, now=clock)
        known = key.digest("click", "1")
        (tmp_path / "none").write_bytes(b"no database" * 1000)
        (tmp_path / "none").replace(tmp_path / "ledger.db")
        with pytest.raises(LedgerError):
            ledger.check_writing()
        assert [key.digest("click", "1") for _ in range(3)] == [known] * 3
        (tmp_path / "ledger.db").unlink()
        place_ledger(tmp_path)
        assert key.digest("click", "1") == known
        assert ledger.replacements == 1
        clock.now = RETRY_SECONDS
        assert key.digest("click", "1") == known
        assert ledger.replacements == 2


def test_what_was_signed_stays_known_over_several_ledgers(tmp_path: Path) -> None:
    """Whoever finds the other file first, be it the look for the key."""
    with new_ledger(tmp_path) as ledger:
        clock = SetClock(0.0)
        key = SiteKey(ledger, now=clock)
        known = [key.digest("click", "1")]
        for name in ("b", "c"):
            (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
            with pytest.raises(LedgerError):
                ledger.check_writing()
            key.digest("click", "1")
            (tmp_path / name).mkdir()
            with new_ledger(tmp_path / name) as other:
                SiteKey(other).digest("click", "1")
            (tmp_path / name / "ledger.db").replace(tmp_path / "ledger.db")
            clock.now += RETRY_SECONDS
            known.append(key.digest("click", "1"))
            assert all(key.is_digest(one, "click", "1") for one in known)
        assert len(set(known)) == 3
