"""Reads the metadata of pictures as other programs do."""

import io
from xml.etree import ElementTree as ET

from PIL import Image

from affiliate.licensing.files.xmp import DC, PHOTOSHOP, RDF


def read_scan(jpeg: bytes) -> bytes:
    """Return all bytes from the first scan on: the picture itself."""
    return jpeg[jpeg.index(b"\xff\xda") :]


def read_texts(xmp: bytes) -> tuple[list[str], list[str], list[str]]:
    """Return titles, keywords and credits, each as often as the metadata has them."""
    root = ET.fromstring(xmp)
    titles = root.iterfind(f".//{{{DC}}}title/{{{RDF}}}Alt/{{{RDF}}}li")
    words = root.iterfind(f".//{{{DC}}}subject/{{{RDF}}}Bag/{{{RDF}}}li")
    credit = [one.text or "" for one in root.iter(f"{{{PHOTOSHOP}}}Credit")]
    credit += [v for one in root.iter() for n, v in one.attrib.items() if "Credit" in n]
    return [one.text or "" for one in titles], [one.text or "" for one in words], credit


def read_xmp(jpeg: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg)) as image:
        found: bytes = image.info["xmp"]
        return found
