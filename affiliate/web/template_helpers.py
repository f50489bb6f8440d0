"""The vocabulary of all templates: addresses, chips, and the site's own settings."""

import functools
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from flask import Flask, g, request
from flask_babel import format_decimal, gettext
from markupsafe import Markup, escape

from affiliate.agencies.base import PAGE_PLACES, Agency
from affiliate.domain.media import AgencyStatus, Collection, Media, SearchQuery, Seller
from affiliate.domain.query import MEDIA
from affiliate.domain.topics import Topics, get_topics
from affiliate.domain.ui_languages import UI_LANGUAGE_NAMES
from affiliate.domain.url_encoding import encode_pairs, encode_path_part
from affiliate.domain.words import capitalize_heading
from affiliate.search.links import list_search_links
from affiliate.services import current_services
from affiliate.web import (
    accents,
    attributions,
    disclosure,
    filter_form,
    i18n,
    messages,
    page_cache,
    previews,
    site_identity,
)
from affiliate.web.assets import asset_url
from affiliate.web.related_searches import list_related_searches, list_shorter_searches
from affiliate.web.request_context import EMBED_ENDPOINT, current_context

MAX_RATIO_DIFFERENCE: Final = 0.007
"""Greatest difference of a rendition's ratio to the tile's; more would show the id bar."""
ROW_HEIGHT_PIXELS: Final = 220
"""Usual height of a row of pictures on a desk; on phones half of it, on wide screens half more."""


def absolute_url(url: str) -> str:
    """Return an absolute address; addresses that begin with a slash are paths of this site.

    SITE_URL is the base of paths. Without SITE_URL the base is the host of the request, with the
    scheme of the proxy's header. No cache may keep such a response (`has_request_host`), so that a
    request with a false scheme deceives its own sender alone.
    """
    if not url.startswith("/"):
        return url
    base = current_services().config.site_url
    if base is None:
        g.has_request_host = True
        header = request.headers.get("X-Forwarded-Proto", "")
        forwarded_scheme = header.partition(",")[0].strip().lower()
        scheme = forwarded_scheme if forwarded_scheme in {"http", "https"} else request.scheme
        base = f"{scheme}://{request.host}"
    return base + url


def has_request_host() -> bool:
    """Return whether the current response contains an address with the request's own host."""
    return bool(g.get("has_request_host"))


def owner_topics() -> Topics:
    """Return the owner's topics with their addresses."""
    config = current_services().config
    return get_topics(config.site_topics, config.site_language)


def agency_title(agency: str) -> str:
    """Return an agency's title for visitors by its name; the name itself if unknown."""
    source = current_services().registry.find(agency)
    return source.agency.title if source else agency


def _agency_titles() -> dict[str, str]:
    """Return the titles of all configured agencies, by name."""
    return {agency.name: agency.title for agency in _configured_agencies()}


def _configured_agencies() -> list[Agency]:
    """Return all configured agencies, including agencies that are switched off."""
    return [configured.agency for configured in current_services().registry.configured]


def cache_for(seconds: float) -> None:
    """Let the page cache, if there is one, replay the current response for some seconds.

    A response with a negotiated language is for the request's own browser alone.
    """
    terms = request.environ.get(page_cache.REPLAY_ENVIRON)
    if terms is not None and not i18n.is_negotiated():
        terms.seconds = seconds


def set_replay_result(*, has_results: bool | None) -> None:
    """Have replays of the current response counted with results, without any, or never (None)."""
    terms = request.environ.get(page_cache.REPLAY_ENVIRON)
    if terms is not None:
        terms.has_results = has_results


def register_vocabulary(app: Flask) -> None:
    """Add the vocabulary to an app's templates."""
    app.context_processor(_template_vocabulary)
    app.add_template_filter(format_decimal, "number")


