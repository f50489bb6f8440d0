"""The pretend shop of the demo: photographs in sizes, clips, and links to pages of this site."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.agencies.demo.client import Demo
from affiliate.agencies.demo.shop import CLIPS, SIZES, TOPICS, DemoShop
from affiliate.config import loading
from affiliate.domain.media import SearchQuery
from affiliate.errors import NotFound
from affiliate.transport.client import Transport
from tests.support.apps import ClientMaker
from tests.support.shared_parts import DEMO_WEIGHTS

STATIC = Path(__file__).resolve().parents[3] / "static"
BOTH = "demo:2,demo-shop"
NOTICE = "This is a demo: the Demo shop is pretend, and nothing is for sale."


@pytest.fixture
def quick_shop(monkeypatch: pytest.MonkeyPatch) -> DemoShop:
    """Return a shop whose first search waits for nothing."""
    monkeypatch.setattr(DemoShop, "first_delay", 0.0)
    return DemoShop(Transport())


@pytest.fixture
def client_of_both(make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Return a client of the site of the demo and its shop, which waits for nothing."""
    monkeypatch.setattr(DemoShop, "first_delay", 0.0)
    return make_client(AGENCIES=BOTH)


def test_some_photographs_are_sold_in_sizes(quick_shop: DemoShop) -> None:
    """The shop has photographs alone, not all of them, each in every size and its own ratio."""
    query = SearchQuery(q="mountain")
    items = quick_shop.search(query, 0).items
    every = {item.id: item for item in Demo(Transport()).search(query, 0).items}
    assert 12 <= len(items) < len(every)
    for item in items:
        original = every[item.id]
        assert (item.type, item.title) == ("photo", original.title)
        assert [size.name for size in item.sizes] == list(SIZES)
        assert item.preview
        for size, side in zip(item.sizes, SIZES.values(), strict=True):
            assert max(size.width, size.height) == side
            ratio = item.preview.width / item.preview.height
            assert size.width / size.height == pytest.approx(ratio, rel=0.01)


def test_clips_are_there_and_small(quick_shop: DemoShop) -> None:
    """Each clip has its file of at most 200 kB, its length, and no file is without a clip."""
    items = quick_shop.search(SearchQuery(media="video"), 0).items
    assert {item.id for item in items} == set(CLIPS)
    assert {path.name for path in (STATIC / "demo-shop").iterdir()} == {f"{i}.mp4" for i in CLIPS}
    for item in items:
        assert (item.media, item.type, item.duration) == ("video", None, 4)
        assert item.clip == f"/static/demo-shop/{item.id}.mp4"
        assert (STATIC / "demo-shop" / f"{item.id}.mp4").stat().st_size <= 200_000
        assert quick_shop.fetch_details(item.id, "video") == item


def test_what_is_not_sold_is_not_found(quick_shop: DemoShop) -> None:
    """Drawings, other pictures as clips, and unknown ids have no details at the shop."""
    drawing = Demo(Transport()).search(SearchQuery(type="vector"), 0).items[0].id
    for media_id, media in ((drawing, "image"), (drawing, "video"), ("0", "image")):
        with pytest.raises(NotFound):
            quick_shop.fetch_details(media_id, media)


def test_similar_pictures_are_sold_too(quick_shop: DemoShop) -> None:
    """So that a visitor goes on from a picture of the shop, as from one of the catalogue."""
    [first, *_] = quick_shop.search(SearchQuery(q="mountain"), 0).items
    similar = quick_shop.fetch_similar(first.id, SearchQuery(lang="en"), 0).items
    assert len(similar) >= 12
    assert all(item.sizes for item in similar)
    assert all(quick_shop.fetch_details(item.id) for item in similar)


def test_the_first_search_alone_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is late once, longer than pages wait, and never with the start page's topics."""
    waits: list[float] = []
    monkeypatch.setattr("affiliate.agencies.demo.shop.time.sleep", waits.append)
    agency = DemoShop(Transport())
    agency.search(SearchQuery(q=TOPICS[0]), 0)
    assert waits == []
    for words in ("cat", "dog"):
        agency.search(SearchQuery(q=words), 0)
    assert waits == [1.5]


def test_buttons_of_both_sellers_lead_to_a_page_that_explains(client_of_both: FlaskClient) -> None:
    """One tile has both sellers, and the shop's link leads to a page that no engine indexes."""
    found = client_of_both.get("/api/search?q=mountain&lang=en").get_json()
    two = [
        i for i in found["items"] if {s["agency"] for s in i["sellers"]} == {"demo", "demo-shop"}
    ]
    assert two
    (link,) = (s["link"] for s in two[0]["sellers"] if s["agency"] == "demo-shop")
    answer = client_of_both.get(link)
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "This is a demo. The Demo shop is pretend" in answer.text
    page = client_of_both.get(f"/image/demo-shop/{two[0]['id']}?lang=en").text
    assert "See at Demo shop" in page
    for text in (page, answer.text):  # the same prices before and after the click
        assert all(price in text for price in ("1 credit", "3 credits", "8 credits"))


def test_results_say_that_the_shop_is_pretend(client_of_both: FlaskClient) -> None:
    """One line marks the demo, and no line says that links earn."""
    page = client_of_both.get("/search?q=mountain&lang=en&wait=1").text
    assert page.count(NOTICE) == 1
    assert "earn us a commission" not in page
    assert client_of_both.get("/?lang=en").text.count(NOTICE) == 1


def test_clips_have_pages(client_of_both: FlaskClient) -> None:
    """A search for footage finds the clips, whose links lead to the page that explains."""
    found = client_of_both.get("/api/search?media=video&q=sea&lang=en").get_json()
    assert {item["agency"] for item in found["items"]} == {"demo-shop"}
    assert client_of_both.get(found["items"][0]["link"]).status_code == 200
    assert client_of_both.get(f"/video/demo-shop/{CLIPS[0]}?lang=en").status_code == 200


def test_a_site_without_keys_has_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo and its shop are on where no agency has credentials, and the shop nowhere else."""
    monkeypatch.setattr(loading, "DEMO_WEIGHTS", DEMO_WEIGHTS)
    known = {name: kind.credentials for name, kind in AGENCIES.items()}
    assert list(loading.load_config({}, known).agencies) == ["demo", "demo-shop"]
    keyed = loading.load_config({"PIXABAY_KEY": "key"}, known)
    assert list(keyed.agencies) == ["pixabay"]


@pytest.mark.parametrize("path", ["image/1338182", "video/1338182", "image/0", "audio/1338182"])
def test_without_the_shop_its_pages_are_not_there(client: FlaskClient, path: str) -> None:
    """The site of other agencies has no trace of the shop."""
    assert client.get(f"/demo-shop/{path}").status_code == 404
