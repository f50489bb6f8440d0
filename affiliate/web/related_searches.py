"""Searches that lead on: words that several of the shown pictures carry, and fewer of the words."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from affiliate.domain.masking import is_masked
from affiliate.domain.media import Media, SearchQuery
from affiliate.domain.words import split_terms, to_counted, to_key
from affiliate.search.cached_searches import KnownTotal

MOST: Final = 8
"""Related searches on a page."""
LEAST_PICTURES: Final = 3
"""Pictures that carry a word, at least: a word of one picture leads to this picture alone."""
MOST_WORDS: Final = 6
"""Words of a search without pictures, at most, of which fewer are tried."""
SHORT: Final = 2
"""Letters of the words, such as "of", that are not tried alone."""
LONGEST: Final = 30
"""Characters of the longest word or phrase."""
ENDING: Final = 2
"""Characters by which forms of a word differ at most, as a plural does."""
STEM: Final = 3
"""Characters that forms of a word share at least: 花瓶 is no form of 花."""


def list_related_searches(items: Iterable[Media], query: SearchQuery) -> list[str]:
    """Return keywords of the pictures, the most frequent first, without the words of the search.

    Keywords with personal details are left out. No agency is asked, and nothing is kept.
    """
    lang = query.lang or ""
    searched = to_key(query.q, lang).split()
    spellings: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for item in items:
        folded = {keyword.casefold(): keyword for keyword in item.keywords}
        counts.update(folded.keys())
        spellings |= folded
    frequent = sorted((-count, key) for key, count in counts.items() if count >= LEAST_PICTURES)
    shown = dict.fromkeys(to_counted(spellings[key], lang) for _, key in frequent)
    return [
        keyword
        for keyword in shown
        if keyword
        and len(keyword) <= LONGEST
        and not is_masked(keyword)
        and not all(_is_near(word, searched) for word in to_key(keyword, lang).split())
    ][:MOST]


def list_shorter_searches(
    query: SearchQuery, find_known_total: Callable[[SearchQuery], KnownTotal | None]
) -> list[SearchQuery]:
    """Return the searches for fewer of the words that find pictures, most words first.

    Filters stay. Only answers at hand count, and searches of up to `MOST_WORDS` words.
    """
    words = split_terms(query.q)
    if not 1 < len(words) <= MOST_WORDS:
        return []
    without_one = [" ".join(words[:i] + words[i + 1 :]) for i in reversed(range(len(words)))]
    single = [word for word in words if len(word) > SHORT or not word.isascii()]
    shorter = [query.replace(q=text, page=1) for text in dict.fromkeys((*without_one, *single))]
    return [
        candidate for candidate in shorter if (known := find_known_total(candidate)) and known.total
    ][:MOST]


def _is_near(word: str, searched: Iterable[str]) -> bool:
    """Return whether a word is a searched word, or seems to be another form of a searched word."""
    return any(
        word == other
        or (
            min(len(word), len(other)) >= STEM
            and abs(len(word) - len(other)) <= ENDING
            and (word.startswith(other) or other.startswith(word))
        )
        for other in searched
    )
