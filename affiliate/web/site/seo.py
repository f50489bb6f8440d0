"""What search engines and browsers ask for: robots, sitemap, search engine, suggestions, icons.

Absolute addresses come from ``SITE_URL``. Without it the request's host stands in them, and such
answers are kept by no tier.
"""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template, request

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.domain.media import Collection
from affiliate.domain.query import READERS, read_parameters, read_single
from affiliate.domain.robots import HIDDEN_PATHS
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.services import current_services
from affiliate.web import i18n, template_helpers
from affiliate.web.caching import INCOMPLETE_MAX_AGE
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    absolute_url,
    cache_for,
)

DAY_SECONDS: Final = 86400
SUGGESTIONS_MAX_AGE: Final = 300
MAX_SHORT_NAME: Final = 16
"""The longest ShortName (OpenSearch 1.1 draft 6, "The ShortName element")."""
MAX_LONG_NAME: Final = 48
MAX_ICON_LABEL: Final = 12
"""What fits under an icon of a phone's home screen."""
LIGHT_GROUND: Final = "#fbfaf8"
"""The ground of the light pages, as in ``site.css``."""

blueprint = Blueprint("crawlers", __name__)


class TypedWords(NamedTuple):
    """What a visitor has typed so far, as it is and as searches have it; the language if said."""

    text: str
    words: str
    lang: str | None


class SitemapPage(NamedTuple):
    """A page in the sitemap: its absolute address, and its address in each language."""

    address: str
    alternates: dict[str, str]


def page_cache_routes() -> dict[str, Canonicalizer]:
    """The paths whose answers the memory tier may keep, and what each of them reads."""
    files = ("robots.txt", "sitemap.xml", "opensearch.xml", "manifest.webmanifest", "favicon.ico")
    nothing: dict[str, Canonicalizer] = {f"/{name}": lambda _: "" for name in files}
    return nothing | {"/suggest": canonicalize_typed}


def canonicalize_typed(raw: bytes) -> str:
    """Return what suggestions vary by: the language, and the words as typed, for they are echoed.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    typed = _read_typed(raw)
    return urlencode({"q": typed.text} | ({"lang": typed.lang} if typed.lang else {}))


def register(app: Flask) -> None:
    """Add the routes of crawlers and browsers to an app."""
    app.register_blueprint(blueprint)


@blueprint.get("/robots.txt")
def serve_robots() -> Response:
    """Everything may be crawled but what is not for people; RFC 9309."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in HIDDEN_PATHS)]
    lines += ["", f"Sitemap: {absolute_url('/sitemap.xml')}", ""]
    return _set_caching(Response("\n".join(lines), mimetype="text/plain"))


@blueprint.get("/sitemap.xml")
def serve_sitemap() -> Response:
    """The start page, the topics and the featured collections; sitemaps.org 0.9."""
    known = current_services().search.featured(0)
    pages = [*_list_site_pages(), *_list_collection_pages(known.values)]
    xml = render_template("sitemap.xml", pages=pages)
    life = INCOMPLETE_MAX_AGE if known.late else DAY_SECONDS
    return _set_caching(Response(xml, mimetype="application/xml"), life, life)


@blueprint.get("/opensearch.xml")
def serve_opensearch() -> Response:
    """The site as a search engine that browsers can add; OpenSearch 1.1 draft 6."""
    name = template_helpers.drop_invalid_xml(current_services().config.site_name)
    xml = render_template(
        "opensearch.xml",
        short_name=_shorten_name(name, MAX_SHORT_NAME),
        long_name=_shorten_name(name, MAX_LONG_NAME),
        search=absolute_url("/search?q={searchTerms}"),
        suggest=absolute_url("/suggest?q={searchTerms}"),
        itself=absolute_url("/opensearch.xml"),
        icon=absolute_url("/favicon.ico"),
    )
    return _set_caching(Response(xml, mimetype="application/opensearchdescription+xml"))


@blueprint.get("/suggest")
def suggest() -> Response:
    """Searches that begin with the words; OpenSearch Suggestions 1.0.

    The words come back exactly as typed: browsers drop an answer to other words than theirs.
    What is typed letter by letter must not push searches out of the store, so it isn't kept there.
    """
    typed = _read_typed(request.environ.get("QUERY_STRING", "").encode("latin-1"))
    found = current_services().suggestions.of(typed.words, i18n.request_language())
    body = msgspec.json.encode((typed.text, found))
    response = Response(body, mimetype="application/x-suggestions+json")
    return _set_caching(response, SUGGESTIONS_MAX_AGE, REPLAY_SECONDS)


@blueprint.get("/manifest.webmanifest")
def serve_manifest() -> Response:
    """The site as an app on a home screen; W3C Web Application Manifest."""
    config = current_services().config
    name = template_helpers.drop_invalid_xml(config.site_name)
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
            _icon_entry("icon.svg", "any", "image/svg+xml"),
            _icon_entry("icon-192.png", "192x192"),
            _icon_entry("icon-512.png", "512x512"),
            _icon_entry("icon-maskable.png", "512x512") | {"purpose": "maskable"},
        ],
    }
    return _set_caching(Response(msgspec.json.encode(body), mimetype="application/manifest+json"))


@blueprint.get("/favicon.ico")
def serve_favicon() -> Response:
    """The icon for whoever asks without reading the page; a PNG, which all of them draw."""
    return _set_caching(current_app.send_static_file("icon-48.png"))


def _set_caching(
    response: Response, public: int = DAY_SECONDS, own: float = DAY_SECONDS
) -> Response:
    """Let everyone keep the response for some seconds, unless the request's host stands in it.

    ``own`` is for how long this site itself may; up to ``REPLAY_SECONDS`` it goes into no store.
    """
    response.add_etag()
    if template_helpers.has_request_host():
        response.headers["Cache-Control"] = "private, no-cache"
    else:
        response.headers["Cache-Control"] = f"public, max-age={public}"
        cache_for(own)
    return response


def _list_site_pages() -> Iterator[SitemapPage]:
    """The pages in each of their languages: every version has to name all the others.

    So Google asks for in "Tell Google about localized versions of your page".
    """
    for path in (
        "/",
        *(f"/topics/{quote(slug)}" for slug in template_helpers.owner_topics().slugs()),
    ):
        whole = absolute_url(path)
        alternates = {lang: f"{whole}?lang={lang}" for lang in UI_LANGUAGES} | {"x-default": whole}
        yield from (SitemapPage(address, alternates) for address in alternates.values())


def _list_collection_pages(featured: Iterable[Collection]) -> Iterator[SitemapPage]:
    """The featured collections, whose names have one language, in the site's own."""
    for one in featured:
        yield SitemapPage(
            absolute_url(
                template_helpers.collection_url(one, lang=current_services().config.site_language)
            ),
            {},
        )


def _read_typed(raw: bytes) -> TypedWords:
    parameters = read_parameters(raw)
    text, lang = read_single(parameters, "q") or "", read_single(parameters, "lang")
    return TypedWords(
        text=text,
        words=READERS["q"]("q", text),
        lang=READERS["lang"]("lang", lang) if lang else None,
    )


def _icon_entry(name: str, sizes: str, kind: str = "image/png") -> dict[str, str]:
    return {"src": template_helpers.asset_url(name), "sizes": sizes, "type": kind}


def _shorten_name(name: str, most: int) -> str:
    """The first words of a name, or of its one long word as much as fits."""
    return textwrap.shorten(name, most, placeholder="") or name[:most]
