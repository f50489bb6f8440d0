"""Bringing a database up to date, with Alembic and without an ini file.

A new migration is written by hand into ``versions/`` under the next number, which then is
`REVISION`; the tests compare what the migrations make with the tables that the ledger describes.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from affiliate.errors import LedgerError

REVISION: Final = "0010"
"""The newest migration; known here so that a start with nothing to do need not import Alembic."""

LOCK: Final = 0x61666C67  # any number that nothing else in the database locks
PATIENCE: Final = 60  # seconds that SQLite waits for the process that upgrades


def upgrade(engine: sa.Engine, *, only_new: bool = False) -> None:
    """Make or change the tables; any number of processes may do so at once.

    With ``only_new`` tables are made where there are none, and none are changed.

    Raises:
        LedgerError: the database was made by a newer version of this program.
    """
    if engine.dialect.name == "sqlite":
        _prepare_file(engine)
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision == REVISION or (only_new and revision):
        return
    import alembic.command  # noqa: F401, PLC0415 - slow, and best not under the lock

    with engine.begin() as connection:
        _lock(connection)
        if _revision(connection) != REVISION:  # another process may have been first
            _migrate(connection)


def _prepare_file(engine: sa.Engine) -> None:
    Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
    # SQLite answers BUSY without waiting when another process is switching too; anything worse
    # comes again with the next statement.
    with suppress(sa.exc.OperationalError), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _lock(connection: sa.Connection) -> None:
    """Wait for the turn to upgrade, which lasts until the transaction ends."""
    if connection.dialect.name == "sqlite":
        connection.detach()  # clicks, which come later, wait less
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _migrate(connection: sa.Connection) -> None:
    """Run Alembic within the connection's transaction."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, REVISION)
    except CommandError:
        raise LedgerError("The database was made by a newer version of this program.") from None
