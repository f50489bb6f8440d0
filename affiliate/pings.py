"""The addresses that browsers tell of clicks, for templates; ``POST /clicks`` reads them."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from flask import Flask, request

from affiliate import languages
from affiliate.model import Media, Seller
from affiliate.page import EMBEDDED, shown_on
from affiliate.query import MAX_WORDS
from affiliate.words import counted, whole_prefix

SEARCH: Final = "search"
"""What stands for the id and the place of a picture in clicks on a search at an agency."""


def register(app: Flask) -> None:
    """Give an app's templates the addresses of clicks."""
    app.context_processor(_vocabulary)


def _vocabulary() -> dict[str, Callable[..., str]]:
    return {"ping": ping, "ping_search": ping_search}


def ping(
    media: Media, words: str, position: int, seller: Seller | None = None, place: str = ""
) -> str:
    """Return the address that browsers tell of a click on a picture, or on one of its sellers.

    ``position`` is that of the tile among the results; ``place`` names the view if it is another.
    """
    sold = seller or media
    place = place or ("embed" if request.endpoint == EMBEDDED else "tile")
    kind = {"media": media.media} if media.media == "video" else {}
    return _ping(sold.agency, sold.id, words, **kind, position=position, place=place)


def ping_search(agency: str, words: str) -> str:
    """Return the address that browsers tell of a click on a search at an agency's own site."""
    return _ping(agency, SEARCH, words, position=1, place=SEARCH)


def _ping(agency: str, clicked: str, words: str, **more: object) -> str:
    """Return the address for a click on what an agency has under an id, after ``words``."""
    told = whole_prefix(counted(words, languages.asked()), MAX_WORDS)
    fields = {"agency": agency, "id": clicked, "words": told, **more}
    host = shown_on()
    return f"/clicks?{urlencode(fields | ({'site': host} if host else {}))}"
