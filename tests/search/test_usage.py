"""Searches are counted on their way by, and can be warmed by their number."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from affiliate.database.clicks import Click
from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.database.searches import SearchCounts
from affiliate.domain.media import SearchQuery
from affiliate.search.lookups import LookupService
from affiliate.search.patience import Patience
from affiliate.search.usage import UsageCounter
from affiliate.search.visitor_calls import LookupAnswer
from affiliate.services import Services
from tests.simulator.reading import SEARCH_ID
from tests.support.apps import ClientMaker
from tests.support.shutterstock import FIRST_ID, TOKEN, Answer, shutterstock
from tests.support.waiting import PATIENCE


def get_services(client: FlaskClient) -> Services:
    site: Services = client.application.extensions["services"]
    return site


def read_usage(client: FlaskClient) -> list[tuple[str, int]]:
    site = get_services(client)
    site.usage.flush()
    return site.search_counts.list_found(date.min, 10)


def missed(client: FlaskClient) -> list[tuple[str, int, int]]:
    """Return all searches: how often they were asked, and how often they found nothing."""
    site = get_services(client)
    site.usage.flush()
    return site.search_counts.list_searched(date.min, 10)


def run(client: FlaskClient, *arguments: str) -> Result:
    return client.application.test_cli_runner().invoke(args=list(arguments))


def test_every_answer_counts_its_search(client: FlaskClient) -> None:
    """Views and replays count alike, pages of a search together, skeletons not at all."""
    client.get("/search?q=dog")
    addresses = ("/ajax/search?q=dog", "/ajax/search?q=DOG", "/api/search?q=dog&page=2")
    for number, address in enumerate(addresses):
        client.get(address, environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"})
    client.get("/api/search?q=cat&junk=1")
    assert read_usage(client) == [("q=dog&lang=en", 2), ("q=cat&lang=en", 1)]


def test_a_client_counts_once_a_day(client: FlaskClient) -> None:
    """However often somebody asks the same, by views or replays, before and after a flush."""
    for _ in range(3):
        for address in ("/ajax/search?q=dog", "/api/search?q=dog", "/ajax/search?q=DOG"):
            client.get(address)
        assert read_usage(client) == [("q=dog&lang=en", 1)]
    for number in range(3):
        where = {"REMOTE_ADDR": f"2001:db8:5:{number}::1"}
        client.get("/api/search?q=dog", environ_overrides=where)
    assert read_usage(client) == [("q=dog&lang=en", 2)]


def test_a_client_counts_once_over_processes(client: FlaskClient) -> None:
    """Whichever process is asked, and after a restart; one customer's network is one client."""
    site = get_services(client)
    others = [UsageCounter(site.ledger, site.store, "en", site.usage._client) for _ in range(2)]
    query = SearchQuery(q="dog", lang="en")
    for turn, tally in enumerate([site.usage, *others] * 3):
        tally.count_answer("HIT", query, f"2001:db8:1:{turn:x}::1")
        tally.count_answer("HIT", query, "198.51.100.1")
        tally.count_answer("HIT", query, "198.51.100.1", found=False)
        tally.flush()
    assert read_usage(client) == [("q=dog&lang=en", 2)]
    assert [times for *_, times in missed(client)] == [1]
    site.store.store.incr = lambda *_: 1 / 0  # and nothing is lost while the store can't count
    others[0].count_answer("HIT", query, "203.0.113.1")
    others[0].flush()
    assert read_usage(client) == [("q=dog&lang=en", 3)]


def test_what_finds_nothing_counts_apart_once_for_each_client_and_day(client: FlaskClient) -> None:
    """When it is asked, and when the answer is replayed from memory or from the shelf."""
    address = "/api/search?q=nosuchthing"
    for number in (1, 2, 2):
        where = {"REMOTE_ADDR": f"198.51.100.{number}"}
        assert not client.get(address, environ_overrides=where).get_json()["items"]
    client.application.extensions["page_cache"]._responses.clear()
    where = {"REMOTE_ADDR": "198.51.100.3"}
    assert client.get(address, environ_overrides=where).headers["X-Cache"] == "HIT"
    assert read_usage(client) == []
    assert missed(client) == [("q=nosuchthing&lang=en", 3, 3)]


