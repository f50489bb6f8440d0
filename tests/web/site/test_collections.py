"""A collection that the agency features is a page of the site, indexable and cached like others."""

import json
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.simulator import (
    CLIENT,
    FIRST_ID,
    FIRST_VIDEO,
    TOKEN,
    Answer,
    Fault,
    Simulator,
    answer_with,
    hold,
    simulator,
)
from tests.simulator.collections import FEATURED, FEATURED_ITEMS
from tests.support.apps import ClientMaker

PAGE = "/collections/shutterstock/19853"
SAID = "Links on this page earn us a commission."
ITEMS = "/v2/images/collections/featured/19853/items"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def site(make_client: ClientMaker, agency: Simulator) -> FlaskClient:
    return make_client(
        SITE_URL="https://pictures.example",
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        SHUTTERSTOCK_AFFILIATE_ID="4711",
    )


def tiles(html: str) -> list[str]:
    return re.findall(r'class="picture"[^>]* data-id="([^"]+)"', html)


def test_the_pictures_are_shown_under_the_collection_s_name(site: FlaskClient) -> None:
    """Name, canonical address and pictures with affiliate links stand in the page."""
    answer = site.get(f"{PAGE}?lang=en&wait=1")
    assert answer.status_code == 200
    assert "<bdi>Exercise &amp; Fitness</bdi></h1>" in answer.text
    assert f'<link rel="canonical" href="https://pictures.example{PAGE}?lang=en">' in answer.text
    assert "noindex" not in answer.text
    assert len(tiles(answer.text)) == FEATURED_ITEMS
    assert "https://shutterstock.7eer.net/c/4711/43068/" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_page_is_there_at_once_and_fills_itself(site: FlaskClient, agency: Simulator) -> None:
    """A page that isn't cached asks for no pictures; its fragment does, and then it has them."""
    first = site.get(f"{PAGE}?lang=en")
    assert tiles(first.text) == []
    assert "data-waiting" in first.text
    assert ITEMS not in [seen.path for seen in agency.requests]
    (source,) = re.findall(r'<affiliate-search src="(/ajax/[^"]+)"', first.text)
    fragment = site.get(source)
    assert len(tiles(fragment.text)) == FEATURED_ITEMS
    calls = len(agency.requests)
    assert tiles(site.get(f"{PAGE}?lang=en").text) == tiles(fragment.text)
    assert tiles(site.get(f"{PAGE}?lang=de").text) == tiles(fragment.text)
    assert len(agency.requests) == calls


@pytest.mark.parametrize("steps", ["", "media=video&", "page=2&", "media=video&page=2&"])
def test_the_page_in_another_language_is_of_the_same_collection(
    site: FlaskClient, steps: str
) -> None:
    pairs = "".join(f"{pair}&amp;" for pair in steps.split("&") if "media" in pair)
    pages = "".join(f"&amp;{pair}" for pair in steps.split("&") if "page" in pair)
    page = site.get(f"{PAGE}?{steps}lang=en&wait=1").text
    assert f'<a href="?{pairs}lang=de{pages}" lang="de"' in page


def test_a_finished_page_is_answered_from_memory(site: FlaskClient) -> None:
    """With a language in the address the page is public, and its repeat never enters the app."""
    site.get(f"{PAGE}?lang=en&wait=1")
    for mark in ("HIT", "HIT"):
        again = site.get(f"{PAGE}?lang=en&fbclid=1")
        assert again.headers["X-Cache"] == mark
        assert again.headers["Cache-Control"].startswith("public")
    assert again.headers["Server-Timing"] == "memory"


def test_a_page_past_the_end_says_so(site: FlaskClient) -> None:
    """The pages are counted, and one past them leads back to the first."""
    assert 'aria-label="Pages"' not in site.get(f"{PAGE}?lang=en&wait=1").text
    past = site.get(f"{PAGE}?lang=en&page=7&wait=1")
    assert past.status_code == 200
    assert tiles(past.text) == []
    assert f'<a href="{PAGE}?lang=en">Go to the first page</a>' in past.text
    assert "Search “Exercise &amp; Fitness” at Shutterstock" in past.text


