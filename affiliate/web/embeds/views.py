"""The script that shows pictures on blogs, its results, and the embed as a page for an iframe."""

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
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.caching import (
    encode_fields,
    finish_search_response,
    read_fields,
    read_patience,
    read_search_query,
    read_words,
)
from affiliate.web.embeds import builder, oembed
from affiliate.web.embeds.frame_keys import KEY_PARAMETER, FrameKeys
from affiliate.web.embeds.options import SUBJECTS, Embed, clean_parameters, read_leniently
from affiliate.web.errors import content_security_policy, problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.request_context import current_context
from affiliate.web.template_helpers import (
    cache_for,
    displaying_site,
)

SCRIPT_MAX_AGE: Final = 3600
"""Seconds for which browsers keep the script, whose address never changes."""
EMBED_MAX_AGE: Final = 300
CORS_PATHS: Final = ("/embed.js", "/embed-frame.js", "/embed/search", "/oembed")
"""Paths that scripts of other sites may read; a sandboxed frame of this site is another site."""
DEMO_PATHS: Final = ("/static/demo/", "/static/demo-shop/")
"""Beginning of the paths of the site's own pictures."""
OWN_PAGES_LINE: Final = "// Below: the site's own pages."
"""The line of ``embed.js`` before the part that pages of other sites do not need."""
COMMENTS_AND_INDENTS: Final = re.compile(r"^\s*(//.*|/\*\*.*\*/)?\n?", re.MULTILINE)
"""Indentation, and comments on lines of their own, which only readers of the source need."""
STYLE_BLANKS: Final = re.compile(r";\s*(?=})|(?<=[{},:;>])\s+|\s+(?=[{}>])")
"""Insignificant blanks around the marks of a style sheet, and the last semicolons of blocks."""

SCRIPT_BLANKS: Final = re.compile(
    r"""("[^"\n]*"|'[^'\n]*'|`[^`]*`|(?<=\()/[^/\n]+/)|\s*([-+=<>?:&|*{}(),;!\[\]])\s*"""
)
"""A string or pattern of a script, which is kept; or a mark with blanks around it to drop."""
LONE_PARAMETER: Final = re.compile(r"\((\w+)\)=>")
"""The only parameter of an arrow function, whose parentheses have no meaning."""
FUNCTION_NAME: Final = re.compile(r"\bfunction (\w+)")
"""The declaration of a function."""
PRIVATE_DECLARATION: Final = re.compile(r"^ +(?:(?:async|get) )?#(\w+)", re.MULTILINE)
"""The declaration of a class's private name, which no code outside the class can use."""
PRIVATE_NAME: Final = re.compile(r"#(\w+)")

