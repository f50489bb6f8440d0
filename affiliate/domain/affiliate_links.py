"""Affiliate links, built from a template and an image's id, or as the agency itself gives them.

Shutterstock's documented form, which other Impact programs share, is
``https://shutterstock.7eer.net/c/{affiliate_id}/43068/1305?u={landing}`` (ad 43977 for footage),
where ``u`` is the landing address percent-encoded exactly once.
"""

import re
from collections.abc import Mapping
from itertools import accumulate, takewhile
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit, urlunsplit

import msgspec

from affiliate.domain.media import Media, web_address
from affiliate.domain.words import cut_between_signs, mask_personal

NETWORKS: Final = ("impact", "partnerize", "query", "fragment")
"""How links of affiliates are made; the first two can carry sub ids."""
SUB_IDS: Final = {"site": "subId1", "query": "subId2", "id": "subId3"}
"""Which of Impact's sub ids carries what."""
SUB_ID_LENGTH: Final = 255
"""Characters of a sub id, percent-encoded, as Impact's guide limits Shared ID and Param.

Whether a network counts characters before or after encoding is not documented. The encoded form is
never shorter, so the limit holds for both, and a link stays short in every script.
"""
PUBREF_LENGTH: Final = 256
"""Characters of the longest reference of a publisher's that Partnerize takes, counted alike."""


class LinkStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How links to one agency are made.

    ``template`` holds the fields of `media.LINK_FIELDS`; where it wants an ``affiliate_id`` and
    there is none, the link is the picture's own page. ``footage`` is the template for clips where
    it is another. ``owned`` says that the template is the owner's own, which an agency's referral
    never replaces. ``sub_ids`` names what the sub ids of the ``network`` carry: Impact's three
    (`SUB_IDS`), or the parts of Partnerize's one reference.
    """

    template: str
    footage: str = ""
    affiliate_id: str | None = None
    network: str = "impact"
    sub_ids: frozenset[str] = frozenset()
    owned: bool = False

    def template_for(self, media: str) -> str:
        """Return the template of links to pictures or to clips."""
        return self.footage if media == "video" and self.footage else self.template

    def is_affiliated(self, media: str) -> bool:
        """Return whether links to pictures or to clips lead by way of an affiliate program."""
        form = self.template_for(media)
        is_complete = self.affiliate_id is not None or "{affiliate_id}" not in form
        return is_complete and form != "{landing_url}"


def build_affiliate_link(
    style: LinkStyle, media: Media, landing: str, *, site: str = "", query: str = ""
) -> str:
    """Return the link that a picture carries: to ``landing``, by way of the affiliate network.

    ``site`` is the host name of the site that shows the picture, ``query`` the words that found
    it; either may be empty. Every field is percent-encoded once, but ``{landing_url}``, which
    stands as it is. The agency's own referral, where an answer held one, is the link unless the
    owner has set a template.
    """
    said = {"id": media.id, "site": site, "query": mask_personal(query)}
    if media.referral and not style.owned:
        wanted = _select_sub_ids(style, said)
        return _add_sub_ids(media.referral, wanted) if is_impact(media.referral) else media.referral
    return _build_link(style, media.media, landing, said) or media.page_url


def build_search_link(
    style: LinkStyle, media: str, landing: str, *, site: str = "", query: str = ""
) -> str:
    """Return the link to a search on an agency's own site, whose address is ``landing``.

    The link leads by way of the affiliate network, as links of pictures do, and carries the same
    but an id. A template that knows pages by the ids of pictures alone can lead to no search: the
    link is ``landing`` then, as it is without an affiliate id.
    """
    form = style.template_for(media)
    said = {"id": "", "site": site, "query": mask_personal(query)}
    leads = "{landing}" in form or "{landing_url}" in form
    return (_build_link(style, media, landing, said) if leads else "") or landing


def _select_sub_ids(style: LinkStyle, said: Mapping[str, str]) -> dict[str, str]:
    """Return what sub ids carry of what can be said."""
    return {name: said[name] for name in SUB_IDS if name in style.sub_ids and said[name]}


def _build_link(style: LinkStyle, media: str, landing: str, said: Mapping[str, str]) -> str:
    """Return a link by way of the network; empty where its affiliate id is missing."""
    template, wanted = style.template_for(media), _select_sub_ids(style, said)
    if style.affiliate_id is None and "{affiliate_id}" in template:
        return ""
    values = {
        "affiliate_id": style.affiliate_id or "",
        "landing": landing,
        "media": media,
        **said,
    }
    fields = {name: percent_encode(value) for name, value in values.items()}
    fields |= {
        name: percent_encode_within(values[name], SUB_ID_LENGTH) for name in ("site", "query")
    }
    link = template.format_map({**fields, "landing_url": landing})
    if not wanted:
        return link
    return (
        _add_pubref(link, wanted) if style.network == "partnerize" else _add_sub_ids(link, wanted)
    )


def describe_id_fault(template: str, affiliate_id: str) -> str:
    """Return what an affiliate id must be that links of a template's form can't carry; else "".

    Impact's account ids are whole numbers, as its documented links show, which begin with no zero;
    Partnerize's camrefs are letters and digits. Other networks tell of no form.
    """
    if is_impact(template.replace("{affiliate_id}", "1")):
        is_good = re.fullmatch(r"[1-9][0-9]{0,11}", affiliate_id)
        return "" if is_good else "your id at Impact, digits alone: those behind /c/ in your links"
    if "camref:{affiliate_id}" in template and not re.fullmatch(r"[0-9A-Za-z]+", affiliate_id):
        return "your camref at Partnerize, letters and digits alone"
    return ""


def percent_encode(text: str) -> str:
    """Return text percent-encoded as one component of an address (RFC 3986: unreserved stay)."""
    return quote(text, safe="", errors="replace")


def percent_encode_within(text: str, most: int) -> str:
    """Return the beginning of a text, percent-encoded in at most ``most`` characters.

    A text that is too long ends with a whole character: no escape is cut, and no accent, joiner
    or variation of an emoji is parted from the sign that it belongs to.
    """
    whole = percent_encode(text)
    if len(whole) <= most:
        return whole
    sizes = accumulate(len(percent_encode(sign)) for sign in text)
    kept = sum(1 for _ in takewhile(lambda size: size <= most, sizes))
    return percent_encode(cut_between_signs(text, kept).rstrip())


def is_impact(link: str) -> bool:
    """Return whether a link is of Impact's documented form, whose hosts are many.

    The path is ``/c/<account>/<ad>/<campaign>``.
    """
    return re.fullmatch(r"/c/[0-9]+/[0-9]+/[0-9]+/?", urlsplit(link).path) is not None


def read_destination(link: str) -> str | None:
    """Return the page that a link of Impact's leads to; None where the link doesn't say so."""
    pairs = dict(parse_qsl(urlsplit(link).query)) if is_impact(link) else {}
    return web_address(pairs.get("u"))


def _add_sub_ids(link: str, wanted: Mapping[str, str]) -> str:
    """Return a link of Impact's with its sub ids; those that have a value already stay."""
    parts = urlsplit(link)
    own = {SUB_IDS[name].casefold(): name for name in wanted}
    present = [(pair, *_read_pair(pair)) for pair in parts.query.split("&")]
    pairs = [pair for pair, name, value in present if value or name not in own]
    said = {name for _, name, value in present if value}
    pairs += [
        f"{SUB_IDS[name]}={percent_encode_within(wanted[name], SUB_ID_LENGTH)}"
        for key, name in own.items()
        if key not in said
    ]
    return urlunsplit(parts._replace(query="&".join(filter(None, pairs))))


def _read_pair(pair: str) -> tuple[str, str]:
    """Return the name of a parameter in small letters, and its value without blanks around it."""
    name, _, value = pair.partition("=")
    return unquote_plus(name).casefold(), unquote_plus(value).strip()


def _add_pubref(link: str, wanted: Mapping[str, str]) -> str:
    """Return a link of Partnerize's with a reference, which must stand before the destination.

    The reference is site, id and words, as much as it may hold: https://docs.fmtc.co/kb/partnerize.
    """
    before, mark, page = link.partition("/destination:")
    parts = (wanted[name] for name in ("site", "id", "query") if name in wanted)
    reference = percent_encode_within("~".join(parts), PUBREF_LENGTH)
    return f"{before}/pubref:{reference}{mark}{page}" if mark else link