@pytest.mark.parametrize("agent", ["Googlebot/2.1", "x" * 60_000 + "bingbot"])
def test_crawlers_search_nothing(client: FlaskClient, agent: str) -> None:
    """What they walk through tells nothing of visitors: by views, from memory and the shelf."""
    crawls = agent.startswith("G")
    for words in ("q=dog", "q=nosuchthing"):
        for _ in range(2):
            client.get(f"/api/search?{words}&lang=en", headers={"User-Agent": agent})
        client.application.extensions["page_cache"]._responses.clear()
        client.get(f"/api/search?{words}&lang=en", headers={"User-Agent": agent})
    assert read_usage(client) == ([] if crawls else [("q=dog&lang=en", 1)])
    assert [one for one in missed(client) if one[2]] == (
        [] if crawls else [("q=nosuchthing&lang=en", 1, 1)]
    )


@pytest.mark.parametrize(
    ("agent", "path", "times"),
    [
        ("curl/8.5.0", "/ajax/search", 0),
        ("python-requests/2.32", "/search", 0),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/140.0", "/ajax/search", 0),
        ("", "/embed/search", 0),
        ("python-requests/2.32", "/api/search", 1),
        ("Mozilla/5.0 (X11; rv:130.0) Gecko/20100101 Firefox/130.0", "/ajax/search", 1),
    ],
)
def test_programs_search_no_pages(client: FlaskClient, agent: str, path: str, times: int) -> None:
    """From agencies, memory and the store; the API is for programs that ask for visitors."""
    for _ in range(2):
        client.get(f"{path}?q=dog&lang=en", headers={"User-Agent": agent})
    client.application.extensions["page_cache"]._responses.clear()
    client.get(f"{path}?q=dog&lang=en", headers={"User-Agent": agent})
    assert read_usage(client) == [("q=dog&lang=en", 1)] * times


@pytest.mark.parametrize(
    "words", ["page=2&q=nosuchthing", "q=nosuchthing&agency=demo", "q=cat&page=99", "q=cat"]
)
def test_only_the_first_page_of_all_agencies_finds_nothing(client: FlaskClient, words: str) -> None:
    """A page past the last, or one agency of several, tells nothing of the words."""
    client.get(f"/api/search?{words}")
    assert [one for one in missed(client) if one[2]] == []


@pytest.mark.parametrize("failure", [Answer(503), Answer(429), Answer(200, b"{}")])
def test_a_search_that_an_agency_fails_is_not_counted(
    make_client: ClientMaker, failure: Answer
) -> None:
    """Neither as found nor as missed: nobody knows what there is."""
    with shutterstock(10) as agency:
        agency.answer = failure
        client = make_client(SHUTTERSTOCK_API_TOKEN=TOKEN, SHUTTERSTOCK_URL=agency.url)
        for _ in range(2):
            assert not client.get("/api/search?q=dog").get_json()["items"]
    assert missed(client) == []


def test_what_was_missed_and_later_found_has_both_counts(client: FlaskClient) -> None:
    """For the same client on one day, too."""
    tally, query = get_services(client).usage, SearchQuery(q="cat", lang="en")
    for found in (False, False, True, True):
        tally.count_answer("HIT", query, "198.51.100.1", found=found)
    assert read_usage(client) == [("q=cat&lang=en", 1)]
    assert missed(client) == [("q=cat&lang=en", 2, 1)]


