"""Reads the host name of a site, as it is used in links, figures and settings."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

import idna

MAX_SITE: Final = 253
"""Characters of the longest host name (RFC 1035, 2.3.4)."""
MAX_ADDRESS: Final = 2048
"""Characters of the longest address whose host is read."""
DOMAIN_LABELS: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
UNREADABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
OPAQUE_ORIGIN: Final = "null"
"""The browsers' name of an origin without a name: a file, or a frame in a sandbox."""


def read_host(value: object) -> str:
    """Return the canonical host name in a text; empty for a text without a readable host.

    Names are in small letters, those of other scripts in their ASCII form (UTS 46), without a dot
    at the end; an IPv6 address is compressed (RFC 5952) and stands in brackets. Of a whole address
    only the host is returned, without port, path or password. ``www.`` stays: the name without
    ``www.`` may be another site.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_ADDRESS or UNREADABLE.search(text):
        return ""
    if bare := _read_ipv6(text):
        return bare
    try:
        parts = urlsplit(text if "//" in text.partition("?")[0] else f"//{text}")
        name = parts.hostname or ""
        _ = parts.port  # fails for what is no number of a port, and then the text is no host
    except ValueError:
        return ""
    return _read_ipv6(name) or ("" if "[" in parts.netloc else _read_domain(name))


def _read_ipv6(text: str) -> str:
    """Return an IPv6 address in brackets; empty for other texts and for addresses with a zone."""
    try:
        return f"[{IPv6Address(text).compressed}]" if "%" not in text else ""
    except ValueError:
        return ""


def _read_domain(name: str) -> str:
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return ""
    domain = ascii_name.lower().removesuffix(".")
    is_name = len(domain) <= MAX_SITE and DOMAIN_LABELS.fullmatch(domain)
    return domain if is_name and domain != OPAQUE_ORIGIN else ""
