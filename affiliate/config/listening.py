"""Reads the address to listen on: an IP address of this machine, or a name that has one."""

import re
import socket
from ipaddress import ip_address
from typing import Final

LISTENING_NAME: Final = (
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
)
"""A host name (RFC 1123, 2.1) whose last part begins with a letter, unlike numbers of addresses."""


def read_listening_address(text: str) -> str:
    """Return the IP address to listen on, for an address, perhaps in brackets, or a name.

    A name's IPv4 address comes first, as other programs try that address first.

    Raises:
        ValueError: says what the text must be; conda sets ``HOST`` to something else.
    """
    in_brackets = re.fullmatch(r"\[(.*:.*)\]", text)
    bare = in_brackets[1] if in_brackets else text
    try:
        address = ip_address(bare)
    except ValueError:
        return _resolve_name(bare)
    if "%" in bare:
        raise ValueError("must be an address without a zone (what stands behind %)")
    return address.compressed


def _resolve_name(text: str) -> str:
    name = text.lower().removesuffix(".")
    if re.fullmatch(LISTENING_NAME, name):
        try:
            addresses = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            addresses = []
        ipv4_first = sorted(addresses, key=lambda entry: entry[0] != socket.AF_INET)
        for family, *_, address in ipv4_first:
            if family in {socket.AF_INET, socket.AF_INET6} and "%" not in str(address[0]):
                return str(address[0])
    hint = "; conda sets HOST to something else: unset it" if "conda" in name else ""
    raise ValueError(
        "must be an IP address of this machine, or a name that has one, without a port: 127.0.0.1,"
        f" localhost, 0.0.0.0 or :: for every interface{hint}"
    )
