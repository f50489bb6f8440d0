"""The download host: links that live eight hours, and the files behind them.

A link has the form of the one in the official example: a JSON array in base64 of when it
expires, which file it is, and a signature. That an expired link gets a 403 with an HTML page is
a guess. Bytes are the same at each download; ranges are served, one a request.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import struct
from datetime import timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from tests.simulator.clock import Clock
from tests.simulator.library import EDITORIAL, FOOTAGE, MEASURES
from tests.simulator.purchases import Purchase
from tests.simulator.wire import Answer, SimulatorRequest

HOURS = 8
PREFIX = "/gatekeeper/"
TYPES = {"jpg": "image/jpeg", "eps": "application/postscript", "mov": "video/quicktime"}
CLIP_BYTES = 200_000


class Links:
    """A maker and server of links; ``base`` is the address of the download host."""

    def __init__(self, base: str, clock: Clock) -> None:
        self._base = base
        self._clock = clock
        self._key = secrets.token_bytes(16)

    def make(self, bought: Purchase) -> str:
        """Return a link to a bought file, valid for eight hours from now."""
        size = ":".join(map(str, bought.dimensions)) if bought.dimensions else bought.size
        moving = bought.media in {"video", "editorial_video"}
        kind = "mov" if moving else "eps" if bought.size == "vector" else "jpg"
        wares = {
            "e": int((self._clock.now() + timedelta(hours=HOURS)).timestamp()),
            "k": f"{bought.media}/{bought.media_id}/{size}.{kind}",
            "m": int(bought.sandbox),
            "d": "shutterstock-media",
        }
        code = base64.urlsafe_b64encode(json.dumps([wares, self._sign(wares)]).encode()).decode()
        return f"{self._base}{PREFIX}{code}/shutterstock_{bought.media_id}.{kind}"

    def follow(self, request: SimulatorRequest) -> Answer:
        """Serve the file of a link, or a range of the file."""
        try:
            code = request.path.removeprefix(PREFIX).split("/")[0]
            wares, signature = json.loads(base64.urlsafe_b64decode(code))
        except ValueError:
            return _refuse(404)
        if not hmac.compare_digest(signature, self._sign(wares)):
            return _refuse(404)
        if wares["e"] <= self._clock.now().timestamp():
            return _refuse(403)
        _, media_id, name = wares["k"].split("/")
        size, kind = name.rsplit(".", 1)
        whole = make_content(media_id, size, kind, bool(wares["m"]))
        headers = {
            "Content-Type": TYPES[kind],
            "Accept-Ranges": "bytes",
            "ETag": f'"{hashlib.sha256(whole).hexdigest()[:16]}"',
        }
        return serve_range(request, whole, headers)

    def _sign(self, wares: Any) -> str:
        return hmac.new(self._key, json.dumps(wares).encode(), "sha256").hexdigest()


def serve_range(request: SimulatorRequest, whole: bytes, headers: dict[str, str]) -> Answer:
    """Serve all bytes, or those that a single ``Range`` with a fitting ``If-Range`` names."""
    byte_range = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    fits = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    if byte_range is None or not fits:
        return Answer(200, whole, headers)
    first, last = int(byte_range[1]), min(int(byte_range[2] or len(whole)), len(whole) - 1)
    if first >= len(whole) or first > last:
        return Answer(416, b"", headers | {"Content-Range": f"bytes */{len(whole)}"})
    part = {"Content-Range": f"bytes {first}-{last}/{len(whole)}"}
    return Answer(206, whole[first : last + 1], headers | part)


def make_content(media_id: str, size: str, kind: str, marked: bool) -> bytes:  # noqa: FBT001
    """Return the bytes of a file; when ``marked`` with the sandbox's watermark."""
    if kind == "mov":
        return _make_clip(media_id, size, marked)
    if kind == "eps":
        return _make_drawing(media_id)
    return _make_picture(media_id, _measure(size), marked)


def _measure(size: str) -> tuple[int, int]:
    if ":" in size:
        width, height = map(int, size.split(":"))
        return width, height
    return (EDITORIAL | MEASURES)[size]


@lru_cache(maxsize=256)
def _make_picture(media_id: str, size: tuple[int, int], marked: bool) -> bytes:  # noqa: FBT001
    """Return a real JPEG of that size, different for each id."""
    shade = hashlib.sha256(media_id.encode()).digest()
    gradient = Image.linear_gradient("L").resize(size)
    bands = [gradient.point(lambda v, s=s: (v + s) % 256) for s in shade[:3]]
    picture = Image.merge("RGB", bands)
    if marked:
        ImageDraw.Draw(picture).line((0, 0, *size), fill="white", width=9)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _make_clip(media_id: str, size: str, marked: bool) -> bytes:  # noqa: FBT001
    """Return the outer form of a QuickTime file without pictures inside."""
    inside = hashlib.sha256(f"{media_id}/{size}/{marked}".encode()).digest()
    count = CLIP_BYTES * (1 + list(FOOTAGE).index(size if size in FOOTAGE else "hd"))
    data = (inside * (count // len(inside) + 1))[:count]
    start = struct.pack(">I", 20) + b"ftypqt  " + struct.pack(">I", 0x20050300) + b"qt  "
    return start + struct.pack(">I", 8 + len(data)) + b"mdat" + data


def _make_drawing(media_id: str) -> bytes:
    lines = (
        "%!PS-Adobe-3.0 EPSF-3.0",
        "%%BoundingBox: 0 0 300 200",
        f"%%Title: {media_id}",
        "0 0 moveto 300 200 lineto stroke",
        "%%EOF",
        "",
    )
    return "\n".join(lines).encode()


def _refuse(status: int) -> Answer:
    return Answer(status, b"<!doctype html><h1>Link expired</h1>", {"Content-Type": "text/html"})