def test_junk_of_one_client_fills_no_table_and_pushes_out_no_search_of_several(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much comes at once or over a day, so many rows are kept, those asked most."""
    monkeypatch.setattr("affiliate.search.usage.MAX_MISSED", 20)
    site, real = get_services(client), SearchQuery(q="fahrrad", lang="de")
    for flood in range(3):
        for number in range(50):
            junk = SearchQuery(q=f"junk {flood} {number}", lang="en")
            site.usage.count_answer("MISS", junk, "198.51.100.1", found=False)
            site.usage.count_answer("MISS", junk, "198.51.100.1", found=False)
        site.usage.count_answer("MISS", real, f"203.0.113.{2 * flood}", found=False)
        site.usage.count_answer("MISS", real, f"203.0.113.{2 * flood + 1}", found=False)
        site.usage.flush()
    kept = site.search_counts.list_searched(date.min, 100)
    assert (len(kept), kept[0]) == (20, ("q=fahrrad&lang=de", 6, 6))


def test_what_found_nothing_is_neither_suggested_nor_warmed(client: FlaskClient) -> None:
    """However many clients asked it, on however many days."""
    site, today = get_services(client), datetime.now(UTC)
    for back in (3, 2, 1, 0):
        site.ledger._now = partial(datetime.fromtimestamp, today.timestamp() - back * 86400, UTC)
        site.search_counts.add_missed({"q=nosuchthing&lang=en": 50, "q=cat&lang=en": 50}, 10)
    site.search_counts.add_found({"q=cat&lang=en": 9}, {"q=cat&lang=en": 0b1111})
    since = (today - timedelta(days=9)).date()
    assert site.search_counts.list_popular(since, 5, 10) == []  # cat was found on one day alone
    assert read_usage(client) == [("q=cat&lang=en", 9)]


def test_the_words_of_one_client_are_suggested_to_nobody(client: FlaskClient) -> None:
    """Several clients of a day make a search popular; one client with all its requests doesn't."""
    site, today = get_services(client), datetime.now(UTC)
    for back in (1, 0):
        site.ledger._now = partial(datetime.fromtimestamp, today.timestamp() - back * 86400, UTC)
        site.usage._counted.clear()  # another day, or another process
        for number in range(10):
            where = {"REMOTE_ADDR": f"198.51.100.{number}"}
            client.get("/api/search?q=dog", environ_overrides=where)
            for _ in range(3):
                client.get("/api/search?q=cat")
                site.usage.flush()
                site.usage._counted.clear()
    since = (today - timedelta(days=9)).date()
    assert [words for words, _ in site.search_counts.list_popular(since, 5, 10)] == [
        "q=dog&lang=en"
    ]


def test_counts_add_up_over_flushes(client: FlaskClient) -> None:
    """What is flushed twice stands in one row."""
    query = SearchQuery(q="cat", lang="en")
    for _ in range(3):
        get_services(client).usage.count_answer("HIT", query)
        get_services(client).usage.flush()
    assert read_usage(client) == [("q=cat&lang=en", 3)]


@pytest.mark.parametrize(
    ("settings", "clicks", "searches"),
    [
        ({}, 2, 1),
        ({"CLICKS_KEEP_DAYS": "30", "SEARCHES_KEEP_DAYS": "0"}, 1, 2),
        ({"CLICKS_KEEP_DAYS": "900", "SEARCHES_KEEP_DAYS": "900"}, 2, 2),
    ],
)
def test_what_is_older_than_the_owner_keeps_it_goes(
    make_client: ClientMaker, tmp_path: Path, settings: dict[str, str], clicks: int, searches: int
) -> None:
    """Clicks stay for ever and counts of searches for 90 days, unless the settings say else."""
    site = get_services(make_client(**settings))
    before = datetime.now(UTC) - timedelta(days=200)
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: before)) as former:
        SearchCounts(former).add_found({"q=old&lang=en": 1})
        former.record(Click(click_id="click-old", agency="demo", id="1", position=1))
    site.search_counts.add_found({"q=new&lang=en": 1})
    site.ledger.record(Click(click_id="click-new", agency="demo", id="1", position=1))
    site.usage.flush()
    assert len(list(site.ledger.stream_clicks())) == clicks
    assert len(site.search_counts.list_found(before.date(), 10)) == searches


