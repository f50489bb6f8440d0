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


class _Scale(NamedTuple):
    """The greatest and the least figure of a chart, neither beyond zero."""

    most: float
    least: float

    @property
    def span(self) -> float:
        """Return the distance that the height stands for; zero without any figure."""
        return self.most - self.least

    @property
    def zero(self) -> float:
        """Return the place of zero in the drawing, from the top."""
        return round(HEIGHT * self.most / self.span, 1) if self.span else HEIGHT

    def measure(self, value: float) -> float:
        """Return the height of a value above zero, one unit for the smallest but zero."""
        if not value:
            return 0
        height = round(value / self.span * HEIGHT, 1)
        return max(height, 1) if value > 0 else min(height, -1)


class Chart(NamedTuple):
    """A chart, drawn: the paths of the bars and of the line of the period before.

    ``least`` is the least figure in words where that is below zero, else empty; ``zero`` is the
    height of zero in the drawing. ``sheet`` has the figures for the files of the page.
    """

    title: str
    summary: str
    most: str
    least: str
    zero: float
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
    scale = _find_scale([*values, *before])

    def format_value(value: float) -> str:
        return format_money(Money(round(value), currency)) if currency else format_count(value)

    points = [
        Point(
            label, format_value(value), format_value(before[place]) if place < len(before) else ""
        )
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    summary = f"{title}: none in this period{', nor in the period before' if before else ''}"
    if values and scale.span:
        peak = max(range(len(values)), key=lambda place: values[place])
        summary = f"{title}: at most {points[peak].figure}, {points[peak].label}"
        if scale.least < 0:
            trough = min(range(len(values)), key=lambda place: values[place])
            summary += f"; at least {points[trough].figure}, {points[trough].label}"
    line = _join_line(_list_points(before, scale)) if len(before) > 1 else ""
    return Chart(
        title,
        summary,
        format_value(scale.most),
        format_value(scale.least) if scale.least < 0 else "",
        scale.zero,
        points,
        _join_bars(values, scale),
        line,
        scale.span > 0,
        _build_sheet(title, labels, values, before, currency),
    )


def draw_sparkline(title: str, values: Sequence[float]) -> Sparkline:
    """Return a small line without text, beside a number that tells the same."""
    values = values[-MAX_POINTS:]
    points = _list_points(values, _find_scale(values))
    path = _join_line(points) if len(points) > 1 and any(values) else ""
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


def _find_scale(values: Sequence[float]) -> _Scale:
    return _Scale(max([*values, 0]), min([*values, 0]))


def _join_bars(values: Sequence[float], scale: _Scale) -> str:
    """Return the path of all bars, of which those below zero hang from it."""
    width, zero, bars = STEP * BAR_SHARE, scale.zero, []
    for place, value in enumerate(values):
        if height := scale.measure(value):
            left = place * STEP + (STEP - width) / 2
            bars.append(f"M{left:g} {zero:g}v{-height:g}h{width:g}v{height:g}z")
    return "".join(bars)


def _list_points(values: Sequence[float], scale: _Scale) -> list[tuple[float, float]]:
    zero = scale.zero
    return [
        ((place + 0.5) * STEP, round(zero - scale.measure(value), 1))
        for place, value in enumerate(values)
    ]


def _join_line(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of a line, without the points inside of a level stretch."""
    kept = [points[0]]
    for point, following in pairwise(points[1:]):
        if not kept[-1][1] == point[1] == following[1]:
            kept.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in [*kept, points[-1]])
