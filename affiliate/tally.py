"""Counts what was searched and how the cache did, on its way to ledger and store.

Searches are counted in small letters by the rules of their language, without personal details.

Requests only append to a bounded queue; a thread of its own adds up and writes every few
seconds. What a killed process had not written yet is lost: these are figures, not money.
"""

import logging
import threading
from collections import Counter, deque
from datetime import UTC, date, datetime, timedelta
from multiprocessing import util
from typing import Final

from affiliate.errors import BadQuery, LedgerError
from affiliate.ledger import MAX_SEARCH, Ledger
from affiliate.query import SearchQuery
from affiliate.stores import Guarded

FLUSH_SECONDS: Final = 10.0
QUEUE_ENTRIES: Final = 100_000
QUEUE_SIZE: Final = 8_000_000
"""Characters of the searches that wait to be counted: most are short, and the same ones."""
KEEP_SECONDS: Final = 8 * 86400
KEEP_DAYS: Final = 90
BATCH: Final = 500
MARKS: Final = ("MEMORY", "HIT", "STALE", "MISS")
"""How a search was answered: by the memory tier, the store fresh or stale, or an agency."""

log = logging.getLogger(__name__)


class Tally:
    """One for each process; ``replayed`` is the memory tier's ``on_hit``.

    ``language`` is what a search without one is asked in.
    """

    def __init__(self, ledger: Ledger, store: Guarded, language: str) -> None:
        self._language = language
        self._ledger = ledger
        self._store = store
        self._replayed: deque[tuple[str, str]] = deque(maxlen=QUEUE_ENTRIES)
        self._replayed_size = 0
        self._answered: deque[tuple[str, str]] = deque(maxlen=QUEUE_ENTRIES)
        self._forgot: date | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def replayed(self, place: tuple[str, str]) -> None:
        """Count an answer of the memory tier, whose path and query these are."""
        if self._replayed_size < QUEUE_SIZE:  # two at once do no harm
            self._replayed_size += len(place[1])
            self._replayed.append(place)

    def answered(self, mark: str, query: SearchQuery) -> None:
        """Count an answer that was made by a view; ``mark`` is its X-Cache."""
        self._answered.append((mark, query.counted().canonical()))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
                self._thread.start()
                # Some servers end their processes without atexit; this is called all the same.
                util.Finalize(None, self.close, exitpriority=10)

    def flush(self) -> None:
        """Write what has been counted since the last time."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        marks: Counter[str] = Counter()
        searches: Counter[str] = Counter()
        for _ in range(len(self._answered)):
            mark, words = self._answered.popleft()
            marks[mark] += 1
            searches[words] += 1
        for place, times in Counter(self._replays()).items():
            marks["MEMORY"] += times
            searches[place] += times
        for mark, times in marks.items():
            self._store.incr(counter(mark), times, KEEP_SECONDS)
        counts = [one for one in searches.items() if len(one[0]) <= MAX_SEARCH]
        try:
            for i in range(0, len(counts), BATCH):
                self._ledger.add_searches(dict(counts[i : i + BATCH]))
            self._forget()
        except LedgerError as error:
            log.warning("searches are not counted: %s", error)

    def _forget(self) -> None:
        """Once a day: counts of searches are kept for a season."""
        today = datetime.now(UTC).date()
        if self._forgot != today:
            self._forgot = today
            self._ledger.forget_searches(today - timedelta(days=KEEP_DAYS))

    def close(self) -> None:
        """Write what is left and end."""
        self._stopping.set()
        self.flush()

    def _replays(self) -> list[str]:
        """The searches that the memory tier answered."""
        found = []
        self._replayed_size = 0
        for _ in range(len(self._replayed)):
            path, words = self._replayed.popleft()
            if path.endswith("search"):
                try:
                    query = SearchQuery.from_query_string(words)
                except BadQuery:
                    continue
                language = query.lang or self._language
                found.append(query.replace(lang=language).counted().canonical())
        return found

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.flush()


def counter(mark: str) -> str:
    """The name of today's counter in the store."""
    return f"{mark}:{datetime.now(UTC):%Y-%m-%d}"
