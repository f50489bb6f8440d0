"""Bounds of agencies' answers that caches and pages rely on, whoever wrote the agency's module."""

from collections.abc import Iterable
from typing import Final

import msgspec

from affiliate.domain.media import Media, SearchResult
from affiliate.domain.query import MAX_NAME
from affiliate.domain.words import cut_between_signs

MAX_TOTAL: Final = 10**12
"""A total above all that is sold anywhere, small enough to be added up."""
MAX_TEXT: Final = 500
"""Characters of a title or of a credit."""
MAX_KEYWORDS: Final = 100
MAX_RATIO: Final = 50.0
"""The ratio of a picture's sides from which a tile can't show the picture."""
MAX_SECONDS: Final = 86400.0


def clamp_result(result: SearchResult, size: int) -> SearchResult:
    """Return a chunk of at most ``size`` items that can be shown, with a total within bounds."""
    total = None if result.total is None else min(max(result.total, 0), MAX_TOTAL)
    return msgspec.structs.replace(result, items=drop_unusable(result.items[:size]), total=total)


def drop_unusable(items: Iterable[Media]) -> tuple[Media, ...]:
    """Return the items that can be shown, their texts cut where too long for a page."""
    return tuple(_cut_texts(media) for media in items if _is_usable(media))


def _is_usable(media: Media) -> bool:
    """Return whether a picture has an id for look-ups and a shape that a tile can show."""
    ratio = media.thumbnail.width / media.thumbnail.height
    return 0 < len(media.id) <= MAX_NAME and 1 / MAX_RATIO <= ratio <= MAX_RATIO


def _cut_texts(media: Media) -> Media:
    contributor, credit, seconds = media.contributor, media.attribution, media.duration
    return msgspec.structs.replace(
        media,
        title=cut_between_signs(media.title, MAX_TEXT),
        keywords=_cut_names(media.keywords),
        contributor=contributor and cut_between_signs(contributor, MAX_NAME),
        attribution=credit and cut_between_signs(credit, MAX_TEXT),
        categories=_cut_names(media.categories),
        duration=seconds if seconds is not None and 0 < seconds < MAX_SECONDS else None,
    )


def _cut_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first keywords or categories, cut where too long, without blank ones."""
    if len(names) <= MAX_KEYWORDS and all(names) and max(map(len, names), default=0) <= MAX_NAME:
        return names
    cut = (cut_between_signs(name, MAX_NAME) for name in names[:MAX_KEYWORDS])
    return tuple(name for name in cut if name)
