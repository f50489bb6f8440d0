"""Columns of a network's reports as the owner has named them, remembered from import to import."""

from collections.abc import Mapping
from datetime import UTC
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from affiliate.domain import decoding
from affiliate.domain.actions import STATES, State
from affiliate.earnings.reports import FIELDS, TEXTS, ReportForm
from affiliate.earnings.tables import simplify_head
from affiliate.errors import BadQuery

NAMES: Final = {field.replace(" ", "-"): field for field in FIELDS}
"""Names of fields in options, and the fields."""
SALE_ID: Final = "sale id"


class ColumnMapping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The heads of fields, the words of states, and what is the same in all rows."""

    columns: dict[str, str] = {}
    states: dict[str, State] = {}
    state: State | None = None
    currency: str = ""
    zone: str = "UTC"
    date_format: str = ""

    def with_columns(self, heads: Mapping[str, str]) -> "ColumnMapping":
        """Return the mapping with other heads of some fields; an empty head removes the field.

        Raises:
            BadQuery: a field is unknown, or two fields have one head.
        """
        columns = dict(self.columns)
        for name, head in heads.items():
            if name not in NAMES:
                raise BadQuery("column", f"{name!r} is none of {', '.join(NAMES)}.")
            columns[NAMES[name]] = simplify_head(head)
        columns = {field: head for field, head in columns.items() if head}
        for field, head in columns.items():
            if other := next((f for f, h in columns.items() if h == head and f != field), ""):
                raise BadQuery("column", f"{field} and {other} can't both be the column {head!r}.")
        return msgspec.structs.replace(self, columns=columns)

    def with_states(self, words: Mapping[str, str]) -> "ColumnMapping":
        """Return the mapping with further words of states; an empty word is that of all rows.

        Raises:
            BadQuery: a word means no known state.
        """
        states, every = dict(self.states), self.state
        for word, meaning in words.items():
            state = next((known for known in STATES if known == meaning.strip().casefold()), None)
            if state is None:
                raise BadQuery("state", f"{meaning!r} is none of {', '.join(STATES)}.")
            if word.strip():
                states[" ".join(word.casefold().split())] = state
            else:
                every = state
        return msgspec.structs.replace(self, states=states, state=every)

    @property
    def identity(self) -> tuple[object, ...]:
        """Return what the ids of sales depend on: a sale with another id would count twice.

        Without a column of ids these are the fields of `number_actions`, currency and time zone.
        The head of a column is no part: networks rename their columns.
        """
        if SALE_ID in self.columns:
            return (SALE_ID,)
        fields = sorted({"click time", *TEXTS} & self.columns.keys())
        return (*fields, "" if "currency" in self.columns else self.currency, self.zone)

    def build_form(self) -> ReportForm:
        """Return the form of reports with these columns, all of which a report must have."""
        return ReportForm(
            columns={field: frozenset({head}) for field, head in self.columns.items()},
            required=frozenset({"payout", "sale date", *self.columns}),
            states={**{state: state for state in STATES}, **self.states},
            state=self.state,
            currency=self.currency,
            zone=UTC if self.zone == "UTC" else ZoneInfo(self.zone),
            date_format=self.date_format,
            has_returns="item" in self.columns,
        )


def decode_mapping(text: str) -> ColumnMapping:
    """Return a mapping that `encode_mapping` has written.

    Raises:
        ValueError: the text is no mapping of this version.
    """
    return decoding.decode_json(text, ColumnMapping)


def encode_mapping(mapping: ColumnMapping) -> str:
    """Return a mapping as text."""
    return msgspec.json.encode(mapping).decode()
