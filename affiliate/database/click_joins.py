"""The join of sales to the clicks that led to them: exact by the id of a click, else estimated.

A sale without the id of a known click is joined to a visitor's click that has all that the sale's
link has carried (picture, site, beginning of the words):

- with the time of the click, to the click nearest to it, from `BEFORE_CLICK` before until
  `AFTER_CLICK` after it, as clocks differ;
- else, if the picture is known, to the last click before the sale within `COOKIE_TIME`.

A time on a full or half hour is a day of a report that has days alone, whichever its zone: the sale
may be of any time of that day, and so may the click. The estimate depends on the sale and the
clicks alone, never on the order of imports or on other sales.

A sale keeps what the desk shows of its click, so that a year of sales is summed up without a look
at the clicks, and after they are deleted. Clicks that come later than the report of their sale are
joined by the next import.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.bulk_rows import list_written_columns
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import DAY
from affiliate.database.report_writes import lock_actions
from affiliate.database.schema import actions, clicks
from affiliate.domain.words import to_counted

BATCH: Final = 300
"""Sales whose estimates are written in a transaction, as clicks wait meanwhile."""
BEFORE_CLICK: Final = timedelta(minutes=5)
AFTER_CLICK: Final = timedelta(minutes=1)
"""Times around a reported click in which this site's click is searched, as clocks differ."""
COOKIE_TIME: Final = timedelta(days=30)
"""Time after a click within which networks credit a sale, as most programs have it."""

JOINS: Final = ("exact", "estimated", "unknown")
"""Ways in which sales are joined to clicks, as in ``joined_by``."""
KEPT_FIELDS: Final = ("agency", "id", "words", "site", "place", "position")
"""Fields of the click that led to a sale, which the sale keeps as long as it lives itself."""
JOIN_COLUMNS: Final = (
    "estimated_click",
    "joined_by",
    *(f"clicked_{name}" for name in KEPT_FIELDS),
)
"""Columns of sales that `refresh_joins` writes."""
UNJOINED: Final[Mapping[str, Any]] = dict.fromkeys(JOIN_COLUMNS) | {
    "estimated_click": "",
    "joined_by": "unknown",
}

_CLICK: Final = sa.select(clicks).where(clicks.c.click_id == sa.bindparam("click_id"))
_IN_TIME: Final = (
    (clicks.c.at >= sa.bindparam("first", type_=sa.DateTime))
    & (clicks.c.at <= sa.bindparam("last", type_=sa.DateTime))
    & (clicks.c.sender == "")
)


def refresh_joins(
    database: LedgerDatabase, network: str, since: datetime, agencies: Collection[str] = ()
) -> None:
    """Join a network's sales since a time in UTC, without a zone, to clicks.

    ``agencies`` are those whose links lead by way of the network; empty, any agency's may. A sale
    keeps the click that it has where this click has been deleted since.
    """
    last_id = ""
    while True:
        with database.read_connection() as connection:
            rows = connection.execute(_select_sales(network, since, last_id)).all()
            joins = [(row, _join_sale(connection, row, agencies)) for row in rows]
        changes = [
            {
                "key": row.action_id,
                "own_click": row.click_id,
                **{f"new_{name}": value for name, value in join.items()},
            }
            for row, join in joins
            if any(getattr(row, name) != value for name, value in join.items())
        ]
        if changes:
            update = (
                sa.update(actions)
                .where(
                    actions.c.network == network,
                    actions.c.action_id == sa.bindparam("key"),
                    actions.c.click_id == sa.bindparam("own_click"),  # no import has another
                )
                .values({name: sa.bindparam(f"new_{name}") for name in JOIN_COLUMNS})
            )
            with database.write_transaction() as connection:
                lock_actions(connection, network)
                connection.execute(update, changes)
        if len(rows) < BATCH:
            return
        last_id = rows[-1].action_id


def _select_sales(network: str, since: datetime, last_id: str) -> sa.Select[Any]:
    """Return the query of the next sales that are not joined to the click whose id they have."""
    return (
        sa.select(*(actions.c[name] for name in list_written_columns(actions)))
        .where(
            actions.c.network == network,
            actions.c.action_id > last_id,
            actions.c.occurred_at >= since,
            actions.c.joined_by != "exact",
        )
        .order_by(actions.c.action_id)
        .limit(BATCH)
    )


def _join_sale(
    connection: sa.Connection, sale: sa.Row[Any], agencies: Collection[str]
) -> Mapping[str, Any]:
    """Return the values of `JOIN_COLUMNS` for a sale."""
    if click := _read_click(connection, sale.click_id):
        return _build_join("exact", click) | {"estimated_click": ""}
    if sale.estimated_click and not _read_click(connection, sale.estimated_click):
        return {name: getattr(sale, name) for name in JOIN_COLUMNS}
    if click := _read_click(connection, _estimate_click(connection, sale, agencies)):
        return _build_join("estimated", click) | {"estimated_click": click.click_id}
    return UNJOINED


def _read_click(connection: sa.Connection, click_id: str) -> sa.Row[Any] | None:
    if not click_id:
        return None
    return connection.execute(_CLICK, {"click_id": click_id}).first()


def _build_join(joined_by: str, click: sa.Row[Any]) -> dict[str, Any]:
    return {
        "joined_by": joined_by,
        **{f"clicked_{name}": getattr(click, name) for name in KEPT_FIELDS},
    }


def _estimate_click(connection: sa.Connection, sale: sa.Row[Any], agencies: Collection[str]) -> str:
    """Return the id of the click that has probably led to a sale; empty for none."""
    clicked_at, occurred_at = sale.clicked_at, sale.occurred_at
    where = _IN_TIME
    if agencies:
        where &= clicks.c.agency.in_(sorted(agencies))
    if sale.site:
        where &= clicks.c.site == sale.site
    if words := to_counted(sale.words, ""):
        where &= sa.func.substr(clicks.c.words, 1, len(words)) == words
    if sale.media_id:
        where &= clicks.c.id == sale.media_id
    values: Mapping[str, Any]
    order: Sequence[sa.ColumnElement[Any]]
    if clicked_at and not _may_be_day(clicked_at):
        values = {
            "at": int(clicked_at.replace(tzinfo=UTC).timestamp()),
            "first": clicked_at - BEFORE_CLICK,
            "last": clicked_at + AFTER_CLICK,
        }
        order = [
            sa.func.abs(
                sa.cast(sa.extract("epoch", clicks.c.at), sa.BigInteger)
                - sa.bindparam("at", type_=sa.BigInteger)
            )
        ]
    elif sale.media_id:
        last = occurred_at + DAY if _may_be_day(occurred_at) else occurred_at
        values = {"first": occurred_at - COOKIE_TIME, "last": last}
        if clicked_at:
            values = {"first": clicked_at, "last": min(last, clicked_at + DAY)}
        order = [clicks.c.at.desc()]
    else:
        return ""
    query = (
        sa.select(clicks.c.click_id).where(where).order_by(*order, clicks.c.at, clicks.c.click_id)
    )
    return connection.scalar(query.limit(1), values) or ""


def _may_be_day(moment: datetime) -> bool:
    """Return whether a time may be a whole day: in any zone, days begin on such a time of UTC."""
    return moment.minute % 30 == 0 and moment.second == 0 and moment.microsecond == 0
