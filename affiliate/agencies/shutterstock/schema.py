"""Shapes and values shared by Shutterstock's calls for images, footage and editorial.

Only the fields used are here; required ones have no default (OpenAPI 1.1.32).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec

from affiliate.agencies.filter_values import find_first_day
from affiliate.domain.media import (
    Media,
    SearchQuery,
    Size,
    clean_id,
    clean_text,
    clean_texts,
    read_web_address,
)
from affiliate.domain.words import split_terms
from affiliate.transport.messages import Params, drop_empty

IDS: Final = r"[1-9][0-9]{0,19}|U[a-zA-Z0-9]{1,40}"
"""Ids of images and footage; other words after a path are other calls."""
NO_CATEGORY: Final = r"(not|un)\W?categori[sz]ed"
"""The category of items without a category."""
MAX_SIDE: Final = 10**6
"""Pixels; a larger number is not taken for the side of a picture."""
MAX_COUNT: Final = 10**12
"""A larger number is not taken for a count of pictures."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class Contributor(msgspec.Struct):
    """The author of an item."""

    id: str


class Category(msgspec.Struct):
    """A category of items."""

    name: str = ""


class Item(msgspec.Struct):
    """The fields that images and clips in full share.

    Registered affiliates get ``affiliate_url``, certain accounts ``url``.
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
    """A page of images of a search; ``spellcheck_info`` may have the corrected words."""

    data: list[Image]
    total_count: Count
    search_id: str | None = None
    spellcheck_info: Any = None


class Videos(msgspec.Struct):
    """A page of clips of a search; ``spellcheck_info`` may have the corrected words."""

    data: list[Video]
    total_count: Count
    search_id: str | None = None
    spellcheck_info: Any = None


class Reports(msgspec.Struct):
    """A page of editorial items; ``next`` is the cursor of the next page."""

    data: list[Report]
    total_count: Count
    next: str | None = None
    search_id: str | None = None


class ImageList(msgspec.Struct):
    """Images requested by their ids."""

    data: list[Image] = []


class VideoList(msgspec.Struct):
    """Clips requested by their ids."""

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
    """Contributors requested by their ids."""

    data: list[Profile] = []


class Echo(msgspec.Struct):
    """The text that an echo returns."""

    text: str = ""


class Access(msgspec.Struct):
    """The user and the scopes of a token."""

    username: str | None = None
    scopes: list[str] = []


def search_params(query: SearchQuery, names: Mapping[str, str]) -> Params:
    """Return the parameters of a search; ``names`` has the API's parameters by our filters."""
    values = dict(query.to_pairs()) | {"sort": query.sort}
    safe = "true" if query.safe else "false"
    return drop_empty(
        {
            "query": query_expression(query.q, query.exclude),
            **{theirs: values.get(ours, "") for ours, theirs in names.items()},
            "added_date_start": find_first_day(query.added),
            "people_model_released": "true" if query.released else "",
            "safe": safe,
            "keyword_safe_search": safe,
        }
    )


def build_media(agency: str, item: Item, search_id: str | None, **own: Any) -> Media:  # noqa: ANN401 - fields of a Media
    """Build the `Media` of an image or clip; ``own`` has the fields that only either has."""
    return Media(
        agency=agency,
        id=clean_id(item.id),
        title=clean_text(item.description),
        keywords=clean_texts(item.keywords),
        contributor=clean_text(item.contributor.id) or None,
        editorial=item.is_editorial,
        released=item.has_model_release,
        property_released=item.has_property_release,
        categories=list_category_names(item.categories),
        search_id=clean_id(search_id) or None,
        referral=read_web_address(item.affiliate_url),
        **own,
    )


def build_page_url(item: Item, built: str) -> str:
    """Return the page of an image or clip: the answer's address, or else the ``built`` address."""
    address = read_web_address(item.url)
    host = urlsplit(address or "").hostname or ""
    is_own = host == "shutterstock.com" or host.endswith(".shutterstock.com")
    return address if address and is_own else built


def query_expression(words: str, excluded: str) -> str:
    """Return the ``query`` for plain words, with the API's NOT before each excluded term."""
    return " ".join([words, *(f"NOT {term}" for term in split_terms(excluded))]).strip()


def list_category_names(categories: Sequence[Category]) -> tuple[str, ...]:
    """Return the names of categories, without empty names and names for 'not categorized'."""
    names = clean_texts(category.name for category in categories)
    return tuple(name for name in names if not re.fullmatch(NO_CATEGORY, name, re.IGNORECASE))


def read_corrected_words(info: object) -> str | None:
    """Return the corrected words of a search; None where the sent words were not corrected.

    Answers of 2022 and 2025 have ``spellchecked_query`` beside ``orig_query``.
    """
    if not isinstance(info, dict):
        return None
    corrected, sent = (clean_text(info.get(name)) for name in ("spellchecked_query", "orig_query"))
    return corrected if corrected and corrected.casefold() != sent.casefold() else None


def read_size(asset: str, details: object) -> Size | None:
    """Return an asset's size; None for an unknown side or an asset that can't be licensed."""
    if not isinstance(details, dict) or details.get("is_licensable") is False:
        return None
    width, height = (_read_count(details.get(side), MAX_SIDE) for side in ("width", "height"))
    name, _, suffix = asset.partition("_")
    kind = clean_text(details.get("format")) or suffix
    weight = _read_count(details.get("file_size"), MAX_COUNT)
    return Size(name, width, height, kind, weight) if width and height else None


def read_sizes(assets: Mapping[str, Any], names: Sequence[str]) -> tuple[Size, ...]:
    """Return the sizes of the assets in ``names`` that can be licensed."""
    return tuple(s for s in (read_size(name, assets.get(name)) for name in names) if s)


def _read_count(value: object, limit: int) -> int | None:
    """Return a count of 1 to ``limit``; None for anything else."""
    return value if type(value) is int and 0 < value <= limit else None


def is_id(media_id: str) -> bool:
    """Return whether an image or clip can have this id."""
    return re.fullmatch(IDS, media_id) is not None
