"""The ways of visitors and readers, the same in Chromium, Firefox and WebKit."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest
import requests

from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.domain.actions import MONEY_UNITS
from affiliate.domain.affiliate_links import read_pubref
from affiliate.earnings.apis import NetworkApi
from affiliate.earnings.impact_api import ImpactApi
from affiliate.earnings.partnerize_api import PartnerizeApi
from affiliate.transport.client import Transport
from tests.support.crop import has_bar, open_png
from tests.support.desk_reader import read_desk_table
from tests.support.host_pages import HostPages
from tests.support.impact_network import ACCOUNT, make_action, run_impact_network
from tests.support.partnerize_network import (
    KEYS,
    PUBLISHER,
    make_conversion,
    run_partnerize_network,
)
from tests.support.site_server import SiteServer
from tests.support.soak import SOAK
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, SEEN, TILES, shows
from tests.support.windows import Window
from tests.support.words import new_words

SIZES = ((1440, 900), (900, 800), (375, 667), (667, 375)) if SOAK else ((900, 800), (375, 667))
"""A desk, a smaller window, a phone, and the phone turned."""
ODD = """
    await Promise.all([...document.images].filter(one => one.loading !== "lazy" && !one.complete)
        .map(one => new Promise(done => { one.onload = one.onerror = done })));
    await new Promise(done => setTimeout(() => requestAnimationFrame(done), 50));
    return [...document.querySelectorAll(".tile")].map(tile => {
        const { width, height } = tile.getBoundingClientRect();
        const read = name => parseFloat(getComputedStyle(tile).getPropertyValue(name));
        const told = Math.min(read("--ratio"), read("--wide") || 3);  // panoramas are cut
        return [width / height, Math.max(told, read("--slim") || 0.5)];
    }).filter(([is, told]) => !(Math.abs(is / told - 1) < .01));
"""
"""Returns the ratios of tiles that are more than 1 % off, each beside the right one."""
BOX = """
    const { left, right, top, bottom } = document.querySelector(".tiles").getBoundingClientRect();
    const bar = document.querySelector("header.bar").getBoundingClientRect().bottom;
    const seen = [Math.min(right, innerWidth), Math.min(bottom, innerHeight)];
    return [left, Math.max(top, bar), ...seen].map(Math.round);
"""
"""Returns the box of the tiles that are seen."""
REQUESTS = """
    return performance.getEntriesByType("resource")
        .filter(({ name }) => name.includes("/ajax/search")).length;
"""
"""Returns how often the pictures of a page were requested."""


def press(window: Window, selector: str, at: int = 0) -> None:
    """Click with the mouse in the middle of an element, scrolled into sight."""
    x, y = shows(
        window,
        f"""
        const found = document.querySelectorAll({selector!r})[{at}];
        if (!found) return null;
        found.scrollIntoView({{ block: "center", behavior: "instant" }});
        await new Promise(done => setTimeout(() => requestAnimationFrame(done), 50));
        const box = found.getBoundingClientRect();
        return box.width ? [box.left + box.width / 2, box.top + box.height / 2] : null;
        """,
    )
    window.press(x, y)


def results(window: Window, site: SiteServer) -> str:
    """Open a page of results, wait for its pictures and return its words, searched once alone."""
    words = new_words()
    window.size(1440, 900)
    window.open(f"{site.url}/search?q={words}&lang=en")
    wait_until(lambda: window.run(TILES) >= 48)
    return words


def shows_bar(window: Window) -> bool:
    """Return whether any of the tiles that are seen shows a bar of its picture."""
    return has_bar(open_png(window.shot()).crop(window.run(BOX)))


def clicks(site: SiteServer, words: str) -> list[tuple[str, int, str]]:
    """Return what the ledger has of some words, once there is something."""
    wait_until(lambda: any(row["words"] == words for row in site.clicks()))
    return [(r["id"], r["position"], r["site"]) for r in site.clicks() if r["words"] == words]


def read_click_id(site: SiteServer, words: str) -> str:
    """Return the id of the only click with some words."""
    [click_id] = {row["click_id"] for row in site.clicks() if row["words"] == words}
    return str(click_id)


def earn(site: SiteServer, network: str, api: NetworkApi) -> list[tuple[str, str, str, float]]:
    """Import a network's sales of a month; return join, place, id and payout of each."""
    until = datetime(2026, 12, 1, tzinfo=UTC)
    with closing(Ledger(f"sqlite:///{site.data_dir / 'ledger.db'}")) as ledger:
        earnings = Earnings(ledger)
        earnings.record(network, api.fetch_actions(until - timedelta(days=30), until), until)
        rows = earnings.sum_payouts(["clicked", "place", "id"])
    return [(r["clicked"], r["place"], r["id"], r["payout"] / MONEY_UNITS) for r in rows]


