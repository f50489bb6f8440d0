"""Who is no visitor, by the name in the User-Agent; who wants to look like a browser can."""

import re
from typing import Final

_CRAWLERS: Final = r"(?<!cu)bots?(\b|_)|crawl|spider|slurp|facebookexternalhit|scrapy"

CRAWLERS: Final = re.compile(_CRAWLERS, re.IGNORECASE)
"""Crawlers, which see what is known and have nothing asked for."""
PROGRAMS: Final = re.compile(
    rf"{_CRAWLERS}|headless|phantomjs|lighthouse|python|curl|wget|java/|go-http|libwww|okhttp|axios"
    r"|node-fetch|undici|\Ahttp|\Aruby|\Aphp|\Aperl|\A\s*\Z",
    re.IGNORECASE,
)
"""Crawlers, test browsers and libraries, and none at all: nobody's clicks."""
