r"""What `openverse` reads: the shapes of its answers, and what is made of their parts.

Some texts of its catalogue were escaped once too often: ``S\u00e3o`` stands there as text
(WordPress/openverse #1303, #1927), and beside a tag ``arapça`` one that is ``arapu00e7a``.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from affiliate.agencies.reading import fitted, number
from affiliate.model import Thumbnail, distinct, plain_text

ESCAPES: Final = re.compile(r"(?:\\{1,2}(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}))+")
"""Escapes of Python and JavaScript, each behind its backslash or two."""
BARE: Final = re.compile(r"(?:u[0-9a-f]{4}|x[0-9a-f]{2})+", re.IGNORECASE)
"""Escapes that have lost their backslashes."""
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


def text(value: str | None) -> str:
    """Return a text of the catalogue as it may be shown, its escapes decoded."""
    return plain_text(ESCAPES.sub(_unescaped, value or ""))


def tags(found: Iterable[Tag]) -> tuple[str, ...]:
    """Return the tags, each once, without those that are the escape of another."""
    names = distinct(text(one.name) for one in found)
    known = {unicodedata.normalize("NFC", name).casefold() for name in names}

    def is_escape(name: str) -> bool:
        meant = unicodedata.normalize("NFC", BARE.sub(_unescaped, name)).casefold()
        return meant != name.casefold() and meant in known

    return tuple(name for name in names if not is_escape(name))


def _unescaped(found: re.Match[str]) -> str:
    """Return what a run of escapes stands for; a pair of surrogates, or UTF-8, is one sign."""
    codes = re.findall(r"u([0-9a-f]{4})|x([0-9a-f]{2})", found[0], re.IGNORECASE)
    if not any(long for long, _ in codes):
        with suppress(UnicodeDecodeError):
            return bytes.fromhex("".join(brief for _, brief in codes)).decode()
    signs = "".join(chr(int(long or brief, 16)) for long, brief in codes)
    return signs.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def thumbnail(image: Image) -> Thumbnail | None:
    """The thumbnail, never wider than the picture is said to be."""
    width, height = number(image.width), number(image.height)
    if not (width and height):
        width, height = 3 * WIDTH, 2 * WIDTH
    scale = min(WIDTH / width, 1)
    return fitted(image.thumbnail, width, height, round(max(width, height) * scale))


def attribution(image: Image) -> str:
    """What a license asks to be said, for answers in which the API's own sentence is missing."""
    if not image.license:
        return ""
    code = f"{image.license.upper()} {image.license_version or ''}"
    named = f"CC {code}" if image.license.startswith("by") else code
    by = f"by {text(image.creator)}" if text(image.creator) else ""
    said = f'"{text(image.title) or "This work"}" {by}'.strip()
    return ", ".join(filter(None, (said, plain_text(named), plain_text(image.license_url))))
