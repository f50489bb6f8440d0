"""A check that is killed after it has told tells again, in events that receivers know."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from affiliate.database.alert_states import LEASE
from affiliate.database.ledger import Ledger
from tests.support.alert_channels import SECRET, WebhookReceiver, run_webhook_receiver
from tests.support.apps import ClientMaker
from tests.support.kill_at import Run
from tests.support.killing import KILLED, runner
from tests.support.ledgers import place_ledger
from tests.support.waiting import wait_until


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with run_webhook_receiver() as one:
        yield one


def test_a_killed_check_tells_at_least_once(
    receiver: WebhookReceiver,
    make_client: ClientMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After kill -9 before the check remembers, the next check waits for the lease, then tells."""
    settings = {
        "AGENCIES": "shutterstock",
        "SHUTTERSTOCK_API_TOKEN": "v2/abcdefghijklmnop",
        "ALERT_WEBHOOK_URL": receiver.url,
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    place_ledger(tmp_path)
    receiver.answers.clear()
    with runner() as run:
        pid = run.start(Run(["alerts", "check"], {"DATA_DIR": str(tmp_path), **settings}))
        wait_until(lambda: bool(receiver.ids))
        os.kill(pid, signal.SIGKILL)
        assert run.end(pid)[0] == KILLED
    receiver.answers.set()
    check = make_client(**settings).application.test_cli_runner().invoke
    assert check(args=["alerts", "check"]).output.startswith("Another process is checking")
    monkeypatch.setattr(Ledger, "read_time", lambda _: datetime.now(UTC) + LEASE)
    for _ in range(2):
        assert check(args=["alerts", "check"]).exit_code == 0
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1
