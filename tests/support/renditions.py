"""The files that agencies' answers hold for a tile, by their declared sides in pixels."""

from collections.abc import Mapping
from typing import Final

Sides = tuple[float, float]

RENDITIONS: Final[Mapping[str, tuple[Sides, ...]]] = {
    "shutterstock": ((390, 260), (1000, 667)),
    "shutterstock-editorial": ((220, 146), (450, 300)),
    "adobe-stock": ((360, 240), (500, 334), (1000, 667)),
    "depositphotos": ((450, 300), (1000, 667)),
    "istock": ((612, 408), (1024, 683)),
    "photodune": ((320, 269), (590, 496)),
    "pixabay": ((640, 427), (1280, 854)),
}
"""The smallest is the thumbnail, whose ratio the tile's box has."""
