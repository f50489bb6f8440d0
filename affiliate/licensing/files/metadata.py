"""Title, keywords and credit written into a file, whose picture stays unchanged, byte for byte.

No library fits: libraries for every format are under the GPL (exiv2, pyexiv2, mutagen) or need a
program beside Python (ExifTool, Exempi); piexif is unmaintained since 2019; Pillow encodes a JPEG
again to write it. So Pillow builds the EXIF block, `xmp` builds the XMP packet, and both are
inserted among the segments at a JPEG's head. Files of other types get a ``.xmp`` file beside them.
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
"""The maximum number of bytes in a segment of a JPEG."""
MAX_HEAD_BYTES: Final = 16 * 1024 * 1024
"""The maximum size of a JPEG's head; files with a larger head are left unchanged."""
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
    with source.open("rb") as source_file:
        segments = _read_head(source_file)
        if segments is None:
            return False
        new_segments = _insert_tags(segments, tags)
        if new_segments is None:
            return False
        with create_anew(target) as target_file:
            target_file.write(b"\xff\xd8")
            for marker, payload in new_segments:
                target_file.write(struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload)
            shutil.copyfileobj(source_file, target_file)
            target_file.flush()
            os.fsync(target_file.fileno())
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
        marker = file.read(4)
        if len(marker) < 4 or marker[0] != 0xFF or marker[1] in _BARE | {0xFF}:  # noqa: PLR2004 - marker and length
            return None
        if marker[1] == _SOS:
            file.seek(start)
            return segments
        length = int.from_bytes(marker[2:], "big") - 2
        payload = file.read(max(length, 0))
        if length < 0 or len(payload) < length:
            return None
        segments.append(_Segment(marker[1], payload))
    return None


def _insert_tags(segments: list[_Segment], tags: Tags) -> list[_Segment] | None:
    """Return the segments with our EXIF and XMP; None for XMP above MAX_SEGMENT_BYTES."""
    old_exif = next((segment.payload for segment in segments if segment.begins(EXIF)), b"")
    old_xmp = next((segment.payload for segment in segments if segment.begins(XMP)), b"")
    xmp = XMP + build_packet(tags, old_xmp[len(XMP) :])
    if len(xmp) > MAX_SEGMENT_BYTES:
        return None
    exif = _build_exif(old_exif, tags)
    head_segments = [segment for segment in segments if segment.marker == _APP0]
    other_segments = [
        segment
        for segment in segments
        if segment.marker != _APP0 and not segment.begins(EXIF) and not segment.begins(XMP)
    ]
    exif_segments = [_Segment(_APP1, exif)] if exif else []
    return [*head_segments, *exif_segments, _Segment(_APP1, xmp), *other_segments]


def _build_exif(old: bytes, tags: Tags) -> bytes:
    """Build the EXIF block with the tags; keep an old block that is unreadable or lacks room.

    The title is in UTF-8, as the Metadata Working Group recommends; keywords are in Windows' field,
    as EXIF has none. An existing name of an artist stays.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of damage, goes on, and would lose the damaged part.
            warnings.simplefilter("error")
            exif = Image.Exif()
            exif.load(old)
            return _merge_exif(exif, tags, old)
    except (Warning, ValueError, TypeError, KeyError, SyntaxError, struct.error, OSError):
        return old  # any error that a broken block causes in Pillow


def _merge_exif(exif: Image.Exif, tags: Tags, old: bytes) -> bytes:
    if tags.title:
        exif[ExifTags.Base.ImageDescription] = tags.title.encode()
    if tags.keywords:
        exif[ExifTags.Base.XPKeywords] = (";".join(tags.keywords) + "\0").encode("utf-16-le")
    if tags.credit and not exif.get(ExifTags.Base.Artist):
        exif[ExifTags.Base.Artist] = tags.credit.encode()
    new = exif.tobytes()
    return new if len(new) <= MAX_SEGMENT_BYTES else old
