"""The memory tier in front of a small WSGI application that counts its calls."""

import gc
import gzip
import itertools
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client
from werkzeug.wrappers import Response

from affiliate.cache.keys import PAGE_FORMAT
from affiliate.domain.query import read_parameters, read_single
from affiliate.errors import BadQuery
from affiliate.web import cached_response
from affiliate.web.cached_response import CachedResponse, is_etag_match
from affiliate.web.page_cache import REPLAY_ENVIRON, CacheKey, PageCacheMiddleware, measure_key
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock
from tests.support.codings import unpack
from tests.support.memory_store import Memory

BODY = b"<p>cat</p>" * 500


class Application:
    """Answers with its query string, and lets it be kept for as long as the test says."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.seconds = 100.0
        self.headers: dict[str, str] = {"ETag": 'W/"1"', "X-Cache": "MISS", "Age": "0"}
        self.status = "200 OK"
        self.body = BODY
        self.during: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append(environ["QUERY_STRING"])
        self.during()
        if REPLAY_ENVIRON in environ:
            environ[REPLAY_ENVIRON].seconds = self.seconds
        headers = {"Content-Type": "text/html", "Content-Length": str(len(self.body))}
        start(self.status, list((headers | self.headers).items()))
        return [self.body]


def words(raw: bytes) -> str:
    q = read_single(read_parameters(raw), "q")
    if q is None:
        raise BadQuery("q", "missing")
    return urlencode({"q": q.lower()})


class Site:
    """An application behind a tier, and a client of it."""

    def __init__(
        self,
        limit: int = 10**6,
        shelf: Memory | None = None,
        edition: str = "e1",
        shelf_bytes: int = 10**6,
        is_variant: Callable[[CacheKey], bool] = lambda _: False,
    ) -> None:
        self.app = Application()
        self.clock = SetClock(0.0)
        self.hits: list[CacheKey] = []
        self.tier = PageCacheMiddleware(
            self.app,
            {"/s": words, "/p/": words},
            limit=limit,
            now=self.clock,
            on_hit=lambda hit: self.hits.append(hit[0]),
            shared_store=shelf,
            shared_bytes=shelf_bytes,
            build_id=lambda: edition,
            is_variant=is_variant,
        )
        self.client = Client(self.tier, Response)

    def get(self, address: str = "/s?q=cat", **headers: str) -> Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(address, headers=names)


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_hit_never_enters_the_application(site: Site) -> None:
    """The second request gets the same bytes without a call, marked as a hit, and is counted."""
    first, second = site.get(), site.get("/s?junk=1&q=CAT")
    assert first.data == second.data == BODY
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert site.app.calls == ["q=cat"]
    assert site.hits == [("/s", "q=cat")]


def test_the_application_sees_the_canonical_query_only(site: Site) -> None:
    """What is not declared can't reach the view, so it can't vary the answer."""
    site.get("/s?utm=1&q=CAT&fbclid=x")
    assert site.app.calls == ["q=cat"]


def test_a_response_is_replayed_for_seconds_only(site: Site) -> None:
    """After ten seconds one request has it made anew; the others still get the old one."""
    site.get()
    site.clock.now = 9.9
    site.get()
    assert len(site.app.calls) == 1
    site.clock.now = 10.1
    meanwhile: list[str] = []
    site.app.during = lambda: meanwhile.append(site.get().headers["X-Cache"])
    assert site.get().headers["X-Cache"] == "MISS"
    assert (len(site.app.calls), meanwhile) == (2, ["HIT"])


def test_nothing_outlives_its_own_freshness(site: Site) -> None:
    """An answer that is true for one second is replayed for one second, without a grace."""
    site.app.seconds = 1
    site.get()
    site.clock.now = 1.0
    for calls in (2, 3):
        site.app.seconds = 0
        site.get()
        assert len(site.app.calls) == calls


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Set-Cookie": "a=b"}, "200 OK"),
        ({"Vary": "Accept-Language"}, "200 OK"),
        ({"Vary": "*"}, "200 OK"),
        ({"Cache-Control": "private, no-cache"}, "200 OK"),
        ({"Cache-Control": "no-store"}, "200 OK"),
        ({}, "404 NOT FOUND"),
        ({}, "500 INTERNAL SERVER ERROR"),
    ],
)
def test_what_is_for_one_visitor_or_wrong_is_never_kept(
    site: Site, headers: dict[str, str], status: str
) -> None:
    """Cookies, private answers, what varies by a header, and errors pass through each time."""
    site.app.headers |= headers
    site.app.status = status
    assert site.get().status == site.get().status == status
    assert len(site.app.calls) == 2


def test_a_view_that_does_not_say_so_is_not_kept(site: Site) -> None:
    """Nothing is kept unless its view marks it."""
    site.app.seconds = 0
    site.get()
    site.get()
    assert len(site.app.calls) == 2


def test_other_methods_paths_and_unreadable_queries_pass(site: Site) -> None:
    """POST, an undeclared path and a query that can't be read all reach the application."""
    site.get()
    site.client.post("/s?q=cat")
    site.get("/other?q=cat")
    site.get("/s")
    assert site.app.calls == ["q=cat", "q=cat", "q=cat", ""]


