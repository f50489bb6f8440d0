"""Prefetches are answered from caches alone, and leave no trace in budgets and counts."""

import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.apps import ClientMaker
from tests.support.shutterstock import FIRST_ID, Shutterstock, shutterstock
from tests.support.visits import ADDRESS_BAR, make_limited_client
from tests.support.words import new_words

PREFETCHES = [
    ADDRESS_BAR | {"Sec-Fetch-User": "", "Sec-Fetch-Site": "same-origin", "Sec-Purpose": purpose}
    for purpose in ("prefetch", "prefetch;prerender")
]
"""Headers of a prefetch and of a prerender by Chromium."""
PICTURE = f"/image/shutterstock/{FIRST_ID}"


@pytest.fixture
def agency() -> Iterator[Shutterstock]:
    with shutterstock(10) as running:
        yield running


@pytest.fixture
def site(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    return make_limited_client(
        make_client, agency, SITE_URL="https://pictures.example", SITE_TOPICS="flower"
    )


def is_refused(answer: TestResponse) -> bool:
    return (answer.status_code, answer.headers["Cache-Control"], answer.data) == (
        503,
        "no-store",
        b"",
    )


@pytest.mark.parametrize("headers", PREFETCHES, ids=["prefetch", "prerender"])
@pytest.mark.parametrize(
    "address",
    [
        "/search?q={words}&lang=en",
        "/search?q={words}&lang=en&wait=1",
        "/topics/nature?lang=en",
        "/image/shutterstock/7?q={words}&lang=en",
        "/image/shutterstock/7?lang=en&wait=1",
        "/collections/shutterstock/7?lang=en",
        "/ajax/image/shutterstock/7?lang=en",
        "/?lang=en",
        "/sitemap.xml",
        "/nothing",
    ],
)
def test_a_prefetch_that_would_need_an_agency_is_refused(
    site: FlaskClient, agency: Shutterstock, address: str, headers: dict[str, str]
) -> None:
    """No call goes out, the page can't be used, and the visitor's one search is left."""
    address = address.format(words=new_words())
    assert is_refused(site.get(address, headers=headers))
    assert agency.requests == []
    assert 'class="tile"' in site.get(f"/ajax/search?q={new_words()}&lang=en").text


def test_a_prefetch_of_known_pictures_is_answered_and_not_counted(
    site: FlaskClient, agency: Shutterstock
) -> None:
    """The pages come from cached answers, then from the page cache; a visit counts as ever."""
    usage = site.application.extensions["services"].usage
    words = new_words()
    search, picture = f"/search?q={words}&lang=en", f"{PICTURE}?q={words}&lang=en"
    site.get(f"/ajax{search}")

    def list_counts() -> tuple[int, int]:
        return len(usage._answered), len(usage.replays)

    calls, counts = len(agency.requests), list_counts()
    for _ in range(2):
        assert 'class="tile"' in site.get(search, headers=PREFETCHES[0]).text
        assert site.get(picture, headers=PREFETCHES[0]).status_code == 200
    assert site.get(search, headers=PREFETCHES[0]).headers["X-Cache"] == "HIT"
    assert (len(agency.requests), list_counts()) == (calls, counts)
    site.get(search, headers=ADDRESS_BAR)
    assert list_counts() == (counts[0], counts[1] + 1)


def test_a_prefetch_has_no_stale_answer_renewed(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = new_words()
    site.get(f"/ajax/search?q={words}&lang=en")
    cache = site.application.extensions["services"].search._calls.gateway._cache
    renewed: list[str] = []
    monkeypatch.setattr(cache, "_now", lambda: time.time() + 90_000)
    monkeypatch.setattr(
        cache, "_refresh_in_background", lambda wanted, _fetch: renewed.append(wanted.key)
    )
    for address in (f"/search?q={words}&lang=en", f"{PICTURE}?q={words}&lang=en"):
        site.get(address, headers=PREFETCHES[0])
    assert renewed == []


def test_pages_with_links_to_pages_name_the_rules(site: FlaskClient) -> None:
    """The rules have the type that browsers require; fragments and other pages name none."""
    words = new_words()
    fragment = site.get(f"/ajax/search?q={words}&lang=en")
    pages = [site.get(f"{path}?q={words}&lang=en") for path in ("/search", PICTURE)]
    assert {page.headers["Speculation-Rules"] for page in pages} == {'"/speculation-rules.json"'}
    assert "Speculation-Rules" not in fragment.headers
    assert "Speculation-Rules" not in site.get("/?lang=en").headers
    rules = site.get("/speculation-rules.json")
    assert rules.mimetype == "application/speculationrules+json"
    assert "script-src 'self'" in pages[0].headers["Content-Security-Policy"]


def test_the_api_calls_no_agency_for_a_prefetch(site: FlaskClient, agency: Shutterstock) -> None:
    answer = site.get(f"/api/search?q={new_words()}&lang=en", headers=PREFETCHES[0])
    assert (answer.status_code, agency.requests) == (429, [])


def test_static_files_may_be_prefetched(site: FlaskClient) -> None:
    assert site.get("/static/site.css", headers=PREFETCHES[0]).status_code == 200
