"""How each agency speaks, on real sockets: one module each, in a list written by hand."""

from tests.dialects.adobe_stock import AdobeStockDialect
from tests.dialects.bigstock import BigstockDialect
from tests.dialects.depositphotos import DepositphotosDialect
from tests.dialects.dialect import FIRST, Dialect
from tests.dialects.dreamstime import DreamstimeDialect
from tests.dialects.istock import IstockDialect
from tests.dialects.photodune import PhotoDuneDialect
from tests.dialects.istock_xmlrpc import IstockXmlrpcDialect
from tests.dialects.openverse import OpenverseDialect
from tests.dialects.pixabay import PixabayDialect
from tests.dialects.rf123 import Rf123Dialect
from tests.dialects.serving import Answer, Asked, Server, in_json, in_text, serving

DIALECTS: tuple[type[Dialect], ...] = (
    AdobeStockDialect,
    IstockDialect,
    BigstockDialect,
    PhotoDuneDialect,
    DreamstimeDialect,
    PixabayDialect,
    IstockDialect,
    OpenverseDialect,
    PixabayDialect,
    IstockXmlrpcDialect,
    DepositphotosDialect,
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