def test_the_owner_sees_how_the_cache_does(client: FlaskClient) -> None:
    """`flask cache size` shows entries and how often memory, store and agencies answered."""
    client.get("/api/search?q=cat")
    client.get("/api/search?q=cat")
    client.get("/api/search?q=cat&page=2")
    get_services(client).usage.flush()
    lines = run(client, "cache", "size").output.split("\n")
    assert lines[0].startswith("3 entries, ")  # one answer and the two pages made of it
    counts = {line.split()[0]: int(line.split()[1]) for line in lines[1:] if line}
    assert counts == {"memory": 1, "hit": 1, "stale": 0, "miss": 1}
    told = json.loads(run(client, "cache", "size", "--json").output)
    assert (told["entries"], told["answers"]) == (3, counts)


def test_one_search_can_be_looked_at_and_dropped(client: FlaskClient) -> None:
    """`flask cache look` tells of a search's entry, `drop` forgets by words or agency."""
    for words in ("cat", "dog", "bird"):
        client.get(f"/api/search?q={words}")
    assert "fresh for" in run(client, "cache", "look", "CAT").output
    assert ":240.0:q=cat&lang=en" in run(client, "cache", "look", "q=cat").output
    assert run(client, "cache", "drop", "--words", " Cat ").output == "Dropped 1 entries.\n"
    assert "nothing" in run(client, "cache", "look", "cat").output
    assert run(client, "cache", "drop", "--agency", "pixabay").output == "Dropped 0 entries.\n"
    assert run(client, "cache", "drop", "--agency", "nobody").exit_code == 2
    assert run(client, "cache", "drop").output == "Dropped 2 entries.\n"
    assert run(client, "cache", "look", "page=0").exit_code == 2


def test_all_that_an_agency_said_can_be_dropped(make_client: ClientMaker) -> None:
    """`flask cache drop` forgets searches, details, similar pictures and suggestions."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        site, one = get_services(client), str(FIRST_ID)
        site.search.get_page(SearchQuery(q="cat"), Patience.FULL)
        site.lookups.get_media("shutterstock", one)
        site.search.get_similar_page("shutterstock", one, lang="en", patience=Patience.FULL)
        site.lookups.suggest_searches("cat", "en", 10)
        site.lookups.list_categories("en", 10)
        site.lookups.list_featured(10)
        assert len(agency.requests) == 7
        assert run(client, "cache", "drop", "--words", "cat").output == "Dropped 1 entries.\n"
        dropped = run(client, "cache", "drop", "--agency", "shutterstock").output
        assert dropped == "Dropped 6 entries.\n"


def test_a_search_s_number_at_the_agency_can_be_looked_up(make_client: ClientMaker) -> None:
    """`flask cache look` says it, so that a license can name the search that led to it."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        items = client.get("/api/search?q=cat").get_json()["items"]
        assert {item["search_id"] for item in items} == {SEARCH_ID}
        assert f", search {SEARCH_ID}\n" in run(client, "cache", "look", "cat").output