@pytest.fixture
def hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Featured collections hold more than a page."""
    monkeypatch.setattr("tests.simulator.collections.FEATURED_ITEMS", 100)


@pytest.mark.usefixtures("hundred")  # before the simulator starts
def test_long_collections_have_pages(site: FlaskClient, agency: Simulator) -> None:
    """Three pages come from one question; each shows its own pictures."""
    shown = [tiles(site.get(f"{PAGE}?lang=en&page={n}&wait=1").text) for n in (1, 2, 3)]
    assert [len(one) for one in shown] == [48, 48, 4]
    assert len({one for page in shown for one in page}) == 100
    assert [seen.path for seen in agency.requests].count(ITEMS) == 1
    second = site.get(f"{PAGE}?lang=en&page=2").text
    assert f'href="{PAGE}?lang=en">Previous' in second
    assert f'href="{PAGE}?lang=en&amp;page=3">More pictures' in second


@pytest.mark.parametrize(
    "path",
    [
        "/collections/shutterstock/1",
        "/collections/shutterstock/..%2Flicenses",
        "/collections/shutterstock/x",
        "/collections/nowhere/19853",
        "/collections/shutterstock",
    ],
)
def test_what_is_not_featured_is_not_there(site: FlaskClient, agency: Simulator, path: str) -> None:
    """Neither unknown collections nor the owner's own, nor another call by a made-up id."""
    assert site.get(f"{path}?lang=en").status_code == 404
    assert site.get(f"/ajax{path}/1?lang=en").status_code == 404
    assert all(re.search(r"/featured/\d+$", seen.path) for seen in agency.requests)


def test_the_demo_features_none(client: FlaskClient) -> None:
    """An agency without collections has no such pages."""
    assert client.get("/collections/demo/1?lang=en").status_code == 404


def test_an_agency_that_is_down_is_said(site: FlaskClient, agency: Simulator) -> None:
    """Without the name there is no page but a sentence; without pictures the page says why."""
    agency.misbehave(answer_with(503), on="/v2/images/collections/*", times=None)
    unnamed = site.get("/collections/shutterstock/19854?lang=en")
    assert unnamed.status_code == 502
    assert "See at Shutterstock</a>" in unnamed.text
    assert SAID in unnamed.text
    agency.orders.clear()
    site.get(f"{PAGE}?lang=en")
    agency.misbehave(answer_with(503), on=ITEMS, times=None)
    page = site.get(f"{PAGE}?lang=en&wait=1")
    assert page.status_code == 200
    assert 'data-status="failed"' in page.text
    assert "Search “Exercise &amp; Fitness” at Shutterstock" in page.text
    assert "Exercise%2520%2526%2520Fitness" in page.text


