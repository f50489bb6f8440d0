"""Locks by name, which transactions hold until their ends."""

import hashlib

import sqlalchemy as sa


def wait_for_lock(connection: sa.Connection, *key: object) -> None:
    """Wait for the transactions that hold the lock of a key; a transaction in SQLite is alone."""
    if connection.dialect.name == "postgresql":
        digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
        number = int.from_bytes(digest, signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
