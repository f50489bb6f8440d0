"""Names of `tests.simulator` that the tests of searching use."""

from tests.simulator import CLIENT, FIRST_ID, TOKEN, Answer, SimulatorRequest, image
from tests.simulator import Simulator as Shutterstock
from tests.simulator import simulator as shutterstock

__all__ = [
    "CLIENT",
    "FIRST_ID",
    "TOKEN",
    "Answer",
    "Shutterstock",
    "SimulatorRequest",
    "image",
    "shutterstock",
]
