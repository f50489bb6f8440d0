"""Reads ``REDIS_URL``: servers, database and every parameter, or a fault for the whole.

The schemes are those of redis-py (https://redis.readthedocs.io/en/stable/connections.html), with
``redis+sentinel`` and ``redis+cluster`` for several hosts, and Valkey's names for these.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec

from affiliate.config.placeholders import check_account
from affiliate.config.setting_texts import is_file, is_folder

SCHEME: Final = re.compile(
    r"(?P<name>redis|valkey)(?P<tls>s?)(\+(?P<kind>sentinel|cluster))?|(?P<unix>unix)"
)
SCHEMES: Final = (
    "must begin with redis:// or rediss://, redis+sentinel:// or redis+cluster:// (rediss+... for"
    " TLS), or unix://"
)
ENCODED: Final = (
    "must be an address: host, port and path; characters such as @ / ? # in its password must be"
    " percent-encoded"
)
HOST: Final = r"""\[[0-9A-Fa-f:.%]{2,60}\]|[^\[\]:@\s\\;"'^`|]{1,253}"""
"""An IPv6 address in brackets, or a name, without the signs of other programs' addresses."""
DEFAULT_SERVICE: Final = "mymaster"
"""The service that Sentinels watch unless the address names another."""

Node = tuple[str, int]


class RedisAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an address, as arguments of redis-py's connections.

    ``kind`` is sentinel, cluster, unix or empty for a single server; ``nodes`` are hosts with
    ports. ``sentinel`` is the account at the Sentinels where the address has a separate account.
    """

    kind: str
    tls: bool
    nodes: tuple[Node, ...]
    service: str
    options: Mapping[str, Any]
    pool: Mapping[str, Any]
    sentinel: Mapping[str, str]


def _make_integer_reader(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _read_seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) or not float(text):
        raise ValueError("a number of seconds")
    return float(text)


def _read_flag(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in known:
        raise ValueError("true or false")
    return known[text.lower()]


def _read_certificate_checks(text: str) -> str:
    name = text.lower().removeprefix("cert_")
    if name not in {"none", "optional", "required"}:
        raise ValueError("none, optional or required")
    return name


def _read_tls_version(text: str) -> int:
    known = {"1.2": 771, "1.3": 772, "771": 771, "772": 772}
    try:
        return known[text.lower().removeprefix("tlsv").replace("_", ".")]
    except KeyError:
        raise ValueError("1.2 or 1.3") from None


def _read_file(text: str) -> str:
    if not is_file(text):
        raise ValueError("the path of a file that exists")
    return text


def _read_folder(text: str) -> str:
    if not is_folder(text):
        raise ValueError("the path of a folder that exists")
    return text


def _read_name(text: str) -> str:
    if not re.fullmatch("[!-~]{1,100}", text):
        raise ValueError("a name without blanks")
    return text


def _read_text(text: str) -> str:
    if not text:
        raise ValueError("a text")
    return text


POOL_PARAMETERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "max_connections": _make_integer_reader(1, 10_000),
    "timeout": _read_seconds,
}
CONNECTION_PARAMETERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "db": _make_integer_reader(0, 10**6),
    "username": _read_text,
    "password": _read_text,
    "protocol": _make_integer_reader(2, 3),
    "client_name": _read_name,
    "health_check_interval": _make_integer_reader(0, 86400),
    "socket_timeout": _read_seconds,
    "socket_connect_timeout": _read_seconds,
    "socket_keepalive": _read_flag,
    "retry_on_timeout": _read_flag,
}
TLS_PARAMETERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "ssl_cert_reqs": _read_certificate_checks,
    "ssl_check_hostname": _read_flag,
    "ssl_ca_certs": _read_file,
    "ssl_ca_path": _read_folder,
    "ssl_ca_data": _read_text,
    "ssl_certfile": _read_file,
    "ssl_keyfile": _read_file,
    "ssl_password": _read_text,
    "ssl_min_version": _read_tls_version,
    "ssl_ciphers": _read_text,
}
SENTINEL_PARAMETERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "sentinel_username": _read_text,
    "sentinel_password": _read_text,
}
ADVICE: Final = {
    "tls": "rediss:// asks for TLS",
    "ssl": "rediss:// asks for TLS",
    "family": "IPv4 and IPv6 are both tried",
    "pool_size": "max_connections is its name here",
    "pool_max_connections": "max_connections is its name here",
    "connect_timeout": "socket_connect_timeout is its name here",
    "decode_responses": "answers are bytes here",
    "sentinel_password": "redis+sentinel:// has it",
    "sentinel_username": "redis+sentinel:// has it",
    **dict.fromkeys(TLS_PARAMETERS, "rediss:// has it"),
}


def read_redis_address(text: str) -> RedisAddress:
    """Read an address.

    Raises:
        ValueError: says what the address must be, and names a parameter that can't be read; the
            message holds no host, account or value.
    """
    scheme, separator, rest = text.partition("://")
    match = SCHEME.fullmatch(scheme.lower())
    if not separator or not match:
        raise ValueError(SCHEMES)
    before, _, query = rest.partition("?")
    if "#" in rest or "@" in query or re.search(r"\s", rest):
        raise ValueError(ENCODED)
    kind = "unix" if match["unix"] else match["kind"] or ""
    tls = bool(match["tls"])
    parameters = _read_parameters(query, kind, tls=tls)
    account, place = _split_account(before)
    hosts, _, path = place.partition("/")
    nodes = () if kind == "unix" else _read_nodes(hosts, kind)
    service, target = (
        ("", {"path": _read_socket(place)}) if kind == "unix" else _read_path(path, kind)
    )
    options = target | _join_options(account, parameters)
    names = [host for host, _ in nodes]
    check_account(options.get("username", ""), options.get("password", ""), names, service)
    return RedisAddress(
        kind=kind,
        tls=tls,
        nodes=nodes,
        service=service,
        options=options,
        pool={n: v for n, v in parameters.items() if n in POOL_PARAMETERS},
        sentinel=_check_user(
            {n[9:]: v for n, v in parameters.items() if n in SENTINEL_PARAMETERS}, "sentinel_"
        ),
    )


def _join_options(account: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Join an account with the parameters of connections."""
    for name, value in account.items():
        if parameters.get(name, value) != value:
            raise ValueError(f"must be an address with one {name}, before the ? or behind it")
    known = CONNECTION_PARAMETERS.keys() | TLS_PARAMETERS.keys()
    return _check_user(account | {n: v for n, v in parameters.items() if n in known})


def _check_user(account: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Refuse a user without a password; drop the user `default`, who needs no password."""
    if "username" not in account or "password" in account:
        return account
    if account["username"] != "default":
        raise ValueError(f"must be an address with a password beside its {prefix}username")
    return {name: value for name, value in account.items() if name != "username"}


def _read_parameters(query: str, kind: str, *, tls: bool) -> dict[str, Any]:
    """Read the parameters behind the question mark.

    Raises:
        ValueError: names a parameter that is unknown, repeated or unreadable.
    """
    known = {
        **POOL_PARAMETERS,
        **CONNECTION_PARAMETERS,
        **(TLS_PARAMETERS if tls else {}),
        **(SENTINEL_PARAMETERS if kind == "sentinel" else {}),
    }
    if kind == "cluster":
        known.pop("db")
    values: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_.-]{0,40}", name):
            raise ValueError(ENCODED)
        if name not in known:
            advice = ADVICE.get(name, f"known are {', '.join(sorted(known))}")
            raise ValueError(f"must be without the parameter {name}: {advice}")
        if name in values:
            raise ValueError(f"must be without a second {name}")
        try:
            values[name] = known[name](value)
        except ValueError as error:
            raise ValueError(f"must be an address whose parameter {name} is {error}") from None
    return values


def _split_account(text: str) -> tuple[dict[str, Any], str]:
    """Part an account from the hosts behind; the account is empty where the text has none."""
    account, separator, place = text.rpartition("@")
    if "/" in account:
        raise ValueError(ENCODED)
    user, _, password = account.partition(":")
    names = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in names.items() if separator and value}, place


def _read_socket(path: str) -> str:
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(
            "must be unix:// with the path of a socket, such as unix:///run/redis.sock"
        )
    return unquote(path)


def _read_nodes(hosts: str, kind: str) -> tuple[Node, ...]:
    """Read hosts with their ports; only Sentinels and clusters have several hosts."""
    names = hosts.split(",")
    if not kind and len(names) > 1:
        raise ValueError(
            "must name one host; several are for redis+sentinel:// or redis+cluster://"
        )
    nodes = []
    for name in names:
        parts = re.fullmatch(rf"({HOST})(?::([0-9]{{1,5}}))?", name.strip())
        port = int(parts[2] or (0 if kind else 6379)) if parts else 0
        if parts is None or not 0 < port < 65536:  # noqa: PLR2004 - ports have two bytes
            each = "name each host with its port: host:port,host:port"
            raise ValueError(f"must {each}" if kind else ENCODED)
        nodes.append((unquote(parts[1].strip("[]")), port))
    return tuple(nodes)


def _read_path(path: str, kind: str) -> tuple[str, dict[str, Any]]:
    """Read the service and the database that a path names, in either order.

    Without a service Sentinels are asked for `DEFAULT_SERVICE`. A cluster has one database.
    """
    parts = [unquote(part) for part in path.rstrip("/").split("/") if part]
    numbers = [part for part in parts if re.fullmatch("[0-9]{1,9}", part)]
    names = [part for part in parts if part not in numbers]
    most = {"cluster": 0}.get(kind, 10**6)
    is_readable = len(numbers) < 2 and len(names) <= (kind == "sentinel")  # noqa: PLR2004 - one of each
    if not is_readable or int((numbers or ["0"])[0]) > most:
        end = {
            "sentinel": "a service, perhaps with a number of a database: /service/0",
            "cluster": "the hosts: a cluster has one database",
        }.get(kind, "the number of a database, such as /0")
        raise ValueError(f"must end with {end}")
    database = {"db": int(numbers[0])} if numbers else {}
    return (names or [DEFAULT_SERVICE if kind == "sentinel" else ""])[0], database
