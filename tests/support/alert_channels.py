"""Channels that keep messages, and a receiver of webhooks that checks their signatures."""

import base64
import hmac
import json
import threading
import time
from contextlib import AbstractContextManager
from http.server import ThreadingHTTPServer
from typing import Any

from affiliate.alerts.messages import Message, format_text
from affiliate.errors import MailFailed
from tests.support.http_servers import JsonHandler, run_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOLERANCE = 300


class KeptMessages:
    """A channel that keeps what it is sent; it fails while it is ``broken``."""

    def __init__(self, name: str = "mail") -> None:
        self.name = name
        self.messages: list[Message] = []
        self.broken = False

    def send(self, message: Message) -> None:
        if self.broken:
            raise MailFailed("The mail server mail.example:587 is out of reach.")
        self.messages.append(message)

    def take_headings(self) -> list[list[str]]:
        """Return the headings of each message since the last time."""
        taken, self.messages = self.messages, []
        return [[section.heading for section in message.sections] for message in taken]

    @property
    def text(self) -> str:
        return format_text(self.messages[-1])


class WebhookReceiver(ThreadingHTTPServer):
    """A receiver that answers ``status``, and keeps the events that are signed as they should be.

    It answers while ``answers`` is set.

    It knows nothing of the sender's code: it verifies as the specification says.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.reply = b""
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.bad = 0
        self.answers = threading.Event()
        self.answers.set()
        self.url = f"http://127.0.0.1:{self.server_port}/hooks/t0ken"

    def is_signed(self, headers: Any, body: bytes) -> bool:
        """Return whether the signature and the time of a post are right."""
        stamp = headers["webhook-timestamp"]
        if abs(time.time() - int(stamp)) > TOLERANCE:
            return False
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        content = f"{headers['webhook-id']}.{stamp}.".encode() + body
        wanted = base64.b64encode(hmac.new(key, content, "sha256").digest()).decode()
        given = [part.partition(",") for part in headers["webhook-signature"].split()]
        return any(kind == "v1" and text == wanted for kind, _, text in given)


class _Handler(JsonHandler):
    server: WebhookReceiver

    def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.is_signed(self.headers, body):
            if self.server.status < 300:
                self.server.events.append(json.loads(body))
            self.server.ids.append(self.headers["webhook-id"])
        else:
            self.server.bad += 1
        self.server.answers.wait()
        self.send_json(self.server.status, self.server.reply)


def run_webhook_receiver() -> AbstractContextManager[WebhookReceiver]:
    """Run a receiver until the block ends."""
    return run_server(WebhookReceiver())
