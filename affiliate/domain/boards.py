"""A board: pictures that a visitor keeps, in the form in which addresses and browsers hold them.

Pictures are separated by commas, each ``agency:id``, clips ``agency:id:video``. An id is
percent-encoded, so that ids with commas and colons stay whole.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from affiliate.domain.media import MediaPick
from affiliate.domain.query import MAX_NAME, MEDIA, Parameters, read_single
from affiliate.errors import BadQuery

MAX_KEPT: Final = 60
"""The most pictures of a board: more than anybody compares, and few enough for an address."""
BOARD_PARAMETER: Final = "p"
"""The name of the parameter with the pictures."""
ENTRY: Final = re.compile(rf"([a-z0-9_-]{{1,40}}):([^:,]+)(?::({'|'.join(MEDIA)}))?", re.IGNORECASE)


def read_board(parameters: Parameters) -> tuple[MediaPick, ...]:
    """Return the pictures in the parameter ``p``, in their order, each once; empty without any.

    Raises:
        BadQuery: names ``p`` where a picture can't be read, or where there are too many.
    """
    text = read_single(parameters, BOARD_PARAMETER) or ""
    entries = [entry for part in text.split(",") if (entry := part.strip())]
    kept = tuple(dict.fromkeys(map(_read_entry, entries)))
    if len(kept) > MAX_KEPT:
        raise BadQuery(BOARD_PARAMETER, "A board holds at most %(limit)s pictures.", limit=MAX_KEPT)
    return kept


def encode_board(kept: Iterable[MediaPick]) -> str:
    """Return pictures as the value of the parameter ``p``, encoded for an address."""
    return quote(",".join(map(str, kept)), safe=":,")


def _read_entry(text: str) -> MediaPick:
    match = ENTRY.fullmatch(text)
    id_ = _decode_id(match[2]) if match else ""
    if not match or not id_:
        raise BadQuery(
            BOARD_PARAMETER, "Write %(form)s, with commas between pictures.", form="agency:id"
        )
    return MediaPick(match[1].lower(), id_, (match[3] or "image").lower())


def _decode_id(text: str) -> str:
    """Return a percent-encoded id; empty where the id can't be an agency's."""
    try:
        id_ = unquote(text, errors="strict").strip()
    except UnicodeDecodeError:
        return ""
    return id_ if len(id_) <= MAX_NAME and id_.isprintable() else ""
