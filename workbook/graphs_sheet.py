"""The charts of all learning rates on one sheet: together on a logarithmic axis, then each on its own."""

from openpyxl.chart import LineChart
from openpyxl.utils import get_column_letter

from workbook import charts
from workbook.layout import GRAPHS, START, Layout, absolute, quoted, sheet_name
from workbook.page import OVERVIEW_TAB, Page
from workbook.rate_rows import RateTable
from workbook.texts import plain

TOP_ROW, TOP_ROWS, TOP_COLUMNS = 5, 22, 12
CHART_ROWS, CHART_COLUMNS, ACROSS = 17, 6, 2


def write(page: Page, layout: Layout, tables: list[RateTable]) -> None:
    """Fill the page."""
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB, landscape=False)
    sheet.column_dimensions["A"].width = 2
    for k in range(2, 2 + max(TOP_COLUMNS + 1, len(tables))):
        sheet.column_dimensions[get_column_letter(k)].width = 12
    page.put("B1", "Total Error (E_total) vs Iteration", "title")
    sheet.row_dimensions[1].height = 34
    page.link("B2", "Start", f"{quoted(START)}!A1")
    for k, table in enumerate(tables):
        rate = f"{quoted(sheet_name(table.learning_rate))}!{absolute(layout.learning_rate)}"
        page.formula(name_ref(k), f'"ɳ = "&{rate}', rate_name(table.learning_rate), "table head")
    charts.place(sheet, sweep_chart(layout, tables), f"B{TOP_ROW}", _corner(2, TOP_ROW, TOP_COLUMNS, TOP_ROWS))
    for k, table in enumerate(tables):
        line, place = divmod(k, ACROSS)
        column = 2 + place * CHART_COLUMNS
        row = TOP_ROW + TOP_ROWS + 1 + line * (CHART_ROWS + 1)
        name = sheet_name(table.learning_rate)
        chart = charts.error_chart(layout, name, table.learning_rate, table.e_total(layout.network))
        charts.place(sheet, chart, f"{get_column_letter(column)}{row}", _corner(column, row, CHART_COLUMNS, CHART_ROWS))


def sweep_chart(layout: Layout, tables: list[RateTable]) -> LineChart:
    """The chart of all learning rates; its names are the cells at the top of this sheet."""
    curves = []
    for k, table in enumerate(tables):
        name_cell = f"{quoted(GRAPHS)}!{absolute(name_ref(k))}"
        name, rate = sheet_name(table.learning_rate), rate_name(table.learning_rate)
        curves.append((name, name_cell, rate, table.e_total(layout.network)))
    return charts.sweep_chart(layout, curves)


def name_ref(k: int) -> str:
    """Where the k-th curve's name stands."""
    return f"{get_column_letter(2 + k)}3"


def rate_name(learning_rate: float) -> str:
    """ɳ = 0.1."""
    return f"ɳ = {plain(learning_rate)}"


def _corner(column: int, row: int, columns: int, rows: int) -> str:
    """The bottom right cell of so many columns and rows."""
    return f"{get_column_letter(column + columns - 1)}{row + rows - 1}"