def _template_vocabulary() -> dict[str, Any]:
    """Return the functions and values that every template may use, by name."""
    services = current_services()
    config, registry = services.config, services.registry
    agencies = [enabled.agency for enabled in registry.enabled]
    configured = _configured_agencies()
    terms = {agency.name: agency.terms for agency in configured}
    return {
        "_": i18n.make_page_translator(),
        "accent": accents.derive_shades(config.site_accent),
        "address": search_url,
        "agencies": agencies,
        "agency_titles": _agency_titles(),
        "asset": asset_url,
        "chips": list_chips,
        "collection_url": collection_url,
        "capitalized": lambda text: capitalize_heading(text, config.site_language),
        "choices": lambda query: filter_form.list_choices(query, agencies),
        "config": config,
        "credit_links": credit_links,
        "price": messages.format_credits,
        "credit_of": lambda item: attributions.build_credit(item, registry.get(item.agency).agency),
        "earns": lambda items: disclosure.has_affiliate_link(items, registry),
        "media_tabs": lambda query: filter_form.list_media_tabs(query, agencies),
        "media_url": functools.partial(
            media_url, lang=i18n.request_language(), site=referring_site()
        ),
        "direction": i18n.text_direction,
        "duration": messages.format_duration,
        "first_earning": lambda items: disclosure.find_first_affiliate_position(items, registry),
        "filter_gaps": lambda query: filter_form.list_gaps(query, agencies),
        "found_by": attribute_search_url,
        "free_agencies": {agency.name for agency in configured if agency.is_free},
        "has_similar": registry.has_similar,
        "kind": messages.label_kind,
        "known_total": lambda q: messages.format_known_total(services.search.find_known_total(q)),
        "lang": i18n.request_language(),
        "may_earn": lambda query, late=None: disclosure.may_earn(query, registry.enabled, late),
        "notices": list_notices,
        "page_places": PAGE_PLACES,
        "languages": UI_LANGUAGE_NAMES.items(),
        "lasting": drop_site,
        "led_from": referring_site,
        "owner_links": lambda: site_identity.list_owner_links(search_url),
        "late_text": messages.describe_late_agency,
        "place_of": destination_name,
        "related_searches": list_related_searches,
        "preview": lambda items: previews.choose_preview(items, terms),
        "renditions": srcset_attributes,
        "shorter_searches": lambda query: list_shorter_searches(
            query, services.search.find_known_total
        ),
        "spoken_summary": messages.announce_page,
        "searches_at": lambda query: list_search_links(registry, query, displaying_site()),
        "searches_earn": lambda links, query: disclosure.has_affiliate_search_link(
            links, query, registry.configured
        ),
        "see_at": gettext("See at %(agency)s", agency="{}"),
        "soon": messages.describe_retry_time,
        "ui_language": i18n.ui_language(),
        "structured": structured_data,
        "terms": terms,
        "topic_address": topic_url,
        "describe_site": site_identity.describe_site,
        "summary": messages.summarize_results,
        "troubles": lambda statuses, q: messages.describe_troubles(statuses, q, configured),
        "absolute_url": absolute_url,
    }


def search_url(route: str, query: SearchQuery | None = None, **changes: Any) -> str:  # noqa: ANN401 - any field's type
    """Return the address of a search in its language, with some of its fields changed.

    The address also names the blog that the visitor came from, if any.
    """
    query = (query or SearchQuery()).replace(**changes)
    if query.lang is None:
        query = query.replace(lang=i18n.request_language())
    return f"{route}?{encode_pairs([*query.to_pairs(), *_site_pairs()])}"


def topic_url(topic: str) -> str:
    """Return the address of one of the owner's topics."""
    return search_url(f"/topics/{quote(owner_topics().get_slug(topic), safe='')}")


def drop_site(path: str) -> str:
    """Return an address without the blog that the visitor came from, valid for all visitors."""
    route, _, query = path.partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "site"]
    return f"{route}?{urlencode(pairs)}" if pairs else route


def media_url(  # noqa: PLR0913 - the picture, its search, its route, and the page
    media: Media,
    found_in: SearchQuery | None = None,
    prefix: str = "",
    suffix: str = "",
    page: int = 1,
    *,
    position: int = 0,
    lang: str,
    site: str,
) -> str:
    """Return the address of a picture's own page, with the search ``found_in``, its source.

    ``prefix`` and ``suffix`` make up other routes of the picture. ``page`` is the page of similar
    pictures, ``position`` the picture's place among the results; 0 without a place. ``site`` is
    the blog that the visitor came from; empty without a blog.
    """
    own_pairs = [("page", str(page))] if page > 1 else []
    own_pairs += [("position", str(position))] if position else []
    own_pairs += [("site", site)] if site else []
    path = f"{prefix}/{media.media}/{media.agency}/{encode_path_part(media.id)}{suffix}"
    source = _encode_source(found_in, lang)
    return f"{path}?{source}{'&' if own_pairs else ''}{encode_pairs(own_pairs)}"


@functools.lru_cache(maxsize=64)
def _encode_source(found_in: SearchQuery | None, lang: str) -> str:
    """Return the query string that the addresses of all pictures of a search have in common."""
    source = found_in.to_pairs() if found_in else []
    pairs = [pair for pair in source if pair[0] not in {"lang", "media", "page"}]
    return encode_pairs([*pairs, ("lang", lang)])


def attribute_search_url(media: Media, name: str, value: str) -> str:
    """Return the address of a search at the picture's agency for a contributor or category.

    The address is empty where the agency doesn't support this search.
    """
    source = current_services().registry.find_enabled(media.agency)
    query = SearchQuery(media=MEDIA[MEDIA.index(media.media)], agency=(media.agency,))
    query = query.replace(**{name: value})
    is_supported = source is not None and not source.agency.list_unsupported_filters(query)
    return search_url("/search", query) if is_supported else ""


def collection_url(
    collection: Collection, page: int = 1, prefix: str = "", suffix: str = "", lang: str = ""
) -> str:
    """Return the address of a page of a featured collection, by default in the request's language.

    ``prefix`` and ``suffix`` make up other routes of the collection.
    """
    pairs = {"media": collection.media} if collection.media != "image" else {}
    pairs |= {"lang": lang or i18n.request_language()} | ({"page": str(page)} if page > 1 else {})
    pairs |= dict(_site_pairs())
    path = f"{prefix}/collections/{collection.agency}/{quote(collection.id, safe='')}{suffix}"
    return f"{path}?{urlencode(pairs)}"


