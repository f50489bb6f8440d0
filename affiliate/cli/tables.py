"""Tables as plain text that fit the terminal, without lines and colors."""

import re
import shutil
import textwrap
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import click

from affiliate.domain.media import plain_id
from affiliate.domain.words import strip_invisible

GAP: Final = "  "
NARROWEST: Final = 10
"""Columns that a cell keeps however little room there is."""
CUT: Final = "..."
FACTS: Final = 14
"""Columns before the facts of `show_facts`, for their names."""
TURNS: Final = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
"""Controls of direction, which would turn the rest of a line around."""


def show(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str],
    whole: Collection[str] = (),
) -> None:
    """Print the `lines` of a table."""
    for line in lines(heads, rows, numbers, whole):
        click.echo(line)


def lines(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str] = (),
    whole: Collection[str] = (),
    *,
    sparse: bool = False,
) -> list[str]:
    """Return rows below their heads in columns; those named by ``numbers`` end at the right.

    Long texts are cut until a line fits the terminal, or 80 columns where there is none; numbers
    and columns named by ``whole`` are not. A ``sparse`` table has no columns without any text.
    """
    cells = [[cell(value) for value in row] for row in rows]
    used = [n for n in range(len(heads)) if not sparse or any(row[n] for row in cells)]
    heads = [heads[place] for place in used]
    table = [heads, *([row[place] for place in used] for row in cells)]
    wide = [max(map(width, column)) for column in zip(*table, strict=True)]
    texts = [place for place, head in enumerate(heads) if head not in {*numbers, *whole}]
    wide = _fitted(wide, texts, shutil.get_terminal_size().columns)
    padded = (
        [
            _padded(shortened(text, room), room, at_right=head in numbers)
            for text, room, head in zip(row, wide, heads, strict=True)
        ]
        for row in table
    )
    return [GAP.join(row).rstrip() for row in padded]


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print named facts below a line of their own, long ones over several lines; no empty ones."""
    columns = max(shutil.get_terminal_size().columns, 2 * FACTS)
    for name, value in facts:
        if text := cell(value):
            first, rest = f"  {name}".ljust(FACTS), " " * FACTS
            lines = textwrap.wrap(text, columns, initial_indent=first, subsequent_indent=rest)
            click.echo("\n".join(lines))


def cell(value: object) -> str:
    """Return a value as text on one line, without signs that move or hide what stands around."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else strip_invisible(TURNS.sub("", plain_id(text)))


def shortened(text: str, room: int) -> str:
    """Return a text that takes at most ``room`` columns, cut at its end with three dots."""
    if width(text) <= room:
        return text
    kept = text
    while kept and width(kept) > room - len(CUT):
        kept = kept[:-1]
    return kept + CUT


def width(text: str) -> int:
    """Return the columns that a text takes: two for each wide (Chinese, Japanese) sign."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in {"Mn", "Me", "Cf"} for c in text)


def _fitted(wide: Sequence[int], texts: Sequence[int], room: int) -> list[int]:
    """Return the widths of columns, the widest of ``texts`` narrowed until all fit."""
    widths = list(wide)
    over = sum(widths) + len(GAP) * (len(widths) - 1) - room
    while over > 0 and (place := max(texts, key=lambda one: widths[one], default=None)) is not None:
        if widths[place] <= NARROWEST:
            break
        widths[place] -= 1
        over -= 1
    return widths


def _padded(text: str, room: int, *, at_right: bool) -> str:
    blanks = " " * (room - width(text))
    return blanks + text if at_right else text + blanks
