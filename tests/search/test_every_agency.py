"""One search over every agency at once, each speaking its own way on a socket of its own."""

import gzip
import logging
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.agencies.base import PAGE_PLACES
from affiliate.search import slice_fetcher
from affiliate.search.gateway import PAGE_SECONDS
from tests.dialects import DIALECTS, Answer, Dialect, answer_text, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.federation import OWN, Agencies
from tests.support.waiting import wait_for_result

PATH = "/api/search?q=flower&wait=1"
LIES = b'{"total": -5, "hits": 7, "images": "all of them", "results": {}, "data": [1]}'


@pytest.fixture
def agencies() -> Iterator[Agencies]:
    with ExitStack() as stack:
        kinds: list[type[Dialect]] = [one for one in DIALECTS if one.name not in OWN]
        yield Agencies({one.name: stack.enter_context(serve_dialect(one())) for one in kinds})


@pytest.fixture
def client(make_client: ClientMaker, agencies: Agencies) -> FlaskClient:
    return make_client(**agencies.settings())


def search(client: FlaskClient, path: str = PATH) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return each agency's status, and the sellers on the page: several for a double."""
    page = client.get(path).get_json()
    sold = [seller for item in page["items"] for seller in item["sellers"]]
    return {one["agency"]: one["status"] for one in page["agencies"]}, sold


def test_every_agency_has_a_dialect() -> None:
    """All that go over the wire are here: none is left out of this search."""
    assert {one.name for one in DIALECTS} | {"demo", "demo-shop"} == set(AGENCIES)


def test_all_agencies_share_a_page_by_rank(client: FlaskClient, agencies: Agencies) -> None:
    """The first pictures are the first of each, and each has its part of the places."""
    statuses, items = search(client)
    assert statuses == dict.fromkeys(agencies, "fetched")
    assert {item["agency"] for item in items[: len(agencies)]} == set(agencies)
    counts = {name: sum(item["agency"] == name for item in items) for name in agencies}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_same_page_comes_from_the_cache_without_a_call(
    client: FlaskClient, agencies: Agencies
) -> None:
    before = client.get(PATH)
    calls = agencies.calls()
    again = client.get(PATH)
    assert again.headers["X-Cache"] == "HIT"
    assert again.headers["Server-Timing"] == "memory"
    assert again.get_data() == before.get_data()
    assert agencies.calls() == calls


