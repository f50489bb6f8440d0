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

SUB_IDS: Final = {"site": "subId1", "query": "subId2", "id": "subId3"}
"""Which of Impact's sub ids carries what."""


class LinkStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How links to one agency are made.

    ``template`` holds the fields of ``model.LINK_FIELDS``; where it wants an ``affiliate_id`` and
    there is none, the link is the picture's own page. ``footage`` is the template for clips where
    it is another. ``sub_ids`` names what is appended as Impact sub ids (`SUB_IDS`).
    """

    template: str
    footage: str = ""
    affiliate_id: str | None = None
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
    return link + _sub_ids(style.sub_ids, fields, "&" if "?" in link else "?")


def encoded(text: str) -> str:
    """Text percent-encoded as one component of an address (RFC 3986: unreserved marks stay)."""
    return quote(text, safe="", errors="replace")


def _sub_ids(wanted: frozenset[str], fields: Mapping[str, str], separator: str) -> str:
    pairs = [f"{SUB_IDS[n]}={fields[n]}" for n in SUB_IDS if n in wanted and fields[n]]
    return separator + "&".join(pairs) if pairs else ""