blueprint = Blueprint("embeds", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the page cache may keep, each with its canonicalizer."""
    return {
        "/embed": canonicalize_embed,
        "/embed/search": canonicalize_results,
        "/embed.js": lambda _: "",
        "/embed-frame.js": lambda _: "",
        **oembed.page_cache_routes(),
    }


def canonicalize_embed(raw: bytes) -> str | None:
    """Return an embed's canonical query string; None where the query names an unknown agency.

    Raises:
        BadQuery: names ``q`` where a search has no criteria and visitors can't type any.
    """
    embed = Embed.from_parameters(read_leniently(raw))
    return embed.to_query_string() if AGENCIES.keys() >= set(embed.query.agency) else None


def canonicalize_results(raw: bytes) -> str | None:
    """Return the canonical query string of results; None where a search names an unknown agency.

    Raises:
        BadQuery: names ``q`` where a search has no criteria and visitors can't type any.
    """
    parameters = read_leniently(raw)
    selection = _list_selection(parameters)
    if not selection:
        is_known = AGENCIES.keys() >= set(Embed.from_parameters(parameters).query.agency)
        return encode_fields(parameters) if is_known else None
    return f"{urlencode(selection)}&{encode_fields(parameters, 'q', 'media', 'lang')}"


def register(app: Flask) -> None:
    """Add the routes of embeds, oEmbed and the builder to an app."""
    app.register_blueprint(blueprint)
    app.register_blueprint(oembed.blueprint)
    app.register_blueprint(builder.blueprint)
    app.after_request(_allow_cross_origin)


@blueprint.get("/embed")
def embed_page() -> Response:
    """Return an embed as a page for an iframe, on every site or on those of EMBED_SITES."""
    try:
        embed = Embed.from_parameters(_read_parameters())
    except BadQuery as error:
        html = render_template("embed.html", embed=None, trouble=error)
        return _allow_framing(Response(html, HTTPStatus.BAD_REQUEST))
    html = render_template(
        "embed.html",
        embed=embed,
        label=builder.describe_embed(embed),
        link=builder.build_page_path(embed),
        script_query=_build_frame_key_query(),
    )
    return _set_caching(_allow_framing(Response(html)), EMBED_MAX_AGE)


def build_frame_keys(config: Config) -> FrameKeys | None:
    """Return the keys of sandboxed frames; None where all sites may embed, or without a secret."""
    secret = config.secret_key if config.embed_sites else None
    return FrameKeys(secret.reveal()) if secret else None


def _build_frame_key_query() -> str:
    """Return the query string with the frame key for the element's script; empty without keys."""
    keys = build_frame_keys(current_services().config)
    return f"?{KEY_PARAMETER}={keys.current_key()}" if keys else ""


@blueprint.get("/embed/search")
def embed_results() -> Response:
    """Return the results for the element, without style attributes, which strict hosts report."""
    parameters = _read_parameters()
    try:
        outcome = _fetch_results(parameters)
    except NotFound as error:
        return problem_response(HTTPStatus.NOT_FOUND, error.message)
    html = render_template("_results.html", page=outcome.page, elsewhere=True)
    is_search = not _list_selection(parameters)
    return finish_search_response(Response(html), outcome, is_search=is_search)


def _fetch_results(parameters: Parameters) -> SearchOutcome:
    """Return the picked pictures, else those of a collection, else of a search.

    A collection's name is shown nowhere, so that no call requests the name.

    Raises:
        NotFound: the agency of the collection is switched off, or features no collections.
    """
    search, site = current_services().search, displaying_site()
    patience = read_patience(parameters, Patience.LINGER)
    picks, pick = read_picks(parameters), read_collection(parameters)
    if not picks and not pick:
        query = _drop_removed_agencies(read_search_query(parameters))
        return search.get_page(query, patience, site=site)
    media, lang = read_fields(parameters, "media").media, i18n.request_language()
    if pick and not picks:
        collection = Collection(agency=pick.agency, id=pick.id, name="", media=media)
        return search.get_collection_page(
            collection, page=1, lang=lang, patience=patience, site=site
        )
    query = SearchQuery(media=media, lang=lang, q=read_words(parameters))
    return search.get_picks_page(picks, query, patience, site=site)


def _drop_removed_agencies(query: SearchQuery) -> SearchQuery:
    """Return a query without removed agencies, or the query unchanged if no agency would remain.

    Embeds stay in posts for years, and owners change their agencies.
    """
    names = current_services().registry.names
    return query.replace(agency=tuple(n for n in query.agency if n in names) or query.agency)


def _read_parameters() -> Parameters:
    """Return the readable parameters of the current request."""
    return clean_parameters(current_context().readable_parameters)


def _list_selection(parameters: Parameters) -> Mapping[str, str]:
    """Return the parameters of picked pictures and of a collection; empty for a search."""
    return to_parameters(read_picks(parameters), read_collection(parameters))


@blueprint.get("/embed.js")
def embed_script() -> Response:
    """Return the element for other sites' pages: a module at the address that bloggers paste."""
    config = current_services().config
    with force_locale(i18n.nearest_ui_language(config.site_language)):
        texts = {"search": gettext("Search"), "show": gettext("Show pictures")}
    texts_json = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return _build_script_response(
        _build_module(current_app.static_folder or "", config.site_accent, texts_json)
    )


@blueprint.get("/embed-frame.js")
def frame_script() -> Response:
    """Return the script that gives iframes of this site the height of their content."""
    script = Path(current_app.static_folder or "", "embed-frame.js").read_text()
    return _build_script_response(_minify_script(script))


@functools.cache
def _build_module(folder: str, accent: str, texts: str) -> str:
    """Build the element's script for other sites: the shared part, styles, ``elsewhere.js``.

    ``texts`` is a JSON object of translated labels.
    """
    shared, line, _ = Path(folder, "embed.js").read_text().partition(OWN_PAGES_LINE)
    styles, elsewhere = (Path(folder, name).read_text() for name in ("embed.css", "elsewhere.js"))
    if not line:
        raise ValueError(f"embed.js lacks the line {OWN_PAGES_LINE}")
    filters = " ".join(name for name in DEFAULTS if name not in {"agency", "page", *SUBJECTS})
    constants = f'let SUBJECT="{" ".join(SUBJECTS)}".split(" "),'
    constants += f'ASKED=[...SUBJECT,..."{filters} site".split(" ")]'
    constants += f",accent='{accent}',texts={texts},styles=`{STYLE_BLANKS.sub('', styles)}`;"
    code = OWN_PAGES_LINE.join(map(_minify_script, (shared, elsewhere)))
    return _shorten_functions(code).replace(OWN_PAGES_LINE, constants)


def _minify_script(script: str) -> str:
    """Return a script without comments, indentation and blanks, with short private names."""
    letters = dict(
        zip(dict.fromkeys(PRIVATE_DECLARATION.findall(script)), ascii_letters, strict=False)
    )
    short = PRIVATE_NAME.sub(lambda match: f"#{letters.get(match[1], match[1])}", script)
    compact = SCRIPT_BLANKS.sub(
        lambda match: match[1] or match[2], COMMENTS_AND_INDENTS.sub("", short)
    )
    return LONE_PARAMETER.sub(r"\1=>", compact).replace(";}", "}").replace("const ", "let ")


def _shorten_functions(script: str) -> str:
    """Return a module with short names of its functions, which no other script can use."""
    for letter, name in zip(ascii_letters, FUNCTION_NAME.findall(script), strict=False):
        script = re.sub(rf"\b{name}\b", f"${letter}", script)
    return script


def _build_script_response(text: str) -> Response:
    response = Response(text, mimetype="text/javascript")
    return _set_caching(response, SCRIPT_MAX_AGE)


def _set_caching(response: Response, seconds: int) -> Response:
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    cache_for(seconds)
    return response


def _allow_cross_origin(response: Response) -> Response:
    """Let pages with Cross-Origin-Embedder-Policy load the parts of embeds.

    https://html.spec.whatwg.org/multipage/browsers.html#coep: agencies decide for their pictures.
    """
    if request.blueprint == blueprint.name or request.path.startswith(DEMO_PATHS):
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _allow_framing(response: Response) -> Response:
    """Allow the page in frames of EMBED_SITES, or of all sites if EMBED_SITES is empty.

    ``credentialless`` lets pictures of agencies load in these frames.
    """
    response.headers["Cross-Origin-Embedder-Policy"] = "credentialless"
    services = current_services()
    embed_sites = services.config.embed_sites
    ancestors = " ".join(("'self'", *embed_sites)) if embed_sites else ""
    policy = content_security_policy(services.registry, ancestors=ancestors)
    response.headers["Content-Security-Policy"] = policy
    return response
