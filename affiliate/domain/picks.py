"""Pictures picked by hand, and collections: what an embed shows in place of a search."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from affiliate.domain.query import MAX_NAME, Parameters, single
from affiliate.domain.words import shown

MOST: Final = 24
"""So many pictures can be picked; each may cost a call of its own."""
NAMES: Final = ("ids", "collection")
"""The parameters that say what was picked."""
LONGEST: Final = 4 * MAX_NAME
"""Characters of an agency and an id as they may be typed, with invisible ones."""

BETWEEN: Final = re.compile(r"[,;\n\uff0c\uff1b\u3001]|\s+(?=[^\s:]+\s*:)")
"""What people write between two: commas and semicolons of any script, lines, blanks."""


class Pick(NamedTuple):
    """Something that one agency has under an id; written ``shutterstock:123``."""

    agency: str
    id: str

    def __str__(self) -> str:
        return f"{self.agency}:{self.id}"


def read_picks(asked: Parameters) -> tuple[Pick, ...]:
    """Return the pictures in the parameter ``ids``, in their order, each once.

    What can't be read is left out, as what can't be had is: the rest is worth more than an error.
    """
    lines = (single(asked, "ids") or "").replace("\uff1a", ":").splitlines()
    listed = BETWEEN.split("\n".join(" ".join(line.split()) for line in lines))
    return tuple(dict.fromkeys(pick for one in listed if (pick := _read(one))))[:MOST]


def read_collection(asked: Parameters) -> Pick | None:
    """Return the collection in the parameter ``collection``; None without one."""
    return _read(single(asked, "collection") or "")


def picked(picks: Sequence[Pick], collection: Pick | None) -> Mapping[str, str]:
    """Return the parameters that say what was picked, in their canonical form."""
    found = {"ids": ",".join(map(str, picks)), "collection": str(collection or "")}
    return {name: value for name, value in found.items() if value}


def _read(text: str) -> Pick | None:
    typed = text if len(text) <= LONGEST else ""
    agency, _, id_ = (part.strip() for part in shown(typed).partition(":"))
    usable = agency and id_ and max(len(agency), len(id_)) <= MAX_NAME
    return Pick(agency.casefold(), id_) if usable else None
