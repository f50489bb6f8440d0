"""What every template may use: addresses, assets, chips, and the site's own settings."""

import functools
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from flask import Flask, current_app, g, request
from flask_babel import format_decimal, gettext
from markupsafe import Markup

from affiliate.agencies.base import PAGE_PLACES
from affiliate.domain.media import AgencyStatus, Collection, Media, SearchQuery, Seller
from affiliate.domain.query import MEDIA, read_parameters, read_site
from affiliate.domain.topics import Topics, get_topics
from affiliate.domain.ui_languages import UI_LANGUAGE_NAMES
from affiliate.domain.words import capitalize_heading
from affiliate.errors import BadQuery
from affiliate.services import current_services
from affiliate.web import (
    accents,
    disclosure,
    filter_form,
    i18n,
    page_cache,
    previews,
)
from affiliate.web import (
    messages as texts,
)

MAX_RATIO_DIFFERENCE: Final = 0.007
"""How far a rendition's ratio may be from the tile's, so that its id bar stays outside the box."""
SITE_BLUEPRINTS: Final = ("site", "details", "collected")
"""The blueprints whose answers vary by the ``site`` that led to them."""
EMBED_ENDPOINT: Final = "embeds.embed_results"
"""The endpoint of the results that stand on other sites' pages."""
ASSET_VERSION: Final = re.compile(r"[0-9a-f]{12}")
"""The form of a static file's version (`asset_url`)."""
ROW_HEIGHT_PIXELS: Final = 220
"""The usual height of a row of pictures on a desk; on a phone it is half of that."""


def absolute_url(url: str) -> str:
    """Return an address with a host; paths, which begin with a slash, are of this site.

    SITE_URL is the base of paths. Without SITE_URL the base is the host of the request, with the
    scheme that a proxy names; nobody may keep such a response (`has_request_host`), so that a
    request with a false scheme deceives nobody else.
    """
    if not url.startswith("/"):
        return url
    base = current_services().config.site_url
    if base is None:
        g.by_host = True
        told = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
        scheme = told if told in {"http", "https"} else request.scheme
        base = f"{scheme}://{request.host}"
    return base + url


def has_request_host() -> bool:
    """Return whether the response under way holds an address made of the request's own host."""
    return bool(g.get("by_host"))


def owner_topics() -> Topics:
    """Return the owner's topics with their addresses."""
    config = current_services().config
    return get_topics(config.site_topics, config.site_language)


def agency_title(agency: str) -> str:
    """Return what visitors know an agency as."""
    every = current_services().search.configured
    return next((one.agency.title for one in every if one.agency.name == agency), agency)


def cache_for(seconds: float) -> None:
    """Let the memory tier, if there is one, replay the response under way for some seconds.

    A response of which the browser chose the language is for that browser alone.
    """
    kept = request.environ.get(page_cache.REPLAY_ENVIRON)
    if kept is not None and not i18n.is_negotiated():
        kept.seconds = seconds


def set_replay_result(*, found: bool | None) -> None:
    """Have replays of the response under way counted as found, as missed, or not at all (None)."""
    kept = request.environ.get(page_cache.REPLAY_ENVIRON)
    if kept is not None:
        kept.found = found


def register(app: Flask) -> None:
    """Give an app's templates their vocabulary."""
    app.context_processor(_template_vocabulary)
    app.add_template_filter(format_decimal, "number")


def _template_vocabulary() -> dict[str, Any]:
    """Return what every template may use."""
    site = current_services()
    agencies = [one.agency for one in site.search.enabled]
    every = [one.agency for one in site.search.configured]
    terms = {agency.name: agency.terms for agency in every}
    return {
        "accent": accents.derive_shades(site.config.site_accent),
        "address": search_url,
        "agencies": agencies,
        "agency_titles": {agency.name: agency.title for agency in every},
        "asset": asset_url,
        "chips": list_chips,
        "collection_url": collection_url,
        "capitalized": lambda text: capitalize_heading(text, site.config.site_language),
        "choices": lambda query: filter_form.list_choices(query, agencies),
        "config": site.config,
        "credit_links": credit_links,
        "earns": lambda items: disclosure.has_affiliate_link(items, site.search.configured),
        "media_url": media_url,
        "direction": i18n.text_direction,
        "duration": texts.format_duration,
        "first_earning": lambda items: disclosure.find_first_affiliate_position(
            items, site.search.configured
        ),
        "found_by": attribute_search_url,
        "has_similar": site.search.has_similar,
        "kind": texts.label_kind,
        "lang": i18n.request_language(),
        "may_earn": lambda query, late=None: disclosure.may_earn(query, site.search.enabled, late),
        "notices": list_notices,
        "page_places": PAGE_PLACES,
        "languages": UI_LANGUAGE_NAMES.items(),
        "lasting": drop_site,
        "led_from": referring_site,
        "late_text": texts.describe_late_agency,
        "place_of": destination_name,
        "preview": lambda items: previews.choose_preview(items, terms),
        "renditions": srcset_attributes,
        "spoken_summary": texts.announce_page,
        "searches_at": lambda query: site.search.search_links(query, displaying_site()),
        "searches_earn": lambda links, query: disclosure.has_affiliate_search_link(
            links, query, site.search.configured
        ),
        "see_at": gettext("See at %(agency)s", agency="{}"),
        "soon": texts.describe_retry_time,
        "ui_language": i18n.ui_language(),
        "structured": structured_data,
        "terms": terms,
        "topic_address": topic_url,
        "summary": texts.summarize_results,
        "trouble": lambda status, query: texts.describe_failure(status, query, every),
        "absolute_url": absolute_url,
    }


