"""Values of the filters that embeds take."""

from typing import Final

SAMPLES: Final = {
    "q": "cat", "exclude": "dog", "media": "video", "type": "photo", "orientation": "panorama",
    "min_width": "2000", "added": "week", "color": "ff8800", "people": "0", "age": "20s",
    "gender": "male", "ethnicity": "other", "category": "animals", "contributor": "x",
    "license": "editorial", "released": "1", "no_ai": "1", "safe": "0", "sort": "newest",
    "duration": "10-30", "resolution": "4k", "aspect": "16:9", "fps": "30", "lang": "de",
    "agency": "demo",
}  # fmt: skip
"""A value of each filter that is not its default."""
