"""The charts of all learning rates on one sheet: together on a logarithmic axis, then each on its own.

Below them stand the numbers of the logarithmic chart: E_total of each sheet, and #N/A where it is 0. A logarithmic axis
has no 0, and a program that meets one may draw no curve at all.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from xml.sax.saxutils import escape

import numpy as np
from openpyxl.chart import LineChart
from openpyxl.utils import get_column_letter

from workbook.parts import charts
from workbook.parts.page import NOT_AVAILABLE, OVERVIEW_TAB, Page
from workbook.parts.texts import plain
from workbook.sheets import error_charts
from workbook.sheets.layout import COLUMN_CHARS, GRAPHS, ITERATION_CHARS, START, Layout, absolute, quoted, sheet_name
from workbook.sheets.rate_table import RateTable

FIRST_COLUMN = 2  # B
NAMES_ROW = 3
TOP_ROW, TOP_ROWS, TOP_COLUMNS = 5, 22, 10
CHART_ROWS, CHART_COLUMNS, ACROSS = 17, 5, 2
ABOUT = "The numbers of the logarithmic chart: each E_total, and #N/A where it is 0, which a logarithmic axis has not."


def write(page: Page, layout: Layout, tables: list[RateTable]) -> None:
    """Fill the page."""
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB, landscape=False)
    sheet.column_dimensions["A"].width = ITERATION_CHARS
    columns = max(TOP_COLUMNS, len(tables))
    for k in range(columns):
        sheet.column_dimensions[get_column_letter(FIRST_COLUMN + k)].width = COLUMN_CHARS
    page.put("B1", "Total Error (E_total) vs Iteration", "title")
    sheet.row_dimensions[1].height = 34
    page.link("B2", "Start", f"{quoted(START)}!A1")
    for k, table in enumerate(tables):
        rate = f"{quoted(sheet_name(table.learning_rate))}!{absolute(layout.learning_rate)}"
        page.formula(name_ref(k), f'"ɳ = "&{rate}', rate_name(table.learning_rate), "curve name")
    bottom_right = _corner(FIRST_COLUMN, TOP_ROW, TOP_COLUMNS, TOP_ROWS)
    charts.place(sheet, sweep_chart(layout, tables), f"B{TOP_ROW}", bottom_right)
    for k, table in enumerate(tables):
        line, place = divmod(k, ACROSS)
        column = FIRST_COLUMN + place * CHART_COLUMNS
        row = TOP_ROW + TOP_ROWS + 1 + line * (CHART_ROWS + 1)
        name = sheet_name(table.learning_rate)
        chart = error_charts.error_chart(layout, name, table.learning_rate, table.e_total(layout.network))
        charts.place(sheet, chart, f"{get_column_letter(column)}{row}", _corner(column, row, CHART_COLUMNS, CHART_ROWS))
    _plotted(page, layout, tables)
    sheet.print_area = f"A1:{get_column_letter(FIRST_COLUMN + columns - 1)}{_table_row(len(tables)) - 2}"


def sweep_chart(layout: Layout, tables: list[RateTable]) -> LineChart:
    """The chart of all learning rates; its names and numbers are cells of this sheet."""
    lines = []
    for k, table in enumerate(tables):
        letter, first = get_column_letter(FIRST_COLUMN + k), _table_row(len(tables)) + 1
        line = charts.Line(
            values_ref=f"{quoted(GRAPHS)}!${letter}${first}:${letter}${first + layout.iterations - 1}",
            steps_ref=layout.column_range("iteration", sheet_name(table.learning_rate)),
            values=_above_zero(table.e_total(layout.network)),
            steps=np.arange(1, layout.iterations + 1),
            name_ref=f"{quoted(GRAPHS)}!{absolute(name_ref(k))}",
            name=rate_name(table.learning_rate),
            colour=charts.LINE_COLOURS[k % len(charts.LINE_COLOURS)],
        )
        lines.append(line)
    return error_charts.sweep_chart(lines, layout.iterations)


def name_ref(k: int) -> str:
    """Where the k-th curve's name stands."""
    return f"{get_column_letter(FIRST_COLUMN + k)}{NAMES_ROW}"


def rate_name(learning_rate: float) -> str:
    """ɳ = 0.1."""
    return f"ɳ = {plain(learning_rate)}"


def _table_row(rates: int) -> int:
    """The header of the plotted numbers, below the last chart and a line of text."""
    return TOP_ROW + TOP_ROWS + 1 + ceil(rates / ACROSS) * (CHART_ROWS + 1) + 2


def _above_zero(e_total: np.ndarray) -> np.ndarray:
    """E_total, and NaN where it is 0: what a logarithmic axis can show."""
    return np.where(e_total > 0, e_total, np.nan)


def _plotted(page: Page, layout: Layout, tables: list[RateTable]) -> None:
    """The numbers that the logarithmic chart plots, a column a learning rate."""
    top = _table_row(len(tables))
    first = top + 1
    page.put(f"A{top - 1}", ABOUT, "note")
    page.put(f"A{top}", "Iteration", "head iteration")
    page.style(f"A{first}", "body iteration")
    for k, table in enumerate(tables):
        letter = get_column_letter(FIRST_COLUMN + k)
        page.formula(f"{letter}{top}", absolute(name_ref(k)), rate_name(table.learning_rate), "head error")
        page.style(f"{letter}{first}", "body error")
    page.rows_from, page.rows_to = first, first + layout.iterations - 1
    page.numbers(f"B{first}:{get_column_letter(FIRST_COLUMN + len(tables) - 1)}{page.rows_to}")
    styles = [page.sheet[f"{letter}{first}"].style_id for letter in "AB"]
    page.rows = lambda: _row_xml(page, layout, tables, styles)


def _row_xml(page: Page, layout: Layout, tables: list[RateTable], styles: Sequence[int]) -> Iterator[str]:
    curves = [_above_zero(table.e_total(layout.network)).tolist() for table in tables]
    column = layout.column_of["E_total"]
    sources = [f"{escape(quoted(sheet_name(table.learning_rate)))}!${column}" for table in tables]
    letters = [get_column_letter(FIRST_COLUMN + k) for k in range(len(tables))]
    for k in range(layout.iterations):
        row = page.rows_from + k
        cells = [f'<c r="A{row}" s="{styles[0]}"><v>{k + 1}</v></c>']
        for letter, source, curve in zip(letters, sources, curves, strict=True):
            error = f"{source}{layout.first_row + k}"
            formula = f"<f>IF({error}&gt;0,{error},NA())</f>" if page.live else ""
            kind, value = ("", repr(curve[k])) if curve[k] > 0 else (' t="e"', NOT_AVAILABLE)
            cells.append(f'<c r="{letter}{row}" s="{styles[1]}"{kind}>{formula}<v>{value}</v></c>')
        yield f'<row r="{row}">{"".join(cells)}</row>'


def _corner(column: int, row: int, columns: int, rows: int) -> str:
    """The bottom right cell of so many columns and rows."""
    return f"{get_column_letter(column + columns - 1)}{row + rows - 1}"
