"""Who is no visitor, by the name in the User-Agent, and what is not for crawlers.

Who wants to look like a browser can, and has a client's budget then.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

_CRAWLERS: Final = r"(?<!cu)bots?(\b|_)|crawl|spider|slurp|facebookexternalhit|scrapy"

HIDDEN_PATHS: Final = (
    "/ajax/",
    "/api/",
    "/embed/search",
    "/suggest",
    "/clicks",
    "/owner/",
    "/*wait=1",
)
"""What crawlers leave alone: paths for programs and owners, and what waits for agencies."""

CRAWLERS: Final = re.compile(_CRAWLERS, re.IGNORECASE)
"""Crawlers, which see what is known and have nothing asked for."""
PROGRAMS: Final = re.compile(
    rf"{_CRAWLERS}|headless|phantomjs|lighthouse|python|curl|wget|java/|go-http|libwww|okhttp|axios"
    r"|node-fetch|undici|\Ahttp|\Aruby|\Aphp|\Aperl|\A\s*\Z",
    re.IGNORECASE,
)
"""Crawlers, test browsers and libraries, and none at all: nobody's clicks."""


LONGEST_AGENT: Final = 512
"""Characters of a User-Agent in which a crawler's name is looked for."""


def is_crawler(agent: str) -> bool:
    """Return whether a User-Agent is a crawler's, which asks for itself and is no visitor."""
    return _is_crawler(agent[:LONGEST_AGENT])


@lru_cache(1024)
def _is_crawler(agent: str) -> bool:
    return CRAWLERS.search(agent) is not None


def is_hidden(path: str) -> bool:
    """Return whether robots.txt keeps crawlers from a path with its query (RFC 9309, 2.2.2)."""
    return (
        _HIDDEN_PATTERN.match(_UNRESERVED_ESCAPE.sub(lambda found: unquote(found[0]), path))
        is not None
    )


_HIDDEN_PATTERN: Final = re.compile(
    "|".join(re.escape(one).replace(r"\*", ".*") for one in HIDDEN_PATHS), re.DOTALL
)
_UNRESERVED_ESCAPE: Final = re.compile(
    r"%(4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3[0-9]|2[de]|5f|7e)", re.IGNORECASE
)
"""Letters, digits, ``-._~`` in percent signs: they are compared as they are (RFC 9309, 2.2.2)."""
