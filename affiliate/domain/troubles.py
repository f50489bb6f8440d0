"""Troubles: what is wrong with a site, as alerts tell it to the owner."""

from datetime import timedelta
from typing import Final

import msgspec

CALM: Final = timedelta(minutes=30)
"""Time without a trouble after which the trouble has ended, so that none comes and goes."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong, by a ``name`` that stays the same while the trouble lasts.

    ``title`` says what has happened, ``advice`` what to do. The owner is told once the trouble has
    lasted for ``patience``; it has ended after ``calm`` without it.
    """

    name: str
    title: str
    advice: str
    patience: timedelta = timedelta()
    calm: timedelta = CALM


def get_rule(name: str) -> str:
    """Return the rule that finds a trouble, such as ``key`` of ``key:shutterstock``."""
    return name.partition(":")[0]
