"""Title, keywords and credit get into a file, and its picture stays byte for byte."""

import io
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from affiliate.licensing.files.file_types import EPS, JPEG, MOV, TIFF, FileType
from affiliate.licensing.files.metadata import write_sidecar, write_tags
from affiliate.licensing.files.xmp import Tags, build_packet
from tests.support.tags import read_scan, read_texts, read_xmp

TAGS = Tags('Cats & "dogs" <3 猫', ("cat", "Hündin", "猫"), "Jane Doe/Shutterstock.com")
XMP = b"http://ns.adobe.com/xap/1.0/\0"
OLD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:own="http://example.com/own/" photoshop:Credit="old" xmp:Rating="4" own:note="kept">'
    "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>old</rdf:li></rdf:Alt></dc:title>"
    "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>(c)</rdf:li></rdf:Alt></dc:rights>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def picture(**options: Any) -> bytes:
    """Return a JPEG with visible content."""
    image = Image.linear_gradient("L").resize((160, 120)).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def pixels(jpeg: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg)) as image:
        return image.tobytes()


def tagged(folder: Path, jpeg: bytes, tags: Tags = TAGS) -> bytes:
    (folder / "in.jpg").write_bytes(jpeg)
    assert write_tags(folder / "in.jpg", JPEG, tags, folder / "out.jpg")
    assert (folder / "in.jpg").read_bytes() == jpeg
    return (folder / "out.jpg").read_bytes()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"dpi": (300, 300)}, {"icc_profile": b"i" * 200_000}]
)
def test_the_picture_stays_byte_for_byte(tmp_path: Path, options: dict[str, Any]) -> None:
    """Nothing is encoded anew: scan and tables are the same bytes, so every pixel is."""
    before = picture(**options)
    after = tagged(tmp_path, before)
    assert read_scan(after) == read_scan(before)
    assert pixels(after) == pixels(before)
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.info.get("icc_profile") == old.info.get("icc_profile")
        assert new.info["jfif_density"] == old.info["jfif_density"]


def test_the_tags_can_be_read(tmp_path: Path) -> None:
    """XMP has all three in any script, EXIF what it has room for."""
    after = tagged(tmp_path, picture())
    assert read_texts(read_xmp(after)) == ([TAGS.title], list(TAGS.keywords), [TAGS.credit])
    with Image.open(io.BytesIO(after)) as image:
        exif = image.getexif()
    words = exif[ExifTags.Base.XPKeywords]
    raw = words if isinstance(words, bytes) else bytes(words)
    assert raw.decode("utf-16-le").rstrip("\0") == "cat;Hündin;猫"
    assert TAGS.title.encode() in after
    assert exif[ExifTags.Base.Artist] == TAGS.credit


def test_tagging_twice_changes_nothing_more(tmp_path: Path) -> None:
    """A file that has its tags gets them once."""
    once = tagged(tmp_path, picture())
    assert read_texts(read_xmp(tagged(tmp_path, once))) == read_texts(read_xmp(once))
    assert len(tagged(tmp_path, once)) <= len(once) + 200


def test_what_a_file_says_besides_is_kept(tmp_path: Path) -> None:
    """Other XMP, other EXIF and the turn of the picture survive; ours replaces what it must."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "John"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    after = tagged(tmp_path, picture(exif=exif, xmp=OLD))
    assert read_texts(read_xmp(after)) == ([TAGS.title], list(TAGS.keywords), [TAGS.credit])
    for kept in (b"xmp:Rating", b"kept", b"(c)", b"http://example.com/own/"):
        assert kept in read_xmp(after)
    with Image.open(io.BytesIO(after)) as image:
        new = image.getexif()
    assert (new[ExifTags.Base.Orientation], new[ExifTags.Base.Artist]) == (6, "John")
    taken = new.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    assert taken == "2020:01:02 03:04:05"
    assert new.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


@pytest.mark.parametrize(
    "broken",
    [b"<x:xmpmeta", b"\xff\xfe\0", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<html/>"],
)
def test_a_broken_packet_is_replaced(broken: bytes) -> None:
    """What nobody can read, or holds entities, gives way; nothing is expanded."""
    assert read_texts(build_packet(TAGS, broken)) == (
        [TAGS.title],
        list(TAGS.keywords),
        [TAGS.credit],
    )


@pytest.mark.parametrize("rubbish", [b"", b"MM\0*\0\0\0\xff", b"II*\0" + b"\xff" * 60, b"abc"])
def test_broken_exif_does_no_harm(tmp_path: Path, rubbish: bytes) -> None:
    """An EXIF block that can't be read neither fails nor touches the picture."""
    jpeg = picture()
    block = b"Exif\0\0" + rubbish
    laid = jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]
    after = tagged(tmp_path, laid)
    assert read_scan(after) == read_scan(jpeg)
    xmp = after[after.index(XMP) + len(XMP) :]
    assert read_texts(xmp[: xmp.index(b'<?xpacket end="w"?>')])[0] == [TAGS.title]


def test_signs_that_xml_has_not_are_left_out() -> None:
    """Control characters and lone surrogates don't spoil the packet."""
    assert read_texts(build_packet(Tags("a\0b\ud800c\x0b", (), "")))[0] == ["a b c "]


def test_empty_tags_are_not_written() -> None:
    """What isn't known isn't said, and what was there before stays."""
    assert read_texts(build_packet(Tags(keywords=("cat",)), OLD)) == (["old"], ["cat"], ["old"])


@pytest.mark.parametrize("kind", [EPS, TIFF, MOV])
def test_other_files_get_a_neighbor(tmp_path: Path, kind: FileType) -> None:
    """A file that can't hold tags is left alone; NAME.xmp beside it says them."""
    (tmp_path / "in").write_bytes(b"x")
    assert not write_tags(tmp_path / "in", kind, TAGS, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    beside = write_sidecar(tmp_path / "in", TAGS)
    assert beside == tmp_path / "in.xmp"
    assert read_texts(beside.read_bytes()) == ([TAGS.title], list(TAGS.keywords), [TAGS.credit])


@pytest.mark.parametrize(
    "odd",
    [
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\0",
        b"\xff\xd8\xff\xe0\xff\xff" + b"short",
        b"\xff\xd8abcd" * 4,
        b"\xff\xd8\xff\xe0\0\0" + bytes(20),
        b"\xff\xd8" + b"\xff\xe2\xff\xff" + bytes(65533) * 300,
        random.Random(3).randbytes(100),
    ],
)
def test_an_odd_head_is_left_alone(tmp_path: Path, odd: bytes) -> None:
    """A JPEG that isn't built as they are is not touched."""
    (tmp_path / "in").write_bytes(odd)
    assert not write_tags(tmp_path / "in", JPEG, TAGS, tmp_path / "out")


def test_too_many_words_go_beside(tmp_path: Path) -> None:
    """A packet that a segment can't hold is not cut."""
    (tmp_path / "in").write_bytes(picture())
    many = Tags(keywords=tuple(f"word-{n}" for n in range(9000)))
    assert not write_tags(tmp_path / "in", JPEG, many, tmp_path / "out")
