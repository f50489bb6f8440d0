"""Drawing the demo catalog's pictures: rendering, grounds, colors, bars.

Used by ``make_catalog.py``.  Everything in here is deterministic: the same
source file gives the same picture.
"""

from __future__ import annotations

import bz2
import importlib
import io
import math
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from pathlib import Path

Floats = NDArray[np.float64]

THUMB_HEIGHT = 260
BAR = 20
PREVIEW_SIDE = 600
PHOTO_SIDE = 1000
RATIOS = (16 / 9, 3 / 2, 4 / 3, 1.0, 3 / 4, 2 / 3)
FILL = 0.79
#: Calm hues (OKLCH degrees) for drawings without a hue of their own.
NEUTRAL_HUES = (250.0, 85.0, 150.0, 20.0, 300.0, 210.0)


@dataclass(frozen=True)
class Look:
    """The treatment of a picture, from the options of the choice file."""

    hue: float | None = None
    tint: str | None = None
    crop: tuple[float, float, float, float] | None = None
    ground: str | None = None
    framed: bool = False


@dataclass
class Picture:
    """A finished picture with its ratio, main colors and number of shades."""

    image: Image.Image
    ratio: float
    colors: list[str]
    shades: int


def format_hex(rgb: Floats | tuple[float, float, float]) -> str:
    """Return six hex digits for a color of 0..255."""
    return "".join(f"{max(0, min(255, round(float(c)))):02x}" for c in rgb)


def parse_hex(text: str) -> tuple[int, int, int]:
    """Read six hex digits."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def convert_to_oklab(rgb: Floats) -> Floats:
    """Convert sRGB (0..255, last axis) to OKLab."""
    value = rgb / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: Floats = np.cbrt(linear @ to_lms.T) @ to_lab.T
    return lab


def convert_from_oklch(light: float, chroma: float, hue: float) -> tuple[int, int, int]:
    """Convert one OKLCH color (hue in degrees) to sRGB bytes."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    out = []
    for part in linear:
        clipped = max(0.0, min(1.0, part))
        gamma = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
        out.append(round(255 * gamma))
    return out[0], out[1], out[2]


def render_svg(path: Path, side: int) -> Image.Image:
    """Render an SVG file with rsvg-convert, its longer side ``side`` pixels."""
    command = ["rsvg-convert", "-a", "-w", str(side), "-h", str(side), str(path)]
    process = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return Image.open(io.BytesIO(process.stdout)).convert("RGBA")


def trim(image: Image.Image) -> Image.Image:
    """Cut the empty margins off a drawing."""
    mask = image.getchannel("A").point(lambda value: 255 if value > 12 else 0)
    box = mask.getbbox()
    if box is None:
        raise ValueError("an empty drawing")
    return image.crop(box)


def load_drawing(path: Path) -> Image.Image:
    """Render and trim a drawing, large enough to be scaled down."""
    page = 1200
    drawing = trim(render_svg(path, page))
    longer = max(drawing.size)
    if longer < 760:
        page = min(5000, round(page * 900 / longer))
        drawing = trim(render_svg(path, page))
    return drawing


def recolor(image: Image.Image, look: Look) -> Image.Image:
    """Turn a drawing's hue, or dye a black line drawing."""
    if look.hue is None and look.tint is None:
        return image
    alpha = image.getchannel("A")
    if look.tint is not None:
        dyed = Image.new("RGBA", image.size, (*parse_hex(look.tint), 255))
        light = np.asarray(image.convert("L"), dtype=np.float64) / 255.0
        paint = np.asarray(dyed.convert("RGB"), dtype=np.float64)
        mixed = paint + (255.0 - paint) * light[..., None]
        out = Image.fromarray(mixed.astype(np.uint8), "RGB").convert("RGBA")
    else:
        assert look.hue is not None
        hsv = np.asarray(image.convert("RGB").convert("HSV")).copy()
        shift = round(look.hue / 360 * 256)
        hsv[..., 0] = (hsv[..., 0].astype(np.int64) + shift) % 256
        out = Image.fromarray(hsv, "HSV").convert("RGBA")
    out.putalpha(alpha)
    return out


