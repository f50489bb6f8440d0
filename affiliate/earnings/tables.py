"""Tables of reports: files of values separated by commas, in the encodings of spreadsheets."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

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


BROKEN: Final = "\ufffd"
"""The sign in place of a letter that was cut off."""
LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line with its end."""
MAX_PREAMBLE: Final = 20
"""Lines in which the heads are looked for, as titles and periods may stand before."""
WORKBOOK: Final = "the file is a workbook or an archive: save the report as CSV"
JSON: Final = "the file is JSON: download the report as CSV"
FOREIGN_BEGINS: Final = {
    b"pk\x03\x04": WORKBOOK,
    b"\xd0\xcf\x11\xe0": WORKBOOK,
    b"\x1f\x8b": WORKBOOK,
    b"<": "the file is a web page: log in at the network and download the report again, as CSV",
    b"{": JSON,
    b"[{": JSON,
    b"%pdf": "the file is a PDF: download the report as CSV",
}
"""Beginnings of files of other kinds, in small letters, and what to do."""
TOTAL_WORDS: Final = frozenset(
    "total totals grandtotal subtotal sum summe gesamt gesamtsumme insgesamt totale totaal suma"
    " sumatotal totalgeneral totalgeral totalgénéral toplam razem celkem итого всего 合計 合计 总计"
    " 합계".split()
)
"""Words of a last row of totals, as `simplify_head` returns them."""
IsHead = Callable[[list[str]], bool]


class Row(msgspec.Struct, frozen=True):
    """A row of a report: the last line of the row in the file, and the cells."""

    line: int
    cells: list[str]


class Table(msgspec.Struct, frozen=True):
    """A report: the heads of its columns as written, and its rows.

    ``delimiter`` stands between columns. ``is_open`` is true where nothing shows that the last
    value is whole: no line end, no quotation mark.
    """

    heads: list[str]
    rows: list[Row]
    delimiter: str = ","
    is_open: bool = False


class _Start(NamedTuple):
    """The offset of the heads in a text, the lines before, and the delimiter of columns."""

    offset: int
    lines_before: int
    delimiter: str


def read_table(data: bytes, is_head: IsHead = bool) -> Table:
    """Read a report in UTF-8, UTF-16 or Windows-1252, in any of `DELIMITERS`.

    The heads are the first line that ``is_head`` knows, after at most `MAX_PREAMBLE` lines such as
    a title or ``sep=;``; else the first line. A last line of totals is left out where its form is
    another.

    Raises:
        ReportError: the file is no table, or breaks off.
    """
    _refuse_foreign(data)
    text = _decode(data).rstrip("\x1a")
    start = _find_start(text, is_head)
    rows = _iter_rows(text, start)
    heads = next(rows, None)
    if heads is None:
        raise ReportError(["the file is empty"])
    body = list(rows)
    is_open = not text.endswith(("\n", "\r", '"'))
    width = len(heads.cells)
    if body and len(body[-1].cells) != width and is_total(filter(str.strip, body[-1].cells[:1])):
        body.pop()
        is_open = False
    faults = [
        f"line {row.line}: {len(row.cells)} values, where the first line has {width} columns"
        for row in body
        if len(row.cells) != width and not _cut_empty(row.cells, width)
    ]
    if is_open and faults and len(body[-1].cells) < width:
        faults[-1] += f"; the file ends there without a line end: {HINT}"
    if faults:
        raise ReportError(faults)
    return Table([head.strip() for head in heads.cells], body, start.delimiter, is_open)


def _refuse_foreign(data: bytes) -> None:
    """Refuse a file that is too large, or is no table of text.

    Raises:
        ReportError: names the kind of the file.
    """
    if len(data) > MAX_BYTES:
        raise ReportError([f"the file is larger than {MAX_BYTES // 1024 // 1024} MB"])
    start = data[:256].replace(b"\0", b"")  # of UTF-16
    start = start.removeprefix(codecs.BOM_UTF8).lstrip(b"\xff\xfe \t\r\n").lower()
    for begin, words in FOREIGN_BEGINS.items():
        if start.startswith(begin):
            raise ReportError([words])


def _cut_empty(cells: list[str], width: int) -> bool:
    """Remove cells behind the last column; return False where these, or the row, are no such."""
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return False
    del cells[width:]
    return True


