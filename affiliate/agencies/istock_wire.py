"""What `istock` says and reads: its words for the filters, and the shapes of its answers."""

import msgspec

from affiliate.agencies.reading import fitted
from affiliate.messages import Params, given
from affiliate.model import SearchQuery, Thumbnail, web_address

RENDITIONS = {"comp": 612, "thumb": 170}
"""Display sizes that may stand in a tile, with the pixels of their longer side."""
TYPES = {"photo": "photography", "illustration": "illustration", "vector": "vector"}
STYLES = {theirs: ours for ours, theirs in TYPES.items()}
SORTS = {
    "popular": "most_popular",
    "relevance": "best_match",
    "newest": "newest",
    "random": "random",
}
PEOPLE = {"0": "none", "1": "one", "2": "two", "3": "group", "4": "group"}
AGES = {
    "infants": "newborn,baby",
    "children": "child",
    "teenagers": "teenager",
    "20s": "20-29_years",
    "30s": "30-39_years",
    "40s": "40-49_years",
    "50s": "50-59_years",
    "60s": "60-69_years",
    "older": "70-79_years,80-89_years,90_plus_years,100_over",
}
ETHNICITIES = {
    "caucasian": "white",
    "hispanic": "hispanic_latinx",
    "native_american": "native_american_first_nations",
    **dict.fromkeys(("black", "east_asian", "japanese", "middle_eastern", "pacific_islander"), ""),
    **dict.fromkeys(("south_asian", "southeast_asian"), ""),
}
"""Its names for ours; empty where they are the same."""
LANGUAGES = {
    **{one: one for one in "cs de es fi fr hu id it ja ko nl pl ro ru sv th tr uk vi".split()},
    "en": "en-US",
    "pt": "pt-BR",
    "zh-Hant": "zh-HK",
}


class DisplaySize(msgspec.Struct):
    """A rendition, of which no size is said."""

    name: str | None = None
    uri: str | None = None


class Destination(msgspec.Struct):
    """A picture's page on one of the sites."""

    site_name: str | None = None
    uri: str | None = None


class Sides(msgspec.Struct):
    """Pixels of the largest file."""

    width: int = 0
    height: int = 0


class Keyword(msgspec.Struct):
    """A word that a picture is found by."""

    text: str | None = None


class Image(msgspec.Struct):
    """One picture."""

    id: str
    title: str | None = None
    artist: str | None = None
    asset_family: str | None = None
    graphical_style: str | None = None
    display_sizes: list[DisplaySize] | None = None
    referral_destinations: list[Destination] | None = None
    max_dimensions: Sides | None = None
    keywords: list[Keyword] | None = None


class Correction(msgspec.Struct):
    """What the words were taken for."""

    phrase: str | None = None


class Images(msgspec.Struct):
    """Pictures of a search; ``result_count`` counts all that there are."""

    images: list[Image] | None
    result_count: int
    auto_corrections: Correction | None = None


class Details(msgspec.Struct):
    """Pictures by their ids."""

    images: list[Image] | None


def params(query: SearchQuery) -> Params:
    """Words and filters, where several values of one stand in one parameter."""
    safe = "true" if query.safe else "false"
    color = query.color or ""
    people = "" if query.people is None else PEOPLE[str(query.people)]
    ethnicity = query.ethnicity or ""
    return given(
        {
            "phrase": query.q,
            "graphical_styles": TYPES.get(query.type or "", ""),
            "orientations": query.orientation or "",
            "color": f"#{color}" if color else "",
            "number_of_people": people,
            "age_of_people": AGES.get(query.age or "", ""),
            "ethnicity": ETHNICITIES.get(ethnicity, "") or ethnicity,
            "artists": query.contributor or "",
            "exclude_editorial_use_only": "true" if query.license else "",
            "safe_search": safe,
            "exclude_nudity": safe,
            "sort_order": SORTS[query.sort],
        }
    )


def page_at_istock(image: Image) -> str | None:
    """The picture's page at iStock, whose name tells it from Getty's other sites."""
    sites = image.referral_destinations or ()
    return next((web_address(one.uri) for one in sites if one.site_name == "istockphoto"), None)


def thumbnail(image: Image) -> Thumbnail | None:
    """The first of the renditions that has an address, with the ratio of the picture."""
    found = {one.name: one.uri for one in image.display_sizes or ()}
    size = image.max_dimensions or Sides()
    sides = (size.width, size.height) if size.width > 0 and size.height > 0 else (3, 2)
    made = (fitted(found.get(name), *sides, side) for name, side in RENDITIONS.items())
    return next((one for one in made if one), None)
