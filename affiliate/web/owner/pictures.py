"""The page of pictures: clicks and earnings of each."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from flask import Response

from affiliate.agencies import get_title
from affiliate.database.desk_lists import MAX_CLICKS
from affiliate.database.figures import Figures
from affiliate.database.newest_clicks import NewestClicks
from affiliate.database.ranked_counts import RankedList
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.links import FIELDS, link_picture, link_to
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.series import get_days
from affiliate.web.owner.tables import (
    MAX_RANKED,
    Arrangement,
    Column,
    Row,
    Table,
    read_arrangement,
)

CLICKED: Final = RankedList.CLICKED_PICTURES
EMPTY: Final = "No picture was clicked or sold in this period."


@blueprint.get("/pictures")
def show_pictures() -> Response:
    """Show the pictures of a period with their clicks and earnings."""
    view = read_page_request(FIELDS["owner.show_pictures"], has_period=True)
    table = _PicturesTable(view)
    return render_page(
        "owner_pictures.html",
        "Pictures",
        view=view,
        table=table.build(),
        most_clicks=MAX_CLICKS if table.reads_newest else None,
    )


class _PicturesTable:
    """The table of one request.

    Sales name a picture by its id; a sale whose click is known names the agency, too. Pictures are
    counted by agency alone: with other filters clicks are those of `NewestClicks`.
    """

    def __init__(self, view: PageRequest) -> None:
        self._view = view
        self._figures = Figures(current_services().ledger, view.zone)
        period = require_period(view)
        self._days = get_days(period)
        self._filters = view.filters.values
        self.reads_newest = bool(self._filters.keys() - {"agency"})
        self._newest = NewestClicks(current_services().ledger, period.start, period.whole_end)
        self._columns = (
            Column("picture", "Picture", link=link_picture, is_sortable=False),
            Column("clicks", "Clicks", "count", link=self._link_clicks, is_ranking=True),
            Column("earned", "Earned", "money", link=self._link_sales),
            Column("per_click", "Per click", "money", is_sortable=False),
            Column("agency", "Agency", is_sortable=False),
        )

    def build(self) -> Table:
        """Return the table, with the most clicks or earnings first."""
        arrangement = read_arrangement(self._view, self._columns, "-clicks", max_rows=MAX_RANKED)
        with current_services().ledger.read_snapshot():
            rows, total = self._read_rows(arrangement)
        return Table(
            "Pictures", self._columns, rows, total, arrangement, self._view, EMPTY, MAX_RANKED
        )

    def _read_rows(self, arrangement: Arrangement) -> tuple[list[Row], int]:
        end = min(arrangement.offset + arrangement.page_rows, MAX_RANKED)
        if arrangement.sort == "earned":
            found, total = self._figures.earned.rank(
                self._days,
                ("agency", "id"),
                self._filters,
                descending=arrangement.is_descending,
                offset=arrangement.offset,
                limit=end - arrangement.offset,
            )
            return self._build_rows([" ".join(key) for key in found]), total
        if self.reads_newest:
            newest, total = self._newest.rank_pictures(
                self._filters, offset=arrangement.offset, limit=end - arrangement.offset
            )
            counts = {" ".join(key): count for key, count in newest.items()}
            return self._build_rows(list(counts), counts), total
        agency = self._filters.get("agency")
        top = self._figures.list_top(CLICKED, self._days, end + 1, scope=agency)
        counts = dict(top[arrangement.offset : end])
        return self._build_rows(list(counts), counts), len(top)

    def _build_rows(self, texts: list[str], counts: Mapping[str, int] | None = None) -> list[Row]:
        clicks = self._count_clicks(texts) if counts is None else counts
        amounts_by_picture = self._group_earned(texts)
        rows: list[Row] = []
        for text in texts:
            agency, _, media_id = text.partition(" ")
            amounts = amounts_by_picture.get((agency, media_id), ())
            rows.append(
                {
                    "picture": media_id,
                    "agency": get_title(agency),
                    "name": agency,
                    "id": media_id,
                    "clicks": clicks[text],
                    "earned": amounts,
                    "per_click": earned.divide_by_clicks(amounts, clicks[text]),
                }
            )
        return rows

    def _count_clicks(self, texts: Collection[str]) -> dict[str, int]:
        """Return the clicks of pictures, each named by agency, blank and id."""
        if not self.reads_newest:
            return self._figures.count_texts(CLICKED, self._days, texts)
        keys = {text: (text.partition(" ")[0], text.partition(" ")[2]) for text in texts}
        counts = self._newest.count_clicks(self._filters, keys.values())
        return {text: counts[key] for text, key in keys.items()}

    def _group_earned(self, texts: Collection[str]) -> dict[Any, tuple[Money, ...]]:
        """Return what pictures have earned, by agency and id; some that nobody asked for, too."""
        parts = [text.partition(" ") for text in texts]
        filters = {
            "agency": {agency for agency, _, _ in parts},
            **self._filters,
            "id": [media_id for _, _, media_id in parts],
        }
        rows = self._figures.earned.sum_earned(self._days, ("agency", "id"), filters)
        return earned.group_earned(rows, lambda row: (row["agency"], row["id"]))

    def _link_clicks(self, row: Mapping[str, Any]) -> str:
        parameters = {"agency": row["name"], "id": row["picture"]}
        return link_to(self._view, "owner.show_clicks", **parameters)

    def _link_sales(self, row: Mapping[str, Any]) -> str:
        if not row["earned"]:
            return ""
        parameters = {"agency": row["name"], "id": row["picture"]}
        return link_to(self._view, "owner.show_sales", **parameters)
