"""The agencies, one module each, in a list written by hand.

To add one: write its module beside these (read `shutterstock` for the shape), add it here, and
describe how to get a key in the README's table of agencies. CONTRIBUTING walks through it.
"""

from affiliate.agencies.adobe_stock import AdobeStock
from affiliate.agencies.base import Agency
from affiliate.agencies.bigstock import Bigstock
from affiliate.agencies.demo import Demo
from affiliate.agencies.depositphotos import Depositphotos
from affiliate.agencies.dreamstime import Dreamstime
from affiliate.agencies.istock import Istock
from affiliate.agencies.istock_xmlrpc import IstockXmlrpc
from affiliate.agencies.openverse import Openverse
from affiliate.agencies.panthermedia import PantherMedia
from affiliate.agencies.photodune import PhotoDune
from affiliate.agencies.pixabay import Pixabay
from affiliate.agencies.rf123 import Rf123
from affiliate.agencies.shutterstock import Shutterstock
from affiliate.agencies.shutterstock_editorial import ShutterstockEditorial
from affiliate.agencies.yay import Yay

_ALL: tuple[type[Agency], ...] = (
    Shutterstock,
    ShutterstockEditorial,
    AdobeStock,
    Depositphotos,
    Istock,
    IstockXmlrpc,
    Rf123,
    Bigstock,
    PhotoDune,
    Dreamstime,
    PantherMedia,
    Yay,
    Openverse,
    Pixabay,
    Demo,
)
AGENCIES: dict[str, type[Agency]] = {one.name: one for one in _ALL}

__all__ = ["AGENCIES", "Agency"]
