"""A shared address shows a title, a sentence and a picture, whoever reads the head of the page."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Final, NamedTuple
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, Thumbnail
from affiliate.web.previews import choose_preview
from tests.dialects import serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.apps import ClientMaker

URL: Final = "https://me.example"
HOSTILE: Final = "/search?lang=en&wait=1&q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"


class Card(NamedTuple):
    """What a consumer makes of a page."""

    title: str
    text: str
    address: str
    picture: str
    site: str


class Head(HTMLParser):
    """The tags of a page that previews are made of, each name's first value."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.properties: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "meta" and "property" in told:
            self.properties.setdefault(told["property"], told["content"])
        if tag == "meta" and "name" in told:
            self.names.setdefault(told["name"], told["content"])
        if tag == "link":
            self.links.setdefault(told.get("rel", ""), told.get("href", ""))


def mastodon(head: Head, asked: str) -> Card:
    """Read as ``LinkDetailsExtractor`` does: og: in either attribute, canonical of one host."""
    tags = head.names | head.properties
    canonical = urljoin(asked, head.links.get("canonical") or tags.get("og:url") or asked)
    return Card(
        tags["og:title"].strip(),
        tags["og:description"],
        canonical,
        urljoin(asked, tags["og:image"]),
        tags["og:site_name"],
    )


def discourse(head: Head, _asked: str) -> Card:
    """Read as Onebox's ``OpenGraph`` does: names with underscores, a title of 80 characters."""
    tags = head.names | head.properties
    tags = {name[3:].replace(":", "_"): value for name, value in tags.items() if name[:3] == "og:"}
    names = ("title", "description", "url", "image", "site_name")
    title, *others = (tags[name].strip() for name in names)
    return Card(title[:80], *others)


def open_graph(head: Head, _asked: str) -> Card:
    """Read as Slack, Iframely and Ghost's bookmark cards do: the properties of Open Graph."""
    names = ("og:title", "og:description", "og:url", "og:image", "og:site_name")
    return Card(*(head.properties[name] for name in names))


CONSUMERS: Final[dict[str, Callable[[Head, str], Card]]] = {
    "mastodon": mastodon,
    "discourse": discourse,
    "open graph": open_graph,
}
PAGES: Final = {
    "/?lang=en": ("Affiliate Search", "Search pictures from Demo catalogue."),
    "/search?q=cat&lang=en": (
        "Pictures: cat",
        "Stock pictures of many agencies at once: cat.",
    ),
    "/topics/flower?lang=en": (
        "Flower",
        "Stock pictures of many agencies at once: Flower.",
    ),
}


@pytest.fixture
def site(make_client: ClientMaker) -> FlaskClient:
    """Return a client of the demo site at its public address, with its pages' searches cached."""
    client = make_client(SITE_URL=URL, SITE_TOPICS="flower")
    for words in ("cat", "flower"):
        client.get(f"/api/search?q={words}&lang=en")
    return client


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_every_consumer_gets_a_card_with_a_picture(
    site: FlaskClient, path: str, consumer: str
) -> None:
    """Title, sentence, address and picture come out of the head as each of them reads a page."""
    title, text = PAGES[path]
    card = CONSUMERS[consumer](Head(site.get(path).text), URL + path)
    assert (card.title, card.text, card.site) == (title, text, "Affiliate Search")
    assert card.address == URL + path
    assert card.picture.startswith(f"{URL}/static/demo/")
    with site.get(card.picture.removeprefix(URL)) as picture:
        assert picture.status_code == 200


def test_a_picture_says_its_size_and_what_it_shows(site: FlaskClient) -> None:
    """Consumers that reserve space, and readers who can't see it, are told."""
    item = site.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    head = Head(site.get("/search?q=cat&lang=en").text)
    assert head.properties["og:image"] == URL + item["preview"]["url"]
    assert head.properties["og:image:width"] == str(item["preview"]["width"])
    assert head.properties["og:image:height"] == str(item["preview"]["height"])
    assert head.properties["og:image:alt"] == item["title"]
    assert head.properties["og:type"] == "website"
    assert head.names["twitter:card"] == "summary_large_image"


def test_the_picture_s_own_page_has_the_same_tags(site: FlaskClient) -> None:
    item = site.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    head = Head(site.get(item["page_url"]).text)
    assert head.properties["og:title"] == item["title"]
    assert head.properties["og:image"] == URL + item["preview"]["url"]
    assert head.properties["og:url"].startswith(f"{URL}/image/demo/")


