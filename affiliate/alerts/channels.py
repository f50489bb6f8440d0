"""The ways to the owner: mail by SMTP, and a webhook signed by Standard Webhooks.

See https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

import base64
import hmac
import time
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate, make_msgid
from typing import Final, Protocol

import msgspec

from affiliate import __version__
from affiliate.alerts.messages import Event, Message, format_html, format_text
from affiliate.config.alert_readers import WEBHOOK_PREFIX, MailServer
from affiliate.config.settings import Config
from affiliate.domain.times import format_utc
from affiliate.transport.client import Transport
from affiliate.transport.mail import send_mail
from affiliate.transport.messages import Request

WEBHOOK_SECONDS: Final = 15.0
"""Seconds that a receiver has for its answer (Standard Webhooks recommends 15 to 30)."""
MAX_LINE: Final = 998
"""Bytes of the longest line of a mail (RFC 5322)."""
MAX_WORD: Final = 75
"""Bytes of the longest encoded word of a header (RFC 2047)."""


class Channel(Protocol):
    """A way to the owner, by whose ``name`` the ledger remembers what was told."""

    name: str

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            MailFailed: the mail server has not taken it.
            AgencyError: the webhook has not.
        """


class _MailPolicy(EmailPolicy):
    """The form of a mail: a subject is on one line, unless too long, and keeps its spaces.

    The library breaks a subject of about 70 letters before the first word, so that the subject is
    read with a space before, and loses spaces of one that is not in ASCII.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header as lines."""
        line = str(value)
        if name != "Subject" or (line.isascii() and len(f"{name}: {line}") > MAX_LINE):
            return super().fold_binary(name, value)
        if not line.isascii():
            words = Header(line, header_name=name, maxlinelen=MAX_WORD).encode(linesep="\n")
            is_long = len(name) + len(": ") + len(words) > MAX_LINE
            line = words.replace("\n", self.linesep if is_long else "")
        return f"{name}: {line}{self.linesep}".encode("ascii")


class MailChannel:
    """Mails through a server."""

    name = "mail"

    def __init__(
        self,
        server: MailServer,
        sender: str,
        receivers: tuple[str, ...],
        transport: Transport,
        *,
        site_name: str,
    ) -> None:
        self._server = server
        self._sender = sender
        self._receivers = receivers
        self._transport = transport
        self._site_name = site_name

    def send(self, message: Message) -> None:
        """Send a message as text and HTML, in one mail to all receivers."""
        mail = EmailMessage(policy=_MailPolicy())
        # A title may repeat what a server or a disk has said; a line end would refuse the mail.
        mail["Subject"] = " ".join(f"{self._site_name}: {message.subject}".split())
        mail["From"] = Address(self._site_name, addr_spec=self._sender)
        mail["To"] = ", ".join(self._receivers)
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no reply of an absent owner
        mail.set_content(format_text(message))
        mail.add_alternative(format_html(message), subtype="html")
        send_mail(self._server, mail, self._transport.watchdog)


class WebhookChannel:
    """Posts of events to an address, each signed."""

    name = "webhook"

    def __init__(self, url: str, secret: str, transport: Transport) -> None:
        self._url = url
        self._secret = secret
        self._transport = transport

    def send(self, message: Message) -> None:
        """Post each event of a message."""
        for event in message.events:
            self._post(event)

    def _post(self, event: Event) -> None:
        payload = {"type": event.kind, "timestamp": format_utc(event.at), "data": event.data}
        body, timestamp = msgspec.json.encode(payload), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"affiliate-search/{__version__}",
            "webhook-id": event.event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign_event(self._secret, event.event_id, timestamp, body),
        }
        request = Request(
            agency="webhook",
            url=self._url,
            method="POST",
            headers=headers,
            body=body,
            secrets=(self._url, self._secret),
        )
        # A 2xx status takes the event, whatever the receiver says behind it.
        with self._transport.stream(request, WEBHOOK_SECONDS):
            pass


def sign_event(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a webhook: HMAC-SHA256 over id, timestamp and body."""
    key = base64.b64decode(secret.removeprefix(WEBHOOK_PREFIX))
    content = b".".join([event_id.encode(), timestamp.encode(), body])
    return f"v1,{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"


def build_channels(config: Config, transport: Transport) -> list[Channel]:
    """Return the channels that the settings have."""
    channels: list[Channel] = []
    if config.smtp_url:
        sender = config.alert_from or config.alert_to[0]
        channels.append(
            MailChannel(
                config.smtp_url,
                sender,
                config.alert_to,
                transport,
                site_name=config.site_name,
            )
        )
    if config.alert_webhook_url and config.alert_webhook_secret:
        url, secret = config.alert_webhook_url.reveal(), config.alert_webhook_secret.reveal()
        channels.append(WebhookChannel(url, secret, transport))
    return channels
