"""Filters of a search at Depositphotos (Enterprise API reference, PHP SDK).

A color becomes the nearest of 17 colors, the last four of which are for grays; there is no search
for gray pictures. Photos are all JPEG images, also drawings; the age of 70 is our older.
Ethnicities of Africa and Asia have no values of the same meaning. Words to exclude are sent under
two names, for the reference and the SDK spell the parameter differently; commas divide them. The
words are taken for English; a language is the language of the titles in the answer.
"""

import re
from collections.abc import Mapping
from typing import Final

from affiliate.agencies.filter_values import HEX, find_language
from affiliate.domain.media import SearchQuery
from affiliate.domain.query import GENDERS, MIN_WIDTHS
from affiliate.domain.words import split_terms
from affiliate.transport.messages import Params, drop_empty

ORDERS: Final = {"popular": "4", "relevance": "1", "newest": "5"}
AGES: Final = {"infants": "infant", "children": "child", "teenagers": "teenager", "older": "70"} | {
    f"{decade}s": f"{decade}" for decade in range(20, 70, 10)
}
RACES: Final = {name: name for name in ("brazilian", "black", "caucasian", "hispanic", "other")} | {
    "middle_eastern": "middle",
    "native_american": "native",
}
EDITORIAL: Final = {"commercial": "0", "editorial": "1"}
LANGUAGES: Final = {"cs": "cz", "el": "gr", "ja": "jp", "sv": "se"} | {
    tag: tag for tag in "de en es fr hu id it ko nl pl pt ro ru th tr uk zh".split()
}
COLORS: Final = (
    *("00007c 0005fd 01ffff 027f00 04fe00 ffff00 f9be00 fecd9b fe0000 7e0004 653201".split()),
    *("ff01ff 810081 bfbfbf 7a7a7a 000000 ffffff".split()),
)
"""The colors of the filter, numbered from 1; the last four are gray."""
GRAYS: Final = 4
MOST_GRAY: Final = 32
"""The largest difference between the channels of a gray, of 255."""
EXPRESSES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "exclude": None,
    "type": ("photo", "vector"),
    "orientation": ("horizontal", "vertical", "square"),
    "min_width": MIN_WIDTHS,
    "color": HEX,
    "people": ("1", "2", "3"),
    "age": tuple(AGES),
    "gender": GENDERS,
    "ethnicity": tuple(RACES),
    "contributor": None,
    "license": tuple(EDITORIAL),
    "sort": tuple(ORDERS),
}
LOOSELY: Final[Mapping[str, tuple[str, ...] | None]] = {
    "type": ("photo",),
    "color": None,
    "age": ("older",),
}


def search_params(query: SearchQuery) -> Params:
    """Return the parameters of a search: words, filters, order and language."""
    lang = find_language(query.lang, LANGUAGES)
    excluded = ",".join(
        " ".join(re.findall(r'[^\s,"]+', term)) for term in split_terms(query.exclude)
    )
    return drop_empty(
        {
            "dp_search_query": query.q,
            "dp_exclude_keyword": excluded,
            "dp_exclude_keywords": excluded,
            "dp_search_sort": ORDERS[query.sort],
            "dp_search_photo": "0" if query.type == "vector" else "1",
            "dp_search_vector": "0" if query.type == "photo" else "1",
            "dp_search_video": "0",
            "dp_search_orientation": query.orientation or "",
            "dp_search_width": query.min_width or "",
            "dp_search_dimension_units": "px" if query.min_width else "",
            "dp_search_color": _find_nearest_color(query.color) if query.color else "",
            "dp_search_quantity": str(query.people or ""),
            "dp_search_age": AGES.get(query.age or "", ""),
            "dp_search_gender": query.gender or "",
            "dp_search_race": RACES.get(query.ethnicity or "", ""),
            "dp_search_username": query.contributor or "",
            "dp_search_editorial": EDITORIAL.get(query.license or "", ""),
            "dp_search_nudity": "0" if query.safe else "1",
            "dp_lang": lang,
            "dp_translate_items": "1" if lang else "",
        }
    )


def _find_nearest_color(color: str) -> str:
    """Return the number of the nearest color by channels; a gray gets the nearest gray."""
    channels = bytes.fromhex(color)
    is_gray = max(channels) - min(channels) <= MOST_GRAY
    candidates = COLORS[-GRAYS:] if is_gray else COLORS[:-GRAYS]
    nearest = min(
        candidates, key=lambda candidate: _measure_distance(bytes.fromhex(candidate), channels)
    )
    return str(COLORS.index(nearest) + 1)


def _measure_distance(channels: bytes, other_channels: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(channels, other_channels, strict=True))
