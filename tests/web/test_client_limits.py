"""One client can't spend the owner's calls, whatever page or route is asked for."""

import html
import itertools
import re
import time
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from affiliate.agencies.limits import Limit
from affiliate.search.counters import Windows
from affiliate.web.client_limits import limit_crawls
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock
from tests.support.shutterstock import FIRST_ID, TOKEN, Shutterstock, shutterstock

MINUTE = 2
TRIES = 4
UNKNOWN = itertools.count(9_000_000)
"""Numbers that no picture has, and that make new words."""


@pytest.fixture(scope="module")
def agency() -> Iterator[Shutterstock]:
    with shutterstock(10) as running:
        yield running


@pytest.fixture
def site(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    """Return a client of a site on the agency, in the middle of a minute that doesn't end."""
    return make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        SITE_URL="https://pictures.example",
        CLIENT_SEARCHES_PER_MINUTE=str(MINUTE),
    )


def count_calls(agency: Shutterstock) -> int:
    """Return the calls so far but for the names of categories, which are asked behind each page."""
    return sum("categories" not in one.path for one in agency.requests)


ROUTES = [
    "/search?q=w{n}&lang=en&wait=1",
    "/ajax/search?q=w{n}",
    "/api/search?q=w{n}",
    "/api/search?contributor={n}",
    "/embed/search?q=w{n}",
    "/image/shutterstock/{n}?lang=en",
    "/ajax/image/shutterstock/{n}",
    "/api/image/shutterstock/{n}",
    "/api/image/shutterstock/{n}/similar",
    "/video/shutterstock/{n}?lang=en",
    "/collections/shutterstock/{n}?lang=en",
    "/ajax/collections/shutterstock/{n}/1",
    "/embed/search?collection=shutterstock:{n}",
    "/oembed?url=https://pictures.example/image/shutterstock/{n}",
]


@pytest.mark.parametrize("route", ROUTES)
def test_a_client_without_room_costs_nothing(
    site: FlaskClient, agency: Shutterstock, route: str
) -> None:
    """Past the limit each answer is 429 with the seconds to wait, and no call goes out."""
    answers = [site.get(route.format(n=next(UNKNOWN) % 200_000 + 2)) for _ in range(MINUTE)]
    assert not [one for one in answers if one.status_code == 429]
    before = count_calls(agency)
    for _ in range(TRIES):
        answer = site.get(route.format(n=next(UNKNOWN) % 200_000 + 2))
        told = (answer.status_code, answer.headers["Retry-After"], answer.headers.get("X-Cache"))
        assert told[:2] == (429, "30")
        assert "no-store" in answer.headers["Cache-Control"]
    assert count_calls(agency) == before


def test_cached_answers_and_other_clients_go_on(site: FlaskClient) -> None:
    """Who has spent the budget still searches what is known; everybody else searches as before."""
    for number in range(TRIES):
        site.get(f"/api/search?q=n{number}")
    assert site.get("/api/search?q=n0").get_json()["items"]
    assert site.get("/search?q=other&lang=en").status_code == 200  # a skeleton
    refused = site.get("/api/search?q=other")
    assert (refused.status_code, refused.get_json()["agencies"][0]["error"]["kind"]) == (
        429,
        "busy",
    )
    elsewhere = {"REMOTE_ADDR": "198.51.100.9"}
    found = site.get("/api/search?q=other", environ_overrides=elsewhere)
    assert (found.status_code, found.headers["X-Cache"]) == (200, "MISS")
    assert site.get("/api/search?q=other").get_json()["items"]


def test_an_embed_of_picked_pictures_shows_those_that_are_known(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """Pictures that may not be asked for any more are left out, for this client alone."""
    known = [f"shutterstock:{FIRST_ID + n}" for n in range(3)]
    assert site.get(f"/embed/search?ids={','.join(known)}").text.count("data-look") == 3
    for _ in range(TRIES):
        site.get(f"/embed/search?ids=shutterstock:{next(UNKNOWN)}")
    before = count_calls(agency)
    more = [*known, *(f"shutterstock:{FIRST_ID + n}" for n in range(100, 110))]
    answer = site.get(f"/embed/search?ids={','.join(more)}")
    assert (answer.status_code, answer.text.count("data-look")) == (200, 3)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert count_calls(agency) == before


def test_suggestions_and_details_behind_cost_little(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """Typing letter by letter is not searching; a flood of it ends all the same."""
    before = count_calls(agency)
    for _ in range(10 * MINUTE):
        assert site.get(f"/suggest?q=word{next(UNKNOWN)}&lang=en").status_code == 200
    assert count_calls(agency) - before == 4 * MINUTE


ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; Yahoo! Slurp)",
    "Scrapy/2.11",
    "Baiduspider",
]


