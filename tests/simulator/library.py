"""The made-up library: pictures, footage and editorial media, each found by its number."""

from typing import Any, Literal

Media = Literal["image", "video", "editorial", "editorial_video"]
"""What is bought; "editorial" is a picture of the separate editorial library."""

FIRST_ID = 1_000_000
FIRST_VIDEO = 20_000_000
FIRST_EDITORIAL = 30_000_000
HOST = "https://image.shutterstock.com"
SIZES = {
    "small_thumb": (100, 67),
    "large_thumb": (150, 100),
    "mosaic": (250, 167),
    "huge_thumb": (390, 260),
    "preview": (450, 300),
    "preview_1000": (1000, 667),
    "preview_1500": (1500, 1000),
}
SOLD = {
    "small_jpg": ("Small", 500, 334, "jpg", True),
    "medium_jpg": ("Med", 1000, 667, "jpg", True),
    "huge_jpg": ("Huge", 5616, 3744, "jpg", True),
    "supersize_jpg": ("Super", 11232, 7488, "jpg", False),
}
"""Sizes for sale: a name, width, height, format, and whether it can be licensed."""
MEASURES = {key.removesuffix("_jpg"): (w, h) for key, (_, w, h, _, _) in SOLD.items()}
"""Width and height by the names that licensing uses."""
VECTOR = {"display_name": "Vector", "file_size": 123, "format": "eps", "is_licensable": True}
FOOTAGE = {
    "web": ("Low Resolution MPEG", 426, 240),
    "sd": ("Standard Definition MPEG", 852, 480),
    "hd": ("Original HD", 1920, 1080),
    "4k": ("4K", 4096, 2160),
}
EDITORIAL = {"small": (500, 334), "medium": (1000, 667), "original": (5616, 3744)}
LONG_EVERY = 25
LONG = (
    " of a woman&#39;s hands that hold a caf&eacute; latte &amp; a croissant at a wooden table"
    " by the window of a bakery, early in the morning, close-up, selective focus, copy space"
)
"""What follows in long descriptions; entities stand in some of the agencies' texts."""
CATEGORIES = {"1": "Animals/Wildlife", "11": "The Arts", "12": "Nature"}
EDITORIAL_CATEGORIES = ("Sport", "Entertainment")
RATES = (24, 25, 29.97)


def image(number: int, host: str = HOST) -> dict[str, Any]:
    """Describe a picture of the library in full, as the API does; ``number`` counts from 0."""
    media_id = str(FIRST_ID + number)
    return {
        "id": media_id,
        "added_date": "2025-01-31",
        "aspect": 1.5,
        "assets": {
            name: {"width": w, "height": h, "url": f"{host}/{name}/{media_id}.jpg"}
            for name, (w, h) in SIZES.items()
        }
        | {name: _describe_size(*details) for name, details in SOLD.items()}
        | ({"vector_eps": VECTOR} if number % 3 == 2 else {}),
        "categories": [{"id": "1", "name": "Animals/Wildlife"}, *_extra_categories(number)],
        "contributor": {"id": str(7 + number % 5)},
        "description": f"Made-up picture {number}{_long_text(number)}",
        "has_model_release": number % 2 == 0,
        "has_property_release": number % 4 == 0,
        "image_type": ("photo", "illustration", "vector")[number % 3],
        "is_adult": False,
        "is_editorial": number % 10 == 0,
        "is_illustration": number % 3 == 1,
        "keywords": ["made-up", f"number {number}", *_more_words(number)],
        "media_type": "image",
    }


def _is_long(number: int) -> bool:
    """Return whether a picture is described as most are: in 200 signs and 50 keywords."""
    return number % LONG_EVERY == LONG_EVERY - 1


def _long_text(number: int) -> str:
    return LONG if _is_long(number) else ""


def _more_words(number: int) -> list[str]:
    return ["Made-up", *(f"word {n}" for n in range(48))] if _is_long(number) else []


def _extra_categories(number: int) -> list[dict[str, str]]:
    return [{"id": "0", "name": "NOT-CATEGORIZED"}] if _is_long(number) else []


def _describe_size(
    name: str,
    width: int,
    height: int,
    kind: str,
    licensable: bool,  # noqa: FBT001
) -> dict[str, Any]:
    return {
        "display_name": name,
        "dpi": 300,
        "file_size": width * height,
        "format": kind,
        "height": height,
        "is_licensable": licensable,
        "width": width,
    }