def srcset_attributes(media: Media, *, is_embedded: bool = False) -> Markup:
    """Return the attributes for a tile's choice of a file; rows of embeds grow on no screen."""
    ratio = media.thumbnail.width / media.thumbnail.height
    renditions = [
        rendition
        for rendition in media.renditions
        if abs(rendition.width / rendition.height / ratio - 1) < MAX_RATIO_DIFFERENCE
    ]
    if len(renditions) < 2:  # noqa: PLR2004 - a choice needs two
        return Markup()
    srcset = ", ".join(f"{rendition.url} {round(rendition.width)}w" for rendition in renditions)
    width = round(ratio * ROW_HEIGHT_PIXELS)
    wide = "" if is_embedded else f"(min-width: 1900px) {width * 3 // 2}px, "
    sizes = f"(max-width: 600px) {width // 2}px, {wide}{width}px"
    return Markup(f' srcset="{escape(srcset)}" sizes="{sizes}"')  # noqa: S704 - sizes are numbers


def structured_data(media: Media) -> dict[str, Any]:
    """Return a picture or clip for search engines: https://schema.org/ImageObject, VideoObject."""
    agency = current_services().registry.get(media.agency).agency
    large = media.preview or media.thumbnail
    files = {"contentUrl": absolute_url(large.url)}
    if media.media == "video":
        files = {"contentUrl": media.clip or "", "thumbnailUrl": absolute_url(large.url)}
    if not agency.terms.hotlink:
        files = {}
    name = media.contributor_name
    properties = {
        "name": media.title,
        **files,
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
    header = {"@context": "https://schema.org", "@type": type_}
    return header | {name: value for name, value in properties.items() if value}


def drop_invalid_xml(text: str) -> str:
    """Return a text without characters that XML 1.0 forbids in any form (section 2.2, Char)."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def referring_site() -> str:
    """Return the host name of the blog that led to the current page; empty without a blog.

    Links on the page pass the name on.
    """
    name = current_context().site
    return "" if name == current_services().host else name


def _site_pairs() -> list[tuple[str, str]]:
    name = referring_site()
    return [("site", name)] if name else []


def displaying_site() -> str:
    """Return the host name of the site that shows the current page's pictures.

    The name is empty without SITE_URL, and in an embed whose ``site`` is unknown.
    """
    return current_context().site or (
        "" if request.endpoint == EMBED_ENDPOINT else current_services().host
    )


def credit_links(items: Sequence[Media], late: Sequence[AgencyStatus] = ()) -> Markup:
    """Return the credits required by the items' agencies, as links with commas between.

    Credits of ``late`` agencies are included, as their pictures are added to the page later.
    """
    credit_by_name = {agency.name: agency.terms.credit for agency in _configured_agencies()}
    names = [item.agency for item in items] + [status.agency for status in late]
    credits_ = dict.fromkeys(filter(None, map(credit_by_name.get, names)))
    link = Markup('<a href="{}" rel="noopener">{}</a>')
    return Markup(", ").join(link.format(address, text) for text, address in credits_)


def list_notices(items: Sequence[Media], late: Sequence[AgencyStatus] = ()) -> list[str]:
    """Return the sentences that the terms of the items' agencies require, each once."""
    notice_by_name = {agency.name: agency.terms.notice for agency in _configured_agencies()}
    names = [item.agency for item in items] + [status.agency for status in late]
    return list(dict.fromkeys(filter(None, map(notice_by_name.get, names))))


def destination_name(media: Media, seller: Seller | None = None) -> str:
    """Return the name, for people, of the site behind a picture's link or a seller's link.

    Of a seller at another agency the link alone is known: the picture's page there, or an
    affiliate link.
    """
    name = seller.agency if seller else media.agency
    configured = current_services().registry.get(name)
    if seller and name != media.agency:
        if configured.link.is_affiliated(media.media):
            return configured.agency.title
        media = msgspec.structs.replace(media, agency=name, page_url=seller.link)
    return configured.agency.get_site_title(media)


def list_chips(query: SearchQuery) -> list[tuple[str, SearchQuery | None]]:
    """List the chosen filters: a text for each, and the search without the filter if possible."""
    filters = query.list_filters() | ({"safe"} if not query.safe else set())
    texts = {
        name: filter_form.describe_filter(name, value)
        for name, value in query.to_pairs()
        if name in filters
    }
    chips = [(text, query.without_field(name)) for name, text in texts.items()]
    titles = _agency_titles()
    for name in query.agency:
        remaining = tuple(agency for agency in query.agency if agency != name)
        chips.append((titles.get(name, name), query.replace(agency=remaining, page=1)))
    return [(text, rest if rest.has_criteria() else None) for text, rest in chips]
