"""A crawler like those of search engines: begins at ``/`` and the sitemap, and runs no script."""

import html
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

AGENT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}


def crawl(site: FlaskClient, most: int) -> Iterator[tuple[str, TestResponse]]:
    """Yield up to ``most`` pages with their addresses, by robots.txt (RFC 9309) and nofollow."""
    rules = re.findall(
        r"^Disallow: (\S+)", site.get("/robots.txt", headers=AGENT).text, re.MULTILINE
    )
    hidden = re.compile("|".join(re.escape(rule).replace(r"\*", ".*") for rule in rules))
    sitemap = site.get("/sitemap.xml", headers=AGENT).text
    listed = re.findall(r"<loc>https?://[^/<]+([^<]*)</loc>", sitemap)
    waiting = deque(dict.fromkeys(["/", *map(html.unescape, listed)]))
    seen = set(waiting)
    for _ in range(most):
        if not waiting:
            return
        address = waiting.popleft()
        page = site.get(address, headers=AGENT)
        yield address, page
        for link in re.findall(r'<a (?![^>]*nofollow)[^>]*href="([^"#]+)', page.text):
            found = urljoin(address, html.unescape(link))
            if found.startswith("/") and found not in seen and not hidden.match(found):
                seen.add(found)
                waiting.append(found)
