"""One sheet a learning rate: the table, and above it the picture, the formulas, ɳ, the derivations and the chart."""

from math import ceil

import numpy as np
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from workbook import charts, picture, rate_rows
from workbook.layout import CHART_COLUMNS, COLUMN_CHARS, GRAPHS, START, Box, Layout, absolute, quoted
from workbook.page import TABLE_TAB, UDF, Page
from workbook.rate_rows import RateTable
from workbook.texts import plain
from xlfuncs import explain
from xlfuncs.expression import excel, text

# A frozen header must leave room to scroll: above it there is at most this much of a screen.
MAX_FROZEN_ROWS = 40
BY_PYTHON, BY_FORMULAS = "computed by Python", "computed by plain formulas (no Python here)"
# As an array, so that a program without the function doesn't show the answer of another one.
BY_WHOM = f'IF(ISERROR(BP_SIGMOID(0)),"{BY_FORMULAS}","{BY_PYTHON}")'
PRINTED_COLUMNS = 36  # on one page across; more would be too small to read


def write(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """Fill the page."""
    learning_rate, table = rate_table.learning_rate, rate_table.table
    row = dict(zip(layout.network.column_names, table[0].tolist(), strict=True))
    row["learning_rate"] = learning_rate
    _set_up(page, layout, table)
    _headings(page, layout, learning_rate)
    _data_list(page, layout, row)
    _forward_formulas(page, layout)
    _learning_rate(page, layout, learning_rate)
    for box in layout.boxes:
        _derivation(page, layout, box, row)
    _legend(page, layout)
    _chart(page, layout, rate_table)
    rate_rows.write(page, layout, rate_table)
    page.shapes.append(picture.anchor(layout, row))


def _set_up(page: Page, layout: Layout, table: np.ndarray) -> None:
    """Widths, frozen header, zoom, outline and print set-up."""
    sheet = page.sheet
    digits = np.log10(np.maximum(np.abs(table).max(axis=0), 1.0)).astype(int)
    for k in range(max(len(layout.network.columns), layout.chart_column + CHART_COLUMNS - 1)):
        # Six decimals, a sign and a point, with room for large inputs.
        wide = int(digits[k]) + 10 if k < len(digits) else COLUMN_CHARS
        sheet.column_dimensions[get_column_letter(k + 1)].width = max(COLUMN_CHARS, wide)
    if layout.header_row <= MAX_FROZEN_ROWS:
        sheet.freeze_panes = f"B{layout.first_row}"
    sheet.sheet_view.zoomScale = 85
    page.prepare(TABLE_TAB, paper="A3", pages_across=ceil(len(layout.network.columns) / PRINTED_COLUMNS))
    sheet.sheet_properties.outlinePr.summaryBelow = False
    sheet.sheet_format.outlineLevelRow = 1
    sheet.row_dimensions.group(2, layout.header_row - 1, outline_level=1)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "gradsheet · &A", "page &P of &N"
    sheet.print_title_rows = f"{layout.header_row}:{layout.header_row}"
    sheet.print_title_cols = "A:A"
    last = get_column_letter(max(len(layout.network.columns), layout.chart_column + CHART_COLUMNS - 1))
    sheet.print_area = f"A1:{last}{layout.last_row}"


def _headings(page: Page, layout: Layout, learning_rate: float) -> None:
    page.formula(
        "A1",
        f'"Training at learning rate ɳ = "&{absolute(layout.learning_rate)}',
        f"Training at learning rate ɳ = {plain(learning_rate)}",
        "heading",
    )
    page.put("K1", "Backward Propagation (Gradient Calculation)", "heading")
    page.put("K2", "The chain rule for each weight; the numbers are those of iteration 1.", "note")
    page.put(f"A{layout.forward_row}", "Forward Propagation", "heading")
    page.formula(
        charts.title_cell(layout),
        f'"Total Error (E_total) vs Iteration"&CHAR(10)&"Learning Rate (ɳ) = "&{absolute(layout.learning_rate)}',
        charts.title(learning_rate),
        "chart title",
    )
    last = get_column_letter(layout.chart_column + CHART_COLUMNS - 1)
    page.sheet.merge_cells(f"{charts.title_cell(layout)}:{last}1")
    page.sheet.row_dimensions[1].height = 32


def _data_list(page: Page, layout: Layout, row: dict[str, float]) -> None:
    """Inputs and targets beside the picture."""
    page.put("H2", "Inputs, targets", "note")
    for k, variable in enumerate([*layout.network.input_names, *layout.network.target_names], start=3):
        page.put(f"H{k}", variable, "label")
        page.formula(f"I{k}", layout.cell(variable, layout.first_row), row[variable], "linked")


def _forward_formulas(page: Page, layout: Layout) -> None:
    shown = [c for c in layout.network.columns if c.group in ("hidden", "output", "error")]
    for k, column in enumerate(shown, start=layout.forward_row + 1):
        page.put(f"A{k}", f"{column.label} = {text(column.formula)}", "formula")


def _learning_rate(page: Page, layout: Layout, learning_rate: float) -> None:
    row = int(layout.learning_rate[1:])
    page.put(f"H{row - 1}", "Learning rate (ɳ)", "note")
    page.put(layout.learning_rate, learning_rate, "change" if page.live else "linked")
    if page.live:
        page.put(f"H{row + 1}", "← change it: all below follows", "note")
        if page.formulas == UDF:
            page.array(f"H{row + 2}:H{row + 2}", BY_WHOM, [[BY_PYTHON]], "note")
        page.link(f"H{row + 3}", "Inputs, targets, weights: Start", f"{quoted(START)}!C7")
        only_numbers(page, layout.learning_rate, "The learning rate ɳ is one number, such as 0.5.")
    else:
        page.link(f"H{row + 3}", "Start", f"{quoted(START)}!A1")
    page.link(f"H{row + 4}", "All learning rates: charts", f"{quoted(GRAPHS)}!A1")


def only_numbers(page: Page, cells: str, sentence: str) -> None:
    """Let Excel refuse anything but a number in `cells`, with our sentence."""
    rule = DataValidation(type="decimal", operator="between", formula1="-1E+100", formula2="1E+100", allow_blank=False)
    rule.errorTitle, rule.error, rule.showErrorMessage = "A number is needed", sentence, True
    page.sheet.add_data_validation(rule)
    rule.add(cells)


def _derivation(page: Page, layout: Layout, box: Box, row: dict[str, float]) -> None:
    """One boxed derivation: the chain rule, its steps with their numbers, the result highlighted."""
    letters = [get_column_letter(box.column + k) for k in range(4)]
    first, last = letters[0], letters[-1]
    symbols = [step.symbol for step in explain.steps(layout.network, box.weight.name)]
    numbers = dict(zip(symbols, explain.values(layout.network, box.weight.name, row), strict=True))
    page.put(f"{first}{box.row}", f"∂E_total/∂{box.weight.name}", "box title")
    for letter in letters[1:-1]:
        page.style(f"{letter}{box.row}", "box top")
    page.put(f"{last}{box.row}", f"{box.weight.source} → {box.weight.target}", "box corner")
    page.put(f"{first}{box.row + 1}", f"= {explain.chain(layout.network, box.weight.name)}", "box chain")
    page.style(f"{last}{box.row + 1}", "box line number")
    cells = {variable: layout.cell(variable, layout.first_row) for variable in layout.network.column_names}
    at = box.row + 2
    for step, rows in box.lines:
        style = "result" if step.kind == explain.RESULT else "line"
        _frame(page, letters, at, rows, style)
        page.put(f"{first}{at}", f"{step.symbol} = {step.text}", f"box {style}")
        formula = excel(step.formula, lambda variable, _: cells[variable])
        page.formula(f"{last}{at}", formula, numbers[step.symbol], f"box {style} number")
        cells[step.symbol] = f"{last}{at}"
        at += rows


def _frame(page: Page, letters: list[str], top: int, rows: int, style: str) -> None:
    """Format a line of a box over as many rows as its text needs, and merge them."""
    bottom = top + rows - 1
    for row in range(top, bottom + 1):
        page.style(f"{letters[0]}{row}", f"box {style}")
        for letter in letters[1:-1]:
            page.style(f"{letter}{row}", f"box {style} fill")
        page.style(f"{letters[-1]}{row}", f"box {style} number")
    page.sheet.merge_cells(f"{letters[0]}{top}:{letters[-2]}{bottom}")
    if rows > 1:
        page.sheet.merge_cells(f"{letters[-1]}{top}:{letters[-1]}{bottom}")


def _legend(page: Page, layout: Layout) -> None:
    """What the colours mean, above the chart."""
    meanings = {
        "input": ("i, t", "inputs and targets: constant"),
        "weight": ("w", "weights: the row above minus ɳ·gradient"),
        "hidden": ("h, a_h", "hidden units: Σ input·weight, then σ"),
        "output": ("o, a_o", "output units: Σ a_h·weight, then σ"),
        "error": ("E", "half squared errors and their sum E_total"),
        "gradient": ("∂E/∂w", "gradients of E_total"),
    }
    letter, beside = (get_column_letter(layout.chart_column + k) for k in (0, 1))
    for k, (group, (names, meaning)) in enumerate(meanings.items(), start=2):
        page.put(f"{letter}{k}", names, f"head {group}")
        page.put(f"{beside}{k}", meaning, "formula")


def _chart(page: Page, layout: Layout, rate_table: RateTable) -> None:
    first = get_column_letter(layout.chart_column)
    last = get_column_letter(layout.chart_column + CHART_COLUMNS - 1)
    chart = charts.error_chart(layout, page.sheet.title, rate_table.learning_rate, rate_table.e_total(layout.network))
    charts.place(page.sheet, chart, f"{first}9", f"{last}{layout.header_row - 1}")
