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
from workbook.sample_data import Samples
from workbook.sheets import (
    derivation_sheet,
    functions,
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
from workbook.sheets import samples as samples_sheet
from workbook.sheets.blocks import ONE, Blocks
from workbook.sheets.layout import (
    GRAPHS,
    MAX_FORMULA,
    START,
    Layout,
    absolute,
    check_size,
    quoted,
    sheet_name,
)
from workbook.sheets.rate_table import RateTable
from workbook.sheets.run_report import RunReport
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from workbook.sheets.start_layout import StartLayout
from workbook.sheets.training_cells import TRAINING
from xlfuncs import training
from xlfuncs.errors import LimitError, OptionError
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
    samples: Samples | None = None,
) -> None:
    """Compute the tables and write the workbook to `path`: `compute` and `save` in one."""
    tables = compute(network, learning_rates, iterations, samples)
    save(path, network, tables, formulas=formulas, macros=macros, samples=samples)


def compute(
    network: Network, learning_rates: Sequence[float], iterations: int, samples: Samples | None = None
) -> list[RateTable]:
    """The tables of all learning rates, for the network's own inputs and targets or for several samples.

    Raises GradsheetError for settings that no sheet can hold.
    """
    blocks = samples.blocks if samples else ONE
    _check(network, learning_rates, iterations, blocks)
    with np.errstate(all="ignore"):
        if samples:
            run = training.Training(network, np.array(samples.inputs), np.array(samples.targets), samples.batch)
            found = np.stack([run.table(float(rate), iterations) for rate in learning_rates])
        else:
            found = training.tables(network, learning_rates, iterations)
    for learning_rate, table in zip(learning_rates, found, strict=True):
        if not np.isfinite(table).all():
            row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
            raise LimitError(
                f"With learning rate {plain(learning_rate)} the numbers grow too large for a cell at iteration "
                f"{row // blocks.batch + 1}; "
                f"use a smaller learning rate, smaller inputs or smaller weights."
            )
    return [RateTable(learning_rate, table, blocks) for learning_rate, table in zip(learning_rates, found, strict=True)]


