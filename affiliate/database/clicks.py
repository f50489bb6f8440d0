"""A click as it is kept: what browsers may send of it, and the marks of who can be no visitor."""

import re
from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec

from affiliate.domain.robots import PROGRAMS
from affiliate.domain.site_names import read_host
from affiliate.errors import BadQuery

SIGN: Final = r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]"  # PostgreSQL refuses NUL and surrogates
FIELDS: Final = {  # what each must look like, and what to say when it doesn't
    "click_id": (r"[A-Za-z0-9_-]{8,64}", "Send 8 to 64 letters, digits, hyphens or underscores."),
    "agency": (rf"(?!\s){SIGN}{{1,100}}", "Send the name of an agency."),
    "id": (rf"(?!\s){SIGN}{{1,100}}", "Send the id of a picture or clip."),
    "media": (r"image|video", "Send image or video."),
    "words": (rf"{SIGN}{{0,500}}", "Send at most 500 characters, without control characters."),
    "position": (r"[1-9][0-9]{0,5}", "Send the place on the page, a whole number from 1."),
}
PLACES: Final = ("tile", "look", "page", "similar", "embed", "search")
"""Where what was clicked stood: in results, in quick look, large on its own page, among what is
similar to another, in an embed; ``search`` is a link to a search at an agency's own site."""
PROGRAM: Final = "program"
"""Who sent a click that no visitor can have made (`Click.sent_by`)."""
UNSIGNED: Final = "unsigned"
"""The mark of a click that no page of this site has offered."""
MANY: Final = "many"
"""The mark of a click of somebody who has clicked more often than visitors do."""
FARTHEST: Final = 10_000
"""No visitor scrolls to a picture so far down."""


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """One click; ``click_id`` is the browser's own, so that a beacon may be sent twice.

    ``words`` are canonical, ``position`` counts the places of the results from 1, ``site`` is a
    host name, ``place`` is one of `PLACES`. ``sender`` is a mark or empty. What is not known of
    these is empty, as it is in rows from before they were kept.
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
        """Read what a browser sent, as JSON or as text; unknown fields are dropped.

        ``site`` and ``place`` serve figures alone: what can't be read of them is empty.

        Raises:
            BadQuery: names the first field that is missing or can't be kept.
        """
        texts: dict[str, Any] = {"media": "image", "words": ""}
        for name, (pattern, reason) in FIELDS.items():
            text = _spelled(fields.get(name, texts.get(name)))
            if not isinstance(text, str) or not re.fullmatch(pattern, text):
                raise BadQuery(name, reason)
            texts[name] = text
        place = fields.get("place")
        texts["place"] = place if place in PLACES else ""
        site = read_host(fields.get("site"))
        return cls(**{**texts, "position": int(texts["position"]), "site": site})

    def sent_by(self, agent: str, purpose: str = "") -> Self:
        """Return the click with a mark in ``sender`` where no visitor can have sent it.

        ``agent`` is the request's User-Agent, ``purpose`` its Sec-Purpose. The mark is no proof:
        who wants to look like a browser can.
        """
        program = PROGRAMS.search(agent) or purpose or self.position > FARTHEST
        return msgspec.structs.replace(self, sender=PROGRAM if program else "")


def _spelled(value: object) -> object:
    """Return a whole number as digits, as an id may come as a number; JSON has 1.0 for 1, too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if type(value) is int else value
