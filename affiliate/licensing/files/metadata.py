"""Title, keywords and credit written into a file, whose picture stays as it is, byte for byte.

No library fits: those that know every format are under the GPL (exiv2, pyexiv2, mutagen) or need a
program beside Python (ExifTool, Exempi); piexif rests since 2019; Pillow writes a JPEG by encoding
it anew. So Pillow makes the EXIF block, the XMP packet is made by `xmp`, and both are laid among
the segments at a JPEG's head. All other kinds get a ``.xmp`` file of the same name beside them.
"""

import os
import shutil
import struct
import warnings
from pathlib import Path
from typing import IO, Final, NamedTuple

from PIL import ExifTags, Image

from affiliate.licensing.files.file_types import JPEG, FileType
from affiliate.licensing.files.partial_file import create_anew, replace_file
from affiliate.licensing.files.xmp import Tags, build_packet

EXIF: Final = b"Exif\0\0"
XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
MAX_SEGMENT_BYTES: Final = 65533
"""Bytes that a segment of a JPEG can hold."""
MAX_HEAD_BYTES: Final = 16 * 1024 * 1024
"""A head larger than this is left alone."""
_APP0, _APP1, _SOS = 0xE0, 0xE1, 0xDA
_BARE: Final = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length."""


class _Segment(NamedTuple):
    marker: int
    payload: bytes

    def begins(self, text: bytes) -> bool:
        return self.marker == _APP1 and self.payload.startswith(text)


def write_tags(source: Path, kind: FileType, tags: Tags, target: Path) -> bool:
    """Write a tagged copy of ``source`` to ``target``; False if the file can't hold tags."""
    if kind is not JPEG:
        return False
    with source.open("rb") as old:
        segments = _read_head(old)
        if segments is None:
            return False
        laid = _insert_tags(segments, tags)
        if laid is None:
            return False
        with create_anew(target) as new:
            new.write(b"\xff\xd8")
            for marker, payload in laid:
                new.write(struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload)
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
    return True


def write_sidecar(stem: Path, tags: Tags) -> Path:
    """Write the tags to the file's neighbor ``NAME.xmp``."""
    path = stem.with_name(f"{stem.name}.xmp")
    replace_file(path, build_packet(tags))
    return path


def _read_head(file: IO[bytes]) -> list[_Segment] | None:
    """Read the segments before the picture, up to the start of scan; None for an odd file."""
    segments: list[_Segment] = []
    if file.read(2) != b"\xff\xd8":
        return None
    while file.tell() < MAX_HEAD_BYTES:
        start = file.tell()
        mark = file.read(4)
        if len(mark) < 4 or mark[0] != 0xFF or mark[1] in _BARE | {0xFF}:  # noqa: PLR2004 - marker and length
            return None
        if mark[1] == _SOS:
            file.seek(start)
            return segments
        length = int.from_bytes(mark[2:], "big") - 2
        payload = file.read(max(length, 0))
        if length < 0 or len(payload) < length:
            return None
        segments.append(_Segment(mark[1], payload))
    return None


def _insert_tags(segments: list[_Segment], tags: Tags) -> list[_Segment] | None:
    """Return the segments with our EXIF and XMP; None for XMP above MAX_SEGMENT_BYTES."""
    old_exif = next((s.payload for s in segments if s.begins(EXIF)), b"")
    old_xmp = next((s.payload for s in segments if s.begins(XMP)), b"")
    xmp = XMP + build_packet(tags, old_xmp[len(XMP) :])
    if len(xmp) > MAX_SEGMENT_BYTES:
        return None
    exif = _build_exif(old_exif, tags)
    first = [s for s in segments if s.marker == _APP0]
    rest = [s for s in segments if s.marker != _APP0 and not s.begins(EXIF) and not s.begins(XMP)]
    ours = [_Segment(_APP1, exif)] if exif else []
    return [*first, *ours, _Segment(_APP1, xmp), *rest]


def _build_exif(old: bytes, tags: Tags) -> bytes:
    """Build the EXIF block with the tags; keep an old block that is unreadable or lacks room.

    The text of a title is UTF-8, as the Metadata Working Group recommends; the keywords are those
    of Windows, EXIF having none. A name of an artist that is there stays.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error"
            )  # Pillow goes on past damage, and would lose what it is at
            exif = Image.Exif()
            exif.load(old)
            return _merge_exif(exif, tags, old)
    except (Warning, ValueError, TypeError, KeyError, SyntaxError, struct.error, OSError):
        return old  # whatever a broken block makes Pillow raise


def _merge_exif(exif: Image.Exif, tags: Tags, old: bytes) -> bytes:
    if tags.title:
        exif[ExifTags.Base.ImageDescription] = tags.title.encode()
    if tags.keywords:
        exif[ExifTags.Base.XPKeywords] = (";".join(tags.keywords) + "\0").encode("utf-16-le")
    if tags.credit and not exif.get(ExifTags.Base.Artist):
        exif[ExifTags.Base.Artist] = tags.credit.encode()
    new = exif.tobytes()
    return new if len(new) <= MAX_SEGMENT_BYTES else old
