"""Options that several commands share, with their checks, and cells of CSV files."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from typing import IO, Any, Final, TypeVar

import click

from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.models import MediaKind

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_DAYS_BACK: Final = 36_500
"""The most days that ``Nd`` may go back: a century."""

MAX_ROWS: Final = 10**9


class Day(click.ParamType[datetime]):
    """A day in UTC: ``2026-03-01``, ``today``, ``yesterday``, or ``7d`` for seven days ago."""

    name = "day"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the first moment of the day, without a time zone."""
        if isinstance(value, datetime):
            return value
        text = value.strip().lower()
        days = {"today": 0, "yesterday": 1}.get(text)
        if match := re.fullmatch(r"([0-9]{1,5})d", text, re.ASCII):
            days = int(match[1])
        if days is None:
            return self._parse_date(text, param, ctx)
        if days > MAX_DAYS_BACK:
            self.fail(f"{value!r} is too long ago.", param, ctx)
        return datetime.combine(datetime.now(UTC).date() - timedelta(days=days), time.min)

    def _parse_date(
        self, text: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day, which has no zone
        except ValueError:
            forms = "a day such as 2026-03-01, today, yesterday, or 7d for seven days ago"
            self.fail(f"{text!r} is not {forms}.", param, ctx)


class CsvFile(click.ParamType[IO[str]]):
    """A UTF-8 file that begins with a byte order mark, for Excel; standard output has no mark."""

    name = "file"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> IO[str]:
        """Return the file, which is created with its first line."""
        encoding = "utf-8" if value == "-" else "utf-8-sig"
        return click.File("w", encoding=encoding, lazy=True).convert(value, param, ctx)


since = click.option("--since", type=Day(), metavar="DAY", help="First day, in UTC.")
until = click.option("--until", type=Day(), metavar="DAY", help="Last day, in UTC; 7d: 7 days ago.")
limit = click.option(
    "--limit", type=click.IntRange(1, MAX_ROWS), metavar="N", help="Show only the first N rows."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
live = click.option("--live", is_flag=True, help="Use the real account, not the sandbox.")
agency = click.option(
    "--agency",
    type=click.Choice((AGENCY, *SELLERS)),
    default=AGENCY,
    show_default=True,
    help="The agency; only shutterstock has a sandbox.",
)
video = click.option("--video", is_flag=True, help="Videos instead of images.")
editorial = click.option(
    "--editorial", is_flag=True, help="Use the agency's separate editorial collections."
)


def csv_file(words: str) -> Callable[[Command], Command]:
    """Return the option to write a table to a file, with ``words`` as its help text."""
    return click.option("--csv", "file", type=CsvFile(), metavar="FILE", help=words)


@contextmanager
def closing_csv(file: IO[str]) -> Iterator[IO[str]]:
    """Flush a file of `csv_file` at the end, and close a file that can't be written.

    Raises:
        ClickException: the file can't be written, with the reason.
        OSError: standard output can't be written.
    """
    try:
        yield file
        file.flush()
    except OSError as error:
        if file.name == "-":
            raise
        with suppress(OSError):
            file.close()
        reason = os.strerror(error.errno or 0)
        raise click.ClickException(f"{file.name} can't be written: {reason}.") from None


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Refuse a period that ends before it begins.

    Raises:
        UsageError: ``since`` is after ``until``.
    """
    if since and until and until < since:
        raise click.UsageError(f"--since {since.date()} is after --until {until.date()}.")


def check_not_future(since: datetime | None) -> None:
    """Refuse a first day that has begun nowhere on Earth yet, for counts of this site.

    Raises:
        UsageError: the day is after tomorrow, in UTC.
    """
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    if since and since.date() > tomorrow:
        raise click.UsageError(f"--since {since.date()} is in the future.")


def get_period_end(until: datetime) -> datetime:
    """Return the end of the last wanted day, in UTC."""
    day = until.replace(tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    return last if day.date() == last.date() else day + timedelta(days=1)


def check_single_output(file: IO[str] | None, *, as_json: bool) -> None:
    """Refuse ``--csv`` and ``--json`` together.

    Raises:
        UsageError: both were given.
    """
    if file is not None and as_json:
        raise click.UsageError("--csv and --json can't be used together.")


def choose_media(*, video: bool, editorial: bool) -> MediaKind:
    """Return the kind of media that the options name."""
    if editorial:
        return "editorial-video" if video else "editorial"
    return "video" if video else "image"
