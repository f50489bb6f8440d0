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
from affiliate.domain.query import READERS, read_parameters, single
from affiliate.domain.robots import HIDDEN
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.services import current_services
from affiliate.web import i18n, template_helpers
from affiliate.web.caching import SOON
from affiliate.web.page_cache import Canonical
from affiliate.web.template_helpers import (
    absolute,
    cache_for,
)

DAY: Final = 86400
SUGGEST_SECONDS: Final = 300
SHORT_NAME: Final = 16
"""The longest ShortName (OpenSearch 1.1 draft 6, "The ShortName element")."""
LONG_NAME: Final = 48
LABEL: Final = 12
"""What fits under an icon of a phone's home screen."""
GROUND: Final = "#fbfaf8"
"""The ground of the light pages, as in ``site.css``."""

blueprint = Blueprint("crawlers", __name__)


class Typed(NamedTuple):
    """What a visitor has typed so far, as it is and as searches have it; the language if said."""

    text: str
    words: str
    lang: str | None


class Page(NamedTuple):
    """A page in the sitemap: its absolute address, and its address in each language."""

    address: str
    alternates: dict[str, str]


def routes() -> dict[str, Canonical]:
    """The paths whose answers the memory tier may keep, and what each of them reads."""
    files = ("robots.txt", "sitemap.xml", "opensearch.xml", "manifest.webmanifest", "favicon.ico")
    nothing: dict[str, Canonical] = {f"/{name}": lambda _: "" for name in files}
    return nothing | {"/suggest": canonical_typed}


def canonical_typed(raw: bytes) -> str:
    """Return what suggestions vary by: the language, and the words as typed, for they are echoed.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    typed = _typed(raw)
    return urlencode({"q": typed.text} | ({"lang": typed.lang} if typed.lang else {}))


def register(app: Flask) -> None:
    """Add the routes of crawlers and browsers to an app."""
    app.register_blueprint(blueprint)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Everything may be crawled but what is not for people; RFC 9309."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in HIDDEN)]
    lines += ["", f"Sitemap: {absolute('/sitemap.xml')}", ""]
    return _lasting(Response("\n".join(lines), mimetype="text/plain"))


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """The start page, the topics and the featured collections; sitemaps.org 0.9."""
    known = current_services().search.featured(0)
    pages = [*_pages(), *_collections(known.values)]
    xml = render_template("sitemap.xml", pages=pages)
    life = SOON if known.late else DAY
    return _lasting(Response(xml, mimetype="application/xml"), life, life)


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """The site as a search engine that browsers can add; OpenSearch 1.1 draft 6."""
    name = template_helpers.plain(current_services().config.site_name)
    xml = render_template(
        "opensearch.xml",
        short_name=_shortened(name, SHORT_NAME),
        long_name=_shortened(name, LONG_NAME),
        search=absolute("/search?q={searchTerms}"),
        suggest=absolute("/suggest?q={searchTerms}"),
        itself=absolute("/opensearch.xml"),
        icon=absolute("/favicon.ico"),
    )
    return _lasting(Response(xml, mimetype="application/opensearchdescription+xml"))


@blueprint.get("/suggest")
def suggest() -> Response:
    """Searches that begin with the words; OpenSearch Suggestions 1.0.

    The words come back exactly as typed: browsers drop an answer to other words than theirs.
    What is typed letter by letter must not push searches out of the store, so it isn't kept there.
    """
    typed = _typed(request.environ.get("QUERY_STRING", "").encode("latin-1"))
    found = current_services().suggestions.of(typed.words, i18n.request_language())
    body = msgspec.json.encode((typed.text, found))
    response = Response(body, mimetype="application/x-suggestions+json")
    return _lasting(response, SUGGEST_SECONDS, REPLAY_SECONDS)


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """The site as an app on a home screen; W3C Web Application Manifest."""
    config = current_services().config
    name = template_helpers.plain(config.site_name)
    body = {
        "name": name,
        "short_name": _shortened(name, LABEL),
        "lang": config.site_language,
        "id": "/",
        "start_url": "/",
        "display": "minimal-ui",
        "theme_color": config.site_accent,
        "background_color": GROUND,
        "icons": [
            _icon("icon.svg", "any", "image/svg+xml"),
            _icon("icon-192.png", "192x192"),
            _icon("icon-512.png", "512x512"),
            _icon("icon-maskable.png", "512x512") | {"purpose": "maskable"},
        ],
    }
    return _lasting(Response(msgspec.json.encode(body), mimetype="application/manifest+json"))


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """The icon for whoever asks without reading the page; a PNG, which all of them draw."""
    return _lasting(current_app.send_static_file("icon-48.png"))


def _lasting(response: Response, public: int = DAY, own: float = DAY) -> Response:
    """Let everyone keep the response for some seconds, unless the request's host stands in it.

    ``own`` is for how long this site itself may; up to ``REPLAY_SECONDS`` it goes into no store.
    """
    response.add_etag()
    if template_helpers.by_host():
        response.headers["Cache-Control"] = "private, no-cache"
    else:
        response.headers["Cache-Control"] = f"public, max-age={public}"
        cache_for(own)
    return response


def _pages() -> Iterator[Page]:
    """The pages in each of their languages: every version has to name all the others.

    So Google asks for in "Tell Google about localized versions of your page".
    """
    for path in ("/", *(f"/topics/{quote(slug)}" for slug in template_helpers.topics().slugs())):
        whole = absolute(path)
        alternates = {lang: f"{whole}?lang={lang}" for lang in UI_LANGUAGES} | {"x-default": whole}
        yield from (Page(address, alternates) for address in alternates.values())


def _collections(featured: Iterable[Collection]) -> Iterator[Page]:
    """The featured collections, whose names have one language, in the site's own."""
    for one in featured:
        yield Page(
            absolute(
                template_helpers.collection_url(one, lang=current_services().config.site_language)
            ),
            {},
        )


def _typed(raw: bytes) -> Typed:
    parameters = read_parameters(raw)
    text, lang = single(parameters, "q") or "", single(parameters, "lang")
    return Typed(
        text=text,
        words=READERS["q"]("q", text),
        lang=READERS["lang"]("lang", lang) if lang else None,
    )


def _icon(name: str, sizes: str, kind: str = "image/png") -> dict[str, str]:
    return {"src": template_helpers.asset(name), "sizes": sizes, "type": kind}


def _shortened(name: str, most: int) -> str:
    """The first words of a name, or of its one long word as much as fits."""
    return textwrap.shorten(name, most, placeholder="") or name[:most]
