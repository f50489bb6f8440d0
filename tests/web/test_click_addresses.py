"""A click belongs to something that a page of this site has shown, or is told apart."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest
from flask.testing import FlaskClient

from affiliate.agencies.limits import Limit
from affiliate.database.clicks import (
    PROGRAM,
    TOO_MANY,
    UNSIGNED,
    Click,
)
from affiliate.database.ledger import Ledger
from affiliate.search.client_budget import Budget
from affiliate.web import click_addresses as pings_module
from tests.support.apps import ClientMaker
from tests.support.memory_store import Memory

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}
SITE = {
    "SITE_URL": "https://pictures.example",
    "AGENCIES": "demo",
    "DEMO_AFFILIATE_LINK": "https://go.example/?u={landing}",
}
PAGES = [
    "/search?q=cat&lang=en",
    "/search?q=%E2%80%9CRed%20bicycle%E2%80%9D&lang=en&site=blog.example",
    "/ajax/search?q=animal&page=2",
    "/embed/search?q=cat&site=B%C3%BCcher.example",
    "/embed/search?q=cat&site=null",
    "/embed/search?ids=demo:{id}&q=cat",
    "/image/demo/{id}?lang=en&q=cat&position=7",
    "/ajax/image/demo/{id}?lang=en&q=cat&position=7",
    "/ajax/image/demo/{id}/similar?lang=en&q=cat",
]


@pytest.fixture
def site(make_client: ClientMaker) -> FlaskClient:
    return make_client(**SITE)


def pings(site: FlaskClient, page: str) -> list[str]:
    """Return the addresses of clicks on a page; ``{id}`` in its address is a picture's."""
    if "{id}" in page:
        page = page.format(id=site.get("/api/search?q=cat").get_json()["items"][0]["id"])
    site.get(page + "&wait=1")
    return [unescape(one) for one in re.findall(r'ping="([^"]+)"', site.get(page).text)]


def record_click(site: FlaskClient, address: str, **headers: str) -> Click:
    """Return what the ledger has of a click at an address."""
    assert site.post(address, headers=BROWSER | headers).status_code == 204
    return last(site)


def last(site: FlaskClient) -> Click:
    ledger: Ledger = site.application.extensions["services"].ledger
    *_, (_, click) = ledger.stream_clicks()
    return click


def limit(site: FlaskClient, name: str, limit: Limit) -> None:
    """Give the clicks of a site another budget."""
    visitors = site.application.extensions["client_limits"]
    counters = site.application.extensions["services"].store
    setattr(visitors, name, Budget(counters, (limit,), 1, now=float))


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_page_offers_is_a_visitors_click(site: FlaskClient, page: str) -> None:
    """In each view, language and embed; scripts may tell quick look from the tile."""
    addresses = pings(site, page)
    assert addresses
    for address in addresses[:2]:
        assert record_click(site, address).sender == ""
        route, _, query = address.partition("?")
        looked = urlencode(dict(parse_qsl(query)) | {"place": "look"})
        assert record_click(site, f"{route}?{looked}").sender == ""


FORGED = [
    {"id": "1"},
    {"agency": "shutterstock", "id": "1"},
    {"position": "2"},
    {"words": "buy this"},
    {"site": "evil.example"},
    {"media": "video"},
    {"seal": ""},
    {"seal": "AAAAAAAA"},
    {"seal": "\u0416"},
    {"seal": "A" * 3000},
]


def test_what_no_page_has_offered_is_marked_and_kept(make_client: ClientMaker) -> None:
    """Each field that figures go by is sealed; a wrong seal is answered as a right one is."""
    site = make_client(**{**SITE, "AGENCIES": "demo,shutterstock", "SHUTTERSTOCK_API_TOKEN": "x"})
    site.application.extensions["services"].switches.switch_agency("shutterstock", off=True)
    fields = dict(parse_qsl(pings(site, PAGES[0])[0].partition("?")[2]))
    senders = [
        record_click(site, f"/clicks?{urlencode(fields | forged)}").sender for forged in FORGED
    ]
    assert senders == [UNSIGNED] * len(FORGED)


