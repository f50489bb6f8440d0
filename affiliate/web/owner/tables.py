"""The table of a page: sorted by a column, in pages, the same on the screen and as a file.

A page reads the arrangement from its address (`read_arrangement`), gets the rows, either arranged
by the database or by `arrange_rows`, and builds a `Table`. Templates show the table by
``{{ desk.table(table) }}``, and `table_files` writes the same cells.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final, Literal, NamedTuple

from markupsafe import Markup

from affiliate.errors import BadQuery
from affiliate.web.owner.numbers import Money, format_count, format_money, format_share
from affiliate.web.owner.page_requests import PageRequest

PAGE_ROWS: Final = (50, 200, 1000)
"""Rows of a page that an owner may choose; the first is the default, the last the bound."""
LEVELS: Final = ("bad", "warn", "off", "ok")
"""Levels of a `State`, the worst first."""
EMPTY: Final = "\u2013"
"""Text of an empty cell, a dash."""
MAX_RANKED: Final = 1_000
"""Rows of a ranking that are listed: those before a page are added up, too."""
MAX_PAGE: Final = 100_000
"""Last page that an address may ask for."""


class State(NamedTuple):
    """A state as a word and a mark: ``level`` is the shape of the mark."""

    level: Literal["bad", "warn", "off", "ok"]
    word: str

    @property
    def severity(self) -> int:
        """Return the place of the level, the worst first, by which states are sorted."""
        return LEVELS.index(self.level)


Cell = str | int | float | datetime | State | Markup | Money | Sequence[Money] | None
Row = Mapping[str, Cell]


class Column(NamedTuple):
    """A column: ``name`` in the address and in files, ``title`` on the screen.

    ``kind`` says how a cell is written: text; prose, where names between backticks are code;
    count, a whole number; share, a number from 0 to 1; money, `Money` or several for several
    currencies; time, a `datetime` with a time zone; state, a `State`; action, a form as `Markup`,
    which is in no file and not sortable. None is an empty cell. A ranking has the greatest first
    alone, as the least of all are in no list. ``link`` returns the address that
    a cell leads to, empty for none.
    """

    name: str
    title: str
    kind: Literal["text", "prose", "count", "money", "share", "time", "state", "action"] = "text"
    link: Callable[[Row], str] | None = None
    is_sortable: bool = True
    is_ranking: bool = False

    @property
    def is_number(self) -> bool:
        """Return whether cells stand at the end side, with figures of equal width."""
        return self.kind in {"count", "money", "share"}


class ShownCell(NamedTuple):
    """A cell of the screen: its lines of text, and the address that the cell leads to.

    ``level`` is the mark of a state, ``time`` the exact time of a `datetime`. In prose, names
    between backticks are code.
    """

    lines: tuple[str, ...]
    is_number: bool
    url: str
    level: str = ""
    time: str = ""
    is_prose: bool = False


class Arrangement(NamedTuple):
    """The order and the page of a table: ``sort`` is a column's name; pages count from 1."""

    sort: str
    is_descending: bool
    page: int
    page_rows: int

    @property
    def offset(self) -> int:
        """Return the number of rows before the page."""
        return (self.page - 1) * self.page_rows


class Sheet(NamedTuple):
    """A further table in the files of a page: what the screen shows beside the page's table."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]


class Table(NamedTuple):
    """The table of a page: ``rows`` are those of its page, arranged; ``total`` counts all pages.

    ``caption`` names the table for screen readers and files, ``empty`` is shown without rows. Of a
    ranking the first ``most`` rows are listed; 0 where all are.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: int
    arrangement: Arrangement
    view: PageRequest
    empty: str = "Nothing in this period."
    most: int = 0

    @property
    def pages(self) -> int:
        """Return the number of pages, at least 1."""
        return max(math.ceil(self.listed / self.arrangement.page_rows), 1)

    @property
    def listed(self) -> int:
        """Return the number of rows on all pages."""
        return min(self.total, self.most or self.total)

    @property
    def previous_url(self) -> str:
        """Return the address of the page before; empty on the first page."""
        page = self.arrangement.page
        return self._page_url(min(page - 1, self.pages)) if page > 1 else ""

    @property
    def next_url(self) -> str:
        """Return the address of the next page; empty on the last page."""
        page = self.arrangement.page
        return self._page_url(page + 1) if page < self.pages else ""

    def sort_url(self, column: Column) -> str:
        """Return the address that sorts by a column, or reverses the order of the sorted column.

        Numbers and times begin with the greatest, texts with the first.
        """
        is_sorted = column.name == self.arrangement.sort and not column.is_ranking
        descends = not self.arrangement.is_descending if is_sorted else _descends_first(column)
        return str(self.view.address.change({"sort": f"{'-' * descends}{column.name}"}))

    def aria_sort(self, column: Column) -> str:
        """Return the order of a column for screen readers; empty for other columns."""
        if column.name != self.arrangement.sort:
            return ""
        return "descending" if self.arrangement.is_descending else "ascending"

    def file_url(self, file_format: str) -> str:
        """Return the address of the same rows as a file."""
        arrangement = self.arrangement
        page = str(arrangement.page) if arrangement.page > 1 else ""
        return str(self.view.address.change({"page": page, "format": file_format}))

    def rows_choices(self) -> list[tuple[int, str, bool]]:
        """Return the numbers of rows to choose from, their addresses, and True for the chosen."""
        chosen = self.arrangement.page_rows
        return [
            (count, str(self.view.address.change({"rows": str(count)})), count == chosen)
            for count in PAGE_ROWS
        ]

    def cells(self, row: Row) -> list[ShownCell]:
        """Return the cells of a row as shown on the screen."""
        return [show_cell(column, row, self.view.zone) for column in self.columns]

    def _page_url(self, page: int) -> str:
        return str(self.view.address.change({"page": str(page)}))


