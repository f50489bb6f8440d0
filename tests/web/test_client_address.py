"""The address of a client is the connection's, or what trusted proxies have said of it."""

from ipaddress import ip_network
from typing import Any

import pytest

from affiliate.config.trusted_proxies import (
    Trusted,
    read_trusted_proxies,
)
from affiliate.web.client_address import (
    TrustedProxiesMiddleware,
    client_address,
    client_network,
    is_public_address,
)

INSIDE = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "203.0.113.7/32")))
CHAINS: list[tuple[Trusted, str, str, str]] = [
    (1, "10.0.0.1", "198.51.100.9", "198.51.100.9"),
    (1, "10.0.0.1", "1.1.1.1, 198.51.100.9", "198.51.100.9"),
    (2, "10.0.0.1", "1.1.1.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
    (2, "10.0.0.1", "198.51.100.9", "198.51.100.9"),
    (1, "10.0.0.1", "", "10.0.0.1"),
    (1, "10.0.0.1", "unknown", "10.0.0.1"),
    (1, "10.0.0.1", "1.1.1.1, _hidden", "10.0.0.1"),
    (1, "10.0.0.1", "1.1.1.1,", "10.0.0.1"),
    (1, "10.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
    (1, "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
    (1, "10.0.0.1", "::ffff:198.51.100.9", "198.51.100.9"),
    (1, "10.0.0.1", "1.1.1.1, " * 5000 + "198.51.100.9", "198.51.100.9"),
    (INSIDE, "10.0.0.1", "1.1.1.1, 198.51.100.9", "198.51.100.9"),
    (INSIDE, "10.0.0.1", "1.1.1.1, 198.51.100.9, 203.0.113.7, fd00::1", "198.51.100.9"),
    (INSIDE, "198.51.100.9", "1.1.1.1", "198.51.100.9"),
    (INSIDE, "::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"),
    (INSIDE, "10.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"),
    (INSIDE, "10.0.0.1", "nonsense, 10.0.0.6", "10.0.0.6"),
]


@pytest.mark.parametrize(("trusted", "peer", "told", "client"), CHAINS)
def test_only_what_trusted_proxies_say_is_believed(
    trusted: Trusted, peer: str, told: str, client: str
) -> None:
    """Whatever a client writes into the header itself changes nothing."""
    assert client_address(peer, told, trusted) == client


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_one_home_is_one_client(address: str, network: str) -> None:
    """All addresses of an IPv6 network of 64 bits count together."""
    assert client_network(address) == network


ODD = ("fe80::1%eth0", "fe80::%1/64", "1,10.0.0.0/8", "10.0.0.0/33", "10.0.0.0 - 10.0.0.9", "[::1]")


def test_the_setting_is_a_number_or_networks() -> None:
    """Anything else is refused in words."""
    assert read_trusted_proxies("2") == 2
    assert read_trusted_proxies("10.0.0.0/8, ::1") == (
        ip_network("10.0.0.0/8"),
        ip_network("::1/128"),
    )
    for text in (
        "yes",
        "-1",
        "99",
        "10.0.0.1/8",
        "*",
        "\u0662",
        "proxy.example",
        ",",
        " , ,",
        *ODD,
    ):
        with pytest.raises(ValueError, match="must be the number of proxies"):
            read_trusted_proxies(text)


MAPPED = {
    "::ffff:10.0.0.0/104": "10.0.0.0/8",
    "::ffff:a00:0/104": "10.0.0.0/8",
    "::ffff:10.1.2.3": "10.1.2.3/32",
    "::FFFF:192.168.0.0/112": "192.168.0.0/16",
    "fd00::/8": "fd00::/8",
    "::/96": "::/96",
}


@pytest.mark.parametrize("text", MAPPED)
def test_networks_of_ipv4_in_the_form_of_ipv6_are_those_of_ipv4(text: str) -> None:
    """Addresses are compared in that form, however the connection writes them."""
    assert read_trusted_proxies(text) == (ip_network(MAPPED[text]),)
    peer = str(ip_network(MAPPED[text])[0])
    assert client_address(peer, "198.51.100.9", read_trusted_proxies(text)) == "198.51.100.9"


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "10.0.0.0/8, ::/0", "::ffff:0:0/96", "128.0.0.0/1, 0.0.0.0/1"]
)
def test_nobody_can_trust_everybody(text: str) -> None:
    """A client could then give itself any address, past every limit."""
    with pytest.raises(ValueError, match="can take any address"):
        read_trusted_proxies(text)


def test_the_application_sees_the_clients_address() -> None:
    """The layer in front replaces what the connection says, where there is a header."""
    seen: list[str] = []

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        return []

    layer = TrustedProxiesMiddleware(application, 1)
    for told in ({"HTTP_X_FORWARDED_FOR": "1.1.1.1"}, {}):
        layer({"REMOTE_ADDR": "10.0.0.1", **told}, lambda *_: lambda _: None)
    assert seen == ["1.1.1.1", "10.0.0.1"]


def test_addresses_of_the_public_network_are_told_from_those_of_platforms() -> None:
    """Proxies of platforms have private addresses, which nobody else can come from."""
    platforms = ("127.0.0.1", "10.1.2.3", "172.16.0.9", "100.64.0.7", "fdaa::3", "::1", "")
    assert not any(map(is_public_address, platforms))
    assert all(map(is_public_address, ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")))
