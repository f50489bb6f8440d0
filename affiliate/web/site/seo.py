"""Files for search engines and browsers: robots, sitemap, OpenSearch, suggestions, icons.

Absolute addresses begin with ``SITE_URL``. Without the setting addresses begin with the request's
host, and no cache keeps such answers.
"""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.domain.media import Collection
from affiliate.domain.query import READERS, Parameters, read_parameters, read_single
from affiliate.domain.robots import DISALLOWED_PATHS
from affiliate.domain.times import DAY_SECONDS
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.assets import asset_url
from affiliate.web.caching import (
    INCOMPLETE_MAX_AGE,
    request_parameters,
    set_caching,
)
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    absolute_url,
    collection_url,
    drop_invalid_xml,
    owner_topics,
)

SUGGESTIONS_MAX_AGE: Final = 300
MAX_SHORT_NAME: Final = 16
"""Most characters of a ShortName (OpenSearch 1.1 draft 6, "The ShortName element")."""
MAX_LONG_NAME: Final = 48
MAX_ICON_LABEL: Final = 12
"""Characters that fit under an icon on a phone's home screen."""
LIGHT_GROUND: Final = "#fbfaf8"
"""The ground of the light pages, as in ``site.css``."""

blueprint = Blueprint("seo", __name__)


class TypedWords(NamedTuple):
    """The words that a visitor has typed so far, raw and as parsed for searches; the language."""

    text: str
    words: str
    lang: str | None


class SitemapPage(NamedTuple):
    """A page in the sitemap: its absolute address, and its address in each language."""

    address: str
    alternates: dict[str, str]


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the page cache may keep, each with its canonicalizer."""
    files = ("robots.txt", "sitemap.xml", "opensearch.xml", "manifest.webmanifest", "favicon.ico")
    routes: dict[str, Canonicalizer] = {f"/{name}": lambda _: "" for name in files}
    return routes | {"/suggest": canonicalize_suggestions}


def canonicalize_suggestions(raw: bytes) -> str:
    """Canonicalize a request for suggestions, but not the typed words, which the answer repeats.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    typed = _read_typed(read_parameters(raw))
    return urlencode({"q": typed.text} | ({"lang": typed.lang} if typed.lang else {}))


def register(app: Flask) -> None:
    """Add the routes for crawlers and browsers to an app."""
    app.register_blueprint(blueprint)


@blueprint.get("/robots.txt")
def serve_robots() -> Response:
    """Return robots.txt, which allows all but HIDDEN_PATHS; RFC 9309."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in DISALLOWED_PATHS)]
    lines += ["", f"Sitemap: {absolute_url('/sitemap.xml')}", ""]
    return set_caching(Response("\n".join(lines), mimetype="text/plain"))


@blueprint.get("/sitemap.xml")
def serve_sitemap() -> Response:
    """Return the sitemap: start page, topics and featured collections; sitemaps.org 0.9."""
    featured = current_services().lookups.list_featured(0)
    pages = [*_list_site_pages(), *_list_collection_pages(featured.values)]
    xml = render_template("sitemap.xml", pages=pages)
    max_age = INCOMPLETE_MAX_AGE if featured.late else DAY_SECONDS
    return set_caching(Response(xml, mimetype="application/xml"), max_age, max_age)


@blueprint.get("/opensearch.xml")
def serve_opensearch() -> Response:
    """Return the description of the site as a browser's search engine; OpenSearch 1.1 draft 6."""
    name = drop_invalid_xml(current_services().config.site_name)
    xml = render_template(
        "opensearch.xml",
        short_name=_shorten_name(name, MAX_SHORT_NAME),
        long_name=_shorten_name(name, MAX_LONG_NAME),
        search=absolute_url("/search?q={searchTerms}"),
        suggest=absolute_url("/suggest?q={searchTerms}"),
        itself=absolute_url("/opensearch.xml"),
        icon=absolute_url("/favicon.ico"),
    )
    return set_caching(Response(xml, mimetype="application/opensearchdescription+xml"))


@blueprint.get("/suggest")
def suggest() -> Response:
    """Return searches that begin with the typed words; OpenSearch Suggestions 1.0.

    The answer echoes the words exactly as typed: browsers drop answers to other words. The store
    keeps no suggestions: answers for each typed letter would evict searches there.
    """
    typed = _read_typed(request_parameters())
    suggestions = current_services().suggestions.suggest(typed.words, i18n.request_language())
    body = msgspec.json.encode((typed.text, suggestions))
    response = Response(body, mimetype="application/x-suggestions+json")
    return set_caching(response, SUGGESTIONS_MAX_AGE, REPLAY_SECONDS)


@blueprint.get("/manifest.webmanifest")
def serve_manifest() -> Response:
    """Return the manifest of the site as an app on a home screen; W3C Web Application Manifest."""
    config = current_services().config
    name = drop_invalid_xml(config.site_name)
    body = {
        "name": name,
        "short_name": _shorten_name(name, MAX_ICON_LABEL),
        "lang": config.site_language,
        "id": "/",
        "start_url": "/",
        "display": "minimal-ui",
        "theme_color": config.site_accent,
        "background_color": LIGHT_GROUND,
        "icons": [
            _build_icon_entry("icon.svg", "any", "image/svg+xml"),
            _build_icon_entry("icon-192.png", "192x192"),
            _build_icon_entry("icon-512.png", "512x512"),
            _build_icon_entry("icon-maskable.png", "512x512") | {"purpose": "maskable"},
        ],
    }
    return set_caching(Response(msgspec.json.encode(body), mimetype="application/manifest+json"))


@blueprint.get("/favicon.ico")
def serve_favicon() -> Response:
    """Return the icon for clients that don't read the page: a PNG, which all clients can draw."""
    return set_caching(current_app.send_static_file("icon-48.png"))


def _list_site_pages() -> Iterator[SitemapPage]:
    """Yield start page and topics in each language; every version names all other versions.

    Google requires these names in "Tell Google about localized versions of your page".
    """
    for path in ("/", *(f"/topics/{quote(slug)}" for slug in owner_topics().list_slugs())):
        url = absolute_url(path)
        alternates = {lang: f"{url}?lang={lang}" for lang in UI_LANGUAGES} | {"x-default": url}
        yield from (SitemapPage(address, alternates) for address in alternates.values())


def _list_collection_pages(featured: Iterable[Collection]) -> Iterator[SitemapPage]:
    """Yield the featured collections in the site's language alone, as names are not translated."""
    lang = current_services().config.site_language
    for collection in featured:
        yield SitemapPage(absolute_url(collection_url(collection, lang=lang)), {})


def _read_typed(parameters: Parameters) -> TypedWords:
    text, lang = read_single(parameters, "q") or "", read_single(parameters, "lang")
    return TypedWords(
        text=text,
        words=READERS["q"]("q", text),
        lang=READERS["lang"]("lang", lang) if lang else None,
    )


def _build_icon_entry(name: str, sizes: str, kind: str = "image/png") -> dict[str, str]:
    return {"src": asset_url(name), "sizes": sizes, "type": kind}


def _shorten_name(name: str, max_length: int) -> str:
    """Return the first words of a name that fit, or the beginning of a longer first word."""
    return textwrap.shorten(name, max_length, placeholder="") or name[:max_length]
