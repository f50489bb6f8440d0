"""The simulator misbehaves as it is told, where it is told, and loses no purchase by it."""

import http.client
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulator import (
    FIRST_ID,
    Fault,
    Simulator,
    answer_html,
    answer_late,
    answer_with,
    declare_wrong_length,
    drip,
    hang_up,
    hold,
    run_first,
    simulator,
)
from tests.simulator.asking import ask
from tests.simulator.faults import Stage
from tests.simulator.purchases import read_purchases
from tests.support.processes import run_python
from tests.support.waiting import PATIENCE, wait_for_result

LICENSES = "/v2/images/licenses"
WANTED = {"images": [{"image_id": str(FIRST_ID + 1), "size": "small"}]}


@pytest.fixture
def agency() -> Iterator[Simulator]:
    """Yield a simulator."""
    with simulator(size=40) as server:
        yield server


@pytest.mark.parametrize(
    ("stage", "bought"), [("unread", 0), ("read", 0), ("acted", 1), ("body", 1)]
)
def test_a_connection_is_lost_at_a_stage(agency: Simulator, stage: Stage, bought: int) -> None:
    """The client never hears; whether it bought depends on the stage; the next request is fine."""
    order = agency.misbehave(hang_up(stage, after=10), on=LICENSES, method="POST")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(agency.url + LICENSES, "POST", WANTED)
    assert order.reached.is_set()
    assert len(agency.purchases) == bought
    assert ask(agency.url + LICENSES, "POST", WANTED).status == 200
    assert len(agency.purchases) == bought + 1


@pytest.mark.parametrize("stage", ["unread", "read", "acted", "body"])
def test_a_client_is_held_at_a_stage(agency: Simulator, stage: Stage) -> None:
    """It waits until it is released, and then gets the proper answer."""
    order = agency.misbehave(hold(stage), on=LICENSES, method="POST")
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(ask(agency.url + LICENSES, "POST", WANTED).status)
    )
    asking.start()
    assert order.reached.wait(20)
    assert answers == []
    assert len(agency.purchases) == (stage in {"acted", "body"})
    order.release.set()
    asking.join(PATIENCE)
    assert not asking.is_alive()
    assert (answers, len(agency.purchases)) == ([200], 1)


def test_a_file_breaks_off_after_so_many_bytes(agency: Simulator) -> None:
    """What came is the beginning of the file; the rest can be asked for."""
    url = ask(agency.url + LICENSES, "POST", WANTED).rows[0]["download"]["url"]
    agency.misbehave(hang_up("body", after=1000), on="/gatekeeper/*")
    with pytest.raises(http.client.IncompleteRead) as broken:
        ask(url)
    begun = broken.value.partial
    whole = ask(url).body
    assert (len(begun), begun) == (1000, whole[:1000])
    assert begun + ask(url, Range="bytes=1000-").body == whole


def test_a_body_is_shorter_or_longer_than_declared(agency: Simulator) -> None:
    """The length that is declared is wrong by as much as was ordered."""
    proper = ask(f"{agency.url}/v2/test").body
    agency.misbehave(declare_wrong_length(5))
    with pytest.raises(http.client.IncompleteRead):
        ask(f"{agency.url}/v2/test")
    agency.misbehave(declare_wrong_length(-5))
    assert ask(f"{agency.url}/v2/test").body == proper[:-5]


def test_an_answer_is_replaced_without_acting(agency: Simulator) -> None:
    """A status, headers and a body of choice, or a gateway's page; nothing is bought."""
    agency.misbehave(answer_with(429, b"{}", Retry_After="7"), on=LICENSES)
    refused = ask(agency.url + LICENSES, "POST", WANTED)
    assert (refused.status, refused.headers["retry-after"]) == (429, "7")
    agency.misbehave(answer_html(), on=LICENSES)
    page = ask(agency.url + LICENSES, "POST", WANTED)
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    assert agency.purchases == []


def test_an_answer_is_changed_after_acting(agency: Simulator) -> None:
    """The purchase is made, but what is said of it is something else."""
    agency.misbehave(Fault(change=lambda answer: answer._replace(status=500)), on=LICENSES)
    assert ask(agency.url + LICENSES, "POST", WANTED).status == 500
    assert len(agency.purchases) == 1


def test_slow_answers_are_whole(agency: Simulator) -> None:
    """Late, or byte after byte, they are the proper ones."""
    agency.misbehave(answer_late(0.001))
    agency.misbehave(drip(0.0001))
    assert [ask(f"{agency.url}/v2/test?text=hi").json for _ in range(2)] == [{"text": "hi"}] * 2


def test_the_history_changes_between_two_pages(agency: Simulator) -> None:
    """A purchase made between them moves the rows of the second."""
    old = [agency.buy(number) for number in range(4)]
    agency.misbehave(run_first(lambda: agency.buy(9)), on=LICENSES, skip=1)
    pages = [ask(f"{agency.url}{LICENSES}?per_page=2&page={n}").rows for n in (1, 2)]
    ids = [row["id"] for page in pages for row in page]
    assert ids == [old[3].id, old[2].id, old[2].id, old[1].id]


def test_orders_befall_whom_they_name(agency: Simulator) -> None:
    """Path, method, how often and from when on are obeyed."""
    agency.misbehave(answer_with(500), on="/v2/user", times=2, skip=1)
    statuses = [ask(f"{agency.url}/v2/user").status for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    agency.misbehave(answer_with(503), on="/v2/images/*", method="POST", times=None)
    assert ask(agency.url + LICENSES).status == 200
    assert [ask(agency.url + LICENSES, "POST", WANTED).status for _ in range(2)] == [503, 503]
    agency.orders.clear()
    assert ask(agency.url + LICENSES, "POST", WANTED).status == 200


@contextmanager
def process(state: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run the simulator as a process, killed at the end."""
    with run_python("-m", "tests.simulator", "--state", str(state)) as running:
        assert running.stdout
        try:
            yield wait_for_result(running.stdout.readline).strip(), running
        finally:
            running.kill()


def test_purchases_outlive_a_kill(tmp_path: Path) -> None:
    """After SIGKILL the file holds what was sold, a new process knows it; a torn line is none."""
    with process(tmp_path) as (url, _):
        sold = [ask(url + LICENSES, "POST", WANTED).rows[0]["license_id"] for _ in range(2)]
    file = tmp_path / "purchases.jsonl"
    assert [one.id for one in read_purchases(file)] == sold
    with file.open("a") as torn:
        torn.write('{"id": "e1", "me')
    with process(tmp_path) as (url, _):
        assert [row["id"] for row in ask(f"{url}{LICENSES}?sort=oldest").rows] == sold
        ask(url + LICENSES, "POST", WANTED)
    assert len(read_purchases(file)) == 3
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_it_knows_nothing_of_the_code_under_test() -> None:
    """Importing the simulator imports no module of the site."""
    check = (
        "import sys, tests.simulator; print(sum(m.startswith('affiliate') for m in sys.modules))"
    )
    with run_python("-c", check) as asked:
        assert asked.communicate(timeout=PATIENCE)[0] == "0\n"
