"""How long answers live: what to do with an entry of the cache, by its age. All of it is pure."""

import enum
from typing import Final

import msgspec

from affiliate.domain.media import Failure
from affiliate.errors import AgencyError, Suspended

CLOCK_SECONDS: Final = 60.0
"""Allow for so many seconds between the clocks of processes. What is from further ahead is not
believed: an answer counts as one that has just become stale, a failure or a mark as none."""

REPLAY_SECONDS: Final = 10.0
"""Replay a finished page from memory for so many seconds, then render the page anew."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long answers live, in seconds: fresh, then stale; empty ones are fresh for less."""

    fresh: float
    stale: float
    empty: float = 3600.0

    def fresh_for(self, entry: "Entry") -> float:
        """Seconds from its fetching for which the entry's answer is fresh."""
        return min(self.fresh, self.empty) if entry.empty else self.fresh


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds for a key: the last good answer, the last failure, or both.

    Times are Unix seconds. ``value`` is the answer in msgpack, ``empty`` whether it found nothing.
    """

    value: bytes | None = None
    fetched_at: float = 0.0
    empty: bool = False
    failure: Failure | None = None
    failed_at: float = 0.0

    def retry_at(self) -> float:
        """Return when the agency may be asked again after its last failure."""
        return self.failed_at + self.failure.retry_after if self.failure else 0.0


class Freshness(enum.Enum):
    """What to do with an entry: answer, answer and refresh behind, or fetch."""

    FRESH = "fresh"
    STALE = "stale"
    MISS = "miss"


def is_showable(entry: Entry, now: float, policy: Policy) -> bool:
    """Return whether the entry has an answer that is fresh or stale, and not older."""
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
    """Seconds for which what the entry says stays true: 1 for a stale answer, else to its end."""
    match freshness_of(entry, now, policy):
        case Freshness.STALE:
            return 1.0
        case Freshness.FRESH if is_showable(entry, now, policy):
            return policy.fresh_for(entry) - _age(entry, now)
    return max(entry.retry_at() - now, 0.0)


def _age(entry: Entry, now: float) -> float:
    return max(now - entry.fetched_at, 0.0)


def with_failure(before: Entry | None, error: AgencyError, now: float) -> Entry:
    """An entry with the failure, which keeps the last good answer."""
    why = error.why if isinstance(error, Suspended) else ""
    failure = Failure(error.kind, error.message, error.retry_after, why)
    return msgspec.structs.replace(before or Entry(), failure=failure, failed_at=now)
