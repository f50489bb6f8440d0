"""The page of places: where on the pages visitors click, and what each place has earned."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from affiliate.database.figures import Figures
from affiliate.database.local_time import Days
from affiliate.database.roll_ups import MAX_POSITION
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.charts import Chart, draw_chart
from affiliate.web.owner.filters import PLACE_TITLES
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.links import FIELDS, link_to
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.series import get_days
from affiliate.web.owner.tables import Column, Row, build_table

EMPTY: Final = "Nothing was clicked or sold in this period."
UNKNOWN: Final = "Unknown"
"""The title of clicks of versions that told no place."""


@blueprint.get("/places")
def show_places() -> Response:
    """Show clicks and earnings by place, and clicks by position among the results."""
    view = read_page_request(FIELDS["owner.show_places"], has_period=True)
    figures, days = Figures(current_services().ledger, view.zone), get_days(require_period(view))
    filters = view.filters.values
    with current_services().ledger.read_snapshot():
        sales = figures.earned.sum_earned(days, ("place",), filters)
        counts = figures.sum_clicks(days, ("place",), filters)
        chart = None if _has_more_filters(view) else _draw_positions(view, figures, days)
    amounts = earned.group_earned(sales, lambda row: row["place"])
    clicks = {row["place"]: row["clicks"] for row in counts}
    total = sum(clicks.values())
    rows: list[Row] = [
        {
            "place": "No click known" if place is None else PLACE_TITLES.get(place, UNKNOWN),
            "name": place,
            "clicks": clicks.get(place),
            "share": clicks[place] / total if place in clicks and total else None,
            "earned": amounts.get(place, ()),
            "per_click": earned.divide_by_clicks(amounts.get(place, ()), clicks.get(place, 0)),
        }
        for place in sorted({*clicks, *amounts}, key=lambda place: (place is None, place))
    ]

    def link(endpoint: str, row: Mapping[str, Any]) -> str:
        return link_to(view, endpoint, place=row["name"]) if row["name"] in PLACE_TITLES else ""

    def link_sales(row: Mapping[str, Any]) -> str:
        if not row["earned"]:
            return ""
        if row["name"] is None:
            return link_to(view, "owner.show_sales", clicked="unknown")
        return link("owner.show_sales", row)

    columns = (
        Column("place", "Place", link=lambda row: link("owner.show_places", row)),
        Column("clicks", "Clicks", "count", link=lambda row: link("owner.show_clicks", row)),
        Column("share", "Share", "share"),
        Column("earned", "Earned", "money", link=link_sales),
        Column("per_click", "Per click", "money", is_sortable=False),
    )
    return render_page(
        "owner_places.html",
        "Places",
        view=view,
        table=build_table(view, "Places", columns, rows, default_sort="-clicks", empty=EMPTY),
        sheets=[chart.sheet] if chart else [],
        chart=chart,
    )


def _has_more_filters(view: PageRequest) -> bool:
    """Return whether filters are in use that positions are not counted by."""
    return bool(view.filters.values.keys() - {"place"})


def _draw_positions(view: PageRequest, figures: Figures, days: Days) -> Chart:
    counts = dict.fromkeys(range(1, MAX_POSITION + 1), 0)
    for row in figures.sum_positions(days, view.filters.get("place")):
        if row["place"] != "search":  # a link to a search has no position
            counts[row["position"]] += row["clicks"]
    last = max((position for position, count in counts.items() if count), default=0)
    shown = {position: count for position, count in counts.items() if position <= last}
    labels = [
        f"from {MAX_POSITION}" if position == MAX_POSITION else f"position {position}"
        for position in shown
    ]
    return draw_chart("Clicks by position", labels, list(shown.values()))
