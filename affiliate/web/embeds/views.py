"""Bloggers: the script that shows pictures on their pages, and the page for an iframe."""

import functools
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from string import ascii_letters
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_babel import force_locale, gettext

from affiliate.agencies import AGENCIES
from affiliate.config.settings import Config
from affiliate.domain.media import Collection, SearchQuery
from affiliate.domain.picks import read_collection, read_picks, to_parameters
from affiliate.domain.query import DEFAULTS, Parameters
from affiliate.errors import BadQuery, NotFound
from affiliate.search.service import Patience, SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n, openapi
from affiliate.web.caching import canonicalize_fields as canonical_answer
from affiliate.web.caching import (
    canonicalize_search,
    finish_search_response,
    read_fields,
    read_patience,
    read_search_query,
    read_words,
)
from affiliate.web.embeds import builder, oembed
from affiliate.web.embeds.frame_keys import NAME, FrameKeys
from affiliate.web.embeds.options import Embed, read_leniently
from affiliate.web.errors import content_security_policy, problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    cache_for,
    displaying_site,
)

SCRIPT_SECONDS: Final = 3600
"""For how long browsers keep the script, whose address never changes."""
PAGE_SECONDS: Final = 300
SHARED: Final = (
    "/embed.js",
    "/embed-frame.js",
    "/embed/search",
    "/oembed",
    openapi.DESCRIPTION_PATH,
)
"""What scripts of other sites may read; a sandboxed frame of this site counts as another."""
OWN_PICTURES: Final = "/static/demo/"
"""Where the site keeps pictures of its own."""
OWN: Final = "// Below: the site's own pages."
"""Where in ``embed.js`` begins what other sites' pages do without."""
UNREAD: Final = re.compile(r"^\s*(//.*|/\*\*.*\*/)?\n?", re.MULTILINE)
"""What only readers of the source want: indentation, and comments on lines of their own."""
LOOSE: Final = re.compile(r";\s*(?=})|(?<=[{},:;>])\s+|\s+(?=[{}>])")
"""Blanks around the marks of a style sheet that mean nothing there, and the last semicolons."""

SPACED: Final = re.compile(
    r"""("[^"\n]*"|'[^'\n]*'|`[^`]*`|(?<=\()/[^/\n]+/)|\s*([=<>?:&|*{}(),;!\[\]])\s*"""
)
"""A text or pattern of a script, which stays; or a mark and the blanks around it, which go."""
PRIVATE: Final = re.compile(r"^ +(?:(?:async|get) )?#(\w+)", re.MULTILINE)
"""Where a class declares a private name, which nothing outside the class can know."""
NAMED: Final = re.compile(r"#(\w+)")

blueprint = Blueprint("embeds", __name__)


def routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/embed": canonical,
        "/embed/search": canonical_results,
        "/embed.js": lambda _: "",
        "/embed-frame.js": lambda _: "",
        **oembed.routes(),
    }


def canonical(raw: bytes) -> str | None:
    """Return all that an embed may vary by, in one order; None with an agency that is not known.

    Raises:
        BadQuery: names ``q`` where there is nothing to show.
    """
    embed = Embed.from_parameters(read_leniently(raw))
    return embed.canonical() if AGENCIES.keys() >= set(embed.query.agency) else None


def canonical_results(raw: bytes) -> str | None:
    """Return what ``canonical`` does for the results of an embed.

    Raises:
        BadQuery: names ``q`` where there is nothing to show.
    """
    asked = read_leniently(raw)
    shown, told = _picked(asked), urlencode(asked, doseq=True).encode()
    if not shown:
        known = AGENCIES.keys() >= set(Embed.from_parameters(asked).query.agency)
        return canonicalize_search(told) if known else None
    return f"{urlencode(shown)}&{canonical_answer(told, 'q', 'media', 'lang')}"


def register(app: Flask) -> None:
    """Add the routes of embeds to an app."""
    app.register_blueprint(blueprint)
    app.register_blueprint(oembed.blueprint)
    app.register_blueprint(builder.blueprint)
    app.after_request(_let_in)


@blueprint.get("/embed")
def embed() -> Response:
    """An embed as a page of its own, for an iframe; it may stand on every site, or on some."""
    try:
        shown = Embed.from_parameters(_asked())
    except BadQuery as error:
        html = render_template("embed.html", embed=None, trouble=error)
        return _framed(Response(html, HTTPStatus.BAD_REQUEST))
    html = render_template(
        "embed.html",
        embed=shown,
        label=builder.label(shown),
        link=builder.path(shown),
        opening=_opening(),
    )
    return _kept(_framed(Response(html)), PAGE_SECONDS)


def keys_of(config: Config) -> FrameKeys | None:
    """Return the keys of sandboxed frames; None where all sites may embed, or nothing signs."""
    secret = config.secret_key if config.embed_sites else None
    return FrameKeys(secret.reveal()) if secret else None


