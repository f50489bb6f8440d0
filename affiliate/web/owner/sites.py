"""The page of sites: what each site that embeds the search has brought."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from affiliate.database.figures import Figures
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.links import FIELDS, link_to
from affiliate.web.owner.page_requests import read_page_request, require_period
from affiliate.web.owner.series import get_days
from affiliate.web.owner.tables import Column, Row, build_table

MAX_SITES: Final = 1000
"""Sites that have a row each, those with the most clicks: names of sites come from outside, and a
program may send any number of them."""
EMPTY: Final = (
    "Nothing was clicked or sold in this period, here or on a blog. "
    "/embed/builder writes the code that brings pictures to a blog."
)
OTHERS: Final = "other sites"
"""The title of all further sites; no host has a blank."""


@blueprint.get("/sites")
def show_sites() -> Response:
    """Show clicks and earnings of this site and of each site that embeds the search."""
    view = read_page_request(FIELDS["owner.show_sites"], has_period=True)
    services = current_services()
    figures, days = Figures(services.ledger, view.zone), get_days(require_period(view))
    own = {"", services.host}

    def name_site(site: str) -> str:
        return "" if site in own else site

    filters = view.filters.values
    with services.ledger.read_snapshot():
        sales = figures.earned.sum_earned(days, ("site",), filters)
        [whole] = figures.sum_clicks(days, (), filters) or [{"clicks": 0, "marked": 0}]
        greatest = figures.sum_clicks(days, ("site",), filters, limit=MAX_SITES)
    amounts = earned.group_earned(sales, lambda row: name_site(row["site"]))
    counts: dict[str, list[int]] = {site: [0, 0] for site in amounts}
    total = whole["clicks"]
    others = [total, whole["marked"]]
    for row in greatest:
        numbers = counts.setdefault(name_site(row["site"]), [0, 0])
        for place, name in enumerate(("clicks", "marked")):
            numbers[place] += row[name]
            others[place] -= row[name]
    if any(others):
        counts[OTHERS] = others
    rows: list[Row] = [
        {
            "site": site or "this site",
            "host": "" if site == OTHERS else site,
            "clicks": clicks,
            "share": clicks / total if total else None,
            "marked": marked,
            "earned": amounts.get(site, ()),
            "per_click": earned.divide_by_clicks(amounts.get(site, ()), clicks),
        }
        for site, (clicks, marked) in sorted(counts.items())
    ]

    def link(endpoint: str, row: Mapping[str, Any]) -> str:
        """Return the list of a site; this site has two names, and no filter of its own."""
        return link_to(view, endpoint, site=row["host"]) if row["host"] else ""

    def link_sales(row: Mapping[str, Any]) -> str:
        return link("owner.show_sales", row) if row["earned"] else ""

    columns = (
        Column("site", "Site", link=lambda row: link("owner.show_overview", row)),
        Column("clicks", "Clicks", "count", link=lambda row: link("owner.show_clicks", row)),
        Column("share", "Share", "share"),
        Column("earned", "Earned", "money", link=link_sales),
        Column("per_click", "Per click", "money", is_sortable=False),
        Column("marked", "Of programs", "count"),
    )
    table = build_table(view, "Sites", columns, rows, default_sort="-clicks", empty=EMPTY)
    return render_page("owner_list.html", "Sites", view=view, table=table)