def test_head_is_answered_from_what_get_kept(site: Site) -> None:
    """HEAD has the head of the kept answer and no body; it never fills."""
    site.client.head("/s?q=cat")
    site.get()
    assert len(site.app.calls) == 2
    head = site.client.head("/s?q=cat")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(BODY)))
    assert len(site.app.calls) == 2


def test_conditional_requests_are_answered_from_memory(site: Site) -> None:
    """304 without a body for the entity tag, also for the very request that fills."""
    for etag in ('W/"1"', '"1"', '"0", W/"1"', "*"):
        answer = site.get(If_None_Match=etag)
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == 'W/"1"'
    assert site.get(If_None_Match='"2"').data == BODY
    assert len(site.app.calls) == 1


def test_bodies_are_compressed_for_those_who_take_it(site: Site) -> None:
    """Brotli or gzip where it is accepted, plain bytes elsewhere, and Vary says so."""
    plain = site.get()
    assert plain.data == BODY
    for coding, header in {"br": "br, gzip;q=0.8", "gzip": "br;q=0.7, gzip;q=0.8"}.items():
        packed = site.get(Accept_Encoding=header)
        assert packed.headers["Content-Encoding"] == coding
        assert unpack(packed.data, coding) == BODY
        assert len(packed.data) == int(packed.headers["Content-Length"]) < len(BODY) / 10
        assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
        assert plain.headers["ETag"] == packed.headers["ETag"]
    assert len(site.app.calls) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["", "br", "gzip"])))
def test_each_form_is_made_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    """In whichever order they are asked for: replays compress nothing."""
    made: list[str] = []
    compress = CachedResponse._compress_plain

    def count(response: CachedResponse, coding: str) -> bytes:
        made.append(coding)
        return compress(response, coding)

    monkeypatch.setattr(CachedResponse, "_compress_plain", count)
    for _ in range(3):
        for coding in order:
            assert unpack(site.get(Accept_Encoding=coding).data, coding) == BODY
    assert sorted(made) == ["br", "gzip"]


def test_scripts_and_styles_are_compressed_once_in_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The smallest form takes long, so that it is not made anew with each rendering."""
    qualities: list[int] = []
    compress = cached_response._compress_by_brotli

    def count(plain: bytes, quality: int = 5) -> bytes:
        qualities.append(quality)
        return compress(plain, quality)

    monkeypatch.setattr(cached_response, "_compress_by_brotli", count)
    site = Site()
    site.app.headers["Content-Type"] = "text/css; charset=utf-8"
    site.app.body = b"a { color: red }" * 100
    for _ in range(3):
        assert unpack(site.get(Accept_Encoding="br").data, "br") == site.app.body
        site.clock.now += 100
    assert len(site.app.calls) == 3
    assert qualities == [11]


def test_every_answer_has_its_own_age(site: Site) -> None:
    """It counts from the making."""
    site.get()
    site.clock.now = 7.5
    assert site.get().headers["Age"] == "7"


@given(
    st.dictionaries(
        st.sampled_from(
            ["Host", "Cookie", "Accept", "Accept-Language", "User-Agent", "Referer", "Origin"]
        ),
        st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=20),
    )
)
def test_no_other_input_changes_a_kept_answer(headers: dict[str, str]) -> None:
    """Whatever else a request says, the bytes are the same."""
    site = Site()
    first = site.get()
    names = {name.replace("-", "_"): value for name, value in headers.items()}
    assert site.get(**names).data == first.data
    assert len(site.app.calls) == 1


def test_memory_is_bounded_and_the_least_recently_used_goes() -> None:
    """A full tier drops what was not asked for the longest."""
    site = Site(limit=100_000)
    site.get("/s?q=first")
    for number in range(50):
        site.get(f"/s?q=n{number}")
        site.get("/s?q=first")
    assert site.app.calls.count("q=first") == 1
    newest_first = (site.get(f"/s?q=n{number}") for number in range(49, -1, -1))
    kept = sum(1 for _ in takewhile(lambda one: one.headers["X-Cache"] == "HIT", newest_first))
    assert 10 <= kept <= 12


def test_an_answer_that_is_made_again_takes_its_place_once() -> None:
    """Answers that end and are made anew, again and again, push no other one out."""
    site = Site(limit=100_000)
    site.get("/s?q=first")
    site.app.seconds = 0.01
    for _ in range(50):
        site.get("/s?q=other")
        site.clock.now += 0.02
    assert site.app.calls == ["q=first", *["q=other"] * 50]
    assert site.get("/s?q=first").headers["X-Cache"] == "HIT"


def test_the_memo_of_raw_queries_is_bounded(site: Site) -> None:
    """A flood of junk parameters does not fill the process's memory."""
    for number in range(900):
        site.get(f"/s?q=cat&junk={number}{'x' * 7000}")
    assert site.tier._keys_bytes < 5 * 1024 * 1024
    assert len(site.app.calls) == 1


