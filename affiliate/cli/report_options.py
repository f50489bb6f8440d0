"""Options of commands that read networks' reports, and the forms that they ask for."""

import re
from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Final

import click
import msgspec

from affiliate.config.readers import read_time_zone
from affiliate.config.settings import Config
from affiliate.database.report_mappings import ReportMappings
from affiliate.earnings import impact, partnerize
from affiliate.earnings.column_mapping import (
    NAMES,
    ColumnMapping,
    decode_mapping,
    encode_mapping,
)
from affiliate.earnings.reports import CURRENCY, ReportForm

FORMS: Final = {impact.NETWORK: impact.FORM, partnerize.NETWORK: partnerize.FORM}
"""Networks whose reports have columns that this program knows."""

USUAL_NAMES: Final = ("sale-id", "sale-date", "payout", "status")
"""Names of fields that most reports have."""
OTHER_NAMES: Final = tuple(name for name in NAMES if name not in USUAL_NAMES)


class Zone(click.ParamType[tzinfo]):
    """A time zone by its name in the database of time zones: ``America/New_York``."""

    name = "zone"

    def convert(
        self, value: str | tzinfo, param: click.Parameter | None, ctx: click.Context | None
    ) -> tzinfo:
        """Return the zone."""
        try:
            return value if isinstance(value, tzinfo) else read_time_zone(value)
        except ValueError:
            self.fail(f"{value!r} is no time zone such as America/New_York.", param, ctx)


class Currency(click.ParamType[str]):
    """A code of a currency (ISO 4217)."""

    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code in capital letters."""
        if not CURRENCY.fullmatch(value.upper()):
            self.fail(f"{value!r} is no code of a currency such as USD.", param, ctx)
        return value.upper()


class Network(click.ParamType[str]):
    """The name of an affiliate network, which the owner chooses freely where it is unknown."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name in small letters."""
        name = value.strip().casefold()
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,19}", name):
            self.fail(
                f"{value!r} is no name of 1 to 20 letters, digits, dots and hyphens.", param, ctx
            )
        return name


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a command line about a report; None and empty where there are none."""

    network: str
    columns: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    currency: str | None = None
    zone: tzinfo | None = None
    date_format: str | None = None


def build_form(
    options: ReportOptions, mappings: ReportMappings, config: Config
) -> tuple[ReportForm, ColumnMapping | None]:
    """Return the form of a network's reports, and the mapping to remember after a good import.

    Columns, states and dates that are named for a known form hold for one import.

    Raises:
        UsageError: the options name no columns of a network whose columns are unknown.
        BadQuery: an option can't be read.
        LedgerError: the database is out of reach.
    """
    if known := FORMS.get(options.network):
        return _change_known_form(known, options, config), None
    mapping = _name_columns(_read_remembered(options, mappings), options)
    changes = {
        "currency": options.currency,
        "zone": str(options.zone) if options.zone else None,
        "date_format": options.date_format,
    }
    mapping = msgspec.structs.replace(
        mapping, **{name: text for name, text in changes.items() if text is not None}
    )
    return mapping.build_form(), mapping


def _name_columns(mapping: ColumnMapping, options: ReportOptions) -> ColumnMapping:
    """Return a mapping with the columns and states of the options."""
    mapping = mapping.with_columns(_split_pairs(options.columns, "column"))
    return mapping.with_states(_split_pairs(options.states, "state", bare=True))


def _change_known_form(known: ReportForm, options: ReportOptions, config: Config) -> ReportForm:
    """Return a known form with what the options name."""
    named = _name_columns(ColumnMapping(), options)
    columns = {name: frozenset({head}) for name, head in named.columns.items()}
    account = config.partnerize_publisher_id if options.network == partnerize.NETWORK else ""
    return msgspec.structs.replace(
        known,
        columns={**known.columns, **columns},
        item_columns={n: heads for n, heads in known.item_columns.items() if n not in columns},
        states={**known.states, **named.states},
        state=named.state,
        date_format=options.date_format or "",
        currency=options.currency or "",
        zone=options.zone or UTC,
        account=account or "",
    )


def _read_remembered(options: ReportOptions, mappings: ReportMappings) -> ColumnMapping:
    """Return the mapping that is remembered; an empty one where the options name columns anew.

    Raises:
        UsageError: no columns are remembered, or none that this version can read, or named.
    """
    remembered = mappings.read(options.network)
    try:
        if remembered:
            return decode_mapping(remembered)
    except ValueError:
        if not options.columns:
            raise click.UsageError(
                f"The columns of {options.network}'s reports were remembered by a newer version:"
                " name them again."
            ) from None
    if not options.columns:
        raise click.UsageError(
            f"The columns of {options.network}'s reports are unknown. Name them once, as the file"
            " has them: --column sale-id=ID --column sale-date=DATE --column payout=COMMISSION"
            f" --column status=STATUS. There are also {', '.join(OTHER_NAMES)}."
        )
    return ColumnMapping()


def has_other_ids(network: str, mapping: ColumnMapping, mappings: ReportMappings) -> bool:
    """Return whether a mapping gives sales other ids than the mapping that is remembered.

    A mapping that this version can't read may give any.

    Raises:
        LedgerError: the database is out of reach.
    """
    remembered = mappings.read(network)
    try:
        return bool(remembered) and decode_mapping(remembered).identity != mapping.identity
    except ValueError:
        return True


def remember_mapping(network: str, mapping: ColumnMapping | None, mappings: ReportMappings) -> bool:
    """Write a mapping unless the same is known; return whether it was written."""
    text = encode_mapping(mapping) if mapping else ""
    if not text or text == mappings.read(network):
        return False
    mappings.write(network, text)
    return True


def _split_pairs(texts: Iterable[str], option: str, *, bare: bool = False) -> dict[str, str]:
    """Return the pairs of ``NAME=TEXT``; with ``bare`` a text alone has an empty name.

    Raises:
        BadParameter: a text is no pair.
    """
    pairs = {}
    for text in texts:
        name, sign, value = text.rpartition("=") if bare else text.partition("=")
        if not sign and not bare:
            raise click.BadParameter(f"{text!r} is no FIELD=HEAD.", param_hint=f"--{option}")
        pairs[name.strip()] = value
    return pairs
