"""Clicks: the fields that browsers may send, and the marks of senders that are no visitors."""

import re
from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec

from affiliate.domain.query import MAX_NAME, MAX_WORDS, MEDIA, POSITION
from affiliate.domain.robots import PROGRAMS
from affiliate.domain.site_names import read_host
from affiliate.errors import BadQuery

CHARACTER: Final = r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]"  # PostgreSQL refuses NUL and surrogates
CLICK_ID: Final = r"[A-Za-z0-9_-]{8,64}"
NAME: Final = rf"(?!\s){CHARACTER}{{1,{MAX_NAME}}}"
FIELDS: Final = {  # the pattern of each field, and the error text for anything else
    "click_id": (CLICK_ID, "Send 8 to 64 letters, digits, hyphens or underscores."),
    "agency": (NAME, "Send the name of an agency."),
    "id": (NAME, "Send the id of a picture or clip."),
    "media": ("|".join(MEDIA), "Send image or video."),
    "words": (
        rf"{CHARACTER}{{0,{MAX_WORDS}}}",
        f"Send at most {MAX_WORDS} characters, without control characters.",
    ),
    "position": (POSITION, "Send the place on the page, a whole number from 1."),
}
PLACES: Final = ("tile", "look", "page", "similar", "board", "embed", "search")
"""Places of clicked links: in results, in quick look, on the medium's own page, among similar
media, on a board, in an embed; ``search`` is a link to a search at an agency's own site."""
PROGRAM: Final = "program"
"""The mark of a click that no visitor can have made (`Click.mark_program`)."""
UNSIGNED: Final = "unsigned"
"""The mark of a click without a valid seal of one of this site's pages."""
TOO_MANY: Final = "many"
"""The mark of a click of a client that clicks more often than visitors do."""
MAX_POSITION: Final = 10_000
"""Farthest place of the results that a visitor scrolls to."""


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """One click; ``click_id`` comes from the browser, so that a beacon may be sent twice.

    ``words`` are canonical, ``position`` counts the places of the results from 1, ``site`` is a
    host name, ``place`` is one of `PLACES`. ``sender`` is a mark or empty. Unknown fields are
    empty, as in rows of versions that had no such columns.
    """

    click_id: str
    agency: str
    id: str
    media: str = "image"
    words: str = ""
    position: int
    site: str = ""
    place: str = ""
    sender: str = ""

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read the fields that a browser sent, as JSON or as text; drop unknown fields.

        ``site`` and ``place`` serve figures alone: an unreadable value of theirs becomes empty.

        Raises:
            BadQuery: names the first field that is missing or invalid.
        """
        texts: dict[str, Any] = {"media": "image", "words": ""}
        for name, (pattern, reason) in FIELDS.items():
            text = _spell_number(fields.get(name, texts.get(name)))
            if not isinstance(text, str) or not re.fullmatch(pattern, text):
                raise BadQuery(name, reason)
            texts[name] = text
        place = fields.get("place")
        texts["place"] = place if place in PLACES else ""
        site = read_host(fields.get("site"))
        return cls(**{**texts, "position": int(texts["position"]), "site": site})

    def mark_program(self, agent: str, purpose: str = "") -> Self:
        """Return the click, with `PROGRAM` in ``sender`` if no visitor can have sent the click.

        ``agent`` is the request's User-Agent, ``purpose`` its Sec-Purpose. An empty mark proves
        nothing: a program can pose as a browser.
        """
        program = PROGRAMS.search(agent) or purpose or self.position > MAX_POSITION
        return msgspec.structs.replace(self, sender=PROGRAM if program else "")


def _spell_number(value: object) -> object:
    """Return a whole number as digits, as an id may come as a number; JSON has 1.0 for 1, too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if type(value) is int else value
