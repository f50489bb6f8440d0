"""Finds the agencies' official files, which lie beside the checkout on some machines."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def upstream(*names: str) -> Path:
    """Return a file of ``../shared/upstream``; skip the test on a machine without that folder."""
    if not SHARED.exists():
        pytest.skip(f"../shared/upstream/{'/'.join(names)} is not beside the checkout")
    return SHARED.joinpath("upstream", *names)
