"""Keys of the store: of agencies' answers, and of rendered pages.

Each key begins with the version of the stored format, and its kind.
"""

from functools import lru_cache
from typing import Final

from affiliate.domain.query import SearchQuery
from affiliate.domain.words import to_key as words_to_key

FORMAT: Final = 2
"""Version of keys and entries, to be raised with a change of `Entry` or of the structs of media."""
PAGE_FORMAT: Final = 4
"""Version of rendered pages in the store."""


def details_key(source: str, media_id: str, media: str = "image") -> str:
    """Return the key of the details of one picture or clip."""
    return f"{FORMAT}:details:{source}:{_qualify_id(media, media_id)}"


def search_key(source: str, query: SearchQuery, chunk: int, size: int) -> str:
    """Return the key of one chunk of ``size`` items of an agency's answer.

    ``source``, here and below, is the agency's name and the digest of its address and key.
    """
    return f"{FORMAT}:search:{source}:{size}.{chunk}:{_key_search(query)}"


@lru_cache(maxsize=256)
def _key_search(query: SearchQuery) -> str:
    """Return the key of a search, which all agencies share."""
    return query.to_key()


def similar_key(source: str, media_id: str, query: SearchQuery, chunk: int) -> str:
    """Return the key of a chunk of similar media; ``query`` gives the language and the media."""
    like = _qualify_id(query.media, media_id)
    return f"{FORMAT}:similar:{source}:{chunk}:{query.lang or ''}:{like}"


def categories_key(source: str, lang: str, media: str) -> str:
    """Return the key of the names of an agency's categories."""
    return f"{FORMAT}:categories:{source}:{lang}:{media}"


def featured_key(source: str, media: str) -> str:
    """Return the key of the collections that an agency features."""
    return f"{FORMAT}:featured:{source}:{media}"


def collection_info_key(source: str, collection_id: str, media: str = "image") -> str:
    """Return the key of a collection's name and description."""
    return f"{FORMAT}:about:{source}:{_qualify_id(media, collection_id)}"


def collection_key(source: str, collection_id: str, chunk: int, media: str = "image") -> str:
    """Return the key of one chunk of an agency's collection."""
    return f"{FORMAT}:collection:{source}:{chunk}:{_qualify_id(media, collection_id)}"


def suggestions_key(source: str, lang: str, words: str) -> str:
    """Return the key of an agency's suggestions for the beginning of a search.

    Spellings of the same words share a key.
    """
    return f"{FORMAT}:suggest:{source}:{lang}:{words_to_key(words, lang)}"


def _qualify_id(media: str, media_id: str) -> str:
    """Return an id that is unique among an agency's pictures and clips, which may share numbers."""
    return media_id if media == "image" else f"{media}/{media_id}"
