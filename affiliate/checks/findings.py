"""Findings of ``flask doctor``, each a line of text, and checks that can't end other checks."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from affiliate.errors import AffiliateError

OK: Final = "ok"
WARN: Final = "warn"
FAULT: Final = "FAULT"


class Finding(NamedTuple):
    """A line of the report; ``state`` is ok, warn or FAULT."""

    state: str
    about: str
    words: str


class Check(NamedTuple):
    """A check of the part of the site that ``about`` names."""

    about: str
    run: Callable[[], Iterator[Finding]]


def run_check(check: Check) -> Iterator[Finding]:
    """Yield the findings of a check; a check that raises is a fault itself, without a traceback."""
    try:
        yield from check.run()
    except AffiliateError as error:
        yield Finding(FAULT, check.about, str(error))
    except Exception as error:  # noqa: BLE001 - the other checks must still run
        words = f"could not be looked at ({type(error).__name__})"
        yield Finding(FAULT, check.about, words)
