"""``flask ledger``: bring the database up to date, take it back, copy it."""

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
from affiliate.durable_files import sync_folder
from affiliate.errors import LedgerError
from affiliate.services import current_services

BACKUP_NOTE: Final = "last-backup"
"""An empty file in ``DATA_DIR``, whose time is that of the last backup."""

LOCK: Final = "-lock"
"""End the name of the lock of a copy with this."""

group = Group("ledger", help="The database of searches, clicks and purchases.")


@group.command()
def upgrade() -> None:
    """Bring the tables up to date; safe to run at any time and more than once."""
    with cli_errors():
        current_services().ledger.upgrade()
    click.echo("The ledger is up to date.")


@group.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@with_appcontext
def downgrade(revision: str, *, yes: bool) -> None:
    """Take the tables back to REVISION, such as 0010, for an older version of this program.

    Make a backup first: what newer tables and columns hold is lost.
    """
    with cli_errors():
        losses = current_services().ledger.losses(revision)
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
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
@with_appcontext
def backup(file: Path, *, force: bool) -> None:
    """Copy the ledger into FILE while the site runs; only its owner can read FILE.

    A ledger in PostgreSQL is copied by pg_dump.
    """
    if current_services().ledger.stands_at(file):
        raise click.ClickException(f"{file} is the ledger itself; name another file.")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force replaces it.")
    _remove_left(file)
    try:
        with _part_of(file) as part:
            _copy_into(part, file)
            _put_in_place(part, file, force=force)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
    with suppress(OSError):  # it serves `flask doctor` alone
        (current_services().config.data_dir / BACKUP_NOTE).touch()
    click.echo(f"{file}: {file.stat().st_size} bytes.")
    click.echo("Keep SECRET_KEY with it: without it nobody can read the tokens of accounts.")


def _remove_left(file: Path) -> None:
    """Remove what commands that were killed have left of copies of that name."""
    with suppress(OSError):
        for left in file.parent.iterdir():
            found = re.fullmatch(rf"\.{re.escape(file.name)}\.[0-9a-f]+\.part", left.name)
            if found and not _is_being_made(left):
                _remove(left)


@contextmanager
def _part_of(file: Path) -> Iterator[Path]:
    """Make an empty file for a copy, locked beside it until the copy is removed at the end.

    The lock tells other commands, also those of other containers, that the copy is being made. It
    is no lock of the copy itself, which SQLite has locks of its own on.
    """
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    lock = os.open(f"{part}{LOCK}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with suppress(OSError):  # a disk that knows no locks
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.touch(mode=0o600, exist_ok=False)
        yield part
    finally:
        _remove(part)
        os.close(lock)


def _is_being_made(part: Path) -> bool:
    """Return whether a command holds the lock of a copy, or may: a disk may know no locks."""
    try:
        lock = os.open(f"{part}{LOCK}", os.O_RDWR)
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


def _copy_into(part: Path, file: Path) -> None:
    """Copy the ledger into ``part``; failures are told of ``file``."""
    try:
        is_copied = current_services().ledger.back_up(part)
    except LedgerError as error:
        raise click.ClickException(f"{file} was not made: {error}") from None
    if not is_copied:
        name = shlex.quote(str(file))
        dump = f'pg_dump --format=custom --no-owner --file={name} "$DATABASE_URL"'
        raise click.ClickException(f"The ledger is in PostgreSQL, which has its own: {dump}")


def _remove(part: Path) -> None:
    """Remove a copy with what SQLite has put beside it, and first of all its lock."""
    for end in (LOCK, "", "-journal", "-wal", "-shm"):
        Path(f"{part}{end}").unlink(missing_ok=True)


def _put_in_place(part: Path, file: Path, *, force: bool) -> None:
    """Give a whole copy its name, once it is on the disk."""
    with part.open("rb+") as copy:
        os.fsync(copy.fileno())
    if force or not _is_linked(part, file):
        part.replace(file)
    sync_folder(file.parent)


def _is_linked(part: Path, file: Path) -> bool:
    """Give a copy a second name; False where the disk, as that of a memory stick, knows of none.

    Raises:
        OSError: another file has come there meanwhile, or anything else.
    """
    try:
        file.hardlink_to(part)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS} or file.exists():
            raise
        return False
    return True
