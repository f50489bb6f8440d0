"""Reads ``DATABASE_URL`` as platforms give it, and makes SQLAlchemy's address of it.

PostgreSQL's form is libpq's (https://www.postgresql.org/docs/current/libpq-connect.html), with
several hosts. Parameters of other programs that share the address are left out with a note.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import sqlalchemy as sa

from affiliate.config.placeholders import check_account
from affiliate.config.setting_texts import is_file

SCHEME: Final = re.compile(r"sqlite|postgres(ql)?(\+(psycopg2?|asyncpg|pg8000))?")
"""Schemes of other drivers mean the same database."""
ENCODED: Final = (
    "must be an address: user, host, port and name of a database; characters such as @ / ? # in"
    " its password must be percent-encoded"
)
OTHER_FORM: Final = re.compile("[/;]")
"""What JDBC's and .NET's addresses have behind the name of a database, encoded where it is part of
the name."""
FOREIGN_PARAMETERS: Final = frozenset(
    "pgbouncer connection_limit pool_timeout schema sslaccept sslidentity socket_timeout"
    " statement_cache_size max_idle_connection_lifetime max_connection_lifetime supa workaround"
    " uselibpqcompat prepared_statements pool".split()
)
"""Parameters of Prisma, Supabase, Vercel, node-postgres and Rails."""
OWN_PARAMETERS: Final = frozenset({"connect_timeout", "tcp_user_timeout", "client_encoding"})
"""What the ledger sets itself."""
SSL_MODES: Final = {
    **dict.fromkeys(("true", "1", "on", "yes", "require", "no-verify"), "require"),
    **dict.fromkeys(("false", "0", "off", "no", "disable"), "disable"),
}
"""What other programs write for ``ssl``, as libpq's ``sslmode``."""
WRITABLE_TARGETS: Final = ("any", "primary", "read-write")
"""The values of ``target_session_attrs`` by which a server is found that can be written."""
FILE_PARAMETERS: Final = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})
NUMBER_PARAMETERS: Final = frozenset(
    "keepalives keepalives_idle keepalives_interval keepalives_count sslcompression sslsni".split()
)
HOST: Final = r"""\[[0-9A-Fa-f:.%]{2,60}\]|[^\[\]:@\s\\;"'^`|]{0,253}"""
"""An IPv6 address in brackets, or a name; not what other programs' addresses have behind it."""
PARAMETER_NAME: Final = "[A-Za-z][A-Za-z0-9_.-]{0,40}"
NOWHERE: Final = "/nowhere"
"""Where libpq finds no socket: it reads parameters, and asks no network."""


def read_database_address(text: str) -> tuple[str, list[str]]:
    """Return SQLAlchemy's address for one of ours, and the names of parameters left out.

    Raises:
        ValueError: says what the address must be, and names a parameter that can't be read; holds
            no host, account or value.
    """
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()  # RFC 3986, 3.1
    if not separator or not SCHEME.fullmatch(scheme):
        raise ValueError("must begin with sqlite:// or postgresql://")
    before, _, query = rest.partition("?")
    parameters = _read_parameters(query)
    if scheme == "sqlite":
        return _read_sqlite(before, parameters), []
    place, _, name = before.rpartition("@")[2].partition("/")
    if (
        "#" in rest
        or re.search(r"\s", rest)
        or "/" in before.rpartition("@")[0]
        or OTHER_FORM.search(name)
    ):
        raise ValueError(ENCODED)
    left_out = [name for name in parameters if name in FOREIGN_PARAMETERS or name in OWN_PARAMETERS]
    hosts = _split_hosts(parameters.pop("host", "") or place, parameters.pop("port", ""))
    kept = _normalize_sslmode({n: v for n, v in parameters.items() if n not in left_out})
    if kept:
        _check_with_libpq(kept)
    user, colon, password = map(unquote, before.rpartition("@")[0].partition(":"))
    name = unquote(name)
    check_account(
        kept.get("user", user),
        kept.get("password", password),
        [host for host, _ in hosts],
        kept.get("dbname", name),
    )
    url = sa.URL.create(
        "postgresql+psycopg",
        username=user or None,
        password=password if colon else None,
        database=name or None,
        query=kept,
    )
    return _set_hosts(url, hosts).render_as_string(hide_password=False), left_out


def _read_sqlite(path: str, parameters: Mapping[str, str]) -> str:
    for name in parameters:
        raise ValueError(f"must be without the parameter {name}: a SQLite file needs none")
    if not path.startswith("/") or path in {"/", "/:memory:"}:
        raise ValueError(
            "must be a SQLite file: sqlite:/// and a path, with four slashes for an absolute path"
        )
    return f"sqlite://{path}"


