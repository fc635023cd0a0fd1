"""The sheet with E_total before and after mending, side by side, with a chart for each table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbook.charts import LINE_COLOURS, Line, epoch_chart, fixed_title
from workbook.check.added_sheet import AddedSheet, Item, free_name
from workbook.check.marks import Formats
from workbook.references import a1, on_sheet

NAME = "E_total before and after"
MAX_CHARTS = 12
_FIRST = 4  # the row of the first numbers


@dataclass(frozen=True)
class Curve:
    """E_total of one table in the sheet's rows: what stood there and what the mended formulas give."""

    sheet: str
    range: str
    column: int
    rows: list[int]
    before: list[float | None]
    after: list[float | None]


def curves_sheet(curves: list[Curve], taken: list[str], formats: Formats) -> AddedSheet:
    """Three columns a table (iteration, before, after; `after` follows the table's own cells), charts beside them."""
    sheet = AddedSheet(free_name(NAME, taken), [11.0, 16.0, 16.0, 3.0] * len(curves), frozen=_FIRST - 1)
    title, bold, text = formats.own(bold=True, size=14), formats.own(bold=True, colour="FFD9E1F2"), formats.own()
    names, heads = [], []
    for curve in curves:
        names += [Item(f"{curve.sheet}!{curve.range}", formats.own(size=12)), Item(None), Item(None), Item(None)]
        heads += [*(Item(word, bold) for word in ("Iteration", "E_total before", "E_total after")), Item(None)]
    sheet.rows = [[Item("E_total before and after mending", title)], names, heads]
    for k in range(max(len(curve.rows) for curve in curves)):
        sheet.rows.append([item for curve in curves for item in _items(curve, k, text)])
    for number, curve in enumerate(curves[:MAX_CHARTS]):
        left = 4 * len(curves) + 1 + 9 * (number % 2)
        sheet.charts.append((_chart(curve, sheet.name, 4 * number + 1), _FIRST + 19 * (number // 2), left))
    return sheet


def _items(curve: Curve, k: int, style: int) -> list[Item]:
    if k >= len(curve.rows):
        return [Item(None)] * 4
    cell = on_sheet(curve.sheet, a1(curve.rows[k], curve.column))
    return [
        Item(float(k + 1), style),
        Item(curve.before[k], style),
        Item(curve.after[k], style, formula=cell),
        Item(None),
    ]


def _chart(curve: Curve, sheet: str, left: int):
    def column(at: int) -> str:
        cells = [a1(row, at, fixed="rc") for row in (_FIRST, _FIRST + len(curve.rows) - 1)]
        return on_sheet(sheet, ":".join(cells))

    steps = np.arange(1.0, len(curve.rows) + 1)
    lines = []
    for at, values, name, colour in ((1, curve.before, "before", 1), (2, curve.after, "after", 0)):
        numbers = np.array([np.nan if value is None else value for value in values])
        name_cell = on_sheet(sheet, a1(_FIRST - 1, left + at, fixed="rc"))
        lines.append(
            Line(column(left + at), column(left), numbers, steps, name_cell, f"E_total {name}", LINE_COLOURS[colour])
        )
    chart = epoch_chart(f"{curve.sheet}: E_total before and after", lines)
    chart.x_axis.title = fixed_title("Iteration", size=1000, bold=False)
    return chart
