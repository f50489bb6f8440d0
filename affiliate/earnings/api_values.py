"""Values of actions in the answers of networks' APIs."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.earnings.reports import TEXTS
from affiliate.errors import BadAnswer

LENGTHS: Final[Mapping[str, int]] = dict(TEXTS.values())
"""The most characters of each text of an action."""

Value = TypeVar("Value")


def read_value(network: str, field: str, convert: Callable[[str], Value], value: object) -> Value:
    """Return a converted value of an action; None is read as an empty text.

    Raises:
        BadAnswer: names the field, whose value can't be converted.
    """
    if isinstance(value, float):
        value = f"{Decimal(str(value)):f}"
    try:
        return convert("" if value is None else str(value))
    except ValueError as error:
        raise BadAnswer(network, f"{field} of a sale {error}.") from None


def clean_values(values: Mapping[str, object]) -> dict[str, str]:
    """Return the texts of an action as the ledger keeps them, by their fields."""
    return {
        name: cut_between_signs(clean_text(str(value or "")), LENGTHS[name])
        for name, value in values.items()
    }
