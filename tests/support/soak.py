"""Tells whether a run is the long run (``make long``)."""

import os
from typing import Final

SOAK: Final = os.environ.get("SOAK") == "1"
"""Whether tests may take their time and try all that they know."""
