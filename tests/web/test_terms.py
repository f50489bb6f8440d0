"""What an agency's terms ask for is kept by the page and the cache of a real site."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from affiliate.agencies.pixabay import DAY, Pixabay
from affiliate.agencies.terms import Terms
from tests.dialects import Server, serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.apps import ClientMaker
from tests.support.upstream import Upstream, then_hang

PAGE = "/search?q=flower&lang=en&wait=1"


@pytest.fixture
def agency() -> Iterator[Server]:
    with serve_dialect(PixabayDialect()) as server:
        yield server


@pytest.fixture
def client(make_client: ClientMaker, agency: Server) -> FlaskClient:
    return make_client(
        PIXABAY_URL=agency.url,
        PIXABAY_KEY=PixabayDialect.keys["KEY"],
        CACHE_FRESH_SECONDS="60",
        CACHE_STALE_SECONDS="999999",
    )


def html(client: FlaskClient, path: str = PAGE) -> str:
    return client.get(path).get_data(as_text=True)


def test_answers_are_kept_as_long_as_the_terms_say_whatever_the_owner_wants(
    client: FlaskClient,
) -> None:
    policy = client.application.extensions["services"].registry.configured[0].policy
    assert (policy.fresh, policy.stale) == (DAY, 0)


def test_the_source_is_named_and_linked_wherever_its_pictures_are(client: FlaskClient) -> None:
    source = '<a href="https://pixabay.com/" rel="noopener">Pixabay</a>'
    assert f"With pictures from {source}." in html(client)
    assert source in html(client, "/image/pixabay/900001?lang=en")


def test_the_source_of_pictures_that_come_later_is_named_already(make_client: ClientMaker) -> None:
    """What a late agency finds is put under the others, after its source."""
    with Upstream(then_hang()) as slow:
        client = make_client(
            AGENCIES="demo,pixabay", PIXABAY_URL=slow.url, PIXABAY_KEY=PixabayDialect.keys["KEY"]
        )
        page = html(client, "/ajax/search?q=flower&lang=en")
    assert 'data-late="pixabay"' in page
    assert ">Pixabay</a>." in page


def test_no_source_is_named_for_pictures_that_ask_for_none(make_client: ClientMaker) -> None:
    assert "With pictures from" not in html(make_client())


@pytest.mark.parametrize(
    ("terms", "shows"),
    [
        (Terms(), ('class="tile"', 'class="crop"')),
        (Terms(crop=False), ('class="tile"', 'class="crop whole"')),
        (Terms(show=("contributor",)), ('class="tile credited"', 'class="crop"')),
    ],
)
def test_tiles_keep_what_the_terms_say_of_them(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, terms: Terms, shows: tuple[str, str]
) -> None:
    """Whole pictures where nothing may be cut off, and a strip that is always readable."""
    monkeypatch.setattr(Pixabay, "terms", terms)
    tiles = html(client).partition('<li class="')[2]
    assert all(show in f'<li class="{tiles}' for show in shows)


def test_no_cdn_keeps_answers_longer_than_the_terms_allow(client: FlaskClient) -> None:
    """Not even while the site is down: nothing may be shown after it has ended."""
    said = client.get("/api/search?q=flower&wait=1").headers["Cache-Control"]
    assert "s-maxage=" in said
    assert "stale" not in said


def test_addresses_of_pictures_do_not_stand_where_they_last(
    client: FlaskClient, make_client: ClientMaker
) -> None:
    """Search engines and previews of links get none; the page has its picture."""
    page = html(client, "/image/pixabay/900001?lang=en")
    assert page.count("900001_1280.jpg") == page.count('<img src="https://pixabay.com/get/') == 1
    assert "og:image" not in page
    about = {"url": "http://localhost/image/pixabay/900001"}
    preview = client.get("/oembed", query_string=about).get_json()
    assert preview["type"] == "link"
    assert not {"url", "thumbnail_url"} & preview.keys()
    assert "og:image" in html(
        make_client(SITE_URL="https://me.example"), "/image/demo/1008600?lang=en"
    )
