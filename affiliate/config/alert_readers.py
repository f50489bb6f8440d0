"""Readers of the settings of alerts: a mail server, addresses of mail, and the webhook's secret."""

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from affiliate.config.placeholders import check_account
from affiliate.config.readers import Secret, make_address_reader, split_list
from affiliate.config.setting_texts import has_hidden
from affiliate.domain.site_names import read_host

PORTS: Final = {"smtp": 587, "smtps": 465}
"""Usual ports of mail servers (RFC 8314): with STARTTLS, and with TLS from the first byte."""
WEBHOOK_PREFIX: Final = "whsec_"
"""The beginning of a webhook's secret; base64 of 24 to 64 bytes follows (Standard Webhooks)."""
WEBHOOK_BYTES: Final = range(24, 65)
MAIL_NAME: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
"""The part of a mail address before the sign (RFC 5322, dot-atom)."""
MAX_MAIL_ADDRESS: Final = 254
"""Characters of the longest address (RFC 5321)."""
MAIL_FORM: Final = (
    "must be smtp://user:password@host:587 or smtps://user:password@host:465; characters such as"
    " @ / ? # in user and password must be percent-encoded"
)


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server and its account; ``tls`` says that TLS begins with the first byte."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: Secret | None = None

    def __repr__(self) -> str:
        """Return the place alone."""
        return f"MailServer({self.host}:{self.port})"


def read_mail_server(text: str) -> MailServer:
    """Return the mail server of an address; account and port may be absent.

    Raises:
        ValueError: says what the address must be; the message holds no part of the text.
    """
    try:
        parts = urlsplit(text)
        host, port = read_host(parts.hostname), parts.port or PORTS[parts.scheme]
        extra = parts.path.strip("/") or parts.query or parts.fragment
    except (ValueError, KeyError):
        raise ValueError(MAIL_FORM) from None
    if extra or not host or re.search(r"\s", text) or has_hidden(text):
        raise ValueError(MAIL_FORM)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("must be an address with both user and password, or with neither")
    if not (user + password).isascii():  # smtplib can't send others
        raise ValueError("must be an address whose user and password have ASCII characters alone")
    host = host.strip("[]")
    check_account(user, password, [host], "")
    return MailServer(
        host=host,
        port=port,
        tls=parts.scheme == "smtps",
        user=user,
        password=Secret(password) if password else None,
    )


def read_mail_address(text: str) -> str:
    """Return an address of mail, its host in ASCII.

    Raises:
        ValueError: the text is no single address.
    """
    name, _, host = text.rpartition("@")
    ascii_host = read_host(host) if re.fullmatch(r"[^:/?#\[\]@]+\.[^:/?#\[\]@]+", host) else ""
    if not re.fullmatch(MAIL_NAME, name) or not ascii_host or len(text) > MAX_MAIL_ADDRESS:
        raise ValueError("must be an address of mail, such as me@example.com")
    return f"{name}@{ascii_host}"


def read_mail_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of a comma list, each once.

    Raises:
        ValueError: one of them is none.
    """
    try:
        addresses = tuple(dict.fromkeys(map(read_mail_address, split_list(text))))
    except ValueError:
        addresses = ()
    if not addresses:
        raise ValueError("must be a comma list of addresses of mail, such as me@example.com")
    return addresses


def read_webhook_url(text: str) -> Secret:
    """Return an address to post to, which is a secret: many services put a token into the path."""
    return Secret(make_address_reader("https", "http")(text))


def read_webhook_secret(text: str) -> Secret:
    """Return the secret that signs webhooks.

    Raises:
        ValueError: the text has not the form of Standard Webhooks.
    """
    try:
        key = base64.b64decode(text.removeprefix(WEBHOOK_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(WEBHOOK_PREFIX) or len(key) not in WEBHOOK_BYTES:
        raise ValueError(
            f"must be {WEBHOOK_PREFIX} and base64 of 24 to 64 random bytes, such as"
            f' {WEBHOOK_PREFIX}"$(openssl rand -base64 32)" gives'
        )
    return Secret(text)
