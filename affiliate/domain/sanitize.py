"""What an agency says, within bounds that caches and pages rely on, whoever wrote its module."""

from collections.abc import Iterable
from typing import Final

import msgspec

from affiliate.domain.media import Media, SearchResult
from affiliate.domain.query import MAX_NAME
from affiliate.domain.words import cut_between_signs

MAX_TOTAL: Final = 10**12
"""Above all that is sold anywhere; many of it can still be added up."""
MAX_TEXT: Final = 500
"""Characters of a title or of a credit."""
MAX_KEYWORDS: Final = 100
MAX_RATIO: Final = 50.0
"""A picture that is so much longer than wide, or wider than long, can't be seen in a tile."""
MAX_SECONDS: Final = 86400.0


def clamp_result(result: SearchResult, size: int) -> SearchResult:
    """A chunk of at most ``size`` items, each of which can be shown, and a total that can be."""
    total = None if result.total is None else min(max(result.total, 0), MAX_TOTAL)
    return msgspec.structs.replace(result, items=drop_unusable(result.items[:size]), total=total)


def drop_unusable(items: Iterable[Media]) -> tuple[Media, ...]:
    """Those of the items that can be shown, their texts cut where they are too long for a page."""
    return tuple(_cut_texts(one) for one in items if _is_usable(one))


def _is_usable(media: Media) -> bool:
    """Return whether it has an id that can be asked for, and a shape that can be seen."""
    ratio = media.thumbnail.width / media.thumbnail.height
    return 0 < len(media.id) <= MAX_NAME and 1 / MAX_RATIO <= ratio <= MAX_RATIO


def _cut_texts(media: Media) -> Media:
    by, credit, seconds = media.contributor, media.attribution, media.duration
    return msgspec.structs.replace(
        media,
        title=cut_between_signs(media.title, MAX_TEXT),
        keywords=_cut_names(media.keywords),
        contributor=by and cut_between_signs(by, MAX_NAME),
        attribution=credit and cut_between_signs(credit, MAX_TEXT),
        categories=_cut_names(media.categories),
        duration=seconds if seconds is not None and 0 < seconds < MAX_SECONDS else None,
    )


def _cut_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first keywords or categories, cut where they are too long, without blank ones."""
    cut = (cut_between_signs(name, MAX_NAME) for name in names[:MAX_KEYWORDS])
    return tuple(name for name in cut if name)
