"""How each agency speaks, on real sockets: one module each, in a list written by hand."""

from tests.dialects.bigstock import BigstockDialect
from tests.dialects.dialect import FIRST, Dialect
from tests.dialects.photodune import PhotoDuneDialect
from tests.dialects.pixabay import PixabayDialect
from tests.dialects.rf123 import Rf123Dialect
from tests.dialects.serving import Answer, Asked, Server, in_json, in_text, serving

DIALECTS: tuple[type[Dialect], ...] = (
    Rf123Dialect,
    BigstockDialect,
    PhotoDuneDialect,
    PixabayDialect,
)

__all__ = [
    "DIALECTS",
    "FIRST",
    "Answer",
    "Asked",
    "Dialect",
    "Server",
    "in_json",
    "in_text",
    "serving",
]
