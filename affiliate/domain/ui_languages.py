"""The languages that pages are translated into."""

from typing import Final

UI_LANGUAGE_NAMES: Final = {
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

Babel has these names too, but keeps the data of all languages in memory: 30 MB a process.
"""
UI_LANGUAGES: Final = tuple(sorted(UI_LANGUAGE_NAMES))
"""The languages of the pages; a search may be in any of ``query.LANGUAGES``."""
