"""Mails by SMTP, each within a deadline: the other opener of sockets beside `transport.client`.

A password goes over TLS alone: from the first byte (``smtps://``), or after STARTTLS, without which
a server gets neither the account nor the mail. A server without an account is sent mail as its
network allows, by TLS where offered, with any certificate: without TLS it would get the mail, too.
"""

import logging
import smtplib
import socket
import ssl
import time
from contextlib import closing, suppress
from email.message import EmailMessage
from typing import Final

from affiliate.config.alert_readers import MailServer
from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.errors import MailFailed
from affiliate.transport.deadlines import Attempt, Watchdog, connect

MAIL_SECONDS: Final = 30.0
"""Seconds for a whole mail: connection, TLS, log-in and text."""
CONNECT_SECONDS: Final = 10.0
GREETING: Final = 220
"""Status of a server that takes mail (RFC 5321)."""
MAX_REASON: Final = 200
"""Characters of a server's own words that an error repeats."""

log = logging.getLogger(__name__)


class _WatchedSMTP(smtplib.SMTP):
    """A client whose socket the watchdog shuts at the deadline of its ``attempt``."""

    def __init__(self, attempt: Attempt, name: str) -> None:
        self._attempt = attempt
        super().__init__(local_hostname=name, timeout=MAIL_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del timeout
        sock = connect(host, port, self._attempt)
        sock.settimeout(max(self._attempt.seconds_left(), 0.001))
        return sock


class _WatchedSMTPS(_WatchedSMTP):
    """A client that begins with TLS."""

    def __init__(self, attempt: Attempt, name: str, context: ssl.SSLContext) -> None:
        self._tls = context
        super().__init__(attempt, name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._tls.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


def send_mail(
    server: MailServer,
    message: EmailMessage,
    watchdog: Watchdog,
    *,
    seconds: float = MAIL_SECONDS,
    context: ssl.SSLContext | None = None,
) -> None:
    """Send a mail to its receivers, within ``seconds``; a receiver who is refused is logged.

    ``context`` replaces the usual checks of certificates.

    Raises:
        MailFailed: the server took the mail for no receiver, or not in time.
    """
    attempt = Attempt(time.monotonic() + seconds, min(seconds, CONNECT_SECONDS))
    watchdog.watch(attempt)
    failure = ""
    try:
        _deliver_mail(server, message, attempt, context or _build_context(server))
    except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
        failure = _describe_failure(server, error, is_late=attempt.expired)
    finally:
        attempt.close()
    if failure:  # raised outside of except, or the library's error would be the context
        raise MailFailed(failure)


def _build_context(server: MailServer) -> ssl.SSLContext:
    """Return the checks of a server's certificate; none where TLS is only taken as offered."""
    context = ssl.create_default_context()
    if not server.tls and not server.password:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _deliver_mail(
    server: MailServer, message: EmailMessage, attempt: Attempt, context: ssl.SSLContext
) -> None:
    name = str(message["From"]).rpartition("@")[2].rstrip(">")
    client = _WatchedSMTPS(attempt, name, context) if server.tls else _WatchedSMTP(attempt, name)
    with closing(client):
        _open_session(client, server, context)
        refused = client.send_message(message)
        if attempt.expired:  # the end of a shut connection may look like the end of a reply
            raise TimeoutError
        with suppress(OSError, smtplib.SMTPException):  # the mail is taken, whatever follows
            client.quit()
    for address, (code, text) in refused.items():
        log.warning("no mail for %s: %s %s", address, code, _clean_words(server, text))


def _open_session(client: _WatchedSMTP, server: MailServer, context: ssl.SSLContext) -> None:
    """Connect, begin TLS and log in, so far as the server and the settings have these."""
    code, text = client.connect(server.host, server.port)
    if code != GREETING:
        raise smtplib.SMTPConnectError(code, text)
    client.ehlo_or_helo_if_needed()
    if not server.tls and client.has_extn("starttls"):
        client._host = server.host  # type: ignore[attr-defined] # noqa: SLF001 - as its constructor does
        client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
    elif not server.tls and server.password:
        raise smtplib.SMTPNotSupportedError("it offers no TLS, so that it gets no password")
    if server.password:
        client.login(server.user, server.password.reveal())


def _describe_failure(server: MailServer, error: Exception, *, is_late: bool) -> str:
    """Return the reason of a failure in words, without the password."""
    was_late = is_late or isinstance(error, TimeoutError)
    # smtplib tells of a time-out while it reads as of a connection that the server has closed.
    if was_late or isinstance(error.__context__, TimeoutError):
        reason = "does not answer in time."
    elif isinstance(error, smtplib.SMTPException):
        reason = _quote_refusal(server, error)
    elif isinstance(error, ssl.SSLError):
        words = getattr(error, "verify_message", "") or "TLS failed"
        reason = f"can't be trusted: {_clean_words(server, words)}"
    elif isinstance(error, OSError):
        is_unknown = isinstance(error, socket.gaierror)
        reason = "has no address." if is_unknown else "is out of reach."
    else:
        reason = "can't be sent this mail; check ALERT_FROM, ALERT_TO and SMTP_URL."
    return f"The mail server {server.host}:{server.port} {reason}"


def _quote_refusal(server: MailServer, error: smtplib.SMTPException) -> str:
    """Return the answer of a server that does not take a mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        address, (code, text) = next(iter(error.recipients.items()))
        return f"refuses mail to {address}: {code} {_clean_words(server, text)}"
    if isinstance(error, smtplib.SMTPResponseException):
        is_login = isinstance(error, smtplib.SMTPAuthenticationError)
        verb = "refuses the log-in" if is_login else "refuses the mail"
        return f"{verb}: {error.smtp_code} {_clean_words(server, error.smtp_error)}"
    return f"can't be used: {_clean_words(server, str(error))}"


def _clean_words(server: MailServer, words: bytes | str) -> str:
    """Return a server's words on one line, without the password."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if server.password:
        text = text.replace(server.password.reveal(), "***")
    return cut_between_signs(clean_text(" ".join(text.split())), MAX_REASON)
