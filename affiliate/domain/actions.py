"""Actions: sales that an affiliate network credits to the owner, as a report has them."""

from datetime import datetime
from typing import Final, Literal

import msgspec

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
    """

    action_id: str
    state: State
    payout: int
    sale: int | None = None
    currency: str
    occurred_at: datetime
    clicked_at: datetime | None = None
    locks_at: datetime | None = None
    cleared_at: datetime | None = None
    program: str = ""
    site: str = ""
    words: str = ""
    media_id: str = ""
    click_id: str = ""
