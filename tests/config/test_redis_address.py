"""Every part of an address of Redis is understood, or refused in words that name the part."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from affiliate.cache.stores.redis_topology import make_redis_client
from affiliate.config.redis_address import read_redis_address
from tests.support.upstream import CERTIFICATE

UNDERSTOOD: list[tuple[str, dict[str, Any]]] = [
    ("redis://h", {"nodes": (("h", 6379),), "options": {}}),
    ("REDIS://h:7/", {"nodes": (("h", 7),), "options": {}}),
    ("redis://[::1]:7/3", {"nodes": (("::1", 7),), "options": {"db": 3}}),
    ("redis://u:p%40%2F@h", {"options": {"username": "u", "password": "p@/"}}),
    ("redis://u:a@b:c@h", {"options": {"username": "u", "password": "a@b:c"}}),
    ("redis://:p@h:1/0?db=2", {"options": {"password": "p", "db": 2}}),
    ("redis://default@h", {"options": {}}),
    ("redis://h?username=default", {"options": {}}),
    ("redis://h?username=u&password=p", {"options": {"username": "u", "password": "p"}}),
    ("redis://h?max_connections=8&timeout=2", {"pool": {"max_connections": 8, "timeout": 2.0}}),
    ("redis://h?protocol=3&client_name=x", {"options": {"protocol": 3, "client_name": "x"}}),
    ("redis://h?health_check_interval=30", {"options": {"health_check_interval": 30}}),
    ("redis://h?socket_timeout=0.5", {"options": {"socket_timeout": 0.5}}),
    ("redis://h?socket_connect_timeout=2", {"options": {"socket_connect_timeout": 2.0}}),
    ("redis://h?socket_keepalive=yes", {"options": {"socket_keepalive": True}}),
    ("redis://h?retry_on_timeout=False", {"options": {"retry_on_timeout": False}}),
    ("rediss://h", {"tls": True, "options": {}}),
    ("rediss://h?ssl_cert_reqs=none", {"options": {"ssl_cert_reqs": "none"}}),
    ("rediss://h?ssl_cert_reqs=CERT_NONE", {"options": {"ssl_cert_reqs": "none"}}),
    ("rediss://h?ssl_cert_reqs=CERT_REQUIRED", {"options": {"ssl_cert_reqs": "required"}}),
    ("rediss://h?ssl_check_hostname=0", {"options": {"ssl_check_hostname": False}}),
    ("rediss://h?ssl_min_version=TLSv1_3", {"options": {"ssl_min_version": 772}}),
    (
        f"rediss://h?ssl_ca_certs={quote(str(CERTIFICATE))}",
        {"options": {"ssl_ca_certs": str(CERTIFICATE)}},
    ),
    ("valkey://h/1", {"tls": False, "options": {"db": 1}}),
    ("valkeys://h", {"tls": True}),
    ("unix:///run/r.sock?db=2", {"kind": "unix", "options": {"path": "/run/r.sock", "db": 2}}),
    ("unix://:p@/run/r.sock", {"options": {"path": "/run/r.sock", "password": "p"}}),
    ("redis+sentinel://a:1,b:2", {"nodes": (("a", 1), ("b", 2)), "service": "mymaster"}),
    ("redis+sentinel://a:1/shop/", {"service": "shop", "options": {}}),
    ("redis+sentinel://a:1/shop/2", {"service": "shop", "options": {"db": 2}}),
    ("redis+sentinel://a:1/2/shop", {"service": "shop", "options": {"db": 2}}),
    ("redis+sentinel://a:1/2", {"service": "mymaster", "options": {"db": 2}}),
    ("redis+sentinel://a:1/shop?db=2", {"service": "shop", "options": {"db": 2}}),
    ("redis+sentinel://a:1/shop?socket_timeout=0.2", {"options": {"socket_timeout": 0.2}}),
    (
        "redis+sentinel://:p@a:1/shop?sentinel_password=q&sentinel_username=u",
        {"options": {"password": "p"}, "sentinel": {"password": "q", "username": "u"}},
    ),
    ("rediss+sentinel://[::1]:1/shop", {"kind": "sentinel", "tls": True, "nodes": (("::1", 1),)}),
    ("rediss+cluster://a:1,b:2?ssl_cert_reqs=none", {"kind": "cluster", "tls": True}),
    ("redis+cluster://a:1/0", {"kind": "cluster", "options": {"db": 0}}),
    ("valkeys+cluster://a:1", {"kind": "cluster", "tls": True}),
]

REFUSED = [
    *((f"redis://h/0?{name}=0", name) for name in ("family", "tls", "ssl", "pool_size", "hunter")),
    *((f"redis://h?{name}=x", name) for name in ("host", "port", "path", "connection_class")),
    ("redis://h?ssl_cert_reqs=none", "ssl_cert_reqs: rediss://"),
    ("redis://h?ssl_ca_certs=/x", "ssl_ca_certs: rediss://"),
    ("redis://h?sentinel_password=p", "sentinel_password: redis+sentinel://"),
    ("redis+cluster://h:1?db=1", "db"),
    *((f"redis://h?socket_timeout={text}", "socket_timeout") for text in ("abc", "0", "-1", "")),
    *((f"redis://h?db={text}", "db") for text in ("abc", "-1", "1.5", "")),
    *((f"redis://h?max_connections={text}", "max_connections") for text in ("0", "many", "-1")),
    *((f"redis://h?protocol={text}", "protocol") for text in ("1", "4", "x")),
    ("redis://h?health_check_interval=x", "health_check_interval"),
    ("redis://h?client_name=a%20b", "client_name"),
    ("redis://h?username=foo", "username"),
    ("redis://foo@h", "username"),
    ("redis+sentinel://h:1?sentinel_username=foo", "sentinel_username"),
    ("redis://u:p@h?password=q", "password"),
    ("redis://h?db=1&db=2", "db"),
    ("rediss://h?ssl_cert_reqs=maybe", "ssl_cert_reqs"),
    ("rediss://h?ssl_ca_certs=/nowhere.pem", "ssl_ca_certs"),
    ("rediss://h?ssl_min_version=1.0", "ssl_min_version"),
    *((f"redis://h/{path}", "database") for path in ("abc", "0/1", "-1", "0/x")),
    *((f"redis+sentinel://h:1/{path}", "service") for path in ("a/b", "0/1", "a/0/b")),
    ("redis+cluster://h:1/2", "cluster"),
    ("redis://h:1,i:2", "several"),
    ("redis+sentinel://h/shop", "port"),
    *((f"redis://h:{port}", "address") for port in ("0", "65536", "x", "")),
    *((f"redis://:hunter2{sign}z@h:1", "percent-encoded") for sign in "/?# "),
    *((f"redis+sentinel://:hunter2{sign}z@h:1/s", "percent-encoded") for sign in "/?#"),
    *((f"redis://h?{text}", "percent-encoded") for text in ("hunter2@x=1", "=1", "%00=1")),
    ("unix://run/r.sock", "unix:///run"),
    ("unix://", "unix:///run"),
    *((f"{scheme}://h:1", "begin") for scheme in ("http", "redis+x", "valkey+unix", "unixs", "")),
    ("h:6379", "begin"),
]


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD)
def test_each_part_is_understood(text: str, expected: dict[str, Any]) -> None:
    """What is understood reaches redis-py, which builds a client and a connection of it."""
    address = read_redis_address(text)
    assert {name: getattr(address, name) for name in expected} == expected
    client = make_redis_client(text, self_signed=False)
    clients = [client] if not address.kind or address.kind == "unix" else [client._client(("h", 1))]
    for one in clients:
        connection = one.connection_pool.make_connection()
        given = {**address.options, "ssl_check_hostname": ..., "ssl_cert_reqs": ...}
        for name in given.keys() & {"db", "client_name", "socket_timeout", "path"}:
            assert getattr(connection, name) == given[name]


@pytest.mark.parametrize(("text", "named"), REFUSED)
def test_what_is_not_understood_is_named(text: str, named: str) -> None:
    """A refusal names the part, and nothing that may be a password."""
    with pytest.raises(ValueError, match=r"^must .*") as caught:
        read_redis_address(text)
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_certificates_are_not_checked_where_the_owner_says_so() -> None:
    """Either way of saying so reaches the connection."""
    for url, self_signed in (("rediss://h", True), ("rediss://h?ssl_cert_reqs=CERT_NONE", False)):
        client = make_redis_client(url, self_signed=self_signed)
        assert client.connection_pool.make_connection().check_hostname is False


def test_a_folder_of_certificates_must_exist(tmp_path: Path) -> None:
    """A path is looked at when the address is read."""
    assert read_redis_address(f"rediss://h?ssl_ca_path={tmp_path}").options
    with pytest.raises(ValueError, match="ssl_ca_path"):
        read_redis_address(f"rediss://h?ssl_ca_path={tmp_path}/none")
