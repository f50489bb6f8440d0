"""Each trouble is told once to each channel, and its end once, whatever fails meanwhile."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from affiliate.alerts import troubles, watch
from affiliate.alerts.messages import Message
from affiliate.alerts.watch import AlertWatch
from affiliate.database.alert_states import LEASE
from affiliate.domain.troubles import Trouble
from affiliate.services import Services
from tests.alerts.conftest import BuildServices
from tests.support.alert_channels import KeptMessages

HOUR = timedelta(hours=1)
Later = Callable[[timedelta], None]


class Site:
    """What the rules of a test find: names with their titles."""

    def __init__(self) -> None:
        self.troubles: dict[str, str] = {}
        self.patience = timedelta()

    def find(self, _services: Services, _now: datetime) -> Iterator[Trouble]:
        for name, title in self.troubles.items():
            yield Trouble(name=name, title=title, advice="Do it.", patience=self.patience)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site()
    monkeypatch.setattr(troubles, "RULES", {"disk": site.find})
    return site


@pytest.fixture
def mail() -> KeptMessages:
    return KeptMessages()


@pytest.fixture
def watched(build: BuildServices, mail: KeptMessages, later: Later, site: Site) -> AlertWatch:
    del later, site
    return AlertWatch(build(), [mail])


def test_a_trouble_and_its_end_are_told_once(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    site.troubles = {"disk": "The disk is full."}
    assert watched.check() == []
    assert mail.take_headings() == [["The disk is full."]]
    for _ in range(3):
        later(HOUR)
        watched.check()
    assert mail.take_headings() == []
    site.troubles = {}
    later(HOUR)
    for _ in range(3):
        watched.check()
        later(HOUR)
    assert mail.take_headings() == [["Over: The disk is full."]]


def test_a_message_says_since_when_and_what_to_do(
    watched: AlertWatch, site: Site, mail: KeptMessages
) -> None:
    """Without an address of the site there is no link, but the command that silences."""
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    assert mail.messages[0].subject == "The disk is full"
    assert "Since 2026-11-23 12:00 UTC." in mail.text
    assert "\nDo it.\n" in mail.text
    assert "flask alerts silence disk --days 7" in mail.text
    assert "http" not in mail.text


def test_several_troubles_are_one_message(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    site.troubles = {"disk:a": "A.", "disk:b": "B."}
    watched.check()
    assert mail.messages[0].subject.endswith("(and 1 more)")
    assert sorted(mail.take_headings()[0]) == ["A.", "B."]
    site.troubles = {"disk:c": "C."}
    later(HOUR)
    watched.check()
    assert sorted(mail.take_headings()[0]) == ["C.", "Over: A.", "Over: B."]


def test_a_short_trouble_is_not_told(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    """A trouble with patience is told once it has lasted."""
    site.patience = HOUR
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    later(HOUR / 2)
    site.troubles = {}
    later(HOUR)
    watched.check()
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    assert mail.take_headings() == []
    later(HOUR)
    watched.check()
    assert mail.take_headings() == [["The disk is full."]]


def test_a_channel_that_fails_is_told_later(
    build: BuildServices, site: Site, mail: KeptMessages, later: Later
) -> None:
    """The others are told now, and not again."""
    webhook = KeptMessages("webhook")
    watched = AlertWatch(build(), [mail, webhook])
    mail.broken = True
    site.troubles = {"disk": "The disk is full."}
    assert [failure.channel for failure in watched.check() or ()] == ["mail"]
    later(HOUR)
    mail.broken = False
    assert watched.check() == []
    assert mail.take_headings() == webhook.take_headings() == [["The disk is full."]]


def test_a_channel_that_fails_in_any_way_keeps_no_other_from_telling(
    build: BuildServices, site: Site, mail: KeptMessages, later: Later
) -> None:
    """Nor the thread from its next checks."""
    del later

    class Broken:
        name = "webhook"

        def send(self, _: Message) -> None:
            raise ValueError("Header values may not contain linefeed")

    site.troubles = {"disk": "The disk is full."}
    failures = AlertWatch(build(), [Broken(), mail]).check()
    assert failures == [("webhook", "It failed unexpectedly (ValueError).")]
    assert mail.take_headings() == [["The disk is full."]]


def test_a_channel_that_never_knew_is_told_no_end(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    mail.broken = True
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    mail.broken, site.troubles = False, {}
    later(HOUR)
    watched.check()
    assert mail.take_headings() == []


def test_silence_hides_a_beginning_and_an_end(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    mail.take_headings()
    watched.states.silence("disk", 1)
    later(HOUR)
    watched.check()
    site.troubles = {}
    later(HOUR)
    watched.check()
    assert mail.take_headings() == []
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    assert mail.take_headings() == []
    later(25 * HOUR)
    watched.check()
    assert mail.take_headings() == [["The disk is full."]]


def test_an_alert_that_outlasts_its_silence_is_another_event(
    watched: AlertWatch, site: Site, mail: KeptMessages, later: Later
) -> None:
    """Receivers of webhooks drop an event whose id they know."""
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    watched.states.silence("disk", 1)
    later(25 * HOUR)
    watched.check()
    first, again = (message.events[0] for message in mail.messages)
    assert first.event_id != again.event_id


def test_two_processes_tell_once(
    build: BuildServices, site: Site, mail: KeptMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that begins while another tells leaves the telling to that process."""
    services = build()
    first, second = AlertWatch(services, [mail]), AlertWatch(build(), [mail])
    site.troubles = {"disk": "The disk is full."}
    during: list[object] = []
    send = watch.try_to_send

    def send_meanwhile(*arguments: object) -> object:
        during.append(second.check())
        return send(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(watch, "try_to_send", send_meanwhile)
    assert first.check() == []
    assert during == [None]
    assert second.check() == []
    assert mail.take_headings() == [["The disk is full."]]
    assert second.check(HOUR) is None


def test_a_process_killed_before_it_remembers_has_told_twice(
    watched: AlertWatch,
    site: Site,
    mail: KeptMessages,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At least once: the next check waits for the lease of the dead, then tells again."""
    site.troubles = {"disk": "The disk is full."}
    with monkeypatch.context() as patch:
        for step in ("mark_told", "end_turn"):
            patch.setattr(watched.states, step, lambda *_, **__: None)
        watched.check()
    assert watched.check() is None
    later(LEASE)
    assert watched.check() == []
    assert mail.messages[0].events == mail.messages[1].events  # so that receivers know them
    assert mail.take_headings() == [["The disk is full."]] * 2


def test_a_rule_that_fails_ends_no_alert(
    watched: AlertWatch,
    site: Site,
    mail: KeptMessages,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And it keeps no other rule from looking."""
    site.troubles = {"disk": "The disk is full."}
    watched.check()
    mail.take_headings()

    def fail(*_: object) -> Iterator[Trouble]:
        raise RuntimeError("no disk")

    other = Site()
    other.troubles = {"cache": "The cache is away."}
    monkeypatch.setattr(troubles, "RULES", {"disk": fail, "cache": other.find})
    later(HOUR)
    watched.check()
    assert mail.take_headings() == [["The cache is away."]]


def test_a_site_with_a_desk_sends_links(
    build: BuildServices, site: Site, mail: KeptMessages
) -> None:
    services = build(
        SITE_URL="https://pictures.example",
        OWNER_PASSWORD="correct horse battery staple",
        SECRET_KEY="a secret of no less than thirty-two signs",
    )
    site.troubles = {"disk": "The disk is full."}
    AlertWatch(services, [mail]).check()
    assert "Silence it: https://pictures.example/owner/silence?name=disk&seal=" in mail.text
    assert "All alerts: https://pictures.example/owner/alerts" in mail.text
