"""``flask searches``: what visitors searched for most."""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

import click
from flask.cli import with_appcontext

from affiliate.commands import options, tables
from affiliate.commands.told import ledger_of_app, told

USUAL_DAYS: Final = 7
USUAL_ROWS: Final = 50
COLUMNS: Final = ("words", "language", "filters", "searches")


@click.command()
@options.since
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=USUAL_ROWS,
    show_default=True,
    help="So many of the most asked.",
)
@options.as_json
@with_appcontext
def searches(*, since: datetime | None, limit: int, as_json: bool) -> None:
    """Show what was searched for most, in small letters: of the last 7 days, unless --since.

    A search counts once for each client and day, where it found something. Counts are kept for
    SEARCHES_KEEP_DAYS.
    """
    first = since.date() if since else datetime.now(UTC).date() - timedelta(days=USUAL_DAYS)
    with told():
        rows = [_row(query, times) for query, times in ledger_of_app().asked(first, limit)]
    if as_json:
        options.show_json(rows)
    elif rows:
        tables.show(COLUMNS, [[row[name] for name in COLUMNS] for row in rows], {"searches"})
    else:
        click.echo(f"There was no search since {first}.")


def _row(query: str, times: int) -> dict[str, object]:
    """Return a counted search as the cells of its row."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    words, language = fields.pop("q", ""), fields.pop("lang", "")
    return {
        "query": query,
        "words": words,
        "language": language,
        "filters": urlencode(fields, safe=",/"),
        "searches": times,
    }