HIDDEN = (
    "/ajax/search?q=w{n}",
    "/api/image/shutterstock/{n}",
    "/search?q=w{n}&wait=1",
    "/embed/search?q=w{n}",
    "/image/shutterstock/{n}?lang=en&wait=1",
    "/ajax/collections/shutterstock/{n}/1",
)


@pytest.mark.parametrize(("agent", "route"), list(zip(ROBOTS, HIDDEN, strict=True)))
def test_robots_cost_nothing(
    site: FlaskClient, agency: Shutterstock, route: str, agent: str
) -> None:
    """What robots.txt hides from crawlers is refused for an hour, unless it is known."""
    before = count_calls(agency)
    answer = site.get(route.format(n=next(UNKNOWN)), headers={"User-Agent": agent})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert count_calls(agency) == before


def test_all_crawlers_together_have_a_small_budget(site: FlaskClient, agency: Shutterstock) -> None:
    """Pages of which nothing is known cost ten questions in an hour, then none."""
    site.application.extensions["services"].lookups.list_featured(10)
    topics = re.findall(r"(/topics/[^<]+\?lang=\w+)<", site.get("/sitemap.xml").text)
    before = count_calls(agency)
    statuses = []
    for turn in range(24):
        agent = {"User-Agent": ROBOTS[turn % len(ROBOTS)]}
        picture = f"/image/shutterstock/{next(UNKNOWN)}?lang=en"
        answer = site.get(picture if turn % 2 else topics[turn], headers=agent)
        statuses.append((answer.status_code, 'class="picture"' in answer.text))
    assert count_calls(agency) - before == 10
    assert statuses[:10] == [(200, True), (404, False)] * 5
    assert statuses[10:] == [(200, False), (429, False)] * 7


@pytest.mark.parametrize(
    ("limits", "questions"),
    [
        ([], 10),
        ([()], 10),
        ([(Limit(5, 1),)], 10),
        ([(Limit(500),), (Limit(100),)], 10),
        ([(Limit(500),), (Limit(50),)], 5),
        ([(Limit(20, 60), Limit(2400, 86400))], 10),
        ([(Limit(1200, 86400),)], 5),
        ([(Limit(3),)], 1),
    ],
)
def test_crawlers_have_a_tenth_of_the_smallest_limit(
    limits: list[tuple[Limit, ...]], questions: int
) -> None:
    """A question costs each agency a call, so that agencies with few calls an hour say how many."""
    assert limit_crawls(limits) == questions


