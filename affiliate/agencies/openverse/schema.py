r"""Shapes of Openverse's answers, and the conversion of their parts.

Some texts of the catalogue were escaped once too often: ``S\u00e3o`` stands there as text
(WordPress/openverse #1303, #1927), and a tag ``arapu00e7a`` beside the tag ``arapça``.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from affiliate.agencies.parsing import fit_rendition, read_number
from affiliate.domain.media import License, Thumbnail, clean_text, drop_repeats, read_web_address

ESCAPES: Final = re.compile(r"(?:\\{1,2}(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}))+")
"""Escapes of Python and JavaScript, each behind one or two backslashes."""
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
"""Names of the sites of larger sources, for people, by their hosts."""
WIDTH = 600
"""Pixels of the width of a thumbnail."""


class Tag(msgspec.Struct):
    """A keyword of a picture."""

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
    """A token of a client, valid for ``expires_in`` seconds."""

    access_token: str
    expires_in: int | float


class Refused(msgspec.Struct):
    """The reason why a client gets no token."""

    error: str = ""
    error_description: str = ""
    detail: str = ""


class Source(msgspec.Struct):
    """A source of pictures, with the number of them."""

    media_count: int


def unescape_text(value: str | None) -> str:
    """Return a text of the catalogue with its escapes decoded, safe to show."""
    return clean_text(ESCAPES.sub(_unescape_run, value or ""))


def unescape_tags(tags: Iterable[Tag]) -> tuple[str, ...]:
    """Return the tags, each once, without tags that are another tag in escapes."""
    names = drop_repeats(unescape_text(tag.name) for tag in tags)
    folded_names = {unicodedata.normalize("NFC", name).casefold() for name in names}

    def is_escape(name: str) -> bool:
        decoded = unicodedata.normalize("NFC", BARE.sub(_unescape_run, name)).casefold()
        return decoded != name.casefold() and decoded in folded_names

    return tuple(name for name in names if not is_escape(name))


def _unescape_run(match: re.Match[str]) -> str:
    """Decode a run of escapes; a surrogate pair, or a sequence of UTF-8, is one character."""
    codes = re.findall(r"u([0-9a-f]{4})|x([0-9a-f]{2})", match[0], re.IGNORECASE)
    if not any(long for long, _ in codes):
        with suppress(UnicodeDecodeError):
            return bytes.fromhex("".join(brief for _, brief in codes)).decode()
    signs = "".join(chr(int(long or brief, 16)) for long, brief in codes)
    return signs.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_thumbnail(image: Image) -> Thumbnail | None:
    """Return the thumbnail, never wider than the stated width of the picture."""
    width, height = read_number(image.width), read_number(image.height)
    if not (width and height):
        width, height = 3 * WIDTH, 2 * WIDTH
    scale = min(WIDTH / width, 1)
    return fit_rendition(image.thumbnail, width, height, round(max(width, height) * scale))


def license_of(image: Image) -> License | None:
    """Return the license under its name at Creative Commons; None where none is stated."""
    if not image.license:
        return None
    code = image.license.upper().replace("SAMPLING", "Sampling")
    own = "" if image.license in {"cc0", "pdm"} else "CC "
    name = clean_text(f"{own}{code} {image.license_version or ''}")
    return License(name, read_web_address(image.license_url))


def read_site_title(page: str) -> str:
    """Return the name of the site of a page, for people: its host where no name is known."""
    host = (urlsplit(page).hostname or "").removeprefix("www.")
    names = (name for site, name in SITES.items() if host == site or host.endswith(f".{site}"))
    return next(names, host)


def build_attribution(image: Image) -> str:
    """Build the attribution that a license requires, for answers without the API's own."""
    license_ = license_of(image)
    if license_ is None:
        return ""
    byline = f"by {unescape_text(image.creator)}" if unescape_text(image.creator) else ""
    credit = f'"{unescape_text(image.title) or "This work"}" {byline}'.strip()
    return ", ".join(filter(None, (credit, license_.name, clean_text(image.license_url))))
