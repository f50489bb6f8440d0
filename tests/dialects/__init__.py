"""The agencies' interfaces on real sockets: a module each, in a list written by hand."""

from tests.dialects.adobe_stock import AdobeStockDialect
from tests.dialects.bigstock import BigstockDialect
from tests.dialects.depositphotos import DepositphotosDialect
from tests.dialects.dialect import FIRST, Dialect
from tests.dialects.dreamstime import DreamstimeDialect
from tests.dialects.istock import IstockDialect
from tests.dialects.istock_xmlrpc import IstockXmlrpcDialect
from tests.dialects.openverse import OpenverseDialect
from tests.dialects.panthermedia import PantherMediaDialect
from tests.dialects.photodune import PhotoDuneDialect
from tests.dialects.pixabay import PixabayDialect
from tests.dialects.rf123 import Rf123Dialect
from tests.dialects.serving import (
    Answer,
    DialectRequest,
    Server,
    answer_json,
    answer_text,
    serve_dialect,
)
from tests.dialects.shutterstock import EditorialDialect, ShutterstockDialect
from tests.dialects.yay import OldYayDialect, YayDialect

DIALECTS: tuple[type[Dialect], ...] = (
    ShutterstockDialect,
    EditorialDialect,
    AdobeStockDialect,
    DepositphotosDialect,
    IstockDialect,
    IstockXmlrpcDialect,
    Rf123Dialect,
    BigstockDialect,
    PhotoDuneDialect,
    DreamstimeDialect,
    PantherMediaDialect,
    YayDialect,
    OldYayDialect,
    OpenverseDialect,
    PixabayDialect,
)

__all__ = [
    "DIALECTS",
    "FIRST",
    "Answer",
    "Dialect",
    "DialectRequest",
    "Server",
    "answer_json",
    "answer_text",
    "serve_dialect",
]