def test_a_search_that_is_not_cached_costs_nothing_and_has_no_picture(
    make_client: ClientMaker,
) -> None:
    """Neither the page nor oEmbed asks an agency for the sake of a preview."""
    client = make_client(SITE_URL=URL)
    head = Head(client.get("/search?q=cat&lang=en").text)
    assert "og:image" not in head.properties
    assert head.names["twitter:card"] == "summary"
    assert head.properties["og:title"] == "Pictures: cat"
    rich = client.get("/oembed", query_string={"url": f"{URL}/search?q=cat&lang=en"}).get_json()
    assert "thumbnail_url" not in rich
    assert "og:image" not in Head(client.get("/search?q=cat&lang=en").text).properties


@pytest.mark.parametrize("path", ["/search?q=cat&lang=en", "/search?q=cat", "/topics/flower", "/"])
@pytest.mark.parametrize("asked", [{}, {"maxwidth": 100}, {"maxheight": 50}])
def test_rich_answers_have_a_thumbnail_that_fits(
    site: FlaskClient, asked: dict[str, int], path: str
) -> None:
    """What oEmbed says of a page holds a picture of it where the cache has one."""
    url = {"url": URL + path}
    found = site.get("/oembed", query_string=url | asked).get_json()
    assert found["type"] == "rich"
    assert found["thumbnail_url"].startswith(f"{URL}/static/demo/")
    assert 0 < found["thumbnail_width"] <= asked.get("maxwidth", 1000)
    assert 0 < found["thumbnail_height"] <= asked.get("maxheight", 1000)


def test_an_agency_that_is_not_on_has_no_thumbnail(site: FlaskClient) -> None:
    url = {"url": f"{URL}/search?q=cat&agency=nowhere&lang=en"}
    found = site.get("/oembed", query_string=url).get_json()
    assert (found["type"], "thumbnail_url" in found) == ("rich", False)


def test_without_a_lasting_address_pages_are_kept_as_before(client: FlaskClient) -> None:
    """Unset, SITE_URL leaves the tags of addresses out, and the page stays one for everybody."""
    client.get("/api/search?q=cat&lang=en")
    answer = client.get("/search?q=cat&lang=en")
    head = Head(answer.text)
    assert not {"og:url", "og:image"} & head.properties.keys()
    assert head.properties["og:title"] == "Pictures: cat"
    assert answer.headers["Cache-Control"].startswith("public")


@pytest.fixture
def pixabay(make_client: ClientMaker) -> Iterator[FlaskClient]:
    with serve_dialect(PixabayDialect()) as server:
        yield make_client(
            SITE_URL=URL, PIXABAY_URL=server.url, PIXABAY_KEY=PixabayDialect.keys["KEY"]
        )


def test_terms_that_forbid_it_are_kept(pixabay: FlaskClient) -> None:
    """Addresses of an agency's pictures stand in no preview where they may not last."""
    page = pixabay.get("/search?q=flower&lang=en&wait=1")
    assert 'class="picture"' in page.text
    assert "og:image" not in Head(page.text).properties
    asked = {"url": f"{URL}/search?q=flower&lang=en"}
    assert "thumbnail_url" not in pixabay.get("/oembed", query_string=asked).get_json()


def test_hostile_words_stay_words(site: FlaskClient) -> None:
    head = Head(site.get(HOSTILE).text)
    assert head.properties["og:title"] == 'Pictures: "><script>alert(1)</script>'


def media(agency: str, attribution: str | None = None, *, large: bool = True) -> Media:
    """Return a picture of an agency."""
    big = Thumbnail(f"https://{agency}.example/large.jpg", 1000, 600) if large else None
    small = Thumbnail(f"https://{agency}.example/small.jpg", 300, 180)
    return Media(
        agency=agency, id="1", title=agency, attribution=attribution, thumbnail=small, preview=big
    )


TERMS: Final = {
    "free": Terms(),
    "named": Terms(show=("attribution",)),
    "closed": Terms(hotlink=False),
}


@pytest.mark.parametrize(
    ("items", "picture", "credit"),
    [
        ([], None, ""),
        ([media("closed")], None, ""),
        ([media("closed"), media("free")], "https://free.example/large.jpg", ""),
        ([media("free", large=False)], "https://free.example/small.jpg", ""),
        ([media("named", "By Ann"), media("free")], "https://free.example/large.jpg", ""),
        ([media("named", "By Ann")], "https://named.example/large.jpg", "By Ann"),
        ([media("named")], "https://named.example/large.jpg", ""),
    ],
)
def test_the_first_that_may_last_stands_for_the_page(
    items: list[Media], picture: str | None, credit: str
) -> None:
    """Pictures without duties come first; a credit that terms ask for goes with its picture."""
    found = choose_preview(items, TERMS)
    assert (found.picture.url if found else None) == picture
    assert (found.credit if found else "") == credit