def test_featured_collections_are_shown_to_crawlers_that_may_cost_nothing(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """Their names are known from the sitemap's list; a refusal has search engines come seldom."""
    site.application.extensions["client_limits"]._crawls._limits = (Limit(0),)
    site.application.extensions["services"].lookups.list_featured(10)
    before = count_calls(agency)
    sitemap = site.get("/sitemap.xml").text
    listed = re.findall(r"https://pictures.example(/collections/[^<]+)", sitemap)[:3]
    assert len(listed) == 3
    for address in listed:
        answer = site.get(html.unescape(address), headers={"User-Agent": ROBOTS[0]})
        assert (answer.status_code, "data-waiting" in answer.text) == (200, True)
    assert count_calls(agency) == before


def test_answers_that_are_stale_are_not_asked_anew_for_whoever_looks(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walking through what was found long ago costs as searches do; crawlers have none renewed."""
    asked_before = [f"/ajax/search?q=old{n}&lang=en" for n in range(6)]
    for number, search in enumerate(asked_before):
        elsewhere = {"REMOTE_ADDR": f"198.51.100.{number}"}
        site.get(search.replace("ajax", "api"), environ_overrides=elsewhere)
    calls = site.application.extensions["services"].search._calls
    renewed: list[str] = []
    monkeypatch.setattr(calls.gateway._cache, "_now", lambda: time.time() + 90_000)
    monkeypatch.setattr(
        calls.gateway._cache,
        "_refresh_in_background",
        lambda wanted, _fetch: renewed.append(wanted.key),
    )
    robot = {"User-Agent": ROBOTS[0]}
    assert {site.get(one, headers=robot).headers["X-Cache"] for one in asked_before} == {"STALE"}
    assert renewed == []
    monkeypatch.setattr(calls, "_spend", _after(2))
    found = [site.get(f"{one}&wait=1") for one in asked_before]
    assert {(one.status_code, one.headers["X-Cache"]) for one in found} == {(200, "STALE")}
    assert len(renewed) == 2


def _after(times: int) -> Callable[[int], float]:
    """Return a budget that is spent after so many questions."""
    left = iter([0.0] * times)
    return lambda _cost: next(left, 30.0)


def test_a_picture_that_is_gone_is_remembered(site: FlaskClient, agency: Shutterstock) -> None:
    """An unknown id costs one call in an hour."""
    number = next(UNKNOWN)
    site.get(f"/image/shutterstock/{number}?lang=en")
    before = count_calls(agency)
    assert site.get(f"/image/shutterstock/{number}?lang=de").status_code == 404
    assert count_calls(agency) == before


def spoofed(site: FlaskClient, header: str, peer: str = "127.0.0.1", times: int = 5) -> list[int]:
    """Return the statuses of a peer's searches, each with another number in its header."""
    return [
        site.get(
            f"/api/search?q=n{next(UNKNOWN)}",
            headers={"X-Forwarded-For": header.format(n=n)},
            environ_overrides={"REMOTE_ADDR": peer},
        ).status_code
        for n in range(times)
    ]


def test_nobody_is_believed_who_is_not_trusted(site: FlaskClient) -> None:
    """Made-up addresses in a header from anywhere in the public network give no budget."""
    assert spoofed(site, "198.51.100.{n}", "8.8.8.8")[MINUTE:] == [429, 429, 429]


def test_a_proxy_that_nobody_named_has_ten_clients_budget(
    site: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever forgot the setting loses no visitor soon, and is told of it once."""
    statuses = spoofed(site, "198.51.100.{n}", "100.64.0.7", 10 * MINUTE + 1)
    assert (statuses.count(200), statuses[-1]) == (10 * MINUTE, 429)
    told = [record.message for record in caplog.records if "TRUSTED_PROXIES" in record.message]
    assert len(told) == 1
    assert "198.51" not in told[0]


def test_trusted_proxies_tell_clients_apart(make_client: ClientMaker, agency: Shutterstock) -> None:
    """With TRUSTED_PROXIES each address that the proxy adds has a budget, and no other."""
    site = make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        CLIENT_SEARCHES_PER_MINUTE=str(MINUTE),
        TRUSTED_PROXIES="1",
    )
    assert 429 not in spoofed(site, "203.0.113.1, 198.51.100.{n}")
    assert spoofed(site, "198.51.100.{n}, 203.0.113.1")[-1] == 429


def test_no_limit_is_a_setting(make_client: ClientMaker, agency: Shutterstock) -> None:
    """0 switches a limit off."""
    site = make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        CLIENT_SEARCHES_PER_MINUTE="0",
        CLIENT_SEARCHES_PER_HOUR="0",
    )
    assert 429 not in spoofed(site, "198.51.100.1")


def test_no_counter_holds_an_address(site: FlaskClient) -> None:
    """Clients stand in the store as digests."""
    where = {"REMOTE_ADDR": "198.51.100.77"}
    site.get("/api/search?q=private&site=blog.example", environ_overrides=where)
    store = site.application.extensions["services"].store.store
    with store._use_connection() as db:
        names = [name for (name,) in db.execute("SELECT key FROM counters")]
    assert any(re.match(r"client:[0-9a-f]{18}:60:", name) for name in names)
    assert not [name for name in names if "198.51" in name or "127.0.0" in name]


@pytest.mark.parametrize("step", [86_400, -86_400])
def test_a_clock_that_is_set_to_another_day_makes_nobody_another_client(
    site: FlaskClient, step: float
) -> None:
    """What counters call a client changes when the day is over by a clock that nobody sets."""
    clock, steady = SetClock(1_800_000_000.0), SetClock(0.0)
    visitors = site.application.extensions["client_limits"]
    visitors._days = Windows(clock, steady)
    before = visitors.client_digest("192.0.2.7"), visitors.searcher_digest("192.0.2.7")
    clock.now += step
    assert (visitors.client_digest("192.0.2.7"), visitors.searcher_digest("192.0.2.7")) == before
    steady.now += 86_400
    assert visitors.client_digest("192.0.2.7") != before[0]
