"""A signal from the system at the death of the parent process."""

import ctypes
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""Option of prctl(2): the signal at the death of the parent."""


def signal_at_parent_death(number: signal.Signals) -> None:
    """Have the system send a signal to this process when its parent ends.

    Systems other than Linux lack that call: there an orphan gets no signal.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
