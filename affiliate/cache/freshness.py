"""The lifetime of answers: what to do with an entry of the cache by its age. Pure functions."""

import enum
from typing import Final

import msgspec

from affiliate.domain.media import Failure
from affiliate.errors import AgencyError, Suspended

CLOCK_SECONDS: Final = 60.0
"""Seconds by which the clocks of processes may differ. Of an entry from further ahead, an answer
counts as one that has just become stale, a failure or a mark as none."""

REPLAY_SECONDS: Final = 10.0
"""Seconds for which a finished page is replayed from memory before the page is rendered anew."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The lifetime of answers in seconds: fresh, then stale; empty answers are fresh for less."""

    fresh: float
    stale: float
    empty: float = 3600.0

    def fresh_for(self, entry: "Entry") -> float:
        """Return the seconds after its fetch for which the entry's answer is fresh."""
        return min(self.fresh, self.empty) if entry.empty else self.fresh


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The stored state of a key: the last good answer, the last failure, or both.

    Times are Unix seconds. ``value`` is the answer in msgpack; ``empty`` is True for an answer
    without results.
    """

    value: bytes | None = None
    fetched_at: float = 0.0
    empty: bool = False
    failure: Failure | None = None
    failed_at: float = 0.0

    def retry_at(self) -> float:
        """Return the time from which the agency may be called again after its last failure."""
        return self.failed_at + self.failure.retry_after if self.failure else 0.0


class Freshness(enum.Enum):
    """The state of an entry: answer, answer and refresh in the background, or fetch."""

    FRESH = "fresh"
    STALE = "stale"
    MISS = "miss"


def is_showable(entry: Entry, now: float, policy: Policy) -> bool:
    """Return whether the entry has an answer that is fresh or stale."""
    return entry.value is not None and _age(entry, now) < policy.fresh_for(entry) + policy.stale


def freshness_of(entry: Entry | None, now: float, policy: Policy) -> Freshness:
    """Judge an entry. A failure without a usable answer is FRESH until it may be retried."""
    if entry is None:
        return Freshness.MISS
    if entry.value is not None and _age(entry, now) < policy.fresh_for(entry):
        return Freshness.FRESH
    if is_showable(entry, now, policy):
        return Freshness.STALE
    return Freshness.FRESH if now < entry.retry_at() else Freshness.MISS


def lifetime_of(entry: Entry, now: float, policy: Policy) -> float:
    """Return the seconds for which the entry stays true: 1 for a stale answer, else the rest."""
    match freshness_of(entry, now, policy):
        case Freshness.STALE:
            return 1.0
        case Freshness.FRESH if is_showable(entry, now, policy):
            return policy.fresh_for(entry) - _age(entry, now)
    return max(entry.retry_at() - now, 0.0)


def _age(entry: Entry, now: float) -> float:
    return max(now - entry.fetched_at, 0.0)


def with_failure(before: Entry | None, error: AgencyError, now: float) -> Entry:
    """Return the entry with the failure added; the last good answer stays."""
    why = error.why if isinstance(error, Suspended) else ""
    failure = Failure(error.kind, error.message, error.retry_after, why)
    return msgspec.structs.replace(before or Entry(), failure=failure, failed_at=now)
