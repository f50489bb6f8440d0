"""``flask warm``: refresh cached answers before visitors need them.

Skipped searches are reported and set the exit status, as schedulers read nothing else.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import product
from typing import Final

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.agencies.limits import HOUR
from affiliate.cli import options, outputs
from affiliate.cli.context import cli_errors
from affiliate.domain.masking import is_masked
from affiliate.domain.query import SearchQuery
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.errors import describe_suspension
from affiliate.search.cached_searches import peek_first_chunk
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.warming import CacheWarmer
from affiliate.services import Services, current_services
from affiliate.transport.client import allow_longer_calls

WARM_SECONDS: Final = 60.0
"""The minimum timeout of a call to warm the cache, as no visitor waits."""


class SkippedSearches(msgspec.Struct, frozen=True):
    """The number of searches skipped at an agency, and the reason for the last."""

    searches: int = 0
    why: str = ""


class WarmReport(msgspec.Struct):
    """Counts of the searches that were examined, requested, and skipped by agency.

    ``pages`` counts the other pages of the sitemap that were requested.
    """

    looked: int = 0
    asked: int = 0
    pages: int = 0
    skipped: dict[str, SkippedSearches] = {}

    def skip(self, agency: str, why: str) -> None:
        """Count a search that an agency did not answer, or that was not sent to the agency."""
        skipped = self.skipped.get(agency, SkippedSearches())
        self.skipped[agency] = SkippedSearches(skipped.searches + 1, why)


@click.command(cls=outputs.Command)
@click.option(
    "--searches",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Number of popular searches.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=7,
    show_default=True,
    help="Days over which searches are counted.",
)
@click.option(
    "--within",
    type=click.IntRange(0),
    default=6 * 3600,
    show_default=True,
    help="Refresh answers that are fresh for fewer seconds than this.",
)
@click.option(
    "--calls",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Number of calls after which no further search is refreshed.",
)
@options.as_json
@with_appcontext
def warm(*, searches: int, days: int, within: int, calls: int, as_json: bool) -> None:
    """Refresh topics and popular searches whose cached answers expire soon.

    The remaining calls go to other pages of the sitemap that have no cached answer: topics in the
    other languages of the site, and featured collections.

    The exit status is 1 if a search was skipped: the agency has no calls left, is suspended, or
    failed.
    """
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    report = WarmReport()
    with cli_errors():
        queries = _list_queries(since, searches)
        for query in queries:
            if report.asked >= calls:
                break
            _refresh_query(query, within, report)
            report.looked += 1
        _fetch_sitemap_pages(calls, report)
    if as_json:
        outputs.print_json({**msgspec.structs.asdict(report), "left": len(queries) - report.looked})
    else:
        click.echo(f"Looked at {report.looked} searches, asked the agencies {report.asked} times.")
        if report.pages:
            click.echo(f"Asked for {report.pages} pages of the sitemap that had no pictures.")
        for name, skips in report.skipped.items():
            plural = "search" if skips.searches == 1 else "searches"
            click.echo(f"{name}: {skips.searches} {plural} skipped; {skips.why}", err=True)
        if report.looked < len(queries):
            query_count = len(queries) - report.looked
            click.echo(f"{query_count} were left for the next run, by --calls {calls}.")
    raise click.exceptions.Exit(int(bool(report.skipped)))


def _list_queries(since: date, limit: int) -> list[SearchQuery]:
    """Return the site's topics and the most popular searches since a day, without duplicates."""
    popular = [
        SearchQuery.from_query_string(text)
        for text, _ in current_services().search_counts.list_found(since, limit)
    ]
    readable = (
        query for query in popular if not any(is_masked(value) for _, value in query.to_pairs())
    )
    queries: dict[str, SearchQuery] = {}
    for query in (*map(build_words_query, current_services().config.site_topics), *readable):
        queries.setdefault(query.to_key(), query)
    return list(queries.values())


def _refresh_query(query: SearchQuery, within: int, report: WarmReport) -> None:
    """Refresh the answers of agencies that are fresh for fewer than ``within`` seconds."""
    services = current_services()
    warmer = CacheWarmer(services.registry, services.gateway)
    for enabled in services.registry.enabled:
        name = enabled.agency.name
        if enabled.agency.list_unsupported_filters(query) or (
            query.agency and name not in query.agency
        ):
            continue
        answer = peek_first_chunk(services.gateway, enabled, query)
        if answer and answer.value and answer.status == "fresh" and answer.lifetime > within:
            continue
        if not (reason := describe_hindrance(enabled, services.gateway)):
            with allow_longer_calls(WARM_SECONDS):
                report.asked += warmer.refresh_search(query.replace(agency=(name,)), within)
            answer = peek_first_chunk(services.gateway, enabled, query)
            if answer and answer.value and answer.status == "fresh":
                continue
            failure = answer.failure.message if answer and answer.failure else "it failed."
            reason = describe_hindrance(enabled, services.gateway) or failure
        report.skip(name, reason)


def _fetch_sitemap_pages(limit: int, report: WarmReport) -> None:
    """Request the pages of the sitemap that have no cached answer, up to ``limit`` calls in all.

    An agency that was skipped before is not called.
    """
    services = current_services()
    for enabled, fetch in _iter_missing_pages(services):
        if report.asked + report.pages >= limit:
            return
        if enabled.agency.name in report.skipped:
            continue
        if not (reason := describe_hindrance(enabled, services.gateway)):
            with allow_longer_calls(WARM_SECONDS):
                count = fetch()
            report.pages += count
            reason = "" if count else describe_hindrance(enabled, services.gateway) or "it failed."
        if reason:
            report.skip(enabled.agency.name, reason)


def _iter_missing_pages(services: Services) -> Iterator[tuple[EnabledAgency, Callable[[], int]]]:
    """Yield the agency and the request of each page of the sitemap without a cached answer.

    The pages are topics in the site's other languages, and featured collections.
    """
    site, registry = services.config, services.registry
    warmer = CacheWarmer(registry, services.gateway)
    languages = [lang for lang in UI_LANGUAGES if lang != site.site_language]
    for lang, topic, enabled in product(languages, site.site_topics, registry.enabled):
        query = SearchQuery.from_parameters({"q": [topic], "lang": [lang]})
        answer = peek_first_chunk(services.gateway, enabled, query)
        if not enabled.agency.list_unsupported_filters(query) and not (answer and answer.value):
            query = query.replace(agency=(enabled.agency.name,))
            yield enabled, partial(warmer.refresh_search, query, 0)
    for collection in services.lookups.list_featured(WARM_SECONDS).values:
        source = registry.find_enabled(collection.agency)
        if source and not warmer.has_collection(collection):
            yield source, partial(warmer.fetch_collection, collection)


def describe_hindrance(enabled: EnabledAgency, gateway: AgencyGateway) -> str:
    """Return the reason for not calling an agency just now, in words; empty without a reason."""
    counts = [count for count in gateway.list_spent_calls(enabled) if count.limit.seconds >= HOUR]
    if full_count := next((count for count in counts if count.calls >= count.limit.calls), None):
        duration = f"for another {max(full_count.rest / 60, 1):.0f} min"
        return f"its {full_count.limit.calls} calls are spent {duration}."
    if suspension := gateway.get_suspension(enabled):
        seconds, kind = suspension
        return f"left alone for another {seconds:.0f} s, as {describe_suspension(kind)}."
    return ""


def build_words_query(text: str) -> SearchQuery:
    """Return the search for words in the site's language, equal to a topic's on the start page."""
    language = current_services().config.site_language
    return SearchQuery.from_parameters({"q": [text], "lang": [language]})
