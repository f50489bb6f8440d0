"""The address to listen on: addresses and names of this machine, and one sentence for the rest."""

import socket
from typing import Any

import pytest

from affiliate.config.listening import read_listening_address

ADDRESSES = {
    "127.0.0.1": "127.0.0.1",
    "0.0.0.0": "0.0.0.0",
    "::": "::",
    "[::]": "::",
    "[::1]": "::1",
    "2001:DB8:0:0::1": "2001:db8::1",
    "localhost": "127.0.0.1",
    "LocalHost.": "127.0.0.1",
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_and_a_name_are_read(text: str) -> None:
    """Brackets of an IPv6 address are left out, a name is looked up."""
    assert read_listening_address(text) == ADDRESSES[text]


NONE = [
    *("0", "1", "127.1", "127.0.0.1:9555", "256.1.1.1", "1.2.3.4.5", "0x7f.1", "0x7f000001"),
    *("x86_64-conda-linux-gnu", "*", "[127.0.0.1]", "[::", "::1]", "[::1]:80", "localhost:80"),
    *("http://localhost", "localhost/", "a b", "a..b", "-a", "fe80::1%lo", "127.0.0.1/8", "a\0b"),
    *("\u0661.0.0.1", "\uff11.0.0.1", "loc\udce9l", "x" * 64),
]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_told(text: str) -> None:
    """The server's own reader would end in a traceback."""
    with pytest.raises(ValueError, match=r"^must be an "):
        read_listening_address(text)


def test_a_name_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name service's own error stays out of the sentence."""

    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ValueError, match="a name that has one, without a port"):
        read_listening_address("gone.example")


def test_the_shell_of_conda_is_named() -> None:
    """Who has not set HOST learns who has."""
    with pytest.raises(ValueError, match="conda sets HOST"):
        read_listening_address("x86_64-conda-linux-gnu")


def test_a_name_s_ipv4_address_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are told a name look there first; a name may have an IPv6 address alone."""
    found: list[Any] = [(socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert read_listening_address("pictures.example") == "::1"
    found.append((socket.AF_INET, 1, 6, "", ("127.0.0.1", 0)))
    assert read_listening_address("pictures.example") == "127.0.0.1"
