"""Affiliate links, built from a template and an image's id, or given by the agency itself.

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

from affiliate.domain.masking import mask_personal
from affiliate.domain.media import Media, read_web_address
from affiliate.domain.url_encoding import is_plain
from affiliate.domain.words import cut_between_signs

NETWORKS: Final = ("impact", "partnerize", "query", "fragment")
"""Forms of affiliate links; the first two can carry sub ids."""
SUB_IDS: Final = {"site": "subId1", "query": "subId2", "id": "subId3"}
"""Impact's sub id for each value."""
SUB_ID_LENGTH: Final = 255
"""Characters of a sub id, percent-encoded, as Impact's guide limits Shared ID and Param.

No network documents if characters are counted before or after encoding. The encoded form is never
shorter, so the limit holds for both, and a link stays short in every script.
"""
PUBREF_LENGTH: Final = 256
"""Characters of the longest publisher reference at Partnerize, percent-encoded."""
CLICK_ID: Final = r"[0-9]{1,10}(?:-[0-9]{1,10}){3}"
"""Ids of clicks as `static/embed.js` draws them, of at most 43 characters."""
CLICK_ID_LENGTH: Final = 43
PUBREF_PARTS: Final = ("site", "id", "query")
"""The values of a publisher reference in their order, with a tilde between them."""


class LinkStyle(msgspec.Struct, frozen=True, kw_only=True):
    """The form of links to one agency.

    ``template`` holds the fields of `media.LINK_FIELDS`; where a template needs an ``affiliate_id``
    and none is set, the link is the picture's own page. ``footage`` is the template for clips where
    it differs. ``is_owner_template`` says that the owner has set the template, which an agency's
    referral never replaces. ``sub_ids`` names the values in the sub ids of the ``network``:
    Impact's three (`SUB_IDS`), or the parts of Partnerize's one reference.
    """

    template: str
    footage: str = ""
    affiliate_id: str | None = None
    network: str = "impact"
    sub_ids: frozenset[str] = frozenset()
    is_owner_template: bool = False

    def get_template(self, media: str) -> str:
        """Return the template of links to pictures or to clips."""
        return self.footage if media == "video" and self.footage else self.template

    def is_affiliated(self, media: str) -> bool:
        """Return whether links to pictures or to clips lead by way of an affiliate program."""
        template = self.get_template(media)
        is_complete = self.affiliate_id is not None or "{affiliate_id}" not in template
        return is_complete and template != "{landing_url}"


def build_affiliate_link(
    style: LinkStyle, media: Media, landing: str, *, site: str = "", query: str = ""
) -> str:
    """Return the link of a picture: to ``landing``, by way of the affiliate network.

    ``site`` is the host name of the site that shows the picture, ``query`` the words that found
    the picture; either may be empty. Every field is percent-encoded once, but ``{landing_url}``,
    which is not encoded. A referral in the agency's answer is the link unless the owner has set a
    template.
    """
    values = {"id": media.id, "site": site, "query": mask_personal(query)}
    if media.referral and not style.is_owner_template:
        if not is_impact(media.referral):
            return media.referral
        return _add_sub_ids(media.referral, _select_sub_ids(style, values))
    return _build_link(style, media.media, landing, values) or media.page_url


def build_search_link(
    style: LinkStyle, media: str, landing: str, *, site: str = "", query: str = ""
) -> str:
    """Return the link to a search on an agency's own site, whose address is ``landing``.

    The link leads by way of the affiliate network and carries the same values as links of
    pictures, but no id. A template without a field for the landing page can lead to no search: the
    link is ``landing`` then, as without an affiliate id.
    """
    template = style.get_template(media)
    values = {"id": "", "site": site, "query": mask_personal(query)}
    has_landing = "{landing}" in template or "{landing_url}" in template
    return (_build_link(style, media, landing, values) if has_landing else "") or landing


