"""The rows of a learning-rate sheet's table, as XML: formulas, numbers, or one array that Python fills."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from workbook.parts.page import NATIVE, UDF, Page
from workbook.sheets import python_table
from workbook.sheets.layout import START, Layout, StartLayout, absolute, quoted, sheet_name
from xlfuncs.expression import excel
from xlfuncs.logistic import EXP_LIMIT
from xlfuncs.network import Network


@dataclass(frozen=True)
class RateTable:
    """A learning rate and its iteration table, shape (iterations, columns), in the order of `Network.columns`."""

    learning_rate: float
    table: np.ndarray

    def e_total(self, network: Network) -> np.ndarray:
        """The error curve, shape (iterations,)."""
        return self.table[:, network.column_names.index("E_total")]

    def first_row(self, network: Network) -> dict[str, float]:
        """The numbers of iteration 1 by their columns' names."""
        return dict(zip(network.column_names, self.table[0].tolist(), strict=True))


def write(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """The header through openpyxl, the rows as XML when the file is written: there may be very many."""
    formulas = None
    if page.formulas == NATIVE:
        formulas = _formulas(layout, is_guarded(layout, rate_table.table), absolute(layout.learning_rate))
    elif page.formulas == UDF:
        formulas = _one_array(layout, rate_table.learning_rate)
    _write(page, layout, rate_table.table, formulas)


def write_twin(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """The table in plain formulas at the same cells of a hidden sheet, for where Python's functions can't run."""
    page.sheet.sheet_state = "hidden"
    page.put("A1", f"The table of {sheet_name(rate_table.learning_rate)} in plain formulas", "heading")
    function = python_table.function_name(layout.network)
    page.put("A2", f"It takes the place of ={function}(…) where that can't run: macros off, LibreOffice.", "note")
    rate = f"{quoted(sheet_name(rate_table.learning_rate))}!{absolute(layout.learning_rate)}"
    formulas = _formulas(layout, is_guarded(layout, rate_table.table), rate)
    _write(page, layout, rate_table.table, formulas)


def twin_name(learning_rate: float) -> str:
    """LR=0.1 formulas."""
    return f"{sheet_name(learning_rate)} formulas"


def _write(page: Page, layout: Layout, table: np.ndarray, formulas) -> None:
    network = layout.network
    for column in network.columns:
        letter = layout.column_of[column.name]
        page.put(f"{letter}{layout.header_row}", column.label, f"head {column.group}")
        page.style(f"{letter}{layout.first_row}", f"body {column.group}")
    styles = [page.sheet[layout.cell(c.name, layout.first_row)].style_id for c in network.columns]
    first, last = (c.name for c in (network.columns[1], network.columns[-1]))
    page.numbers(f"{layout.cell(first, layout.first_row)}:{layout.cell(last, layout.last_row)}")
    page.rows_from, page.rows_to = layout.first_row, layout.last_row
    page.rows = lambda: _row_xml(layout, table, styles, formulas)


def is_guarded(layout: Layout, table: np.ndarray) -> bool:
    """Whether a pre-activation is so far below 0 that Excel's EXP would overflow."""
    network = layout.network
    sums = {
        unit
        for d, layer in enumerate(network.layers)
        if layer.activation == "sigmoid"
        for unit in network.unit_names(d)
    }
    places = [k for k, name in enumerate(network.column_names) if name in sums]
    return bool(places) and bool(table[:, places].min() < EXP_LIMIT)


def _formulas(layout: Layout, guarded: bool, learning_rate: str) -> tuple[list[str | None], list[str | None]]:
    """The formulas of the first row and of the rows below as XML: {0} is the row above, {1} the row."""
    start = StartLayout(layout.network)
    first: list[str | None] = []
    below: list[str | None] = []

    def reference(variable: str, is_previous: bool) -> str:
        if variable == "learning_rate":
            return learning_rate
        return f"{layout.column_of[variable]}{{{0 if is_previous else 1}}}"

    for column in layout.network.columns:
        formula = f"<f>{escape(excel(column.formula, reference, guarded=guarded))}</f>"
        below.append(formula)
        if column.start is None:
            first.append(formula)
        elif column.group in ("iteration", "state"):
            first.append(None)
        else:
            first.append(f"<f>{START}!{absolute(start.of(column.name))}</f>")
    return first, below


def _one_array(layout: Layout, learning_rate: float) -> tuple[list[str | None], list[None]]:
    """One call of Python's for the whole table, in its first cell; the others hold their values only."""
    columns = layout.network.columns
    cells = f"{layout.cell(columns[0].name, layout.first_row)}:{layout.cell(columns[-1].name, layout.last_row)}"
    formula = f"IFERROR({python_table.call(layout)},{quoted(twin_name(learning_rate))}!{cells})"
    empty = [None] * len(columns)
    return [f'<f t="array" ref="{cells}">{escape(formula)}</f>', *empty[1:]], empty


def _row_xml(layout: Layout, table: np.ndarray, styles: list[int], formulas) -> Iterator[str]:
    """The table's rows as they stand in the sheet's XML, each formula with its value."""
    letters = [layout.column_of[c.name] for c in layout.network.columns]
    if formulas is None:
        first = below = [None] * len(letters)
    else:
        first, below = formulas
    for patterns, start, stop in ((first, 0, 1), (below, 1, len(table))):
        template = _row_template(letters, styles, patterns)
        for k in range(start, stop):
            row = layout.first_row + k
            yield template.format(row - 1, row, *map(repr, table[k].tolist()))


def _row_template(letters: list[str], styles: list[int], formulas: list[str | None]) -> str:
    cells = []
    for k, (letter, style, formula) in enumerate(zip(letters, styles, formulas, strict=True)):
        cells.append(f'<c r="{letter}{{1}}" s="{style}">{formula or ""}<v>{{{k + 2}}}</v></c>')
    return f'<row r="{{1}}">{"".join(cells)}</row>'
