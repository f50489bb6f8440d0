"""Keys of the store: of agencies' answers, and of rendered pages.

Each begins with the version of what stands under it, and its kind.
"""

from typing import Final

from affiliate.domain.query import SearchQuery
from affiliate.domain.words import to_key as key_of_words

FORMAT: Final = 2
"""Version of keys and entries; a change of `Entry` or of the shapes of media raises it."""
PAGE_FORMAT: Final = 3
"""Version of rendered pages in the store."""


def details_key(source: str, media_id: str, media: str = "image") -> str:
    """The key of the details of one picture or clip."""
    return f"{FORMAT}:details:{source}:{_numbered(media, media_id)}"


def search_key(source: str, query: SearchQuery, chunk: int, size: int) -> str:
    """Return the key of one chunk of ``size`` items of an agency's answer.

    ``source``, here and below, is the agency's name and the digest of its address and key.
    """
    return f"{FORMAT}:search:{source}:{size}.{chunk}:{query.key()}"


def similar_key(source: str, media_id: str, query: SearchQuery, chunk: int) -> str:
    """The key of a chunk of what an agency finds similar; language and media of ``query`` count."""
    like = _numbered(query.media, media_id)
    return f"{FORMAT}:similar:{source}:{chunk}:{query.lang or ''}:{like}"


def categories_key(source: str, lang: str, media: str) -> str:
    """The key of the names of an agency's categories."""
    return f"{FORMAT}:categories:{source}:{lang}:{media}"


def featured_key(source: str, media: str) -> str:
    """The key of the collections that an agency features."""
    return f"{FORMAT}:featured:{source}:{media}"


def about_key(source: str, collection_id: str, media: str = "image") -> str:
    """The key of what a collection is called."""
    return f"{FORMAT}:about:{source}:{_numbered(media, collection_id)}"


def collection_key(source: str, collection_id: str, chunk: int, media: str = "image") -> str:
    """The key of one chunk of an agency's collection."""
    return f"{FORMAT}:collection:{source}:{chunk}:{_numbered(media, collection_id)}"


def suggest_key(source: str, lang: str, words: str) -> str:
    """The key of what an agency suggests for the beginning of a search, however it is spelled."""
    return f"{FORMAT}:suggest:{source}:{lang}:{key_of_words(words, lang)}"


def _numbered(media: str, media_id: str) -> str:
    """An item of an agency, whose pictures and clips may have the same numbers."""
    return media_id if media == "image" else f"{media}/{media_id}"
