"""How each agency speaks, on real sockets: one module each, in a list written by hand."""

from tests.dialects.adobe_stock import AdobeStockDialect
from tests.dialects.depositphotos import DepositphotosDialect
from tests.dialects.dialect import FIRST, Dialect
from tests.dialects.pixabay import PixabayDialect
from tests.dialects.serving import Answer, Asked, Server, in_json, in_text, serving

DIALECTS: tuple[type[Dialect], ...] = (
    AdobeStockDialect,
    DepositphotosDialect,
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
