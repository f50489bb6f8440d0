"""A sale as a network reports it, which tests of imports change as they need."""

from datetime import UTC, datetime

import msgspec

from affiliate.domain.actions import Action

ACTION = Action(
    action_id="1",
    state="pending",
    payout=50_000,
    currency="USD",
    occurred_at=datetime(2026, 11, 1, tzinfo=UTC),
)


def change(**changes: object) -> Action:
    """Return the sale with some fields changed."""
    return msgspec.structs.replace(ACTION, **changes)