def _select_sub_ids(style: LinkStyle, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that the style's sub ids carry, without empty ones."""
    return {name: values[name] for name in SUB_IDS if name in style.sub_ids and values[name]}


def _build_link(style: LinkStyle, media: str, landing: str, values: Mapping[str, str]) -> str:
    """Return a link by way of the network; empty where the style's affiliate id is missing."""
    template, sub_ids = style.get_template(media), _select_sub_ids(style, values)
    if style.affiliate_id is None and "{affiliate_id}" in template:
        return ""
    texts = {
        "affiliate_id": style.affiliate_id or "",
        "landing": landing,
        "landing_url": landing,
        "media": media,
        **values,
    }
    used = {name: text for name, text in texts.items() if f"{{{name}" in template}
    link = template.format_map({name: _encode_field(name, text) for name, text in used.items()})
    if not sub_ids:
        return link
    return (
        _add_pubref(link, sub_ids) if style.network == "partnerize" else _add_sub_ids(link, sub_ids)
    )


def _encode_field(name: str, text: str) -> str:
    """Return the value of a template's field, as `build_affiliate_link` documents the fields."""
    if name == "landing_url":
        return text
    if name in {"site", "query"}:
        return percent_encode_within(text, SUB_ID_LENGTH)
    return percent_encode(text)


def describe_id_fault(template: str, affiliate_id: str) -> str:
    """Return the form that an affiliate id lacks for links of a template; empty for a good id.

    Impact's account ids are whole numbers that begin with no zero, as its documented links show;
    Partnerize's camrefs are letters and digits. Other networks document no form.
    """
    if is_impact(template.replace("{affiliate_id}", "1")):
        is_valid = re.fullmatch(r"[1-9][0-9]{0,11}", affiliate_id)
        return "" if is_valid else "your id at Impact, digits alone: those behind /c/ in your links"
    if "camref:{affiliate_id}" in template and not re.fullmatch(r"[0-9A-Za-z]+", affiliate_id):
        return "your camref at Partnerize, letters and digits alone"
    return ""


def percent_encode(text: str) -> str:
    """Return text percent-encoded as one component of an address (RFC 3986: unreserved stay)."""
    return text if is_plain(text) else quote(text, safe="", errors="replace")


def percent_encode_within(text: str, most: int) -> str:
    """Return the beginning of a text, percent-encoded in at most ``most`` characters.

    A text that is too long ends with a whole character: no escape is cut, and no accent, joiner
    or variation of an emoji is parted from its sign.
    """
    encoded = percent_encode(text)
    if len(encoded) <= most:
        return encoded
    sizes = accumulate(len(percent_encode(sign)) for sign in text)
    count = sum(1 for _ in takewhile(lambda size: size <= most, sizes))
    return percent_encode(cut_between_signs(text, count).rstrip())


def is_impact(link: str) -> bool:
    """Return whether a link has Impact's documented form, on any host.

    The path is ``/c/<account>/<ad>/<campaign>``.
    """
    is_likely = "/c/" in link  # few links are, and most needn't be parsed
    return is_likely and re.fullmatch(r"/c/[0-9]+/[0-9]+/[0-9]+/?", urlsplit(link).path) is not None


def read_destination(link: str) -> str | None:
    """Return the page that a link of Impact's leads to; None for a link without a page."""
    pairs = dict(parse_qsl(urlsplit(link).query)) if is_impact(link) else {}
    return read_web_address(pairs.get("u"))


def _add_sub_ids(link: str, sub_ids: Mapping[str, str]) -> str:
    """Return a link of Impact's with sub ids; those that have a value already stay."""
    parts = urlsplit(link)
    names = {SUB_IDS[name].casefold(): name for name in sub_ids}
    present = [(pair, *_read_pair(pair)) for pair in parts.query.split("&")]
    pairs = [pair for pair, key, value in present if value or key not in names]
    filled = {key for _, key, value in present if value}
    pairs += [
        f"{SUB_IDS[name]}={percent_encode_within(sub_ids[name], SUB_ID_LENGTH)}"
        for key, name in names.items()
        if key not in filled
    ]
    return urlunsplit(parts._replace(query="&".join(filter(None, pairs))))


def _read_pair(pair: str) -> tuple[str, str]:
    """Return the name of a parameter in small letters, and its value without blanks around it."""
    name, _, value = pair.partition("=")
    return unquote_plus(name).casefold(), unquote_plus(value).strip()


def _add_pubref(link: str, sub_ids: Mapping[str, str]) -> str:
    """Return a link of Partnerize's with a reference, which must stand before the destination.

    The reference has the values of `PUBREF_PARTS`, also empty ones before others. The length leaves
    room for the tilde and the id that a click appends: https://docs.fmtc.co/kb/partnerize.
    """
    before, mark, page = link.partition("/destination:")
    text = "~".join(sub_ids.get(name, "") for name in PUBREF_PARTS).rstrip("~")
    reference = percent_encode_within(text, PUBREF_LENGTH - CLICK_ID_LENGTH - 1)
    return f"{before}/pubref:{reference}{mark}{page}" if mark else link


def read_pubref(reference: str) -> tuple[dict[str, str], str]:
    """Return the values of a reference at Partnerize by `PUBREF_PARTS`, and the id of the click.

    The values are empty where the reference has none, as is the id where no script has run.
    """
    found = re.fullmatch(rf"(.*?)(?:~({CLICK_ID}))?", reference, re.DOTALL)
    text, click_id = found.groups("") if found else (reference, "")
    parts = [*text.split("~", 2), "", ""]
    return dict(zip(PUBREF_PARTS, parts, strict=False)), click_id
