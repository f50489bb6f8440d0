"""``flask ledger``: upgrade, downgrade and back up the database."""

import errno
import fcntl
import os
import re
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.cli.context import cli_errors
from affiliate.cli.outputs import Group
from affiliate.database.sqlite_file import BACKUP_NOTE
from affiliate.durable_files import sync_folder
from affiliate.errors import LedgerError
from affiliate.services import current_services

LOCK_SUFFIX: Final = "-lock"
"""The end of the name of a copy's lock file."""

group = Group("ledger", help="The database of searches, clicks and purchases.")


@group.command()
def upgrade() -> None:
    """Bring the tables up to date; safe to run at any time and more than once."""
    with cli_errors():
        current_services().ledger.upgrade()
    click.echo("The ledger is up to date.")


@group.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_appcontext
def downgrade(revision: str, *, yes: bool) -> None:
    """Downgrade the tables to REVISION, such as 0010, for an older version of this program.

    Make a backup first: the content of newer tables and columns is lost.
    """
    with cli_errors():
        losses = current_services().ledger.describe_losses(revision)
        if not losses:
            click.echo(f"The ledger is at {revision} or before; nothing is to be done.")
            return
        for loss in losses:
            click.echo(f"- {loss}")
        if not yes:
            click.confirm("Take the ledger back?", abort=True)
        current_services().ledger.downgrade(revision)
    click.echo(f"The ledger is at {revision}. A start of this version brings it up to date again.")


@group.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@with_appcontext
def backup(file: Path, *, force: bool) -> None:
    """Copy the ledger into FILE while the site runs; only its owner can read FILE.

    A ledger in PostgreSQL is copied by pg_dump.
    """
    if current_services().ledger.is_own_file(file):
        raise click.ClickException(f"{file} is the ledger itself; name another file.")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force replaces it.")
    _remove_leftovers(file)
    try:
        with _create_part_file(file) as part:
            _copy_ledger(part, file)
            _move_into_place(part, file, force=force)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
    with suppress(OSError):  # only `flask doctor` reads the note
        (current_services().config.data_dir / BACKUP_NOTE).touch()
    click.echo(f"{file}: {file.stat().st_size} bytes.")
    click.echo("Keep SECRET_KEY with it: without it nobody can read the tokens of accounts.")


def _remove_leftovers(file: Path) -> None:
    """Remove unfinished copies of that name that killed commands have left."""
    with suppress(OSError):
        for leftover in file.parent.iterdir():
            match = re.fullmatch(rf"\.{re.escape(file.name)}\.[0-9a-f]+\.part", leftover.name)
            if match and not _is_in_use(leftover):
                _remove_copy(leftover)


@contextmanager
def _create_part_file(file: Path) -> Iterator[Path]:
    """Create an empty file for a copy, with a lock file beside it, and remove both at the end.

    The lock tells other commands, also in other containers, that the copy is being made. The copy
    itself is not locked, as SQLite puts its own locks on it.
    """
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    lock = os.open(f"{part}{LOCK_SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(OSError):  # a disk without locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.touch(mode=0o600, exist_ok=False)
        yield part
    finally:
        _remove_copy(part)
        os.close(lock)


def _is_in_use(part: Path) -> bool:
    """Return whether a command holds the lock of a copy, or may hold it on a disk without locks."""
    try:
        lock = os.open(f"{part}{LOCK_SUFFIX}", os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _copy_ledger(part: Path, file: Path) -> None:
    """Copy the ledger into ``part``; failures name ``file``.

    Raises:
        ClickException: the copy failed, or the ledger is in PostgreSQL.
    """
    try:
        is_copied = current_services().ledger.back_up_to(part)
    except LedgerError as error:
        raise click.ClickException(f"{file} was not made: {error}") from None
    if not is_copied:
        name = shlex.quote(str(file))
        dump = f'pg_dump --format=custom --no-owner --file={name} "$DATABASE_URL"'
        raise click.ClickException(f"The ledger is in PostgreSQL, which has its own: {dump}")


def _remove_copy(part: Path) -> None:
    """Remove a copy: first its lock, then the copy and the files that SQLite puts beside it."""
    for suffix in (LOCK_SUFFIX, "", "-journal", "-wal", "-shm"):
        Path(f"{part}{suffix}").unlink(missing_ok=True)


def _move_into_place(part: Path, file: Path, *, force: bool) -> None:
    """Sync a complete copy to the disk, then give the copy its final name."""
    with part.open("rb+") as copy:
        os.fsync(copy.fileno())
    if force or not _try_to_link(part, file):
        part.replace(file)
    sync_folder(file.parent)


def _try_to_link(part: Path, file: Path) -> bool:
    """Give a copy a second name; False where the disk, such as a memory stick, has no hard links.

    Raises:
        OSError: another file has taken the name meanwhile, or another failure.
    """
    try:
        file.hardlink_to(part)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS} or file.exists():
            raise
        return False
    return True
