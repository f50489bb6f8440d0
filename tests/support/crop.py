"""Makes pictures with a bar at an edge, and finds the bar in screenshots."""

from io import BytesIO

from PIL import Image, ImageChops

from tests.support.fake_agency import BAR, picture

TINT = 2
"""The largest difference from gray, of 255, that is no tint."""


BARS_OWN = 60
"""How much more red and blue than green, of 255, only a bar has."""


EDGES = ("bottom", "right")


def make_barred_picture(width: float, height: float, edge: str) -> bytes:
    """Return a picture of the declared size with a bar beyond it; fractions of a pixel round up."""
    wide, high = -(-width // 1), -(-height // 1)
    w, h = int(wide), int(high)
    if edge == "bottom":
        return picture(w, h + BAR, (0, h, w, h + BAR))
    return picture(w + BAR, h, (w, 0, w + BAR, h))


def is_tinted(shot: Image.Image) -> bool:
    """Return whether any pixel has a tint of magenta: more red or blue than green."""
    red, green, blue = shot.split()
    highest: int = ImageChops.subtract(ImageChops.lighter(red, blue), green).getextrema()[1]  # type: ignore[assignment]
    return highest > TINT


def has_bar(shot: Image.Image) -> bool:
    """Return whether any pixel is magenta, whatever other colors a page has."""
    red, green, blue = shot.split()
    highest: int = ImageChops.subtract(ImageChops.darker(red, blue), green).getextrema()[1]  # type: ignore[assignment]
    return highest > BARS_OWN


def open_png(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")
