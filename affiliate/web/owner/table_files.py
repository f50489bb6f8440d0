"""Write a page as a file: the rows of the table on the screen, and other figures beside it.

In CSV the page's table comes first, and further tables follow, each after an empty line and a line
with the caption. JSON has the further tables in ``more``.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, cast

from flask import Response

from affiliate.domain.actions import MONEY_UNITS
from affiliate.domain.spreadsheets import BYTE_ORDER_MARK, escape_formula
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.tables import Cell, Column, Sheet, State, Table, list_money


def build_file(table: Table, file_format: str, path: str, sheets: Sequence[Sheet] = ()) -> Response:
    """Return the tables of a page as an attachment, named by the page's path: `csv` or `json`."""
    name = re.sub(r"\W+", "-", path.rpartition("/")[2]).strip("-") or "overview"
    if file_format == "csv":
        text, kind = BYTE_ORDER_MARK + _write_csv(table, sheets), "text/csv"
    else:
        text, kind = _write_json(table, sheets), "application/json"
    response = Response(text, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{file_format}"'
    return response


def _list_columns(table: Table | Sheet) -> list[Column]:
    """Return the columns of a file: all but those with forms."""
    return [column for column in table.columns if column.kind != "action"]


def _write_csv(table: Table, sheets: Sequence[Sheet]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    _write_lines(writer, table, table.view.zone)
    for sheet in sheets:
        writer.writerows([[], [escape_formula(sheet.caption)]])
        _write_lines(writer, sheet, table.view.zone)
    return file.getvalue()


def _write_lines(writer: Any, table: Table | Sheet, zone: tzinfo) -> None:  # noqa: ANN401 - csv's
    """Write the lines of a table; money has a column for each currency, so that columns add up."""
    texts: dict[str, list[str | int]] = {}
    for column in _list_columns(table):
        cells = [row.get(column.name) for row in table.rows]
        if column.kind == "money":
            texts |= _split_money(column.name, cells)
        else:
            write = _write_number if column.is_number else _write_text
            texts[column.name] = [write(_simplify_cell(cell, zone)) for cell in cells]
    writer.writerow(texts)
    writer.writerows(zip(*texts.values(), strict=True))


def _split_money(name: str, cells: Sequence[Cell]) -> dict[str, list[str | int]]:
    """Return the amounts of a column by its name with each currency."""
    texts: dict[str, list[str | int]] = {}
    for place, cell in enumerate(cells):
        for money in list_money(cell):
            if money.currency not in texts:
                texts[money.currency] = [""] * len(cells)
            texts[money.currency][place] = _format_amount(money)
    return {f"{name} {currency}": texts[currency] for currency in sorted(texts)}


def _write_number(value: Any) -> str | int:  # noqa: ANN401 - a value of JSON
    return "" if value is None else cast("int", value)


def _write_text(value: Any) -> str | int:  # noqa: ANN401 - a value of JSON
    return "" if value is None else escape_formula(str(value))


def _write_json(table: Table, sheets: Sequence[Sheet]) -> str:
    view, arrangement = table.view, table.arrangement
    document: dict[str, Any] = {
        "title": table.caption,
        "rows": _simplify_rows(table, view.zone),
        "total": table.listed,
    }
    if view.period:
        document["from"], document["to"] = f"{view.period.first}", f"{view.period.last}"
    document |= {"filters": dict(view.filters.values), "page": arrangement.page}
    if sheets:
        document["more"] = [
            {"title": sheet.caption, "rows": _simplify_rows(sheet, view.zone)} for sheet in sheets
        ]
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _simplify_rows(table: Table | Sheet, zone: tzinfo) -> list[dict[str, Any]]:
    """Return rows of JSON; money is an object of texts by currency, which keeps each digit."""
    return [
        {
            column.name: {
                money.currency: _format_amount(money) for money in list_money(row.get(column.name))
            }
            if column.kind == "money"
            else _simplify_cell(row.get(column.name), zone)
            for column in _list_columns(table)
        }
        for row in table.rows
    ]


def _simplify_cell(cell: Cell, zone: tzinfo) -> Any:  # noqa: ANN401 - a value of JSON
    """Return a cell as a plain value: the time in the owner's time zone, the word of a state."""
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat(timespec="seconds")
    return cell.word if isinstance(cell, State) else cell


def _format_amount(money: Money) -> str:
    """Return an amount without its currency, with two digits, or four where two would round."""
    units, rest = divmod(abs(money.amount), MONEY_UNITS)
    digits = str(MONEY_UNITS + rest)[1:].removesuffix("00")
    return f"-{units}.{digits}" if money.amount < 0 else f"{units}.{digits}"
