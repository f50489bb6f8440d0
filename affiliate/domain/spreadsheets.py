"""Cells of CSV files, which spreadsheets open."""

from typing import Final

FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings of cells that spreadsheets may take for formulas; the last four are wide signs."""


BYTE_ORDER_MARK: Final = "\ufeff"
"""Beginning of a CSV file by which Excel reads the file as UTF-8."""


def escape_formula(value: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula, as visitors typed the words.

    The rule: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else value
