"""Time-outs for connections to PostgreSQL, on the side of the client.

A server that is frozen, or behind a pooler, keeps its connections open, and the server's own limits
have no effect there; libpq waits for answers without end.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

HUNG_SECONDS: Final = 6.0
"""Longest wait for an answer, in seconds: longer than any statement of a click may take."""


class _Limit(threading.local):
    seconds: float | None = None


_limit = _Limit()


@contextmanager
def limit_waits(seconds: float | None = None) -> Iterator[None]:
    """Limit this thread's wait for each answer of a server to ``seconds``, or `HUNG_SECONDS`.

    A shorter limit of the caller stays.
    """
    before = _limit.seconds
    seconds = HUNG_SECONDS if seconds is None else seconds
    _limit.seconds = seconds if before is None else min(seconds, before)
    try:
        yield
    finally:
        _limit.seconds = before


def use_thread_limit(engine: sa.Engine) -> None:
    """Have an engine for PostgreSQL make connections that obey the limit of their thread."""

    def connect(_: object, __: object, arguments: Any, options: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
        return _connection_class().connect(*arguments, **options)

    sa.event.listen(engine, "do_connect", connect)


@cache
def _connection_class() -> Any:  # noqa: ANN401 - a class of psycopg's
    import psycopg  # noqa: PLC0415 - sites on SQLite need none of it

    class Connection(psycopg.Connection[Any]):
        """A connection that is closed when an answer does not come in time."""

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
