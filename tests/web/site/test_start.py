"""The start page says what the site is, and shows a strip of pictures for each topic."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from affiliate.web.site.pages import MAX_STRIPS, STRIP_ITEMS
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock
from tests.support.words import new_words

DISCLOSURE = '<p class="disclosure">Links on this page earn us a commission.</p>'


@pytest.fixture(scope="module")
def agency() -> Iterator[Shutterstock]:
    with shutterstock(20) as running:
        yield running


def make_paid_client(make_client: ClientMaker, agency: Shutterstock, *topics: str) -> FlaskClient:
    """Return a client of a site whose pictures cost calls."""
    return make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_AFFILIATE_ID="123",
        SITE_TOPICS=",".join(topics),
        SITE_URL="https://pictures.example",
    )


def list_strips(page: str) -> list[tuple[str, int]]:
    """Return the heading of each strip with the number of its pictures."""
    parts = re.split(r'<h2><a href="/topics/', page.partition("</main>")[0])[1:]
    return [(part.partition("?")[0], part.count('class="picture"')) for part in parts]


def test_the_demo_shows_all_topics_at_the_first_view(make_client: ClientMaker) -> None:
    """Nothing costs a call there: every topic that has pictures has a strip at once."""
    page = make_client(SITE_TOPICS="flower, cat, qqzxw").get("/?lang=en").text
    assert list_strips(page) == [("flower", STRIP_ITEMS), ("cat", STRIP_ITEMS)]
    assert '<nav class="topics" aria-label="Topics"><a href="/topics/qqzxw?lang=en">' in page


def test_strips_cost_no_call(make_client: ClientMaker, agency: Shutterstock) -> None:
    """The page shows what caches hold; it asks by itself for its first topic alone, as ever."""
    first, second, third = new_words(), new_words(), new_words()
    site = make_paid_client(make_client, agency, first, second, third)
    site.get(f"/api/search?q={second}&lang=en")
    before = len(agency.requests)
    answer = site.get("/?lang=en")
    assert [count for _, count in list_strips(answer.text)] == [0, STRIP_ITEMS]
    assert re.findall(r'<affiliate-search src="([^"]*)"', answer.text) == [
        f"/ajax/search?q={first}&amp;lang=en"
    ]
    assert [r for r in agency.requests[before:] if "/images/search" in r.path] == []


def test_visitors_of_other_languages_see_what_the_site_s_language_has(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """Pictures that were asked for in the owner's language stand in for uncached ones."""
    first, second = new_words(), new_words()
    site = make_paid_client(make_client, agency, first, second)
    for words in (first, second):
        site.get(f"/api/search?q={words}&lang=en")
    before = len(agency.requests)
    page = site.get("/?lang=de").text
    assert [count for _, count in list_strips(page)] == [STRIP_ITEMS, STRIP_ITEMS]
    assert f'<h2><a href="/topics/{first}?lang=de">' in page
    assert [r for r in agency.requests[before:] if "/images/search" in r.path] == []


def test_the_page_says_once_that_links_earn(make_client: ClientMaker, agency: Shutterstock) -> None:
    """One line above all strips, where any of their pictures earns."""
    topics = new_words(), new_words()
    site = make_paid_client(make_client, agency, *topics)
    assert DISCLOSURE not in site.get("/?lang=en").text
    for words in topics:
        site.get(f"/api/search?q={words}&lang=en")
    assert site.get("/?lang=en").text.count(DISCLOSURE) == 1


def test_pictures_below_the_first_strip_wait_until_they_are_near(client: FlaskClient) -> None:
    """Browsers load the first strip at once, and other strips as the visitor comes near."""
    page = client.get("/?lang=en").text
    first = page.partition("<h2>")[2].partition("<h2>")[0]
    assert page.count('loading="eager"') == first.count('loading="eager"') == STRIP_ITEMS
    assert page.count('fetchpriority="high"') == first.count('fetchpriority="high"')


def test_a_picture_stands_in_one_strip(make_client: ClientMaker) -> None:
    """Topics that find the same pictures show different ones while there are enough."""
    page = make_client(SITE_TOPICS="animal, animals").get("/?lang=en").text
    shown = re.findall(r'class="picture"[^>]* data-id="([^"]*)"', page)
    assert len(shown) == len(set(shown)) == 2 * STRIP_ITEMS


def test_an_owner_of_many_topics_gets_a_page_of_bounded_length(make_client: ClientMaker) -> None:
    """Topics behind the last strip are links."""
    topics = [f"flower {number}" for number in range(MAX_STRIPS + 2)]
    client = make_client(SITE_TOPICS=",".join(topics))
    page = client.get("/?lang=en").text
    assert len(list_strips(page)) <= MAX_STRIPS
    linked = set(re.findall(r'href="/topics/([^"?]+)', page))
    assert len(linked) == len(topics)


def test_a_site_without_topics_has_a_start_page(make_client: ClientMaker) -> None:
    """`SITE_TOPICS=,` leaves the sentence, the search box and nothing else."""
    page = make_client(SITE_TOPICS=",").get("/?lang=en").text
    assert 'class="strips"' not in page
    assert 'class="topics"' not in page
    assert '<p class="tagline"><bdi>Search pictures from ' in page


def test_a_page_that_lacks_a_strip_is_made_anew_soon(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """A strip appears within seconds after its topic was searched for."""
    first, second = new_words(), new_words()
    site = make_paid_client(make_client, agency, first, second)
    site.application.extensions["services"].lookups.list_featured(10)
    site.get(f"/api/search?q={first}&lang=en")
    page = site.get("/?lang=en&q=1")
    assert page.headers["Cache-Control"].startswith("public, max-age=10,")
    site.get(f"/api/search?q={second}&lang=en")
    known = {"If-None-Match": page.headers["ETag"]}
    whole = site.get("/?lang=en&q=2", headers=known)
    assert whole.status_code == 200
    assert whole.headers["Cache-Control"].startswith("public, max-age=300,")
