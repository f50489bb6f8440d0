"""Counts of searches, calls and the cache's answers, on their way to ledger and store.

Searches are counted in small letters by the rules of their language, without personal details,
once for each client and day over all processes; searches that found nothing are counted
separately, for the owner alone.

Requests only append to a bounded queue; a separate thread adds up and writes every few seconds. A
killed process loses the counts that it has not written yet: these are figures, not money. The same
thread counts clicks for the figures (`roll_ups`), and deletes what is kept no longer.
"""

import hashlib
import logging
import threading
import zlib
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import islice
from multiprocessing import util
from typing import Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from affiliate.database.ledger import Ledger
from affiliate.database.roll_ups import RollUps
from affiliate.database.search_figures import CallNumbers, Search, SearchFigures, SearchNumbers
from affiliate.database.searches import CLIENT_BITS, MAX_QUERY_LENGTH, SearchCounts
from affiliate.domain.query import SearchQuery
from affiliate.domain.times import DAY_SECONDS
from affiliate.errors import BadQuery, LedgerError
from affiliate.search.counters import Counters

FLUSH_SECONDS: Final = 10.0
QUEUE_ENTRIES: Final = 100_000
KEEP_SECONDS: Final = 8 * DAY_SECONDS
BATCH: Final = 500
MAX_COUNTED: Final = 50_000
"""Searches of clients that a process has counted today and shares with other processes: 5 MB."""
MAX_MISSED: Final = 1000
"""Searches that found nothing of which the ledger keeps the counts of a day: 100 to 1,000 kB. The
searches of the most clients stay, so that one client's junk displaces no search of several."""
MARKS: Final = ("MEMORY", "HIT", "STALE", "MISS")
"""Sources of an answer: the page cache, the store fresh or stale, or an agency."""

Key = TypeVar("Key")
Value = TypeVar("Value")

log = logging.getLogger(__name__)


class KeepDays(NamedTuple):
    """The days for which the ledger keeps clicks and counts of searches; 0 for ever."""

    clicks: int = 0
    searches: int = 90


