"""Build the backpropagation workbook: tables from the maths, sheets from the layout, one file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties

from workbook.existing.origin import Output
from workbook.parts import finish, styles
from workbook.parts.page import NATIVE, UDF, VALUES, Page
from workbook.parts.texts import plain
from workbook.sheets import (
    derivation_sheet,
    graphs,
    notes,
    playground,
    python_table,
    rate,
    rate_table,
    run_sheets,
    start,
    xlwings_conf,
)
from workbook.sheets.layout import (
    GRAPHS,
    MAX_FORMULA,
    START,
    Layout,
    StartLayout,
    absolute,
    check_size,
    quoted,
    sheet_name,
)
from workbook.sheets.rate_table import RateTable
from workbook.sheets.run_report import RunReport
from workbook.sheets.training_cells import TRAINING
from xlfuncs import training
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import excel
from xlfuncs.network import Network
from xlfuncs.spec import Spec

# The version of the calculation engine that Excel notes in a file; with an old one it would recalculate on opening.
CALC_ID = 191029
MAX_RATES = 200


def build(
    path: Path | str,
    network: Network,
    learning_rates: Sequence[float],
    iterations: int,
    *,
    formulas: str = NATIVE,
    macros: bool = False,
) -> None:
    """Compute the tables and write the workbook to `path`: `compute` and `save` in one."""
    save(path, network, compute(network, learning_rates, iterations), formulas=formulas, macros=macros)


def compute(network: Network, learning_rates: Sequence[float], iterations: int) -> list[RateTable]:
    """The tables of all learning rates. Raises GradsheetError for settings that no sheet can hold."""
    _check(network, learning_rates, iterations)
    with np.errstate(all="ignore"):
        found = training.tables(network, learning_rates, iterations)
    for learning_rate, table in zip(learning_rates, found, strict=True):
        if not np.isfinite(table).all():
            row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0]) + 1
            raise GradsheetError(
                f"With learning rate {plain(learning_rate)} the numbers grow too large for a cell at iteration {row}; "
                f"use a smaller learning rate, smaller inputs or smaller weights."
            )
    return [RateTable(learning_rate, table) for learning_rate, table in zip(learning_rates, found, strict=True)]


def save(
    path: Path | str,
    network: Network,
    tables: list[RateTable],
    *,
    formulas: str = NATIVE,
    macros: bool = False,
    report: RunReport | None = None,
    on_rows: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the workbook to `path`, whole or not at all; only what `origin.Output` allows is replaced.

    `formulas` is one of page.FORMULAS; `macros` adds the VBA project, and with it the sheets that need one (the file
    then ends in .xlsm); `report` adds the sheets of a training run; `on_rows` hears how many table rows were just
    written. Raises GradsheetError for what can't be written; the old file then stays as it is.
    """
    with Output(path).open() as file:
        write(file, network, tables, formulas=formulas, macros=macros, report=report, on_rows=on_rows)


