"""What a visitor may be about to type: this site's popular searches, then what agencies suggest."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from affiliate.errors import AgencyError, BadQuery, LedgerError
from affiliate.ledger import Ledger
from affiliate.query import SearchQuery
from affiliate.search import Search

MOST: Final = 8
SECONDS: Final = 0.8
"""How long the agencies that are asked by a call may take."""
LEAST_TYPED: Final = 3
"""Characters without which no agency is asked by a call."""
POPULAR_DAYS: Final = 30
POPULAR_TIMES: Final = 5
POPULAR_SEARCHES: Final = 2000
RENEW_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


class Suggestions:
    """Completes words; one for each process, which keeps the popular searches in memory."""

    def __init__(
        self, search: Search, ledger: Ledger, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._search = search
        self._ledger = ledger
        self._now = now
        self._popular: dict[str | None, list[str]] = {}
        self._renew_at = now()
        self._lock = threading.Lock()
        self._renewer = ThreadPoolExecutor(1, thread_name_prefix="suggestions")

    def of(self, words: str, lang: str) -> tuple[str, ...]:
        """At most 8 canonical searches that continue the words, best first; none on any failure.

        The popular ones are read from the ledger behind, at most once a minute.
        """
        typed = _canonical(words)
        if not typed:
            return ()
        self._renew_behind()
        found = _first([*self._begun(typed, lang), *self._free(typed, lang)], typed)
        if len(found) < MOST and len(typed) >= LEAST_TYPED:
            found = _first([*found, *self._search.suggest(typed, lang, SECONDS)], typed)
        return found

    def _begun(self, typed: str, lang: str) -> list[str]:
        """The popular searches that begin with the words, and one more for the words alone."""
        begun = (text for text in self._popular.get(lang, ()) if text.startswith(typed))
        return list(islice(begun, MOST + 1))

    def _free(self, typed: str, lang: str) -> Iterator[str]:
        """What agencies suggest that need no call for it."""
        for one in self._search.listed:
            if one.agency.suggests and not one.agency.api:
                with suppress(AgencyError):
                    yield from one.agency.suggest(typed, lang)

    def _renew_behind(self) -> None:
        with self._lock:
            if self._now() < self._renew_at:
                return
            self._renew_at = self._now() + RENEW_SECONDS
        with suppress(RuntimeError):  # the process ends
            self._renewer.submit(self._renew)

    def _renew(self) -> None:
        since = datetime.now(UTC).date() - timedelta(days=POPULAR_DAYS - 1)
        try:
            rows = self._ledger.popular(since, POPULAR_TIMES, POPULAR_SEARCHES)
        except LedgerError as error:
            log.warning("popular searches are not renewed: %s", error)
            return
        popular = defaultdict(list)
        for text, _ in rows:
            with suppress(BadQuery):  # counted when searches were read in another way
                query = SearchQuery.from_query_string(text)
                popular[query.lang].append(query.q)
        self._popular = popular


def _first(texts: Iterable[str], typed: str) -> tuple[str, ...]:
    """The first few, canonical, without doubles, what is typed already, and what can't be asked."""
    found = dict.fromkeys(map(_canonical, texts))
    return tuple(text for text in found if text not in {"", typed})[:MOST]


def _canonical(words: str) -> str:
    """Words as a search has them; empty where they can't be searched for."""
    try:
        return SearchQuery.from_parameters({"q": [words]}).q
    except BadQuery:
        return ""
