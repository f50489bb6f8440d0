"""``flask cache``: show the size, hits and entries of the cache, and drop entries."""

import click

from affiliate.agencies import AGENCIES
from affiliate.cache.keys import (
    FORMAT,
    PAGE_FORMAT,
    search_key,
)
from affiliate.cache.stores.redis import RedisStore
from affiliate.cli import options, outputs
from affiliate.cli.context import cli_errors
from affiliate.cli.warm import build_words_query
from affiliate.domain.query import SearchQuery
from affiliate.domain.words import to_key as key_of_words
from affiliate.search.cached_searches import peek_first_chunk
from affiliate.search.usage import MARKS, counter_name
from affiliate.services import current_services

group = outputs.Group("cache", help="The cache of agencies' answers.")


@group.command()
@options.as_json
def size(*, as_json: bool) -> None:
    """Show the size of the cache and how often the cache answered today."""
    store = current_services().store.store
    with cli_errors():
        entries, size_bytes = store.size()
        counts = {status.lower(): store.read_counter(counter_name(status)) for status in MARKS}
        servers = store.read_limits() if isinstance(store, RedisStore) else []
    if as_json:
        answers = {"entries": entries, "bytes": size_bytes, "answers": counts}
        outputs.print_json({**answers, "servers": [server._asdict() for server in servers]})
        return
    total = sum(counts.values())
    click.echo(f"{entries} entries, {size_bytes / 1e6:.1f} MB")
    for server in servers:
        limit = f"{server.maxmemory / 1e6:.1f} MB" if server.maxmemory else "no limit"
        click.echo(
            f"Redis: {server.used / 1e6:.1f} MB of {limit}, policy {server.policy or 'unknown'}"
        )
    for status, count in counts.items():
        share = f"{count / total:.1%}" if total else "-"
        click.echo(f"{status:7} {count:9} {share:>7}")


@group.command()
@click.argument("query")
def look(query: str) -> None:
    """Show a search's entries: QUERY is words, or a query string such as q=cat&type=photo."""
    with cli_errors():
        search_query = _parse_query(query)
        for enabled in current_services().registry.enabled:
            key = search_key(enabled.agency.source, search_query, 0, enabled.agency.chunk_size)
            answer = peek_first_chunk(current_services().gateway, enabled, search_query)
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
@click.option("--agency", type=click.Choice(tuple(AGENCIES)), help="Only answers of this agency.")
@click.option("--words", help="Only answers to searches for exactly these words.")
def drop(agency: str | None, words: str | None) -> None:
    """Drop the cached answers of an agency, the answers to some words, or all answers.

    Without --words this also ends the suspension of agencies that failed.
    """
    with cli_errors():
        query = _parse_query(words) if words else None
        store = current_services().store.store
        count = 0
        for key in store.keys(f"{PAGE_FORMAT}:page:"):  # pages made of the answers
            store.delete(key)
        for kind in (
            *("search", "details", "similar", "suggest", "categories"),
            *("featured", "about", "collection"),
        ):
            for key in store.keys(f"{FORMAT}:{kind}:{agency}:" if agency else f"{FORMAT}:{kind}:"):
                if query is None or (kind == "search" and _has_words(key, query)):
                    count += store.delete(key)
        for enabled in current_services().registry.configured if query is None else ():
            if agency in {None, enabled.agency.name}:
                current_services().gateway.end_suspension(enabled)
        for kind in ("open", "chunk") if query is None else ():
            for key in store.keys(f"{kind}:{agency}:" if agency else f"{kind}:"):
                store.delete(key)
    click.echo(f"Dropped {count} entries.")


def _has_words(key: str, query: SearchQuery) -> bool:
    """Return whether an entry answers a search for the words of a query, in any language."""
    entry = SearchQuery.from_query_string(key.split(":", 5)[5])
    return key_of_words(query.q, entry.lang or "") == entry.q


def _parse_query(text: str) -> SearchQuery:
    """Return the search for words or for a query string, by default in the site's language."""
    query = SearchQuery.from_query_string(text) if "=" in text else build_words_query(text)
    return query if query.lang else query.replace(lang=current_services().config.site_language)
