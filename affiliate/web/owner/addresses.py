"""The address of a page of the desk: path and parameters, the base of all links of the page."""

import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode

from affiliate.domain.query import MAX_WORDS, Parameters, read_single
from affiliate.errors import BadQuery

MAX_VALUE_LENGTH: Final = MAX_WORDS
"""Most characters of a parameter: tables link to whatever visitors have searched for."""
TRANSIENT: Final = frozenset({"page", "format"})
"""Parameters that a link keeps only where the link sets them: another filter starts at page 1."""


class DeskAddress(NamedTuple):
    """The path of a page with its parameters, each once, in the order of the links."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return the value of a parameter; empty where the address has none."""
        return dict(self.parameters).get(name, "")

    def change(self, changes: Mapping[str, str]) -> "DeskAddress":
        """Return the address with other parameters; an empty value removes a parameter.

        Every link of a page is a change of the page's address, which keeps period and filters.
        """
        kept = {name: value for name, value in self.parameters if name not in TRANSIENT}
        kept.update(changes)
        return DeskAddress(self.path, tuple((name, text) for name, text in kept.items() if text))

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.parameters)}" if self.parameters else self.path


def read_address(path: str, parameters: Parameters, names: frozenset[str]) -> DeskAddress:
    """Return the address of a request; ``names`` are the parameters that the page knows.

    Raises:
        BadQuery: names a parameter that is unknown, repeated or too long, or has control
            characters, of which PostgreSQL refuses NUL.
    """
    if unknown := [name for name in parameters if name not in names]:
        raise BadQuery(unknown[0][:MAX_VALUE_LENGTH], "This page has no such filter.")
    values = {name: read_single(parameters, name) or "" for name in parameters}
    for name, value in values.items():
        if len(value) > MAX_VALUE_LENGTH:
            raise BadQuery(name, "Use at most %(limit)s characters.", limit=MAX_VALUE_LENGTH)
        if any(unicodedata.category(character) == "Cc" for character in value):
            raise BadQuery(name, "Control characters can't be searched for.")
    return DeskAddress(path, tuple((name, value) for name, value in values.items() if value))
