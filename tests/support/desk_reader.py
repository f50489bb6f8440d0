"""Tables and figures of the desk, read as an owner's spreadsheet and browser get them."""

import csv
import http.cookiejar
import io
import re
import urllib.request
from html import unescape
from urllib.parse import urlencode

from flask.testing import FlaskClient

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
    return _parse_table(text)


def read_rows(owner: FlaskClient, address: str) -> list[dict[str, str]]:
    """Return the table of a page as its CSV file has it."""
    answer = owner.get(f"/owner/{address}{'&' if '?' in address else '?'}format=csv")
    assert answer.status_code == 200, answer.text
    return _parse_table(answer.text.removeprefix("\ufeff"))


def _parse_table(text: str) -> list[dict[str, str]]:
    """Return the page's table in a file, without the other figures below an empty line."""
    table, *_ = text.split("\r\n\r\n")
    return list(csv.DictReader(io.StringIO(table)))


def read_figures(page: str) -> dict[str, str]:
    """Return the texts of the overview's figures by their titles."""
    found = re.findall(r'<div class="figure"><dt>(.*?)</dt><dd>(?:<a [^>]*>)?([^<]*)', page)
    return {unescape(title): unescape(text) for title, text in found}
