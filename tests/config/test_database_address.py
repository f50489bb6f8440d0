"""Every part of a database's address is understood, left out with a note, or refused by name."""

import logging
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from affiliate.config import readers
from affiliate.config.database_address import (
    FOREIGN_PARAMETERS,
    OWN_PARAMETERS,
    read_database_address,
)
from tests.support.upstream import CERTIFICATE

UNDERSTOOD = [
    ("postgres://u:p@h:5432/d", {"host": "h", "port": 5432, "user": "u", "dbname": "d"}),
    ("postgresql+psycopg://u:p@h/d", {"host": "h", "password": "p"}),
    ("postgresql://u:p%40%2F@h/d", {"password": "p@/"}),
    ("postgresql://u:a@b@h/d", {"host": "h", "password": "a@b"}),
    ("postgresql://u:p@[::1]:5433/d", {"host": "::1", "port": 5433}),
    ("postgresql:///d?host=/run/pg", {"host": "/run/pg", "dbname": "d"}),
    ("postgresql://%2Frun%2Fpg/d", {"host": "/run/pg"}),
    ("postgres://u:p@localhost/d?host=/cloudsql/p:r:i", {"host": "/cloudsql/p:r:i"}),
    ("postgresql://h1:1,h2,[::1]:3/d", {"host": "h1,h2,::1", "port": "1,5432,3"}),
    (
        "postgresql://u:p@h1,h2/d?target_session_attrs=read-write",
        {"host": "h1,h2", "target_session_attrs": "read-write"},
    ),
    ("postgresql:///d?host=a:1&host=b:2", {"host": "a,b", "port": "1,2"}),
    ("postgresql:///d?host=a,b&port=1,2", {"host": "a,b", "port": "1,2"}),
    ("postgresql://h/d?user=u&password=p", {"user": "u", "password": "p"}),
    ("postgresql://h/d?sslmode=require", {"sslmode": "require"}),
    ("postgresql://h/d?sslmode=no-verify", {"sslmode": "require"}),
    ("postgresql://h/d?ssl=true", {"sslmode": "require"}),
    ("postgresql://h/d?ssl=false", {"sslmode": "disable"}),
    ("postgresql://h/d?ssl=true&sslmode=verify-full", {"sslmode": "verify-full"}),
    ("postgresql://h/d?options=endpoint%3Dx", {"options": "endpoint=x"}),
    ("postgresql://h/d?channel_binding=require", {"channel_binding": "require"}),
    ("postgresql://h/d?keepalives_idle=30", {"keepalives_idle": "30"}),
    (f"postgresql://h/d?sslrootcert={quote(str(CERTIFICATE))}", {"sslrootcert": str(CERTIFICATE)}),
    ("postgresql://h/d?sslrootcert=system&sslmode=verify-full", {"sslrootcert": "system"}),
]
REFUSED = [
    ("postgresql://h/d?foo=1", "foo"),
    ("postgresql://h/d?sslmode=require&sslmode=disable", "sslmode"),
    ("postgresql://h/d?ssl=maybe", "ssl"),
    *((f"postgresql://h/d?sslmode={text}", "sslmode") for text in ("true", "yes", "")),
    ("postgresql://h/d?target_session_attrs=standby", "target_session_attrs"),
    ("postgresql://h/d?target_session_attrs=x", "target_session_attrs"),
    *((f"postgresql://h/d?{name}=nope", name) for name in ("gssencmode", "channel_binding")),
    *((f"postgresql://h/d?{name}=nope", name) for name in ("load_balance_hosts", "port")),
    *((f"postgresql://h/d?{name}=nope", name) for name in ("keepalives", "keepalives_count")),
    ("postgresql://h/d?sslrootcert=/nowhere.pem", "sslrootcert"),
    *((f"postgresql://u:hunter2{sign}z@h/d", "percent-encoded") for sign in "/?# "),
    *((f"postgresql://h{text}/d", "percent-encoded") for text in (":port", ":0", ":65536", "[")),
    *((f"postgresql://h/d?{text}=1", "percent-encoded") for text in ("hunter2@x", "hunter2 ", "")),
    *((f"{text}", "begin") for text in ("ledger.db", "mysql://h/d", "postgres:h", "://", "")),
    *((f"sqlite://{text}", "sqlite:///") for text in ("rel.db", "", "/", "/:memory:")),
    ("sqlite:///a.db?mode=ro", "mode"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD)
def test_each_part_reaches_the_driver(text: str, expected: dict[str, object]) -> None:
    """What is understood is what the driver is given for a connection."""
    address, left_out = read_database_address(text)
    assert left_out == []
    engine = sa.create_engine(address)
    _, given = engine.dialect.create_connect_args(engine.url)
    assert {name: given.get(name) for name in expected} == expected


@pytest.mark.parametrize(("text", "named"), REFUSED)
def test_what_is_not_understood_is_named(text: str, named: str) -> None:
    """A refusal names the part, and nothing that may be a password."""
    with pytest.raises(ValueError, match=r"^must .*") as caught:
        read_database_address(text)
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(FOREIGN_PARAMETERS | OWN_PARAMETERS))
def test_parameters_of_other_programs_are_left_out_with_a_note(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An address may be shared with Prisma and its like; the log says what has no use here."""
    with caplog.at_level(logging.WARNING):
        address = readers.read_database(f"postgresql://u:hunter2@h/d?{name}=1&sslmode=require")
    assert address == "postgresql+psycopg://u:hunter2@h/d?sslmode=require"
    assert [f"left out {name}," in one for one in caplog.messages] == [True]
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("path", ["/rel.db", "//abs.db"])
def test_a_file_keeps_its_path(path: str) -> None:
    """SQLite's addresses are as SQLAlchemy has them."""
    assert read_database_address(f"sqlite://{path}") == (f"sqlite://{path}", [])