def test_warming_asks_for_the_most_asked_that_go_stale(make_client: ClientMaker) -> None:
    """`flask warm` renews the most asked searches first, within its calls, and no fresh ones."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_TOPICS="cat"
        )
        for words, times in (("cat", 3), ("dog", 2), ("bird", 1)):
            for _ in range(times):
                get_services(client).usage.count_answer("HIT", SearchQuery(q=words, lang="en"))
        get_services(client).usage.flush()
        assert "asked the agencies 2 times" in run(client, "warm", "--calls", "2").output
        assert [search["query"] for search in agency.searches()] == [["cat"], ["dog"]]
        assert "asked the agencies 1 times" in run(client, "warm", "--calls", "1").output
        assert "asked the agencies 0 times" in run(client, "warm", "--calls", "1").output
        again = run(client, "warm", "--within", "86401", "--calls", "3").output
        assert "asked the agencies 3 times" in again


def test_warming_begins_with_the_topics(make_client: ClientMaker) -> None:
    """`flask warm` renews what the start page offers, then the most asked; none of it twice."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SITE_TOPICS="Red Car, a=b",
            SITE_LANGUAGE="de",
        )
        for words in ("red car", "dog"):
            get_services(client).usage.count_answer("HIT", SearchQuery(q=words, lang="de"))
        get_services(client).usage.flush()
        shown = run(client, "warm", "--calls", "3").output
        assert shown == "Looked at 3 searches, asked the agencies 3 times.\n"
        calls = [(one["query"], one["language"]) for one in agency.searches()]
        assert calls == [(["Red Car"], ["de"]), (["a=b"], ["de"]), (["dog"], ["de"])]


def test_warming_covers_what_the_sitemap_lists(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crawlers find pictures at each of its addresses then, and cost no call."""
    few = ("en", "de", "ja")  # for a quick test
    monkeypatch.setattr("affiliate.cli.warm.UI_LANGUAGES", few)
    monkeypatch.setattr("affiliate.web.site.seo.UI_LANGUAGES", few)
    every = LookupService.list_featured
    featured = lambda self, seconds: LookupAnswer(every(self, seconds).values[:2], late=False)  # noqa: E731
    monkeypatch.setattr(LookupService, "list_featured", featured)
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SITE_TOPICS="flower",
            SITE_URL="https://pictures.example",
        )
        told = json.loads(run(client, "warm", "--json").stdout)
        assert [told[name] for name in ("looked", "asked", "pages", "skipped")] == [1, 1, 4, {}]
        assert "pages of the sitemap" not in run(client, "warm").output
        before = len(agency.requests)
        listed = re.findall(
            "<loc>https://pictures.example([^<]+)</loc>", client.get("/sitemap.xml").text
        )
        assert len(listed) == 10
        for address in listed:
            page = client.get(html.unescape(address), headers={"User-Agent": "Googlebot/2.1"})
            assert page.status_code == 200
            assert 'class="picture"' in page.text
        assert len(agency.requests) == before


def test_warming_leaves_a_failing_agency_alone(make_client: ClientMaker) -> None:
    """A search whose agency failed just now is not asked for again before its time."""
    with shutterstock(10) as agency:
        agency.answer = Answer(503)
        client = make_client(
            SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_TOPICS="cat"
        )
        client.get("/api/search?q=cat&wait=1")
        get_services(client).usage.flush()
        run(client, "warm")
        assert len(agency.searches()) == 1


def test_a_schedule_learns_what_was_not_warmed(make_client: ClientMaker) -> None:
    """Spent calls and failures give a status, with the number of searches and the reason."""
    with shutterstock(10) as agency:
        settings = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        topics = {"SITE_TOPICS": "cat, dog, bird"}
        client = make_client(**settings, **topics, SHUTTERSTOCK_CALLS_PER_HOUR="1")
        done = run(client, "warm")
        assert done.exit_code == 1
        assert "Looked at 3 searches, asked the agencies 1 times." in done.output
        assert re.search(r"shutterstock: 2 searches skipped; its 1 calls are spent", done.stderr)
        told = json.loads(run(client, "warm", "--json").stdout)
        assert (told["looked"], told["asked"], told["left"]) == (3, 0, 0)
        assert told["skipped"]["shutterstock"]["searches"] == 2
        assert len(agency.searches()) == 1
        client = make_client(**settings, **topics)
        left = run(client, "warm", "--calls", "1")
        assert (left.exit_code, "1 were left for the next run" in left.output) == (0, True)
        agency.answer = Answer(503)
        failed = run(client, "warm")
        assert failed.exit_code == 1
        assert "shutterstock: 1 search skipped; HTTP 503" in failed.stderr


@pytest.mark.parametrize("calls", ["2", "3"])
def test_the_quota_ends_calls_and_not_answers(make_client: ClientMaker, calls: str) -> None:
    """When the hour's calls are spent, what is cached is answered, and the page says why not."""
    with shutterstock(100) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_CALLS_PER_HOUR=calls,
        )
        for number in range(5):
            client.get(f"/api/search?q=n{number}&wait=1")
        assert len(agency.searches()) == int(calls)
        assert len(client.get("/api/search?q=n0").get_json()["items"]) == 48
        page = client.get("/search?q=n4&wait=1")
        assert "too many ask just now" in page.text
        assert page.status_code == 200


