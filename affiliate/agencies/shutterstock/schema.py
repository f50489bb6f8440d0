"""What Shutterstock's calls for images, footage and editorial have in common: shapes and values.

Only the fields used are here; required ones have no default (OpenAPI 1.1.32).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec

from affiliate.domain.media import (
    Media,
    SearchQuery,
    Size,
    plain_id,
    plain_text,
    plain_texts,
    web_address,
)
from affiliate.domain.words import split_terms
from affiliate.transport.messages import Params, drop_empty

IDS: Final = r"[1-9][0-9]{0,19}|U[a-zA-Z0-9]{1,40}"
"""Ids of images and footage; other words behind a path are other calls."""
NO_CATEGORY: Final = r"(not|un)\W?categori[sz]ed"
"""The category of what has none."""
MAX_SIDE: Final = 10**6
"""Pixels; a side above this is no side of a picture."""
MAX_COUNT: Final = 10**12
"""A count above this is no count of pictures."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class Contributor(msgspec.Struct):
    """Whose work an item is."""

    id: str


class Category(msgspec.Struct):
    """A category of items."""

    name: str = ""


class Item(msgspec.Struct):
    """What images and clips in full have in common.

    ``affiliate_url`` is there for registered affiliates, ``url`` for certain accounts.
    """

    id: str
    contributor: Contributor
    affiliate_url: Any = None
    assets: dict[str, Any] = {}
    categories: list[Category] = []
    description: str | None = None
    has_model_release: bool = False
    has_property_release: bool = False
    is_editorial: bool = False
    keywords: list[str] = []
    url: Any = None


class Image(Item):
    """An image in full."""

    image_type: str | None = None


class Video(Item):
    """A clip in full."""

    aspect: Any = None
    duration: Any = None


class Report(msgspec.Struct):
    """An item of the editorial library, image or footage."""

    id: str
    assets: dict[str, Any] = {}
    aspect: Any = None
    byline: str | None = None
    categories: list[Category] = []
    description: str | None = None
    keywords: list[str] = []
    title: str | None = None


class Images(msgspec.Struct):
    """A page of images that were found; ``spellcheck_info`` may say what the words became."""

    data: list[Image]
    total_count: Count
    search_id: str | None = None
    spellcheck_info: Any = None


class Videos(msgspec.Struct):
    """A page of clips that were found; ``spellcheck_info`` may say what the words became."""

    data: list[Video]
    total_count: Count
    search_id: str | None = None
    spellcheck_info: Any = None


class Reports(msgspec.Struct):
    """A page of editorial items; ``next`` is the cursor of the one behind."""

    data: list[Report]
    total_count: Count
    next: str | None = None
    search_id: str | None = None


class ImageList(msgspec.Struct):
    """Images that were asked for by their ids."""

    data: list[Image] = []


class VideoList(msgspec.Struct):
    """Clips that were asked for by their ids."""

    data: list[Video] = []


class CategoryList(msgspec.Struct):
    """All categories."""

    data: list[Category] = []


class Suggestions(msgspec.Struct):
    """Searches that continue some words."""

    data: list[str] = []


class Profile(msgspec.Struct):
    """A contributor in full."""

    id: str
    about: str | None = None
    display_name: str | None = None
    portfolio_url: str | None = None


class Profiles(msgspec.Struct):
    """Contributors that were asked for by their ids."""

    data: list[Profile] = []


class Echo(msgspec.Struct):
    """What was said to the echo."""

    text: str = ""


class Access(msgspec.Struct):
    """What is said of a token."""

    username: str | None = None
    scopes: list[str] = []


def search_params(query: SearchQuery, names: Mapping[str, str]) -> Params:
    """Return what a search for images or footage asks; ``names`` are our filters and the API's."""
    values = dict(query.pairs()) | {"sort": query.sort}
    safe = "true" if query.safe else "false"
    return drop_empty(
        {
            "query": query_expression(query.q, query.exclude),
            **{theirs: values.get(ours, "") for ours, theirs in names.items()},
            "people_model_released": "true" if query.released else "",
            "safe": safe,
            "keyword_safe_search": safe,
        }
    )


def build_media(agency: str, item: Item, search_id: str | None, **own: Any) -> Media:  # noqa: ANN401 - fields of a Media
    """Return an image or clip as a page shows it; ``own`` is what only one of them has."""
    return Media(
        agency=agency,
        id=plain_id(item.id),
        title=plain_text(item.description),
        keywords=plain_texts(item.keywords),
        contributor=plain_text(item.contributor.id) or None,
        editorial=item.is_editorial,
        released=item.has_model_release,
        property_released=item.has_property_release,
        categories=category_names(item.categories),
        search_id=plain_id(search_id) or None,
        referral=web_address(item.affiliate_url),
        **own,
    )


def page_url(item: Item, built: str) -> str:
    """Return the page of an image or clip: as the answer says it, or else as it is ``built``."""
    said = web_address(item.url)
    host = urlsplit(said or "").hostname or ""
    is_own = host == "shutterstock.com" or host.endswith(".shutterstock.com")
    return said if said and is_own else built


def query_expression(asked: str, excluded: str) -> str:
    """Return the ``query`` for plain words without others, which the API's NOT excludes."""
    return " ".join([asked, *(f"NOT {term}" for term in split_terms(excluded))]).strip()


def category_names(categories: Sequence[Category]) -> tuple[str, ...]:
    """Return the names of those categories that have one; of none is no category."""
    names = plain_texts(one.name for one in categories)
    return tuple(name for name in names if not re.fullmatch(NO_CATEGORY, name, re.IGNORECASE))


def corrected_words(info: object) -> str | None:
    """Return the words that were looked for in place of those sent; None where they are the same.

    Answers of 2022 and 2025 say so as ``spellchecked_query`` beside ``orig_query``.
    """
    if not isinstance(info, dict):
        return None
    found, sent = (plain_text(info.get(name)) for name in ("spellchecked_query", "orig_query"))
    return found if found and found.casefold() != sent.casefold() else None


def license_size(asset: str, details: object) -> Size | None:
    """Return a size that can be licensed, by its asset's name; None where its sides are unknown."""
    if not isinstance(details, dict) or details.get("is_licensable") is False:
        return None
    width, height = (_read_count(details.get(side), MAX_SIDE) for side in ("width", "height"))
    name, _, suffix = asset.partition("_")
    kind = plain_text(details.get("format")) or suffix
    weight = _read_count(details.get("file_size"), MAX_COUNT)
    return Size(name, width, height, kind, weight) if width and height else None


def license_sizes(assets: Mapping[str, Any], wanted: Sequence[str]) -> tuple[Size, ...]:
    """Those of the ``wanted`` assets that can be licensed."""
    return tuple(s for s in (license_size(name, assets.get(name)) for name in wanted) if s)


def _read_count(value: object, most: int) -> int | None:
    """Return a number that counts something; None for anything else."""
    return value if type(value) is int and 0 < value <= most else None


def is_id(media_id: str) -> bool:
    """Return whether an image or clip can have this id."""
    return re.fullmatch(IDS, media_id) is not None
