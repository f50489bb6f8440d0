"""Variables that look like settings and are none: what they are told to be, in a sentence each."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

from affiliate.config.setting_texts import clip_text

MIN_SIMILARITY: Final = 0.82
"""How alike a variable and a setting are (`difflib`) where a slip of the hand is likely."""
MIN_AGENCY_SIMILARITY: Final = 0.6
"""How alike they are where the variable begins as settings of an agency do."""

FOREIGN_NAMES: Final = frozenset({"REDIS_USER", "DATABASE_USER", "DATA_DIRS", "HOSTS"})
"""What platforms and other programs set, as they give addresses in parts."""


def describe_unknown_names(
    names: Collection[str], known: Collection[str], prefixes: Collection[str]
) -> Iterator[str]:
    """Yield what to tell of each variable that is no setting, but seems to be meant for one.

    ``prefixes`` are what settings of agencies begin with. A variable near to a setting that is set
    may well be another program's.
    """
    for name in sorted(set(names) - set(known) - FOREIGN_NAMES):
        spelled = _normalize_name(name)
        is_agency_s = spelled.startswith(tuple(prefixes))
        near = get_close_matches(
            spelled, known, 1, MIN_AGENCY_SIMILARITY if is_agency_s else MIN_SIMILARITY
        )
        if near and near[0] not in names:
            yield f"{_display_name(name)} is no setting; {near[0]} is."
        elif is_agency_s:
            yield f"{_display_name(name)} is no setting."


def _normalize_name(name: str) -> str:
    """Return a name in capitals without what editors and pages add: marks and invisible signs."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", name), flags=re.ASCII).upper()


def _display_name(name: str) -> str:
    """Return a name as a note repeats it: signs that can't be seen by their numbers."""
    is_plain = re.fullmatch(r"\w{1,60}", name, re.ASCII)
    return name if is_plain else ascii(clip_text(name))
