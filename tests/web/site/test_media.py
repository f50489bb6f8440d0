"""One picture's page, its fragment for quick look, its JSON, and what is similar to it."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.dialects import serve_dialect
from tests.dialects.adobe_stock import AdobeStockDialect
from tests.dialects.pixabay import PixabayDialect
from tests.simulator import FIRST_VIDEO, answer_with
from tests.support.apps import ClientMaker
from tests.support.shutterstock import FIRST_ID, TOKEN, Answer, Shutterstock, shutterstock
from tests.support.shutterstock import image as picture

SITE = "https://me.example"


@pytest.fixture
def cat(client: FlaskClient) -> str:
    """Return the path of a picture of a cat, such as /image/demo/1."""
    found = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    return f"/image/demo/{found['id']}"


def structured(page: str) -> dict[str, object]:
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert data
    found: dict[str, object] = json.loads(data[1])
    return found


def test_a_page_tells_search_engines_what_it_shows(make_client: ClientMaker) -> None:
    """Its data is an ImageObject with license and the page where it is sold, all absolute."""
    client = make_client(SITE_URL=SITE)
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    page = client.get(f"/image/demo/{item['id']}?q=cat&lang=en")
    data = structured(page.text)
    assert data["@type"] == "ImageObject"
    assert data["name"] == item["title"]
    assert data["contentUrl"] == f"{SITE}{item['preview']['url']}"
    assert data["acquireLicensePage"] == f"{SITE}{item['page_url']}"
    assert str(data["license"]).startswith("https://creativecommons.org/")
    assert f'<link rel="canonical" href="{SITE}/image/demo/{item["id"]}?lang=en">' in page.text
    assert f'<meta property="og:image" content="{SITE}{item["preview"]["url"]}">' in page.text
    assert 'content="noindex"' not in page.text


def test_hostile_titles_stay_in_the_data(make_client: ClientMaker) -> None:
    """A title can't end the script that holds the structured data, with or without entities."""
    title = '</script><script>alert(1)</script>"'
    with shutterstock(10) as agency:
        agency.answer = Answer(200, json.dumps(picture(1) | {"description": title}).encode())
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        page = client.get("/image/shutterstock/1000001?lang=en").text
    assert structured(page)["name"] == 'alert(1)"'
    assert "<script>alert" not in page


def test_a_page_is_kept_where_its_address_is_known(make_client: ClientMaker) -> None:
    """With SITE_URL a page is for everyone; made of the request's host it is kept by none."""
    known, unknown = make_client(SITE_URL=SITE), make_client()
    for client, kept in ((known, True), (unknown, False)):
        item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
        address = f"/image/demo/{item['id']}?lang=en"
        client.get(address)
        again = client.get(address)
        assert again.headers["Cache-Control"].startswith("public" if kept else "private")
        assert (again.headers.get("X-Cache") == "HIT") is kept


def test_a_picture_that_a_search_brought_costs_no_call(make_client: ClientMaker) -> None:
    """Details come first from the cached search that found the picture."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
        calls = len(agency.requests)
        page = client.get(f"/ajax/image/shutterstock/{item['id']}?q=cat&lang=en")
        assert item["title"] in page.text
        assert len(agency.requests) == calls
        client.get("/ajax/image/shutterstock/1009999?q=cat&lang=en")
        assert len(agency.requests) == calls + 1


def test_the_words_that_found_it_stand_in_its_link(make_client: ClientMaker) -> None:
    """A click on the details page is reported with the words of the search."""
    template = "https://go.example/?u={landing}&w={query}"
    client = make_client(DEMO_AFFILIATE_LINK=template)
    item = client.get("/api/search?q=red+bicycle&lang=en").get_json()["items"][0]
    page = client.get(f"/ajax/image/demo/{item['id']}?q=Red%20bicycle&lang=en").text
    landing = quote(item["page_url"], safe="")
    assert f'href="https://go.example/?u={landing}&amp;w=red%20bicycle"' in page
    assert "words=red+bicycle" in page
    assert 'rel="sponsored nofollow noopener"' in page


def test_the_same_as_json(client: FlaskClient, cat: str) -> None:
    """Programs get a picture, and those that are similar, in the shapes of a search."""
    item = client.get(f"/api{cat}").get_json()
    assert f"/image/{item['agency']}/{item['id']}" == cat
    similar = client.get(f"/api{cat}/similar").get_json()
    assert similar["items"]
    assert item["id"] not in [one["id"] for one in similar["items"]]
    assert similar["agencies"][0]["agency"] == "demo"


def test_similar_pictures_are_cached_and_then_inside_the_page(
    client: FlaskClient, cat: str
) -> None:
    """The page never asks for them itself; once they are known they come with it."""
    assert "data-waiting" in client.get(f"{cat}?lang=en").text
    first = client.get(f"/ajax{cat}/similar?lang=en")
    assert first.headers["X-Cache"] == "MISS"
    assert first.text.count('class="tile"') > 3
    again = client.get(f"{cat}?lang=en").text
    assert "data-waiting" not in again
    assert again.count('class="tile"') > 3


@pytest.mark.parametrize("route", ["", "/ajax", "/api"])
@pytest.mark.parametrize("path", ["/image/demo/0", "/image/nobody/1", "/video/demo/1077585"])
def test_what_is_not_there_is_404(client: FlaskClient, route: str, path: str) -> None:
    """No such picture, no such agency, no such footage: said to people and programs alike."""
    answer = client.get(route + path)
    assert answer.status_code == 404
    assert answer.mimetype == ("application/problem+json" if route else "text/html")


def test_an_agency_that_fails_is_said(make_client: ClientMaker) -> None:
    """When an agency can't be reached its pictures' pages are 502, and say what to do."""
    client = make_client(SHUTTERSTOCK_URL="http://127.0.0.1:1", SHUTTERSTOCK_API_TOKEN="t")
    page = client.get("/image/shutterstock/1?lang=en")
    assert page.status_code == 502
    assert "Try again in a minute" in page.text
    assert page.headers["Retry-After"] == "60"
    similar = client.get("/api/image/shutterstock/1/similar")
    assert (similar.status_code, similar.headers["Retry-After"]) == (502, "60")


def test_keywords_and_contributor_lead_to_searches(client: FlaskClient, cat: str) -> None:
    """Each keyword is a link that searches for it, and the contributor's name for their works."""
    item = client.get(f"/api{cat}").get_json()
    page = client.get(f"{cat}?lang=en").text
    word = item["keywords"][0].replace(" ", "+")
    assert f'href="/search?q={word}&amp;lang=en"' in page
    assert "contributor=" in page


