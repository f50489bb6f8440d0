"""oEmbed 1.0 (https://oembed.com): the answers to sites where an address of this site is pasted.

Pages of results are ``rich``, an iframe of ``/embed``; pictures are ``photo``; clips are ``link``,
like pictures whose agency forbids hotlinking.
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
from affiliate.domain.query import (
    MAX_INTEGER,
    Parameters,
    make_integer_parser,
    read_parameters,
    read_single,
)
from affiliate.domain.site_names import read_host
from affiliate.domain.words import cut_between_signs
from affiliate.errors import AgencyError, BadQuery
from affiliate.errors import NotFound as NoSuchPicture
from affiliate.services import current_services
from affiliate.web import disclosure, i18n
from affiliate.web.caching import MAX_BROWSER_AGE, finish_response, request_parameters
from affiliate.web.embeds import builder
from affiliate.web.embeds.options import ROW_GAP, ROW_HEIGHT, Embed, read_leniently
from affiliate.web.errors import problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    absolute_url,
    drop_invalid_xml,
    owner_topics,
    search_url,
)

DEFAULT_WIDTH: Final = 640
"""Width of an iframe in pixels where the consumer gives no limit."""
MAX_SIDE: Final = 10_000
MAX_HTML_BYTES: Final = 3_999
"""Bytes of markup above which words and title are cut: Discourse shows no more."""
MAX_ENCODED_WORDS: Final = 1_000
"""Characters of percent-encoded words that fit into markup of `MAX_HTML_BYTES`."""
MAX_TITLE: Final = 100
DEFAULT_PORTS: Final = (80, 443)
"""The default ports of http and https, which addresses omit."""
FORMATS: Final = {"json": "application/json", "xml": "text/xml"}

blueprint = Blueprint("oembed", __name__)


class Box(NamedTuple):
    """The most pixels that the consumer has room for; None is no limit."""

    width: int | None
    height: int | None


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the path whose answers the page cache may keep, with its canonicalizer."""
    return {"/oembed": canonicalize_oembed}