def search_url(route: str, query: SearchQuery | None = None, **changes: Any) -> str:  # noqa: ANN401 - any field's type
    """Return the address of a search in its language, with some of its fields changed.

    The blog that the visitor came from stays in the address, as in all that follow.
    """
    query = (query or SearchQuery()).replace(**changes)
    if query.lang is None:
        query = query.replace(lang=i18n.request_language())
    return f"{route}?{urlencode([*query.pairs(), *_site_pairs()])}"


def topic_url(topic: str) -> str:
    """Return the address of one of the owner's topics."""
    return search_url(f"/topics/{quote(owner_topics().slug(topic), safe='')}")


def drop_site(path: str) -> str:
    """Return an address as all may keep it: without the blog that the visitor came from."""
    route, _, query = path.partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "site"]
    return f"{route}?{urlencode(pairs)}" if pairs else route


def media_url(  # noqa: PLR0913 - which picture, what found it, and which of its routes
    media: Media,
    found_in: SearchQuery | None = None,
    before: str = "",
    behind: str = "",
    page: int = 1,
    *,
    position: int = 0,
) -> str:
    """Return the address of a picture's own page, with the search that it was ``found_in``.

    ``page`` is that of similar pictures, ``position`` the picture's place among the results; 0
    where it has none.
    """
    search = found_in.pairs() if found_in else []
    pairs = [pair for pair in search if pair[0] not in {"lang", "media", "page"}]
    pairs.append(("lang", i18n.request_language()))
    pairs += [("page", str(page))] if page > 1 else []
    pairs += [("position", str(position))] if position else []
    path = f"{before}/{media.media}/{media.agency}/{quote(media.id, safe='')}{behind}"
    return f"{path}?{urlencode([*pairs, *_site_pairs()])}"


def attribute_search_url(media: Media, name: str, value: str) -> str:
    """The address of what its agency has of the same contributor or category; empty if it can't."""
    agencies = [one.agency for one in current_services().search.enabled]
    query = SearchQuery(media=MEDIA[MEDIA.index(media.media)], agency=(media.agency,))
    query = query.replace(**{name: value})
    able = any(one.name == media.agency and not one.unsupported(query) for one in agencies)
    return search_url("/search", query) if able else ""


def collection_url(
    one: Collection, page: int = 1, before: str = "", behind: str = "", lang: str = ""
) -> str:
    """The address of a page of a featured collection, in the language of the request or another."""
    pairs = {"media": one.media} if one.media != "image" else {}
    pairs |= {"lang": lang or i18n.request_language()} | ({"page": str(page)} if page > 1 else {})
    pairs |= dict(_site_pairs())
    path = f"{before}/collections/{one.agency}/{quote(one.id, safe='')}{behind}"
    return f"{path}?{urlencode(pairs)}"


def srcset_attributes(media: Media) -> Markup:
    """The attributes that let the browser choose among a tile's renditions by their width."""
    ratio = media.thumbnail.width / media.thumbnail.height
    fitting = [
        one
        for one in media.renditions
        if abs(one.width / one.height / ratio - 1) < MAX_RATIO_DIFFERENCE
    ]
    if len(fitting) < 2:  # noqa: PLR2004 - a choice needs two
        return Markup()
    choice = ", ".join(f"{one.url} {round(one.width)}w" for one in fitting)
    wide = round(ratio * ROW_HEIGHT_PIXELS)
    sizes = f"(max-width: 600px) {wide // 2}px, {wide}px"
    return Markup(' srcset="{}" sizes="{}"').format(choice, sizes)


def structured_data(media: Media) -> dict[str, Any]:
    """A picture or clip as search engines read it: https://schema.org/ImageObject, VideoObject."""
    site = current_services()
    agency = next(one.agency for one in site.search.configured if one.agency.name == media.agency)
    large = media.preview or media.thumbnail
    still = {"contentUrl": absolute_url(large.url)}
    if media.media == "video":
        still = {"contentUrl": media.clip or "", "thumbnailUrl": absolute_url(large.url)}
    if not agency.terms.hotlink:
        still = {}
    name = media.contributor_name
    known = {
        "name": media.title,
        **still,
        "duration": media.duration and f"PT{round(media.duration)}S",
        "width": round(large.width),
        "height": round(large.height),
        "license": (media.license and media.license.url) or agency.license_url,
        "acquireLicensePage": absolute_url(media.page_url),
        "creditText": media.attribution or agency.title,
        "creator": name and {"@type": "Person", "name": name},
        "keywords": ", ".join(media.keywords),
    }
    type_ = "VideoObject" if media.media == "video" else "ImageObject"
    kind = {"@context": "https://schema.org", "@type": type_}
    return kind | {name: value for name, value in known.items() if value}