class UsageCounter:
    """The counts of a process; ``replays.append`` is the page cache's ``on_hit``.

    ``language`` is the language of searches that name none; ``client`` returns today's
    digest of an address; ``zone`` is that of the days of the owner's figures. ``on_answers`` gets
    the answers of each flush by their marks.
    """

    def __init__(  # noqa: PLR0913 - where to, how to count, and for how long
        self,
        ledger: Ledger,
        store: Counters,
        language: str,
        client: Callable[[str], str] = lambda address: address,
        *,
        keep: KeepDays = KeepDays(),  # noqa: B008 - a tuple
        zone: tzinfo = UTC,
        on_answers: Callable[[Mapping[str, int]], None] = lambda _marks: None,
    ) -> None:
        self._language = language
        self._ledger = ledger
        self._counts = SearchCounts(ledger)
        self._figures = SearchFigures(ledger, zone)
        self._roll_ups = RollUps(ledger, zone)
        self._store = store
        self._client = client
        self._keep = keep
        self._on_answers = on_answers
        self.replays: deque[tuple[tuple[str, str], str, bool]] = deque(maxlen=QUEUE_ENTRIES)
        self._answered: deque[tuple[str, str, str, bool, float]] = deque(maxlen=QUEUE_ENTRIES)
        self._calls: deque[tuple[str, float, bool]] = deque(maxlen=QUEUE_ENTRIES)
        self._counted: OrderedDict[int, None] = OrderedDict()
        self._claims = 0
        self._forgot: date | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def count_answer(
        self,
        mark: str,
        query: SearchQuery | None = None,
        address: str = "",
        *,
        found: bool = True,
        seconds: float = 0.0,
    ) -> None:
        """Count an answer of a view; ``mark`` is its X-Cache, ``seconds`` the time it took.

        A given search counts for ``address`` once a day, by whether it ``found`` something.
        """
        words = query.to_counted().to_query_string() if query else ""
        self._answered.append((mark, words, address, found, seconds))
        self.start()

    def count_call(self, agency: str, seconds: float, *, failure: str = "") -> None:
        """Count a call that an agency has got; ``failure`` is the kind of its error, if any."""
        self._calls.append((agency, seconds, bool(failure)))
        self.start()

    def start(self) -> None:
        """Start the thread that writes counts and sums up clicks, unless the thread runs.

        Whatever is counted or shown starts the thread, as a process may be forked before.
        """
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._flush_regularly, name="tally", daemon=True
                )
                self._thread.start()
                # Some servers end their processes without atexit, but run this finalizer.
                util.Finalize(None, self.close, exitpriority=10)

    def flush(self) -> None:
        """Write the counts since the last time, and delete what is kept no longer.

        An ending process deletes nothing, and waits for no deletion: after a change of the settings
        or a long rest millions of rows may have to go.
        """
        with self._lock:
            self._flush()
        if not self._stopping.is_set():
            try:
                self._delete_expired()
            except LedgerError as error:
                log.warning("expired clicks and searches are not deleted: %s", error)

    def _flush(self) -> None:
        marks: Counter[str] = Counter()
        searches = _Searches(self._counted, self._client, self._claim_search)
        for _ in range(len(self._answered)):
            mark, words, address, found, seconds = self._answered.popleft()
            marks[mark] += 1
            searches.add(words, address, mark, found=found, seconds=seconds)
        for words, address, found in self._iter_replays():
            marks["MEMORY"] += 1
            searches.add(words, address, "MEMORY", found=found)
        self._on_answers(marks)
        for mark, times in marks.items():
            self._store.incr(counter_name(mark), times, KEEP_SECONDS)
        try:
            for counts in _iter_batches(searches.times.items()):
                self._counts.add_found(counts, searches.clients)
            for counts in _iter_batches(searches.missed.most_common(MAX_MISSED)):
                self._counts.add_missed(counts, MAX_MISSED)
            for numbers in _iter_batches(searches.numbers.items()):
                self._figures.add_searches(numbers)
            self._figures.add_calls(self._sum_calls())
        except LedgerError as error:
            log.warning("searches are not counted: %s", error)

    def _sum_calls(self) -> dict[str, CallNumbers]:
        """Return the calls of each agency since the last time."""
        sums: dict[str, CallNumbers] = {}
        for _ in range(len(self._calls)):
            agency, seconds, failed = self._calls.popleft()
            calls, failures, milliseconds = sums.get(agency, (0, 0, 0))
            sums[agency] = CallNumbers(
                calls + 1, failures + failed, milliseconds + round(1000 * seconds)
            )
        return sums

    def _claim_search(self, client: str, words: str, *, found: bool) -> bool:
        """Claim the count of a client's search for today; return whether no process had the claim.

        Where the store can't count, or the process has made too many claims, the search counts.
        """
        if self._claims >= MAX_COUNTED:
            return True
        self._claims += 1
        search = repr((self._ledger.today(), client, words, found)).encode()
        digest = hashlib.blake2b(search, digest_size=9)
        return (self._store.incr(f"asked:{digest.hexdigest()}", 1, DAY_SECONDS) or 1) == 1

    def _delete_expired(self) -> None:
        """Delete, once a day, clicks and counts of searches that the owner keeps no longer."""
        today = datetime.now(UTC).date()
        if self._forgot == today:
            return
        self._claims = 0
        if self._keep.searches:
            first = today - timedelta(days=self._keep.searches)
            self._counts.forget_before(first)
            self._figures.forget_searches(first)
        if self._keep.clicks:
            first = today - timedelta(days=self._keep.clicks)
            self._roll_ups.forget_before(first)
            self._figures.forget_numbers(first)
        self._forgot = today

    def close(self) -> None:
        """Write the remaining counts and end."""
        self._stopping.set()
        self.flush()

    def _iter_replays(self) -> Iterator[tuple[str, str, bool]]:
        """Yield searches that the page cache answered, in the counted form.

        Each comes with the client's address and whether something was found.
        """
        known: dict[tuple[str, str], str] = {}
        for _ in range(len(self.replays)):
            place, address, found = self.replays.popleft()
            if place not in known:
                known[place] = self._parse_search(*place)
            if known[place]:
                yield known[place], address, found

    def _parse_search(self, path: str, words: str) -> str:
        """Return the search of a path in its counted form; empty where the path has no search."""
        if not path.endswith("search"):
            return ""
        try:
            query = SearchQuery.from_query_string(words)
        except BadQuery:
            return ""
        return query.replace(lang=query.lang or self._language).to_counted().to_query_string()

    def _flush_regularly(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            try:
                self.flush()
                self._roll_ups.advance()
            except LedgerError as error:
                log.warning("clicks are not summed up: %s", error)
            except Exception:
                log.exception("searches are not counted")


class _Searches:
    """The counts between two writes: the times of each search, and its clients.

    ``missed`` has searches that found nothing, ``times`` and ``clients`` all others, ``numbers``
    the words of all with language, hits and time. ``counted`` holds digests of the searches that
    clients have made in this process today, of which the oldest are dropped first; ``claim``
    returns whether no other process has counted a search.
    """

    def __init__(
        self,
        counted: OrderedDict[int, None],
        client: Callable[[str], str],
        claim: Callable[..., bool],
    ) -> None:
        self.times: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.clients: dict[str, int] = {}
        self.numbers: dict[Search, SearchNumbers] = {}
        self._counted = counted
        self._client = cache(client)
        self._claim = claim

    def add(
        self, words: str, address: str, mark: str, *, found: bool, seconds: float = 0.0
    ) -> None:
        """Count a search, of a known address once a day."""
        if not words or len(words) > MAX_QUERY_LENGTH:
            return
        if address:
            client = self._client(address)
            digest = hash((client, words, found))
            if digest in self._counted:
                return
            self._counted[digest] = None
            if len(self._counted) > MAX_COUNTED:
                self._counted.popitem(last=False)
            if not self._claim(client, words, found=found):
                return
            if found:
                bit = 1 << zlib.crc32(client.encode()) % CLIENT_BITS
                self.clients[words] = self.clients.get(words, 0) | bit
        (self.times if found else self.missed)[words] += 1
        fields = dict(parse_qsl(words))
        search = Search(fields.get("q", ""), fields.get("lang", ""))
        asked, missed, hits, milliseconds = self.numbers.get(search, (0, 0, 0, 0))
        self.numbers[search] = SearchNumbers(
            asked + 1,
            missed + (not found),
            hits + (mark != "MISS"),
            milliseconds + round(1000 * seconds),
        )


def _iter_batches(counts: Iterable[tuple[Key, Value]]) -> Iterator[dict[Key, Value]]:
    """Yield counts in parts of `BATCH`."""
    rest = iter(counts)
    while some := dict(islice(rest, BATCH)):
        yield some


def counter_name(mark: str) -> str:
    """Return the name of today's counter in the store."""
    return f"{mark}:{datetime.now(UTC):%Y-%m-%d}"
