"""The sentence that credits a picture, as text and as HTML for a visitor's own page."""

import html
from typing import NamedTuple

from markupsafe import Markup

from affiliate.agencies.base import Agency
from affiliate.domain.media import Media, read_web_address

UNTITLED = "This work"
"""The name of a picture without a title, in English as the sentences of licenses."""


class Credit(NamedTuple):
    """The sentence that credits a picture, and the same as HTML with links."""

    text: str
    html: str


def build_credit(media: Media, agency: Agency) -> Credit | None:
    """Return the credit of a picture that is free or whose license asks for one; else None.

    The parts are those that Creative Commons recommends: title, author, source and license
    (https://wiki.creativecommons.org/wiki/Recommended_practices_for_attribution).
    """
    if not (media.attribution or agency.is_free):
        return None
    title = f'"{media.title}"' if media.title else UNTITLED
    author = media.contributor_name
    source, home = agency.terms.credit or (agency.title, "")
    name, deed = (media.license.name, media.license.url) if media.license else (source, home)
    text = media.attribution or f"{title}{f' by {author}' if author else ''}, {source}"
    byline = Markup(" by {}").format(_link(author, media.contributor_url)) if author else ""
    rel = "license" if media.license else ""
    parts = (_link(title, media.page_url), byline, Markup(", "), _link(name, deed, rel))
    return Credit(text, str(Markup("").join(parts)))


def _link(text: str, address: str | None, rel: str = "") -> Markup:
    """Return a text as a link; as the text alone where there is no absolute address."""
    label = Markup(html.escape(text, quote=False))  # noqa: S704 - escaped
    if not read_web_address(address):
        return label
    attribute = Markup(' rel="{}"').format(rel) if rel else ""
    return Markup('<a href="{}"{}>{}</a>').format(address, attribute, label)
