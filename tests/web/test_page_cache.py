"""The page cache in front of a small WSGI application that counts its calls."""

import gc
import itertools
import random
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.web import cached_response
from affiliate.web.cached_response import CachedResponse
from affiliate.web.page_cache import measure_key
from tests.support.cached_site import BODY, Site, pretend
from tests.support.codings import unpack


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


def test_junk_behind_an_address_costs_no_page(site: Site) -> None:
    """However long it is, the kept answer of what the address means is replayed."""
    site.get("/s?q=cat")
    assert site.get("/s?q=cat&junk=" + "x" * 12_000).headers["X-Cache"] == "HIT"
    assert site.tier._keys_bytes < 1000


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


def test_a_stale_answer_says_so_when_replayed(site: Site) -> None:
    """X-Cache stays STALE for an answer that was stale when it was kept."""
    site.app.headers["X-Cache"] = "STALE"
    site.get()
    assert site.get().headers["X-Cache"] == "STALE"


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
