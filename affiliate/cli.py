"""The owner's commands: clicks, warm, cache and ledger."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import IO, Final

import click
import msgspec
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from affiliate.agencies import AGENCIES
from affiliate.cache import FORMAT, search_key
from affiliate.commands import (
    accounts,
    agencies,
    collections,
    doctor,
    history,
    licensing,
    lookups,
    options,
    subscriptions,
    sync,
)
from affiliate.errors import BadQuery, LedgerError, StoreDown, StoreRefused
from affiliate.ledger import GROUPS, Click, Ledger
from affiliate.page import Site
from affiliate.query import SearchQuery
from affiliate.tally import MARKS, counter
from affiliate.transport import longer_calls
from affiliate.words import is_masked
from affiliate.words import key as key_of_words

WARM_SECONDS: Final = 60.0
"""How long a call to warm the cache may take at least."""

ledger_group = AppGroup("ledger", help="The database of searches and clicks.")
cache_group = AppGroup("cache", help="The cache of agencies' answers.")


def register(app: Flask) -> None:
    """Add the commands to an app that keeps its `Ledger` as ``app.extensions["ledger"]``."""
    app.cli.add_command(clicks)
    app.cli.add_command(ledger_group)
    app.cli.add_command(cache_group)
    app.cli.add_command(warm)
    app.cli.add_command(accounts.group)
    app.cli.add_command(agencies.group)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(subscriptions.subscriptions)
    app.cli.add_command(licensing.license)
    app.cli.add_command(history.history)
    app.cli.add_command(collections.group)
    app.cli.add_command(lookups.show)
    app.cli.add_command(lookups.contributor)
    app.cli.add_command(sync.download)
    app.cli.add_command(sync.sync)


@ledger_group.command()
def upgrade() -> None:
    """Bring the tables up to date; safe to run at any time and more than once."""
    with _told():
        _ledger().upgrade()
    click.echo("The ledger is up to date.")


@click.command()
@click.option("--by", metavar="NAMES", help=f"Comma list of {', '.join(GROUPS)}.  [day,agency]")
@options.since
@options.until
@options.csv_file(
    "Write every single click to a file, or to - for the screen, instead of counting."
)
@with_appcontext
def clicks(
    by: str | None, since: datetime | None, until: datetime | None, file: IO[str] | None
) -> None:
    """Show what visitors clicked."""
    first, last = since.date() if since else None, until.date() if until else None
    with _told():
        if file is None:
            _show_table((by or "day,agency").replace(",", " ").split(), first, last)
        elif by is None:
            _write_csv(file, first, last)
        else:
            raise click.UsageError("--csv writes single clicks; it can't be used with --by.")


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
    with _told():
        asked = [SearchQuery.from_query_string(one) for one, _ in _ledger().asked(since, searches)]
        known = (one for one in asked if not any(is_masked(value) for _, value in one.pairs()))
        wanted: dict[str, SearchQuery] = {}
        for query in (*map(_words, _site().config.site_topics), *known):
            wanted.setdefault(query.key(), query)
        for query in wanted.values():
            if made >= calls:
                break
            with longer_calls(WARM_SECONDS):
                made += _site().search.warm(query, within)
            looked += 1
    click.echo(f"Looked at {looked} searches, asked the agencies {made} times.")


@cache_group.command()
def size() -> None:
    """Show how much is cached and how often the cache answered today."""
    with _told():
        entries, used = _site().store.store.size()
        counts = {mark: _site().store.store.count(counter(mark)) for mark in MARKS}
    total = sum(counts.values())
    click.echo(f"{entries} entries, {used / 1e6:.1f} MB")
    for mark, count in counts.items():
        share = f"{count / total:.1%}" if total else "-"
        click.echo(f"{mark.lower():7} {count:9} {share:>7}")


@cache_group.command()
@click.argument("query")
def look(query: str) -> None:
    """Show a search's entries: QUERY is words, or a query string such as q=cat&type=photo."""
    with _told():
        asked = _query(query)
        for one in _site().search.listed:
            key = search_key(one.agency.source, asked, 0, one.agency.chunk_size)
            answer = _site().search.peek(asked, one)
            if answer is None:
                click.echo(f"{key}  nothing")
            elif answer.value is None:
                click.echo(f"{key}  failed: {answer.failure and answer.failure.message}")
            else:
                search_id = answer.value.search_id
                click.echo(
                    f"{key}  {answer.status} for {answer.lifetime:.0f} s,"
                    f" {len(answer.value.items)} of {answer.value.total} pictures"
                    + (f", search {search_id}" if search_id else "")
                )


