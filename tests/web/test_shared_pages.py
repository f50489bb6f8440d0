"""Processes share pages through the store, within a budget, and trust nothing that they read."""

import gzip
import random
from collections.abc import Callable

import pytest

from affiliate.cache.keys import PAGE_FORMAT
from affiliate.web import cached_response
from affiliate.web.cached_response import CachedResponse
from tests.support.apps import ClientMaker
from tests.support.cached_site import BODY, Site, pretend
from tests.support.codings import unpack
from tests.support.memory_store import Memory


def test_pages_leave_the_shelf_to_answers() -> None:
    """The shelf takes so many bytes in five minutes, keys among them, and no long keys."""
    shelf = Memory()
    site = Site(shelf=shelf, shelf_bytes=20_000)
    site.get("/s?q=long" + "x" * 1100)
    assert shelf == {}
    for number in range(300):
        site.get(f"/s?q={number}")
    full = sum(len(key) + len(value) for key, value in shelf.items())
    assert 15_000 < full <= 20_000
    site.clock.now = 300
    site.get("/s?q=later")
    assert any(key.endswith("q=later") for key in shelf)


def test_variants_leave_other_pages_three_quarters_of_the_shelf() -> None:
    """A flood of them fills a quarter, keys among it."""
    shelf = Memory()
    site = Site(shelf=shelf, shelf_bytes=20_000, is_variant=pretend)
    for number in range(100):
        site.get(f"/s?q=v{number}")
    assert 3_000 < sum(len(key) + len(value) for key, value in shelf.items()) <= 5_000
    site.get("/s?q=cat")
    assert any(key.endswith("q=cat") for key in shelf)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "br": cached_response._compress_by_brotli,
}


def body_that_packs_by(more: int, coding: str) -> bytes:
    """Return a body that is so many bytes longer when it is compressed."""
    bodies = (
        bytes(random.Random(size).choices(range(signs), k=size))
        for size in range(1500, 1600)
        for signs in range(195, 257)
    )
    return next(one for one in bodies if len(PACKERS[coding](one)) - len(one) == more)


@pytest.mark.parametrize(
    ("coding", "more"), [("gzip", -1), ("gzip", 0), ("gzip", 1), ("br", -1), ("br", 4)]
)
def test_a_shelved_body_is_read_as_the_form_that_it_has(coding: str, more: int) -> None:
    """A compressed body may be as long as the plain one, or longer."""
    shelf = Memory()
    first, second = Site(shelf=shelf), Site(shelf=shelf)
    first.app.body = body = body_that_packs_by(more, coding)
    first.get(Accept_Encoding=coding)
    assert second.get().data == body
    for form in PACKERS:
        assert unpack(second.get(Accept_Encoding=form).data, form) == body
    assert second.app.calls == []


@pytest.mark.parametrize("coding", ["", "br", "gzip"])
def test_a_page_is_shelved_in_the_form_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """Other processes send it as it is; each has at most one form to make, and none for Brotli."""
    shelf = Memory()
    Site(shelf=shelf).get(Accept_Encoding=coding)
    monkeypatch.setattr(CachedResponse, "_compress_plain", lambda *_: pytest.fail("made anew"))
    second = Site(shelf=shelf)
    assert unpack(second.get(Accept_Encoding=coding).data, coding) == BODY
    if not coding:
        assert unpack(second.get(Accept_Encoding="br").data, "br") == BODY


def test_a_shelved_page_of_the_future_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the clock was set back by an hour, no page of before is replayed."""
    shelf = Memory()
    monkeypatch.setattr("affiliate.web.page_cache.time.time", lambda: 10_000.0)
    Site(shelf=shelf).get()
    monkeypatch.setattr("affiliate.web.page_cache.time.time", lambda: 6_400.0)
    other = Site(shelf=shelf)
    other.get()
    assert len(other.app.calls) == 1


def test_another_process_finds_the_page_on_the_shelf() -> None:
    """What one process made, the next answers without its application, marked and counted."""
    shelf = Memory()
    first, second = Site(shelf=shelf), Site(shelf=shelf)
    made = first.get()
    found = second.get("/s?q=Cat", Accept_Encoding="gzip")
    assert gzip.decompress(found.data) == made.data
    assert found.headers["X-Cache"] == "HIT"
    assert found.headers["ETag"] == made.headers["ETag"]
    assert second.app.calls == []
    assert second.hits == [("/s", "q=cat")]


def test_another_edition_makes_its_own_pages() -> None:
    """New templates, settings or links never show a page that the old ones made."""
    shelf = Memory()
    Site(shelf=shelf).get()
    other = Site(shelf=shelf, edition="e2")
    other.get()
    assert len(other.app.calls) == 1


@pytest.mark.parametrize("seconds", [1, 10])
def test_what_lives_briefly_is_not_shelved(seconds: float) -> None:
    """Stale and failed answers stay in the process that made them."""
    shelf = Memory()
    site = Site(shelf=shelf)
    site.app.seconds = seconds
    site.get()
    assert shelf == {}


def test_garbage_on_the_shelf_is_ignored() -> None:
    """A shelved page that can't be read is made anew."""
    shelf = Memory()
    Site(shelf=shelf).get()
    for key in shelf:
        shelf[key] = b"garbage"
    other = Site(shelf=shelf)
    assert other.get().data == BODY
    assert len(other.app.calls) == 1


def test_pages_take_a_small_part_of_a_small_cache(make_client: ClientMaker) -> None:
    """A flood of pages that cost nothing leaves the answers of searches where they are."""
    client = make_client(CACHE_BYTES="1000000", SITE_URL="https://s.example", WEB_CONCURRENCY="2")
    client.get("/api/search?q=cat&lang=en")
    for number in range(20):  # ten kilobytes each
        client.get(f"/search?q=cat&lang=en&site=s{number}.example")
    store = client.application.extensions["services"].store.store
    pages = [store.get(key) for key in store.keys(f"{PAGE_FORMAT}:page:")]
    assert pages
    assert sum(map(len, pages)) < 1_000_000 / 32
    assert store.keys("2:search:")
