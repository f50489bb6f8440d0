"""Reads ``DATABASE_URL`` in the forms of platforms, and makes an address for SQLAlchemy.

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
"""Schemes of SQLite and of PostgreSQL, whose drivers all mean the same database."""
ENCODED: Final = (
    "must be an address: user, host, port and name of a database; characters such as @ / ? # in"
    " its password must be percent-encoded"
)
OTHER_FORM: Final = re.compile("[/;]")
"""Signs behind the name of a database in JDBC's and .NET's addresses; encoded inside of names."""
FOREIGN_PARAMETERS: Final = frozenset(
    "pgbouncer connection_limit pool_timeout schema sslaccept sslidentity socket_timeout"
    " statement_cache_size max_idle_connection_lifetime max_connection_lifetime supa workaround"
    " uselibpqcompat prepared_statements pool".split()
)
"""Parameters of Prisma, Supabase, Vercel, node-postgres and Rails."""
OWN_PARAMETERS: Final = frozenset({"connect_timeout", "tcp_user_timeout", "client_encoding"})
"""Parameters that the ledger sets itself."""
SSL_MODES: Final = {
    **dict.fromkeys(("true", "1", "on", "yes", "require", "no-verify"), "require"),
    **dict.fromkeys(("false", "0", "off", "no", "disable"), "disable"),
}
"""Values of other programs' ``ssl``, with the value of libpq's ``sslmode`` for each."""
WRITABLE_TARGETS: Final = ("any", "primary", "read-write")
"""Values of ``target_session_attrs`` by which libpq finds a server that takes writes."""
FILE_PARAMETERS: Final = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})
NUMBER_PARAMETERS: Final = frozenset(
    "keepalives keepalives_idle keepalives_interval keepalives_count sslcompression sslsni".split()
)
HOST: Final = r"""\[[0-9A-Fa-f:.%]{2,60}\]|[^\[\]:@\s\\;"'^`|]{0,253}"""
"""An IPv6 address in brackets, or a name, without the signs of other programs' addresses."""
PARAMETER_NAME: Final = "[A-Za-z][A-Za-z0-9_.-]{0,40}"
NOWHERE: Final = "/nowhere"
"""A folder without sockets, with which libpq reads parameters and asks no network."""


def read_database_address(text: str) -> tuple[str, list[str]]:
    """Return SQLAlchemy's address for a ``DATABASE_URL``, and the names of parameters left out.

    Raises:
        ValueError: says what the address must be, and names a parameter that can't be read; the
            message holds no host, account or value.
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
    own = _normalize_sslmode({n: v for n, v in parameters.items() if n not in left_out})
    if own:
        _check_with_libpq(own)
    user, colon, password = map(unquote, before.rpartition("@")[0].partition(":"))
    name = unquote(name)
    check_account(
        own.get("user", user),
        own.get("password", password),
        [host for host, _ in hosts],
        own.get("dbname", name),
    )
    url = sa.URL.create(
        "postgresql+psycopg",
        username=user or None,
        password=password if colon else None,
        database=name or None,
        query=own,
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
    """Read the parameters behind the question mark, of which ``host`` may be repeated."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if "@" in query or not re.fullmatch(PARAMETER_NAME, name):
            raise ValueError(ENCODED)
        if name in parameters and name != "host":
            raise ValueError(f"must be without a second {name}")
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    if query and not parameters:
        raise ValueError(ENCODED)
    return parameters


def _split_hosts(place: str, ports: str) -> list[tuple[str, str]]:
    """Part hosts from their ports; a host that begins with a slash is a folder of a socket."""
    names = place.split(",") if place else []
    port_parameter = ports.split(",") if ports else []
    hosts = []
    for number, name in enumerate(names):
        host, port = unquote(name), ""
        if not host.startswith("/"):
            parts = re.fullmatch(rf"({HOST})(?::([0-9]{{0,5}}))?", host)
            if not parts or int(parts[2] or 1) not in range(1, 65536):
                raise ValueError(ENCODED)
            host, port = parts[1].strip("[]"), parts[2] or ""
        fallback = ""
        if port_parameter:
            fallback = port_parameter[number if len(port_parameter) == len(names) else 0]
        if fallback and not re.fullmatch("[0-9]{1,5}", fallback):
            raise ValueError("must be an address whose parameter port is a number")
        hosts.append((host, port or fallback))
    return hosts


def _set_hosts(url: sa.URL, hosts: list[tuple[str, str]]) -> sa.URL:
    """Put hosts into an address: a single name as its host, all else as parameters."""
    if len(hosts) == 1 and not hosts[0][0].startswith("/"):
        return url.set(host=hosts[0][0] or None, port=int(hosts[0][1]) if hosts[0][1] else None)
    if not hosts:
        return url
    where = {"host": ",".join(host for host, _ in hosts)}
    if len(hosts) > 1 or hosts[0][1]:
        where["port"] = ",".join(port or "5432" for _, port in hosts)
    return url.update_query_dict(where)


def _normalize_sslmode(parameters: dict[str, str]) -> dict[str, str]:
    """Replace ``ssl`` and node-postgres' ``sslmode`` by libpq's ``sslmode``.

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
    arguments: dict[str, Any] = {
        **parameters,
        "host": NOWHERE,
        "port": "5432",
        "connect_timeout": "2",
    }
    text = conninfo.make_conninfo("", **arguments).encode()
    connection = pq.PGconn.connect_start(text)
    message = re.sub(
        '"[^"]*"', _make_quote_filter(known), connection.error_message.decode(errors="replace")
    )
    connection.finish()
    wrong = [name for name in parameters if re.search(rf"\b{name}\b", message)]
    if NOWHERE not in message and wrong:
        raise ValueError(f"must be an address whose parameter {wrong[0]} PostgreSQL can read")


def _make_quote_filter(known: set[str]) -> Any:  # noqa: ANN401 - as re.sub has it
    """Return a replacement that blanks quoted values, but not names of parameters."""
    return lambda match: match[0] if match[0].strip('"') in known else '""'
