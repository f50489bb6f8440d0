"""How long answers live, as a table: no store, no clock."""

import pytest

from affiliate.cache.freshness import Entry, Policy, Verdict, decide, failed, lifetime
from affiliate.domain.media import Failure
from affiliate.errors import AgencyDown

POLICY = Policy(fresh=100, stale=1000, empty=10)
GOOD = Entry(value=b"a", fetched_at=0)
EMPTY = Entry(value=b"a", fetched_at=0, empty=True)
FAILED = Entry(failure=Failure("down", "no", 5), failed_at=0)
BOTH = Entry(value=b"a", fetched_at=0, failure=Failure("down", "no", 5), failed_at=200)


@pytest.mark.parametrize(
    ("entry", "now", "verdict", "life"),
    [
        (None, 0, Verdict.MISS, None),
        (GOOD, 0, Verdict.FRESH, 100),
        (GOOD, 99.5, Verdict.FRESH, 0.5),
        (GOOD, 100, Verdict.STALE, 1),
        (GOOD, 1099, Verdict.STALE, 1),
        (GOOD, 1100, Verdict.MISS, 0),
        (GOOD, -50, Verdict.FRESH, 100),
        (EMPTY, 9, Verdict.FRESH, 1),
        (EMPTY, 10, Verdict.STALE, 1),
        (EMPTY, 1009, Verdict.STALE, 1),
        (EMPTY, 1010, Verdict.MISS, 0),
        (FAILED, 4, Verdict.FRESH, 1),
        (FAILED, 5, Verdict.MISS, 0),
        (BOTH, 50, Verdict.FRESH, 50),
        (BOTH, 202, Verdict.STALE, 1),
        (BOTH, 1200, Verdict.MISS, 0),
    ],
)
def test_decide_judges_by_age_and_failure(
    entry: Entry | None, now: float, verdict: Verdict, life: float | None
) -> None:
    """An entry is fresh, then stale, then missing; a lone failure counts until its retry."""
    assert decide(entry, now, POLICY) is verdict
    if entry is not None and life is not None:
        assert lifetime(entry, now, POLICY) == pytest.approx(life)


def test_a_failure_keeps_the_last_good_answer() -> None:
    """What was known before stays; the failure and its time are added."""
    entry = failed(GOOD, AgencyDown("x", "broken"), 200)
    assert (entry.value, entry.fetched_at) == (b"a", 0)
    assert (entry.failure, entry.failed_at) == (Failure("down", "broken", 5), 200)
    assert failed(None, AgencyDown("x", "broken"), 200).value is None
