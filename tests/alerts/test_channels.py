"""Messages arrive by mail, and as signed events at a webhook."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from affiliate.alerts.alert_messages import build_test_message
from affiliate.alerts.channels import build_channels, sign_event
from affiliate.alerts.messages import Event, Link, Message, Section, format_html, format_text
from affiliate.alerts.watch import AlertWatch
from affiliate.errors import AgencyError
from affiliate.transport.client import BODY_BYTES, Transport
from tests.alerts.conftest import BuildServices
from tests.support.alert_channels import SECRET, WebhookReceiver, run_webhook_receiver
from tests.support.calling import open_transport
from tests.support.mail_server import run_mail_server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MESSAGE = Message(
    "Größe <b>",
    (
        Section(
            "A & <b>",
            ("One <script>alert(1)</script>.",),
            (("word", "clicks"), ('"<i>"', "12")),
            (Link("Silence it", 'https://a.example/?a=1&b="2"'),),
        ),
    ),
)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with run_webhook_receiver() as one:
        yield one


@pytest.fixture
def transport() -> Iterator[Transport]:
    with open_transport() as one:
        yield one


def test_signatures_are_those_of_the_standard() -> None:
    """The example of Standard Webhooks' own libraries."""
    body, stamp = b'{"test": 2432232314}', "1614265330"
    signature = sign_event(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", stamp, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_html_is_escaped_and_loads_nothing() -> None:
    """Words of visitors are in digests: none is markup, and there is nothing to follow a reader."""
    html = format_html(MESSAGE)
    assert "<title>Größe &lt;b&gt;</title>" in html
    assert "One &lt;script&gt;alert(1)&lt;/script&gt;." in html
    assert ">&quot;&lt;i&gt;&quot;</td>" in html
    assert 'href="https://a.example/?a=1&amp;b=&quot;2&quot;"' in html
    assert not any(sign in html for sign in ("<img", "<script", "url(", "<link", "src="))


def test_text_has_columns() -> None:
    assert format_text(MESSAGE) == (
        "A & <b>\n-------\nOne <script>alert(1)</script>.\n"
        'word   clicks\n"<i>"  12\n'
        'Silence it: https://a.example/?a=1&b="2"\n'
    )


@pytest.mark.parametrize("word", ["cache", "größe", "日本語"])
def test_a_subject_is_on_one_line(build: BuildServices, word: str) -> None:
    """The library folds long subjects, which then begin with a space or lose spaces."""
    subjects = [" ".join([word] * count) for count in range(1, 50)]
    with run_mail_server(offers=()) as server:
        url = f"smtp://localhost:{server.port}"
        services = build(SMTP_URL=url, ALERT_TO="a@b.example", SITE_NAME="A")
        (channel,) = build_channels(services.config, services.transport)
        for subject in subjects:
            channel.send(MESSAGE._replace(subject=subject))
    assert [mail.message["Subject"] for mail in server.mails] == [f"A: {s}" for s in subjects]
    raw = [dict(mail.message.raw_items())["Subject"] for mail in server.mails]
    assert not any("\n" in subject for subject in raw)


@pytest.mark.parametrize("word", ["Redis", "größe"])
def test_no_line_of_a_subject_is_longer_than_mails_may_have(
    build: BuildServices, word: str
) -> None:
    with run_mail_server(offers=()) as server:
        url = f"smtp://localhost:{server.port}"
        services = build(SMTP_URL=url, ALERT_TO="a@b.example", SITE_NAME="A")
        (channel,) = build_channels(services.config, services.transport)
        channel.send(MESSAGE._replace(subject=" ".join([word] * 300)))
    (raw,) = [dict(mail.message.raw_items())["Subject"] for mail in server.mails]
    assert max(map(len, f"Subject: {raw}".splitlines())) <= 998


def test_a_mail_has_text_and_html(build: BuildServices) -> None:
    """From the first receiver, unless a sender is set; no absent owner's program answers."""
    with run_mail_server(offers=()) as server:
        settings = {
            "SMTP_URL": f"smtp://localhost:{server.port}",
            "ALERT_TO": "a@b.example,c@d.example",
            "SITE_NAME": "Bücher, Bilder",
        }
        for sender in ({}, {"ALERT_FROM": "site@pictures.example"}):
            services = build(**settings, **sender)
            (channel,) = build_channels(services.config, services.transport)
            channel.send(MESSAGE)
    first, second = server.mails
    assert first.message["Subject"] == "Bücher, Bilder: Größe <b>"
    assert [str(mail.message["From"].addresses[0].addr_spec) for mail in server.mails] == [
        "a@b.example",
        "site@pictures.example",
    ]
    assert first.receivers == ["a@b.example", "c@d.example"]
    assert first.message["Auto-Submitted"] == "auto-generated"
    assert first.text == format_text(MESSAGE)
    assert first.html.strip() == format_html(MESSAGE)
    assert first.message["Message-ID"] != second.message["Message-ID"]


def test_no_sign_of_the_site_s_name_is_a_part_of_an_address(build: BuildServices) -> None:
    """A name with an encoded letter and brackets has made a sender of its own."""
    with run_mail_server(offers=()) as server:
        settings = {"SMTP_URL": f"smtp://localhost:{server.port}", "ALERT_TO": "a@b.example"}
        services = build(**settings, SITE_NAME='Bücher & "Bilder" <x@y.example>')
        (channel,) = build_channels(services.config, services.transport)
        channel.send(MESSAGE)
    (sender,) = server.mails[0].message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (services.config.site_name, "a@b.example")


def test_a_title_of_several_lines_is_one_subject_and_no_other_header(build: BuildServices) -> None:
    """An error, as of Redis, may have more lines than one; it must not silence all alerts."""
    with run_mail_server(offers=()) as server:
        settings = {"SMTP_URL": f"smtp://localhost:{server.port}", "ALERT_TO": "a@b.example"}
        services = build(**settings, SITE_NAME="Site")
        (channel,) = build_channels(services.config, services.transport)
        channel.send(Message("The cache fails:\r\nBcc: c@d.example", (Section("A\nB"),)))
    (mail,) = server.mails
    assert mail.message["Subject"] == "Site: The cache fails: Bcc: c@d.example"
    assert (mail.message["Bcc"], mail.receivers) == (None, ["a@b.example"])


def test_events_are_posted_with_a_signature(
    build: BuildServices, receiver: WebhookReceiver
) -> None:
    services = build(ALERT_WEBHOOK_URL=receiver.url, ALERT_WEBHOOK_SECRET=SECRET)
    (channel,) = build_channels(services.config, services.transport)
    events = (Event("msg_1", "alert.started", NOW, {"name": "ü"}), Event("msg_2", "x", NOW, {}))
    channel.send(Message("", (), events))
    assert receiver.ids == ["msg_1", "msg_2"]
    assert receiver.events[0] == {
        "type": "alert.started",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {"name": "ü"},
    }
    assert receiver.bad == 0


@pytest.mark.parametrize("status", [302, 400, 401, 410, 429, 500])
def test_a_receiver_that_refuses_is_said(
    build: BuildServices, receiver: WebhookReceiver, status: int
) -> None:
    """Nothing is sent twice, nor anywhere else; the address is in no words."""
    receiver.status = status
    receiver.reply = json.dumps({"message": f"{SECRET} of {receiver.url} is wrong"}).encode()
    services = build(ALERT_WEBHOOK_URL=receiver.url, ALERT_WEBHOOK_SECRET=SECRET)
    (channel,) = build_channels(services.config, services.transport)
    with pytest.raises(AgencyError) as caught:
        channel.send(build_test_message(NOW))
    assert len(receiver.ids) == 1
    assert "t0ken" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_event_is_taken_whatever_follows_its_status(
    build: BuildServices, receiver: WebhookReceiver
) -> None:
    """Else the event would be posted with every check: the receiver has it."""
    receiver.status, receiver.reply = 200, b" " * (BODY_BYTES + 1)
    services = build(ALERT_WEBHOOK_URL=receiver.url, ALERT_WEBHOOK_SECRET=SECRET)
    (channel,) = build_channels(services.config, services.transport)
    channel.send(build_test_message(NOW))
    assert len(receiver.events) == 1


def test_a_test_names_each_channel(build: BuildServices, receiver: WebhookReceiver) -> None:
    with run_mail_server(offers=(), replies={"MAIL": "550 not yours"}) as server:
        services = build(
            SMTP_URL=f"smtp://localhost:{server.port}",
            ALERT_TO="a@b.example",
            ALERT_WEBHOOK_URL=receiver.url,
            ALERT_WEBHOOK_SECRET=SECRET,
        )
        results = list(AlertWatch(services).send_test())
    assert [(name, failure is None) for name, failure in results] == [
        ("mail", False),
        ("webhook", True),
    ]
    assert results[0][1]
    assert "550 not yours" in results[0][1].reason
    assert receiver.events[0]["type"] == "alert.test"


def test_without_settings_nobody_is_told(build: BuildServices) -> None:
    services = build()
    assert build_channels(services.config, services.transport) == []
