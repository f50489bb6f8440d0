"""Cells of CSV files, which spreadsheets open."""

import re
from typing import Final

FORMULAS: Final = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t]))(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Pattern of the places where a spreadsheet may begin a formula: at the beginning of a cell, and
behind separators of other languages' CSV files. The last four signs are wide."""

BYTE_ORDER_MARK: Final = "\ufeff"
"""Beginning of a CSV file by which Excel reads the file as UTF-8."""


def escape_formula(value: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula, as visitors typed the words.

    The rule: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = str(value)
    escaped = FORMULAS.sub("'", text)
    return value if escaped == text else escaped
