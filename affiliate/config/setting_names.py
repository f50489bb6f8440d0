"""Variables that look like settings and are none, described in a sentence each."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

from affiliate.config.setting_texts import clip_text

MIN_SIMILARITY: Final = 0.82
"""The similarity of a variable and a setting (`difflib`) from which a typing error is likely."""
MIN_AGENCY_SIMILARITY: Final = 0.6
"""The same similarity for variables that begin with the prefix of an agency."""

FOREIGN_NAMES: Final = frozenset({"REDIS_USER", "DATABASE_USER", "DATA_DIRS", "HOSTS"})
"""Variables that platforms and other programs set, such as the parts of addresses."""


def describe_unknown_names(
    names: Collection[str], known: Collection[str], prefixes: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each variable that is no setting, but seems to be meant as a setting.

    ``prefixes`` are those of agencies' settings. A variable similar to a setting that is set may
    well be another program's.
    """
    for name in sorted(set(names) - set(known) - FOREIGN_NAMES):
        spelled = _normalize_name(name)
        has_prefix = spelled.startswith(tuple(prefixes))
        near = get_close_matches(
            spelled, known, 1, MIN_AGENCY_SIMILARITY if has_prefix else MIN_SIMILARITY
        )
        if near and near[0] not in names:
            yield f"{_display_name(name)} is no setting; {near[0]} is."
        elif has_prefix:
            yield f"{_display_name(name)} is no setting."


def _normalize_name(name: str) -> str:
    """Return a name in capitals, without the marks and invisible signs that editors add."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", name), flags=re.ASCII).upper()


def _display_name(name: str) -> str:
    """Return a name for a note's text, with escapes for invisible signs."""
    is_plain = re.fullmatch(r"\w{1,60}", name, re.ASCII)
    return name if is_plain else ascii(clip_text(name))
