"""Migrations of the database, with Alembic and without an ini file.

A new migration is written by hand into ``versions/`` under the next number, which then is
`REVISION`; the tests compare the migrated tables with those of `database.schema`. Its
``readable_from`` is the oldest revision whose programs can use the migrated database: that of the
migration before, unless the migration changes or drops columns that these programs use. The
database holds ``readable_from`` in the table ``revisions``, so that an older program knows of newer
migrations that change nothing of what it uses.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.sqlite_file import count_transaction
from affiliate.errors import LedgerError

REVISION: Final = "0026"
"""The newest migration; a constant, so that a start with nothing to do need not import Alembic."""

LOCK_NUMBER: Final = 0x61666C67  # any number that nothing else in the database locks
BUSY_SECONDS: Final = 60  # seconds that SQLite waits for the process that upgrades
TURN_SECONDS: Final = 5  # seconds that PostgreSQL waits for that process
TABLE_SECONDS: Final = 1  # seconds that PostgreSQL waits for a table
PAUSE_SECONDS: Final = 1.0  # seconds
MAX_TRIES: Final = 15
LOCK_NOT_AVAILABLE: Final = "55P03"
FOREIGN_TABLES: Final = (
    "Another program that uses Alembic has its tables in this database: give the ledger a database"
    " of its own, or a schema by ?options=-csearch_path%3DNAME in DATABASE_URL."
)

log = logging.getLogger(__name__)


def upgrade(engine: sa.Engine, *, only_new: bool = False, tries: int = MAX_TRIES) -> None:
    """Make or change the tables; any number of processes may do so at once.

    With ``only_new`` tables are made where there are none, and none are changed. While another
    connection holds a table for long, as a report in PostgreSQL does, there are so many ``tries``.

    Raises:
        LedgerError: a newer version of this program made the database, which this version can't
            use, or another program made it.
    """
    if engine.dialect.name == "sqlite":
        _prepare_file(engine)
    with engine.connect() as connection:
        revision = read_revision(connection)
        if revision and not _is_ours(connection, revision):
            raise LedgerError(FOREIGN_TABLES)
        if revision == REVISION or (revision and _is_usable(connection, revision)):
            return
    if only_new and revision:
        return
    import alembic.command  # noqa: F401, PLC0415 - slow, and best not under the lock

    def migrate(connection: sa.Connection) -> None:
        if read_revision(connection) == revision:  # another process may have been first
            _migrate(connection)

    _run_locked(engine, migrate, tries)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the tables back to a revision; the data of newer revisions is lost.

    Raises:
        LedgerError: the database is newer than this program, which lacks the newer migrations.
    """
    import alembic.command  # noqa: F401, PLC0415 - slow, and best not under the lock

    _run_locked(engine, lambda connection: _migrate(connection, back_to=revision), MAX_TRIES)


def describe_losses(engine: sa.Engine, revision: str) -> list[str]:
    """Return the losses of `downgrade`, newest first, in the words of the migrations.

    Raises:
        LedgerError: there is no such revision, or the database is newer than this program.
    """
    with engine.connect() as connection:
        now = read_revision(connection) or ""
    known = {script.revision: script for script in _list_scripts()}
    if revision not in known:
        raise LedgerError(f"There is no revision {revision}; known are {', '.join(sorted(known))}.")
    if now not in known:
        raise LedgerError(_describe_newer(now))
    ways = [known[name].module.downgrade for name in sorted(known) if revision < name <= now]
    return [str(way.__doc__).splitlines()[0] for way in reversed(ways)]


def read_revision(connection: sa.Connection) -> str | None:
    """Return the revision of a database; None for a database without tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _is_ours(connection: sa.Connection, revision: str) -> bool:
    """Return whether this program made the tables; other programs use Alembic, too."""
    return revision.isdecimal() and sa.inspect(connection).has_table("clicks")


def _is_usable(connection: sa.Connection, revision: str) -> bool:
    """Return whether a database is newer than this program, and usable nevertheless.

    Raises:
        LedgerError: the database is newer, and this program can't use it.
    """
    if revision <= REVISION:
        return False
    readable_from = None
    if sa.inspect(connection).has_table("revisions"):
        query = sa.text("SELECT readable_from FROM revisions WHERE revision = :revision")
        readable_from = connection.scalar(query, {"revision": revision})
    if readable_from is None or readable_from > REVISION:
        raise LedgerError(_describe_newer(revision))
    log.warning(
        "the ledger is of a newer version (%s, this one knows %s) that this one can use",
        revision,
        REVISION,
    )
    return True


def _describe_newer(revision: str) -> str:
    return (
        f"The database was made by a newer version of this program (revision {revision}, this one"
        f" knows {REVISION}): run that version, or its flask ledger downgrade {REVISION}."
    )


def _prepare_file(engine: sa.Engine) -> None:
    path = Path(engine.url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # SQLite reports the error in its own words
        path.touch(mode=0o600)  # the file holds sealed tokens; SQLite's other files get this mode
    # SQLite answers BUSY without waiting when another process is switching, too; worse errors
    # recur with the next statement.
    with suppress(sa.exc.OperationalError), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _run_locked(engine: sa.Engine, change: Callable[[sa.Connection], None], tries: int) -> None:
    """Change tables in one transaction, in one process at a time.

    In PostgreSQL a statement that waits for a table blocks all later ones, clicks above all:
    therefore each wait is short, and is repeated after a pause.
    """
    while True:
        tries -= 1
        try:
            with engine.begin() as connection:
                _take_lock(connection)
                change(connection)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or tries <= 0:
                raise
            log.warning("tables can't be changed yet: another holds them; it is tried again")
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _take_lock(connection: sa.Connection) -> None:
    """Wait for the lock on changes of tables; the transaction holds the lock until its end."""
    if connection.dialect.name == "sqlite":
        connection.detach()  # the longer time-out must not apply to clicks
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_NUMBER)))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TABLE_SECONDS}s'")


def _migrate(connection: sa.Connection, back_to: str | None = None) -> None:
    """Run Alembic within the connection's transaction."""
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = _alembic_config()
    config.attributes["connection"] = connection
    try:
        if back_to:
            command.downgrade(config, back_to)
        else:
            command.upgrade(config, REVISION)
    except CommandError:
        raise LedgerError(_describe_newer(read_revision(connection) or "")) from None
    _write_revisions(connection)
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        count_transaction(driver)


def _write_revisions(connection: sa.Connection) -> None:
    """Write the oldest programs that can use the result of each migration."""
    now = read_revision(connection) or ""
    if not sa.inspect(connection).has_table("revisions"):
        return
    rows = [
        {"revision": script.revision, "readable_from": script.module.readable_from}
        for script in _list_scripts()
        if script.revision <= now
    ]
    connection.execute(sa.text("DELETE FROM revisions"))
    insert = "INSERT INTO revisions (revision, readable_from) VALUES (:revision, :readable_from)"
    connection.execute(sa.text(insert), rows)


def _list_scripts() -> list[Any]:
    """Return the migrations as Alembic reads them."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return list(ScriptDirectory.from_config(_alembic_config()).walk_revisions())


def _alembic_config() -> Any:  # noqa: ANN401 - Alembic is imported late
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
