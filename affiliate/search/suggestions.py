"""Completions of typed words: this site's popular searches, then suggestions of agencies."""

import logging
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from affiliate.database.searches import SearchCounts
from affiliate.domain.masking import is_masked, mask_personal
from affiliate.domain.query import SearchQuery
from affiliate.domain.words import lower_text, to_key, to_sent
from affiliate.errors import AgencyError, BadQuery, LedgerError
from affiliate.refreshed_value import RefreshedValue
from affiliate.search.lookups import LookupService
from affiliate.search.registry import AgencyRegistry

MAX_SUGGESTIONS: Final = 8
CALL_SECONDS: Final = 0.8
"""Seconds that visitors wait for agencies whose suggestions need a call."""
MIN_LETTERS: Final = 3
"""Letters without which no agency is asked by a call."""
SYLLABLES: Final = (
    "CJK UNIFIED",
    "CJK COMPATIBILITY IDEOGRAPH",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL SYL",
)
"""Prefixes of the Unicode names of characters that are a word or a syllable by themselves."""
POPULAR_DAYS: Final = 30
POPULAR_TIMES: Final = 5
POPULAR_SEARCHES: Final = 2000
REFRESH_SECONDS: Final = 60.0
"""Age in seconds from which on the popular searches are read again."""

log = logging.getLogger(__name__)


class Popular(NamedTuple):
    """A search that many visitors have made, as shown, and the key of its words."""

    key: str
    text: str


PopularByLanguage = dict[str | None, list[Popular]]


class Suggestions:
    """The completions of a process, which keeps the popular searches in memory."""

    def __init__(
        self,
        registry: AgencyRegistry,
        lookups: LookupService,
        counts: SearchCounts,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._lookups = lookups
        self._counts = counts
        self._popular = RefreshedValue(
            self._refresh_popular, PopularByLanguage(), REFRESH_SECONDS, name="suggestions", now=now
        )

    def suggest(self, words: str, lang: str) -> tuple[str, ...]:
        """Return at most 8 searches that continue the words, best first; none on any failure.

        Suggestions are in small letters. Popular searches are read from the ledger behind, at most
        once a minute. Words with a personal detail, which nobody has searched for yet, are passed
        on to no agency and have no suggestions.
        """
        typed = _normalize_words(words, lang)
        if not typed or is_masked(mask_personal(typed)):
            return ()
        popular = self._popular.get().get(lang, ())
        free = self._iter_free_suggestions(typed, lang)
        chosen = _choose_first([*_match_popular(popular, typed, lang), *free], typed, lang)
        if len(chosen) < MAX_SUGGESTIONS and is_long_enough(typed):
            paid = self._lookups.suggest_searches(typed, lang, CALL_SECONDS)
            chosen = _choose_first([*chosen, *paid], typed, lang)
        return chosen

    def _iter_free_suggestions(self, typed: str, lang: str) -> Iterator[str]:
        """Yield the suggestions of agencies that need no call to suggest."""
        for enabled in self._registry.find_able(
            lambda agency: agency.has_suggestions and not agency.api
        ):
            with suppress(AgencyError):
                yield from enabled.agency.suggest_searches(typed, lang)

    def _refresh_popular(self, known: PopularByLanguage) -> PopularByLanguage:
        """Return the popular searches from the ledger, or the known ones if it fails."""
        since = datetime.now(UTC).date() - timedelta(days=POPULAR_DAYS - 1)
        try:
            rows = self._counts.list_popular(since, POPULAR_TIMES, POPULAR_SEARCHES)
        except LedgerError as error:
            log.warning("popular searches are not renewed: %s", error)
            return known
        popular: PopularByLanguage = defaultdict(list)
        for text, _ in rows:
            with suppress(BadQuery):  # counted under earlier rules of parsing
                query = SearchQuery.from_query_string(text).to_counted()
                if not is_masked(query.q):
                    search = Popular(to_key(query.q, query.lang or ""), query.q)
                    popular[query.lang].append(search)
        return popular


def _match_popular(popular: Iterable[Popular], typed: str, lang: str) -> list[str]:
    """Return popular searches that begin with the words; one too many, for the words themselves."""
    begin = to_key(typed, lang)
    return list(
        islice((item.text for item in popular if item.key.startswith(begin)), MAX_SUGGESTIONS + 1)
    )


def is_long_enough(typed: str) -> bool:
    """Return whether agencies complete the words: from three letters, or one CJK character, on.

    A character of Chinese, Japanese or Korean is a word or a syllable. Letters of all other scripts
    are parts of a syllable, also in Thai, which writes no blanks between words.
    """
    return len(typed) >= MIN_LETTERS or any(
        unicodedata.name(sign, "").startswith(SYLLABLES) for sign in typed
    )


def _choose_first(texts: Iterable[str], typed: str, lang: str) -> tuple[str, ...]:
    """Return the first few texts, without duplicates, the typed words, and unsearchable texts."""
    by_key: dict[str, str] = {}
    for text in texts:
        small = _normalize_words(text, lang)
        by_key.setdefault(to_key(small, lang), small)
    known = {"", to_key(typed, lang)}
    return tuple(text for key, text in by_key.items() if key not in known)[:MAX_SUGGESTIONS]


def _normalize_words(words: str, lang: str) -> str:
    """Return words as counted, but unmasked; empty where the words can't be searched for."""
    try:
        return lower_text(to_sent(SearchQuery.from_parameters({"q": [words]}).q), lang)
    except BadQuery:
        return ""