def test_tiles_keep_their_shape_at_every_width(window: Window, visited: SiteServer) -> None:
    """Whatever the width, and with filters open and closed, no tile is off and no bar is seen.

    Nothing of it makes the console complain.
    """
    window.complaints()
    results(window, visited)
    for width, height in SIZES:
        window.size(width, height)
        assert window.run(ODD) == [], width
        assert not shows_bar(window), width
    window.size(1440, 900)
    for _ in range(2):
        press(window, ".filters summary")
        assert window.run(ODD) == []
        assert not shows_bar(window)
    assert window.complaints() == []


def test_words_typed_are_searched_and_scrolling_brings_more(
    window: Window, visited: SiteServer
) -> None:
    """From the start page to the second page of results, by keyboard and scrolling alone.

    The page's head requests the pictures, and its script takes that answer.
    """
    words = new_words()
    window.complaints()
    window.size(1440, 900)
    window.open(f"{visited.url}/?lang=en")
    press(window, "#q")
    window.type(words)
    window.type("Enter")
    shows(window, f"return new URLSearchParams(location.search).get('q') === {words!r}")
    wait_until(lambda: window.run(TILES) >= 48)
    assert window.run(REQUESTS) == 1
    assert window.complaints() == []
    window.run("scrollTo(0, document.documentElement.scrollHeight)")
    wait_until(lambda: window.run(TILES) >= 96)
    assert window.run(ODD) == []


def test_quick_look_opens_over_the_results_and_closes(window: Window, visited: SiteServer) -> None:
    """Details open over the results at an address of their own, and Escape leads back."""
    results(window, visited)
    window.run("document.querySelectorAll('[data-look]')[3].focus()")
    window.type("Enter")
    shows(window, "return !!document.querySelector('dialog[open] h1')")
    assert window.run("return location.pathname") == "/image/shutterstock/9003"
    link = shows(window, "return document.querySelector('dialog a.primary')?.href")
    assert link.endswith("/c/12345/43068/1305?id=9003&site=")
    window.type("Escape")
    shows(window, "return !document.querySelector('dialog[open]')")
    shows(window, "return location.pathname === '/search'")


