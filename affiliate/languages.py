"""Which language a page speaks: the address says it, else the browser, else the owner's setting."""

from typing import Final

from flask import Flask, Response, g, request
from flask_babel import Babel

from affiliate.errors import BadQuery
from affiliate.query import LANGUAGES, read_parameters, single

NAMES: Final = {
    "da": "Dansk",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "hu": "Magyar",
    "nl": "Nederlands",
    "nb": "Norsk bokmål",
    "pl": "Polski",
    "pt": "Português",
    "fi": "Suomi",
    "sv": "Svenska",
    "tr": "Türkçe",
    "cs": "Čeština",
    "ru": "Русский",
    "ar": "العربية",
    "th": "ไทย",
    "zh": "中文",
    "ja": "日本語",
    "ko": "한국어",
}
"""The languages of the pages, each with its name in itself, by name.

Babel knows them too, but would keep the data of all languages in memory: 30 MB a process.
"""
SPOKEN: Final = tuple(sorted(NAMES))
"""The languages of the pages; searches may be in any of ``query.LANGUAGES``."""
BROWSERS: Final = {"no": "nb", "nn": "nb"}
"""Codes of browsers for a language that has another one here."""
PAGES: Final = frozenset({"", "search", "image", "video", "topics", "collections"})
"""First segments of the paths that negotiate; all other routes speak the site's language."""


def register(app: Flask, default: str) -> None:
    """Let every request of an app have a language; ``default`` is the site's."""
    Babel(app, default_locale=spoken(default), locale_selector=lambda: spoken(asked()))

    @app.before_request
    def choose() -> None:
        g.lang, g.negotiated = _chosen(default)

    app.after_request(_say)


def asked() -> str:
    """The language in which the request under way searches, one of ``query.LANGUAGES``."""
    lang: str = g.get("lang", "en")
    return lang


def spoken(lang: str) -> str:
    """The language of the page for a language of searches: itself, or English."""
    short = lang.partition("-")[0]
    return short if short in SPOKEN else "en"


def direction(lang: str) -> str:
    """``rtl`` or ``ltr``, as the attribute ``dir`` has it."""
    return "rtl" if spoken(lang) == "ar" else "ltr"


def _chosen(default: str) -> tuple[str, bool]:
    """The request's language, and whether the browser had a say in it."""
    try:
        wanted = single(read_parameters(request.environ.get("QUERY_STRING", "")), "lang")
    except BadQuery:
        wanted = None  # the view says what is wrong
    if wanted is not None:
        known = {lang.casefold(): lang for lang in LANGUAGES}
        return known.get(wanted.strip().casefold(), default), False
    if request.path.split("/", 2)[1] not in PAGES:
        return default, False
    liked = [one for one, quality in request.accept_languages if quality > 0]
    short = (one.partition("-")[0].lower() for one in liked)
    ours = (BROWSERS.get(one, one) for one in short)
    return next((one for one in ours if one in SPOKEN), default), True


def _say(response: Response) -> Response:
    """Name the language; what the browser had a say in is kept by no one else."""
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = spoken(asked())
        if g.get("negotiated"):
            response.vary.add("Accept-Language")
            if not response.cache_control.no_store:
                response.headers["Cache-Control"] = "private, no-cache"
    return response
