"""Cells of CSV files are no formulas."""

import pytest

from affiliate.domain.spreadsheets import escape_formula


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(sign: str) -> None:
    """Wide signs are taken for formulas too where people write Japanese."""
    assert escape_formula(f"{sign}1+1") == f"'{sign}1+1"
    assert escape_formula(f"1{sign}1") == f"1{sign}1"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_no_part_of_a_cell_is_a_formula(separator: str) -> None:
    """A spreadsheet whose files have other separators begins a cell behind each of these."""
    assert escape_formula(f"1{separator}=1;2; -3") == f"1{separator}'=1;2; -3"
