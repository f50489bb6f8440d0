"""What ``flask doctor`` finds: one line of text each, and checks of which none ends the others."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from affiliate.errors import AffiliateError

OK: Final = "ok"
WARN: Final = "warn"
FAULT: Final = "FAULT"


class Finding(NamedTuple):
    """One line: ``state`` is ok, warn or FAULT."""

    state: str
    about: str
    words: str


class Check(NamedTuple):
    """A look at one part of the site, which ``about`` names."""

    about: str
    look: Callable[[], Iterator[Finding]]


def looked(check: Check) -> Iterator[Finding]:
    """Yield what a check finds; a check that breaks is a fault itself, and no traceback."""
    try:
        yield from check.look()
    except AffiliateError as error:
        yield Finding(FAULT, check.about, str(error))
    except Exception as error:  # noqa: BLE001 - the other checks have to be made all the same
        words = f"could not be looked at ({type(error).__name__})"
        yield Finding(FAULT, check.about, words)
