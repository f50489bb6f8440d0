"""The first page of the desk: money, clicks, searches and calls, each beside the period before."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from flask import Response

from affiliate.checks.findings import FAULT, OK
from affiliate.database.figures import Figures
from affiliate.database.local_time import Days, find_hour, find_next_hour
from affiliate.domain.actions import EARNING_STATES
from affiliate.domain.actions import STATES as STATES_OF_SALES
from affiliate.domain.times import to_naive_utc
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.agencies import find_tightest
from affiliate.web.owner.charts import Chart, Sparkline, draw_chart, draw_sparkline
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.health import STATES, get_reports
from affiliate.web.owner.imports import (
    FAILURE_COLUMNS,
    IMPORT_COLUMNS,
    list_failures,
    list_reports,
)
from affiliate.web.owner.links import FIELDS, link_to
from affiliate.web.owner.numbers import (
    Change,
    describe_change,
    describe_points,
    format_count,
    format_money,
    format_share,
)
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.periods import Period
from affiliate.web.owner.series import get_days, list_steps
from affiliate.web.owner.tables import EMPTY, Column, Row, Sheet, build_table

FIGURE_COLUMNS: Final = (
    Column("title", "Title"),
    Column("figure", "Figure"),
    Column("change", "Change"),
)
WRONG_COLUMNS: Final = (
    Column("state", "State", "state"),
    Column("about", "About"),
    Column("words", "Words", "prose"),
)
CHECK_SECONDS: Final = 0.5
"""Longest wait of the overview for checks, in seconds."""
CLICK_NUMBERS: Final = ("clicks", "marked")
SEARCH_NUMBERS: Final = ("asked", "missed", "hits")
SumRows = Callable[[Days, Sequence[str]], list[dict[str, Any]]]
"""A function that sums up the rows of days by some columns."""


class Tile(NamedTuple):
    """A figure of the overview: its text, its list, its change, and its course."""

    title: str
    text: str
    url: str = ""
    change: Change | None = None
    line: Sparkline | None = None


class _Sums(NamedTuple):
    """The sums of a period that the tiles compare."""

    clicks: int
    marked: int
    searches: Mapping[str, int]
    calls: int
    earnings: list[dict[str, Any]]


@blueprint.get("/")
def show_overview() -> Response:
    """Show the figures of a period and what is wrong now."""
    view = read_page_request(FIELDS["owner.show_overview"], has_period=True, default_period="7")
    page = _Overview(view)
    with current_services().ledger.read_snapshot():
        now, before = page.sum_period(require_period(view)), page.sum_before()
        tiles, charts = list(page.iter_tiles(now, before)), page.draw_charts(now, before)
        counted_until = page.figures.find_counted_until()
    reports, failures, wrong = list_reports(), list_failures(), _list_wrong()
    return render_page(
        "owner_overview.html",
        "Overview",
        view=view,
        table=build_table(
            view,
            "Money by currency and state",
            _link_states(view),
            earned.list_by_state(now.earnings),
            default_sort="currency",
            empty="No sale was reported in this period.",
        ),
        sheets=[
            Sheet("Figures", FIGURE_COLUMNS, [_describe_tile(tile) for tile in tiles]),
            Sheet("What is wrong", WRONG_COLUMNS, wrong or []),
            *(chart.sheet for chart in charts),
            Sheet("Imports", IMPORT_COLUMNS, [report._asdict() for report in reports]),
            Sheet("Failed fetches", FAILURE_COLUMNS, [failure._asdict() for failure in failures]),
        ],
        tiles=tiles,
        charts=charts,
        counted_until=counted_until,
        reports=reports,
        failures=failures,
        wrong=wrong,
    )


def _link_states(view: PageRequest) -> list[Column]:
    """Return the columns of money, each of which leads to its sales."""

    def link(column: Column, row: Row) -> str:
        state = {"state": column.name} if column.name in STATES_OF_SALES else {}
        return link_to(view, "owner.show_sales", currency=f"{row['currency']}", **state)

    return [
        column._replace(link=functools.partial(link, column)) if column.is_number else column
        for column in earned.MONEY_COLUMNS
    ]


def _describe_tile(tile: Tile) -> Row:
    """Return a figure as a row of a file, in the words of the screen."""
    change = tile.change.text if tile.change else ""
    return {"title": tile.title, "figure": tile.text.replace("\xa0", " "), "change": change}


class _Overview:
    """The figures of one request."""

    def __init__(self, view: PageRequest) -> None:
        self._view = view
        self._period = require_period(view)
        self.figures = Figures(current_services().ledger, view.zone)
        self._steps = list_steps(self._period)
        self._filters = view.filters.values
        self._clicks: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        self._searches: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        self._sales: dict[Days, list[dict[str, Any]]] = {}
        self._least_calls = _find_least_calls()

    def sum_period(self, period: Period) -> _Sums:
        """Sum up a period of whole days."""
        days, group = get_days(period), (self._steps.group,)
        clicks = _add_up(self._sum_clicks(days, group), CLICK_NUMBERS)
        return _Sums(
            **clicks,
            searches=_add_up(self._sum_searches(days, group), SEARCH_NUMBERS),
            calls=_add_up(self.figures.sum_calls(days), ("calls",))["calls"],
            earnings=_add_up_sales(self._trace_sales(days)),
        )

    def sum_before(self) -> _Sums:
        """Sum up the period before, up to the same time of day where today is not over."""
        before = self._period.previous()
        if self._period.end < self._period.now:
            return self.sum_period(before)
        return self._sum_until(get_days(before), to_naive_utc(before.end))

    def iter_tiles(self, now: _Sums, before: _Sums) -> Iterator[Tile]:
        """Yield the figures, with those of the period before."""
        days, steps = get_days(self._period), self._steps
        by_step = (steps.group,)
        yield from self._iter_money_tiles(now, before)
        yield Tile(
            "Clicks",
            format_count(now.clicks),
            link_to(self._view, "owner.show_clicks"),
            describe_change(now.clicks, before.clicks),
            draw_sparkline("Clicks", steps.arrange(self._sum_clicks(days, by_step), "clicks")),
        )
        if not self._filters:  # searches and calls have none
            asked = steps.arrange(self._sum_searches(days, by_step), "asked")
            yield from self._iter_search_tiles(now, before, draw_sparkline("Searches", asked))
        if now.marked:
            title = "Clicks of programs, in no other figure"
            yield Tile(title, format_count(now.marked), link_to(self._view, "owner.show_sites"))

    def draw_charts(self, now: _Sums, before: _Sums) -> list[Chart]:
        """Return the charts of clicks and of each currency, beside the period before."""
        previous = self._period.previous()
        steps, then = self._steps, list_steps(previous)
        days, group = get_days(previous), (steps.group,)
        clicks = then.arrange(self._sum_clicks(days, group), "clicks")
        charts = [
            draw_chart(
                "Clicks",
                steps.labels,
                steps.arrange(self._sum_clicks(get_days(self._period), group), "clicks"),
                _end_with(clicks, before.clicks),
            )
        ]
        rows_before = self._trace_sales(days)
        sums = {money.currency: money.amount for money in earned.list_earned(before.earnings)}
        for currency in (money.currency for money in earned.list_earned(now.earnings)):
            values = then.arrange(_select_earned(rows_before, currency), "payout")
            charts.append(
                draw_chart(
                    f"Earned, {currency}",
                    steps.labels,
                    self._trace_earned(currency),
                    _end_with(values, sums.get(currency, 0)),
                    currency,
                )
            )
        return charts

    def _iter_money_tiles(self, now: _Sums, before: _Sums) -> Iterator[Tile]:
        """Yield what was earned in each currency, and by click."""
        sales = link_to(self._view, "owner.show_sales")
        all_earned, then = earned.list_earned(now.earnings), earned.list_earned(before.earnings)
        rates = current_services().config.earnings_rates
        together = earned.convert_earned(all_earned, rates) if len(all_earned) > 1 else None
        if together:
            former = earned.convert_earned(then, rates)
            change = describe_change(together.amount, former.amount) if former else None
            title = f"Earned, all in {together.currency}"
            yield Tile(title, format_money(together), sales, change)
        if not all_earned:
            yield Tile("Earned", "nothing reported", sales)
        for title, amounts, previous in (
            ("Earned", all_earned, then),
            (
                "Earned per click",
                earned.divide_by_clicks(all_earned, now.clicks),
                earned.divide_by_clicks(then, before.clicks),
            ),
        ):
            known = {money.currency: money.amount for money in previous}
            for money in amounts:
                change = describe_change(money.amount, known.get(money.currency, 0))
                url = link_to(self._view, "owner.show_sales", currency=money.currency)
                course = self._trace_earned(money.currency) if title == "Earned" else ()
                line = draw_sparkline(f"{title}, {money.currency}", course)
                yield Tile(title, format_money(money), url, change, line)

    def _iter_search_tiles(self, now: _Sums, before: _Sums, line: Sparkline) -> Iterator[Tile]:
        """Yield the figures of searches and calls."""
        asked, then = now.searches["asked"], before.searches["asked"]
        words = link_to(self._view, "owner.show_words")
        yield Tile("Searches", format_count(asked), words, describe_change(asked, then), line)
        for title, name, url in (
            (
                "Searches that found nothing",
                "missed",
                link_to(self._view, "owner.show_words", sort="-missed"),
            ),
            ("Answered from the cache", "hits", "/owner/cache"),
        ):
            share = now.searches[name] / asked if asked else None
            previous = before.searches[name] / then if then else None
            text = EMPTY if share is None else format_share(share)
            yield Tile(title, text, url, describe_points(share, previous))
        agencies = link_to(self._view, "owner.show_agencies")
        change = describe_change(now.calls, before.calls)
        yield Tile("Calls to agencies", format_count(now.calls), agencies, change)
        if self._least_calls:
            share, title = self._least_calls
            change = Change("", "the least of all agencies")
            yield Tile(f"Calls left at {title}", format_share(share), agencies, change)

    def _sum_until(self, days: Days, end: datetime) -> _Sums:
        """Sum up days to a moment of the last.

        Of the searches and calls of its hour, which are counted by the hour, a share counts.
        """
        hour = find_hour(end, self._view.zone)
        share = (end - hour) / (find_next_hour(hour, self._view.zone) - hour)
        group = self._steps.group
        clicks = _sum_hours(self._sum_clicks, days, group, CLICK_NUMBERS, hour)
        newest = self.figures.count_clicks_between(hour, end, self._filters)
        calls = _sum_hours(self.figures.sum_calls, days, "hour", ("calls",), hour, share)
        return _Sums(
            **{name: clicks[name] + newest[name] for name in CLICK_NUMBERS},
            searches=_sum_hours(self._sum_searches, days, group, SEARCH_NUMBERS, hour, share),
            calls=calls["calls"],
            earnings=self._sum_earned_until(days, end),
        )

    def _sum_earned_until(self, days: Days, end: datetime) -> list[dict[str, Any]]:
        """Return the sums of sales of days to a moment of the last, by currency and state."""
        sum_states = self.figures.earned.sum_states
        if self._steps.group == "hour":
            return sum_states(days, self._filters, until=end)
        whole = [row for row in self._trace_sales(days) if row["day"] < days.last]
        last = sum_states(Days(days.last, days.last), self._filters, until=end)
        return _add_up_sales([*whole, *last])

    def _sum_clicks(self, days: Days, by: Sequence[str]) -> list[dict[str, Any]]:
        """Return the sums of clicks; tiles and charts share those of a period."""
        if (days, *by) not in self._clicks:
            self._clicks[days, *by] = self.figures.sum_clicks(days, by, self._filters)
        return self._clicks[days, *by]

    def _sum_searches(self, days: Days, by: Sequence[str]) -> list[dict[str, Any]]:
        if (days, *by) not in self._searches:
            self._searches[days, *by] = self.figures.sum_searches(days, by)
        return self._searches[days, *by]

    def _trace_earned(self, currency: str) -> list[int]:
        """Return what was earned in a currency at each step of the period."""
        rows = self._trace_sales(get_days(self._period))
        return self._steps.arrange(_select_earned(rows, currency), "payout")

    def _trace_sales(self, days: Days) -> list[dict[str, Any]]:
        """Return the sums of sales by step, currency and state."""
        if days not in self._sales:
            step = self._steps.group
            self._sales[days] = self.figures.earned.trace_sales(days, step, self._filters)
        return self._sales[days]


def _find_least_calls() -> tuple[float, str] | None:
    """Return the share of calls that are left of the most used quota, and its agency."""
    services = current_services()
    shares = (
        (quota.share_left, enabled.agency.title)
        for enabled in services.registry.enabled
        if (quota := find_tightest(services.gateway.list_spent_calls(enabled)))
    )
    return min(shares, default=None)


def _list_wrong() -> list[Row] | None:
    """Return the findings that are not fine, the worst first; None while checks run."""
    report = get_reports().get(CHECK_SECONDS)
    if report is None:
        return None
    wrong = [finding for finding in report.findings if finding.state != OK]
    wrong.sort(key=lambda finding: finding.state != FAULT)
    return [finding._asdict() | {"state": STATES[finding.state]} for finding in wrong]


def _add_up(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, int]:
    sums = dict.fromkeys(names, 0)
    for row in rows:
        for name in names:
            sums[name] += row[name]
    return sums


def _add_up_sales(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sums of sales by currency and state."""
    sums: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = {name: row[name] for name in ("currency", "state")}
        known = sums.setdefault(tuple(key.values()), {**key, "payout": 0, "sales": 0})
        known["payout"] += row["payout"]
        known["sales"] += row["sales"]
    return list(sums.values())


