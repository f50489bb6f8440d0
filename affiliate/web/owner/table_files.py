"""Write a page as a file: the rows of the table on the screen, and other figures beside it.

In CSV the page's table comes first, and further tables follow, each after an empty line and a line
with the caption. JSON has the further tables in ``more``.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from flask import Response

from affiliate.domain.spreadsheets import BYTE_ORDER_MARK, escape_formula
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.tables import Cell, Column, Sheet, State, Table, list_money

CENT: Final = Decimal("0.01")
"""The unit to which whole cents are written."""
UNIT: Final = Decimal("0.0001")
"""The unit of money, one of `MONEY_UNITS`."""


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
    writer.writerows(_iter_lines(table, table.view.zone))
    for sheet in sheets:
        writer.writerows([[], [escape_formula(sheet.caption)]])
        writer.writerows(_iter_lines(sheet, table.view.zone))
    return file.getvalue()


def _iter_lines(table: Table | Sheet, zone: tzinfo) -> Iterator[list[str | int]]:
    """Yield the lines of a table; money has a column for each currency, so that columns add up."""
    columns = _list_columns(table)
    currencies = {
        column.name: sorted(
            {money.currency for row in table.rows for money in list_money(row.get(column.name))}
        )
        for column in columns
        if column.kind == "money"
    }
    yield [name for column in columns for name in _list_names(column, currencies)]
    for row in table.rows:
        yield [
            text
            for column in columns
            for text in _iter_texts(row.get(column.name), column, currencies, zone)
        ]


def _list_names(column: Column, currencies: dict[str, list[str]]) -> list[str]:
    if column.kind != "money":
        return [column.name]
    return [f"{column.name} {currency}" for currency in currencies[column.name]]


def _iter_texts(
    cell: Cell, column: Column, currencies: dict[str, list[str]], zone: tzinfo
) -> Iterator[str | int]:
    if column.kind == "money":
        amounts = {money.currency: money for money in list_money(cell)}
        for currency in currencies[column.name]:
            yield _format_amount(amounts[currency]) if currency in amounts else ""
        return
    value = _simplify_cell(cell, zone)
    yield "" if value is None else value if column.is_number else escape_formula(str(value))


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
    amount = money.to_decimal()
    digits = CENT if amount == amount.quantize(CENT) else UNIT
    return f"{amount.quantize(digits):f}"