@pytest.fixture
def agency() -> Iterator[Shutterstock]:
    with shutterstock(size=200) as server:
        yield server


@pytest.fixture
def site(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    return make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_URL=SITE)


def tiles(html: str) -> list[str]:
    return re.findall(r'class="picture"[^>]* data-id="([^"]+)"', html)


@pytest.mark.parametrize("media", ["image", "video"])
def test_similar_pictures_have_pages(site: FlaskClient, media: str) -> None:
    """Fragment, JSON and page show the same of each page, which joins to the one before."""
    first = FIRST_ID if media == "image" else FIRST_VIDEO
    path = f"/{media}/shutterstock/{first + 3}"
    seen: list[str] = []
    for number in (1, 2, 3):
        fragment = site.get(f"/ajax{path}/similar?lang=en&page={number}").text
        body = site.get(f"/api{path}/similar?lang=en&page={number}").get_json()
        page = site.get(f"{path}?lang=en&page={number}").text
        assert (body["page"], body["pages"]) == (number, 3)
        assert tiles(fragment) == tiles(page) == [one["id"] for one in body["items"]]
        assert f"Page {number} of 3" in page
        seen += tiles(page)
    assert seen == [str(first + n) for n in range(4, 103)]


def test_pages_of_similar_pictures_lead_to_one_another(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """Plain links that keep the words, without JavaScript too; past the end nothing is asked."""
    path = f"/image/shutterstock/{FIRST_ID}"
    first = site.get(f"{path}?q=cat&lang=en").text
    assert 'src="/ajax/image/shutterstock/1000000/similar?q=cat&amp;lang=en"' in first
    assert (
        f'<a href="{path}?q=cat&amp;lang=en&amp;wait=1#similar" rel="nofollow">Show pictures</a>'
        in first
    )
    second = site.get(f"{path}?q=cat&lang=en&page=2&wait=1").text
    assert f'<a href="{path}?q=cat&amp;lang=en#similar" rel="nofollow">Previous</a>' in second
    assert (
        f'<a href="{path}?q=cat&amp;lang=en&amp;page=3#similar" rel="nofollow">More pictures</a>'
        in second
    )
    assert f'<link rel="canonical" href="{SITE}{path}?lang=en">' in second
    assert 'data-position="49"' in second
    third = site.get(f"{path}?q=cat&lang=en&page=3").text
    assert "similar?q=cat&amp;lang=en&amp;page=3" in third
    assert tiles(third) == []
    site.get(f"{path}?lang=en&wait=1")
    calls = len(agency.requests)
    past = site.get(f"{path}?lang=en&page=4&wait=1").text
    assert f'<a href="{path}?lang=en#similar">Go to the first page</a>' in past
    assert site.get(f"/api{path}/similar?page=99").get_json()["items"] == []
    assert len(agency.requests) == calls


def test_similar_pictures_that_do_not_come_are_said(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """Who waited for them without JavaScript is told why; such a page is kept for seconds."""
    agency.misbehave(answer_with(503), on="/v2/images/*/similar", times=None)
    waited = site.get(f"/image/shutterstock/{FIRST_ID}?lang=en&wait=1")
    assert 'data-status="failed"' in waited.text
    assert "max-age=300" not in waited.headers["Cache-Control"]
    plain = site.get(f"/image/shutterstock/{FIRST_ID}?lang=en")
    assert "data-waiting" in plain.text
    assert "max-age=300" in plain.headers["Cache-Control"]


@pytest.mark.parametrize("route", ["", "/ajax", "/api"])
def test_a_page_that_is_no_number_is_400(site: FlaskClient, route: str) -> None:
    """The answer names the parameter."""
    behind = "/similar" if route else ""
    answer = site.get(f"{route}/image/shutterstock/{FIRST_ID}{behind}?lang=en&page=x")
    assert answer.status_code == 400
    assert "page" in answer.text


@pytest.mark.parametrize("media", ["image", "video"])
def test_all_that_is_known_stands_there(site: FlaskClient, media: str) -> None:
    """Use, releases, categories and sizes; categories and contributor lead to their searches."""
    first = FIRST_ID if media == "image" else FIRST_VIDEO
    page = site.get(f"/{media}/shutterstock/{first}?lang=en").text
    kind = "media=video&amp;" if media == "video" else ""
    category = "Animals%2FWildlife" if media == "image" else "Nature"
    assert "<dd>Editorial only</dd>" in page
    assert f'href="/search?{kind}category={category}&amp;lang=en&amp;agency=shutterstock"' in page
    assert f'href="/search?{kind}contributor=7&amp;lang=en&amp;agency=shutterstock"' in page
    released = {"image": "Model released; Property released", "video": "Model released"}
    assert f"<dt>Release</dt><dd>{released[media]}</dd>" in page
    assert re.search({"image": "5616 . 3744 JPG", "video": "1920 . 1080 MOV"}[media], page)


def test_what_is_editorial_is_marked_everywhere(site: FlaskClient) -> None:
    """Tiles of results, of collections and of what is similar, page, quick look and JSON."""
    marked, plain = str(FIRST_ID + 10), str(FIRST_ID + 11)  # every tenth is
    for address in (
        "/ajax/search?q=cat&lang=en",
        f"/ajax/image/shutterstock/{FIRST_ID + 3}/similar?lang=en",
        "/ajax/collections/shutterstock/19853/1?lang=en",
    ):
        page = site.get(address).text
        shown = {
            tile: "Editorial</span>" in page.split(f'data-id="{tile}"')[1].split("</li>")[0]
            for tile in (marked, plain)
        }
        assert shown == {marked: True, plain: False}, address
    for one, known in ((marked, True), (plain, False)):
        path = f"/image/shutterstock/{one}?lang=en"
        assert ("Editorial only" in site.get(path).text) is known
        assert ("Editorial only" in site.get(f"/ajax{path}").text) is known
        assert site.get(f"/api{path}").get_json()["editorial"] is known


def test_who_made_it_and_where_it_belongs_are_links_only_where_its_agency_can_search_by_them(
    make_client: ClientMaker,
) -> None:
    """Pixabay can't by contributors, Adobe Stock can't by categories: both are told as text."""
    with serve_dialect(PixabayDialect()) as pixabay, serve_dialect(AdobeStockDialect()) as adobe:
        keys = {f"ADOBE_STOCK_{name}": key for name, key in AdobeStockDialect.keys.items()}
        urls = {"PIXABAY_URL": pixabay.url, "ADOBE_STOCK_URL": adobe.url}
        client = make_client(**urls, **keys, PIXABAY_KEY=PixabayDialect.keys["KEY"])
        page = client.get("/image/pixabay/900001?lang=en").text
        assert "<dt>Contributor</dt><dd><bdi>gardener</bdi></dd>" in page
        page = client.get("/image/adobe-stock/900001?lang=en").text
        assert re.search(r"<dt>Category</dt><dd><bdi>[^<]+</bdi></dd>", page)
        assert "category=" not in page


def test_a_bare_number_of_a_contributor_is_shown_to_nobody(make_client: ClientMaker) -> None:
    """It stays the value of the filter; names are shown."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_URL=SITE
        )
        for contributor, named in (("11223344", False), ("Ann Other", True)):
            one = picture(1) | {"contributor": {"id": contributor}}
            body = {"data": [one], "total_count": 1}
            agency.answer = Answer(200, json.dumps(body).encode())
            words = f"cat{named:d}"
            tiles = client.get(f"/ajax/search?q={words}&lang=en&wait=1").text
            page = client.get(f"/image/shutterstock/{one['id']}?q={words}&lang=en").text
            assert (contributor in tiles.replace(f"contributor={contributor}", "")) is named
            shown = re.sub(r'href="[^"]*"', "", page)
            assert (contributor in shown) is named
            assert f"contributor={contributor.replace(' ', '+')}" in page
            assert ("creator" in structured(page)) is named
            item = client.get(f"/api/search?q={words}&lang=en").get_json()["items"][0]
            assert item["contributor"] == contributor


def test_an_agency_that_fails_is_called_by_its_title(make_client: ClientMaker) -> None:
    """No visitor reads a slug: on pages, in fragments, in problems."""
    client = make_client(PHOTODUNE_URL="http://127.0.0.1:1", PHOTODUNE_TOKEN="t")
    for path in ("", "/ajax", "/api"):
        said = client.get(f"{path}/image/photodune/1?lang=en").text
        assert "PhotoDune does not answer" in said
        assert "photodune does" not in said