def _sum_hours(  # noqa: PLR0913, PLR0917 - rows, and the hour at which they end
    sum_rows: SumRows,
    days: Days,
    group: str,
    names: Sequence[str],
    hour: datetime,
    share: float = 0,
) -> dict[str, int]:
    """Return sums over days; of the last day up to the beginning of an hour, and a share of that.

    ``group`` is the step of the charts, hour or day, whose rows are read anyway.
    """
    rows = sum_rows(days, (group,))
    hours = rows if group == "hour" else sum_rows(Days(days.last, days.last), ("hour",))
    whole = [] if group == "hour" else [row for row in rows if row["day"] < days.last]
    sums = _add_up([*whole, *(row for row in hours if row["hour"] < hour)], names)
    last = _add_up((row for row in hours if row["hour"] == hour), names)
    return {name: sums[name] + round(share * last[name]) for name in names}


def _end_with(values: Sequence[int], total: int) -> list[int]:
    """Return values with another last one, so that they make a total: a last step so far."""
    earlier = values[:-1]
    return [*earlier, total - sum(earlier)]


def _select_earned(rows: Sequence[Mapping[str, Any]], currency: str) -> list[Mapping[str, Any]]:
    """Return the rows of a currency that count as earned."""
    return [row for row in rows if row["currency"] == currency and row["state"] in EARNING_STATES]
