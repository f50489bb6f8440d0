"""Variants: pages that anybody can multiply by parameters without a call to an agency.

Variants of a page differ in texts, colors and links alone, such as the ``site`` in sub ids and
seals.
"""

import re
from typing import Final

PARAMETER_ONLY_PATHS: Final = frozenset({"/embed", "/oembed"})
"""Paths whose answers are built from their parameters alone."""
MEDIA_PATH: Final = re.compile(r"(/ajax|/api)?/(image|video)/")
"""Prefix of a path with a picture's id, where a search in the query adds only the way back."""
ANSWER_PARAMETERS: Final = frozenset({"lang", "media", "page", "wait"})
"""Parameters of such a path that select another answer of the agency."""


def is_variant(key: tuple[str, str]) -> bool:
    """Return whether a path with its canonical query string is a variant of another page."""
    path, query = key
    if path in PARAMETER_ONLY_PATHS:
        return bool(query)
    names = {pair.partition("=")[0] for pair in query.split("&") if pair}
    return bool(names - ANSWER_PARAMETERS) if MEDIA_PATH.match(path) else "site" in names
