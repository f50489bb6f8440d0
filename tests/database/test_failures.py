"""Failures of a database are told in words, with what helps, and without its address."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from affiliate.database.failures import describe_failure
from affiliate.database.ledger import Ledger
from affiliate.errors import LedgerError

BEFORE = 'connection failed: connection to server at "10.1.2.3", port 5432 failed: '
TEXTS = [
    (BEFORE + 'FATAL:  password authentication failed for user "hunter2"', "28P01"),
    (BEFORE + "fe_sendauth: no password supplied", "28P01"),
    (BEFORE + 'FATAL:  role "hunter2" is not permitted to log in', "28000"),
    (BEFORE + 'FATAL:  role "hunter2" does not exist', "28000"),
    (BEFORE + 'FATAL:  no pg_hba.conf entry for host "h", user "hunter2", no encryption', "28000"),
    (BEFORE + 'FATAL:  database "hunter2" does not exist', "3D000"),
    (BEFORE + 'FATAL:  permission denied for database "hunter2"', "42501"),
    (BEFORE + "FATAL:  sorry, too many clients already", "53300"),
    (BEFORE + 'FATAL:  too many connections for role "hunter2"', "53300"),
    (BEFORE + "FATAL:  remaining connection slots are reserved for roles", "53300"),
    (BEFORE + "FATAL:  the database system is starting up", "57P03"),
    (BEFORE + "Connection refused\n\tIs the server running on that host?", "connection refused"),
    (BEFORE + "timeout expired", "timeout"),
    ("connection timeout expired", "timeout"),
    (BEFORE + "Connection timed out", "timeout"),
    (BEFORE + "No route to host", "unreachable"),
    (BEFORE + "server does not support SSL, but SSL was required", "TLS"),
    (BEFORE + "SSL error: certificate verify failed", "certificate"),
    (BEFORE + 'server certificate for "h" does not match host name "hunter2"', "certificate"),
    ('root certificate file "/hunter2/.postgresql/root.crt" does not exist', "certificate"),
    (BEFORE + "server closed the connection unexpectedly", "connection lost"),
    (BEFORE + "server is in hot standby mode", "target_session_attrs"),
    (BEFORE + "session is read-only", "target_session_attrs"),
    ("failed to resolve host 'hunter2@h': [Errno -2] Name or service not known", "no such host"),
    ('connection to server on socket "/hunter2/" failed: No such file or directory', "socket"),
    (BEFORE + 'FATAL:  invalid value for parameter "hunter2": "x"', "invalid value for parameter"),
    (BEFORE + "channel binding required, but server did not offer an", "channel binding required"),
    (BEFORE + "FATAL:  Tenant or user not found", "28000"),
    (BEFORE + "FATAL:  Max client connections reached", "53300"),
    (BEFORE + "ERROR:  connection is insecure (try using `sslmode=require`)", "sslmode=require"),
]


@pytest.mark.parametrize(("text", "told"), TEXTS)
def test_a_failed_connection_is_told_in_words(text: str, told: str) -> None:
    """Whatever keeps a session from beginning is named, and nothing of the address."""
    found = describe_failure(psycopg.OperationalError(text))
    assert told in found
    assert found.startswith("The ledger's database failed: ")
    assert not any(part in found for part in ("hunter2", "10.1.2.3", "5432"))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("28P01", "password"),
        ("28000", "this user"),
        ("3D000", "no database"),
        ("42501", "GRANT CREATE"),
        ("53300", "connections"),
        ("53100", "disk is full"),
        ("25006", "read-only"),
        ("57014", "too long"),
        ("57P01", "try again"),
        ("57P03", "try again"),
        ("42P01", "flask ledger upgrade"),
        ("22P05", "UTF8"),
        ("08006", "connection"),
        ("23505", "UniqueViolation"),
    ],
)
def test_a_code_of_postgresql_is_told_in_words(state: str, told: str) -> None:
    """Each SQLSTATE that an owner may meet has its words; all others are named."""
    error = psycopg.errors.lookup(state)("hunter2: SSL connection refused")
    found = describe_failure(sa.exc.DBAPIError("hunter2", None, error))
    assert told in found
    assert state in found
    assert "hunter2" not in found


def test_a_failure_of_a_file_is_told_in_words() -> None:
    """SQLite's own name stands behind the words."""
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect("/nowhere/at/all.db")
    assert "its folder, for this user (SQLITE_CANTOPEN)." in describe_failure(caught.value)


def test_a_folder_that_cant_be_made_is_named(tmp_path: Path) -> None:
    """The path and the settings that make it stand in the sentence."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError) as caught,
        closing(Ledger(f"sqlite:///{tmp_path}/file/l")) as at,
    ):
        at.upgrade()
    assert f"{tmp_path}/file; look at DATA_DIR" in str(caught.value)


def test_connections_that_all_wait_are_told_in_words() -> None:
    """Pages that wait for a lock are no sign of a server that can't be reached."""
    words = "QueuePool limit of size 1 overflow 2 reached, connection timed out, timeout 5.00"
    assert "look for locks and load there (busy)" in describe_failure(sa.exc.TimeoutError(words))


@pytest.mark.parametrize("error", [sa.exc.TimeoutError("hunter2"), OSError("hunter2")])
def test_an_unknown_failure_has_its_kind(error: Exception) -> None:
    """What has no words is named by its class alone."""
    found = describe_failure(error)
    assert found == f"The ledger's database failed ({type(error).__name__})."
