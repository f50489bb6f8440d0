"""Pictures picked by hand, and collections, which an embed shows in place of a search."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from affiliate.domain.query import MAX_NAME, Parameters, read_single
from affiliate.domain.words import to_shown

MAX_PICKS: Final = 24
"""The most pictures that can be picked; each may cost a call of its own."""
MAX_PICK: Final = 4 * MAX_NAME
"""Characters of an agency and an id as typed, invisible ones included."""

SEPARATOR: Final = re.compile(r"[,;\n\uff0c\uff1b\u3001]|\s+(?=[^\s:]+\s*:)")
"""Separators between two picks: commas and semicolons of any script, lines, blanks."""


class Pick(NamedTuple):
    """A picture or collection of an agency by its id, written ``shutterstock:123``."""

    agency: str
    id: str

    def __str__(self) -> str:
        return f"{self.agency}:{self.id}"


def read_picks(parameters: Parameters) -> tuple[Pick, ...]:
    """Return the pictures in the parameter ``ids``, in their order, each once.

    Unreadable picks are left out, like missing pictures: the rest is worth more than an error.
    """
    lines = (read_single(parameters, "ids") or "").replace("\uff1a", ":").splitlines()
    listed = SEPARATOR.split("\n".join(" ".join(line.split()) for line in lines))
    return tuple(dict.fromkeys(pick for text in listed if (pick := _read_pick(text))))[:MAX_PICKS]


def read_collection(parameters: Parameters) -> Pick | None:
    """Return the collection in the parameter ``collection``; None without a collection."""
    return _read_pick(read_single(parameters, "collection") or "")


def to_parameters(picks: Sequence[Pick], collection: Pick | None) -> Mapping[str, str]:
    """Return the parameters of picks and of a collection, in their canonical form."""
    parameters = {"ids": ",".join(map(str, picks)), "collection": str(collection or "")}
    return {name: value for name, value in parameters.items() if value}


def _read_pick(text: str) -> Pick | None:
    typed = text if len(text) <= MAX_PICK else ""
    agency, _, id_ = (part.strip() for part in to_shown(typed).partition(":"))
    usable = agency and id_ and max(len(agency), len(id_)) <= MAX_NAME
    return Pick(agency.casefold(), id_) if usable else None
