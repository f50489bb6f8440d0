"""The sentence on commissions stands where a link earns, there always, and nowhere else."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient

from tests.dialects import DIALECTS, answer_text, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.federation import Agencies
from tests.support.waiting import wait_until

SAID = "Links on this page earn us a commission."
WITH_ID = {"ADOBE_STOCK_AFFILIATE_ID": "1"}
OWN_LINK = {"OPENVERSE_AFFILIATE_LINK": "https://track.example/?to={landing}"}
PLAIN_LINK = {"ADOBE_STOCK_AFFILIATE_ID": "1", "ADOBE_STOCK_AFFILIATE_LINK": "{landing_url}"}
PAGES = [
    "/?lang=en",
    "/search?q=flower&lang=en&wait=1",
    "/ajax/search?q=flower&lang=en",
    "/embed/search?q=flower&lang=en",
    "/topics/flower?lang=en&wait=1",
]
SITES: list[tuple[str, dict[str, str], bool]] = [
    ("adobe-stock", WITH_ID, True),
    ("adobe-stock", {}, False),
    ("adobe-stock", PLAIN_LINK, False),
    ("openverse", {}, False),
    ("openverse", OWN_LINK, True),
    ("openverse adobe-stock", WITH_ID, True),
    ("openverse pixabay", WITH_ID, False),
    ("adobe-stock depositphotos", {"DEPOSITPHOTOS_AFFILIATE_ID": "1"}, True),
]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def few(stack: ExitStack, names: str) -> Agencies:
    """Serve some agencies, which have ten pictures each."""
    kinds = [one() for one in DIALECTS if one.name in names.split()]
    for one in kinds:
        one.total = 10
    return Agencies({one.name: stack.enter_context(serve_dialect(one)) for one in kinds})


def site(make: ClientMaker, stack: ExitStack, names: str, settings: dict[str, str]) -> FlaskClient:
    """Return a client of a site of some agencies, whose one topic is flower."""
    agencies = few(stack, names)
    base = {"SITE_URL": "https://me.example", "SITE_TOPICS": "flower"}
    return make(**agencies.settings(), **base, **settings)


@pytest.mark.parametrize(("names", "settings", "earns"), SITES)
def test_pages_with_pictures_say_it_where_a_link_earns(
    make_client: ClientMaker,
    stack: ExitStack,
    names: str,
    settings: dict[str, str],
    earns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """So do the skeleton of a search that may find such links, and copies of the page cache."""
    client = site(make_client, stack, names, settings)
    assert (SAID in client.get("/search?q=rose&lang=en").text) is earns
    client.get("/api/search?q=flower&lang=en&wait=1")
    for _ in range(2):
        said = {path: SAID in client.get(path).text for path in PAGES}
        assert said == dict.fromkeys(PAGES, earns)


@pytest.mark.parametrize(("names", "settings", "earns"), SITES)
def test_the_page_of_a_picture_says_it_where_its_own_link_earns(
    make_client: ClientMaker,
    stack: ExitStack,
    names: str,
    settings: dict[str, str],
    earns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A neighbor's link among the results is no link of this page."""
    client = site(make_client, stack, names, settings)
    items = client.get("/api/search?q=flower&lang=en&wait=1").get_json()["items"]
    said = set()
    for name in names.split():
        item = next(one for one in items if one["agency"] == name)
        for before in ("", "/ajax"):
            path = f"{before}/image/{name}/{item['id']}?q=flower&lang=en"
            page = client.get(path).text
            is_own = name != "openverse" or settings == OWN_LINK
            assert (SAID in page) is (item["link"] != item["page_url"] and is_own), path
            said.add(SAID in page)
    assert (True in said) is earns


LATE: list[tuple[str, str, dict[str, str], bool]] = [
    ("openverse", "adobe-stock", WITH_ID, True),
    ("openverse", "adobe-stock", {}, False),
    ("openverse", "adobe-stock", PLAIN_LINK, False),
    ("pixabay", "openverse", OWN_LINK, True),
    ("pixabay", "openverse", WITH_ID, False),
    ("adobe-stock", "openverse", WITH_ID, True),
]


