"""Actions: sales that an affiliate network credits to the owner, as a report has them."""

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

State = Literal["pending", "approved", "reversed"]
STATES: Final[tuple[State, ...]] = ("pending", "approved", "reversed")
"""States of an action. A reversal is a new state of the same action, never a negative amount."""
EARNING_STATES: Final[tuple[State, ...]] = ("pending", "approved")
"""States whose payouts count as earned; a reversed sale earns nothing."""
MONEY_UNITS: Final = 10_000
"""Units of a whole amount: money is counted in whole ten-thousandths, so that sums are exact."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A credited sale; times are in UTC, and None where unknown.

    ``sale`` and ``payout`` are in `MONEY_UNITS` of ``currency``. ``site``, ``words``, ``media_id``
    and ``click_id`` are what the link of this site has carried; empty where it carried nothing.
    Fields of `REPORTED_FIELDS` are UNSET where the report lacks them, so that another report of the
    action may tell them.
    """

    action_id: str
    state: State
    payout: int
    currency: str
    occurred_at: datetime
    sale: int | UnsetType | None = UNSET
    clicked_at: datetime | UnsetType | None = UNSET
    locks_at: datetime | UnsetType | None = UNSET
    cleared_at: datetime | UnsetType | None = UNSET
    program: str | UnsetType = UNSET
    site: str | UnsetType = UNSET
    words: str | UnsetType = UNSET
    media_id: str | UnsetType = UNSET
    click_id: str | UnsetType = UNSET


REPORTED_FIELDS: Final = tuple(
    field.name for field in msgspec.structs.fields(Action) if field.default is UNSET
)
"""Fields that a report of actions may lack."""
