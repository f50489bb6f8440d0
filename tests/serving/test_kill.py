"""The server killed under load: what it acknowledged is in the ledger."""

import itertools
import os
import signal
import threading
from collections import Counter
from pathlib import Path

import requests

from tests.support.site_server import SiteServer, running_site

CLIENTS = 6
ACKNOWLEDGED_BEFORE_KILL = 60


class Visitors:
    """Clients that send clicks until the server is gone, and note each 204."""

    def __init__(self, server: SiteServer, numbers: "itertools.count[int]") -> None:
        self.server = server
        self.numbers = numbers
        self.acknowledged: list[str] = []
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self.click) for _ in range(CLIENTS)]

    def click(self) -> None:
        with requests.Session() as session:
            while True:
                number = f"click-{next(self.numbers):08}"
                body = {"agency": "demo", "id": "1", "words": "cat", "position": 1}
                try:
                    answer = session.post(
                        f"{self.server.url}/clicks", json={**body, "click_id": number}, timeout=10
                    )
                except requests.RequestException:
                    return
                if answer.status_code == 204:
                    self.acknowledged.append(number)
                if len(self.acknowledged) >= ACKNOWLEDGED_BEFORE_KILL:
                    self.enough.set()


def test_every_acknowledged_click_survives_three_kills(tmp_path: Path) -> None:
    """Kill -9 of all server processes in mid-load loses no click that got its 204."""
    numbers = itertools.count(1)
    acknowledged: list[str] = []
    for _ in range(3):
        with running_site(tmp_path) as server:
            visitors = Visitors(server, numbers)
            for thread in visitors.threads:
                thread.start()
            assert visitors.enough.wait(30)
            os.killpg(server.process.pid, signal.SIGKILL)
            for thread in visitors.threads:
                thread.join(30)
            acknowledged += visitors.acknowledged
    with running_site(tmp_path) as server:
        kept = Counter(row["click_id"] for row in server.clicks())
    assert len(acknowledged) >= 3 * ACKNOWLEDGED_BEFORE_KILL
    assert {kept[number] for number in acknowledged} == {1}
    assert set(kept.values()) == {1}
