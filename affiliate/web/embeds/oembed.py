"""oEmbed 1.0 (https://oembed.com): what a pasted address of this site becomes elsewhere.

Pages of results are ``rich``, an iframe of ``/embed``; pictures are ``photo``; clips are ``link``,
and so are pictures whose addresses may not stand where they last.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlencode, urlsplit
from xml.etree import ElementTree as ET

import msgspec
from flask import Blueprint, Response
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.exceptions import NotFound, Unauthorized

from affiliate.domain.affiliate_links import percent_encode_within
from affiliate.domain.media import Media, Thumbnail
from affiliate.domain.picks import Pick
from affiliate.domain.query import Parameters, integer_parser, read_parameters, read_single
from affiliate.domain.site_names import read_host
from affiliate.domain.words import cut_between_signs
from affiliate.errors import AgencyError, BadQuery
from affiliate.errors import NotFound as NoSuchPicture
from affiliate.services import current_services
from affiliate.web import disclosure, i18n, template_helpers
from affiliate.web.caching import MAX_BROWSER_AGE, finish_response, request_parameters
from affiliate.web.embeds import builder
from affiliate.web.embeds.options import GAP, ROW, Embed, read_leniently
from affiliate.web.errors import problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    absolute_url,
    search_url,
)

WIDTH: Final = 640
"""Pixels of an iframe where the consumer has no wish."""
LARGEST: Final = 10_000
MOST_HTML: Final = 3_999
"""Bytes of markup, where words can be cut for it: Discourse shows no more."""
MOST_WORDS: Final = 1_000
"""Characters of percent-encoded words that markup within `MOST_HTML` has room for."""
MOST_TITLE: Final = 100
PORTS: Final = (80, 443)
"""The usual ports, which addresses leave out."""
FORMATS: Final = {"json": "application/json", "xml": "text/xml"}

blueprint = Blueprint("oembed", __name__)


class Box(NamedTuple):
    """The most that fits where it is wanted, in pixels; None is no limit."""

    width: int | None
    height: int | None


def routes() -> dict[str, Canonicalizer]:
    """Return the path whose answers the memory tier may keep, and the parameters of an answer."""
    return {"/oembed": canonical}


def canonical(raw: bytes) -> str:
    """Return the parameters of oEmbed in one order.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    asked = read_parameters(raw)
    names = ("url", "maxwidth", "maxheight", "format")
    return urlencode([(name, value) for name in names if (value := read_single(asked, name))])


@blueprint.get("/oembed")
def oembed() -> Response:
    """Answer what an address of this site is elsewhere: 404 for nothing, 401 where private."""
    asked = request_parameters()
    kind = FORMATS.get(read_single(asked, "format") or "json")
    if kind is None:
        return problem_response(HTTPStatus.NOT_IMPLEMENTED, "Ask for the format json or xml.")
    try:
        found = _represented(_ours(asked), Box(_most(asked, "maxwidth"), _most(asked, "maxheight")))
    except NoSuchPicture:
        raise NotFound from None
    except AgencyError as error:
        return problem_response(HTTPStatus.BAD_GATEWAY, error.message)
    body = {"version": "1.0", **_common(), **found}
    written = msgspec.json.encode(body) if kind == FORMATS["json"] else _xml(body)
    response = Response(written, mimetype=kind)
    response.headers["Cache-Control"] = f"public, max-age={MAX_BROWSER_AGE}"
    return finish_response(response, MAX_BROWSER_AGE, body)


def _ours(asked: Parameters) -> SplitResult:
    """Return the address that is asked about, with the path as this site knows it."""
    url = read_single(asked, "url")
    if url is None:
        raise BadQuery("url", "Give an address of this site.")
    try:
        parts, own = urlsplit(url.strip()), urlsplit(absolute_url("/"))
        at_home = _host(parts) == _host(own)
    except ValueError:
        raise NotFound from None
    before = own.path.rstrip("/")
    if parts.scheme not in {"http", "https"} or not at_home or not parts.path.startswith(before):
        raise NotFound
    return parts._replace(path=parts.path.removeprefix(before) or "/")