def save(
    path: Path | str,
    network: Network,
    tables: list[RateTable],
    *,
    formulas: str = NATIVE,
    macros: bool = False,
    report: RunReport | None = None,
    samples: Samples | None = None,
    story: str = "",
    on_rows: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the workbook to `path`, whole or not at all; only what `origin.Output` allows is replaced.

    `formulas` is one of page.FORMULAS; `macros` adds the VBA project, and with it the sheets that need one (the file
    then ends in .xlsm); `report` adds the sheets of a training run; `samples` are those that the tables were computed
    for; `story` is what Start tells of the network; `on_rows` hears how many table rows were just written. Raises
    GradsheetError for what can't be written; the old file then stays as it is.
    """
    with Output(path).open() as file:
        write(
            file,
            network,
            tables,
            formulas=formulas,
            macros=macros,
            report=report,
            samples=samples,
            story=story,
            on_rows=on_rows,
        )


def write(
    file: BinaryIO,
    network: Network,
    tables: list[RateTable],
    *,
    formulas: str = NATIVE,
    macros: bool = False,
    report: RunReport | None = None,
    training_sheet: bool = False,
    samples: Samples | None = None,
    story: str = "",
    on_rows: Callable[[int], None] = lambda count: None,
) -> None:
    """Write the workbook into an open file; see `save`. The same input gives the same bytes.

    `training_sheet` adds the sheet Training with its settings; one with macros always has it.
    """
    blocks = tables[0].blocks
    layout = Layout(network, len(tables[0].table) // blocks.batch, blocks)
    book = Workbook()
    book.remove(book.active)
    styles.register(book)
    if blocks.has_mean:
        styles.register_blocks(book)
    more = [
        # Playground's functions take one sample.
        *([playground.PLAYGROUND] if macros and not samples else ()),
        *([functions.SHEET] if formulas == NATIVE and not macros else ()),
        *([TRAINING] if macros or report or training_sheet else ()),
        *(run_sheets.BEHIND_TRAINING if report else ()),
    ]
    twins = [rate_table.twin_name(t.learning_rate) for t in tables] if formulas == UDF else []
    derivations = [derivation_sheet.name_of(sheet_name(t.learning_rate)) for t in tables]
    derivations = derivations if layout.panel and formulas != VALUES else []
    noted = notes.wanted(layout, tables)
    hidden = [*derivations, *([notes.NOTES] if noted and formulas != VALUES else [])]
    conf = [xlwings_conf.CONF] if macros else []
    data = [SAMPLES] if samples else []
    rates = [sheet_name(t.learning_rate) for t in tables]
    names = [START, *data, *rates, GRAPHS, *more, *conf, *twins, *hidden]
    pages = {name: Page(book.create_sheet(name), formulas) for name in names}
    start.write(pages[START], layout, tables, more, samples, story)
    if samples:
        samples_sheet.write(pages[SAMPLES], layout, samples, tables)
    for table in tables:
        rate.write(pages[sheet_name(table.learning_rate)], layout, table)
    if layout.panel:
        for name, table in zip(derivations, tables, strict=False):
            rate_sheet = sheet_name(table.learning_rate)
            derivation_sheet.write(pages[name], layout, layout.panel, rate_sheet, table.first_row(network))
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
    if functions.SHEET in pages:
        functions.write(pages[functions.SHEET], network, tables[0].learning_rate)
        functions.add_names(book)
    if macros:
        xlwings_conf.write(pages[xlwings_conf.CONF])
    run_sheets.fill(pages, report, controls=macros or training_sheet, buttons=macros)
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


def _vba_project(book: Workbook) -> bytes:
    """The macros for this workbook; its sheets get the names that VBA knows them by."""
    from workbook.macros import project  # xlwings takes a moment to load

    book.code_name = project.BOOK_CODE_NAME
    for place, sheet in enumerate(book.worksheets, start=1):
        sheet.sheet_properties.codeName = project.code_name(place)
    return project.vba_project(len(book.worksheets))


def _check(network: Network, learning_rates: Sequence[float], iterations: int, blocks: Blocks) -> None:
    if not learning_rates:
        raise OptionError("At least one learning rate is needed, such as --lr 0.5.")
    if len(learning_rates) > MAX_RATES:
        raise OptionError(
            f"{len(learning_rates)} learning rates are too many for a workbook; give at most {MAX_RATES}."
        )
    twice = [value for k, value in enumerate(learning_rates) if value in learning_rates[:k]]
    if twice:
        raise OptionError(f"The learning rate {plain(twice[0])} is given twice; each has a sheet of its own.")
    if iterations < 1:
        raise OptionError(f"--iterations is {iterations}; it must be at least 1.")
    check_size(Spec.of(network))
    layout = Layout(network, iterations, blocks)
    if blocks.several:
        SamplesLayout(network, blocks.samples).outputs(len(learning_rates) - 1)
    longest = max((c for c in network.columns), key=lambda c: len(_written(layout, c)))
    if len(_written(layout, longest)) > MAX_FORMULA:
        raise LimitError(
            f"In a {Spec.of(network)} network the formula of {longest.label} has more than the {MAX_FORMULA:,} "
            f"characters that Excel allows; use fewer units."
        )


def _written(layout: Layout, column) -> str:
    return excel(column.formula, layout.reference(layout.last_row), guarded=True)


def _name_cells(book: Workbook, layout: Layout, rates: Sequence[float]) -> None:
    """Names for the key cells, so that =BP_GRAD(inputs, targets, weights_hidden, weights_output) reads as it sounds."""
    network, start = layout.network, StartLayout(layout.network)
    data = {"inputs": network.input_names, "targets": network.target_names}
    ends = {name: (of[0], of[-1]) for name, of in data.items() if not layout.blocks.several}
    for depth, name in enumerate(("weights_hidden", "weights_output") if network.is_plain else ()):
        of_layer = [w.name for w in network.weights if w.layer == depth]
        ends[name] = (of_layer[0], of_layer[-1])
    for name, (first, last) in ends.items():
        cells = f"{absolute(start.of(first))}:{absolute(start.of(last))}"
        book.defined_names[name] = DefinedName(name, attr_text=f"{quoted(START)}!{cells}")
    for name, of in data.items() if layout.blocks.several else ():
        cells = SamplesLayout(network, layout.blocks.samples).column_range(of[0], of[-1])
        book.defined_names[name] = DefinedName(name, attr_text=cells)
    for sheet in (book[sheet_name(value)] for value in rates):
        where = f"{quoted(sheet.title)}!{absolute(layout.learning_rate)}"
        sheet.defined_names["learning_rate"] = DefinedName("learning_rate", attr_text=where)
        where = layout.curve_range(sheet.title)
        sheet.defined_names["E_total"] = DefinedName("E_total", attr_text=where)
