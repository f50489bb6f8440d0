"""Clients that are no visitors, by the User-Agent, and paths that are not for crawlers.

A program that poses as a browser is counted as a visitor, with a client's budget.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

_CRAWLER_NAMES: Final = (
    r"(?<!cu)bots?(\b|_)|crawl|spider|slurp|facebookexternalhit|meta-external|scrapy|googleother"
    r"|google-inspectiontool|google-read-aloud|mediapartners|feedfetcher|(chatgpt|claude|perplexity)-user"
)

DISALLOWED_PATHS: Final = (
    "/ajax/",
    "/api/",
    "/board",
    "/embed/search",
    "/suggest",
    "/clicks",
    "/owner/",
    "/*wait=1",
)
"""Paths that crawlers leave alone: for programs, owners and one visitor alone, and those that wait
for agencies."""

CRAWLERS: Final = re.compile(_CRAWLER_NAMES, re.IGNORECASE)
"""User-Agents of crawlers, for which only cached answers are shown and no agency is called."""
PROGRAMS: Final = re.compile(
    rf"{_CRAWLER_NAMES}|headless|phantomjs|puppeteer|playwright|cypress|lighthouse|synthetics|ptst/"
    r"|python|curl|wget|java/|go-http|httpclient|libwww|lwp::|okhttp|axios|undici|reqwest|restsharp"
    r"|guzzle|faraday|mechanize|postman|insomnia|httrack|nutch|masscan|zgrab|nmap|nikto|sqlmap"
    r"|archiver|preview|favicon|site-verification|mailproxy|health-?check|kube-probe|check_http"
    r"|\(compatible; (?!msie|konqueror)"
    r"|\A(http|ruby|php|perl|node|got |deno|bun/|dalvik|whatsapp|embedly|iframely|apis-google)"
    r"|\A\s*\Z",
    re.IGNORECASE,
)
"""User-Agents of crawlers, test browsers and libraries, and none, whose clicks don't count, nor
their searches but by the API."""

API_PATHS: Final = "/api/"
LONGEST_AGENT: Final = 512
"""Characters of a User-Agent that are searched for a crawler's name."""


def is_crawler(agent: str) -> bool:
    """Return whether a User-Agent is a crawler's, which is no visitor."""
    return _is_crawler(agent[:LONGEST_AGENT])


@lru_cache(1024)
def _is_crawler(agent: str) -> bool:
    return CRAWLERS.search(agent) is not None


def is_program(agent: str) -> bool:
    """Return whether a User-Agent is that of a crawler, a test browser or a library, or empty."""
    return _is_program(agent[:LONGEST_AGENT])


@lru_cache(1024)
def _is_program(agent: str) -> bool:
    return PROGRAMS.search(agent) is not None


def counts_search(agent: str, path: str) -> bool:
    """Return whether a search of a User-Agent tells what visitors look for.

    Pages are for visitors; the API is for programs, which ask for visitors of their own.
    """
    return not (is_crawler(agent) if path.startswith(API_PATHS) else is_program(agent))


def is_disallowed(path: str) -> bool:
    """Return whether robots.txt disallows a path with its query (RFC 9309, 2.2.2)."""
    plain = _UNRESERVED_ESCAPE.sub(lambda match: unquote(match[0]), path)
    return _DISALLOWED_PATTERN.match(plain) is not None


_DISALLOWED_PATTERN: Final = re.compile(
    "|".join(re.escape(path).replace(r"\*", ".*") for path in DISALLOWED_PATHS), re.DOTALL
)
_UNRESERVED_ESCAPE: Final = re.compile(
    r"%(4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|3[0-9]|2[de]|5f|7e)", re.IGNORECASE
)
"""Percent-encoded letters, digits and ``-._~``, which are compared decoded (RFC 9309, 2.2.2)."""
