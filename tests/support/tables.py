"""Reads the tables of a document in Markdown."""

import re
from collections.abc import Iterator


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every row whose first cell is code."""
    for line in text.splitlines():
        if re.match(r"\| `[^`]+` \|", line):
            yield [cell.strip() for cell in line.strip("| ").split(" | ")]
