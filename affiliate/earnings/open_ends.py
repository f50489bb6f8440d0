"""The last value of a file without a line end at its end: whole, cut off, or either.

Some exports end so though they are whole. The last value is compared with the others of its column:
amounts by their decimals, other values by their shape, in which digits and letters are alike.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

HINT: Final = "download the report again, or if the file is whole, add a line end to it"
"""Words for the owner, who alone knows whether a download broke off."""


class End(Enum):
    """The judgement of a last value."""

    WHOLE = "whole"
    CUT_OFF = "cut off"
    UNCLEAR = "unclear"


def judge_amount(last: str, others: Iterable[str], decimal_sign: str) -> End:
    """Compare the decimals of a last amount with those of the others, empty ones left out."""
    counts = {_count_decimals(text, decimal_sign) for text in others if text.strip()}
    if len(counts) != 1 or counts == {0}:
        return End.UNCLEAR
    (usual,) = counts
    count = _count_decimals(last, decimal_sign)
    return End.WHOLE if count == usual else End.CUT_OFF if count < usual else End.UNCLEAR


def judge_shape(last: str, others: Iterable[str]) -> End:
    """Compare the shape of a last value, such as a time, with that of the others."""
    shapes = {_read_shape(text) for text in others if text.strip()}
    if len(shapes) != 1:
        return End.UNCLEAR
    (usual,) = shapes
    shape = _read_shape(last)
    return End.WHOLE if shape == usual else End.CUT_OFF if usual.startswith(shape) else End.UNCLEAR


def judge_word(last: str, words: Iterable[str]) -> End:
    """Return whether a last value, one of the known words, may be the beginning of another."""
    word = " ".join(last.casefold().split())
    begins = any(other != word and other.startswith(word) for other in words)
    return End.UNCLEAR if begins else End.WHOLE


def _count_decimals(text: str, decimal_sign: str) -> int:
    match = re.search(rf"\{decimal_sign}([0-9]+)\D*$", text)
    return len(match[1]) if match else 0


def _read_shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", text.strip()))
