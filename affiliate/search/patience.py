"""The time that a page may take to wait for agencies."""

import enum


class Patience(enum.Enum):
    """The answers that a page waits for: cached answers alone, the quick answers, or all.

    With ``START`` a page waits for cached answers alone, and starts the fetches of the others for
    the page's own request, which follows.
    """

    NONE = "none"
    START = "start"
    LINGER = "linger"
    FULL = "full"