def _host(parts: SplitResult) -> tuple[str, int | None]:
    """Return the host and port of an address; with a user or password no host.

    Schemes share one usual port, as a proxy may stand before the site.

    Raises:
        ValueError: the port is no number.
    """
    host = "" if "@" in parts.netloc else read_host(parts.hostname)
    return host, None if parts.port in PORTS else parts.port


def _most(asked: Parameters, name: str) -> int | None:
    text = read_single(asked, name)
    return integer_parser(1, 999_999_999)(name, text) if text else None


def _represented(url: SplitResult, box: Box) -> dict[str, Any]:
    match url.path.split("/")[1:]:
        case [""]:
            return _rich(_embed(url, {"kind": ["search"]}), box)
        case ["search"]:
            return _rich(_embed(url, {}), box)
        case ["embed"]:
            return _rich(_frame(url), box)
        case ["topics", slug]:
            words = template_helpers.owner_topics().find_topic(unquote(slug))
            if words is not None:
                return _rich(_embed(url, {"q": [words]}), box)
        case ["collections", agency, collection_id]:
            more = {"collection": [str(Pick(agency, unquote(collection_id)))], "ids": []}
            return _rich(_embed(url, more), box)
        case ["image" | "video" as media, agency, media_id]:
            return _picture(_found(media, agency, unquote(media_id)), box)
        case ["owner", *_] if current_services().config.owner_password:
            raise Unauthorized("The owner's desk is private.")
    raise NotFound


def _embed(url: SplitResult, more: Parameters) -> Embed:
    """Return what the page shows: as its path says, and the rest as its parameters say."""
    try:
        return Embed.from_parameters({**read_parameters(url.query), **more})
    except BadQuery:
        raise NotFound from None


def _frame(url: SplitResult) -> Embed:
    """Return what a frame shows, which makes the best of its parameters."""
    try:
        return Embed.from_parameters(read_leniently(url.query.encode("utf-8", "surrogatepass")))
    except BadQuery:
        raise NotFound from None


