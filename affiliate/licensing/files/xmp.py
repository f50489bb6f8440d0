"""Title, keywords and credit as an XMP packet (ISO 16684-1), merged into an existing packet.

The properties are ``title`` and ``subject`` of Dublin Core and ``Credit`` of the Photoshop schema,
to which the IPTC Photo Metadata Standard maps its Title, Keywords and Credit Line.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC: Final = "http://purl.org/dc/elements/1.1/"
PHOTOSHOP: Final = "http://ns.adobe.com/photoshop/1.0/"
META: Final = "adobe:ns:meta/"
_PREFIXES: Final = {
    "x": META,
    "rdf": RDF,
    "dc": DC,
    "photoshop": PHOTOSHOP,
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}
"""The usual prefixes, as some readers accept no other."""
_OPEN: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_CLOSE: Final = '<?xpacket end="w"?>'
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class Tags(msgspec.Struct, frozen=True):
    """The tags of a file; empty tags are not written."""

    title: str = ""
    keywords: tuple[str, ...] = ()
    credit: str = ""

    def __bool__(self) -> bool:
        return bool(self.title or self.keywords or self.credit)


def build_packet(tags: Tags, before: bytes = b"") -> bytes:
    """Build a complete packet with the tags and all other properties of the packet ``before``.

    An unreadable packet, which no other reader could read either, is replaced.
    """
    root = _parse_packet(before)
    rdf = root.find(f"{{{RDF}}}RDF")
    if rdf is None:
        rdf = ET.SubElement(root, f"{{{RDF}}}RDF")
    description = _build_description(tags)
    names = {child.tag for child in description}
    for existing_description in rdf:
        for child in [element for element in existing_description if element.tag in names]:
            existing_description.remove(child)
        for name in names & set(existing_description.attrib):
            del existing_description.attrib[name]
    rdf.append(description)
    for prefix, address in _PREFIXES.items():
        ET.register_namespace(prefix, address)
    text = ET.tostring(root, encoding="unicode")
    return f"{_OPEN}\n{text}\n{_CLOSE}".encode()


def _parse_packet(before: bytes) -> ET.Element:
    """Parse a packet; an absent or broken packet, or one with entities, gives an empty root."""
    try:
        if b"<!" not in before:
            root = ET.fromstring(before.strip(b"\0 \r\n\t"))  # noqa: S314 - no declarations, below 64 KB
            if root.tag == f"{{{META}}}xmpmeta":
                return root
            if root.tag == f"{{{RDF}}}RDF":
                meta = ET.Element(f"{{{META}}}xmpmeta")
                meta.append(root)
                return meta
    except (ET.ParseError, ValueError):
        pass
    return ET.Element(f"{{{META}}}xmpmeta")


def _build_description(tags: Tags) -> ET.Element:
    description = ET.Element(f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    if tags.title:
        title = ET.SubElement(ET.SubElement(description, f"{{{DC}}}title"), f"{{{RDF}}}Alt")
        ET.SubElement(title, f"{{{RDF}}}li", {_LANGUAGE: "x-default"}).text = _replace_illegal(
            tags.title
        )
    if tags.keywords:
        bag = ET.SubElement(ET.SubElement(description, f"{{{DC}}}subject"), f"{{{RDF}}}Bag")
        for word in tags.keywords:
            ET.SubElement(bag, f"{{{RDF}}}li").text = _replace_illegal(word)
    if tags.credit:
        ET.SubElement(description, f"{{{PHOTOSHOP}}}Credit").text = _replace_illegal(tags.credit)
    return description


def _replace_illegal(text: str) -> str:
    """Replace characters that XML 1.0 can't hold by blanks."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)