def write(
    file: BinaryIO,
    network: Network,
    tables: list[RateTable],
    *,
    formulas: str = NATIVE,
    macros: bool = False,
    report: RunReport | None = None,
    on_rows: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the workbook into an open file. The same input gives the same bytes."""
    layout = Layout(network, len(tables[0].table))
    book = Workbook()
    book.remove(book.active)
    styles.register(book)
    more = _other_sheets(macros, report)
    twins = [rate_table.twin_name(t.learning_rate) for t in tables] if formulas == UDF else []
    derivations = [derivation_sheet.name_of(sheet_name(t.learning_rate)) for t in tables]
    derivations = derivations if layout.panel and formulas != VALUES else []
    noted = notes.wanted(layout, tables, reference=start.is_reference(layout, tables))
    hidden = [*derivations, *([notes.NOTES] if noted and formulas != VALUES else [])]
    conf = [xlwings_conf.CONF] if macros else []
    names = [START, *(sheet_name(t.learning_rate) for t in tables), GRAPHS, *more, *conf, *twins, *hidden]
    pages = {name: Page(book.create_sheet(name), formulas) for name in names}
    start.write(pages[START], layout, tables, more)
    for table in tables:
        rate.write(pages[sheet_name(table.learning_rate)], layout, table)
    for name, table in zip(derivations, tables, strict=False):
        derivation_sheet.write(pages[name], layout, sheet_name(table.learning_rate), table.first_row(network))
    if notes.NOTES in pages:
        notes.write_hidden(pages[notes.NOTES], layout, tables)
    graphs.write(pages[GRAPHS], layout, tables)
    if formulas == UDF:
        if not network.is_plain:
            python_table.write_arguments(pages[twins[0]], network)
        for table in tables:
            rate_table.write_twin(pages[rate_table.twin_name(table.learning_rate)], layout, table)
    if playground.PLAYGROUND in pages:
        playground.write(pages[playground.PLAYGROUND], network, tables[0].learning_rate)
    if macros:
        xlwings_conf.write(pages[xlwings_conf.CONF])
    run_sheets.fill(pages, report, controls=macros)
    _name_cells(book, layout, [t.learning_rate for t in tables])
    if formulas == UDF and not network.is_plain:
        for name, cells in python_table.names(network, twins[0]).items():
            book.defined_names[name] = DefinedName(name, attr_text=cells)
    book.properties.creator = "gradsheet"
    book.properties.title = "Backpropagation, cell by cell"
    book.calculation = CalcProperties(calcId=CALC_ID, fullCalcOnLoad=False)
    finish.write(
        book,
        list(pages.values()),
        file,
        on_rows,
        formulas=formulas,
        run_sheets=run_sheets.free_cells(pages),
        vba_project=_vba_project(book) if macros else None,
    )


def _other_sheets(macros: bool, report: RunReport | None) -> list[str]:
    """The sheets behind the charts that are there to be read."""
    return [
        *([playground.PLAYGROUND] if macros else ()),
        *([TRAINING] if macros or report else ()),
        *(run_sheets.BEHIND_TRAINING if report else ()),
    ]


def _vba_project(book: Workbook) -> bytes:
    """The macros for this workbook; its sheets get the names that VBA knows them by."""
    from workbook.macros import project  # xlwings takes a moment to load

    book.code_name = project.BOOK_CODE_NAME
    for place, sheet in enumerate(book.worksheets, start=1):
        sheet.sheet_properties.codeName = project.code_name(place)
    return project.vba_project(len(book.worksheets))


def _check(network: Network, learning_rates: Sequence[float], iterations: int) -> None:
    if not learning_rates:
        raise GradsheetError("At least one learning rate is needed, such as --lr 0.5.")
    if len(learning_rates) > MAX_RATES:
        raise GradsheetError(
            f"{len(learning_rates)} learning rates are too many for a workbook; give at most {MAX_RATES}."
        )
    twice = [value for k, value in enumerate(learning_rates) if value in learning_rates[:k]]
    if twice:
        raise GradsheetError(f"The learning rate {plain(twice[0])} is given twice; each has a sheet of its own.")
    if iterations < 1:
        raise GradsheetError(f"--iterations is {iterations}; it must be at least 1.")
    check_size(Spec.of(network))
    layout = Layout(network, iterations)
    longest = max((c for c in network.columns), key=lambda c: len(_written(layout, c)))
    if len(_written(layout, longest)) > MAX_FORMULA:
        raise GradsheetError(
            f"In a {Spec.of(network)} network the formula of {longest.label} has more than the {MAX_FORMULA:,} "
            f"characters that Excel allows; use fewer units."
        )


def _written(layout: Layout, column) -> str:
    return excel(column.formula, layout.reference(layout.last_row), guarded=True)


def _name_cells(book: Workbook, layout: Layout, rates: Sequence[float]) -> None:
    """Names for the key cells, so that =BP_GRAD(inputs, targets, weights_hidden, weights_output) reads as it sounds."""
    network, start = layout.network, StartLayout(layout.network)
    ends = {"inputs": (network.input_names[0], network.input_names[-1])}
    ends["targets"] = (network.target_names[0], network.target_names[-1])
    for depth, name in enumerate(("weights_hidden", "weights_output") if network.is_plain else ()):
        of_layer = [w.name for w in network.weights if w.layer == depth]
        ends[name] = (of_layer[0], of_layer[-1])
    for name, (first, last) in ends.items():
        cells = f"{absolute(start.of(first))}:{absolute(start.of(last))}"
        book.defined_names[name] = DefinedName(name, attr_text=f"{quoted(START)}!{cells}")
    for sheet in (book[sheet_name(value)] for value in rates):
        where = f"{quoted(sheet.title)}!{absolute(layout.learning_rate)}"
        sheet.defined_names["learning_rate"] = DefinedName("learning_rate", attr_text=where)
        where = layout.column_range("E_total", sheet.title)
        sheet.defined_names["E_total"] = DefinedName("E_total", attr_text=where)
