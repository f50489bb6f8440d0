"""A file that ends without a line end is refused where its last value is cut off, as seen there."""

import msgspec
import pytest

from affiliate.earnings.column_mapping import ColumnMapping
from affiliate.earnings.open_ends import End, judge_amount, judge_shape, judge_word
from affiliate.earnings.reports import read_report
from affiliate.errors import ReportError

NAMES = {
    "sale-id": "Order",
    "sale-date": "Day",
    "payout": "Sum",
    "status": "Status",
    "currency": "Currency",
    "words": "Words",
}
VALUES = {
    "Order": ("100", "1001"),
    "Day": ("2026-11-20 10:00", "2026-11-21 12:30"),
    "Sum": ("5.00", "12.50"),
    "Status": ("approved", "pending"),
    "Currency": ("USD", "USD"),
    "Words": ("cat", "red bicycle"),
    "Note": ("none", "none at all"),
}
MAPPING = ColumnMapping().with_columns(NAMES).with_states({"paid": "approved", "pai": "pending"})


def build_file(last: str, **changes: tuple[str, str]) -> str:
    """Return a file with a column at its end, which has no line end."""
    values = VALUES | changes
    heads = [head for head in values if head != last] + [last]
    rows = [",".join(values[head][number] for head in heads) for number in (0, 1)]
    return "\n".join([",".join(heads), *rows])


def read(text: str, mapping: ColumnMapping = MAPPING) -> str:
    """Return what becomes of a file: the fault, or the warning, or nothing."""
    warnings: list[str] = []
    try:
        read_report(text.encode(), mapping.build_form(), warnings.append)
    except ReportError as error:
        return f"refused: {error.faults[0]}"
    return f"warned: {warnings[0]}" if warnings else ""


@pytest.mark.parametrize(
    ("last", "values", "cut", "outcome"),
    [
        ("Sum", ("5.00", "12.50"), 0, ""),
        ("Sum", ("5.00", "12.50"), 1, 'refused: line 3, column "Sum": "12.5" may be cut off'),
        ("Sum", ("5.00", "12.50"), 2, 'refused: line 3, column "Sum": "12." may be cut off'),
        ("Sum", ("5.00", "12.50"), 3, 'refused: line 3, column "Sum": "12" may be cut off'),
        ("Sum", ("5.5", "12.50"), 1, ""),
        ("Sum", ("5.25", "12.5"), 0, 'refused: line 3, column "Sum": "12.5" may be cut off'),
        ("Sum", ("5", "12"), 0, "warned: The file ends without a line end, column "),
        ("Sum", ("5", "12.50"), 1, "warned: "),
        ("Sum", ("5.00", '"12.50"'), 0, ""),
        ("Sum", ("5.00", '"12.50"'), 1, "refused: line 3: unexpected end of data"),
        ("Day", VALUES["Day"], 0, ""),
        ("Day", VALUES["Day"], 6, 'refused: line 3, column "Day": "2026-11-21" may be cut off'),
        ("Day", VALUES["Day"], 1, 'refused: line 3, column "Day": "2026-11-21 12:3" '),
        ("Day", ("2026-11-20", "2026-11-21 12:30"), 0, "warned: "),
        ("Order", ("1001", "1002"), 0, ""),
        ("Order", ("1001", "1002"), 1, 'refused: line 3, column "Order": "100" may be cut off'),
        ("Order", ("7", "1002"), 1, 'refused: line 3, column "Order": "100" may be cut off'),
        ("Status", ("paid", "paid"), 0, ""),
        ("Status", ("paid", "paid"), 1, "warned: "),
        ("Status", ("paid", "paid"), 2, 'refused: line 3, column "Status": "pa" is none of '),
        ("Currency", ("USD", "USD"), 0, ""),
        ("Currency", ("USD", "USD"), 1, 'refused: line 3, column "Currency": "US" is no code'),
        ("Words", VALUES["Words"], 3, 'warned: The file ends without a line end, column "Words"'),
        ("Words", ("cat", "dog"), 0, ""),
        ("Note", VALUES["Note"], 3, ""),
        ("Note", VALUES["Note"], 12, "refused: line 3: 6 values, where the first line has 7 col"),
    ],
)
def test_a_file_without_a_line_end_is_judged_by_its_last_value(
    last: str, values: tuple[str, str], cut: int, outcome: str
) -> None:
    """With a line end, every value is whole."""
    text = build_file(last, **{last: values})
    found = read(text[: len(text) - cut])
    assert found.startswith(outcome)
    assert bool(found) == bool(outcome)
    if not cut:
        assert read(text + "\n") == read(text + "\r\n") == ""


def test_a_sale_that_is_known_by_its_columns_is_never_cut_off() -> None:
    """As it would count once more when the whole file is imported."""
    mapping = msgspec.structs.replace(MAPPING, columns={**MAPPING.columns})
    mapping = mapping.with_columns({"sale-id": ""})
    text = build_file("Words")
    assert read(text, mapping).startswith('refused: line 3, column "Words": "red bicycle" may be')
    assert read(text + "\n", mapping) == ""


def test_a_line_with_too_few_values_at_the_end_says_what_to_do() -> None:
    text = build_file("Note")[:-12]
    assert read(text).endswith("add a line end to it")
    assert "without a line end" not in read(text + "\n")


def test_a_file_in_utf8_that_is_cut_off_inside_a_letter_is_refused() -> None:
    """Not read in another encoding, which would garble all its words."""
    whole = build_file("Words", Words=("grün", "blaugrün")).encode()
    form = MAPPING.build_form()
    with pytest.raises(ReportError, match="the file is not whole"):
        read_report(whole[:-2], form)
    older = build_file("Words", Words=("cat", "café")).encode("cp1252")
    assert read_report(older, form)[1].words == "café"


def test_values_are_compared_with_the_others_of_their_column() -> None:
    assert judge_amount("12,5", ["1,50", ""], ",") is End.CUT_OFF
    assert judge_amount("1.000", ["1.50"], ".") is End.UNCLEAR
    assert judge_shape("2026", []) is End.UNCLEAR
    assert judge_word("Paid", ["paid", "pending"]) is End.WHOLE
