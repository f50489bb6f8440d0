"""A site of two hosts is one site: what it calls, limits, records and forgets is counted once."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from affiliate.database.ledger import Ledger
from app import create_app
from tests.simulator import FIRST_ID
from tests.support.host_load import CLIENTS, REQUESTS, Load
from tests.support.metrics import scrape
from tests.support.site_hosts import (
    ADDRESSES,
    CALLS_PER_HOUR,
    SEARCHES_PER_HOUR,
    Hosts,
    site_hosts,
)
from tests.support.waiting import wait_until

VISITORS = 20
PROCESSES = 4
"""Processes of both hosts that answer."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Yield hosts for all tests; each test has words and clients of its own."""
    with site_hosts(tmp_path_factory.mktemp("hosts")) as both:
        yield both


def list_addresses(hosts: Hosts) -> set[str]:
    return {f"{address}:{port}" for address, port in hosts.ports.items()}


def test_one_search_at_both_hosts_is_one_call(hosts: Hosts) -> None:
    """Twenty visitors at once, at both hosts: one call, and all have the pictures."""
    path = "/ajax/search?q=together&lang=en&wait=1&agency=shutterstock"
    with ThreadPoolExecutor(VISITORS) as threads:
        answers = list(threads.map(lambda n: hosts.get(path, f"10.1.0.{n}"), range(VISITORS)))
    assert {answer.host for answer in answers} == list_addresses(hosts)
    assert {answer.body.count('class="picture"') for answer in answers} == {48}
    assert hosts.count_calls("together") == 1


def test_a_client_has_one_budget_at_both_hosts(hosts: Hosts) -> None:
    """Searches beyond the limit are refused, whichever host gets them."""
    paths = [f"/ajax/search?q=budget{n}&lang=en&wait=1&agency=shutterstock" for n in range(14)]
    answers = [hosts.get(path, "10.2.0.1") for path in paths]
    assert {answer.host for answer in answers} == list_addresses(hosts)
    assert Counter(answer.status for answer in answers) == {
        200: SEARCHES_PER_HOUR,
        429: len(paths) - SEARCHES_PER_HOUR,
    }
    assert hosts.count_calls("budget") == SEARCHES_PER_HOUR


def test_an_agency_has_one_quota_at_both_hosts(hosts: Hosts) -> None:
    """No more calls than the agency allows, and each host knows how many are left."""
    paths = [f"/api/search?q=quota{n}&lang=en&wait=1&agency=pixabay" for n in range(12)]
    answers = [hosts.get(path, f"10.3.0.{n}") for n, path in enumerate(paths)]
    assert {answer.host for answer in answers} == list_addresses(hosts)
    assert len(hosts.second.requests) == CALLS_PER_HOUR
    labels = 'agency="pixabay",window="hour"'
    for server in hosts.servers.values():
        wait_until(
            lambda url=server.url: (  # type: ignore[misc]
                scrape(url).values["affiliate_agency_quota_left_calls"].get(labels) == 0
            )
        )


def test_a_cdn_keeps_the_answer_of_either_host(hosts: Hosts) -> None:
    """After the first answer neither host is asked, and a browser's copy is confirmed by both."""
    path = "/ajax/search?q=edge&lang=en&wait=1&agency=shutterstock"
    first = hosts.get(path, "10.4.0.1", cdn=True)
    second = hosts.get(path, "10.4.0.2", cdn=True)
    assert (first.headers["X-Cdn"], second.headers["X-Cdn"]) == ("MISS", "HIT")
    assert second.body == first.body
    assert hosts.count_calls("edge") == 1
    tags = {hosts.get(path, "10.4.0.3").headers["ETag"] for _ in range(6)}
    assert len(tags) == 1


def ask_all(hosts: Hosts, path: str) -> dict[str, str]:
    """Return answers by the process that gave each, straight from the hosts."""
    urls = [f"{server.url}{path}" for server in hosts.servers.values() for _ in range(VISITORS)]
    with ThreadPoolExecutor(VISITORS) as threads:
        answers = list(threads.map(lambda url: requests.get(url, timeout=30), urls))
    return {answer.headers["X-Request-Id"].partition("-")[0]: answer.text for answer in answers}


