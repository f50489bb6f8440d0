"""Shutterstock's footage: parameters of a search, conversion to `Media` (OpenAPI 1.1.32).

A still has an address but no size: the box has the clip's own ratio at a nominal height. Whether
stills carry an id bar is not documented. The official affiliate form for footage names the page
``pic.mhtml?id=``, which opens the *image* of that number; links lead to ``/video/clip-{id}``
instead, as seen in public affiliate links.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from affiliate.agencies.shutterstock import schema as wire
from affiliate.agencies.shutterstock.schema import Video
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import Media, SearchQuery, Thumbnail, clean_id, read_web_address
from affiliate.domain.query import ADDED, AGES, ASPECTS, ETHNICITIES, GENDERS, RESOLUTIONS
from affiliate.transport.messages import Params, drop_empty

EXPRESSES: Final[Mapping[str, tuple[str, ...] | None]] = {
    "media": ("video",),
    "added": tuple(ADDED),
    "exclude": None,
    "people": None,
    "age": AGES,
    "gender": GENDERS,
    "ethnicity": ETHNICITIES,
    "category": None,
    "contributor": None,
    "license": ("commercial", "editorial"),
    "released": None,
    "sort": ("popular", "relevance", "newest", "random"),
    "duration": None,
    "resolution": RESOLUTIONS,
    "aspect": ASPECTS,
    "fps": None,
}
PARAMETERS: Final = {
    "people": "people_number",
    "age": "people_age",
    "gender": "people_gender",
    "ethnicity": "people_ethnicity",
    "category": "category",
    "contributor": "contributor",
    "license": "license",
    "lang": "language",
    "sort": "sort",
    "resolution": "resolution",
}
"""Our filters and the API's parameters of the same meaning and values."""
RATIOS: Final = {"16:9": "169", "4:3": "43", "nonstandard": "nonstandard"}
"""Our ratios and the API's."""
SIZES: Final = ("web", "sd", "hd", "4k")
STILL_HEIGHT: Final = 360
"""Pixels; only the ratio of a still's box counts."""
USUAL_RATIO: Final = 16 / 9
MOST_RATIO: Final = 10.0
MOST_SECONDS: Final = 10.0**6
"""Seconds; a longer duration is not taken for the duration of a clip."""


def search_params(query: SearchQuery) -> Params:
    """Return the filters of a search for footage."""
    return (
        *wire.search_params(query, PARAMETERS),
        *drop_empty({"aspect_ratio": RATIOS.get(query.aspect or "", "")}),
        *_build_range_params("duration", query.duration or ""),
        *_build_range_params("fps", query.fps or ""),
    )


def _build_range_params(name: str, value: str) -> Params:
    """Return the ends of a range such as 10, 10-30, 10- or -30 as parameters of their own."""
    low, dash, high = value.partition("-")
    return drop_empty({f"{name}_from": low, f"{name}_to": high if dash else low})


def to_media(agency: str, video: Video, search_id: str | None) -> Media | None:
    """Convert a clip to `Media`; None where the clip has no still or id."""
    still = _find_still(video, "thumb_jpg", "preview_jpg")
    if still is None or not clean_id(video.id):
        return None
    return wire.build_media(
        agency,
        video,
        search_id,
        media="video",
        page_url=wire.build_page_url(video, build_page_url(video.id)),
        duration=read_duration(video.duration),
        clip=clip_url(video.assets),
        thumbnail=still,
        preview=_find_still(video, "preview_jpg", "thumb_jpg"),
        sizes=wire.read_sizes(video.assets, SIZES),
    )


def build_page_url(media_id: str) -> str:
    """Return the address of the page that sells a clip."""
    return f"https://www.shutterstock.com/video/clip-{percent_encode(media_id)}"


def _find_still(video: Video, *names: str) -> Thumbnail | None:
    stills = (make_still_thumbnail(video.assets.get(name), video.aspect) for name in names)
    return next((still for still in stills if still), None)


def make_still_thumbnail(asset: object, aspect: object) -> Thumbnail | None:
    """Return a still in a box of the clip's ratio; None where the address is unusable."""
    url = find_asset_url(asset)
    return Thumbnail(url, round(_read_ratio(aspect) * STILL_HEIGHT), STILL_HEIGHT) if url else None


def clip_url(assets: Mapping[str, Any]) -> str | None:
    """Return the address of a small clip that browsers play: the smallest first."""
    names = ("thumb_mp4", "thumb_webm", "preview_mp4", "preview_webm")
    return next((url for url in (find_asset_url(assets.get(name)) for name in names) if url), None)


def find_asset_url(asset: object) -> str | None:
    """Return the address of an asset; None where the address is unusable."""
    return read_web_address(asset.get("url")) if isinstance(asset, dict) else None


def read_duration(duration: object) -> float | None:
    """Return a clip's duration in seconds; None for anything but a plausible number."""
    fits = isinstance(duration, int | float) and 0 < duration < MOST_SECONDS
    return float(duration) if fits else None  # type: ignore[arg-type] # a number, as just seen


def _read_ratio(aspect: object) -> float:
    if not isinstance(aspect, int | float) or not math.isfinite(aspect):
        return USUAL_RATIO
    return aspect if 1 / MOST_RATIO <= aspect <= MOST_RATIO else USUAL_RATIO
