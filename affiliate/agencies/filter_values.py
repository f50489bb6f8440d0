"""The values of filters that an agency can express, and an agency's names of languages."""

import re
from collections.abc import Mapping, Sequence

from affiliate.domain import language_tags

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


def is_among(value: str, values: tuple[str, ...] | None) -> bool:
    """Return whether ``value`` is among the ``values`` of a filter; `HEX` has all hex colors."""
    if values is HEX:
        return re.fullmatch("[0-9a-f]{6}", value) is not None
    return values is None or value in values
