"""Counts of several processes add up, also when a process is killed."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.support.metrics import TOKEN, Scrape, scrape
from tests.support.shutterstock import TOKEN as KEY
from tests.support.shutterstock import shutterstock
from tests.support.site_server import SiteServer, running_site
from tests.support.waiting import wait_until

CLIENTS, CLICKS, SEARCHES = 8, 60, 12
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"


def load(server: SiteServer, turn: int) -> int:
    """Send clicks and searches, each on a connection of its own; return the recorded clicks."""

    def send(number: int) -> int:
        name = f"{turn}-{number:04}"
        if number >= CLICKS:
            search = {"q": f"words {name}", "lang": "en", "wait": "1"}
            answer = requests.get(f"{server.url}/ajax/search", search, timeout=30)
            return 0 * answer.status_code
        click = {"click_id": f"click-{name}", "agency": "shutterstock", "id": "1", "position": 1}
        sent = requests.post(
            f"{server.url}/clicks", json=click, headers={"User-Agent": BROWSER}, timeout=30
        )
        return sent.status_code == 204

    with ThreadPoolExecutor(CLIENTS) as threads:
        return sum(threads.map(send, range(CLICKS + SEARCHES)))


def list_starts(found: Scrape) -> set[float]:
    return set(found.values["process_start_time_seconds"].values())


def has_counted(worker: int, folder: Path) -> Path:
    """Return the file in which a process counts."""
    links = (link.readlink() for link in Path(f"/proc/{worker}/fd").iterdir())
    return next(path for path in links if path.parent == folder)


def test_a_killed_process_loses_no_count(tmp_path: Path) -> None:
    """The figures are those of the ledger, of the agency and of the clients, before and after."""
    with shutterstock(100) as agency:
        settings = {
            "METRICS_TOKEN": TOKEN,
            "WEB_CONCURRENCY": "3",
            "SHUTTERSTOCK_URL": agency.url,
            "SHUTTERSTOCK_API_TOKEN": KEY,
        }
        with running_site(tmp_path, settings) as server:
            wait_until(lambda: scrape(server.url).get("affiliate_processes") == 3)
            sent = load(server, 1)
            before = scrape(server.url)
            children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
            workers = [
                int(pid)
                for pid in children.read_text().split()
                if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()
            ]
            counted = has_counted(workers[0], tmp_path / "metrics").read_bytes()
            os.kill(workers[0], signal.SIGKILL)
            wait_until(
                lambda: (
                    len(list_starts(scrape(server.url)) - list_starts(before)) == 1
                    and scrape(server.url).get("affiliate_processes") == 3
                )
            )
            sent += load(server, 2)
            after = scrape(server.url)
            rows = len(server.clicks())
    assert any(counted[8:]), "the killed process had counted nothing"
    assert rows == sent == 2 * CLICKS == after.sum("affiliate_clicks_total")
    calls = after.sum("affiliate_agency_call_duration_seconds_count", "shutterstock")
    assert calls == len(agency.searches()) == 2 * SEARCHES
    answered = after.sum("affiliate_http_responses_total", 'route="ajax",code="2xx"')
    assert answered == 2 * SEARCHES
    assert after.sum("affiliate_http_responses_total", 'route="clicks"') == 2 * CLICKS
    assert {name.rpartition("/")[2] for name in map(str, (tmp_path / "metrics").iterdir())} == {
        f"{place}.counts" for place in range(3)
    }
    assert scrape_grows(before, after)


def scrape_grows(before: Scrape, after: Scrape) -> bool:
    """Return whether no counter went back."""
    return all(
        after.values[name][labels] >= value
        for name in before.values
        if name.endswith(("_total", "_count", "_bucket")) and not name.startswith("process")
        for labels, value in before.values[name].items()
    )
