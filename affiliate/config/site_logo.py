"""Reads the owner's logo from its file, with the size that pages reserve for the logo."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from affiliate.config.paths import resolve_path

MAX_BYTES: Final = 100_000
"""Bytes of the largest file, which every page loads."""
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
ROOT: Final = re.compile(rb"<svg\b[^>]*>", re.IGNORECASE)
NUMBER: Final = rb"(\d+(?:\.\d+)?)"
VIEW_BOX: Final = re.compile(
    rb"""\sviewBox\s*=\s*["']\s*[-+.\d]+[\s,]+[-+.\d]+[\s,]+%b[\s,]+%b\s*["']""" % (NUMBER, NUMBER)
)
LENGTH: Final = rb"""\s%b\s*=\s*["']\s*%b(?:px)?\s*["']"""
"""The form of the attributes ``width`` and ``height`` in pixels."""


class Logo(NamedTuple):
    """The bytes of a logo, its type, its width and height in pixels, and a digest of the bytes."""

    body: bytes
    mimetype: str
    width: int
    height: int
    version: str


def read_logo(text: str, folder: Path, environ: Mapping[str, str]) -> Logo:
    """Return the logo in an SVG or PNG file; relative paths begin at ``folder``.

    Raises:
        ValueError: the path or the file can't be read, or the file is too large or of another kind.
    """
    try:
        with resolve_path(text, folder, environ).open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"must be a file that can be read ({error.strerror})") from None
    if len(body) > MAX_BYTES:
        raise ValueError(f"must be a file of at most {MAX_BYTES:,} bytes, as every page loads it")
    mimetype, size = (
        ("image/png", _read_png_size(body))
        if body.startswith(PNG_START)
        else ("image/svg+xml", _read_svg_size(body))
    )
    if size is None or min(size) < 1:
        raise ValueError("must be a PNG file, or an SVG file with a viewBox")
    return Logo(body, mimetype, *size, hashlib.blake2b(body, digest_size=6).hexdigest())


def _read_png_size(body: bytes) -> tuple[int, int] | None:
    """Return width and height from the header chunk (PNG specification, 11.2.1)."""
    if body[12:16] != b"IHDR" or len(body) < 24:  # noqa: PLR2004 - the end of the height
        return None
    return int.from_bytes(body[16:20]), int.from_bytes(body[20:24])


def _read_svg_size(body: bytes) -> tuple[int, int] | None:
    """Return width and height from the root element; None for any other file than an SVG."""
    root = ROOT.search(body)
    if root is None:
        return None
    sides = [re.search(LENGTH % (name, NUMBER), root[0]) for name in (b"width", b"height")]
    if all(sides):
        width, height = (float(side[1]) for side in sides if side)
    elif box := VIEW_BOX.search(root[0]):
        width, height = float(box[1]), float(box[2])
    else:
        return None
    return round(width), round(height)
