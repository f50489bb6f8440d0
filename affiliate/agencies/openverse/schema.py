r"""What `openverse` reads: the shapes of its answers, and what is made of their parts.

Some texts of its catalogue were escaped once too often: ``S\u00e3o`` stands there as text
(WordPress/openverse #1303, #1927), and beside a tag ``arapça`` one that is ``arapu00e7a``.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from affiliate.agencies.parsing import fit_rendition, read_number
from affiliate.domain.media import License, Thumbnail, drop_repeats, plain_text, web_address

ESCAPES: Final = re.compile(r"(?:\\{1,2}(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}))+")
"""Escapes of Python and JavaScript, each behind its backslash or two."""
BARE: Final = re.compile(r"(?:u[0-9a-f]{4}|x[0-9a-f]{2})+", re.IGNORECASE)
"""Escapes that have lost their backslashes."""
SITES: Final = {
    "flickr.com": "Flickr",
    "wikimedia.org": "Wikimedia Commons",
    "stocksnap.io": "StockSnap",
    "rawpixel.com": "rawpixel",
    "thingiverse.com": "Thingiverse",
    "behance.net": "Behance",
    "geograph.org.uk": "Geograph",
    "inaturalist.org": "iNaturalist",
    "nasa.gov": "NASA",
    "si.edu": "Smithsonian",
    "europeana.eu": "Europeana",
    "metmuseum.org": "The Met",
    "rijksmuseum.nl": "Rijksmuseum",
    "nypl.org": "New York Public Library",
    "clevelandart.org": "Cleveland Museum of Art",
    "brooklynmuseum.org": "Brooklyn Museum",
    "sciencemuseumgroup.org.uk": "Science Museum Group",
    "wordpress.org": "WordPress Photo Directory",
}
"""Names the sites of larger sources as people call them, by their hosts."""
WIDTH = 600
"""Pixels that a thumbnail is wide."""


class Tag(msgspec.Struct):
    """A word that a picture is found by."""

    name: str | None = None


class Image(msgspec.Struct):
    """One picture of a source."""

    id: str
    thumbnail: str
    foreign_landing_url: str | None
    title: str | None = None
    creator: str | None = None
    creator_url: str | None = None
    license: str = ""
    license_version: str | None = None
    license_url: str | None = None
    attribution: str | None = None
    category: str | None = None
    tags: list[Tag] | None = None
    width: int | None = None
    height: int | None = None


class Images(msgspec.Struct):
    """A page of pictures."""

    results: list[Image]
    result_count: int


class Token(msgspec.Struct):
    """Identifies a client in its calls, for ``expires_in`` seconds."""

    access_token: str
    expires_in: int | float


class Refused(msgspec.Struct):
    """Why a client gets no token."""

    error: str = ""
    error_description: str = ""
    detail: str = ""


class Source(msgspec.Struct):
    """Where pictures come from, and how many."""

    media_count: int


def unescape_text(value: str | None) -> str:
    """Return a text of the catalogue as it may be shown, its escapes decoded."""
    return plain_text(ESCAPES.sub(_unescape_run, value or ""))


def unescape_tags(found: Iterable[Tag]) -> tuple[str, ...]:
    """Return the tags, each once, without those that are the escape of another."""
    names = drop_repeats(unescape_text(one.name) for one in found)
    known = {unicodedata.normalize("NFC", name).casefold() for name in names}

    def is_escape(name: str) -> bool:
        meant = unicodedata.normalize("NFC", BARE.sub(_unescape_run, name)).casefold()
        return meant != name.casefold() and meant in known

    return tuple(name for name in names if not is_escape(name))


def _unescape_run(found: re.Match[str]) -> str:
    """Return what a run of escapes stands for; a pair of surrogates, or UTF-8, is one sign."""
    codes = re.findall(r"u([0-9a-f]{4})|x([0-9a-f]{2})", found[0], re.IGNORECASE)
    if not any(long for long, _ in codes):
        with suppress(UnicodeDecodeError):
            return bytes.fromhex("".join(brief for _, brief in codes)).decode()
    signs = "".join(chr(int(long or brief, 16)) for long, brief in codes)
    return signs.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_thumbnail(image: Image) -> Thumbnail | None:
    """Return the thumbnail, never wider than the picture is said to be."""
    width, height = read_number(image.width), read_number(image.height)
    if not (width and height):
        width, height = 3 * WIDTH, 2 * WIDTH
    scale = min(WIDTH / width, 1)
    return fit_rendition(image.thumbnail, width, height, round(max(width, height) * scale))


def license_of(image: Image) -> License | None:
    """Return the license by the name that Creative Commons gives it; None where none is said."""
    if not image.license:
        return None
    code = image.license.upper().replace("SAMPLING", "Sampling")
    own = "" if image.license in {"cc0", "pdm"} else "CC "
    name = plain_text(f"{own}{code} {image.license_version or ''}")
    return License(name, web_address(image.license_url))


def place_of(page: str) -> str:
    """Return the name of the site of a page, for people: its host where no name is known."""
    host = (urlsplit(page).hostname or "").removeprefix("www.")
    known = (name for site, name in SITES.items() if host == site or host.endswith(f".{site}"))
    return next(known, host)


def attribution_sentence(image: Image) -> str:
    """Return the sentence that a license asks for, where the API's own is missing."""
    license_ = license_of(image)
    if license_ is None:
        return ""
    by = f"by {unescape_text(image.creator)}" if unescape_text(image.creator) else ""
    said = f'"{unescape_text(image.title) or "This work"}" {by}'.strip()
    return ", ".join(filter(None, (said, license_.name, plain_text(image.license_url))))
