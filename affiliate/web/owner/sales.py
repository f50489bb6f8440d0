"""The lists of single sales and single clicks, to which figures lead, and the states of a sale."""

from datetime import UTC
from functools import partial
from typing import Any, Final

from flask import Response, url_for

from affiliate.agencies import get_title
from affiliate.database.desk_lists import SALE_ORDERS, DeskLists
from affiliate.database.earnings import Earnings
from affiliate.services import current_services
from affiliate.web.owner.filters import NETWORK, PLACE_TITLES, FilterField
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.links import FIELDS, link_picture, link_words
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.tables import Column, Row, State, Table, build_table, read_arrangement

STATES: Final = {
    "pending": State("warn", "pending"),
    "approved": State("ok", "approved"),
    "reversed": State("off", "reversed"),
}


def _describe_state(state: str) -> State:
    """Return a state for the screen; another version may have written any word."""
    return STATES.get(state) or State("off", state)


def _link_states(row: Row) -> str:
    return url_for("owner.show_sale", network=row["network"], sale=row["action_id"])


STATE_COLUMNS: Final = (
    Column("as_of", "As of", "time"),
    Column("state", "State", "state"),
    Column("payout", "Earned", "money"),
)
SALE: Final = FilterField("sale", "Sale")


def _list_sale_columns(view: PageRequest) -> tuple[Column, ...]:
    columns = (
        Column("occurred_at", "Sold", "time"),
        Column("state", "State", "state"),
        Column("payout", "Earned", "money"),
        Column("sale", "Sale", "money"),
        Column("network", "Network"),
        Column("words", "Words", link=partial(link_words, view)),
        Column("picture", "Picture", link=link_picture),
        Column("site", "Site"),
        Column("click", "Click"),
        Column("place", "Place"),
        Column("action_id", "Id", link=_link_states),
    )
    return tuple(column._replace(is_sortable=column.name in SALE_ORDERS) for column in columns)


def _list_click_columns(view: PageRequest) -> tuple[Column, ...]:
    columns = (
        Column("at", "Clicked", "time"),
        Column("words", "Words", link=partial(link_words, view)),
        Column("agency", "Agency"),
        Column("id", "Picture", link=link_picture),
        Column("place", "Place"),
        Column("position", "Position", "count"),
        Column("site", "Site"),
        Column("sender", "Mark"),
    )
    return tuple(column._replace(is_sortable=column.name == "at") for column in columns)


@blueprint.get("/sales")
def show_sales() -> Response:
    """Show the sales that networks have reported, with the click that led to each."""
    view = read_page_request(FIELDS["owner.show_sales"], has_period=True)
    period = require_period(view)
    columns = _list_sale_columns(view)
    arrangement = read_arrangement(view, columns, "-occurred_at")
    page = DeskLists(current_services().ledger).list_sales(
        period.start,
        period.whole_end,
        view.filters.values,
        order=arrangement.sort,
        descending=arrangement.is_descending,
        offset=arrangement.offset,
        limit=arrangement.page_rows,
    )
    rows = [_describe_sale(row) for row in page.rows]
    empty = "No sale was reported in this period."
    table = Table("Sales", columns, rows, page.total, arrangement, view, empty)
    return render_page("owner_list.html", "Sales", view=view, table=table)


@blueprint.get("/sale")
def show_sale() -> Response:
    """Show each state of a sale that a report has shown."""
    view = read_page_request((NETWORK, SALE))
    network, sale_id = view.filters.get("network"), view.filters.get("sale")
    rows: list[Row] = [
        {
            "as_of": row["as_of"].replace(tzinfo=UTC),
            "state": _describe_state(row["state"]),
            "payout": Money(row["payout"], row["currency"]),
        }
        for row in Earnings(current_services().ledger).list_states(network, sale_id)
    ]
    empty = "No report has such a sale."
    table = build_table(view, "States", STATE_COLUMNS, rows, default_sort="-as_of", empty=empty)
    heading = f"Sale {sale_id} of {network}" if rows else "A sale"
    return render_page("owner_list.html", heading, view=view, table=table)


@blueprint.get("/clicks")
def show_clicks() -> Response:
    """Show the clicks of a period, the newest first."""
    view = read_page_request(FIELDS["owner.show_clicks"], has_period=True)
    period = require_period(view)
    columns = _list_click_columns(view)
    arrangement = read_arrangement(view, columns, "-at")
    page = DeskLists(current_services().ledger).list_clicks(
        period.start,
        period.whole_end,
        view.filters.values,
        offset=arrangement.offset,
        limit=arrangement.page_rows,
    )
    rows: list[Row] = [
        {
            **row,
            "agency": get_title(row["agency"]),
            "name": row["agency"],
            "place": PLACE_TITLES.get(row["place"]),
        }
        for row in page.rows
    ]
    empty = "Nothing was clicked in this period."
    table = Table("Clicks", columns, rows, page.total, arrangement, view, empty)
    return render_page("owner_list.html", "Clicks", view=view, table=table)


def _describe_sale(row: dict[str, Any]) -> Row:
    sale = row["sale"]
    return {
        "occurred_at": row["occurred_at"],
        "state": _describe_state(row["state"]),
        "payout": Money(row["payout"], row["currency"]),
        "sale": None if sale is None else Money(sale, row["currency"]),
        "network": row["network"],
        "words": row["words"],
        "picture": " ".join(filter(None, (get_title(row["agency"] or ""), row["id"]))),
        "name": row["agency"] or "",
        "id": row["id"] or "",
        "site": row["site"],
        "click": row["clicked"],
        "place": PLACE_TITLES.get(row["place"] or ""),
        "action_id": row["action_id"],
    }