def test_a_purge_reaches_all_tiers_of_both_hosts(hosts: Hosts) -> None:
    """One command empties store and shared pages; memory follows within ten seconds."""
    words, gone = "purged", str(FIRST_ID)
    path = f"/ajax/search?q={words}&lang=en&wait=1&agency=shutterstock"
    known: dict[str, str] = {}

    def knows(*, old: bool) -> bool:
        known.update(ask_all(hosts, path))
        return len(known) == PROCESSES and {gone in page for page in known.values()} == {old}

    wait_until(lambda: knows(old=True))
    assert gone in hosts.get(path, "10.5.0.1", cdn=True).body
    hosts.agency.library.withdrawn.add(gone)
    folder = hosts.folder / "owner"
    folder.mkdir()
    app = create_app(hosts.settings() | {"DATA_DIR": str(folder)})
    done = app.test_cli_runner().invoke(args=["cache", "drop", "--words", words])
    assert (done.exit_code, done.output) == (0, "Dropped 1 entries.\n")
    wait_until(lambda: knows(old=False))
    assert gone in hosts.get(path, "10.5.0.2", cdn=True).body
    for page in (hosts.folder / "cache").glob("*"):  # as the owner purges a CDN, last of all
        page.unlink()
    last = hosts.get(path, "10.5.0.2", cdn=True)
    assert last.headers["X-Cdn"] == "MISS"
    assert gone not in last.body
    assert hosts.count_calls(words) == 2


def test_metrics_are_told_while_redis_and_postgresql_hang(hosts: Hosts) -> None:
    """A scrape has the counts of the processes, and says that neither can be read."""
    stopped = [hosts.redis.process.pid, *hosts.postgres.processes()]  # type: ignore[union-attr]
    url = hosts.servers[ADDRESSES[1]].url

    def read_parts() -> set[float]:
        found = scrape(url)
        assert found.get("affiliate_processes") == PROCESSES / 2
        return set(found.values["affiliate_part_up"].values())

    def is_well() -> bool:
        states = ask_all(hosts, "/readyz")
        return len(states) == PROCESSES and all('"cache":"ok"' in one for one in states.values())

    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: read_parts() == {0})
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: read_parts() == {1})
    wait_until(is_well)


def test_a_host_killed_under_load_costs_no_visitor_an_answer(hosts: Hosts) -> None:
    """The other host goes on, no recorded click is lost, and the host comes back."""
    load, dead = Load(hosts.balancer), ADDRESSES[0]
    try:
        killed_at = load.hurt(lambda: hosts.kill(dead))
    finally:
        hosts.start(dead)
    failed = load.list_failures()
    assert [one for one in failed if one.began > killed_at] == []
    assert len(failed) <= CLIENTS, failed
    assert len(load.outcomes) == CLIENTS * REQUESTS
    used = {one.host.rpartition(", ")[2] for one in load.outcomes if one.began < killed_at}
    assert used >= list_addresses(hosts)
    after = [one for one in load.outcomes if one.began > killed_at]
    assert len(after) > REQUESTS, "the load was over before the kill"
    searched = Counter(str(search["query"]) for search in hosts.agency.searches())
    assert sum(n - 1 for n in searched.values()) <= CLIENTS, "more than the killed calls came twice"
    acknowledged = {one.click for one in load.outcomes if one.click and one.status == 204}
    with closing(Ledger(hosts.postgres.url)) as ledger:
        kept = Counter(click.click_id for _, click in ledger.stream_clicks())
    assert {kept[click] for click in acknowledged} == {1}
    assert set(kept.values()) == {1}
    back = f"{dead}:{hosts.ports[dead]}"
    wait_until(lambda: hosts.get("/healthz", "10.9.0.1").host == back)
