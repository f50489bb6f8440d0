"""How each agency speaks, on real sockets: one module each, in a list written by hand."""

from tests.dialects.dialect import FIRST, Dialect
from tests.dialects.dreamstime import DreamstimeDialect
from tests.dialects.panthermedia import PantherMediaDialect, PantherMediaInXml
from tests.dialects.pixabay import PixabayDialect
from tests.dialects.serving import Answer, Asked, Server, in_json, in_text, serving
from tests.dialects.shutterstock import EditorialDialect, ShutterstockDialect
from tests.dialects.yay import OldYayDialect, YayDialect

DIALECTS: tuple[type[Dialect], ...] = (
    ShutterstockDialect,
    EditorialDialect,
    DreamstimeDialect,
    PantherMediaDialect,
    PantherMediaInXml,
    PixabayDialect,
    YayDialect,
    OldYayDialect,
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
