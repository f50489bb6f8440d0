"""Charts are drawn by the server: bars, a line to compare with, and the figures in words."""

import re

from affiliate.web.owner.charts import MAX_POINTS, draw_chart, draw_sparkline
from affiliate.web.owner.numbers import Money


def test_bars_are_in_proportion_and_nothing_has_none() -> None:
    chart = draw_chart("Clicks", ["a", "b", "c", "d"], [10, 5, 0, 0.001])
    assert re.findall(r"M([\d.]+) 100v-([\d.]+)", chart.bars) == [
        ("1", "100"),
        ("11", "50"),
        ("31", "1"),
    ]
    assert chart.line == ""
    assert chart.summary == "Clicks: at most 10, a"
    assert chart.width == 40


def test_the_line_is_that_of_the_period_before() -> None:
    """It has no more points than there are bars, and each point has both figures in words."""
    chart = draw_chart("Clicks", ["a", "b"], [1, 2], [4, 0, 9])
    assert chart.line == "M5 0L15 100"
    assert chart.most == "4"
    assert [tuple(point) for point in chart.points] == [("a", "1", "4"), ("b", "2", "0")]


def test_a_figure_below_zero_hangs_from_zero() -> None:
    """Corrections of sales may take more than a day has earned."""
    chart = draw_chart("Earned", ["a", "b"], [30_000, -10_000], [-10_000, 0], "USD")
    assert chart.bars == "M1 75v-75h8v75zM11 75v25h8v-25z"
    assert chart.line == "M5 100L15 75"
    assert (chart.most, chart.least, chart.zero) == ("3.00\u00a0USD", "-1.00\u00a0USD", 75)
    assert chart.summary == "Earned: at most 3.00\u00a0USD, a; at least -1.00\u00a0USD, b"
    only = draw_chart("Clicks", ["a"], [-2])
    assert (only.has_figures, only.bars) == (True, "M1 0v100h8v-100z")
    assert draw_sparkline("Earned", [2, -2]).path == "M5 0L15 100"


def test_a_level_stretch_is_one_line() -> None:
    assert draw_sparkline("Clicks", [3] * 300).path == "M5 0L2995 0"


def test_a_chart_without_figures_draws_nothing() -> None:
    chart = draw_chart("Clicks", [], [])
    assert (chart.bars, chart.line, chart.points) == ("", "", [])
    assert draw_chart("Clicks", ["a"], [0]).bars == ""
    assert draw_sparkline("Clicks", [1]).path == draw_sparkline("Clicks", [0, 0]).path == ""


def test_points_are_bounded() -> None:
    days = [str(day) for day in range(MAX_POINTS + 9)]
    assert len(draw_chart("Clicks", days, [1] * len(days)).points) == MAX_POINTS


def test_a_chart_without_figures_is_a_sentence() -> None:
    """Where neither period has any, nothing is drawn."""
    chart = draw_chart("Clicks", ["Mon", "Tue"], [0, 0], [0, 0])
    assert not chart.has_figures
    assert chart.summary == "Clicks: none in this period, nor in the period before"
    assert draw_chart("Clicks", ["Mon"], [0]).summary == "Clicks: none in this period"
    assert draw_chart("Clicks", ["Mon"], [0], [3]).has_figures


def test_a_charts_figures_go_into_files_as_numbers() -> None:
    """Amounts keep their currency; a longer period before ends with this one."""
    sheet = draw_chart("Earned", ["Mon", "Tue"], [12_345.0, 0], [20_000], "USD").sheet
    assert [column.name for column in sheet.columns] == ["when", "figure", "before"]
    assert sheet.rows == [
        {"when": "Mon", "figure": Money(12_345, "USD"), "before": Money(20_000, "USD")},
        {"when": "Tue", "figure": Money(0, "USD")},
    ]
    assert draw_chart("Clicks", ["Mon"], [3]).sheet.rows == [{"when": "Mon", "figure": 3}]