def extract_opaque_pixels(image: Image.Image) -> Floats:
    """Return the solid pixels of a drawing, one RGB row each."""
    small = image.copy()
    small.thumbnail((220, 220))
    data = np.asarray(small.convert("RGBA"), dtype=np.float64)
    pixels: Floats = data[data[..., 3] > 200][:, :3]
    return pixels if len(pixels) else data.reshape(-1, 4)[:, :3]


def find_main_colors(pixels: Floats) -> list[str]:
    """Find up to four dominant colors with a share of 8 % or more."""
    strip = Image.fromarray(pixels.astype(np.uint8)[None, :, :], "RGB")
    indexed = strip.quantize(16, method=Image.Quantize.MEDIANCUT, kmeans=3)
    labels = np.asarray(indexed).ravel()
    groups: list[tuple[float, Floats, Floats]] = []
    order = np.argsort(-np.bincount(labels, minlength=16))
    for label in order:
        chosen = pixels[labels == label]
        if not len(chosen):
            continue
        share, mean = len(chosen) / len(pixels), chosen.mean(axis=0)
        lab = convert_to_oklab(mean)
        for index, (other, color, place) in enumerate(groups):
            if float(np.linalg.norm(lab - place)) < 0.085:
                merged = (color * other + mean * share) / (other + share)
                groups[index] = (other + share, merged, place)
                break
        else:
            groups.append((share, mean, lab))
    groups.sort(key=lambda group: -group[0])
    colors = [format_hex(color) for share, color, _ in groups if share >= 0.08]
    return colors[:4] or [format_hex(groups[0][1])]


