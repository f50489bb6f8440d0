"""Tables of the desk of a running site, read over HTTP as an owner's spreadsheet gets them."""

import csv
import http.cookiejar
import io
import re
import urllib.request
from urllib.parse import urlencode

from tests.support.owner_desk import PASSWORD


def read_desk_table(site_url: str, address: str) -> list[dict[str, str]]:
    """Log in, and return the rows of a page's table."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(cookies)
    page = opener.open(f"{site_url}/owner/log-in", timeout=30).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    form = urlencode({"csrf": token[1], "password": PASSWORD}).encode()
    opener.open(f"{site_url}/owner/log-in", form, timeout=30).close()
    sign = "&" if "?" in address else "?"
    with opener.open(f"{site_url}/owner/{address}{sign}format=csv", timeout=30) as answer:
        text = answer.read().decode("utf-8-sig")
    first, *_ = text.split("\r\n\r\n")  # other figures of the page come below an empty line
    return list(csv.DictReader(io.StringIO(first)))
