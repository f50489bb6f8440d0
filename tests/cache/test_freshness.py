"""How long answers live, as a table: no store, no clock."""

import pytest

from affiliate.cache.freshness import (
    Entry,
    Freshness,
    Policy,
    freshness_of,
    lifetime_of,
    with_failure,
)
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
        (None, 0, Freshness.MISS, None),
        (GOOD, 0, Freshness.FRESH, 100),
        (GOOD, 99.5, Freshness.FRESH, 0.5),
        (GOOD, 100, Freshness.STALE, 1),
        (GOOD, 1099, Freshness.STALE, 1),
        (GOOD, 1100, Freshness.MISS, 0),
        (GOOD, -50, Freshness.FRESH, 100),
        (EMPTY, 9, Freshness.FRESH, 1),
        (EMPTY, 10, Freshness.STALE, 1),
        (EMPTY, 1009, Freshness.STALE, 1),
        (EMPTY, 1010, Freshness.MISS, 0),
        (FAILED, 4, Freshness.FRESH, 1),
        (FAILED, 5, Freshness.MISS, 0),
        (BOTH, 50, Freshness.FRESH, 50),
        (BOTH, 202, Freshness.STALE, 1),
        (BOTH, 1200, Freshness.MISS, 0),
    ],
)
def test_decide_judges_by_age_and_failure(
    entry: Entry | None, now: float, verdict: Freshness, life: float | None
) -> None:
    """An entry is fresh, then stale, then missing; a lone failure counts until its retry."""
    assert freshness_of(entry, now, POLICY) is verdict
    if entry is not None and life is not None:
        assert lifetime_of(entry, now, POLICY) == pytest.approx(life)


def test_a_failure_keeps_the_last_good_answer() -> None:
    """What was known before stays; the failure and its time are added."""
    entry = with_failure(GOOD, AgencyDown("x", "broken"), 200)
    assert (entry.value, entry.fetched_at) == (b"a", 0)
    assert (entry.failure, entry.failed_at) == (Failure("down", "broken", 5), 200)
    assert with_failure(None, AgencyDown("x", "broken"), 200).value is None
