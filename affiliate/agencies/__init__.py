"""The registry of agencies: their classes, in a list written by hand.

To add an agency: write a module beside these (`shutterstock.client` shows the shape), add the
class to the list, and describe in a section of docs/agencies.md how to get a key. CONTRIBUTING
walks through these steps.
"""

from affiliate.agencies.adobe_stock.client import AdobeStock
from affiliate.agencies.base import Agency
from affiliate.agencies.bigstock import Bigstock
from affiliate.agencies.demo.client import Demo
from affiliate.agencies.demo.shop import DemoShop
from affiliate.agencies.depositphotos.client import Depositphotos
from affiliate.agencies.dreamstime.client import Dreamstime
from affiliate.agencies.istock.client import Istock
from affiliate.agencies.istock.xmlrpc_client import IstockXmlrpc
from affiliate.agencies.openverse.client import Openverse
from affiliate.agencies.panthermedia.client import PantherMedia
from affiliate.agencies.photodune import PhotoDune
from affiliate.agencies.pixabay import Pixabay
from affiliate.agencies.rf123 import Rf123
from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.agencies.shutterstock.editorial import ShutterstockEditorial
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
    DemoShop,
)
AGENCIES: dict[str, type[Agency]] = {agency.name: agency for agency in _ALL}


def get_title(name: str) -> str:
    """Return the title of an agency; the name itself of an agency that this version lacks."""
    return AGENCIES[name].title if name in AGENCIES else name


__all__ = ["AGENCIES", "Agency", "get_title"]