def video(number: int, host: str = HOST) -> dict[str, Any]:
    """Describe a clip in full; ``number`` counts from 0, and every third clip has no 4K."""
    media_id = str(FIRST_VIDEO + number)
    at = f"{host}/videos/{media_id}"
    sizes = [name for name in FOOTAGE if name != "4k" or number % 3]
    return {
        "id": media_id,
        "added_date": "2025-01-31",
        "aspect": 1.778,
        "aspect_ratio": "16:9",
        "assets": {
            "preview_jpg": {"url": f"{at}/preview.jpg"},
            "preview_mp4": {"url": f"{at}/preview.mp4"},
            "preview_webm": {"url": f"{at}/preview.webm"},
            "thumb_jpg": {"url": f"{at}/thumb.jpg"},
            "thumb_jpgs": {"urls": [f"{at}/thumb/{n}.jpg" for n in range(1, 4)]},
            "thumb_mp4": {"url": f"{at}/thumb.mp4"},
            "thumb_webm": {"url": f"{at}/thumb.webm"},
        }
        | {name: _describe_clip(name, RATES[number % 3]) for name in sizes},
        "categories": [{"id": "12", "name": "Nature"}],
        "contributor": {"id": str(7 + number % 5)},
        "description": f"Made-up clip {number}",
        "duration": 5 + number % 60,
        "has_model_release": number % 2 == 0,
        "has_property_release": False,
        "is_adult": False,
        "is_editorial": number % 10 == 0,
        "keywords": ["made-up", f"number {number}"],
        "media_type": "video",
    }


def _describe_clip(size: str, rate: float) -> dict[str, Any]:
    name, width, height = FOOTAGE[size]
    return {
        "display_name": name,
        "file_size": width * height * 50,
        "format": "mov",
        "fps": rate,
        "height": height,
        "is_licensable": True,
        "width": width,
    }


def editorial(number: int, host: str = HOST) -> dict[str, Any]:
    """Describe a picture of the editorial library."""
    media_id = f"{FIRST_EDITORIAL + number}b"
    thumbs = {"thumb_170": 170, "thumb_220": 220, "watermark_450": 450, "watermark_1500": 1500}
    return _describe_editorial(number, media_id) | {
        "assets": {
            name: {"width": w, "height": w * 2 // 3, "url": f"{host}/{name}/{media_id}.jpg"}
            for name, w in thumbs.items()
        }
        | {
            f"{name}_jpg" if name != "original" else name: {
                "display_name": name.title(),
                "width": w,
                "height": h,
                "is_licensable": True,
            }
            for name, (w, h) in EDITORIAL.items()
        },
        "aspect": 1.5,
        "special_instructions": "",
    }


def editorial_video(number: int, host: str = HOST) -> dict[str, Any]:
    """Describe a clip of the editorial library."""
    media_id = f"{FIRST_EDITORIAL + number}a"
    at = f"{host}/editorial/{media_id}"
    return _describe_editorial(number, media_id) | {
        "assets": {
            "original": _describe_clip("hd", RATES[number % 3]),
            "preview_mp4": {"url": f"{at}/preview.mp4"},
            "preview_webm": {"url": f"{at}/preview.webm"},
            "thumb_jpg": {"url": f"{at}/thumb.jpg"},
        },
        "aspect": 1.778,
    }


def _describe_editorial(number: int, media_id: str) -> dict[str, Any]:
    return {
        "id": media_id,
        "byline": "Ann Other/Shutterstock",
        "caption": "",
        "categories": [{"name": EDITORIAL_CATEGORIES[number % 2]}],
        "date_taken": "2025-01-31",
        "description": f"Made-up report {number}",
        "keywords": ["made-up", f"number {number}"],
        "title": f"Report {number}",
    }


MAKERS = {
    "image": image,
    "video": video,
    "editorial": editorial,
    "editorial_video": editorial_video,
}


class Library:
    """``size`` items of each kind, less the ``withdrawn`` ids, which tests may change."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.withdrawn: set[str] = set()

    def find(self, media: Media, media_id: str) -> dict[str, Any] | None:
        """Return the item of an id, unless missing."""
        first, ending = {
            "image": (FIRST_ID, ""),
            "video": (FIRST_VIDEO, ""),
            "editorial": (FIRST_EDITORIAL, "b"),
            "editorial_video": (FIRST_EDITORIAL, "a"),
        }[media]
        digits = media_id.removesuffix(ending) if media_id.endswith(ending) else ""
        number = int(digits) - first if digits.isdecimal() and len(digits) < 20 else -1
        there = 0 <= number < self.size and media_id not in self.withdrawn
        return MAKERS[media](number) if there else None

    def numbers(self, media: Media) -> range:
        """Return the numbers of a kind's items, including withdrawn items."""
        assert media in MAKERS
        return range(self.size)
