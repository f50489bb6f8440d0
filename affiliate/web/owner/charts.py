"""Charts as SVG in the page: without scripts, with the same figures as a table beside them.

Bars are the period, a line is the period before. A chart fills the width of its place: only shapes
are in the SVG, which may stretch, and all text is HTML. Every point has a title for the pointer.
Templates show a chart by ``{{ desk.chart(chart) }}``, a small line by ``{{ desk.spark(line) }}``.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from affiliate.web.owner.numbers import format_count

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
    """A chart, drawn: the paths of the bars and of the line of the period before."""

    title: str
    summary: str
    most: str
    points: Sequence[Point]
    bars: str
    line: str
    has_figures: bool

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
    format_value: Callable[[float], str] = format_count,
) -> Chart:
    """Return the chart of a period's figures; ``labels`` name the points, such as days.

    ``before`` are the figures of the period before, point by point; empty without a comparison.
    Points beyond `MAX_POINTS` are left out.
    """
    labels, values = labels[:MAX_POINTS], values[:MAX_POINTS]
    before = before[: len(values)]
    most = max([*values, *before, 0])
    points = [
        Point(
            label, format_value(value), format_value(before[place]) if place < len(before) else ""
        )
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    peak = max(range(len(values)), key=lambda place: values[place], default=None)
    summary = f"{title}: none in this period, nor in the period before"
    if peak is not None and most > 0:
        summary = f"{title}: at most {points[peak].figure}, {points[peak].label}"
    line = _join_line(_list_points(before, most)) if len(before) > 1 else ""
    return Chart(
        title, summary, format_value(most), points, _join_bars(values, most), line, most > 0
    )


def draw_sparkline(title: str, values: Sequence[float]) -> Sparkline:
    """Return a small line without text, beside a number that tells the same."""
    values = values[-MAX_POINTS:]
    points = _list_points(values, max([*values, 0]))
    path = _join_line(points) if len(points) > 1 else ""
    return Sparkline(title, path, len(values) * STEP)


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
