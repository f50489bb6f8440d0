"""Tables of reports: files of values separated by commas, in the encodings of spreadsheets."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from affiliate.earnings.open_ends import HINT
from affiliate.errors import ReportError

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of the largest report that is read."""
MAX_ROWS: Final = 500_000
"""Rows of the largest report, so that a wrong file takes no memory of the site."""
DELIMITERS: Final = ",;\t|"
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Row(msgspec.Struct, frozen=True):
    """A row of a report: the last line of the row in the file, and the cells."""

    line: int
    cells: list[str]


class Table(msgspec.Struct, frozen=True):
    """A report: the heads of its columns as written, and its rows.

    ``is_open`` is true where nothing shows that the last value is whole: no line end, no quotation
    mark.
    """

    heads: list[str]
    rows: list[Row]
    is_open: bool = False


def read_table(data: bytes) -> Table:
    """Read a report in UTF-8, UTF-16 or Windows-1252, in any of `DELIMITERS`.

    Raises:
        ReportError: the file is no table, or breaks off.
    """
    if len(data) > MAX_BYTES:
        raise ReportError([f"the file is larger than {MAX_BYTES // 1024 // 1024} MB"])
    text = _decode(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    rows = list(_iter_rows(text, delimiter))
    if not rows:
        raise ReportError(["the file is empty"])
    heads, *body = rows
    width = len(heads.cells)
    faults = [
        f"line {row.line}: {len(row.cells)} values, where the first line has {width} columns"
        for row in body
        if len(row.cells) != width
    ]
    is_open = not text.endswith(("\n", "\r", '"'))
    if is_open and faults and body and len(body[-1].cells) < width:
        faults[-1] += f"; the file ends there without a line end: {HINT}"
    if len(body) > MAX_ROWS:
        faults.append(f"the file has more than {MAX_ROWS} rows")
    if faults:
        raise ReportError(faults)
    return Table([head.strip() for head in heads.cells], body, is_open)


def _decode(data: bytes) -> str:
    """Return the text of a file, by its byte order mark or its zero bytes."""
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:200]:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # Of Windows-1252, letters before the end would be no UTF-8 either.
        is_cut = error.end == len(data) and not data[: error.start].isascii()
        if encoding != "utf-8" or is_cut:
            raise ReportError(
                [f"the file is not whole: {error.reason}; download it again"]
            ) from None
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise ReportError(["the file is in none of UTF-8, UTF-16 and Windows-1252"]) from None


def _iter_rows(text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows that are not blank.

    Raises:
        ReportError: a quotation mark is not closed, or a value is longer than any of a report.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(reader.line_num, cells)
    except csv.Error as error:
        raise ReportError([f"line {reader.line_num}: {error}"]) from None


def simplify_head(head: str) -> str:
    """Return a head without case, spaces and signs: ``Sub ID (1)`` is ``subid1``."""
    return re.sub(r"[\W_]", "", head).casefold()


def find_columns(
    heads: list[str], names: Mapping[str, frozenset[str]], required: frozenset[str]
) -> dict[str, int]:
    """Return the position of each field's column; ``names`` has the heads of a field.

    Heads are compared as `simplify_head` returns them.

    Raises:
        ReportError: a required column is missing, or two columns have heads of one field.
    """
    places: dict[str, int] = {}
    faults = []
    for place, head in enumerate(heads):
        plain = simplify_head(head)
        field = next((field for field, known in names.items() if plain in known), "")
        if field in places:
            faults.append(f'columns "{heads[places[field]]}" and "{head}" mean the same')
        elif field:
            places[field] = place
    if missing := sorted(required - places.keys()):
        shown = ", ".join(f'"{head[:40]}"' for head in heads[:12])
        faults.append(f"there is no column of {', '.join(missing)}; the file has {shown}")
    if faults:
        raise ReportError(faults)
    return places