def test_an_unexpected_error_ends_no_counting(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and what is counted next is written all the same."""
    tally, again = get_services(client).usage, Event()
    flushes = iter([RuntimeError("odd")])

    def flush() -> None:
        for error in flushes:
            raise error
        again.set()

    monkeypatch.setattr("affiliate.search.usage.FLUSH_SECONDS", 0.001)
    monkeypatch.setattr(tally, "flush", flush)
    client.get("/ajax/search?q=dog")
    assert again.wait(60)
    assert "RuntimeError: odd" in caplog.text


def test_answers_are_in_the_owners_figures(client: FlaskClient) -> None:
    """Words, language, hits and misses, and the calls that they have cost."""
    client.get("/api/search?q=dog")
    for number in range(2):
        where = {"REMOTE_ADDR": f"198.51.100.{number}"}
        client.get("/api/search?q=dog", environ_overrides=where)
        client.get("/api/search?q=xqzzv", environ_overrides=where)
    site = get_services(client)
    site.usage.flush()
    figures = Figures(site.ledger, UTC)
    days = Days(date(2026, 1, 1), date(2099, 1, 1))
    assert figures.list_top(RankedList.ASKED_WORDS, days, 9) == [("dog", 3), ("xqzzv", 2)]
    assert figures.list_top(RankedList.MISSED_WORDS, days, 9) == [("xqzzv", 2)]
    (sums,) = figures.sum_searches(days, ["language"])
    assert (sums["language"], sums["asked"], sums["missed"], sums["hits"]) == ("en", 5, 2, 3)


def test_calls_of_agencies_are_in_the_owners_figures(make_client: ClientMaker) -> None:
    """A call that failed counts as one; an answer of the cache is none."""
    days = Days(date(2026, 1, 1), date(2099, 1, 1))
    with shutterstock(10) as agency:
        settings = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        client = make_client(**settings, CLIENT_SEARCHES_PER_MINUTE="0")
        for words in ("dog", "dog", "cat"):
            client.get(f"/api/search?q={words}")
        get_services(client).usage.flush()
        (calls,) = Figures(get_services(client).ledger, UTC).sum_calls(days, ["agency"])
        assert (calls["agency"], calls["calls"]) == ("shutterstock", len(agency.requests))
        assert calls["failures"] == 0
    client = make_client(SHUTTERSTOCK_URL="http://127.0.0.1:1", SHUTTERSTOCK_API_TOKEN=TOKEN)
    client.get("/api/search?q=owl")
    get_services(client).usage.flush()
    (calls,) = Figures(get_services(client).ledger, UTC).sum_calls(days)
    assert calls["failures"] == 1


def test_an_ending_process_waits_for_no_deletion(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of rows may have to go, as after a change of the days that are kept."""
    usage, is_deleting, may_end = get_services(client).usage, Event(), Event()

    def delete_for_long() -> None:
        is_deleting.set()
        may_end.wait(PATIENCE)

    monkeypatch.setattr(usage, "_delete_expired", delete_for_long)
    with ThreadPoolExecutor() as threads:
        flush = threads.submit(usage.flush)
        assert is_deleting.wait(PATIENCE)
        try:
            threads.submit(usage.close).result(PATIENCE / 2)
        finally:
            may_end.set()
        flush.result()
