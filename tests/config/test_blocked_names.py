"""What ad blockers leave of this site: all of it, unless its host is named as those of ads are."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from affiliate.config.blocked_names import BLOCKED_LABELS, find_blocked_label
from tests.support.blockers import RULES, judge

BLOG = "https://blog.test/"
SITES = ("https://pictures.example.com", "https://affiliate-search.onrender.com")
LOADS = {
    "script": ("/embed.js", "/embed-frame.js", "/static/framed.js", "/static/embed.js?v=1"),
    "xhr": (
        "/embed/search?q=cat&site=blog.test",
        "/ajax/search?q=cat",
        "/oembed?url=x&format=json",
    ),
    "image": ("/static/demo/1.jpg", "/static/icon.svg"),
    "sub_frame": ("/embed?q=cat&kind=strip&rows=2", "/embed/builder?q=cat"),
    "stylesheet": ("/static/site.css?v=1",),
    "main_frame": ("/search?q=cat&site=blog.test", "/image/demo/1?q=cat", "/topics/snow", "/"),
}


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("https://affiliate.example.com", "affiliate"),
        ("https://ADS.example.com:8443", "ads"),
        ("https://affiliate.com", "affiliate"),
        ("https://affiliate-search.example.com", ""),
        ("https://www.affiliate.com", ""),
        ("http://[2001:db8::1]:8000", ""),
        ("http://localhost:8000", ""),
        (None, ""),
    ],
)
def test_names_the_label_that_is_blocked(address: str | None, label: str) -> None:
    """Only the first label counts: the rules begin with ``://``."""
    assert find_blocked_label(address) == label


def test_the_labels_are_those_of_the_lists() -> None:
    """Each is blocked in an embed, and the names that README recommends are not."""
    assert RULES, "webext-ublock-origin-firefox brings the lists"
    labels = sorted(BLOCKED_LABELS)
    free = [
        "pictures",
        "search",
        "stock",
        "partner",
        "affiliate-search",
        "images",
        "www",
        "analytics",
    ]
    asked = [
        {"url": f"https://{label}.example.com{path}", "type": kind, "page": BLOG}
        for label in (*labels, *free)
        for kind, path in (
            ("script", "/embed.js"),
            ("xhr", "/embed/search?q=cat"),
            ("image", "/1.jpg"),
        )
    ]
    found = judge(asked).blocked
    by_label = [found[at : at + 3] for at in range(0, len(found), 3)]
    assert [name for name, rules in zip(labels, by_label, strict=False) if not any(rules)] == []
    assert by_label[len(labels) :] == [[None] * 3] * len(free)


def test_nothing_of_ours_is_blocked_or_hidden(client: FlaskClient) -> None:
    """Scripts, results, clicks, pictures and frames load, on blogs and on the site itself.

    No generic rule hides an element for its class or its id.
    """
    pages = [
        client.get(path).text for path in ("/search?q=cat&lang=en&wait=1", "/embed/search?q=cat")
    ]
    pages += [
        client.get(path).text for path in ("/?lang=en", "/embed?q=cat", "/embed/builder?q=cat")
    ]
    clicks = [unescape(one) for one in re.findall(r'\bping="([^"]+)"', pages[1])[:3]]
    kinds = {**LOADS, "xhr": (*LOADS["xhr"], *(f"{one}&click_id=1-2-3-4" for one in clicks))}
    asked = [
        {"url": urljoin(site, path), "type": kind, "page": page}
        for site in SITES
        for kind, paths in kinds.items()
        for path in paths
        for page in (BLOG, f"{site}/search?q=cat")
    ]
    names = [
        {
            "url": BLOG,
            "ids": sorted(set(re.findall(r'\bid="([^"]+)"', page))),
            "classes": sorted(
                {c for one in re.findall(r'\bclass="([^"]+)"', page) for c in one.split()}
            ),
            "hrefs": sorted(set(re.findall(r'\bhref="([^"]+)"', page))),
        }
        for page in pages
    ]
    beacon = {"url": f"{SITES[0]}/clicks?agency=demo&id=1", "type": "ping", "page": BLOG}
    found = judge([*asked, beacon], names)
    *rules, of_beacon = found.blocked
    assert [(one, rule) for one, rule in zip(asked, rules, strict=True) if rule] == []
    assert found.hidden == [""] * len(pages)
    assert of_beacon  # why clicks are no beacons
