"""Types of files, detected by their first bytes."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

SIGNATURE_BYTES: Final = 16
"""The number of first bytes that identify a file's type."""


class FileType(NamedTuple):
    """A type of files; ``suffixes`` are the usual suffixes, the preferred one first."""

    name: str
    media: str
    suffixes: tuple[str, ...]

    @property
    def suffix(self) -> str:
        return self.suffixes[0]


JPEG: Final = FileType("JPEG", "image", (".jpg", ".jpeg"))
PNG: Final = FileType("PNG", "image", (".png",))
TIFF: Final = FileType("TIFF", "image", (".tif", ".tiff"))
EPS: Final = FileType("EPS", "image", (".eps",))
MP4: Final = FileType("MP4", "video", (".mp4",))
MOV: Final = FileType("QuickTime", "video", (".mov",))
FILE_TYPES: Final = (JPEG, PNG, TIFF, EPS, MP4, MOV)
_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"%!PS", EPS),
    (b"\xc5\xd0\xd3\xc6", EPS),
)
_OLD_MOVIE: Final = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""First atoms of old QuickTime files, which have no ``ftyp``."""


def detect_file_type(head: bytes) -> FileType | None:
    """Detect a file's type by its first bytes; None for any other content, such as HTML."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[4:8] == b"ftyp":
        return MOV if head[8:12] == b"qt  " else MP4
    return MOV if head[4:8] in _OLD_MOVIE else None


def guess_file_type(link: str) -> FileType | None:
    """Return the type that a link's file name promises; None for an unknown suffix."""
    suffix = PurePosixPath(unquote(urlsplit(link).path)).suffix.lower()
    return next((kind for kind in FILE_TYPES if suffix in kind.suffixes), None)


def find_placed_file(stem: Path, kinds: Iterable[FileType] = FILE_TYPES) -> Path | None:
    """Return the file ``stem`` with a known suffix, if such a file exists."""
    files = (stem.with_name(stem.name + kind.suffix) for kind in kinds)
    return next((file for file in files if file.is_file()), None)
