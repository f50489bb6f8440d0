"""Which values of filters an agency can express, and what it calls a language."""

import re
from collections.abc import Mapping, Sequence

from affiliate.domain import language_tags

HEX = ("six hexadecimal digits",)
"""The values of a color filter that takes every color but knows no grayscale."""
Filters = Mapping[str, tuple[str, ...] | None]
"""The filters that an API can express, each with the values it takes; None stands for any."""


def language_of(lang: str | None, known: Mapping[str, str] | Sequence[str]) -> str:
    """Return an agency's name for a language, or for the next best; empty where it has none.

    ``known`` has its names by tags of languages, or the tags that are their own names.
    """
    tag = language_tags.find_nearest(lang or "", known)
    if tag is None:
        return ""
    return known[tag] if isinstance(known, Mapping) else tag


def is_among(value: str, values: tuple[str, ...] | None) -> bool:
    """Return whether a filter of ``values`` takes this value; `HEX` are all colors with digits."""
    if values is HEX:
        return re.fullmatch("[0-9a-f]{6}", value) is not None
    return values is None or value in values