def _read_parameters(query: str) -> dict[str, str]:
    """Read what stands behind the question mark; hosts may stand there several times."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if "@" in query or not re.fullmatch(PARAMETER_NAME, name):
            raise ValueError(ENCODED)
        if name in found and name != "host":
            raise ValueError(f"must be without a second {name}")
        found[name] = f"{found[name]},{value}" if name in found else value
    if query and not found:
        raise ValueError(ENCODED)
    return found


def _split_hosts(place: str, ports: str) -> list[tuple[str, str]]:
    """Part hosts from their ports; a host that begins with a slash is a folder of a socket."""
    names = place.split(",") if place else []
    given = ports.split(",") if ports else []
    hosts = []
    for number, name in enumerate(names):
        host, port = unquote(name), ""
        if not host.startswith("/"):
            found = re.fullmatch(rf"({HOST})(?::([0-9]{{0,5}}))?", host)
            if not found or int(found[2] or 1) not in range(1, 65536):
                raise ValueError(ENCODED)
            host, port = found[1].strip("[]"), found[2] or ""
        fallback = given[number if len(given) == len(names) else 0] if given else ""
        if fallback and not re.fullmatch("[0-9]{1,5}", fallback):
            raise ValueError("must be an address whose parameter port is a number")
        hosts.append((host, port or fallback))
    return hosts


def _set_hosts(url: sa.URL, hosts: list[tuple[str, str]]) -> sa.URL:
    """Put hosts into an address: a single name at its place, all else as parameters."""
    if len(hosts) == 1 and not hosts[0][0].startswith("/"):
        return url.set(host=hosts[0][0] or None, port=int(hosts[0][1]) if hosts[0][1] else None)
    if not hosts:
        return url
    where = {"host": ",".join(host for host, _ in hosts)}
    if len(hosts) > 1 or hosts[0][1]:
        where["port"] = ",".join(port or "5432" for _, port in hosts)
    return url.update_query_dict(where)


def _normalize_sslmode(parameters: dict[str, str]) -> dict[str, str]:
    """Say ``ssl`` and node-postgres' ``sslmode`` as libpq does.

    Raises:
        ValueError: ``ssl`` is neither true nor false.
    """
    ssl = parameters.pop("ssl", None)
    if ssl is not None and ssl.lower() not in SSL_MODES:
        raise ValueError("must be an address whose parameter ssl is true or false")
    mode = parameters.get("sslmode") or (ssl and SSL_MODES[ssl.lower()])
    if mode == "no-verify":
        mode = "require"
    return {**parameters, "sslmode": mode} if mode else parameters


def _check_with_libpq(parameters: Mapping[str, str]) -> None:
    """Have libpq read the parameters, as for a connection, without any network.

    Raises:
        ValueError: names a parameter that libpq doesn't know or whose value libpq refuses.
    """
    from psycopg import conninfo, pq  # noqa: PLC0415 - sites on SQLite need none of it

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    for name, value in parameters.items():
        if name not in known:
            raise ValueError(f"must be without the parameter {name}, which PostgreSQL has not")
        if name in FILE_PARAMETERS and value != "system" and not is_file(value):
            raise ValueError(f"must be an address whose parameter {name} is a file that exists")
        if name in NUMBER_PARAMETERS and not re.fullmatch("[0-9]{1,6}", value):
            raise ValueError(f"must be an address whose parameter {name} is a whole number")
    if parameters.get("target_session_attrs", WRITABLE_TARGETS[0]) not in WRITABLE_TARGETS:
        words = (
            f"{', '.join(WRITABLE_TARGETS[:-1])} or {WRITABLE_TARGETS[-1]}, for clicks are written"
        )
        raise ValueError(f"must be an address whose parameter target_session_attrs is {words}")
    given: dict[str, Any] = {**parameters, "host": NOWHERE, "port": "5432", "connect_timeout": "2"}
    text = conninfo.make_conninfo("", **given).encode()
    connection = pq.PGconn.connect_start(text)
    said = re.sub(
        '"[^"]*"', _make_quote_filter(known), connection.error_message.decode(errors="replace")
    )
    connection.finish()
    if NOWHERE not in said and (found := [n for n in parameters if re.search(rf"\b{n}\b", said)]):
        raise ValueError(f"must be an address whose parameter {found[0]} PostgreSQL can read")


def _make_quote_filter(known: set[str]) -> Any:  # noqa: ANN401 - as re.sub has it
    """Blank quoted values, but for names of parameters."""
    return lambda found: found[0] if found[0].strip('"') in known else '""'
