"""Connections to PostgreSQL that are given up when the server says nothing.

A server that is frozen, or stands behind a pooler, keeps its connections open, and limits that it
was told don't pass there; libpq itself waits for answers without end.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

HUNG_SECONDS: Final = 6.0
"""How long an answer is waited for: longer than any statement of a click may take."""


class _Limit(threading.local):
    seconds: float | None = None


_limit = _Limit()


@contextmanager
def unless_hung() -> Iterator[None]:
    """Have this thread wait at most `HUNG_SECONDS` for each answer of a server."""
    before, _limit.seconds = _limit.seconds, HUNG_SECONDS
    try:
        yield
    finally:
        _limit.seconds = before


def connect_patiently(engine: sa.Engine) -> None:
    """Have an engine for PostgreSQL make connections that know the limit of their thread."""

    def connect(_: object, __: object, arguments: Any, options: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
        return _connection_class().connect(*arguments, **options)

    sa.event.listen(engine, "do_connect", connect)


@cache
def _connection_class() -> Any:  # noqa: ANN401 - a class of psycopg's
    import psycopg  # noqa: PLC0415 - sites on SQLite need none of it

    class Connection(psycopg.Connection[Any]):
        """A connection that is closed when its answer does not come in time."""

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as psycopg has it
            if kwargs.get("timeout") is None:
                kwargs["timeout"] = _limit.seconds
            try:
                return super().wait(gen, *args, **kwargs)
            except psycopg.OperationalError:
                if self.info.transaction_status is psycopg.pq.TransactionStatus.ACTIVE:
                    self.close()  # the answer is still to come
                raise

    return Connection