@pytest.mark.parametrize(
    "address",
    [
        "/s?q={n}" + "x" * 7000,
        "/s?q={n}&junk=" + "x" * 7000,
        "/p/{n}" + "x" * 7000 + "?q=cat",
        "/p/{n}" + "x" * 60_000 + "?q=cat",
        "/s?q={n}" + "x" * 60_000,
    ],
)
def test_keys_count_in_what_the_process_keeps(address: str) -> None:
    """Long addresses fill no more memory than long answers do."""
    site = Site(limit=200_000)
    site.app.body = b""
    for number in range(5_000_000 // len(address)):  # more than any of the bounds
        site.get(address.format(n=number))
    tier = site.tier
    kept = sum(len(path) + len(query) for path, query in tier._responses)
    memo = sum(len(one) for pairs in tier._keys.items() for place in pairs for one in place)
    assert kept <= tier._bytes <= 200_000
    assert memo <= tier._keys_bytes <= 4 * 1024 * 1024


def make_body(kind: str, number: int) -> bytes:
    """Return a body that no other is like, which compresses as pages do, or not at all."""
    if kind == "page":
        ids = range(number, 300 * 7_654_321, 7_654_321)
        return b"".join(b"<a href='/image/%d'>cat %d</a>" % (one, one * one) for one in ids)
    return random.Random(number).randbytes(20_000) if kind == "noise" else b"small"


FLOODS: list[tuple[str, str, tuple[str, ...]]] = [
    ("page", "/s?q={n}", ("gzip",)),
    ("page", "/s?q={n}", ("",)),
    ("page", "/s?q={n}", ("gzip", "", "gzip")),
    ("page", "/s?q={n}", ("br",)),
    ("page", "/s?q={n}", ("br", "gzip")),
    ("page", "/s?q={n}", ("br", "", "gzip", "br")),
    ("noise", "/s?q={n}", ("gzip", "")),
    ("small", "/s?q={n}", ("",)),
    ("small", "/s?q={n}" + "x" * 1000, ("",)),
    ("small", "/p/{n}" + "x" * 7000 + "?q=cat", ("",)),
    ("small", "/s?q={n}&junk=" + "x" * 3000, ("gzip",)),
]


@pytest.mark.parametrize(("kind", "address", "asked"), FLOODS)
def test_what_is_counted_is_what_memory_is_taken(
    kind: str, address: str, asked: tuple[str, ...]
) -> None:
    """Forms, headers, keys and the memo of a full tier take no more than its limit allows.

    They do so whichever forms are asked for, before and after others.
    """
    limit = 300_000
    site = Site(limit=limit)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range({"small": 400, "noise": 30}.get(kind, 80)):
            site.app.body = make_body(kind, number)
            site.app.headers["ETag"] = f'W/"{number:032x}"'
            for form in asked:
                environ = {
                    "REQUEST_METHOD": "GET",
                    "PATH_INFO": address.format(n=number).partition("?")[0],
                    "QUERY_STRING": address.format(n=number).partition("?")[2],
                    "HTTP_ACCEPT_ENCODING": form,
                }
                for _ in site.tier(environ, lambda *_: lambda _: None):
                    pass
        site.app.calls, site.hits, site.app.body = [], [], b""
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    counted = site.tier._bytes + site.tier._keys_bytes
    assert counted == sum(measure_key(p) + r.size for p, r in site.tier._responses.items()) + (
        site.tier._keys_bytes
    )
    assert counted <= limit
    assert 0.5 * counted < taken < 1.05 * limit


@pytest.mark.parametrize(
    ("length", "taken"), [(16_383, 16_383), (16_384, 16_384), (16_385, 20_480), (50_000, 53_248)]
)
def test_large_bodies_are_counted_by_pages_of_memory(length: int, taken: int) -> None:
    """The C library gives them whole pages, so that they leave no gaps."""
    small, large = (CachedResponse([], bytes(n), 0.0, 10.0) for n in (0, length))
    assert large.size - small.size == taken


def test_junk_behind_an_address_costs_no_page(site: Site) -> None:
    """However long it is, the kept answer of what the address means is replayed."""
    site.get("/s?q=cat")
    assert site.get("/s?q=cat&junk=" + "x" * 12_000).headers["X-Cache"] == "HIT"
    assert site.tier._keys_bytes < 1000


def test_headers_are_read_as_far_as_browsers_write_them() -> None:
    """What is behind 2 kB of a header is no browser's."""
    response = CachedResponse([("Content-Type", "text/html")], BODY, 0.0, 10.0)
    assert response.choose_coding("deflate, " * 200 + "gzip") == "gzip"
    assert response.choose_coding("," * 60_000 + "gzip") == ""
    assert is_etag_match('"a",' * 500 + '"b"', '"b"')
    assert not is_etag_match('"a",' * 15_000 + '"b"', '"b"')


def test_no_single_answer_takes_the_place_of_many() -> None:
    """A body that is longer than an eighth of the tier is sent and not kept."""
    site = Site(limit=100_000)
    site.get("/s?q=first")
    site.app.body = b"x" * 13_000
    assert [site.get("/s?q=long").headers["X-Cache"] for _ in range(2)] == ["MISS", "MISS"]
    assert site.get("/s?q=first").headers["X-Cache"] == "HIT"


def test_the_plain_form_is_kept_for_those_who_ask_for_it() -> None:
    """Beside the compressed ones it takes most of the memory; it comes back when asked for."""
    for coding, other in (("gzip", "br"), ("br", "gzip")):
        site = Site()
        packed = site.get("/s?q=cat", Accept_Encoding=coding).data
        (response,) = site.tier._responses.values()
        small = response.size
        second = site.get("/s?q=cat", Accept_Encoding=other).data
        assert response.size == small + len(second)
        assert site.get("/s?q=cat", Accept_Encoding="identity").data == BODY
        assert response.size == small + len(second) + len(BODY)
        assert site.get("/s?q=cat", Accept_Encoding=coding).data == packed
        assert unpack(second, other) == BODY
        assert site.app.calls == ["q=cat"]


def test_replays_of_long_addresses_are_not_told(site: Site) -> None:
    """What waits to be counted fills no memory, however long the addresses that are replayed."""
    for words in ("x" * 900, "y" * 1100):
        for _ in range(2):
            site.get(f"/s?q={words}")
    assert site.hits == [("/s", f"q={'x' * 900}")]


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


def pretend(place: CacheKey) -> bool:
    return place[1].startswith("q=v")


def test_variants_leave_other_pages_three_quarters_of_memory() -> None:
    """Without other pages they have all of it; they give way where others come."""
    site = Site(limit=100_000, is_variant=pretend)
    for number in range(50):
        site.get(f"/s?q=v{number}")
    assert len(site.tier._variants) >= 10
    for number in range(50):
        site.get(f"/s?q=n{number}")
    before = list(site.tier._responses)
    assert len(before) >= 7
    for number in range(50):
        site.get(f"/s?q=v{number}")
        site.get(f"/s?q=v{number}", Accept_Encoding="gzip")
    assert list(site.tier._responses) == before
    tier = site.tier
    counted = [
        (measure_key(p) + r.size) for p, r in [*tier._responses.items(), *tier._variants.items()]
    ]
    assert tier._bytes == sum(counted) <= 100_000 - tier._keys_bytes
    assert tier._variants_bytes == sum(counted[len(before) :]) <= 25_000 + max(counted)


def test_the_variant_that_was_asked_for_last_stays() -> None:
    """Hits count among variants as among other pages."""
    site = Site(limit=100_000, is_variant=pretend)
    site.get("/s?q=v-first")
    for number in range(30):
        site.get(f"/s?q=v{number}")
        site.get("/s?q=v-first")
    assert site.app.calls.count("q=v-first") == 1


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


def test_a_stale_answer_says_so_when_replayed(site: Site) -> None:
    """X-Cache stays STALE for an answer that was stale when it was kept."""
    site.app.headers["X-Cache"] = "STALE"
    site.get()
    assert site.get().headers["X-Cache"] == "STALE"


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


def test_many_at_once_have_a_page_made_once(site: Site) -> None:
    """Requests that come while a page is being made get that one."""
    making, go = threading.Event(), threading.Event()

    def hold() -> None:
        making.set()
        assert go.wait(10)

    site.app.during = hold
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(site.get)
        assert making.wait(10)
        others = [pool.submit(site.get) for _ in range(8)]
        go.set()
        assert {one.result().data for one in (first, *others)} == {BODY}
    assert len(site.app.calls) == 1


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


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP, BR", "br"),
        ("gzip, deflate", "gzip"),
        ("*", "gzip"),
        ("*, br", "br"),
        ("*;q=0, gzip", "gzip"),
        ("*;q=0", ""),
        ("gzip;q=0", ""),
        ("gzip; q=0.000", ""),
        ("gzip;q=0.1", "gzip"),
        ("gzip;q=0, *", ""),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br; q=0.9 , gzip;q=0.5", "br"),
        ("br;q=0.5, gzip;q=0.5", "br"),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("br;q=0, gzip;q=0, identity", ""),
        ("br;level=4", "br"),
        ("br", "br"),
        ("zstd", ""),
        ("deflate", ""),
    ],
)
def test_accept_encoding_is_read_as_the_standard_says(header: str, coding: str) -> None:
    """RFC 9110 12.5.3: the highest weight, and a weight of 0 refuses."""
    assert cached_response.choose_coding(header) == coding


def test_entity_tags_are_compared_weakly() -> None:
    """RFC 9110 8.8.3.2: W/ does not matter to If-None-Match."""
    assert is_etag_match('"a"', 'W/"a"')
    assert is_etag_match('"b" , W/"a"', 'W/"a"')
    assert not is_etag_match('"ab"', 'W/"a"')


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