def canonicalize_oembed(raw: bytes) -> str:
    """Return the parameters of oEmbed in canonical order.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    parameters = read_parameters(raw)
    names = ("url", "maxwidth", "maxheight", "format")
    return urlencode([(name, value) for name in names if (value := read_single(parameters, name))])


@blueprint.get("/oembed")
def answer_oembed() -> Response:
    """Answer for an address of this site: 404 for an unknown page, 401 for a private page."""
    parameters = request_parameters()
    content_type = FORMATS.get(read_single(parameters, "format") or "json")
    if content_type is None:
        return problem_response(HTTPStatus.NOT_IMPLEMENTED, "Ask for the format json or xml.")
    try:
        url = _parse_site_url(parameters)
        box = Box(_read_pixels(parameters, "maxwidth"), _read_pixels(parameters, "maxheight"))
        fields = _build_answer(url, box)
    except NoSuchPicture:
        raise NotFound from None
    except AgencyError as error:
        return problem_response(HTTPStatus.BAD_GATEWAY, error.message)
    answer = {"version": "1.0", **_build_common_fields(), **fields}
    is_json = content_type == FORMATS["json"]
    body = msgspec.json.encode(answer) if is_json else _encode_xml(answer)
    response = Response(body, mimetype=content_type)
    response.headers["Cache-Control"] = f"public, max-age={MAX_BROWSER_AGE}"
    return finish_response(response, MAX_BROWSER_AGE, answer)


def _parse_site_url(parameters: Parameters) -> SplitResult:
    """Parse ``url``, an address of this site; the result's path lacks the path of SITE_URL.

    Raises:
        BadQuery: there is no ``url``.
        NotFound: the address belongs to another site, or can't be parsed.
    """
    url = read_single(parameters, "url")
    if url is None:
        raise BadQuery("url", "Give an address of this site.")
    try:
        parts, own = urlsplit(url.strip()), urlsplit(absolute_url("/"))
        is_own_host = _parse_host(parts) == _parse_host(own)
    except ValueError:
        raise NotFound from None
    prefix = own.path.rstrip("/")
    is_web = parts.scheme in {"http", "https"}
    if not is_web or not is_own_host or not parts.path.startswith(prefix):
        raise NotFound
    return parts._replace(path=parts.path.removeprefix(prefix) or "/")


def _parse_host(parts: SplitResult) -> tuple[str, int | None]:
    """Return the host and port of an address; no host where the address has a user or password.

    The default ports of both schemes compare equal, as a proxy may stand in front of the site.

    Raises:
        ValueError: the port is no number.
    """
    host = "" if "@" in parts.netloc else read_host(parts.hostname)
    return host, None if parts.port in DEFAULT_PORTS else parts.port


def _read_pixels(parameters: Parameters, name: str) -> int | None:
    text = read_single(parameters, name)
    return make_integer_parser(1, MAX_INTEGER)(name, text) if text else None


def _build_answer(url: SplitResult, box: Box) -> dict[str, Any]:
    match url.path.split("/")[1:]:
        case [""]:
            return _build_rich_answer(_read_page_embed(url, {"kind": ["search"]}), box)
        case ["search"]:
            return _build_rich_answer(_read_page_embed(url, {}), box)
        case ["embed"]:
            return _build_rich_answer(_read_frame_embed(url), box)
        case ["topics", slug]:
            words = owner_topics().find_topic(unquote(slug))
            if words is not None:
                return _build_rich_answer(_read_page_embed(url, {"q": [words]}), box)
        case ["collections", agency, collection_id]:
            from_path = {"collection": [str(Pick(agency, unquote(collection_id)))], "ids": []}
            return _build_rich_answer(_read_page_embed(url, from_path), box)
        case ["image" | "video" as kind, agency, media_id]:
            return _build_media_answer(_fetch_media(kind, agency, unquote(media_id)), box)
        case ["owner", *_] if current_services().config.owner_password:
            raise Unauthorized("The owner's desk is private.")
    raise NotFound


def _read_page_embed(url: SplitResult, from_path: Parameters) -> Embed:
    """Return the embed of a page: ``from_path`` overrides parameters of its query."""
    try:
        return Embed.from_parameters({**read_parameters(url.query), **from_path})
    except BadQuery:
        raise NotFound from None


def _read_frame_embed(url: SplitResult) -> Embed:
    """Return the embed of a frame, whose parameters are read leniently."""
    try:
        return Embed.from_parameters(read_leniently(url.query.encode("utf-8", "surrogatepass")))
    except BadQuery:
        raise NotFound from None


def _build_rich_answer(embed: Embed, box: Box) -> dict[str, Any]:
    """Build an iframe of at most the box's size, with as many whole rows as fit."""
    max_height = box.height or MAX_SIDE
    excess_rows = max(-(-(embed.height - max_height) // (ROW_HEIGHT + ROW_GAP)), 0)
    embed = msgspec.structs.replace(embed, rows=max(embed.rows - excess_rows, 1))
    width = min(box.width or DEFAULT_WIDTH, DEFAULT_WIDTH)
    height = min(embed.height, max_height)
    title = _choose_title(embed)
    return {
        "type": "rich",
        "title": title,
        "width": width,
        "height": height,
        "html": _build_short_frame(embed, title, height),
        **_build_thumbnail_fields(_choose_thumbnail(embed), box),
    }


def _choose_title(embed: Embed) -> str:
    """Return a title for an embed: the collection's name or the words, else the site's name.

    Raises:
        NoSuchPicture: the collection is gone.
    """
    name = ""
    if embed.collection and not embed.picks:
        name = _fetch_collection_name(embed.collection, embed.query.media)
    return name or embed.query.q or current_services().config.site_name


def _fetch_collection_name(collection: Pick, media: str) -> str:
    try:
        return current_services().lookups.get_collection(*collection, media).name
    except NoSuchPicture:
        raise
    except AgencyError:  # the agency may still return the collection's pictures
        return ""


def _build_short_frame(embed: Embed, title: str, height: int) -> str:
    """Build the markup of an iframe; cut words and title where the markup would be too long."""
    html = build_quoted_frame(embed, title, height)
    if len(html.encode()) <= MAX_HTML_BYTES:
        return html
    words = unquote(percent_encode_within(embed.query.q, MAX_ENCODED_WORDS))
    query = embed.query.replace(q=words)
    embed = msgspec.structs.replace(embed, query=query)
    return build_quoted_frame(embed, cut_between_signs(title, MAX_TITLE), height)


def _choose_thumbnail(embed: Embed) -> Thumbnail | None:
    """Return a cached picture of an embed, without calling an agency.

    An empty search box has the start page's picture, which belongs to the first topic.
    """
    if not embed.shows_something():
        topics = current_services().config.site_topics
        query = embed.query.replace(q=topics[0] if topics else "-")
        embed = msgspec.structs.replace(embed, query=query)
    preview = builder.choose_picture(embed)
    return preview.picture if preview else None


def _build_thumbnail_fields(picture: Thumbnail | None, box: Box) -> dict[str, Any]:
    """Return the three fields of a thumbnail; none without a picture."""
    fields = _fit_to_box(picture, box) if picture else {}
    return {f"thumbnail_{name}": value for name, value in fields.items()}


def build_quoted_frame(embed: Embed, title: str, height: int) -> str:
    """Build the markup of an embed's iframe after a quotation, like embedded posts of WordPress.

    WordPress shows the quotation until the frame has reported its height, and shows frames of
    unknown sites in this form only (``wp_filter_oembed_result``). WordPress removes ``hidden``,
    which hides the quotation on other sites. With a width in pixels themes would scale and crop
    the frame. The referrer tells the frame the host of the embedding page, under any referrer
    policy of that page.
    """
    markup = Markup('<blockquote hidden><a href="{}">{}</a></blockquote>')
    quotation = markup.format(builder.build_page_url(embed), title)
    source = absolute_url(builder.build_frame_path(embed))
    frame = Markup(
        '<iframe src="{}" title="{}" width="100%" height="{}" loading="lazy" frameborder="0"'
        ' referrerpolicy="strict-origin-when-cross-origin" style="border: 0"></iframe>'
    )
    return str(quotation + frame.format(source, title, height))


def _fetch_media(kind: str, agency: str, media_id: str) -> Media:
    media = current_services().lookups.get_media(
        agency,
        media_id,
        media=kind,
        words="",
        lang=i18n.request_language(),
        site=current_services().host,
    )
    if media.media != kind:
        raise NotFound
    return media


def _build_media_answer(media: Media, box: Box) -> dict[str, Any]:
    fields = {
        "title": media.title,
        "author_name": media.contributor_name,
        "author_url": media.contributor_name
        and absolute_url(
            search_url("/search", contributor=media.contributor, agency=(media.agency,)),
        ),
    }
    fields = {name: value for name, value in fields.items() if value}
    if not _may_hotlink(media):
        return {"type": "link", **fields}
    fields |= _build_thumbnail_fields(media.thumbnail, box)
    if media.media == "video":
        return {"type": "link", **fields}
    picture = _fit_to_box(_choose_rendition(media), box)
    return {"type": "photo", **fields, **_list_required_notices(media), **picture}


def _may_hotlink(media: Media) -> bool:
    """Return whether the agency's terms allow a picture's address on other sites."""
    return current_services().registry.get(media.agency).agency.terms.hotlink


def _choose_rendition(media: Media) -> Thumbnail:
    """Return the larger rendition, which consumers scale down."""
    return media.preview or media.thumbnail


def _list_required_notices(media: Media) -> dict[str, str]:
    """Return the texts required beside a picture, in fields outside oEmbed: credit, disclosure."""
    registry = current_services().registry
    terms = registry.get(media.agency).agency.terms
    credit = ", ".join(filter(None, (getattr(media, name) for name in terms.show)))
    earns = disclosure.has_affiliate_link([media], registry)
    notice = gettext("Links on this page earn us a commission.") if earns else ""
    return {n: text for n, text in (("credit", credit), ("disclosure", notice)) if text}


def _fit_to_box(picture: Thumbnail, box: Box) -> dict[str, Any]:
    """Return a rendition's address, and its size scaled to the box."""
    scale = min(
        1, (box.width or MAX_SIDE) / picture.width, (box.height or MAX_SIDE) / picture.height
    )
    width, height = (max(int(side * scale), 1) for side in (picture.width, picture.height))
    return {"url": absolute_url(picture.url), "width": width, "height": height}


def _build_common_fields() -> dict[str, Any]:
    return {
        "provider_name": current_services().config.site_name,
        "provider_url": absolute_url("/"),
        "cache_age": MAX_BROWSER_AGE,
    }


def _encode_xml(fields: Mapping[str, Any]) -> bytes:
    root = ET.Element("oembed")
    for name, value in fields.items():
        ET.SubElement(root, name).text = drop_invalid_xml(str(value))
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml
