"""Counts of searches by hour, day and month, and of calls to agencies by hour.

A row of searches has words, language and hour, how often the search was asked, how often nothing
was found or the cache answered, and the time of all answers; nothing about the visitors.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, Final, NamedTuple

from affiliate.database.count_upserts import build_count_upserts
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import find_day_start, find_hour, find_local_day
from affiliate.database.ranked_counts import (
    SEARCH_LISTS,
    CountAdditions,
    RankedList,
    forget_day,
    forget_texts,
    list_days,
)
from affiliate.database.schema import call_hours, search_days, search_hours

MAX_HOURLY: Final = 5000
"""Different searches of an hour that a process counts by their words; further ones count without
words, so that nobody can fill the database with junk."""


class Search(NamedTuple):
    """Words in their counted form, and the language of a search."""

    words: str
    language: str


class SearchNumbers(NamedTuple):
    """The counts of a search: asked, of these without a result and answered by the cache."""

    asked: int
    missed: int
    hits: int
    milliseconds: int


class CallNumbers(NamedTuple):
    """The counts of an agency's calls: made, of these failed, and the time of all."""

    calls: int
    failures: int
    milliseconds: int


UPSERTS: Final = build_count_upserts(
    {
        search_hours: SearchNumbers._fields,
        search_days: SearchNumbers._fields,
        call_hours: CallNumbers._fields,
    }
)


class SearchFigures:
    """The counts in a database, by a zone's days; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone
        self._hour: datetime | None = None
        self._known: set[Search] = set()

    def add_searches(self, counts: Mapping[Search, SearchNumbers]) -> None:
        """Add to the counts of this hour, day and month; all processes write in one order."""
        now = self._database.now()
        hour, day = find_hour(now, self._zone), find_local_day(now, self._zone)
        lists = CountAdditions()
        hours: list[dict[str, Any]] = []
        days: dict[str, SearchNumbers] = {}
        for search, numbers in self._limit_words(hour, counts).items():
            row: dict[str, Any] = {
                "hour": hour,
                "digest": _digest_search(search),
                **search._asdict(),
            }
            hours.append(row | numbers._asdict())
            _add_numbers(days, search.language, numbers)
            if search.words:
                lists.add(RankedList.ASKED_WORDS, day, search.words, numbers.asked, (None,))
            if search.words and numbers.missed:
                lists.add(RankedList.MISSED_WORDS, day, search.words, numbers.missed, (None,))
        if not hours:
            return
        of_days = [{"day": day, "language": lang} | days[lang]._asdict() for lang in sorted(days)]
        with self._database.write_transaction() as connection:
            dialect = connection.dialect.name
            hours.sort(key=lambda row: str(row["digest"]))
            connection.execute(UPSERTS[dialect, search_hours.name], hours)
            connection.execute(UPSERTS[dialect, search_days.name], of_days)
            lists.write(connection)

    def _limit_words(
        self, hour: datetime, counts: Mapping[Search, SearchNumbers]
    ) -> dict[Search, SearchNumbers]:
        """Return counts without the words of those that are too many in this hour."""
        if hour != self._hour:
            self._hour, self._known = hour, set()
        limited: dict[Search, SearchNumbers] = {}
        for search, numbers in counts.items():
            if len(self._known) < MAX_HOURLY:
                self._known.add(search)
            kept = search if search in self._known else Search("", search.language)
            _add_numbers(limited, kept, numbers)
        return limited

    def add_calls(self, counts: Mapping[str, CallNumbers]) -> None:
        """Add to the counts of agencies' calls in this hour."""
        hour = find_hour(self._database.now(), self._zone)
        rows = [
            {"hour": hour, "agency": agency} | counts[agency]._asdict() for agency in sorted(counts)
        ]
        if rows:
            with self._database.write_transaction() as connection:
                connection.execute(UPSERTS[connection.dialect.name, call_hours.name], rows)

    def forget_searches(self, before: date) -> None:
        """Delete the words of days before one, with their counts."""
        start = find_day_start(before, self._zone)
        self._database.delete_rows(search_hours, search_hours.c.hour < start)
        with self._database.read_connection() as connection:
            days = list_days(connection, SEARCH_LISTS, before)
        for day in days:
            with self._database.write_transaction() as connection:
                forget_day(connection, SEARCH_LISTS, day)
        forget_texts(self._database, SEARCH_LISTS, before)

    def forget_numbers(self, before: date) -> None:
        """Delete the counts without words of days before one: searches by language, and calls."""
        start = find_day_start(before, self._zone)
        self._database.delete_rows(search_days, search_days.c.day < before)
        self._database.delete_rows(call_hours, call_hours.c.hour < start)


def _add_numbers(sums: dict[Any, SearchNumbers], key: Search | str, numbers: SearchNumbers) -> None:
    known = sums.get(key, SearchNumbers(0, 0, 0, 0))
    sums[key] = SearchNumbers(*(a + b for a, b in zip(known, numbers, strict=True)))


def _digest_search(search: Search) -> str:
    return hashlib.blake2b("\0".join(search).encode(), digest_size=16).hexdigest()
