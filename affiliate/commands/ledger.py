"""``flask ledger``: bring the database up to date, take it back, copy it."""

import errno
import os
import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.commands.outputs import Group
from affiliate.commands.told import ledger_of_app, site_of_app, told
from affiliate.disks import sync_folder
from affiliate.errors import LedgerError

BACKUP_NOTE: Final = "last-backup"
"""An empty file in ``DATA_DIR``, whose time is that of the last backup."""

group = Group("ledger", help="The database of searches, clicks and purchases.")


@group.command()
def upgrade() -> None:
    """Bring the tables up to date; safe to run at any time and more than once."""
    with told():
        ledger_of_app().upgrade()
    click.echo("The ledger is up to date.")


@group.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@with_appcontext
def downgrade(revision: str, *, yes: bool) -> None:
    """Take the tables back to REVISION, such as 0010, for an older version of this program.

    Make a backup first: what newer tables and columns hold is lost.
    """
    with told():
        losses = ledger_of_app().losses(revision)
        if not losses:
            click.echo(f"The ledger is at {revision} or before; nothing is to be done.")
            return
        for loss in losses:
            click.echo(f"- {loss}")
        if not yes:
            click.confirm("Take the ledger back?", abort=True)
        ledger_of_app().downgrade(revision)
    click.echo(f"The ledger is at {revision}. A start of this version brings it up to date again.")


@group.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
@with_appcontext
def backup(file: Path, *, force: bool) -> None:
    """Copy the ledger into FILE while the site runs; only its owner can read FILE.

    A ledger in PostgreSQL is copied by pg_dump.
    """
    if ledger_of_app().stands_at(file):
        raise click.ClickException(f"{file} is the ledger itself; name another file.")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force replaces it.")
    _remove_left(file)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.touch(mode=0o600, exist_ok=False)
        try:
            is_copied = ledger_of_app().back_up(part)
        except LedgerError as error:
            raise click.ClickException(f"{file} was not made: {error}") from None
        if not is_copied:
            name = shlex.quote(str(file))
            dump = f'pg_dump --format=custom --no-owner --file={name} "$DATABASE_URL"'
            raise click.ClickException(f"The ledger is in PostgreSQL, which has its own: {dump}")
        _put_in_place(part, file, force=force)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
    finally:
        _remove(part)
    with suppress(OSError):  # it serves `flask doctor` alone
        (site_of_app().config.data_dir / BACKUP_NOTE).touch()
    click.echo(f"{file}: {file.stat().st_size} bytes.")
    click.echo("Keep SECRET_KEY with it: without it nobody can read the tokens of accounts.")


def _remove_left(file: Path) -> None:
    """Remove what commands that were killed have left of copies of that name."""
    with suppress(OSError):
        for left in file.parent.iterdir():
            found = re.fullmatch(rf"\.{re.escape(file.name)}\.([1-9][0-9]*)\.part", left.name)
            if found and not _is_another_running(int(found[1])):
                _remove(left)


def _is_another_running(process: int) -> bool:
    """Return whether a process other than this one has the number; containers give it again."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _remove(part: Path) -> None:
    """Remove a copy with what SQLite has put beside it."""
    for end in ("", "-journal", "-wal", "-shm"):
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
