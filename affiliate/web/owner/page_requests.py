"""Read the address of a page: period, filters, order and page of the table, and format."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from flask import request

from affiliate.errors import BadQuery
from affiliate.services import current_services
from affiliate.web.owner.addresses import DeskAddress, read_address
from affiliate.web.owner.filters import FilterField, Filters, read_filters
from affiliate.web.owner.periods import (
    DEFAULT_PERIOD,
    PERIOD_NAMES,
    Period,
    PeriodChoice,
    list_choices,
    read_period,
)
from affiliate.web.request_context import current_context

FORMATS: Final = ("csv", "json")
TABLE_NAMES: Final = frozenset({"sort", "page", "rows", "format"})
"""Parameters of an address that arrange the table of a page."""


class PageRequest(NamedTuple):
    """The address of a page, read: ``period`` is None for a page without a period.

    ``format`` is `csv` or `json` where the table is wanted as a file; empty for the page.
    """

    address: DeskAddress
    zone: tzinfo
    period: Period | None
    filters: Filters
    format: str

    @property
    def period_choices(self) -> list[PeriodChoice]:
        """Return the links to the named periods; none for a page without a period."""
        return list_choices(self.address, self.period) if self.period else []


def read_page_request(
    fields: Sequence[FilterField] = (),
    *,
    has_period: bool = False,
    default_period: str = DEFAULT_PERIOD,
    now: datetime | None = None,
) -> PageRequest:
    """Return what the address of the current request asks for; ``fields`` are the page's filters.

    Raises:
        BadQuery: names the parameter that is unknown or can't be read.
    """
    names = TABLE_NAMES | {field.name for field in fields} | (PERIOD_NAMES if has_period else set())
    address = read_address(request.path, current_context().parameters, names)
    zone = get_owner_zone()
    period = None
    if has_period:
        period = read_period(address, zone, now or datetime.now(UTC), default_period)
    if (file_format := address.get("format")) and file_format not in FORMATS:
        raise BadQuery("format", "Use one of: %(values)s.", values=", ".join(FORMATS))
    return PageRequest(address, zone, period, read_filters(address, fields), file_format)


def require_period(view: PageRequest) -> Period:
    """Return the period of a page that has one."""
    if view.period is None:
        raise ValueError("the page was read without has_period")
    return view.period


def get_owner_zone() -> tzinfo:
    """Return the owner's time zone, whose days and hours the desk shows."""
    return current_services().config.site_timezone


def format_moment(moment: datetime) -> str:
    """Return a time in the owner's time zone, to the minute; without a zone the time is in UTC."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{known.astimezone(get_owner_zone()):%Y-%m-%d %H:%M}"
