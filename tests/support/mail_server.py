"""A mail server on loopback that speaks SMTP, and refuses or hangs where a test says so.

``replies`` has lines in place of the usual ones, by verb (``CONNECT`` for the greeting, ``TEXT``
for the end of a mail); ``hangs_at`` is a verb that gets no answer, or one byte after the other
with ``drips``. ``mails`` are those taken, each with its receivers.
"""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import NamedTuple

from tests.support.upstream import CERTIFICATE, PAUSE

ACCOUNT = ("me@mail.example", "p/w0rd: x")
USUAL = {
    "CONNECT": "220 mail.example",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "DATA": "354 go on",
    "TEXT": "250 taken",
    "QUIT": "221 bye",
    "RSET": "250 fine",
    "STARTTLS": "220 go on",
    "AUTH": "235 welcome",
}


class Mail(NamedTuple):
    """A mail that the server has taken, its receivers, and whether TLS was on."""

    message: EmailMessage
    receivers: list[str]
    secured: bool

    @property
    def text(self) -> str:
        """Return the plain text."""
        part = self.message.get_body(("plain",))
        assert part
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        """Return the text in HTML."""
        part = self.message.get_body(("html",))
        assert part
        return str(part.get_content()).replace("\r\n", "\n")


class MailServer:
    """The server; ``tls`` says that TLS begins with the first byte, ``offers`` what EHLO lists."""

    def __init__(
        self,
        *,
        tls: bool = False,
        offers: tuple[str, ...] = ("STARTTLS", "AUTH PLAIN LOGIN"),
        replies: dict[str, str] | None = None,
        hangs_at: str = "",
        drips: bool = False,
    ) -> None:
        self.mails: list[Mail] = []
        self.verbs: list[str] = []
        self.logins: list[bytes] = []
        self.offers = offers
        self.replies = replies or {}
        self.hangs_at = hangs_at
        self.drips = drips
        self.stopping = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATE)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        self._run(self._accept)

    def stop(self) -> None:
        self.stopping.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            self._run(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(_Session(self, sock)) as session:
            if self._tls:
                session.secure(self._context)
            session.converse(self._context)


class _Session:
    """A conversation with one client."""

    def __init__(self, server: MailServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.reader = sock.makefile("rb")
        self.secured = False
        self.receivers: list[str] = []

    def close(self) -> None:
        self.reader.close()
        self.sock.close()

    def secure(self, context: ssl.SSLContext) -> None:
        self.reader.close()
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.reader = self.sock.makefile("rb")
        self.secured = True

    def converse(self, context: ssl.SSLContext) -> None:
        self.say("CONNECT")
        while line := self.reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            verb = verb.upper()
            self.server.verbs.append(verb)
            if verb in {"EHLO", "HELO"}:
                offers = [o for o in self.server.offers if o != "STARTTLS" or not self.secured]
                self.say("EHLO", *["mail.example", *offers])
            elif verb == "AUTH":
                self.server.logins.append(base64.b64decode(rest.split()[-1]))
                self.say("AUTH")
            elif verb == "DATA":
                self.take_mail()
            else:
                if verb == "RCPT":
                    self.receivers.append(rest.partition("<")[2].removesuffix(">"))
                self.say(verb)
            if verb == "STARTTLS" and verb not in self.server.replies:
                self.secure(context)
            if verb == "QUIT":
                return

    def take_mail(self) -> None:
        self.say("DATA")
        if "DATA" in self.server.replies:
            return
        lines = []
        while (line := self.reader.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        if "TEXT" not in self.server.replies:
            assert isinstance(message, EmailMessage)
            self.server.mails.append(Mail(message, self.receivers, self.secured))
        self.say("TEXT")

    def say(self, verb: str, *lines: str) -> None:
        usual = [*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"] if lines else ()
        reply = self.server.replies.get(verb) or "\r\n".join(usual) or USUAL.get(verb, "502 what?")
        sent = f"{reply}\r\n".encode()
        if verb == self.server.hangs_at:
            for byte in sent * 1000 if self.server.drips else ():
                self.sock.sendall(bytes([byte if byte > 13 else 45]))
                if self.server.stopping.wait(PAUSE):
                    return
            self.server.stopping.wait()
        self.sock.sendall(sent)


@contextlib.contextmanager
def run_mail_server(**arguments: object) -> Iterator[MailServer]:
    """Run a server until the block ends, with the arguments of `MailServer`."""
    server = MailServer(**arguments)  # type: ignore[arg-type]
    server.start()
    try:
        yield server
    finally:
        server.stop()
