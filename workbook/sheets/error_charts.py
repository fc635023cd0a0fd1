"""The error charts: E_total by iteration, a sheet's own and all learning rates together."""

import numpy as np
from openpyxl.chart import LineChart
from openpyxl.utils import get_column_letter

from workbook.parts.charts import LINE_COLOURS, Line, line_chart
from workbook.parts.texts import plain
from workbook.sheets.layout import Layout, absolute, quoted

AXES = ("Iteration", "E_total")


def subtitle(learning_rate: float) -> str:
    """The subtitle of a sheet's error chart, which is its curve's name."""
    return f"Learning Rate (ɳ) = {plain(learning_rate)}"


def subtitle_cell(layout: Layout) -> str:
    """The cell above a sheet's chart that holds its subtitle, so that it follows ɳ."""
    return f"{get_column_letter(layout.chart_column)}1"


def error_chart(layout: Layout, sheet: str, learning_rate: float, e_total: np.ndarray) -> LineChart:
    """E_total by iteration of one sheet. `e_total` has shape (iterations,): the curve before a recalculation.

    The legend is the subtitle: every program draws a curve's name anew when its cell changes, not so a title.
    """
    line = Line(
        values_ref=layout.column_range("E_total", sheet),
        steps_ref=layout.column_range("iteration", sheet),
        values=e_total,
        steps=np.arange(1, len(e_total) + 1),
        name_ref=f"{quoted(sheet)}!{absolute(subtitle_cell(layout))}",
        name=subtitle(learning_rate),
        colour=LINE_COLOURS[0],
    )
    chart = line_chart("Total Error (E_total) vs Iteration", [line], AXES, label_every=_nice_step(layout.iterations))
    chart.legend.position = "t"
    chart.y_axis.scaling.min = 0
    return chart


def sweep_chart(lines: list[Line], iterations: int) -> LineChart:
    """All learning rates on a logarithmic axis."""
    heading = "E_total vs Iteration, all learning rates (logarithmic)"
    chart = line_chart(heading, lines, AXES, label_every=_nice_step(iterations))
    chart.y_axis.scaling.logBase = 10
    chart.x_axis.crosses = "min"
    chart.legend.position = "r"
    return chart


def _nice_step(count: int) -> int:
    """Every how many iterations the axis has a label: 1, 2, 5, 10, 20, … for at most ten of them."""
    steps = (factor * 10**power for power in range(8) for factor in (1, 2, 5))
    return next(step for step in steps if count / step <= 10)
