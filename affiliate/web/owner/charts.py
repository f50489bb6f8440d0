"""Charts as SVG in the page: without scripts, with the same figures as a table beside them.

Bars are the period, a line is the period before. A chart fills the width of its place: only shapes
are in the SVG, which may stretch, and all text is HTML. Every point has a title for the pointer.
Templates show a chart by ``{{ desk.chart(chart) }}``, a small line by ``{{ desk.spark(line) }}``.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from affiliate.web.owner.numbers import Money, format_count, format_money
from affiliate.web.owner.tables import Column, Row, Sheet

MAX_POINTS: Final = 400
"""Most points of a chart: a year of days; more would be narrower than pixels."""
STEP: Final = 10
"""Units of the drawing from point to point."""
HEIGHT: Final = 100
"""Units of the drawing's height."""
BAR_SHARE: Final = 0.8
"""Share of a step that a bar takes."""


class Point(NamedTuple):
    """A point of a chart in words: its label, its figure, and the figure before; empty for none."""

    label: str
    figure: str
    before: str


class Chart(NamedTuple):
    """A chart, drawn: the paths of the bars and of the line of the period before.

    ``sheet`` has the figures for the files of the page.
    """

    title: str
    summary: str
    most: str
    points: Sequence[Point]
    bars: str
    line: str
    has_figures: bool
    sheet: Sheet

    @property
    def width(self) -> int:
        """Return the width of the drawing, in its units."""
        return len(self.points) * STEP


class Sparkline(NamedTuple):
    """A small line, drawn; an empty ``path`` shows nothing."""

    title: str
    path: str
    width: int


def draw_chart(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    before: Sequence[float] = (),
    currency: str = "",
) -> Chart:
    """Return the chart of a period's figures; ``labels`` name the points, such as days.

    ``before`` are the figures of the period before, point by point; empty without a comparison.
    With a ``currency`` the figures are amounts in `MONEY_UNITS`, else counts.
    Points beyond `MAX_POINTS` are left out.
    """
    labels, values = labels[:MAX_POINTS], values[:MAX_POINTS]
    before = before[: len(values)]
    most = max([*values, *before, 0])

    def format_value(value: float) -> str:
        return format_money(Money(round(value), currency)) if currency else format_count(value)

    points = [
        Point(
            label, format_value(value), format_value(before[place]) if place < len(before) else ""
        )
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    peak = max(range(len(values)), key=lambda place: values[place], default=None)
    summary = f"{title}: none in this period{', nor in the period before' if before else ''}"
    if peak is not None and most > 0:
        summary = f"{title}: at most {points[peak].figure}, {points[peak].label}"
    line = _join_line(_list_points(before, most)) if len(before) > 1 else ""
    return Chart(
        title,
        summary,
        format_value(most),
        points,
        _join_bars(values, most),
        line,
        most > 0,
        _build_sheet(title, labels, values, before, currency),
    )


def draw_sparkline(title: str, values: Sequence[float]) -> Sparkline:
    """Return a small line without text, beside a number that tells the same."""
    values = values[-MAX_POINTS:]
    points = _list_points(values, max([*values, 0]))
    path = _join_line(points) if len(points) > 1 else ""
    return Sparkline(title, path, len(values) * STEP)


def _build_sheet(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    before: Sequence[float],
    currency: str,
) -> Sheet:
    """Return the figures of a chart as numbers, with the period before where it is compared."""
    columns = [Column("when", "When")]
    figures = {"figure": values, "before": before} if before else {"figure": values}
    for name in figures:
        columns.append(Column(name, name.title(), "money" if currency else "count"))  # noqa: PERF401
    rows: list[Row] = [
        {
            "when": label,
            **{
                name: Money(round(some[place]), currency) if currency else some[place]
                for name, some in figures.items()
                if place < len(some)
            },
        }
        for place, label in enumerate(labels)
    ]
    return Sheet(title, columns, rows)


def _join_bars(values: Sequence[float], most: float) -> str:
    """Return the path of all bars."""
    width, bars = STEP * BAR_SHARE, []
    for place, value in enumerate(values):
        if height := _scale_value(value, most):
            left = place * STEP + (STEP - width) / 2
            bars.append(f"M{left:g} {HEIGHT}v-{height:g}h{width:g}v{height:g}z")
    return "".join(bars)


def _list_points(values: Sequence[float], most: float) -> list[tuple[float, float]]:
    return [
        ((place + 0.5) * STEP, HEIGHT - _scale_value(value, most))
        for place, value in enumerate(values)
    ]


def _join_line(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of a line, without the points inside of a level stretch."""
    kept = [points[0]]
    for point, following in pairwise(points[1:]):
        if not kept[-1][1] == point[1] == following[1]:
            kept.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in [*kept, points[-1]])


def _scale_value(value: float, most: float) -> float:
    """Return the height of a value, 0 for what is not positive, one unit for the smallest."""
    return max(round(value / most * HEIGHT, 1), 1) if value > 0 and most > 0 else 0