def is_total(cells: Iterable[str]) -> bool:
    """Return whether a row has the word for totals that spreadsheets put under a table."""
    return any(simplify_head(cell) in TOTAL_WORDS for cell in cells)


def _decode(data: bytes) -> str:
    """Return the text of a file, by its byte order mark or its zero bytes.

    Where most letters beyond ASCII are UTF-8, the others are `BROKEN`; else the file is in
    Windows-1252.

    Raises:
        ReportError: the file breaks off, or is in another encoding.
    """
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data[:200]:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # Of Windows-1252, letters before the end would be no UTF-8 either.
        is_cut = error.end == len(error.object) and not error.object[: error.start].isascii()
        if encoding.startswith("utf-16") or is_cut:
            raise ReportError(
                [f"the file is not whole: {error.reason}; download it again"]
            ) from None
    text = data.decode(encoding, "replace")
    broken = text.count(BROKEN)
    if len(text) - len(text.encode("ascii", "ignore")) > 2 * broken:
        return text  # some words are cut in mid-letter, as of networks that count bytes
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise ReportError(["the file is in none of UTF-8, UTF-16 and Windows-1252"]) from None


def _find_start(text: str, is_head: IsHead) -> _Start:
    """Return where the heads are, and the delimiter."""
    usual: _Start | None = None
    line = 0
    for match in islice(LINE.finditer(text), MAX_PREAMBLE):
        line += 1
        words = match[0].strip()
        if not words or re.fullmatch(r'"?sep=.?"?', words, re.IGNORECASE):
            continue
        start = _Start(match.start(), line - 1, max(DELIMITERS, key=words.count))
        usual = usual or start
        for delimiter in DELIMITERS:
            with suppress(csv.Error, StopIteration):
                if is_head(next(csv.reader([words], delimiter=delimiter, skipinitialspace=True))):
                    return start._replace(delimiter=delimiter)
    return usual or _Start(0, 0, DELIMITERS[0])


def _iter_rows(text: str, start: _Start) -> Iterator[Row]:
    """Yield the rows that are not blank.

    Raises:
        ReportError: a quotation mark is not closed, a value is longer than any of a report, or
            there are more than `MAX_ROWS`.
    """
    # A StringIO would hold the text once more, with four bytes for each character.
    lines = (match[0] for match in LINE.finditer(text, start.offset) if match[0])
    reader = csv.reader(lines, delimiter=start.delimiter, strict=True, skipinitialspace=True)
    has_formulas = '="' in text
    count, first = 0, 1
    try:
        for cells in reader:
            first = reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS + 1:
                raise ReportError([f"the file has more than {MAX_ROWS} rows"])
            if has_formulas:
                cells = [*map(_read_formula, cells)]  # noqa: PLW2901 - the same cells
            yield Row(start.lines_before + reader.line_num, cells)
    except csv.Error as error:
        first, last = start.lines_before + first, start.lines_before + reader.line_num
        words = f"line {last}: {error}"
        if first < last:
            words = f"lines {first} to {last}: {error}; is a quotation mark not closed?"
        raise ReportError([words]) from None


def _read_formula(cell: str) -> str:
    """Return the text of a formula ``="007"``, by which exports keep zeros from spreadsheets."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell


def simplify_head(head: str) -> str:
    """Return a head without case, spaces and signs: ``Sub ID (1)`` is ``subid1``."""
    return re.sub(r"[\W_]", "", head).casefold()


def has_columns(
    heads: Iterable[str], names: Mapping[str, frozenset[str]], required: Iterable[str]
) -> bool:
    """Return whether heads have the columns of all required fields, as `find_columns` needs."""
    plain = {simplify_head(head) for head in heads}
    return all(plain & names.get(field, frozenset()) for field in required)


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
            option, other = f"--column {field.replace(' ', '-')}", heads[places[field]]
            words = f'columns "{other}" and "{head}" mean the same'
            faults.append(f'{words}: choose by {option}="{other}" or {option}="{head}"')
        elif field:
            places[field] = place
    if missing := sorted(required - places.keys()):
        shown = ", ".join(f'"{head[:40]}"' for head in heads[:12])
        faults.append(f"there is no column of {', '.join(missing)}; the file has {shown}")
    if faults:
        raise ReportError(faults)
    return places
