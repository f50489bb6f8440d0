"""``flask searches``: visitors' most frequent searches, and searches without a result."""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

import click
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.services import current_services

DEFAULT_DAYS: Final = 7
DEFAULT_ROWS: Final = 50
COLUMNS: Final = ("words", "language", "filters", "searches")
NUMBER_COLUMNS: Final = frozenset({"searches", "missed"})


@click.command(cls=outputs.Command)
@options.since
@click.option(
    "--limit",
    type=click.IntRange(1, options.MAX_ROWS),
    default=DEFAULT_ROWS,
    show_default=True,
    help="Number of the most frequent searches.",
)
@click.option("--missed", is_flag=True, help="Only searches without a result, most missed first.")
@options.as_json
@with_appcontext
def searches(*, since: datetime | None, limit: int, missed: bool, as_json: bool) -> None:
    """Show the most frequent searches in lower case, of the last 7 days unless --since is given.

    A search counts once for each client and day. A search for which every agency found nothing
    also counts as missed; of such searches the 1,000 most frequent are kept for each day. Counts
    are kept for SEARCHES_KEEP_DAYS.
    """
    options.check_not_future(since)
    first = since.date() if since else datetime.now(UTC).date() - timedelta(days=DEFAULT_DAYS)
    with cli_errors():
        counts = current_services().search_counts.list_searched(first, limit, only_missed=missed)
    rows = [_build_row(*count) for count in counts]
    if as_json:
        outputs.print_json(rows)
    elif rows:
        has_missed = any(row["missed"] for row in rows)
        heads = [*COLUMNS, *(["missed"] if has_missed else ())]
        tables.show(heads, [[row[name] for name in heads] for row in rows], NUMBER_COLUMNS)
    else:
        suffix = " that found nothing" if missed else ""
        click.echo(f"There was no search{suffix} since {first}.")


def _build_row(query: str, times: int, missed: int) -> dict[str, object]:
    """Return a counted search as a row of named cells."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    words, language = fields.pop("q", ""), fields.pop("lang", "")
    return {
        "query": query,
        "words": words,
        "language": language,
        "filters": urlencode(fields, safe=",/"),
        "searches": times,
        "missed": missed,
    }