def _rich(embed: Embed, box: Box) -> dict[str, Any]:
    """Return an iframe of at most the box's size, with as many whole rows as fit."""
    over = embed.height - (box.height or LARGEST)
    rows_over = max(-(-over // (ROW + GAP)), 0)
    embed = msgspec.structs.replace(embed, rows=max(embed.rows - rows_over, 1))
    width, height = min(box.width or WIDTH, WIDTH), min(embed.height, box.height or LARGEST)
    title = _title(embed)
    return {
        "type": "rich",
        "title": title,
        "width": width,
        "height": height,
        "html": _short(embed, title, height),
        **_thumbnail(_preview_of(embed), box),
    }


def _title(embed: Embed) -> str:
    """Return what an embed shows, in words; its site's name where those are not known in time.

    Raises:
        NoSuchPicture: its collection is gone.
    """
    name = ""
    if embed.collection and not embed.picks:
        name = _name_of(embed.collection, embed.query.media)
    return name or embed.query.q or current_services().config.site_name


def _name_of(collection: Pick, media: str) -> str:
    try:
        return current_services().search.about_collection(*collection, media).name
    except NoSuchPicture:
        raise
    except AgencyError:  # its pictures may come all the same
        return ""


def _short(embed: Embed, title: str, height: int) -> str:
    """Return the markup of an iframe, with words and title cut where it would be too long."""
    html = framed(embed, title, height)
    if len(html.encode()) <= MOST_HTML:
        return html
    words = unquote(percent_encode_within(embed.query.q, MOST_WORDS))
    query = embed.query.replace(q=words)
    embed = msgspec.structs.replace(embed, query=query)
    return framed(embed, cut_between_signs(title, MOST_TITLE), height)


def _preview_of(embed: Embed) -> Thumbnail | None:
    """Return a picture of those that an embed shows and the cache knows; no agency is asked.

    An empty search box has the picture of the start page: one of the first topic.
    """
    if not embed.shows_something():
        topics = current_services().config.site_topics
        query = embed.query.replace(q=topics[0] if topics else "-")
        embed = msgspec.structs.replace(embed, query=query)
    preview = builder.picture_of(embed)
    return preview.picture if preview else None


def _thumbnail(picture: Thumbnail | None, box: Box) -> dict[str, Any]:
    """Return the three fields of a thumbnail; none without a picture."""
    fitted = _fitted(picture, box) if picture else {}
    return {f"thumbnail_{name}": value for name, value in fitted.items()}


def framed(embed: Embed, title: str, height: int) -> str:
    """Return the markup of an iframe that shows an embed, as posts of WordPress embed each other.

    WordPress shows the quotation until the frame has told its height, and no frame of a stranger
    else (``wp_filter_oembed_result``); it takes ``hidden`` away, which keeps the quotation out of
    sight elsewhere. With a width in pixels themes would scale the frame, and cut it. By the
    referrer the frame learns whose page it stands on, whatever policy that page has.
    """
    markup = Markup('<blockquote hidden><a href="{}">{}</a></blockquote>')
    link = markup.format(builder.link(embed), title)
    source = absolute_url(builder.source(embed))
    shown = Markup(
        '<iframe src="{}" title="{}" width="100%" height="{}" loading="lazy" frameborder="0"'
        ' referrerpolicy="strict-origin-when-cross-origin" style="border: 0"></iframe>'
    )
    return str(link + shown.format(source, title, height))


def _found(media: str, agency: str, media_id: str) -> Media:
    found = current_services().search.details(
        agency,
        media_id,
        media=media,
        words="",
        lang=i18n.request_language(),
        site=current_services().host,
    )
    if found.media != media:
        raise NotFound
    return found


def _picture(media: Media, box: Box) -> dict[str, Any]:
    known = {
        "title": media.title,
        "author_name": media.contributor_name,
        "author_url": media.contributor_name
        and absolute_url(
            search_url("/search", contributor=media.contributor, agency=(media.agency,)),
        ),
    }
    known = {name: value for name, value in known.items() if value}
    if not _lasts(media):
        return {"type": "link", **known}
    known |= _thumbnail(media.thumbnail, box)
    if media.media == "video":
        return {"type": "link", **known}
    return {"type": "photo", **known, **_asked_for(media), **_fitted(_large(media), box)}


def _lasts(media: Media) -> bool:
    """Return whether the agency's terms let a picture's address stand on other sites."""
    every = [one.agency for one in current_services().search.configured]
    return next(one.terms.hotlink for one in every if one.name == media.agency)


def _large(media: Media) -> Thumbnail:
    """Return the larger rendition, which consumers scale down to what fits."""
    return media.preview or media.thumbnail


def _asked_for(media: Media) -> dict[str, str]:
    """Return what pages must say beside a picture, in fields of our own: credit and disclosure."""
    site = current_services()
    terms = next(
        one.agency.terms for one in site.search.configured if one.agency.name == media.agency
    )
    credit = ", ".join(filter(None, (getattr(media, name) for name in terms.show)))
    earns = disclosure.has_affiliate_link([media], site.search.configured)
    told = gettext("Links on this page earn us a commission.") if earns else ""
    return {n: text for n, text in (("credit", credit), ("disclosure", told)) if text}


def _fitted(one: Thumbnail, box: Box) -> dict[str, Any]:
    """Return where a rendition is, and its size, scaled to the box."""
    scale = min(1, (box.width or LARGEST) / one.width, (box.height or LARGEST) / one.height)
    width, height = (max(int(side * scale), 1) for side in (one.width, one.height))
    return {"url": template_helpers.absolute_url(one.url), "width": width, "height": height}


def _common() -> dict[str, Any]:
    return {
        "provider_name": current_services().config.site_name,
        "provider_url": absolute_url("/"),
        "cache_age": MAX_BROWSER_AGE,
    }


def _xml(body: Mapping[str, Any]) -> bytes:
    root = ET.Element("oembed")
    for name, value in body.items():
        ET.SubElement(root, name).text = template_helpers.drop_invalid_xml(str(value))
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
