"""``flask cache``: what is cached, how often the cache answers, and forgetting of it."""

import click

from affiliate.agencies import AGENCIES
from affiliate.cache.keys import (
    FORMAT,
    PAGE_FORMAT,
    search_key,
)
from affiliate.cache.stores import RedisStore
from affiliate.cli import options, outputs
from affiliate.cli.context import cli_errors
from affiliate.cli.warm import words_query
from affiliate.domain.query import SearchQuery
from affiliate.domain.words import to_key as key_of_words
from affiliate.search.usage import MARKS, counter
from affiliate.services import current_services

group = outputs.Group("cache", help="The cache of agencies' answers.")


@group.command()
@options.as_json
def size(*, as_json: bool) -> None:
    """Show how much is cached and how often the cache answered today."""
    store = current_services().store.store
    with cli_errors():
        entries, used = store.size()
        counts = {mark.lower(): store.read_counter(counter(mark)) for mark in MARKS}
        servers = store.read_limits() if isinstance(store, RedisStore) else []
    if as_json:
        answers = {"entries": entries, "bytes": used, "answers": counts}
        outputs.show_json({**answers, "servers": [one._asdict() for one in servers]})
        return
    total = sum(counts.values())
    click.echo(f"{entries} entries, {used / 1e6:.1f} MB")
    for one in servers:
        most = f"{one.maxmemory / 1e6:.1f} MB" if one.maxmemory else "no limit"
        click.echo(f"Redis: {one.used / 1e6:.1f} MB of {most}, policy {one.policy or 'unknown'}")
    for mark, count in counts.items():
        share = f"{count / total:.1%}" if total else "-"
        click.echo(f"{mark:7} {count:9} {share:>7}")


@group.command()
@click.argument("query")
def look(query: str) -> None:
    """Show a search's entries: QUERY is words, or a query string such as q=cat&type=photo."""
    with cli_errors():
        asked = _query(query)
        for one in current_services().search.enabled:
            key = search_key(one.agency.source, asked, 0, one.agency.chunk_size)
            answer = current_services().search.peek(asked, one)
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


@group.command()
@click.option("--agency", type=click.Choice(tuple(AGENCIES)), help="Only this agency's.")
@click.option("--words", help="Only those found with exactly these words.")
def drop(agency: str | None, words: str | None) -> None:
    """Forget cached answers of an agency, of some words, or all.

    Without words it is forgotten too that an agency failed and is left alone.
    """
    with cli_errors():
        wanted = _query(words) if words else None
        store = current_services().store.store
        dropped = 0
        for key in store.keys(f"{PAGE_FORMAT}:page:"):  # pages made of the answers
            store.delete(key)
        for kind in (
            *("search", "details", "similar", "suggest", "categories"),
            *("featured", "about", "collection"),
        ):
            for key in store.keys(f"{FORMAT}:{kind}:{agency}:" if agency else f"{FORMAT}:{kind}:"):
                if wanted is None or (kind == "search" and _has_words(key, wanted)):
                    dropped += store.delete(key)
        for one in current_services().search.configured if wanted is None else ():
            if agency in {None, one.agency.name}:
                current_services().search.ask_again(one)
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
    query = SearchQuery.from_query_string(text) if "=" in text else words_query(text)
    return query if query.lang else query.replace(lang=current_services().config.site_language)
