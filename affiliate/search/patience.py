"""The time that a page may take to wait for agencies."""

import enum


class Patience(enum.Enum):
    """The answers that a page waits for: cached answers alone, the quick answers, or all."""

    NONE = "none"
    LINGER = "linger"
    FULL = "full"
