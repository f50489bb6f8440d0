"""``flask warm``: asking agencies before visitors do.

What could not be asked is told and gives the command a status, as schedulers read nothing else.
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
from affiliate.domain.query import SearchQuery
from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.domain.words import is_masked
from affiliate.errors import DEFAULT_SUSPENSION_REASON, SUSPENSION_REASONS
from affiliate.search.federation import EnabledAgency
from affiliate.search.service import SearchService
from affiliate.services import current_services
from affiliate.transport.client import allow_longer_calls

WARM_SECONDS: Final = 60.0
"""How long a call to warm the cache may take at least."""


class Skipped(msgspec.Struct, frozen=True):
    """How many searches an agency was not asked for or did not answer, and why the last one."""

    searches: int = 0
    why: str = ""


class Warmed(msgspec.Struct):
    """Count the searches that were looked at, asked for, and skipped by agency.

    ``pages`` counts what else the sitemap lists and was asked for.
    """

    looked: int = 0
    asked: int = 0
    pages: int = 0
    skipped: dict[str, Skipped] = {}

    def skip(self, agency: str, why: str) -> None:
        """Count a search that an agency was not asked for or did not answer."""
        before = self.skipped.get(agency, Skipped())
        self.skipped[agency] = Skipped(before.searches + 1, why)


@click.command(cls=outputs.Command)
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
    type=click.IntRange(0),
    default=6 * 3600,
    show_default=True,
    help="Those that will be fresh for less than so many seconds.",
)
@click.option(
    "--calls",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="At most so many calls.",
)
@options.as_json
@with_appcontext
def warm(*, searches: int, days: int, within: int, calls: int, as_json: bool) -> None:
    """Ask anew for the site's topics and the searches asked most, where about to go stale.

    What else the sitemap lists, topics in all languages of the pages and featured collections, is
    asked for with the calls that are left, where nothing of it can be shown to search engines.

    The exit status is 1 if any of them could not be asked for: the calls of an agency are spent,
    it is left alone, or it failed.
    """
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    done = Warmed()
    with cli_errors():
        wanted = _wanted(since, searches)
        for query in wanted:
            if done.asked >= calls:
                break
            _renew(query, within, done)
            done.looked += 1
        _fetch_listed(calls, done)
    if as_json:
        outputs.show_json({**msgspec.structs.asdict(done), "left": len(wanted) - done.looked})
    else:
        click.echo(f"Looked at {done.looked} searches, asked the agencies {done.asked} times.")
        if done.pages:
            click.echo(f"Asked for {done.pages} pages of the sitemap that had no pictures.")
        for name, skipped in done.skipped.items():
            plural = "search" if skipped.searches == 1 else "searches"
            click.echo(f"{name}: {skipped.searches} {plural} skipped; {skipped.why}", err=True)
        if done.looked < len(wanted):
            left = len(wanted) - done.looked
            click.echo(f"{left} were left for the next run, by --calls {calls}.")
    raise click.exceptions.Exit(int(bool(done.skipped)))


def _wanted(since: date, most: int) -> list[SearchQuery]:
    """Return the site's topics and what was asked most since a day, each once."""
    asked = [
        SearchQuery.from_query_string(one)
        for one, _ in current_services().search_counts.list_found(since, most)
    ]
    known = (one for one in asked if not any(is_masked(value) for _, value in one.pairs()))
    wanted: dict[str, SearchQuery] = {}
    for query in (*map(words_query, current_services().config.site_topics), *known):
        wanted.setdefault(query.key(), query)
    return list(wanted.values())


def _renew(query: SearchQuery, within: int, done: Warmed) -> None:
    """Ask every agency whose answer will be fresh for less than ``within`` seconds."""
    search = current_services().search
    for one in search.enabled:
        name = one.agency.name
        if one.agency.unsupported(query) or (query.agency and name not in query.agency):
            continue
        answer = search.peek(query, one)
        if answer and answer.value and answer.status == "fresh" and answer.lifetime > within:
            continue
        if not (hindered := hindrance(one, search)):
            with allow_longer_calls(WARM_SECONDS):
                done.asked += search.warm(query.replace(agency=(name,)), within)
            answer = search.peek(query, one)
            if answer and answer.value and answer.status == "fresh":
                continue
            failure = answer.failure.message if answer and answer.failure else "it failed."
            hindered = hindrance(one, search) or failure
        done.skip(name, hindered)


def _fetch_listed(most: int, done: Warmed) -> None:
    """Ask for what the sitemap lists and the store can't show, up to ``most`` calls in all.

    An agency that was skipped before is left alone.
    """
    search = current_services().search
    for one, fetch in _unknown_pages(search):
        if done.asked + done.pages >= most:
            return
        if one.agency.name in done.skipped:
            continue
        if not (hindered := hindrance(one, search)):
            with allow_longer_calls(WARM_SECONDS):
                fetched = fetch()
            done.pages += fetched
            hindered = "" if fetched else hindrance(one, search) or "it failed."
        if hindered:
            done.skip(one.agency.name, hindered)


def _unknown_pages(search: SearchService) -> Iterator[tuple[EnabledAgency, Callable[[], int]]]:
    """Yield the pages of the sitemap without an answer: whom to ask, and how.

    They are topics in languages that the site has beside its own, and featured collections.
    """
    site = current_services().config
    others = [lang for lang in UI_LANGUAGES if lang != site.site_language]
    for lang, topic, one in product(others, site.site_topics, search.enabled):
        query = SearchQuery.from_parameters({"q": [topic], "lang": [lang]})
        answer = search.peek(query, one)
        if not one.agency.unsupported(query) and not (answer and answer.value):
            yield one, partial(search.warm, query.replace(agency=(one.agency.name,)), 0)
    for about in search.featured(WARM_SECONDS).values:
        sellers = [one for one in search.enabled if one.agency.name == about.agency]
        if sellers and not search.shows_collection(about):
            yield sellers[0], partial(search.warm_collection, about)


def hindrance(one: EnabledAgency, search: SearchService) -> str:
    """Return why an agency is not asked just now, in words; empty where it is."""
    spent = [one for one in search.spent(one) if one.limit.seconds >= HOUR]
    if full := next((one for one in spent if one.calls >= one.limit.calls), None):
        rest = f"for another {max(full.rest / 60, 1):.0f} min"
        return f"its {full.limit.calls} calls are spent {rest}."
    if mark := search.left_alone(one):
        seconds, why = mark
        reason = SUSPENSION_REASONS.get(why, DEFAULT_SUSPENSION_REASON)
        return f"left alone for another {seconds:.0f} s. {reason}"
    return ""


def words_query(text: str) -> SearchQuery:
    """The search for some words in the site's language, as a topic of the start page asks it."""
    language = current_services().config.site_language
    return SearchQuery.from_parameters({"q": [text], "lang": [language]})
