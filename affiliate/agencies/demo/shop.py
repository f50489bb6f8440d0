"""The pretend shop of the demo: half of its photographs, in sizes, and some clips.

With the shop an owner without any key sees what agencies bring: buttons that lead away, pictures of
two sellers with sizes, clips, and an agency that answers late. The links lead to pages of this site
that explain what a visitor would see. The configuration allows the shop beside the demo alone.
"""

import time
import zlib
from typing import ClassVar, Final

import msgspec

from affiliate.agencies.demo.client import Demo, Picture
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.terms import Terms
from affiliate.config.setting_table import SETTINGS
from affiliate.domain.media import Media, SearchQuery, SearchResult, Size

FIRST_DELAY: Final = 1.5
"""Seconds that the first search of a process takes: longer than a page waits for late agencies."""
TOPICS: Final = next(setting.default for setting in SETTINGS if setting.name == "SITE_TOPICS")
"""Searches that are never late: the start page shows their pictures at once."""
CLIPS: Final = (
    *("1338182", "2413253", "2762913", "6537716", "8945258", "9280928", "9457347", "9475765"),
)
"""The photographs that the clips pan over; `tools/make_clips.py` makes the clips."""
CLIP_SECONDS: Final = 4.0
"""Seconds of each clip."""
MIN_WORDS: Final = 4
"""Words of a title by which two agencies' picture is recognized as one, at least."""
SIZES: Final = {"small": 1_000, "medium": 2_500, "large": 6_000}
"""The pixels of the longer side of each size that the shop pretends to sell, by the size's name."""
CREDITS: Final = {"small": 1, "medium": 3, "large": 8}
"""The pretended prices of the sizes in credits, by the size's name."""


class DemoShop(Demo):
    """A pretend agency over the pictures of the demo catalogue, which sells nothing in truth."""

    name = "demo-shop"
    title = "Demo shop"
    video_filters: ClassVar[Filters] = {"media": ("video",), **Demo.image_filters}
    is_free = False
    has_suggestions = False
    has_categories = False
    license_url = ""
    terms = Terms(
        source="none: the shop is pretend",
        notice="This is a demo: the Demo shop is pretend, and nothing is for sale.",
    )
    first_delay = FIRST_DELAY

    def set_up(self) -> None:
        super().set_up()
        self._has_searched = False

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        if query.q not in TOPICS and not self._has_searched:
            self._has_searched = True
            time.sleep(self.first_delay)
        return super().search(query, chunk)

    def offers(self, picture: Picture, media: str = "image") -> bool:
        if media == "video":
            return picture.id in CLIPS
        is_chosen = picture.type == "photo" and zlib.crc32(picture.id.encode()) % 2 == 0
        return is_chosen and len(picture.title.split()) >= MIN_WORDS  # known elsewhere by its title

    def to_media(self, picture: Picture, media: str = "image") -> Media:
        """Convert a picture, or the clip that pans over the picture, to `Media`."""
        item = super().to_media(picture, media)
        return msgspec.structs.replace(
            item,
            type=item.type if media == "image" else None,
            page_url=f"{self.url}/demo-shop/{media}/{picture.id}",
            sizes=tuple(_list_sizes(picture)) if media == "image" else (),
            duration=CLIP_SECONDS if media == "video" else None,
            clip=f"{self.url}/static/demo-shop/{picture.id}.mp4" if media == "video" else None,
        )


def _list_sizes(picture: Picture) -> list[Size]:
    longer = max(picture.preview_width, picture.preview_height)
    return [
        Size(
            name,
            round(picture.preview_width * side / longer),
            round(picture.preview_height * side / longer),
            "jpg",
            credits=CREDITS[name],
        )
        for name, side in SIZES.items()
    ]
