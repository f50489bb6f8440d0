"""Which language a page searches in and speaks: the address says it, the browser, or the owner.

Searches and pages have each a list of languages, and the nearest is looked up in each of the two.
An address names the language of its search. Where no page speaks that language (Hebrew, Ukrainian),
the browser says which one the page speaks, else the owner's setting does: so somebody who reads
Ukrainian and Polish searches in Ukrainian on Polish pages, from the first page to the last. Nobody
keeps such pages. A site whose own language no page speaks has English pages, which are kept.
"""

from collections.abc import Sequence
from typing import Final

from flask import Flask, Response, g, request
from flask_babel import Babel
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from affiliate.domain.language_tags import find_nearest
from affiliate.domain.query import LANGUAGES, read_parameters, read_single
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.errors import BadQuery

NEGOTIATED_SEGMENTS: Final = frozenset({"", "search", "image", "video", "topics", "collections"})
"""First segments of the paths that negotiate; all other routes speak the site's language."""
MAX_ACCEPT_LANGUAGE_CHARACTERS: Final = 500
"""Characters of an Accept-Language header that are read; browsers send a tenth of that."""
FRAGMENT_SEGMENT: Final = "ajax"
"""First segment of the paths of parts of pages, which speak as their page does."""


def register(app: Flask, default: str) -> None:
    """Let every request of an app have a language; ``default`` is the site's."""
    Babel(app, default_locale=nearest_ui_language(default), locale_selector=ui_language)

    @app.before_request
    def choose() -> None:
        g.lang, g.spoken, g.negotiated = _choose_languages(default)

    app.after_request(_add_language_headers)


def request_language() -> str:
    """The language in which the request under way searches, one of ``query.LANGUAGES``."""
    lang: str = g.get("lang", "en")
    return lang


def ui_language() -> str:
    """Return the language of the page under way, one of `UI_LANGUAGES`."""
    lang: str = g.get("spoken", "en")
    return lang


def nearest_ui_language(lang: str) -> str:
    """The language of pages that is the nearest to a tag, or English."""
    return find_nearest(lang, UI_LANGUAGES) or "en"


def text_direction(lang: str) -> str:
    """``rtl`` or ``ltr``, as the attribute ``dir`` has it."""
    return "rtl" if nearest_ui_language(lang) == "ar" else "ltr"


def is_negotiated() -> bool:
    """Return whether the browser has a say in the languages of the request under way."""
    return bool(g.get("negotiated"))


def _choose_languages(default: str) -> tuple[str, str, bool]:
    """The languages of search and page, and whether the browser had a say in them."""
    try:
        tag = read_single(read_parameters(request.environ.get("QUERY_STRING", "")), "lang")
    except BadQuery:
        tag = None  # the view says what is wrong
    lang = find_nearest(tag.strip(), LANGUAGES) if tag else None
    segment = request.path.split("/", 2)[1]
    if lang is None and segment not in NEGOTIATED_SEGMENTS:
        lang = default
    page = _page_language(lang, default) if lang else None
    if lang and (page or segment not in {*NEGOTIATED_SEGMENTS, FRAGMENT_SEGMENT}):
        return lang, page or nearest_ui_language(default), False
    liked = [one for one, quality in _accepted_languages() if quality > 0]
    lang = lang or _first_supported(liked, LANGUAGES) or default
    return (
        lang,
        _page_language(lang, default)
        or _first_supported(liked, UI_LANGUAGES)
        or nearest_ui_language(default),
        True,
    )


def _accepted_languages() -> LanguageAccept:
    """Return the languages that the browser accepts, of a header of usual length."""
    header = request.headers.get("Accept-Language", "")[:MAX_ACCEPT_LANGUAGE_CHARACTERS]
    return parse_accept_header(header, LanguageAccept)


def _page_language(lang: str, default: str) -> str | None:
    """Return the language of the pages of a search; None where the browser has to say it."""
    return find_nearest(lang, UI_LANGUAGES) or (
        nearest_ui_language(default) if lang == default else None
    )


def _first_supported(liked: Sequence[str], known: tuple[str, ...]) -> str | None:
    """Return the language that is the nearest to the first tag that has one."""
    return next((one for one in (find_nearest(tag, known) for tag in liked) if one), None)


def _add_language_headers(response: Response) -> Response:
    """Name the language; what the browser had a say in is kept by no one else."""
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = ui_language()
        if is_negotiated():
            response.vary.add("Accept-Language")
            if not response.cache_control.no_store:
                response.headers["Cache-Control"] = "private, no-cache"
    return response