def test_a_click_is_counted_and_back_leads_to_the_same_place(
    window: Window, visited: SiteServer, others: HostPages
) -> None:
    """A picture leads to its agency; Back from there shows the same pictures at the same place."""
    words = results(window, visited)
    window.run("scrollTo({ top: 1200, behavior: 'instant' })")
    window.run("addEventListener('pageshow', event => { window.kept = event.persisted })")
    shows(window, "return scrollY === 1200")
    shows(window, AT_REST)
    at = window.run(
        "return [...document.querySelectorAll('.tile .picture')]"
        ".findIndex(one => one.getBoundingClientRect().top > 200)"
    )
    window.run(
        "await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    x, y = window.run(
        f"const box = document.querySelectorAll('.tile .picture')[{at}].getBoundingClientRect();"
        "return [box.left + box.width / 2, box.top + box.height / 3]"
    )
    before = window.run(SEEN)
    others.gate.clear()  # no agency answers before a click can be told
    window.press(x, y)
    assert clicks(visited, words) == [(str(9000 + at), at + 1, "")]
    others.gate.set()
    shows(window, "return location.hostname === 'localhost' && document.title === 'The agency'")
    click_id = read_click_id(visited, words)
    address = f"?SharedId={click_id}&id={9000 + at}&site="
    assert window.run("return location.search") == address
    with run_impact_network() as impact, closing(Transport()) as transport:
        impact.actions = [make_action(1, "2026-11-20T13:45:00Z", SharedId=click_id, SubId3="")]
        api = ImpactApi(transport, *ACCOUNT, url=impact.url)
        assert earn(visited, "impact", api) == [("exact", "tile", str(9000 + at), 5.8)]
    [sale] = read_desk_table(visited.url, f"sales?from=2026-11-01&id={9000 + at}")
    assert (sale["click"], sale["place"], sale["payout USD"]) == ("exact", "Results", "5.80")
    window.back()
    shows(window, "return location.hostname === '127.0.0.1' && window.kept")
    assert window.run(SEEN) == before
    assert len(clicks(visited, words)) == 1


@pytest.mark.parametrize(
    ("number", "page", "picture", "place"),
    [
        (1, "/search?q=flower&lang=en", ".tile .picture", "tile"),
        (2, "/board?p=demo:{picked}&lang=en", ".card figure a", "board"),
        (3, "/board?p=demo:{picked}&lang=en", ".card .see a", "board"),
    ],
)
def test_a_reference_at_partnerize_carries_the_click(  # noqa: PLR0913, PLR0917 - a page, and where it is shown
    window: Window,
    referring: SiteServer,
    others: HostPages,
    number: int,
    page: str,
    picture: str,
    place: str,
) -> None:
    """The id that the ledger has stands behind what the cached page's link carries."""
    found = requests.get(f"{referring.url}/api/search?q=flower", timeout=30).json()
    window.open(referring.url + page.format(picked=found["items"][number]["id"]))
    others.gate.clear()  # the agency answers after the click can be told
    media_id = shows(window, f"return document.querySelector({picture!r})?.dataset.id")
    before = len(referring.clicks())
    press(window, picture)
    wait_until(lambda: len(referring.clicks()) > before)
    others.gate.set()
    path = shows(window, "return location.hostname === 'localhost' && location.pathname")
    reference = re.fullmatch(r"/click/camref:1abc/pubref:([^/]*)/destination:.+", unquote(path))
    assert reference
    values, click_id = read_pubref(reference[1])
    assert values == {"site": "", "id": media_id, "query": ""}
    assert click_id == referring.clicks()[-1]["click_id"]
    with run_partnerize_network() as network, closing(Transport()) as transport:
        network.conversions = [
            make_conversion(number, "2026-11-20 13:45:00", publisher_reference=reference[1])
        ]
        api = PartnerizeApi(transport, KEYS, PUBLISHER, network.url)
        assert ("exact", place, media_id, 95.5) in earn(referring, "partnerize", api)


