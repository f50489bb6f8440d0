"""Tables as plain text that fit the terminal, without rules and colors."""

import re
import shutil
import textwrap
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import click

from affiliate.domain.media import clean_id
from affiliate.domain.words import strip_invisible

GAP: Final = "  "
MIN_COLUMN_WIDTH: Final = 10
"""Characters that a column keeps, also in a narrow terminal."""
ELLIPSIS: Final = "..."
FACT_NAME_WIDTH: Final = 14
"""Characters for the names of facts in `show_facts`."""
DIRECTION_CONTROLS: Final = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
"""Controls of writing direction, which would reverse the rest of a line."""


def show(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str],
    uncut: Collection[str] = (),
) -> None:
    """Print a table; see `format_lines`."""
    for line in format_lines(headers, rows, numbers, uncut):
        click.echo(line)


def format_lines(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Collection[str] = (),
    uncut: Collection[str] = (),
    *,
    sparse: bool = False,
) -> list[str]:
    """Return the lines of a table; columns named by ``numbers`` are aligned at the right.

    Long texts are cut until a line fits the terminal, or 80 characters without a terminal; numbers
    and columns named by ``uncut`` are not cut. A ``sparse`` table omits columns without any text.
    """
    cells = [[format_cell(value) for value in row] for row in rows]
    columns = [n for n in range(len(headers)) if not sparse or any(row[n] for row in cells)]
    headers = [headers[place] for place in columns]
    table = [headers, *([row[place] for place in columns] for row in cells)]
    widths = [max(map(measure_width, column)) for column in zip(*table, strict=True)]
    shrinkable = [place for place, header in enumerate(headers) if header not in {*numbers, *uncut}]
    widths = _fit_widths(widths, shrinkable, shutil.get_terminal_size().columns)
    padded_rows = (
        [
            _pad(shorten(text, room), room, at_right=header in numbers)
            for text, room, header in zip(row, widths, headers, strict=True)
        ]
        for row in table
    )
    return [GAP.join(row).rstrip() for row in padded_rows]


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print named facts, each indented on its own lines; facts without text are omitted."""
    columns = max(shutil.get_terminal_size().columns, 2 * FACT_NAME_WIDTH)
    for name, value in facts:
        if text := format_cell(value):
            first, rest = f"  {name}".ljust(FACT_NAME_WIDTH), " " * FACT_NAME_WIDTH
            lines = textwrap.wrap(text, columns, initial_indent=first, subsequent_indent=rest)
            click.echo("\n".join(lines))


def format_cell(value: object) -> str:
    """Return a value as text on one line, without characters that move or hide their neighbors."""
    text = "" if value is None else str(value)
    return (
        text if text.isprintable() else strip_invisible(DIRECTION_CONTROLS.sub("", clean_id(text)))
    )


def shorten(text: str, room: int) -> str:
    """Return a text of at most ``room`` columns of the terminal; a cut text ends with dots."""
    if measure_width(text) <= room:
        return text
    start = text
    while start and measure_width(start) > room - len(ELLIPSIS):
        start = start[:-1]
    return start + ELLIPSIS


def measure_width(text: str) -> int:
    """Return the columns of the terminal for a text: two for each wide (Chinese, Japanese) sign."""
    wide_count = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return (
        len(text)
        + wide_count
        - sum(unicodedata.category(sign) in {"Mn", "Me", "Cf"} for sign in text)
    )


def _fit_widths(given_widths: Sequence[int], shrinkable: Sequence[int], room: int) -> list[int]:
    """Return the widths of columns, the widest of ``shrinkable`` narrowed until all columns fit."""
    widths = list(given_widths)
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    while (
        excess > 0
        and (widest := max(shrinkable, key=lambda column: widths[column], default=None)) is not None
    ):
        if widths[widest] <= MIN_COLUMN_WIDTH:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def _pad(text: str, room: int, *, at_right: bool) -> str:
    """Return a text filled up with blanks to ``room`` columns of the terminal."""
    blanks = " " * (room - measure_width(text))
    return blanks + text if at_right else text + blanks
