"""Shutterstock's images: parameters of a search, conversion to `Media` (OpenAPI 1.1.32).

``huge_thumb`` is declared 390x260 while the file is 390x280 with the id in the lowest 20 rows, and
``preview_1500`` 1500x1000 while the file has 100 rows more; the declared size is the box to crop
to. That ``preview_1000`` follows the same rule is a guess.
"""

from collections.abc import Mapping
from typing import Final

from affiliate.agencies.parsing import find_first_rendition, read_rendition, select_densities
from affiliate.agencies.shutterstock import schema as wire
from affiliate.agencies.shutterstock.schema import Image
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import Media, SearchQuery, clean_id
from affiliate.domain.query import (
    ADDED,
    AGES,
    ETHNICITIES,
    GENDERS,
    LICENSES,
    MIN_WIDTHS,
    ORIENTATIONS,
    PANORAMA,
    TYPES,
)
from affiliate.transport.messages import Params

EXPRESSES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "exclude": None,
    "type": TYPES,
    "orientation": ORIENTATIONS,
    "min_width": MIN_WIDTHS,
    "added": tuple(ADDED),
    "color": None,
    "people": None,
    "age": AGES,
    "gender": GENDERS,
    "ethnicity": ETHNICITIES,
    "category": None,
    "contributor": None,
    "license": LICENSES,
    "released": None,
    "sort": ("popular", "relevance", "newest", "random"),
}
PARAMETERS: Final = {
    "type": "image_type",
    "min_width": "width_from",
    "color": "color",
    "people": "people_number",
    "age": "people_age",
    "gender": "people_gender",
    "ethnicity": "people_ethnicity",
    "category": "category",
    "contributor": "contributor",
    "license": "license",
    "lang": "language",
    "sort": "sort",
}
"""Our filters and the API's parameters of the same meaning."""
SHAPES: Final[Mapping[str, Params]] = {
    "horizontal": (("orientation", "horizontal"),),
    "vertical": (("orientation", "vertical"),),
    "square": (("aspect_ratio", "1"),),
    "panorama": (("aspect_ratio_min", str(PANORAMA)),),
}
"""Our orientations and the API's parameters; a ratio is the width by the height."""
THUMBNAILS: Final = ("huge_thumb", "preview", "mosaic", "large_thumb", "small_thumb")
DENSE: Final = ("preview_1000",)
"""Renditions for screens of high density."""
PREVIEWS: Final = ("preview_1000", "preview_1500", "preview")
SIZES: Final = ("small_jpg", "medium_jpg", "huge_jpg", "supersize_jpg", "vector_eps")


def search_params(query: SearchQuery) -> Params:
    """Return the filters of a search for images."""
    return (*wire.search_params(query, PARAMETERS), *SHAPES.get(query.orientation or "", ()))


def to_media(agency: str, image: Image, search_id: str | None) -> Media | None:
    """Convert an image to `Media`; None where the image has no thumbnail or id."""
    thumbnail = find_first_rendition(image.assets, THUMBNAILS)
    if thumbnail is None or not clean_id(image.id):
        return None
    kind = image.image_type if image.image_type in TYPES else None
    return wire.build_media(
        agency,
        image,
        search_id,
        type=kind,
        page_url=wire.build_page_url(image, build_page_url(image.id, kind or "photo")),
        thumbnail=thumbnail,
        preview=find_first_rendition(image.assets, PREVIEWS),
        renditions=select_densities(thumbnail, *map(read_rendition, map(image.assets.get, DENSE))),
        sizes=wire.read_sizes(image.assets, SIZES),
    )


def build_page_url(media_id: str, kind: str = "photo") -> str:
    """Return the address of the page that sells an image of a kind."""
    return f"https://www.shutterstock.com/image-{kind}/{percent_encode(media_id)}"
