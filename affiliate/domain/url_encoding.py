"""Percent-encoding of query strings and parts of paths, quick for values that need none."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
"""Characters that no encoding changes (RFC 3986, 2.3)."""


def encode_pairs(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a query string as ``urllib.parse.urlencode`` does; names must be plain words.

    A page of results encodes hundreds of numbers, and the same words for each picture.
    """
    texts = [(name, str(value)) for name, value in pairs]
    return "&".join(
        [f"{name}={text if _PLAIN.fullmatch(text) else _quote_plus(text)}" for name, text in texts]
    )


def encode_path_part(text: str) -> str:
    """Return a text percent-encoded as one part of a path."""
    return text if is_plain(text) else quote(text, safe="")


def is_plain(text: str) -> bool:
    """Return whether percent-encoding leaves a text unchanged."""
    return _PLAIN.fullmatch(text) is not None


_quote_plus = lru_cache(maxsize=256)(quote_plus)
