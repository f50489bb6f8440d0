"""Reads the tables of a Markdown document."""

import re
from collections.abc import Iterator


def iter_rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every row whose first cell is code."""
    for line in text.splitlines():
        if re.match(r"\| `[^`]+` \|", line):
            yield [cell.strip() for cell in line.strip("| ").split(" | ")]
