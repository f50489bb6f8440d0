"""A stand-in for Shutterstock, and the agency that asks it."""

from collections.abc import Iterator

import pytest

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.transport.client import Transport
from tests.support import shutterstock as simulator
from tests.support.calling import open_transport
from tests.support.shutterstock_answers import BASIC


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(size=600) as one:
        yield one


@pytest.fixture
def transport() -> Iterator[Transport]:
    with open_transport(10) as one:
        yield one


@pytest.fixture
def agency(server: simulator.Shutterstock, transport: Transport) -> Shutterstock:
    return Shutterstock(transport, url=server.url, credentials=BASIC)
