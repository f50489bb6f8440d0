"""The values of filters that an agency can express, and an agency's names of languages."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from affiliate.domain import language_tags
from affiliate.domain.query import ADDED

HEX = ("six hexadecimal digits",)
"""The values of a color filter that takes every color but not grayscale."""
Filters = Mapping[str, tuple[str, ...] | None]
"""The filters that an API can express, each with its valid values; None stands for any."""


def find_language(lang: str | None, names: Mapping[str, str] | Sequence[str]) -> str:
    """Return an agency's name of a language or of the nearest one known; empty where none is.

    ``names`` has the names by tags of languages, or tags that are names themselves.
    """
    tag = language_tags.find_nearest(lang or "", names)
    if tag is None:
        return ""
    return names[tag] if isinstance(names, Mapping) else tag


def read_today() -> date:
    """Return today's date by UTC."""
    return datetime.now(UTC).date()


def find_first_day(added: str | None) -> str:
    """Return the first day of the days named ``added``, as of now; empty for no name.

    A stored answer to the same search keeps the first day of its call.
    """
    return str(read_today() - timedelta(days=ADDED[added] - 1)) if added else ""


def is_among(value: str, values: tuple[str, ...] | None) -> bool:
    """Return whether ``value`` is among the ``values`` of a filter; `HEX` has all hex colors."""
    if values is HEX:
        return re.fullmatch("[0-9a-f]{6}", value) is not None
    return values is None or value in values
