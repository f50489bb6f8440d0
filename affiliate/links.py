"""Affiliate links, built from a template and an image's id.

Shutterstock's documented form, which other Impact programs share, is
``https://shutterstock.7eer.net/c/{affiliate_id}/43068/1305?u={landing}`` (ad 43977 for footage),
where ``u`` is the landing address percent-encoded exactly once.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from affiliate.model import Media

NETWORKS: Final = ("impact", "partnerize", "query", "fragment")
"""How links of affiliates are made; the first two can carry sub ids."""
SUB_IDS: Final = {"site": "subId1", "query": "subId2", "id": "subId3"}
"""Which of Impact's sub ids carries what."""
PUBREF_LENGTH: Final = 256
"""The longest reference of a publisher's that Partnerize takes."""


class LinkStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How links to one agency are made.

    ``template`` holds the fields of ``model.LINK_FIELDS``; where it wants an ``affiliate_id`` and
    there is none, the link is the picture's own page. ``footage`` is the template for clips where
    it is another. ``sub_ids`` names what the sub ids of the ``network`` carry: Impact's three
    (`SUB_IDS`), or the parts of Partnerize's one reference.
    """

    template: str
    footage: str = ""
    affiliate_id: str | None = None
    network: str = "impact"
    sub_ids: frozenset[str] = frozenset()


def affiliate_link(
    style: LinkStyle, media: Media, landing: str, *, site: str = "", query: str = ""
) -> str:
    """The link that a picture carries: to ``landing``, by way of the affiliate network.

    ``site`` is the host name of the site that shows the picture, ``query`` the words that found
    it; either may be empty. Every field is percent-encoded once, but ``{landing_url}``, which
    stands as it is.
    """
    template = style.footage if media.media == "video" and style.footage else style.template
    if style.affiliate_id is None and "{affiliate_id}" in template:
        return media.page_url
    values = {
        "affiliate_id": style.affiliate_id or "",
        "id": media.id,
        "landing": landing,
        "media": media.media,
        "site": site,
        "query": query,
    }
    fields = {name: encoded(value) for name, value in values.items()}
    link = template.format_map({**fields, "landing_url": landing})
    wanted = {n: values[n] for n in SUB_IDS if n in style.sub_ids and values[n]}
    if not wanted:
        return link
    return _referred(link, wanted) if style.network == "partnerize" else _sub_ids(link, wanted)


def encoded(text: str) -> str:
    """Text percent-encoded as one component of an address (RFC 3986: unreserved marks stay)."""
    return quote(text, safe="", errors="replace")


def _sub_ids(link: str, wanted: Mapping[str, str]) -> str:
    """A link of Impact's with its sub ids."""
    pairs = "&".join(f"{SUB_IDS[name]}={encoded(value)}" for name, value in wanted.items())
    return f"{link}{'&' if '?' in link else '?'}{pairs}"


def _referred(link: str, wanted: Mapping[str, str]) -> str:
    """A link of Partnerize's with a reference, which must stand before the destination.

    It is site, id and words, as many as it may hold: https://docs.fmtc.co/kb/partnerize.
    """
    before, mark, destination = link.partition("/destination:")
    parts = (wanted[name] for name in ("site", "id", "query") if name in wanted)
    reference = encoded("~".join(parts)[:PUBREF_LENGTH])
    return f"{before}/pubref:{reference}{mark}{destination}" if mark else link
