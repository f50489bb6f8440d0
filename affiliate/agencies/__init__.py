"""The agencies, one module each, in a list written by hand.

To add one: write its module beside these (read `shutterstock` for the shape), add it here, and
describe how to get a key in the README's table of agencies. CONTRIBUTING walks through it.
"""

from affiliate.agencies.base import Agency
from affiliate.agencies.demo import Demo
from affiliate.agencies.dreamstime import Dreamstime
from affiliate.agencies.panthermedia import PantherMedia
from affiliate.agencies.pixabay import Pixabay
from affiliate.agencies.shutterstock import Shutterstock
from affiliate.agencies.shutterstock_editorial import ShutterstockEditorial
from affiliate.agencies.yay import Yay

_ALL: tuple[type[Agency], ...] = (
    Shutterstock,
    ShutterstockEditorial,
    Dreamstime,
    PantherMedia,
    Yay,
    Pixabay,
    Demo,
)
AGENCIES: dict[str, type[Agency]] = {one.name: one for one in _ALL}

__all__ = ["AGENCIES", "Agency"]