def drop_invalid_xml(text: str) -> str:
    """A text without what XML 1.0 can't hold in any form (section 2.2, Char)."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def digest_assets(root: str) -> str:
    """A digest of the templates, assets and translations under an application's folder."""
    made = hashlib.blake2b(digest_size=6)
    parts = ("templates/*", "static/*.*", "translations/*/*/*.mo")
    for path in sorted(found for part in parts for found in Path(root).glob(part)):
        made.update(path.read_bytes())
    return made.hexdigest()


def referring_site() -> str:
    """Return the host name of the blog that led to the current page; empty where none did.

    Its steps carry the name on.
    """
    name = _request_site()
    return "" if name == current_services().host else name


def _request_site() -> str:
    """Return the ``site`` of the request; empty for views whose answers don't vary by it."""
    if request.blueprint not in SITE_BLUEPRINTS and request.endpoint != EMBED_ENDPOINT:
        return ""
    if "named_site" not in g:
        raw = request.environ.get("QUERY_STRING", "").encode("latin-1")
        try:
            g.named_site = read_site(read_parameters(raw))
        except BadQuery:  # the current page says so
            g.named_site = ""
    name: str = g.named_site
    return name


def _site_pairs() -> list[tuple[str, str]]:
    name = referring_site()
    return [("site", name)] if name else []


def displaying_site() -> str:
    """Return the host name of the site that shows the current page's pictures.

    The name is empty where SITE_URL is unset, and in an embed on a page whose name nobody tells.
    """
    return _request_site() or (
        "" if request.endpoint == EMBED_ENDPOINT else current_services().host
    )


def asset_url(name: str) -> str:
    """The address of a static file, with its content's hash, so that it may be kept for ever."""
    return f"/static/{name}?v={_file_digest(current_app.static_folder or '', name)}"


@functools.cache
def _file_digest(folder: str, name: str) -> str:
    return hashlib.blake2b(Path(folder, name).read_bytes(), digest_size=6).hexdigest()


def credit_links(items: Sequence[Media], late: Sequence[AgencyStatus] = ()) -> Markup:
    """The sources that the items' agencies want to be named, as links with commas between.

    Those of agencies that are ``late`` too: their pictures come under what is on the screen.
    """
    asked = {
        one.agency.name: one.agency.terms.credit for one in current_services().search.configured
    }
    names = [item.agency for item in items] + [status.agency for status in late]
    named = dict.fromkeys(filter(None, map(asked.get, names)))
    link = Markup('<a href="{}" rel="noopener">{}</a>')
    return Markup(", ").join(link.format(address, text) for text, address in named)


def list_notices(items: Sequence[Media], late: Sequence[AgencyStatus] = ()) -> list[str]:
    """Return the sentences that the terms of the items' agencies ask for, each once."""
    asked = {
        one.agency.name: one.agency.terms.notice for one in current_services().search.configured
    }
    names = [item.agency for item in items] + [status.agency for status in late]
    return list(dict.fromkeys(filter(None, map(asked.get, names))))


def destination_name(media: Media, seller: Seller | None = None) -> str:
    """Return the name of the site that a picture's link, or that of one of its sellers, leads to.

    The name is for people. Of another agency's picture the link alone is known, which is its page
    unless the link is an affiliate link.
    """
    name = seller.agency if seller else media.agency
    one = next(one for one in current_services().search.configured if one.agency.name == name)
    if seller and name != media.agency:
        if one.link.is_affiliated(media.media):
            return one.agency.title
        media = msgspec.structs.replace(media, agency=name, page_url=seller.link)
    return one.agency.place_of(media)


def list_chips(query: SearchQuery) -> list[tuple[str, SearchQuery | None]]:
    """The chosen filters: a text for each, and the search without it if there is one."""
    shown = query.filters() | ({"safe"} if not query.safe else set())
    texts = {
        name: filter_form.describe_filter(name, value)
        for name, value in query.pairs()
        if name in shown
    }
    found = [(text, query.without_field(name)) for name, text in texts.items()]
    titles = {one.agency.name: one.agency.title for one in current_services().search.configured}
    for name in query.agency:
        rest = tuple(other for other in query.agency if other != name)
        found.append((titles.get(name, name), query.replace(agency=rest, page=1)))
    return [(text, rest if rest.has_criteria() else None) for text, rest in found]