def test_three_that_hang_fail_and_lie_keep_nobody_from_the_rest(
    client: FlaskClient, agencies: Agencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page comes while one still hangs, statuses are true, the others' places stay."""
    monkeypatch.setattr(slice_fetcher, "PAGE_SECONDS", PAGE_SECONDS)
    hangs, fails, lies = list(agencies)[:3]
    agencies[hangs].gate.clear()
    agencies[fails].fixed = answer_text("<h1>Bad gateway</h1>", 502, "text/html")
    agencies[lies].fixed = Answer(200, LIES)
    statuses, items = wait_for_result(lambda: search(client))
    troubled = {hangs: {"late", "failed"}, fails: {"failed"}, lies: {"failed"}}
    for name, status in statuses.items():
        assert status in troubled.get(name, {"fetched"}), name
    assert {item["agency"] for item in items} == set(agencies) - set(troubled)


def test_what_was_broken_comes_back_by_itself_into_its_own_places(
    client: FlaskClient, agencies: Agencies
) -> None:
    """After the failure's few seconds the page has all; nobody else's pictures have changed."""
    broken = list(agencies)[-1]
    agencies[broken].fixed = answer_text("down", 503)
    _, before = search(client)
    agencies[broken].fixed = None
    store = client.application.extensions["services"].store
    for key in store.store.keys(f"2:search:{broken}:"):
        store.store.delete(key)
    statuses, items = search(client, f"{PATH}&page=1&lang=en")
    assert statuses[broken] == "fetched"
    kept = [item["id"] for item in items if item["agency"] != broken]
    assert kept == [item["id"] for item in before]


def test_an_agency_that_keeps_failing_is_asked_no_more_for_a_while(
    client: FlaskClient, agencies: Agencies
) -> None:
    """Five searches find it down; the sixth leaves it out without a call, and says so."""
    broken = next(iter(agencies))
    agencies[broken].fixed = answer_text("down", 503)
    for n in range(5):
        assert search(client, f"/api/search?q=word{n}&wait=1")[0][broken] == "failed"
    calls = len(agencies[broken].requests)
    assert search(client, "/api/search?q=another&wait=1")[0][broken] == "suspended"
    assert len(agencies[broken].requests) == calls


def test_a_filter_that_some_can_not_express_is_said_and_asks_only_the_others(
    client: FlaskClient, agencies: Agencies
) -> None:
    statuses, items = search(client, "/api/search?q=flower&orientation=square&wait=1")
    able = {n for n in agencies if "square" in (AGENCIES[n].image_filters.get("orientation") or ())}
    assert {name for name, status in statuses.items() if status != "unsupported"} == able
    assert {item["agency"] for item in items} == able
    assert {name for name in agencies if agencies[name].requests} == able


def test_a_page_says_of_each_agency_that_has_nothing_why(
    client: FlaskClient, agencies: Agencies
) -> None:
    """Visitors read it below the pictures."""
    failing, *_ = agencies
    agencies[failing].fixed = answer_text("down", 503)
    page = client.get("/ajax/search?q=flower&lang=en&wait=1").get_data(as_text=True)
    assert f"<b>{AGENCIES[failing].title}</b> gave no answer: it is out of reach" in page


def test_visitors_may_choose_among_the_agencies(client: FlaskClient, agencies: Agencies) -> None:
    names = list(agencies)[:2]
    statuses, items = search(client, f"{PATH}&agency={names[0]}&agency={names[1]}")
    assert set(statuses) == {item["agency"] for item in items} == set(names)
    assert {name for name in agencies if agencies[name].requests} == set(names)


def test_further_pages_of_a_search_cost_no_call(client: FlaskClient, agencies: Agencies) -> None:
    """One call to each brings what it gives to several pages, without a gap or a double."""
    sold = search(client)[1]
    calls = agencies.calls()
    for page in range(2, 6):
        statuses, more = search(client, f"{PATH}&page={page}")
        assert set(statuses.values()) == {"fresh"}
        sold += more
    assert agencies.calls() == calls
    assert len({(one["agency"], one["id"]) for one in sold}) == len(sold)
    least = 5 * (PAGE_PLACES // len(agencies))
    assert all(sum(one["agency"] == name for one in sold) >= least for name in agencies)


def test_no_key_of_any_agency_leaves_the_process(
    client: FlaskClient, agencies: Agencies, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither pages nor JSON, nor logs, nor what is kept on the disk hold one."""
    caplog.set_level(logging.DEBUG)
    failing, *_ = agencies
    paths = [f"{path}?q={{}}&lang=en&wait=1" for path in ("/search", "/ajax/search", "/api/search")]
    said = "".join(client.get(path.format("flower")).text for path in paths)
    agencies[failing].fixed = answer_text("down", 503)
    said += "".join(client.get(path.format("tree")).text for path in paths) + caplog.text
    client.application.extensions["services"].usage.flush()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    kept += b"".join(iter_unpacked(client))
    for dialect in DIALECTS:
        for name, key in dialect.keys.items():
            if name not in dialect.public:
                assert key not in said, dialect.name
                assert key.encode() not in kept, dialect.name


def iter_unpacked(client: FlaskClient) -> Iterator[bytes]:
    """Yield the cached values as before their compression."""
    store = client.application.extensions["services"].store
    for key in store.store.keys(""):
        value = store.get(key) or b""
        try:
            yield key.encode() + zlib.decompress(value)
        except zlib.error:
            yield key.encode() + value


def test_a_page_over_all_agencies_keeps_to_its_budget(client: FlaskClient) -> None:
    """Pictures, statuses and the choice of agencies: small on the wire, the policy in a header."""
    client.get(f"/ajax/search?{PATH.partition('?')[2]}&lang=en")
    page = client.get("/search?q=flower&lang=en", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(page.data).count(b'<li class="tile') == PAGE_PLACES
    assert len(page.data) < 10_000
    assert len(page.headers["Content-Security-Policy"]) < 3_000
    assert sum(len(f"{name}: {value}\r\n") for name, value in page.headers) < 4_000