def _opening() -> str:
    """Return the query string by which a sandboxed frame may load the element; often empty."""
    keys = keys_of(current_services().config)
    return f"?{NAME}={keys.current()}" if keys else ""


@blueprint.get("/embed/search")
def search() -> Response:
    """Return the results for the element, without style attributes, which strict hosts report."""
    asked = _asked()
    try:
        outcome = _found(asked)
    except NotFound as error:
        return problem_response(HTTPStatus.NOT_FOUND, error.message)
    html = render_template("_results.html", page=outcome.page, elsewhere=True)
    return finish_search_response(Response(html), outcome, asked=not _picked(asked))


def _found(asked: Parameters) -> SearchOutcome:
    """Return the pictures that were picked, else those of a collection, else of a search.

    A collection's name is shown nowhere, so that no call asks for it.

    Raises:
        NotFound: the agency of the collection is not on, or features none.
    """
    search, site = current_services().search, displaying_site()
    patience = read_patience(asked, Patience.LINGER)
    picks, collection = read_picks(asked), read_collection(asked)
    if not picks and not collection:
        return search.page(_of_known(read_search_query(asked)), patience, site=site)
    media, lang = read_fields(asked, "media").media, i18n.request_language()
    if collection and not picks:
        about = Collection(agency=collection.agency, id=collection.id, name="", media=media)
        return search.collection(about, page=1, lang=lang, patience=patience, site=site)
    query = SearchQuery(media=media, lang=lang, q=read_words(asked))
    return search.picked(picks, query, patience, site=site)


def _of_known(query: SearchQuery) -> SearchQuery:
    """Return a query without the agencies that are gone, unless that leaves none of those named.

    Embeds stand in posts for years, and owners change their agencies.
    """
    names = {one.agency.name for one in current_services().search.configured}
    return query.replace(agency=tuple(n for n in query.agency if n in names) or query.agency)


def _asked() -> Parameters:
    """Return what can be read of what the request under way asks."""
    return read_leniently(request.environ.get("QUERY_STRING", "").encode("latin-1"))


def _picked(asked: Parameters) -> Mapping[str, str]:
    return to_parameters(read_picks(asked), read_collection(asked))


@blueprint.get("/embed.js")
def script() -> Response:
    """Return the element for other sites' pages: one module at the address that bloggers paste."""
    config = current_services().config
    with force_locale(i18n.nearest_ui_language(config.site_language)):
        texts = {"search": gettext("Search"), "show": gettext("Show pictures")}
    written = json.dumps(texts, ensure_ascii=False)
    return _script(_module(current_app.static_folder or "", config.site_accent, written))


@blueprint.get("/embed-frame.js")
def frame_script() -> Response:
    """Return the script that gives iframes of this site the height that their content asks for."""
    script = Path(current_app.static_folder or "", "embed-frame.js").read_text()
    return _script(_compact(script))


@functools.cache
def _module(folder: str, accent: str, texts: str) -> str:
    """Return what every page needs of the element, its styles elsewhere, and what it does there."""
    shared, mark, _ = Path(folder, "embed.js").read_text().partition(OWN)
    styles, elsewhere = (Path(folder, name).read_text() for name in ("embed.css", "elsewhere.js"))
    if not mark:
        raise ValueError(f"embed.js lacks the line {OWN}")
    filters = " ".join(name for name in DEFAULTS if name not in {"agency", "page"})
    asked = f'const ASKED="{filters}".split(" ")'
    owned = f"{asked},accent='{accent}',texts={texts},styles=`{LOOSE.sub('', styles)}`;"
    return f"{_compact(shared)}{owned}{_compact(elsewhere)}"


def _compact(script: str) -> str:
    """Return a script without what only readers of the source want, private names in full too."""
    letters = dict(zip(dict.fromkeys(PRIVATE.findall(script)), ascii_letters, strict=False))
    short = NAMED.sub(lambda found: f"#{letters.get(found[1], found[1])}", script)
    compact = SPACED.sub(lambda found: found[1] or found[2], UNREAD.sub("", short))
    return compact.replace(";}", "}")


def _script(text: str) -> Response:
    response = Response(text, mimetype="text/javascript")
    return _kept(response, SCRIPT_SECONDS)


def _kept(response: Response, seconds: int) -> Response:
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    cache_for(seconds)
    return response


def _let_in(response: Response) -> Response:
    """Let pages load what embeds are made of that send Cross-Origin-Embedder-Policy.

    https://html.spec.whatwg.org/multipage/browsers.html#coep: agencies' pictures are theirs.
    """
    if request.blueprint == blueprint.name or request.path.startswith(OWN_PICTURES):
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _framed(response: Response) -> Response:
    """Say whose frames may show the page; ``credentialless`` lets agencies' pictures load there."""
    response.headers["Cross-Origin-Embedder-Policy"] = "credentialless"
    site = current_services()
    named = site.config.embed_sites
    ancestors = " ".join(("'self'", *named)) if named else ""
    policy = content_security_policy(site.search, ancestors=ancestors)
    response.headers["Content-Security-Policy"] = policy
    return response
