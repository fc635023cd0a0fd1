"""The sheet with E_total before and after mending and their difference, with a chart for each table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbook.check.copies.added_sheet import AddedSheet, Item, free_name
from workbook.check.copies.formats import Formats
from workbook.parts.charts import LINE_COLOURS, Line, epoch_chart, fixed_title
from workbook.parts.references import a1, on_sheet

NAME = "E_total before and after"
MAX_CHARTS = 12
VISIBLE = 0.01  # two curves that are nearer than this part of their height look like one
_FIRST = 4  # the row of the first numbers
_WIDE = 5  # columns of a table


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
    """Four columns a table (iteration, before, after, difference), charts beside them; `after` follows the table."""
    widths = [11.0, 18.0, 18.0, 18.0, 3.0]
    sheet = AddedSheet(free_name(NAME, taken), widths * len(curves), frozen=_FIRST - 1)
    title, bold, text = formats.own(bold=True, size=14), formats.own(bold=True, colour="FFD9E1F2"), formats.own()
    names, heads = [], []
    for curve in curves:
        names += [Item(f"{curve.sheet}!{curve.range}", formats.own(size=12)), *[Item(None)] * (_WIDE - 1)]
        heads += [*(Item(word, bold) for word in ("Iteration", "E_total before", "E_total after", "After − before"))]
        heads.append(Item(None))
    sheet.rows = [[Item("E_total before and after mending", title)], names, heads]
    for k in range(max(len(curve.rows) for curve in curves)):
        sheet.rows.append([item for n, curve in enumerate(curves) for item in _items(curve, k, _WIDE * n + 1, text)])
    for number, curve in enumerate(curves[:MAX_CHARTS]):
        left = _WIDE * len(curves) + 1 + 9 * (number % 2)
        sheet.charts.append((_chart(curve, sheet.name, _WIDE * number + 1), _FIRST + 19 * (number // 2), left))
    return sheet


def _items(curve: Curve, k: int, left: int, style: int) -> list[Item]:
    if k >= len(curve.rows):
        return [Item(None)] * _WIDE
    row = _FIRST + k
    return [
        Item(float(k + 1), style),
        Item(curve.before[k], style),
        Item(curve.after[k], style, formula=on_sheet(curve.sheet, a1(curve.rows[k], curve.column))),
        Item(_difference(curve, k), style, formula=f"{a1(row, left + 2)}-{a1(row, left + 1)}"),
        Item(None),
    ]


def _difference(curve: Curve, k: int) -> float | None:
    before, after = curve.before[k], curve.after[k]
    return None if before is None or after is None else after - before


def _chart(curve: Curve, sheet: str, left: int):
    """Both curves where one can tell them apart, else their difference."""

    def column(at: int) -> str:
        cells = [a1(row, at, fixed="rc") for row in (_FIRST, _FIRST + len(curve.rows) - 1)]
        return on_sheet(sheet, ":".join(cells))

    before, after = (np.array(values, dtype=float) for values in (curve.before, curve.after))
    difference = np.array([_difference(curve, k) for k in range(len(curve.rows))], dtype=float)
    apart = np.nanmax(np.abs(difference), initial=0.0) > VISIBLE * np.nanmax(np.abs(after), initial=0.0)
    both = [(1, before, "E_total before", 1), (2, after, "E_total after", 0)]
    shown = both if apart else [(3, difference, "After − before", 0)]
    steps = np.arange(1.0, len(curve.rows) + 1)
    lines = []
    for at, numbers, name, colour in shown:
        name_cell = on_sheet(sheet, a1(_FIRST - 1, left + at, fixed="rc"))
        lines.append(Line(column(left + at), column(left), numbers, steps, name_cell, name, LINE_COLOURS[colour]))
    words = "E_total before and after" if apart else "E_total after mending minus before"
    chart = epoch_chart(f"{curve.sheet}: {words}", lines)
    chart.x_axis.title = fixed_title("Iteration", size=1000, bold=False)
    return chart
