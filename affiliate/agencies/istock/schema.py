"""The API's values of our filters, shapes of iStock's answers, and parts of a `Media`."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from affiliate.agencies.parsing import (
    fit_rendition,
    read_original_sides,
    read_rendition,
    select_densities,
)
from affiliate.domain import media
from affiliate.domain.affiliate_links import is_impact, read_destination
from affiliate.domain.media import (
    Media,
    SearchQuery,
    Thumbnail,
    clean_id,
    clean_text,
    read_web_address,
)
from affiliate.transport.messages import Params, drop_empty

RENDITIONS = {"comp": 612, "thumb": 170}
"""Display sizes that may stand in a tile, with the pixels of their longer side."""
LARGE = {"mid_res_comp": 1024}
"""The display size of a large preview, with the pixels of its longer side."""
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
"""The API's names by ours; empty where the names are the same."""
AFFILIATE_STYLES = {"photo": "photography", "vector": "vector"}
GETTY = "gettyimages.com"
"""The site whose pictures iStock doesn't sell."""
TILE = 330
"""Pixels; the least width of a rendition for a tile, if any is so wide."""
LANGUAGES = {
    **{tag: tag for tag in "cs de es fi fr hu id it ja ko nl pl ro ru sv th tr uk vi".split()},
    "en": "en-US",
    "pt": "pt-BR",
    "zh-Hant": "zh-HK",
}


class DisplaySize(msgspec.Struct):
    """A rendition without a stated size."""

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
    """A keyword of a picture."""

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
    """The corrected words of a search."""

    phrase: str | None = None


class Images(msgspec.Struct):
    """A page of pictures of a search; ``result_count`` counts all."""

    images: list[Image] | None
    result_count: int
    auto_corrections: Correction | None = None


class Details(msgspec.Struct):
    """Pictures by their ids."""

    images: list[Image] | None


class PreviewUrls(msgspec.Struct):
    """Renditions for affiliates, with their sizes."""

    small: str | None = None
    small_width: int | None = None
    small_height: int | None = None
    medium: str | None = None
    medium_width: int | None = None
    medium_height: int | None = None
    large: str | None = None
    large_width: int | None = None
    large_height: int | None = None


class AffiliateImage(msgspec.Struct):
    """A picture of the search of affiliates; ``destination_url`` is the address of its link."""

    id: str | None = None
    title: str | None = None
    caption: str | None = None
    preview_urls: PreviewUrls | None = None
    destination_url: str | None = None


class AffiliateImages(msgspec.Struct):
    """Pictures of a search of affiliates, which has neither pages nor a count."""

    images: list[AffiliateImage] | None
    auto_corrections: Correction | None = None


def search_params(query: SearchQuery) -> Params:
    """Return words and filters; several values of a filter stand in one parameter."""
    safe = "true" if query.safe else "false"
    color = query.color or ""
    people = "" if query.people is None else PEOPLE[str(query.people)]
    ethnicity = query.ethnicity or ""
    is_panorama = query.orientation == "panorama"
    return drop_empty(
        {
            "phrase": query.q,
            "graphical_styles": TYPES.get(query.type or "", ""),
            "orientations": "panoramic_horizontal" if is_panorama else query.orientation or "",
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


def build_affiliate_params(query: SearchQuery) -> Params:
    """Return the parameters of the search of affiliates: words, and one of two styles."""
    return drop_empty({"phrase": query.q, "style": AFFILIATE_STYLES.get(query.type or "", "")})


def to_affiliate_media(agency: str, image: AffiliateImage) -> Media | None:
    """Convert a picture of the search of affiliates; None where it can't be shown or sold.

    Whether ``destination_url`` is the picture's page or a link of the network isn't documented:
    a link of Impact is taken for the referral, and its ``u`` for the page.
    """
    target = read_web_address(image.destination_url)
    renditions = _list_preview_renditions(image.preview_urls or PreviewUrls())
    media_id = clean_id(image.id)
    if target is None or not renditions or not media_id:
        return None
    referral = target if is_impact(target) else None
    page = read_destination(target) or target
    if (urlsplit(page).hostname or "").endswith(GETTY):
        return None
    best = next((rendition for rendition in renditions if rendition.width >= TILE), renditions[-1])
    return Media(
        agency=agency,
        id=media_id,
        title=clean_text(image.title) or clean_text(image.caption),
        page_url=page,
        referral=referral,
        thumbnail=best,
        preview=renditions[-1],
        renditions=select_densities(*renditions),
    )


def _list_preview_renditions(urls: PreviewUrls) -> list[Thumbnail]:
    """Return the renditions that can be shown, the smallest first."""
    renditions = (
        read_rendition(
            {
                "url": getattr(urls, name),
                "width": getattr(urls, f"{name}_width"),
                "height": getattr(urls, f"{name}_height"),
            }
        )
        for name in ("small", "medium", "large")
    )
    return [rendition for rendition in renditions if rendition]


def find_istock_page(image: Image) -> str | None:
    """Return the address of the picture at iStock; the destination's name marks the site."""
    sites = image.referral_destinations or ()
    return next(
        (read_web_address(site.uri) for site in sites if site.site_name == "istockphoto"), None
    )


def find_largest_sides(image: Image) -> media.Sides | None:
    """Return the sides of the largest file; None where an answer lacks them."""
    sides = image.max_dimensions or Sides()
    return read_original_sides(sides.width, sides.height)


def display_renditions(image: Image, sizes: Mapping[str, int]) -> list[Thumbnail]:
    """Return the display sizes with an address, in the ratio of the picture."""
    urls = {display.name: display.uri for display in image.display_sizes or ()}
    size = image.max_dimensions or Sides()
    sides = (size.width, size.height) if size.width > 0 and size.height > 0 else (3, 2)
    renditions = (fit_rendition(urls.get(name), *sides, side) for name, side in sizes.items())
    return [rendition for rendition in renditions if rendition]
