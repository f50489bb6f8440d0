"""The site's own front end stays light: https://web.dev/articles/performance-budgets-101."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from tests.support.codings import unpack
from tests.support.processes import ROOT

LOADED = {"site.css", "icon.svg", "scheme.js", "embed.js", "site.js", "look.js", "more.js"}
SCRIPTS = 14_000
STYLES = 8_000
EMBED = 5_000
FRAME = 500
DESK = 4_000


def weight(name: str) -> int:
    return len(gzip.compress((ROOT / "static" / name).read_bytes(), 9, mtime=0))


@pytest.mark.parametrize("address", ["/?lang=en", "/search?q=cat&lang=en&wait=1"])
def test_scripts_and_styles_keep_to_their_budget(client: FlaskClient, address: str) -> None:
    """All scripts of a page have at most 14 kB, its styles 8 kB, gzipped; fonts none."""
    loaded = set(re.findall(r'(?:src|href)="/static/([\w.]+)\?', client.get(address).text))
    assert loaded == LOADED
    assert sum(weight(name) for name in loaded if name.endswith(".js")) <= SCRIPTS
    assert sum(weight(name) for name in loaded if name.endswith(".css")) <= STYLES
    assert "@font-face" not in (ROOT / "static" / "site.css").read_text()


def test_the_desk_adds_little_and_nothing_to_visitors_pages(client: FlaskClient) -> None:
    """Its own styles have at most 4 kB, gzipped; no page of visitors loads them."""
    assert weight("owner.css") <= DESK
    for address in ("/?lang=en", "/search?q=cat&lang=en", "/nowhere", "/embed/builder"):
        assert "owner.css" not in client.get(address).text


@pytest.mark.parametrize(
    ("name", "most"),
    [("keep.js", 2_050), ("keep.css", 900), ("board.js", 2_500), ("board.css", 1_450)],
)
def test_what_keeps_pictures_is_small(client: FlaskClient, name: str, most: int) -> None:
    """A page of results loads the buttons with the first pointer, the board's own page its rest."""
    assert weight(name) <= most
    assert f"/static/{name}" not in client.get("/search?q=cat&lang=en&wait=1").text


def test_scripts_give_way_to_pictures(client: FlaskClient) -> None:
    """A slow link carries styles and pictures before scripts, which all have a low priority."""
    page = client.get("/search?q=cat&lang=en&wait=1").text
    scripts = re.findall(r"<script type=[^>]+>", page)
    assert scripts
    assert all('fetchpriority="low"' in script for script in scripts)
    assert 'fetchpriority="high"' in page


@pytest.mark.parametrize(("path", "most"), [("/embed.js", EMBED), ("/embed-frame.js", FRAME)])
def test_what_bloggers_load_is_small(client: FlaskClient, path: str, most: int) -> None:
    """The element has at most 5 kB with its styles and all, what minds iframes 0.5; gzipped."""
    script = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert len(script.data) <= most
    source = client.get(path).text
    assert not re.search(r"""\bimport\b(?!\.meta)|["'`]https?:""", source)


@pytest.mark.parametrize(("coding", "most"), [("gzip", 12_000), ("br", 10_000)])
def test_a_page_of_results_is_small(client: FlaskClient, coding: str, most: int) -> None:
    """A page with 48 pictures is below 12 kB on the wire, for browsers below 10."""
    client.get("/ajax/search?q=animal&lang=en")
    page = client.get("/search?q=animal&lang=en", headers={"Accept-Encoding": coding})
    assert page.headers["Content-Encoding"] == coding
    assert unpack(page.data, coding).count(b'class="tile"') == 48
    assert len(page.data) < most


def test_a_tile_has_few_elements(client: FlaskClient) -> None:
    """Pages of many tiles stay light: at most 14 elements for each tile of one seller."""
    page = client.get("/ajax/search?q=animal&lang=en&wait=1").text
    tiles = page.partition('<ul class="tiles"')[2].partition("</ul>")[0]
    count = tiles.count('<li class="tile"')
    assert count == 48
    assert len(re.findall(r"<[a-z]", tiles)) / count <= 14


@pytest.mark.parametrize(("name", "most"), [("site.css", 6_600), ("look.js", 3_250)])
def test_files_are_compressed_as_small_as_can_be(client: FlaskClient, name: str, most: int) -> None:
    """Once in a process, for all who take Brotli."""
    file = client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert unpack(file.data, "br") == (ROOT / "static" / name).read_bytes()
    assert len(file.data) <= most < weight(name)
