"""The pages of words: all words of a period, and the course of some."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from affiliate.database.figures import Figures
from affiliate.database.ranked_counts import RankedList
from affiliate.domain.words import to_counted
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.charts import Chart, draw_chart
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.links import FIELDS, link_to
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.periods import Period
from affiliate.web.owner.series import get_days, list_daily_steps
from affiliate.web.owner.tables import (
    MAX_RANKED,
    Arrangement,
    Column,
    Row,
    Sheet,
    Table,
    build_table,
    read_arrangement,
)

LISTS: Final = {
    "asked": RankedList.ASKED_WORDS,
    "missed": RankedList.MISSED_WORDS,
    "clicks": RankedList.CLICKED_WORDS,
}
"""The list of each column of counts."""
COURSES: Final = {
    "asked": "Searches",
    "missed": "Searches that found nothing",
    "clicks": "Clicks",
}
"""Titles of the charts of a word, by their list."""
COURSE_COLUMNS: Final = (
    Column("when", "When"),
    Column("asked", "Searches", "count"),
    Column("missed", "Found nothing", "count"),
    Column("clicks", "Clicks", "count"),
)
EMPTY: Final = "Nothing was searched for, clicked or sold in this period."
FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_ISOLATE: Final = "\u2069"
"""Characters around words whose direction may be another than that of the page."""
NO_WORDS: Final = "(no words)"
"""The title of a click that no search has led to, as on the start page."""


@blueprint.get("/words")
def show_words() -> Response:
    """Show the words of a period with their searches, clicks and earnings."""
    view = read_page_request(FIELDS["owner.show_words"], has_period=True)
    return render_page(
        "owner_words.html",
        "Words",
        view=view,
        table=_WordsTable(view).build(),
        note=_describe_retention(require_period(view)),
        has_site=bool(view.filters.get("site")),
    )


@blueprint.get("/word")
def show_word() -> AnyResponse:
    """Show the course of some words: searches, clicks, and earnings; without words all words."""
    view = read_page_request(FIELDS["owner.show_word"], has_period=True)
    words = view.filters.get("words")
    if not words:
        return redirect(link_to(view, "owner.show_words"), HTTPStatus.SEE_OTHER)
    period, figures = require_period(view), _open_figures(view)
    steps, then = list_daily_steps(period), list_daily_steps(period.previous())
    charts: list[Chart] = []
    courses: dict[str, list[int]] = {}
    with current_services().ledger.read_snapshot():
        for name, title in COURSES.items():
            now = figures.trace_text(LISTS[name], get_days(period), words)
            before = figures.trace_text(LISTS[name], get_days(period.previous()), words)
            courses[name] = steps.arrange([{"day": day, "n": n} for day, n in now.items()], "n")
            values_before = then.arrange([{"day": day, "n": n} for day, n in before.items()], "n")
            charts.append(draw_chart(title, steps.labels, courses[name], values_before))
        money = earned.list_by_state(figures.earned.sum_states(get_days(period), {"words": words}))
    rows: list[Row] = [
        {"when": label, **{name: values[place] for name, values in courses.items()}}
        for place, label in enumerate(steps.labels)
    ]
    return render_page(
        "owner_word.html",
        f"“{FIRST_STRONG_ISOLATE}{words}{POP_ISOLATE}”",
        view=view,
        table=build_table(view, "Course", COURSE_COLUMNS, rows, default_sort="-when"),
        sheets=[Sheet("Money", earned.MONEY_COLUMNS, money), *(chart.sheet for chart in charts)],
        note=_describe_retention(period.previous()),
        charts=charts,
        money=money,
        search_url=f"/search?{urlencode({'q': words, 'lang': 'en'})}",
        pictures_url=link_to(view, "owner.show_pictures", words=words),
        sales_url=link_to(view, "owner.show_sales", words=words),
        clicks_url=link_to(view, "owner.show_clicks", words=words),
    )


class _WordsTable:
    """The table of one request, read from the list of the column that sorts the table."""

    def __init__(self, view: PageRequest) -> None:
        self._view = view
        self._figures = _open_figures(view)
        self._days = get_days(require_period(view))
        self._site = view.filters.get("site") or None
        typed = view.filters.get("words")
        self._containing = to_counted(typed, "") or typed.casefold()
        self._columns = (
            Column("words", "Words", link=self._link_words, is_sortable=False),
            *(
                ()
                if self._site  # searches are not counted by site
                else (
                    Column("asked", "Asked", "count", is_ranking=True),
                    Column("missed", "Found nothing", "count", is_ranking=True),
                )
            ),
            Column("clicks", "Clicks", "count", link=self._link_clicks, is_ranking=True),
            Column("earned", "Earned", "money", link=self._link_sales),
            Column("per_click", "Per click", "money", is_sortable=False),
        )

    def build(self) -> Table:
        """Return the table, with the most of the column that sorts the table first."""
        default = "-clicks" if self._site else "-asked"
        arrangement = read_arrangement(self._view, self._columns, default, max_rows=MAX_RANKED)
        with current_services().ledger.read_snapshot():
            rows, total = self._read_rows(arrangement)
        return Table(
            "Words", self._columns, rows, total, arrangement, self._view, EMPTY, MAX_RANKED
        )

    def _read_rows(self, arrangement: Arrangement) -> tuple[list[Row], int]:
        end = min(arrangement.offset + arrangement.page_rows, MAX_RANKED)
        if arrangement.sort == "earned":
            filters = {"site": self._site} if self._site else {}
            found, total = self._figures.earned.rank(
                self._days,
                ("words",),
                filters,
                containing=self._containing,
                descending=arrangement.is_descending,
                offset=arrangement.offset,
                limit=end - arrangement.offset,
            )
            return self._build_rows([text for (text,) in found], {}), total
        top = self._figures.list_top(
            LISTS[arrangement.sort],
            self._days,
            end + 1,
            scope=self._site if arrangement.sort == "clicks" else None,
            containing=self._containing,
        )
        shown = dict(top[arrangement.offset : end])
        rows = self._build_rows(list(shown), {arrangement.sort: shown})
        return rows, len(top)

    def _build_rows(self, texts: list[str], known: Mapping[str, Mapping[str, int]]) -> list[Row]:
        """Return the rows of texts; ``known`` has counts by the names of their columns."""
        counts = {
            name: known[name]
            if name in known
            else self._figures.count_texts(
                ranked, self._days, texts, scope=self._site if name == "clicks" else None
            )
            for name, ranked in LISTS.items()
            if name == "clicks" or not self._site
        }
        amounts_by_text = self._group_earned(texts)
        rows: list[Row] = []
        for text in texts:
            amounts = amounts_by_text.get(text, ())
            rows.append(
                {
                    "words": text or NO_WORDS,
                    "text": text,
                    **{name: by_text[text] for name, by_text in counts.items()},
                    "earned": amounts,
                    "per_click": earned.divide_by_clicks(amounts, counts["clicks"][text]),
                }
            )
        return rows

    def _group_earned(self, texts: Collection[str]) -> dict[str, tuple[Money, ...]]:
        """Return what words have earned."""
        filters: dict[str, str | Collection[str]] = {"words": texts}
        if self._site:
            filters["site"] = self._site
        rows = self._figures.earned.sum_earned(self._days, ("words",), filters)
        return earned.group_earned(rows, lambda row: row["words"])

    def _link_words(self, row: Mapping[str, Any]) -> str:
        text = row["text"]
        return link_to(self._view, "owner.show_word", words=text) if text else ""

    def _link_clicks(self, row: Mapping[str, Any]) -> str:
        text = row["text"]
        return (
            link_to(self._view, "owner.show_clicks", words=text) if row["clicks"] and text else ""
        )

    def _link_sales(self, row: Mapping[str, Any]) -> str:
        text = row["text"]
        return link_to(self._view, "owner.show_sales", words=text) if row["earned"] and text else ""


def _describe_retention(period: Period) -> str:
    """Say that searches of a period are deleted, where some are; empty where all are kept."""
    days = current_services().config.searches_keep_days
    today = datetime.now(period.zone).date()
    if not days or period.first >= today - timedelta(days=days):
        return ""
    return (
        f"Words of searches are kept for {days} days (SEARCHES_KEEP_DAYS): searches before"
        " that are in no figure of words."
    )


def _open_figures(view: PageRequest) -> Figures:
    return Figures(current_services().ledger, view.zone)