def test_seals_of_pages_that_a_cdn_has_kept_stay_good(make_client: ClientMaker) -> None:
    """After a restart, and with another SECRET_KEY, old pages are still the site's own."""
    address = pings(make_client(**SITE), PAGES[0])[0]
    again = make_client(**SITE, SECRET_KEY="vK3xQ8mT5zR1wY7pL2nB9cD4fG6hJ0sA")
    assert record_click(again, address).sender == ""


@pytest.mark.parametrize(
    ("days", "sender"),
    [(0, ""), (1, ""), (62, ""), (63, UNSIGNED), (4000, UNSIGNED), (-1, ""), (-2, UNSIGNED)],
)
def test_a_seal_is_good_for_two_months(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch, days: int, sender: str
) -> None:
    """A page that a CDN keeps counts; what somebody has kept for later does not."""
    address = pings(site, PAGES[0])[0]
    today = pings_module._current_day()
    monkeypatch.setattr(pings_module, "_current_day", lambda: today + days)
    assert record_click(site, address).sender == sender


def test_a_replay_counts_ten_times(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often one client, with all addresses of its network, sends what a page offered."""
    monkeypatch.setattr(
        site.application.extensions["client_limits"], "_clicks", Budget(Memory(), (), 1)
    )
    address = pings(site, PAGES[0])[0]
    senders = []
    for n in range(14):
        where = {"REMOTE_ADDR": f"2001:db8:7:{n:x}::1"}
        site.post(address, headers=BROWSER, environ_overrides=where)
        senders.append(last(site).sender)
    assert senders == [""] * 10 + [TOO_MANY] * 4
    site.post(address, headers=BROWSER, environ_overrides={"REMOTE_ADDR": "2001:db8:8::1"})
    assert last(site).sender == ""


def test_programs_are_told_apart_whatever_they_send(site: FlaskClient) -> None:
    """A robot that follows the addresses of a page stays a robot."""
    address = pings(site, PAGES[0])[0]
    assert record_click(site, address, **{"User-Agent": "Googlebot/2.1"}).sender == PROGRAM


def test_a_client_that_clicks_too_often_is_marked(site: FlaskClient) -> None:
    """All that come from one address after more than visitors do in a minute; others are not."""
    limit(site, "_clicks", Limit(2, 60))
    address = pings(site, PAGES[0])[0]
    assert [record_click(site, address).sender for _ in range(4)] == ["", "", TOO_MANY, TOO_MANY]
    homes, offered = [], pings(site, PAGES[0])[:5]
    for n in range(22):  # of one customer: as many as ten homes have
        where = {"REMOTE_ADDR": f"2001:db8:9:{n:x}::1"}
        site.post(offered[n % len(offered)], headers=BROWSER, environ_overrides=where)
        homes.append(last(site).sender)
    assert homes == [""] * 20 + [TOO_MANY] * 2
    elsewhere = {"REMOTE_ADDR": "198.51.100.9"}
    site.post(address, headers=BROWSER, environ_overrides=elsewhere)
    assert last(site).sender == ""


def test_clicks_without_visitors_fill_no_database(site: FlaskClient) -> None:
    """So many in an hour from everybody, then 429; visitors' clicks go on."""
    limit(site, "_marked", Limit(3, 3600))
    forged = "/clicks?agency=demo&id=nosuch&position=1"
    found = []
    for n in range(5):
        where = {"REMOTE_ADDR": f"198.51.100.{n}"}
        found.append(site.post(forged, headers=BROWSER, environ_overrides=where))
    assert [one.status_code for one in found] == [204, 204, 204, 429, 429]
    assert found[-1].headers["Retry-After"] == "3600"
    assert record_click(site, pings(site, PAGES[0])[0]).sender == ""
