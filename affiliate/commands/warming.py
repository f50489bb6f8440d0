"""``flask warm``: asking agencies before visitors do."""

from datetime import UTC, datetime, timedelta
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.commands.told import ledger_of_app, site_of_app, told
from affiliate.query import SearchQuery
from affiliate.transport import longer_calls
from affiliate.words import is_masked

WARM_SECONDS: Final = 60.0
"""How long a call to warm the cache may take at least."""


@click.command()
@click.option(
    "--searches",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="How many of the most asked.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=7,
    show_default=True,
    help="Asked within so many days.",
)
@click.option(
    "--within",
    default=6 * 3600,
    show_default=True,
    help="Those that will be fresh for less than so many seconds.",
)
@click.option("--calls", default=100, show_default=True, help="At most so many calls.")
@with_appcontext
def warm(searches: int, days: int, within: int, calls: int) -> None:
    """Ask anew for the site's topics and the searches asked most, where about to go stale."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    made = looked = 0
    with told():
        asked = [
            SearchQuery.from_query_string(one) for one, _ in ledger_of_app().asked(since, searches)
        ]
        known = (one for one in asked if not any(is_masked(value) for _, value in one.pairs()))
        wanted: dict[str, SearchQuery] = {}
        for query in (*map(words_query, site_of_app().config.site_topics), *known):
            wanted.setdefault(query.key(), query)
        for query in wanted.values():
            if made >= calls:
                break
            with longer_calls(WARM_SECONDS):
                made += site_of_app().search.warm(query, within)
            looked += 1
    click.echo(f"Looked at {looked} searches, asked the agencies {made} times.")


def words_query(text: str) -> SearchQuery:
    """The search for some words in the site's language, as a topic of the start page asks it."""
    language = site_of_app().config.site_language
    return SearchQuery.from_parameters({"q": [text], "lang": [language]})
