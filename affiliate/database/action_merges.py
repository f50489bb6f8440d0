"""The merge of what reports tell of an action: of each field the newest report that has the field.

Reports of a network have different columns: an export may lack what the API tells. The row of an
action keeps, in ``origins``, the rank of the report behind each field that the newest report lacks,
so that reports may come in any order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from affiliate.domain import decoding
from affiliate.domain.actions import REPORTED_FIELDS

MONEY_FIELDS: Final = ("state", "payout", "currency", "occurred_at", "as_of")
"""Columns that every report has, and the report's own time."""
EMPTY: Final[Mapping[str, Any]] = dict.fromkeys(REPORTED_FIELDS, "") | dict.fromkeys(
    ("sale", "clicked_at", "locks_at", "cleared_at")
)
"""Values of fields that no report has."""

Rank = tuple[str, str, int, int, str]
"""Order of reports of an action, the newest last: its time, then state and amounts, as of equal
times any will do, but always the same. Of equal ranks the later import counts: the owner may have
named other columns of the same file."""
Origins = dict[str, Rank | None]
"""Ranks behind the fields that the newest report lacks; None for a field that no report has."""


def build_row(reported: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an action that is reported for the first time.

    Fields that the report lacks are `msgspec.UNSET` in ``reported``.
    """
    lacking: Origins = {name: None for name in REPORTED_FIELDS if reported[name] is msgspec.UNSET}
    return {
        **reported,
        **{name: EMPTY[name] for name in lacking},
        "origins": _encode_origins(lacking),
    }


def merge_rows(known: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an action after a report; both are such as `build_row` returns."""
    sides = (known, _read_ranks(known)), (reported, _read_ranks(reported))
    (_, (known_rank, _)), (_, (reported_rank, _)) = sides
    newest_rank = max(known_rank, reported_rank)
    newest = reported if reported_rank == newest_rank else known
    merged = {name: newest[name] for name in MONEY_FIELDS}
    origins: Origins = {}
    for name in REPORTED_FIELDS:
        told = [
            (rank, position, row[name])
            for position, (row, (own_rank, own_origins)) in enumerate(sides)
            if (rank := own_origins.get(name, own_rank)) is not None
        ]
        rank, _, merged[name] = max(told, default=(None, 0, EMPTY[name]), key=_rank_told)
        if rank != newest_rank:
            origins[name] = rank
    return {**merged, "origins": _encode_origins(origins)}


def _rank_told(told: tuple[Any, int, Any]) -> tuple[Any, int]:
    return told[:2]


def _read_ranks(row: Mapping[str, Any]) -> tuple[Rank, Origins]:
    """Return the rank of the newest report of a row, and the origins of what the report lacks."""
    origins: Origins = decoding.decode_json(row["origins"], Origins) if row["origins"] else {}
    as_of: datetime = row["as_of"]
    sale = -1 if "sale" in origins or row["sale"] is None else row["sale"]
    time = as_of.isoformat(timespec="microseconds")
    return (time, row["state"], row["payout"], sale, row["currency"]), origins


def _encode_origins(origins: Origins) -> str:
    return msgspec.json.encode(origins).decode() if origins else ""
