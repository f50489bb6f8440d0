"""Searches that lead on from results: words that several of the shown pictures carry."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from flask import Flask

from affiliate.domain.media import Media, SearchQuery

MOST: Final = 8
"""Related searches on a page."""
LEAST_PICTURES: Final = 3
"""Pictures that carry a word, at least: a word of one picture leads to this picture alone."""
LONGEST: Final = 30
"""Characters of the longest word or phrase."""
ENDING: Final = 2
"""Characters by which forms of a word differ at most, as a plural does."""


def register(app: Flask) -> None:
    """Add the function to an app's templates."""
    app.add_template_global(list_related_searches, "related_searches")


def list_related_searches(items: Iterable[Media], query: SearchQuery) -> list[str]:
    """Return keywords of the pictures, the most frequent first, without the words of the search.

    No agency is asked, and nothing is kept.
    """
    searched = query.q.casefold().split()
    counts = Counter(
        keyword for item in items for keyword in {word.casefold() for word in item.keywords}
    )
    return [
        keyword
        for keyword, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        if count >= LEAST_PICTURES
        and len(keyword) <= LONGEST
        and not all(_is_near(word, searched) for word in keyword.split())
    ][:MOST]


def _is_near(word: str, searched: Iterable[str]) -> bool:
    """Return whether a word is a searched word, or seems to be another form of a searched word."""
    return any(
        abs(len(word) - len(other)) <= ENDING and (word.startswith(other) or other.startswith(word))
        for other in searched
    )
