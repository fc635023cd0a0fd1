"""Charts that show something else than the table: a part of it, a data row as the name, another column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding
from workbook.check.meaning.stages import Found
from workbook.check.read.book import Book, Chart, Series
from workbook.check.read.formula import reference
from workbook.parts.references import a1
from xlfuncs.expression import label


@dataclass(frozen=True)
class Area:
    """The cells a chart refers to."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int


@finds(fault_kinds.CHART)
def check_charts(book: Book, tables: list[Found]) -> list[Finding]:
    """One finding for each way in which charts misrepresent a table, however many charts do."""
    alike: dict[tuple[str, ...], list[tuple[int, Chart]]] = {}
    for number, chart in enumerate(book.charts, 1):
        texts = tuple(dict.fromkeys(text for series in chart.series for text in _series(chart, series, tables)))
        if texts:
            alike.setdefault(texts, []).append((number, chart))
    found = []
    for texts, charts in alike.items():
        number, chart = charts[0]
        title = f" “{chart.title.strip()}”" if chart.title.strip() else ""
        who = f"Chart {number}{title} on sheet {chart.sheet}"
        place = f"chart {number}"
        if len(charts) > 1:
            others = len(charts) - 1
            who += f" and {others} more chart{'s' if others > 1 else ''}, each alike"
            place = f"{len(charts)} charts"
        found.append(Finding(fault_kinds.CHART, chart.sheet, [], f"{who}: {' '.join(texts)}", note=True, place=place))
    return found


def area_of(text: str | None, sheet: str) -> Area | None:
    """The one rectangle that a chart's reference names, None for anything else."""
    if not text or ("," in text and not text.startswith("'")):
        return None
    node = reference(text.strip("()"), 1, 1)
    if node.kind not in ("ref", "range"):
        return None
    (top, left), (bottom, right) = (ref.at(1, 1) for ref in node.ends)
    return Area(node.ends[0].sheet or sheet, top, left, bottom, right)


def _series(chart: Chart, series: Series, tables: list[Found]) -> Iterator[str]:
    values = area_of(series.values, chart.sheet)
    if values is None or values.left != values.right:
        return
    table = _table_of(values, tables)
    if table is None:
        return
    variable = table.variables.get(values.left)
    if variable is None:
        return
    column = a1(table.first, values.left).rstrip("0123456789")
    whole = f"{column}{table.first}:{column}{table.last}"
    wants_error = re.search(r"err|loss|e_?t", chart.title, re.IGNORECASE) is not None
    if wants_error and not variable.startswith("E"):
        yield f"it plots {label(variable)} ({column}), not E_total."
    name = area_of(series.name, chart.sheet)
    if name is not None and name.sheet == table.sheet.name and table.first <= name.top <= table.last:
        header = a1(table.header, name.left)
        yield f"it takes the number in {a1(name.top, name.left)} as the name of the line; the header is {header}."
    shown = f"it shows rows {values.top} to {values.bottom}"
    if values.top > table.first or values.bottom < table.last:
        left_out = max(0, values.top - table.first) + max(0, table.last - values.bottom)
        yield f"{shown}, so {left_out} of {len(table.rows)} rows are missing; plot {whole}."
    elif values.top < table.first or values.bottom > table.last:
        yield f"{shown}, beyond the table's {table.first} to {table.last}; plot {whole}."
    yield from _axis(series, chart, table, values)


def _axis(series: Series, chart: Chart, table: Found, values: Area) -> Iterator[str]:
    axis = area_of(series.categories, chart.sheet)
    if axis is None or axis.left != axis.right:
        return
    if axis.sheet != table.sheet.name:
        yield f"its horizontal axis is taken from sheet {axis.sheet}, its line from {table.sheet.name}."
        return
    variable = table.variables.get(axis.left)
    if variable not in (None, "iteration"):
        yield f"its horizontal axis is {label(variable)}, not the iteration."
    if (axis.top, axis.bottom) != (values.top, values.bottom):
        place = f"{a1(axis.top, axis.left)}:{a1(axis.bottom, axis.left)}"
        header = " and starts with the header" if axis.top == table.header else ""
        rows = f"rows {values.top} to {values.bottom}"
        yield f"its horizontal axis is {place}{header}, while the line is {rows}: the two are shifted."


def _table_of(area: Area, tables: list[Found]) -> Found | None:
    """The table of which the area covers most rows."""
    on_sheet = [t for t in tables if t.sheet.name == area.sheet and t.last >= t.first and area.left in t.variables]
    covered = [(min(area.bottom, t.last) - max(area.top, t.first) + 1, t) for t in on_sheet]
    best = max(covered, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] > 0 else None