@cache_group.command()
@click.option("--agency", type=click.Choice(tuple(AGENCIES)), help="Only this agency's.")
@click.option("--words", help="Only those found with exactly these words.")
def drop(agency: str | None, words: str | None) -> None:
    """Forget cached answers of an agency, of some words, or all.

    Without words it is forgotten too that an agency failed and is left alone.
    """
    with _told():
        wanted = _query(words) if words else None
        store = _site().store.store
        dropped = 0
        for key in store.keys(f"{FORMAT}:page:"):  # pages made of the answers
            store.delete(key)
        for kind in (
            *("search", "details", "similar", "suggest", "categories"),
            *("featured", "about", "collection"),
        ):
            for key in store.keys(f"{FORMAT}:{kind}:{agency}:" if agency else f"{FORMAT}:{kind}:"):
                if wanted is None or (kind == "search" and _has_words(key, wanted)):
                    dropped += store.delete(key)
        for one in _site().search.every if wanted is None else ():
            if agency in {None, one.agency.name}:
                _site().search.ask_again(one)
        for kind in ("open", "chunk") if wanted is None else ():
            for key in store.keys(f"{kind}:{agency}:" if agency else f"{kind}:"):
                store.delete(key)
    click.echo(f"Dropped {dropped} entries.")


def _has_words(key: str, wanted: SearchQuery) -> bool:
    """Return whether an entry is of a search for the words, in whatever language."""
    entry = SearchQuery.from_query_string(key.split(":", 5)[5])
    return key_of_words(wanted.q, entry.lang or "") == entry.q


def _query(text: str) -> SearchQuery:
    """A search from words or from a query string, in the site's language."""
    query = SearchQuery.from_query_string(text) if "=" in text else _words(text)
    return query if query.lang else query.replace(lang=_site().config.site_language)


def _words(text: str) -> SearchQuery:
    """The search for some words in the site's language, as a topic of the start page asks it."""
    language = _site().config.site_language
    return SearchQuery.from_parameters({"q": [text], "lang": [language]})


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site


def _ledger() -> Ledger:
    ledger: Ledger = current_app.extensions["ledger"]
    return ledger


@contextmanager
def _told() -> Iterator[None]:
    """Failures as a sentence for the person at the keyboard, not a traceback."""
    try:
        yield
    except BadQuery as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    except (LedgerError, StoreDown, StoreRefused) as error:
        raise click.ClickException(str(error)) from error


def _show_table(by: Sequence[str], since: date | None, until: date | None) -> None:
    by = tuple(dict.fromkeys(by))
    counts = _ledger().counts(by, since, until)
    table = [[*by, "clicks"], *(list(map(str, row.values())) for row in counts)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for *groups, number in table:
        padded = [c + " " * (w - _width(c)) for c, w in zip(groups, widths, strict=False)]
        click.echo("  ".join([*padded, number.rjust(widths[-1])]))


def _width(text: str) -> int:
    """Columns that a text takes on the screen: two for each wide (Chinese, Japanese) sign."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _write_csv(file: IO[str], since: date | None, until: date | None) -> None:
    out = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    out.writerow(["at", *Click.__struct_fields__])
    for at, one in _ledger().rows(since, until):
        cells = map(options.inert, msgspec.structs.astuple(one))
        out.writerow([at.isoformat(timespec="seconds"), *cells])