@pytest.mark.skipif(not SOAK, reason="SOAK=1 starts every engine once more")
def test_back_finds_results_and_quick_look_that_were_not_kept(
    forgetful: Window, visited: SiteServer, others: HostPages
) -> None:
    """The page is made anew: with all that was loaded, at its place, quick look over it."""
    window = forgetful
    agency = others.page("<title>The agency</title>")
    results(window, visited)
    window.run("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
    wait_until(lambda: window.run(TILES) >= 96)
    window.run("scrollTo({ top: 1500, behavior: 'instant' })")
    shows(window, AT_REST)
    before = window.run(SEEN)
    _leave_and_come_back(window, agency)
    wait_until(lambda: window.run(SEEN) == before)
    assert window.run(TILES) >= 96

    shows(window, AT_REST)
    window.run(
        f"document.querySelector('.tile:has([data-id=\"{before[0]}\"]) [data-look]').click()"
    )
    shows(window, "return !!document.querySelector('dialog[open] h1')")
    shows(window, AT_REST)
    address = window.run("return location.href")
    _leave_and_come_back(window, agency)
    shows(window, "return !!document.querySelector('dialog[open] h1')")
    assert window.run("return location.href") == address
    window.type("Escape")
    shows(
        window, "return location.pathname === '/search' && !document.querySelector('dialog[open]')"
    )
    wait_until(lambda: window.run(SEEN) == before)


def _leave_and_come_back(window: Window, address: str) -> None:
    window.run(f"window.kept = 1; setTimeout(() => {{ location.href = {address!r} }})")
    shows(window, "return location.hostname === 'localhost'")
    window.back()
    shows(window, f"return location.hostname === '127.0.0.1' && ({TILES.removeprefix('return ')})")
    assert window.run("return window.kept") is None


INSIDE = "document.querySelector('affiliate-search')?.shadowRoot"


def open_blog(window: Window, site: SiteServer, others: HostPages, element: str) -> None:
    """Open a page of another site with an element of the site's embed script."""
    script = f'<script type="module" async src="{site.url}/embed.js"></script>'
    window.size(700, 800)
    window.open(others.page(f'{script}<body style="width: 600px">{element}'))


def test_an_embed_asks_by_every_filter(
    window: Window, visited: SiteServer, others: HostPages
) -> None:
    """Filters of the element, and of the frame, are those of the site's own search."""
    filters = {"orientation": "square", "min_width": "2000", "added": "month", "no_ai": "1"}
    attributes = " ".join(f'{name}="{value}"' for name, value in filters.items())
    query = urlencode({"q": (words := new_words()), **filters, "lang": "en"})
    element = f'<affiliate-search q="{words}" {attributes} lang="en"></affiliate-search>'
    open_blog(window, visited, others, element)
    asked = f"""return {INSIDE} && performance.getEntriesByType("resource")
        .map(one => one.name).find(name => name.includes("/embed/search"))"""
    found = parse_qs(urlsplit(shows(window, asked)).query)
    assert {name: found.get(name) for name in filters} == {n: [v] for n, v in filters.items()}
    window.open(f"{visited.url}/embed?{query}")
    found = parse_qs(urlsplit(shows(window, asked)).query)
    assert {name: found.get(name) for name in filters} == {n: [v] for n, v in filters.items()}


def test_an_embed_on_a_blog_shows_pictures_and_its_click_names_the_blog(
    window: Window, visited: SiteServer, others: HostPages
) -> None:
    """One line in a page of another site: pictures without bars, and a counted click."""
    words = new_words()
    open_blog(
        window,
        visited,
        others,
        f'<affiliate-search q="{words}" rows="2" lang="en">'
        f'<a href="{visited.url}/search?q={words}">Pictures</a></affiliate-search>',
    )
    shows(window, f"return {INSIDE}?.querySelector('.picture img')?.complete")
    assert not has_bar(open_png(window.shot()))
    shows(window, AT_REST)
    x, y = shows(
        window,
        f"const box = {INSIDE}.querySelector('.picture').getBoundingClientRect();"
        "const [x, y] = [box.left + box.width / 2, box.top + box.height / 3];"
        f"return {INSIDE}.elementFromPoint(x, y)?.closest('[data-id]') ? [x, y] : null",
    )
    others.gate.clear()  # no agency answers before a click can be told
    window.press(x, y)
    assert clicks(visited, words) == [("9000", 1, "localhost")]
    others.gate.set()
    shows(window, "return document.title === 'The agency'")
    click_id = read_click_id(visited, words)
    assert window.run("return location.search") == f"?SharedId={click_id}&id=9000&site=localhost"
