"""List the tables, files, caches and logs that a site keeps, for how long, and how much now.

The owner's desk shows the list, `docs/kept.md` has the same; `web.privacy_text` makes of the
settings what a site's privacy page can say.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa

from affiliate.config.settings import Config
from affiliate.database.ledger import Ledger
from affiliate.database.owner_sessions import IDLE_LIMIT, LIFETIME
from affiliate.database.row_counts import MAX_COUNTED, count_rows
from affiliate.database.schema import metadata
from affiliate.database.sqlite_file import BACKUP_NOTE
from affiliate.durable_files import measure_file
from affiliate.errors import LedgerError, StoreDown
from affiliate.licensing.purchasing.journal import FILE_PATTERN
from affiliate.services import Services

FOR_EVER: Final = "for ever"
HOUR: Final = timedelta(hours=1)

Period = Callable[[Config], str]


class KeptKind(NamedTuple):
    """A kind of kept data: ``period`` is the time for which the settings keep the data.

    ``setting`` bounds the time, empty where no setting does. ``tables`` are the ledger's tables
    with such data, ``files`` a pattern of files in ``DATA_DIR``.
    """

    name: str
    holds: str
    reason: str
    period: Period
    setting: str = ""
    tables: tuple[str, ...] = ()
    files: str = ""


class Kept(NamedTuple):
    """A kind of kept data with its time in words, and the amount that there is now."""

    kind: KeptKind
    period: str
    amount: str


def _make_fixed_period(text: str) -> Period:
    return lambda _: text


def format_days(days: int) -> str:
    """Return a setting in days in words; 0 is for ever."""
    return FOR_EVER if not days else "1 day" if days == 1 else f"{days:,} days"


def _format_answers(config: Config) -> str:
    return f"{format_days(config.cache_days)} at most, or until room is needed"


KINDS: Final = (
    KeptKind(
        "Clicks",
        "medium, agency, words (masked), place, embedding site, time; nothing about the visitor",
        "what is clicked where, and which click led to a sale",
        lambda config: format_days(config.clicks_keep_days),
        "CLICKS_KEEP_DAYS",
        ("clicks",),
    ),
    KeptKind(
        "Clicks that wait",
        "the same, while the database takes no rows",
        "no click is lost in an outage",
        _make_fixed_period("until the database has them"),
        files="clicks.journal*",
    ),
    KeptKind(
        "Counts of searches",
        "words (masked), language, filters and how often a day, with a number of clients; nobody's"
        " address",
        "what people look for and don't find; suggestions",
        lambda config: format_days(config.searches_keep_days),
        "SEARCHES_KEEP_DAYS",
        ("searches",),
    ),
    KeptKind(
        "Figures of clicks",
        "how many clicks an hour, a day and a month, by agency, site, place, position, picture and"
        " words (masked)",
        "figures of a year in a moment",
        lambda config: format_days(config.clicks_keep_days),
        "CLICKS_KEEP_DAYS",
        ("click_hours", "click_days", "position_days", "ranked_counts", "ranked_texts", "roll_ups"),
    ),
    KeptKind(
        "Figures of searches",
        "words (masked), language and hour: how often asked, found nothing or from the cache, and"
        " how long answers took; also in the tables of words above",
        "what people look for and don't find",
        lambda config: format_days(config.searches_keep_days),
        "SEARCHES_KEEP_DAYS",
        ("search_hours",),
    ),
    KeptKind(
        "Figures without words",
        "searches a day by language, and calls to agencies an hour",
        "how much is asked, and what it costs",
        lambda config: format_days(config.clicks_keep_days),
        "CLICKS_KEEP_DAYS",
        ("search_days", "call_hours"),
    ),
    KeptKind(
        "Sales and reports",
        "what affiliate networks report: amount, state, time, what the link carried, and the click"
        " that led to the sale; nothing about the buyer; the names of the columns of each network's"
        " reports",
        "what is earned, by word, picture and site",
        _make_fixed_period(FOR_EVER),
        tables=("actions", "action_states", "imports", "failed_fetches", "report_mappings"),
    ),
    KeptKind(
        "Purchases",
        "the licenses that you have bought: medium, license, price, time",
        "proof of each license; nothing is bought twice",
        _make_fixed_period(FOR_EVER),
        tables=("purchases",),
    ),
    KeptKind(
        "Purchases under way",
        "an agency's answers, with links to files that are not fetched yet",
        "no paid license is lost in an outage",
        _make_fixed_period("until ledger and files are complete"),
        files=FILE_PATTERN,
    ),
    KeptKind(
        "Licensed files",
        "files of licenses: those that come once, and copies of others that you downloaded",
        "each file is to be had again at the desk",
        _make_fixed_period("for ever; copies for a day"),
        files="licensed/**/*.*",
    ),
    KeptKind(
        "Log-ins of yours",
        "digest of the session, network (not the address), browser, times",
        "the list of log-ins at the desk",
        _make_fixed_period(
            f"{LIFETIME // HOUR} hours at most, {IDLE_LIMIT // HOUR} unused; deleted at the next"
            " log-in"
        ),
        tables=("owner_sessions",),
    ),
    KeptKind(
        "Access to your account",
        "the agency's token, encrypted by SECRET_KEY",
        "licenses are bought in your name",
        _make_fixed_period("until you disconnect the account"),
        tables=("tokens",),
    ),
    KeptKind(
        "Alerts",
        "what was wrong with the site, since when, and whether you were told",
        "each alert is told once",
        _make_fixed_period("until 30 days after its end"),
        tables=("alerts",),
    ),
    KeptKind(
        "Switches",
        "agencies that you have switched off",
        "they are left out in all processes",
        _make_fixed_period("until you switch them on"),
        tables=("switches",),
    ),
    KeptKind(
        "The site's key",
        "a random key, and a copy in DATA_DIR",
        "seals of clicks, digests of addresses",
        _make_fixed_period(FOR_EVER),
        tables=("keys",),
        files="site.key",
    ),
    KeptKind(
        "Revisions of the tables",
        "which versions can use the database",
        "upgrades and their undoing",
        _make_fixed_period(FOR_EVER),
        tables=("revisions",),
    ),
    KeptKind(
        "Answers of agencies",
        "pictures found, under the words without e-mail addresses and long numbers, but for what"
        " may be the id of a picture; details and suggestions",
        "each answer is paid for once",
        _format_answers,
        "CACHE_FRESH_SECONDS, CACHE_STALE_SECONDS, CACHE_BYTES",
        files="cache.db*",
    ),
    KeptKind(
        "Finished pages",
        "pages of results, the same for everybody",
        "pages are answered from memory",
        _make_fixed_period("5 minutes"),
    ),
    KeptKind(
        "Counts of clients",
        "a digest of the network of who searches or clicks, whose key changes each day",
        "nobody spends all calls; a person counts once a day",
        _make_fixed_period("1 day"),
    ),
    KeptKind(
        "Tries to log in",
        "network of who tries, number of tries",
        "passwords are not guessed",
        _make_fixed_period("15 minutes"),
    ),
    KeptKind(
        "Calls to agencies",
        "how many in each hour",
        "quotas hold over all processes and restarts",
        _make_fixed_period("until the window of the quota is over"),
        files="calls.counts",
    ),
    KeptKind(
        "States of agencies",
        "which agency fails or asks for a pause, how many of its last calls failed, and whether its"
        " answers are slow",
        "agencies that fail are left alone, by all processes",
        _make_fixed_period("an hour, or as long as the agency asks for"),
    ),
    KeptKind(
        "Counts of answers",
        "how many answers a day came from memory, the cache or an agency",
        "the share of hits on the desk",
        _make_fixed_period("8 days"),
    ),
    KeptKind(
        "Metrics",
        "counts of requests, answers and calls, without words and addresses",
        "Prometheus reads them at /metrics",
        lambda config: "over restarts" if config.metrics_token else "not written",
        "METRICS_TOKEN",
        files="metrics/*",
    ),
    KeptKind(
        "Report of health",
        "what the checks of the desk have found",
        "checks take seconds and calls",
        _make_fixed_period("1 day"),
    ),
    KeptKind(
        "Time of the last backup",
        "an empty file",
        "a warning where the last backup is old",
        _make_fixed_period(FOR_EVER),
        files=BACKUP_NOTE,
    ),
    KeptKind(
        "Log",
        "what the site does; no words and no addresses of visitors",
        "faults are found",
        _make_fixed_period("as long as your platform keeps what the server prints"),
        "LOG_LEVEL",
    ),
    KeptKind(
        "Access log",
        "time, path without words, status, size and duration of each request; no address",
        "what is requested",
        lambda config: "as the log" if config.access_log else "not written",
        "ACCESS_LOG",
    ),
)
"""Kinds of kept data, by name. A test compares their tables with those of the ledger."""


def list_kept(services: Services) -> Iterator[Kept]:
    """Yield what the site keeps, with the amounts that there are now."""
    rows = _RowDescriptions(services.ledger)
    for kind in KINDS:
        amounts = ", ".join(_iter_amounts(kind, services, rows))
        yield Kept(kind, kind.period(services.config), amounts)


def _iter_amounts(kind: KeptKind, services: Services, rows: "_RowDescriptions") -> Iterator[str]:
    for name in kind.tables:
        yield rows.describe(metadata.tables[name])
    if kind.files == "cache.db*":
        yield _describe_store(services)
    elif kind.files and (size := _measure_files(services.config.data_dir, kind.files)):
        yield f"{size / 1000:,.1f} kB"


class _RowDescriptions:
    """The numbers of rows of tables in words; after a failure no further table is waited for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._has_failed = False

    def describe(self, table: sa.Table) -> str:
        """Return the number of rows of a table, or that rows can't be counted now."""
        try:
            count = None if self._has_failed else count_rows(self._ledger, table)
        except LedgerError:
            count, self._has_failed = None, True
        if count is None:
            return "can't be counted now"
        if count.rows == MAX_COUNTED + 1:
            return f"more than {MAX_COUNTED:,} rows in {table.name}"
        about = "" if count.exact else "about "
        return f"{about}{count.rows:,} {'row' if count.rows == 1 else 'rows'} in {table.name}"


def _describe_store(services: Services) -> str:
    try:
        entries, size_bytes = services.store.store.size()
    except StoreDown:
        return "can't be counted now"
    return f"{entries:,} entries, {size_bytes / 1e6:,.1f} MB"


def _measure_files(folder: Path, pattern: str) -> int:
    """Return the bytes of the files of a pattern, without those that go meanwhile."""
    return sum(map(measure_file, folder.glob(pattern)))
