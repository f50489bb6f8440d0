"""Shares what answers for Shutterstock by its official description."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.transport import Transport
from tests.support.calling import transporting
from tests.support.official import upstream
from tests.support.prism import prism


@pytest.fixture(scope="session")
def description() -> Path:
    """Give the official description, as it is."""
    return upstream("shutterstock", "openapi-v2.json")


@pytest.fixture(scope="session")
def mock(description: Path) -> Iterator[str]:
    """Serve an API that checks requests strictly and answers with the description's examples."""
    with prism("mock", str(description)) as url:
        yield url


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with transporting(30, 10) as one:
        yield one
