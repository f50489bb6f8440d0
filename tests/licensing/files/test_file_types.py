"""A file's kind is told by how it begins."""

import io
from pathlib import Path

import pytest
from PIL import Image

from affiliate.licensing.files.file_types import (
    FILE_TYPES,
    detect_file_type,
    find_placed_file,
    guess_file_type,
)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "EPS"])
def test_files_by_another_hand_are_known(name: str) -> None:
    """What Pillow writes is what we take it for."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, name)
    kind = detect_file_type(buffer.getvalue()[:16])
    assert kind is not None
    assert kind.name == name


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0", ".mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", ".mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", ".mov"),
        (b"MM\0*\0\0\0\x08", ".tif"),
        (b"\xc5\xd0\xd3\xc6\x20\0\0\0", ".eps"),
        (b"<!doctype html>", None),
        (b'{"message": "x"}', None),
        (b"", None),
        (b"\0" * 16, None),
        (b"GIF89a", None),
    ],
)
def test_beginnings(head: bytes, suffix: str | None) -> None:
    """Films by their first atom, vectors with a DOS head too; pages and zeros are nothing."""
    kind = detect_file_type(head)
    assert (kind.suffix if kind else None) == suffix


def test_a_link_promises_by_its_suffix() -> None:
    """The suffix counts in any case and without the query; others promise nothing."""
    jpeg, *_, mov = FILE_TYPES
    assert guess_file_type("https://h/a/x.JPEG?e=.mov") == jpeg
    assert guess_file_type("https://h/a/x%2Emov") == mov
    assert guess_file_type("https://h/a.jpg/x") is None
    assert guess_file_type("https://h") is None


def test_a_placed_file_is_found_by_its_stem(tmp_path: Path) -> None:
    """Any of our suffixes counts, parts and neighbors don't."""
    stem = tmp_path / "a.b"
    for name in ("a.b.part", "a.b.xmp", "a.b.tagged", "a.jpg"):
        (tmp_path / name).touch()
    assert find_placed_file(stem) is None
    (tmp_path / "a.b.eps").touch()
    assert find_placed_file(stem) == tmp_path / "a.b.eps"
