"""The languages of a request's search and page, by the address, the browser or the owner.

Searches and pages each have a list of languages; the nearest language is chosen in each list. An
address names the language of its search. For search languages without pages (Hebrew, Ukrainian)
the browser chooses the page's language, else the owner's setting does: a reader of Ukrainian and
Polish searches in Ukrainian on Polish pages, from the first page to the last. No cache keeps such
pages. A site whose own language has no pages shows English pages, which caches keep.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Flask, Response, request
from flask_babel import Babel, get_translations
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from affiliate.domain.language_tags import find_nearest
from affiliate.domain.query import LANGUAGES, read_single
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.errors import BadQuery
from affiliate.web.request_context import Languages, RequestContext, current_context, start_context

NEGOTIATED_SEGMENTS: Final = frozenset(
    {"", "about", "search", "image", "video", "topics", "collections"}
)
"""First segments of the paths that negotiate; all other routes use the site's language."""
MAX_ACCEPT_LANGUAGE_CHARACTERS: Final = 500
"""Characters that are read of an Accept-Language header; browsers send a tenth of this number."""
FRAGMENT_SEGMENT: Final = "ajax"
"""First segment of the paths of page fragments, which use the language of their page."""


def register(app: Flask, default: str) -> None:
    """Have the languages of every request chosen; ``default`` is the site's language."""
    Babel(app, default_locale=nearest_ui_language(default), locale_selector=ui_language)

    @app.before_request
    def choose() -> None:
        context = start_context()
        context.languages = _choose_languages(context, default)

    app.after_request(_add_language_headers)


def request_language() -> str:
    """Return the language of the current request's search, one of ``query.LANGUAGES``."""
    return current_context().languages.search


def ui_language() -> str:
    """Return the language of the current page, one of `UI_LANGUAGES`."""
    return current_context().languages.ui


def nearest_ui_language(lang: str) -> str:
    """Return the pages' language nearest to a tag; English if none is near."""
    return find_nearest(lang, UI_LANGUAGES) or "en"


def make_page_translator() -> Callable[..., Markup]:
    """Return the function ``_`` of templates, in the language of the current page.

    Flask-Babel's own function looks for the language and its texts at each call.
    """
    translate = get_translations().ugettext

    def translate_text(text: str, /, **variables: Any) -> Markup:  # noqa: ANN401 - as templates have it
        translated = Markup(translate(text))  # noqa: S704 - the site's own texts
        return translated % variables if variables or "%" in translated else translated

    return translate_text


def text_direction(lang: str) -> str:
    """Return the value of the attribute ``dir``: ``rtl`` or ``ltr``."""
    return "rtl" if nearest_ui_language(lang) == "ar" else "ltr"


def is_negotiated() -> bool:
    """Return whether the browser's preferences affect the languages of the current request."""
    return current_context().languages.is_negotiated


def _choose_languages(context: RequestContext, default: str) -> Languages:
    """Return the languages of search and page, and whether the browser's preferences count."""
    try:
        tag = read_single(context.parameters, "lang")
    except BadQuery:
        tag = None  # the view reports the error
    lang = find_nearest(tag.strip(), LANGUAGES) if tag else None
    segment = request.path.split("/", 2)[1]
    if lang is None and segment not in NEGOTIATED_SEGMENTS:
        lang = default
    page_lang = _page_language(lang, default) if lang else None
    if lang and (page_lang or segment not in {*NEGOTIATED_SEGMENTS, FRAGMENT_SEGMENT}):
        return Languages(lang, page_lang or nearest_ui_language(default))
    accepted = [tag for tag, quality in _accepted_languages() if quality > 0]
    lang = lang or _first_supported(accepted, LANGUAGES) or default
    return Languages(
        lang,
        _page_language(lang, default)
        or _first_supported(accepted, UI_LANGUAGES)
        or nearest_ui_language(default),
        is_negotiated=True,
    )


def _accepted_languages() -> LanguageAccept:
    """Return the languages in the Accept-Language header, of which a usual length is read."""
    header = request.headers.get("Accept-Language", "")[:MAX_ACCEPT_LANGUAGE_CHARACTERS]
    return parse_accept_header(header, LanguageAccept)


def _page_language(lang: str, default: str) -> str | None:
    """Return the language of a search's pages; None where the browser chooses."""
    return find_nearest(lang, UI_LANGUAGES) or (
        nearest_ui_language(default) if lang == default else None
    )


def _first_supported(tags: Sequence[str], languages: tuple[str, ...]) -> str | None:
    """Return the language nearest to the first tag that has a near language; None without any."""
    return next((lang for tag in tags if (lang := find_nearest(tag, languages))), None)


def _add_language_headers(response: Response) -> Response:
    """Add Content-Language; let negotiated pages be kept by the browser alone."""
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = ui_language()
        if is_negotiated():
            response.vary.add("Accept-Language")
            if not response.cache_control.no_store:
                response.headers["Cache-Control"] = "private, no-cache"
    return response