@pytest.mark.parametrize("row", LATE)
@pytest.mark.parametrize("before", ["/ajax", "/embed"])
def test_results_say_it_before_the_pictures_of_a_late_agency_come(
    make_client: ClientMaker,
    stack: ExitStack,
    row: tuple[str, str, dict[str, str], bool],
    before: str,
) -> None:
    """They are appended under what is on the screen, where nothing may move."""
    quick, late, settings, earns = row
    agencies = few(stack, f"{quick} {late}")
    agencies[late].gate.clear()
    page = make_client(**agencies.settings(), **settings).get(f"{before}/search?q=flower&lang=en")
    assert f'data-late="{late}"' in page.text
    assert 'class="picture"' in page.text
    assert (SAID in page.text) is earns


def test_the_demo_never_says_it(client: FlaskClient) -> None:
    client.get("/api/search?q=cat&lang=en&wait=1")
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    paths = ["/?lang=en", "/search?q=cat&lang=en", "/search?q=new&lang=en", "/ajax/search?q=cat"]
    paths += [f"{before}/image/demo/{item['id']}?lang=en" for before in ("", "/ajax")]
    for path in paths:
        assert SAID not in client.get(path).text, path


@pytest.mark.parametrize(("names", "settings", "earns"), SITES)
def test_pages_without_pictures_say_it_where_their_ways_on_earn(
    make_client: ClientMaker,
    stack: ExitStack,
    names: str,
    settings: dict[str, str],
    earns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    kinds = {one.name: one for one in DIALECTS if one.name in names.split()}
    agencies = Agencies({name: stack.enter_context(serve_dialect(kinds[name]())) for name in kinds})
    for server in agencies.values():
        server.fixed = answer_text("down", 503)
    client = make_client(**agencies.settings(), **settings)
    assert (SAID in client.get("/search?q=flower&lang=en&wait=1").text) is earns


def read_sellers(client: FlaskClient, path: str, late: str) -> list[str]:
    """Return the agencies of an answer's pictures, once one that may be late is among them."""
    sellers: list[str] = []

    def has_all() -> bool:
        sellers[:] = [one["agency"] for one in client.get(path).get_json()["items"]]
        return late in sellers

    wait_until(has_all)
    return sellers


def test_results_say_from_which_picture_on_they_earn(
    make_client: ClientMaker, stack: ExitStack
) -> None:
    """The start page, which shows the first few of them, says it where one of those earns."""
    kinds = {one.name: one for one in DIALECTS if one.name in {"openverse", "adobe-stock"}}
    agencies = Agencies({name: stack.enter_context(serve_dialect(kinds[name]())) for name in kinds})
    for weights, told in (("openverse:47, adobe-stock:1", True), ("adobe-stock", False)):
        client = make_client(**agencies.settings() | WITH_ID | {"AGENCIES": weights})
        search = "search?q=flower&lang=en&wait=1"
        sellers = read_sellers(client, f"/api/{search}", "adobe-stock")
        first = sellers.index("adobe-stock") + 1
        assert (first > 1) is told
        page, embed = (client.get(f"{at}/{search}").text for at in ("/ajax", "/embed"))
        earning = [one == "adobe-stock" for one in sellers]
        tiles = page.split('<li class="tile')[1:]
        assert [" data-earns " in tile.partition(">")[0] for tile in tiles] == earning
        assert "data-earns" not in embed
        said = f'<p class="disclosure" data-from="{first}">' if told else '<p class="disclosure">'
        assert f"{said}{SAID}" in page


@pytest.mark.parametrize(("before", "earns"), [("/ajax", True), ("/embed", False)])
def test_embeds_say_nothing_of_links_that_they_leave_out(
    make_client: ClientMaker,
    stack: ExitStack,
    before: str,
    earns: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Ways on to the agencies' own searches stand under the last page of the site alone."""
    agencies = [one() for one in DIALECTS if one.name in {"openverse", "adobe-stock"}]
    for agency in agencies:
        agency.total = 10 if agency.name == "openverse" else 0
    servers = Agencies({one.name: stack.enter_context(serve_dialect(one)) for one in agencies})
    client = make_client(**servers.settings(), **WITH_ID)
    found = client.get(f"{before}/search?q=flower&lang=en&wait=1").text
    assert 'class="picture"' in found
    assert (SAID in found) is earns
