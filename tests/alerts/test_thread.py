"""A server checks by itself, whatever fails, and never holds up its end."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from affiliate.alerts import thread as module
from affiliate.alerts.thread import OUTAGE_LEASE, OUTAGE_SECONDS, AlertThread
from affiliate.alerts.watch import AlertWatch
from affiliate.database.alert_states import AlertStates
from affiliate.errors import LedgerError
from affiliate.services import Services
from tests.alerts.conftest import BuildServices
from tests.support.alert_channels import SECRET, KeptMessages
from tests.support.clocks import SetClock
from tests.support.mail_server import run_mail_server
from tests.support.waiting import wait_until

Outage = Callable[[bool], None]


@pytest.fixture
def services(build: BuildServices) -> Services:
    return build()


@pytest.fixture
def mail() -> KeptMessages:
    return KeptMessages()


@pytest.fixture
def threads(services: Services, mail: KeptMessages) -> list[AlertThread]:
    """Return the threads of two processes, which are not started."""
    return [AlertThread(AlertWatch(services, [mail]), services.store) for _ in range(2)]


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    """Return a function that takes the database away, and gives it back."""
    take_turn = AlertStates.take_turn
    away = threading.Event()

    def take(self: AlertStates, every: timedelta = timedelta()) -> object:
        if away.is_set():
            raise LedgerError("The server does not answer.")
        return take_turn(self, every)

    monkeypatch.setattr(AlertStates, "take_turn", take)
    return lambda begins: away.set() if begins else away.clear()


@pytest.mark.usefixtures("clock")
def test_a_database_that_stays_away_is_told_once(
    threads: list[AlertThread], mail: KeptMessages, outage: Outage
) -> None:
    """By one of all processes, without the database, as is its return."""
    outage(True)
    for seconds in (0.0, OUTAGE_SECONDS - 1, OUTAGE_SECONDS, 2 * OUTAGE_SECONDS):
        for thread in threads:
            thread.look(seconds)
        told = mail.take_headings()
        is_due = seconds == OUTAGE_SECONDS
        assert told == (
            [["The database of clicks and searches is out of reach."]] if is_due else []
        )
    outage(False)
    for thread in threads:
        thread.look(3 * OUTAGE_SECONDS)
    assert mail.take_headings() == [["The database of clicks and searches is back."]]


@pytest.mark.usefixtures("clock")
def test_without_a_store_a_process_tells_of_an_outage_once(
    services: Services, mail: KeptMessages, outage: Outage
) -> None:
    """A store that is away as well leases to everybody."""

    class NoStore:
        def lease(self, key: str, token: str, seconds: float) -> bool:
            return bool((key, token, seconds))

        def extend(self, key: str, token: str, seconds: float) -> None:
            pass

        def release(self, key: str, token: str) -> None:
            pass

    thread = AlertThread(AlertWatch(services, [mail]), NoStore())
    outage(True)
    for times in range(4):
        thread.look(times * OUTAGE_SECONDS)
    assert len(mail.messages) == 1


@pytest.mark.usefixtures("clock")
def test_another_process_takes_over_when_the_one_that_told_is_killed(
    threads: list[AlertThread],
    mail: KeptMessages,
    outage: Outage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As by a restart, the usual remedy: else nobody tells the end, nor the next outage."""
    first, second = threads
    clock = SetClock(time.time())
    monkeypatch.setattr("affiliate.cache.stores.sqlite.time.time", lambda: clock.now)
    outage(True)
    for thread in threads:
        thread.look(0.0)
    for times in range(1, 4):
        first.look(times * OUTAGE_SECONDS)
        clock.now += OUTAGE_LEASE - 1
        second.look(times * OUTAGE_SECONDS)
    assert len(mail.take_headings()) == 1
    clock.now += 2
    second.look(4 * OUTAGE_SECONDS)
    outage(False)
    second.look(5 * OUTAGE_SECONDS)
    assert [heading.rpartition(" is ")[2] for (heading,) in mail.take_headings()] == [
        "out of reach.",
        "back.",
    ]


@pytest.mark.usefixtures("clock")
def test_a_short_outage_is_not_told(
    threads: list[AlertThread], mail: KeptMessages, outage: Outage
) -> None:
    thread = threads[0]
    outage(True)
    thread.look(0.0)
    outage(False)
    thread.look(1.0)
    outage(True)
    thread.look(OUTAGE_SECONDS)
    assert mail.messages == []


@pytest.mark.usefixtures("clock")
def test_an_outage_is_told_as_soon_as_a_mail_can_be_sent(
    threads: list[AlertThread], mail: KeptMessages, outage: Outage
) -> None:
    """By the same process or another, when mails can be sent again."""
    outage(True)
    mail.broken = True
    for thread in threads:
        thread.look(0.0)
        thread.look(OUTAGE_SECONDS)
    mail.broken = False
    for thread in threads:
        thread.look(2 * OUTAGE_SECONDS)
    assert len(mail.messages) == 1


@pytest.mark.usefixtures("clock")
def test_any_failure_is_logged_and_the_thread_goes_on(
    threads: list[AlertThread],
    mail: KeptMessages,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(AlertWatch, "check", lambda *_: 1 / 0)
    threads[0].look(0.0)
    assert "alerts can't be checked" in caplog.text
    caplog.clear()
    threads[0].close()
    threads[0].look(0.0)
    assert caplog.text == ""
    assert mail.messages == []


def test_a_thread_checks_soon_and_keeps_no_process_from_ending(
    threads: list[AlertThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    checked = threading.Event()
    monkeypatch.setattr(AlertWatch, "check", lambda *_: checked.set())
    others = set(threading.enumerate())  # of sites that other tests have built
    threads[0].start()
    assert checked.wait(30)
    (own,) = (one for one in threading.enumerate() if one.name == "alerts" and one not in others)
    assert own.daemon
    threads[0].close()
    own.join(30)
    assert not own.is_alive()


@pytest.mark.parametrize(
    ("settings", "starts"),
    [
        ({}, 0),
        ({"SMTP_URL": "smtp://localhost:9", "ALERT_TO": "a@b.example"}, 1),
        ({"ALERT_WEBHOOK_URL": "http://localhost:9", "ALERT_WEBHOOK_SECRET": SECRET}, 1),
    ],
)
def test_a_site_with_a_way_to_tell_starts_a_thread(
    build: BuildServices, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], starts: int
) -> None:
    """Others have none."""
    started: list[AlertThread] = []

    def start(thread: AlertThread) -> None:
        started.append(thread)

    monkeypatch.setattr(AlertThread, "start", start)
    build(**settings)
    assert len(started) == starts


def test_the_end_of_a_process_gives_up_a_mail(build: BuildServices) -> None:
    """The transport that is closed at the end shuts the socket of a mail under way."""
    with run_mail_server(offers=(), hangs_at="MAIL") as server:
        services = build(SMTP_URL=f"smtp://localhost:{server.port}", ALERT_TO="a@b.example")
        sending = threading.Thread(target=lambda: list(AlertWatch(services).send_test()))
        sending.start()
        wait_until(lambda: "MAIL" in server.verbs)
        services.transport.close()
        sending.join(10)
        assert not sending.is_alive()
