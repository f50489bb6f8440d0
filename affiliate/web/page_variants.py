"""Variants: pages that anybody makes as many as they like of, and that cost no call.

They differ from each other in the texts, colors and links on them alone, such as the ``site`` that
stands in sub ids and seals, so that no agency is asked for more.
"""

import re
from typing import Final

PARAMETER_ONLY_PATHS: Final = frozenset({"/embed", "/oembed"})
"""Paths whose answers are made of their parameters."""
MEDIA_PATH: Final = re.compile(r"(/ajax|/api)?/(image|video)/")
"""The beginning of a path that names what it shows; a search tells no more than the way back."""
ANSWER_PARAMETERS: Final = frozenset({"lang", "media", "page", "wait"})
"""The parameters of such a path that other answers of agencies belong to."""


def is_variant(place: tuple[str, str]) -> bool:
    """Return whether a path with its canonical query string is a variant of another page."""
    path, query = place
    if path in PARAMETER_ONLY_PATHS:
        return bool(query)
    names = {pair.partition("=")[0] for pair in query.split("&") if pair}
    return bool(names - ANSWER_PARAMETERS) if MEDIA_PATH.match(path) else "site" in names