@pytest.mark.parametrize("earns", [True, False])
def test_commissions_are_said_where_links_earn(
    make_client: ClientMaker,
    agency: Simulator,
    earns: bool,  # noqa: FBT001 - both are tried
) -> None:
    """In the skeleton, in the fragment that fills it, and in the page with pictures."""
    settings = {"SHUTTERSTOCK_CLIENT_ID": CLIENT[0], "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1]}
    settings |= {"SHUTTERSTOCK_AFFILIATE_ID": "4711"} if earns else {}
    site = make_client(SHUTTERSTOCK_URL=agency.url, **settings)
    skeleton = site.get(f"{PAGE}?lang=en")
    fragment = site.get(f"/ajax{PAGE}/1?lang=en")
    page = site.get(f"{PAGE}?lang=en")
    assert ["data-waiting" in one.text for one in (skeleton, page)] == [True, False]
    assert [SAID in one.text for one in (skeleton, fragment, page)] == [earns] * 3


@pytest.mark.parametrize("page", ["0", "x", "-1"])
def test_bad_input_names_the_parameter(site: FlaskClient, page: str) -> None:
    """A page that is no number is 400."""
    answer = site.get(f"{PAGE}?lang=en&page={page}")
    assert answer.status_code == 400
    assert "page" in answer.text


def test_every_featured_name_is_shown_as_it_is(site: FlaskClient) -> None:
    """Names with signs that HTML or addresses would take for theirs."""
    for number, name in FEATURED.items():
        page = site.get(f"/collections/shutterstock/{number}?lang=en").text
        assert f"<bdi>{name.replace('&', '&amp;')}</bdi>" in page


def test_both_calls_count_on_the_quota(make_client: ClientMaker, agency: Simulator) -> None:
    """The name is one call, the pictures two: an hour's two calls are not enough for both."""
    limited = make_client(
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
        SHUTTERSTOCK_CALLS_PER_HOUR="2",
    )
    page = limited.get(f"{PAGE}?lang=en&wait=1")
    assert tiles(page.text) == []
    assert 'data-status="failed"' in page.text
    assert len(agency.requests) == 1


def test_collections_of_clips_are_pages_too(site: FlaskClient, agency: Simulator) -> None:
    """With media=video the same number is another collection; the two are never mixed up."""
    page = site.get(f"{PAGE}?media=video&lang=en&wait=1").text
    assert tiles(page) == [str(FIRST_VIDEO + n) for n in range(FEATURED_ITEMS)]
    assert f'href="https://pictures.example{PAGE}?media=video&amp;lang=en"' in page
    assert re.search(r"<title>Exercise &amp; Fitness \S Footage \S ", page)
    assert "/43977/" in page
    assert {seen.path.split("/")[2] for seen in agency.requests} == {"videos"}
    (source,) = re.findall(r'<affiliate-search src="(/ajax/[^"]+)"', page)
    fragment, other = f"/ajax{PAGE}/1?media=video&lang=en", f"/ajax{PAGE}/1?lang=en"
    assert source.replace("&amp;", "&") == fragment
    for _ in range(2):
        assert tiles(site.get(fragment).text) == tiles(page)
        assert tiles(site.get(other).text) == [str(FIRST_ID + n) for n in range(FEATURED_ITEMS)]
        assert tiles(site.get(f"{PAGE}?lang=en&wait=1").text)[0] == str(FIRST_ID)


def drop_total(answer: Answer) -> Answer:
    """Return the answer without its total, like the description's example for footage."""
    body = json.loads(answer.body)
    del body["total_count"]
    return answer._replace(body=json.dumps(body).encode())


@pytest.mark.parametrize(("number", "pages"), [(100, 3), (200, 5)])
def test_pages_are_counted_where_the_items_are_not(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch, number: int, pages: int
) -> None:
    """A page that isn't full is the last; else what the collection says of itself counts."""
    monkeypatch.setattr("tests.simulator.collections.FEATURED_ITEMS", number)
    with simulator(size=300) as agency:
        agency.misbehave(Fault(change=drop_total), on="/v2/*/items", times=None)
        site = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        first = site.get(f"{PAGE}?media=video&lang=en&wait=1").text
        assert f"Page 1 of {pages}" in first
        last = site.get(f"{PAGE}?media=video&lang=en&page={pages}&wait=1").text
        assert len(tiles(last)) == number % 48
        assert ">More pictures<" not in last


LISTS = "/v2/*/collections/featured"


def wait_for_collections(site: FlaskClient) -> None:
    """Wait until the agency has told its collections."""
    told = site.application.extensions["services"].lookups.list_featured(10)
    assert len(told.values) == 2 * len(FEATURED)


def test_the_start_page_leads_to_them(site: FlaskClient, agency: Simulator) -> None:
    """They are asked for behind it, once, and stand there with covers as soon as they are known."""
    order = agency.misbehave(hold("read"), on=LISTS, times=None)
    assert 'class="collections"' not in site.get("/?lang=en").text
    order.release.set()
    wait_for_collections(site)
    page = site.get("/?lang=de").text
    assert f'<a href="{PAGE}?lang=de"><span class="cover"><img src="https://' in page
    assert f'<a href="{PAGE}?media=video&amp;lang=de">' in page
    assert "<bdi>Exercise &amp; Fitness</bdi>" in page
    asked = [seen.path for seen in agency.requests if seen.path.endswith("/featured")]
    assert sorted(asked) == ["/v2/images/collections/featured", "/v2/videos/collections/featured"]
    assert site.get(f"{PAGE}?lang=de").status_code == 200


@pytest.fixture
def nine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the agency feature more than the start page shows."""
    many = {str(number): f"Collection {number}" for number in range(101, 110)}
    monkeypatch.setattr("tests.simulator.collections.FEATURED", many)


@pytest.mark.usefixtures("nine")  # before the simulator starts
def test_the_start_page_shows_the_first_few_of_each_kind(site: FlaskClient) -> None:
    """Eight of pictures, then four of clips, however many there are."""
    site.application.extensions["services"].lookups.list_featured(10)
    page = site.get("/?lang=en").text
    found = re.findall(r'<a href="/collections/shutterstock/(\d+)\?(media=video)?', page)
    pictures, clips = range(101, 109), range(101, 105)
    assert found == [(str(n), "") for n in pictures] + [(str(n), "media=video") for n in clips]


def test_the_sitemap_has_those_that_are_known(site: FlaskClient) -> None:
    """Each once, in the site's language."""
    wait_for_collections(site)
    answer = site.get("/sitemap.xml")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    found = re.findall(r"<loc>https://pictures.example(/collections/.*?)</loc>", answer.text)
    behind = ("?lang=en", "?media=video&amp;lang=en")
    assert found == [f"/collections/shutterstock/{n}{one}" for one in behind for n in FEATURED]


def test_a_sitemap_without_them_is_kept_for_seconds(site: FlaskClient, agency: Simulator) -> None:
    """While the agency is asked for them it has the rest, and is soon made anew."""
    agency.misbehave(hold("read"), on=LISTS, times=None)
    answer = site.get("/sitemap.xml")
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    assert "/topics/" in answer.text
    assert "/collections/" not in answer.text
    agency.orders.clear()


def test_a_shared_address_shows_the_cover_until_pictures_are_known(site: FlaskClient) -> None:
    """Previews of the page have its name and a picture: the cover, then the first picture."""
    pictures = []
    for wait in ("", "&wait=1"):
        page = site.get(f"{PAGE}?lang=en{wait}").text
        assert '<meta property="og:title" content="Exercise &amp; Fitness">' in page
        assert f'<meta property="og:url" content="https://pictures.example{PAGE}?lang=en">' in page
        pictures += re.findall(r'<meta property="og:image" content="([^"]+)">', page)
        assert ("og:image:width" in page) == bool(wait)
    assert len(set(pictures)) == 2
