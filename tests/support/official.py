"""Where the official files are."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def upstream(*names: str) -> Path:
    """A file of ``../shared/upstream``; the test is skipped on a machine without that folder."""
    if not SHARED.exists():
        pytest.skip("../shared is not here")
    return SHARED.joinpath("upstream", *names)
