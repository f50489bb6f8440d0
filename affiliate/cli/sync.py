"""``flask download`` and ``flask sync``: files of licenses that were bought earlier."""

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.cli.context import (
    cli_errors,
    get_seller,
    get_shutterstock_account,
)
from affiliate.cli.options import agency, live
from affiliate.cli.outputs import Command
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.errors import AgencyError, BadQuery, DownloadFailed
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.files.captions import Captions
from affiliate.licensing.files.downloads import Downloads, explain_refusal, iter_redownload_links
from affiliate.licensing.files.filenames import DEFAULT_PATTERN, FIELDS, FilenamePattern
from affiliate.licensing.files.sync import MEDIA, Sync, SyncReport
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import Seller
from affiliate.services import current_services

PROGRESS_INTERVAL: Final = 0.2
"""Seconds between two updates of the progress."""
INTERRUPTED_STATUS: Final = 130
"""The exit status after Ctrl-C, as shells expect."""

name_option = click.option(
    "--name",
    "pattern",
    default=DEFAULT_PATTERN,
    show_default=True,
    help=f"Pattern of file names, of {', '.join(f'{{{field}}}' for field in FIELDS)}.",
)


@click.command(cls=Command)
@click.argument("licenses", nargs=-1, required=True, metavar="LICENSE_ID|FILE...")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="Folder for the files.",
)
@name_option
@agency
@click.option("--video", is_flag=True, help="The licenses are for videos.")
@live
@with_appcontext
def download(  # noqa: PLR0913 - its options
    licenses: Sequence[str], folder: Path, pattern: str, *, agency: str, video: bool, live: bool
) -> None:
    """Download the files of licenses again.

    A FILE lists license ids, one per line, or is a table written by `flask history --csv`.
    """
    media: MediaKind = "video" if video else "image"
    license_ids = list(dict.fromkeys(_iter_license_ids(licenses)))
    failed = 0
    with _report_file_errors(), cli_errors():
        try_to_recover()
        names = FilenamePattern(pattern)
        folder.mkdir(parents=True, exist_ok=True)
        account = get_seller(agency, live=live)
        for record in _iter_wanted_records(account, media, license_ids):
            failed += not _download_record(account, record, folder / names.build_stem(record))
    for license_id in license_ids:
        click.echo(f"{license_id}: no such license among those of {media}s.", err=True)
    if failed or license_ids:
        raise click.exceptions.Exit(1)


@click.command(cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--media",
    type=click.Choice(MEDIA),
    multiple=True,
    default=MEDIA,
    help="Only images or only videos.  [default: both]",
)
@name_option
@live
@with_appcontext
def sync(folder: Path, media: Sequence[MediaKind], pattern: str, *, live: bool) -> None:
    """Download the files of all licenses that are not yet in DIR.

    Files carry their titles, keywords and credits; DIR/manifest.jsonl lists the files. The command
    may be stopped at any moment and run again.
    """
    ticker = _ProgressLine()
    with _report_file_errors(), cli_errors():
        try_to_recover()
        account = get_shutterstock_account(live=live)
        run = Sync(
            account,
            _create_downloads(),
            folder,
            describe=Captions(account).fetch_tags,
            pattern=FilenamePattern(pattern, unique=True),
            watch=ticker.show,
        )
        try:
            report = run.run(media)
        finally:
            ticker.end(run.report)
    for failure in report.failures:
        click.echo(failure, err=True)
    if report.failures:
        raise click.exceptions.Exit(1)


class _ProgressLine:
    """The progress on one line of a terminal; on other outputs only the final state."""

    def __init__(self) -> None:
        self._last = 0.0
        self._shows = sys.stderr.isatty()

    def show(self, report: SyncReport) -> None:
        """Print the progress on a terminal, at most once in `PROGRESS_INTERVAL`."""
        now = time.monotonic()
        if self._shows and now - self._last >= PROGRESS_INTERVAL:
            self._last = now
            share = f" {report.now_bytes / report.now_length:4.0%}" if report.now_length else ""
            click.echo(
                f"\r\x1b[K{_format_progress(report)}  {report.now}{share}", nl=False, err=True
            )

    def end(self, report: SyncReport) -> None:
        """Print the final state."""
        click.echo(("\r\x1b[K" if self._shows else "") + _format_progress(report), err=True)


def _format_progress(report: SyncReport) -> str:
    """Return the counts of a report in words."""
    parts = [
        f"{report.fetched} files, {report.bytes / 1e6:.1f} MB",
        f"{report.without} licenses without a file" if report.without else "",
        f"{len(report.failures)} failed" if report.failures else "",
    ]
    return "; ".join(filter(None, parts))


def _iter_wanted_records(
    account: Seller, media: MediaKind, license_ids: list[str]
) -> Iterator[Record]:
    """Yield the licenses with the given ids, newest first, and remove their ids from the list."""
    history = account.iter_history(media)
    while license_ids and (record := next(history, None)):
        if record.id in license_ids:
            license_ids.remove(record.id)
            yield record


def _download_record(account: Seller, record: Record, stem: Path) -> bool:
    """Fetch a file and print its path, or the failure; return whether the file was fetched."""
    try:
        if reason := explain_refusal(record):
            raise DownloadFailed(reason)  # noqa: TRY301 - reported as every other failure
        file = _create_downloads(account.agency).fetch(
            stem,
            iter_redownload_links(
                lambda: account.request_download_link(record.media, record.id, record.size)
            ),
            media=record.media,
        )
    except (DownloadFailed, AgencyError) as error:
        click.echo(f"{record.id}: {error}", err=True)
        return False
    click.echo(file.path)
    return True


def _iter_license_ids(arguments: Sequence[str]) -> Iterator[str]:
    """Yield license ids and the ids in files: of a table the column of ids, else the first."""
    for argument in arguments:
        if not Path(argument).is_file():
            yield argument
            continue
        rows = _read_rows(Path(argument))
        names = ("license_id", "id", "license")
        column = next((rows[0].index(name) for name in names if rows and name in rows[0]), None)
        yield from (row[column or 0].strip() for row in rows[column is not None :])


def _read_rows(path: Path) -> list[list[str]]:
    """Return the rows of a table or list.

    Raises:
        ClickException: the file is neither, or is not in UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row for row in csv.reader(file) if row and row[0].strip()]
    except (UnicodeDecodeError, csv.Error):
        raise click.ClickException(f"{path} is no list and no table in UTF-8.") from None


def _create_downloads(agency: str = AGENCY) -> Downloads:
    return Downloads(current_services().transport, agency=agency)


@contextmanager
def _report_file_errors() -> Iterator[None]:
    """Report failures of downloads and file names, and Ctrl-C, as a sentence."""
    try:
        yield
    except BadQuery as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    except DownloadFailed as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nStopped; run it again to go on.", err=True)
        raise click.exceptions.Exit(INTERRUPTED_STATUS) from None
