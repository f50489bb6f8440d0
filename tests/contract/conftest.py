"""Shares a stand-in for Shutterstock that follows the official description."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.transport.client import Transport
from tests.support.calling import open_transport
from tests.support.official import upstream
from tests.support.prism import prism


@pytest.fixture(scope="session")
def description() -> Path:
    """Return the path of the official description."""
    return upstream("shutterstock", "openapi-v2.json")


@pytest.fixture(scope="session")
def mock(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an API that checks requests strictly and answers with the description's examples.

    Those of footage and editorial break their own schemas. Only examples are mended: a ratio that
    is a number, and times where dates are wanted.
    """
    text = description.read_text()
    text = re.sub(r'("aspect_ratio": ?)969', r'\1"16:9"', text)
    text = re.sub(r'("(?:added_date|date_taken)": ?"[0-9-]{10})T[^"]*"', r'\1"', text)
    mended = tmp_path_factory.mktemp("prism") / "openapi.json"
    mended.write_text(text)
    with prism("mock", str(mended)) as url:
        yield url


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with open_transport(30, 10) as one:
        yield one
