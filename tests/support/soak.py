"""Tells a long run (``make long``) from the usual one."""

import os
from typing import Final

SOAK: Final = os.environ.get("SOAK") == "1"
"""Whether tests may take their time and try all that they know."""