def read_arrangement(
    view: PageRequest,
    columns: Sequence[Column],
    default: str,
    page_rows: int = PAGE_ROWS[0],
    *,
    max_rows: int = MAX_PAGE * PAGE_ROWS[-1],
) -> Arrangement:
    """Return the order and the page in an address.

    ``default`` is a column's name, after a `-` for the greatest first, as in the address. Pages end
    with ``max_rows``.

    Raises:
        BadQuery: ``sort`` names no sortable column, or ``page`` or ``rows`` is out of bounds.
    """
    text = view.address.get("sort") or default
    names = [column.name for column in columns if column.is_sortable and column.kind != "action"]
    if (name := text.removeprefix("-")) not in names:
        raise BadQuery("sort", "Use one of: %(values)s.", values=", ".join(names))
    rankings = [f"-{column.name}" for column in columns if column.is_ranking]
    if f"-{text}" in rankings:
        raise BadQuery("sort", "Use one of: %(values)s.", values=", ".join(rankings))
    rows = _read_number(view, "rows", page_rows, PAGE_ROWS[-1])
    page = _read_number(view, "page", 1, min(math.ceil(max_rows / rows), MAX_PAGE))
    return Arrangement(name, text.startswith("-"), page, rows)


def arrange_rows(
    rows: Sequence[Row], columns: Sequence[Column], arrangement: Arrangement
) -> Sequence[Row]:
    """Return the rows of the page, for tables whose rows are all in memory.

    Empty cells come last in either order.
    """
    column = next(column for column in columns if column.name == arrangement.sort)
    filled = [row for row in rows if row.get(column.name) not in (None, "")]
    empty = [row for row in rows if row.get(column.name) in (None, "")]
    key = functools.partial(_sort_key, column)
    ordered = [*sorted(filled, key=key, reverse=arrangement.is_descending), *empty]
    return ordered[arrangement.offset : arrangement.offset + arrangement.page_rows]


def build_table(  # noqa: PLR0913 - the parts of a table
    view: PageRequest,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    default_sort: str,
    page_rows: int = PAGE_ROWS[0],
    empty: str = "Nothing in this period.",
) -> Table:
    """Return the table of rows that are all in memory, arranged as the address asks.

    Raises:
        BadQuery: the address asks for an order or a page that the table hasn't.
    """
    arrangement = read_arrangement(view, columns, default_sort, page_rows)
    shown = arrange_rows(rows, columns, arrangement)
    return Table(caption, columns, shown, len(rows), arrangement, view, empty)


def list_money(cell: Cell) -> list[Money]:
    """Return the amounts of a money cell, one for each currency."""
    if cell is None or cell == "":
        return []
    if isinstance(cell, Money):
        return [cell]
    if isinstance(cell, (str, int, float, datetime, State)):
        raise TypeError("a money cell holds Money")
    return list(cell)


def show_cell(column: Column, row: Row, zone: tzinfo) -> ShownCell:
    """Return a cell as shown on the screen; an empty cell is a dash."""
    cell = row.get(column.name)
    url = column.link(row) if column.link else ""
    shown = ShownCell((EMPTY,), column.is_number, url, is_prose=column.kind == "prose")
    if cell is None or cell == "":
        return shown
    if column.kind == "money":
        lines = tuple(format_money(money) for money in list_money(cell))
        return shown._replace(lines=lines or (EMPTY,))
    if isinstance(cell, State):
        return shown._replace(lines=(cell.word,), level=cell.level)
    if isinstance(cell, datetime):
        local = cell.astimezone(zone)
        lines = (f"{local:%Y-%m-%d %H:%M}",)
        return shown._replace(lines=lines, time=local.isoformat(timespec="seconds"))
    if isinstance(cell, (int, float)):
        text = format_share(cell) if column.kind == "share" else format_count(cell)
        return shown._replace(lines=(text,))
    return shown._replace(lines=(cell if isinstance(cell, Markup) else str(cell),))


def _sort_key(column: Column, row: Row) -> tuple[object, ...]:
    cell = row[column.name]
    if column.kind == "money":
        return tuple((money.currency, money.amount) for money in list_money(cell))
    if isinstance(cell, State):
        return (cell.severity, cell.word.casefold())
    return (cell.casefold(),) if isinstance(cell, str) else (cell,)


def _descends_first(column: Column) -> bool:
    return column.is_number or column.kind == "time"


def _read_number(view: PageRequest, name: str, default: int, most: int) -> int:
    """Return a number of the address.

    Raises:
        BadQuery: the text is no number from 1 to ``most``.
    """
    text = view.address.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):  # noqa: PLR2004
        raise BadQuery(name, "Use a number from 1 to %(limit)s.", limit=most)
    return int(text)