def count_shades(pixels: Floats) -> int:
    """Count the shades that matter: a measure of gradients."""
    coarse = (pixels // 12).astype(np.int64)
    codes = coarse[:, 0] * 484 + coarse[:, 1] * 22 + coarse[:, 2]
    shares = np.bincount(codes) / len(codes)
    return int((shares > 0.0012).sum())


def measure_edge_lightness(image: Image.Image) -> float:
    """Return the share of light pixels along a drawing's outline, 0 to 1."""
    small = image.copy()
    small.thumbnail((200, 200))
    alpha = np.asarray(small.getchannel("A")) > 128
    inner = alpha.copy()
    for _ in range(4):
        shrunk = np.zeros_like(inner)
        shrunk[1:-1, 1:-1] = inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
        inner = shrunk
    rim = alpha & ~inner
    if not rim.any():
        return 0.5
    light = np.asarray(small.convert("L"), dtype=np.float64)[rim] / 255.0
    return float((light > 0.86).mean())


def choose_ground(image: Image.Image, pixels: Floats, seed: int) -> tuple[int, int, int]:
    """Choose a quiet tint that goes with the drawing's own colors."""
    lab = convert_to_oklab(pixels)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    weight = np.where(chroma > 0.04, chroma, 0.0)
    pale = measure_edge_lightness(image)
    light = 0.952 - 0.075 * min(1.0, pale * 1.8)
    if weight.sum() < 0.012 * len(pixels):
        hue, strength = NEUTRAL_HUES[seed % len(NEUTRAL_HUES)], 0.020
    else:
        x, y = float((lab[:, 1] * weight).sum()), float((lab[:, 2] * weight).sum())
        hue = math.degrees(math.atan2(y, x)) % 360
        opposite = seed % 5 < 2 or pale > 0.35
        hue = (hue + 180) % 360 if opposite else hue
        strength = 0.024 if opposite else 0.030
    if pale > 0.35:
        strength += 0.012
    return convert_from_oklch(light, strength, hue)


def find_nearest_ratio(aspect: float) -> float:
    """Return the usual picture ratio nearest to a drawing's own."""
    return min(RATIOS, key=lambda ratio: abs(math.log(ratio / aspect)))


def choose_ratio(aspect: float) -> float:
    """Return a usual ratio near a full picture's own ratio, else its own, within bounds."""
    ratio = find_nearest_ratio(aspect)
    if abs(math.log(ratio / aspect)) < 0.07:
        return ratio
    return min(2.2, max(0.5, round(aspect, 3)))


def compute_preview_size(ratio: float, side: int = PREVIEW_SIDE) -> tuple[int, int]:
    """Return the preview's size."""
    return (side, round(side / ratio)) if ratio >= 1 else (round(side * ratio), side)


def compute_thumb_size(ratio: float) -> tuple[int, int]:
    """Return the declared thumbnail size."""
    return round(THUMB_HEIGHT * ratio), THUMB_HEIGHT


def scale_to_cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale and crop a picture so that it fills a box."""
    scale = max(size[0] / image.width, size[1] / image.height)
    width = min(float(image.width), size[0] / scale)
    height = min(float(image.height), size[1] / scale)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return image.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))


def crop_image(image: Image.Image, crop: tuple[float, float, float, float]) -> Image.Image:
    """Cut a part out of a picture; the box is given in shares of its sides."""
    left, top, right, bottom = crop
    return image.crop(
        (
            round(left * image.width),
            round(top * image.height),
            round(right * image.width),
            round(bottom * image.height),
        )
    )


def is_scene(image: Image.Image) -> bool:
    """Return whether a drawing is a full, opaque rectangle."""
    alpha = np.asarray(image.getchannel("A"))
    return float((alpha > 235).mean()) > 0.985


def compose_drawing(image: Image.Image, look: Look, seed: int) -> Picture:
    """Set a trimmed drawing on its ground, or let a scene fill the frame."""
    if look.crop is not None:
        image = trim(crop_image(image, look.crop))
    image = recolor(image, look)
    pixels = extract_opaque_pixels(image)
    colors, shades = find_main_colors(pixels), count_shades(pixels)
    if is_scene(image) and not look.framed:
        edge = 0.012
        box = (
            round(image.width * edge),
            round(image.height * edge),
            round(image.width * (1 - edge)),
            round(image.height * (1 - edge)),
        )
        flat = image.crop(box).convert("RGB")
        ratio = choose_ratio(flat.width / flat.height)
        return Picture(scale_to_cover(flat, compute_preview_size(ratio)), ratio, colors, shades)
    ratio = find_nearest_ratio(image.width / image.height)
    size = compute_preview_size(ratio)
    ground = parse_hex(look.ground) if look.ground else choose_ground(image, pixels, seed)
    canvas = Image.new("RGB", size, ground)
    scale = min(FILL * size[0] / image.width, FILL * size[1] / image.height)
    box_size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    drawing = resize_premultiplied(image, box_size)
    place = ((size[0] - box_size[0]) // 2, (size[1] - box_size[1]) // 2)
    canvas.paste(drawing, place, drawing)
    return Picture(canvas, ratio, colors, shades)


def resize_premultiplied(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale a drawing without fringes at its transparent edges."""
    return image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def load_photo(path: Path) -> Image.Image:
    """Open a photograph; ``.dat`` files are SciPy's packed sample pictures."""
    if path.suffix == ".jxl":
        importlib.import_module("pillow_jxl")  # makes Pillow read JPEG XL
    if path.suffix == ".dat":
        raw = bz2.decompress(path.read_bytes())
        data = np.frombuffer(raw, dtype=np.uint8).reshape(768, 1024, 3)
        return Image.fromarray(data, "RGB")
    return Image.open(path).convert("RGB")


def compose_photo(image: Image.Image, look: Look) -> Picture:
    """Crop a photograph to its shape."""
    if look.crop is not None:
        image = crop_image(image, look.crop)
    ratio = choose_ratio(image.width / image.height)
    side = min(PHOTO_SIDE, max(image.size))
    pixels = extract_opaque_pixels(image.convert("RGBA"))
    photo = scale_to_cover(image, compute_preview_size(ratio, side))
    return Picture(photo, ratio, find_main_colors(pixels), count_shades(pixels))


def compute_average(image: Image.Image) -> str:
    """Return the average color of a finished picture."""
    data = np.asarray(image, dtype=np.float64).reshape(-1, 3)
    return format_hex(data.mean(axis=0))


def add_bar(image: Image.Image, label: str, *, right: bool) -> Image.Image:
    """Add the agency's white bar: below, or at the right as in old files."""
    width, height = image.size
    bar = Image.new("RGB", (height if right else width, BAR), (255, 255, 255))
    pen = ImageDraw.Draw(bar)
    font = ImageFont.load_default(size=11)
    pen.text((6, BAR / 2), label, fill=(128, 128, 128), font=font, anchor="lm")
    if right:
        out = Image.new("RGB", (width + BAR, height), (255, 255, 255))
        out.paste(bar.rotate(90, expand=True), (width, 0))
    else:
        out = Image.new("RGB", (width, height + BAR), (255, 255, 255))
        out.paste(bar, (0, height))
    out.paste(image, (0, 0))
    return out
