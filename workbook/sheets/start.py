"""The first sheet: what this is, the cells to change, the learning rates compared, links."""

from math import ceil

import numpy as np
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from workbook.parts import charts
from workbook.parts.page import NATIVE, OVERVIEW_TAB, UDF, VALUES, Page
from workbook.sample_data import Samples
from workbook.sheets import graphs, notes, python_table
from workbook.sheets import samples as samples_sheet
from workbook.sheets.layout import COLUMN_CHARS, GRAPHS, Layout, absolute, quoted, sheet_name
from workbook.sheets.rate import only_numbers
from workbook.sheets.rate_table import RateTable
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from workbook.sheets.start_layout import StartLayout
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network
from xlfuncs.spec import Spec

CHART_COLUMNS = 8
STORY_LINE = 15.5  # points of a line of text
ABOUT = (
    "A small neural network is trained by backpropagation, {rows}, once for each learning rate ɳ. "
    "Every cell of the tables is the formula of that step: click it to see where its number comes from."
)
ABOUT_VALUES = (
    "A small neural network is trained by backpropagation, {rows}, once for each learning rate ɳ. "
    "This workbook holds numbers only; gradsheet build without --formulas values writes the formulas too."
)
ABOUT_UDF = (
    "A small neural network is trained by backpropagation, {rows}, once for each learning rate ɳ. Python "
    "fills each table through one function, ={function}(…), in Excel on Windows; Playground shows the steps one by one."
)
ABOUTS = {NATIVE: ABOUT, VALUES: ABOUT_VALUES, UDF: ABOUT_UDF}
HOW = "Yellow cells are the ones to change: every table and chart follows. ɳ stands in {cell} of each sheet."
DIFFERENCES = (
    "The numbers differ from the published workbook of this exercise (ERA V1, session 6). There, a_h1 is computed "
    "from h1 three rows further down (K28 is =1/(1+EXP(-J31))), which makes the table circular and sets its last rows "
    "to σ(0) = 0.5: at iteration 85 its E_total is off by −1.2 % (ɳ = 0.1), −1.0 % (ɳ = 0.5) and +13.8 % (ɳ = 2), and "
    "the kinks at the end of its curves for ɳ = 0.1 and 0.2 come from that. Its squares use POW(), which neither Excel "
    "nor LibreOffice knows, and one derivation is headed ∂w3 where it derives ∂w4. Here each a_h1 uses the h1 of its "
    "own row; all numbers agree with PyTorch's autograd."
)


def write(
    page: Page,
    layout: Layout,
    tables: list[RateTable],
    run_sheets: list[str],
    samples: Samples | None = None,
    story: str = "",
) -> None:
    """Fill the page; `run_sheets` are the names of the sheets of a training run, if there is one; `story` tells what
    this network is about."""
    start = StartLayout(layout.network)
    last = get_column_letter(max(8, 2 + start.widest))
    _set_up(page, layout)
    page.put("B1", "Backpropagation, cell by cell", "title")
    page.sheet.row_dimensions[1].height = 34
    about = ABOUTS[page.formulas].format(rows=_rows(layout), function=python_table.function_name(layout.network))
    _paragraph(page, f"B2:{last}2", about, height=34)
    if story:
        _paragraph(page, f"B3:{last}3", story, height=STORY_LINE * ceil(len(story) / _line_chars(start)))
    spec = Spec.of(layout.network, samples.batch if samples else 0)
    page.put("B4", f"The network and its data: {spec}", "heading")
    page.put("B5", HOW.format(cell=layout.learning_rate) if page.live else "The start values of every sheet.", "note")
    _settings(page, layout, start)
    _learning_rates(page, layout, start, tables)
    if samples and samples.are_classes:
        _right(page, layout, start, samples, tables)
    for k, name in enumerate(run_sheets):
        page.link(f"{get_column_letter(4 + k)}{start.table_row + len(tables) + 1}", name, f"{quoted(name)}!A1")
    below = start.table_row + len(tables) + 3
    page.put(f"B{below}", "How to read a sheet", "heading")
    _reading(page, layout, below + 1)
    below += 5
    if is_reference(layout, tables):
        page.put(f"B{below + 1}", "These numbers and the published ones", "heading")
        _paragraph(page, f"B{below + 2}:{last}{below + 2}", DIFFERENCES, height=112)
        below += 2
    if notes.wanted(layout, tables):
        below = notes.write(page, layout, tables, below)
    _chart(page, layout, start, tables)
    page.sheet.print_area = f"A1:{get_column_letter(_chart_column(layout) + CHART_COLUMNS - 1)}{below}"


def is_reference(layout: Layout, tables: list[RateTable]) -> bool:
    """Whether this is the exercise's own set-up, to which the published percentages belong."""
    rates = [table.learning_rate for table in tables]
    one = not layout.blocks.several
    return one and layout.network == DEFAULT and layout.iterations == ITERATIONS and set(rates) == set(LEARNING_RATES)


def _set_up(page: Page, layout: Layout) -> None:
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB)
    sheet.column_dimensions["A"].width = 2
    sheet.column_dimensions["B"].width = 24
    for k in range(3, _chart_column(layout)):
        sheet.column_dimensions[get_column_letter(k)].width = COLUMN_CHARS + 1  # in a larger font than the tables'


def _paragraph(page: Page, cells: str, text: str, height: float) -> None:
    first = cells.partition(":")[0]
    page.put(first, text, "text")
    page.sheet.merge_cells(cells)
    page.sheet.row_dimensions[int(first[1:])].height = height


def _line_chars(start: StartLayout) -> int:
    """About how many characters of text fit on a line of a paragraph."""
    return int(24 + (max(8, 2 + start.widest) - 2) * COLUMN_CHARS)


def _settings(page: Page, layout: Layout, start: StartLayout) -> None:
    """The start values, each cell showing its variable's name before the number."""
    network = layout.network
    values: dict[str, float] = {}
    if layout.blocks.several:
        page.put(f"B{start.INPUT_ROW}", "Inputs, targets", "label")
        page.link(f"C{start.INPUT_ROW}", f"Sheet {SAMPLES}", f"{quoted(SAMPLES)}!C{SamplesLayout.HEADER_ROW + 1}")
        page.put(f"D{start.INPUT_ROW}", f"{layout.blocks}", "line")
    else:
        page.put(f"B{start.INPUT_ROW}", "Inputs", "label")
        page.put(f"B{start.INPUT_ROW + 1}", "Targets", "label")
        values |= dict(zip(network.input_names, network.inputs, strict=True))
        values |= dict(zip(network.target_names, network.targets, strict=True))
    values |= {weight.name: weight.start for weight in network.weights}
    values |= {bias.name: bias.start for bias in network.biases}
    for variable, value in values.items():
        ref = start.of(variable)
        page.put(ref, value, "change" if page.live else "linked")
        # The sign is written in each section: a program would put it before the name.
        page.sheet[ref].number_format = ";".join(f'"{variable} =  "{code}' for code in ("General", "-General", "0"))
        page.sheet[ref].alignment = Alignment(horizontal="right", vertical="center", shrink_to_fit=True)
    for weight in network.weights:
        if weight.column == 0:
            row = start.weight(weight)[1:]
            biased = any(start.bias(bias)[1:] == row for bias in network.biases)
            page.put(f"B{row}", f"Weights into {weight.target}{', bias' if biased else ''}", "label")
    if page.live:
        first, last = next(map(start.of, values)), start.weight(network.weights[-1])
        widest = get_column_letter(2 + start.widest)
        only_numbers(page, f"{first}:{widest}{last[1:]}", "Inputs, targets and weights are numbers, such as 0.15.")


def _learning_rates(page: Page, layout: Layout, start: StartLayout, tables: list[RateTable]) -> None:
    """The table of learning rates with what each of them does to the error."""
    top = start.table_row
    page.put(f"B{top - 1}", "What the learning rate does", "heading")
    base = min(layout.blocks.turn, layout.iterations)
    mean = "Mean " if layout.blocks.several else ""
    heads = [
        "Sheet",
        "Learning rate ɳ",
        f"{mean}E_total, {'first iteration' if base == 1 else f'iterations 1–{base}'}",
        f"{mean}E_total, {'' if base == 1 else f'last {base}, '}iteration {layout.iterations}",
        "Error left",
        "Error halved at iteration",
    ]
    for k, head in enumerate(heads):
        page.put(f"{get_column_letter(2 + k)}{top}", head, "table head")
    page.sheet.row_dimensions[top].height = 32
    for row, run in enumerate(tables, start=top + 1):
        sheet = sheet_name(run.learning_rate)
        curve, (at_first, at_last) = run.e_total(layout.network), run.ends(layout.network)
        page.link(f"B{row}", sheet, f"{quoted(sheet)}!A1", "table link")
        where = quoted(sheet)
        page.formula(f"C{row}", f"{where}!{absolute(layout.learning_rate)}", run.learning_rate, "table")
        first, last = (absolute(layout.curve_cell(k)) for k in (base, layout.iterations))
        page.formula(f"D{row}", f"{where}!{first}", float(at_first), "table error")
        page.formula(f"E{row}", f"{where}!{last}", float(at_last), "table error")
        left = float(at_last / at_first) if at_first else ""
        page.formula(f"F{row}", f'IF(D{row}=0,"",E{row}/D{row})', left, "table percent")
        page.formula(f"G{row}", _halved_formula(layout, sheet, row, base), halved(curve, base), "table")
    page.numbers(f"D{top + 1}:E{top + len(tables)}")
    page.link(f"B{top + len(tables) + 1}", "All error charts", f"{quoted(GRAPHS)}!A1")


def _right(page: Page, layout: Layout, start: StartLayout, samples: Samples, tables: list[RateTable]) -> None:
    """How many samples each learning rate has right at last."""
    page.put(f"H{start.table_row}", "Samples right at last", "table head")
    where, count = SamplesLayout(layout.network, layout.blocks.samples), layout.blocks.samples
    for k, table in enumerate(tables):
        formula = f'COUNTIF({where.marks(k)},"{samples_sheet.YES}")&" of {count}"'
        shown = f"{samples_sheet.right_count(layout, samples, table)} of {count}"
        page.formula(f"H{start.table_row + 1 + k}", formula, shown, "table")


def halved(curve: np.ndarray, base: int = 1) -> int | str:
    """The iteration from `base` on at which E_total is first half of what it was there, or a dash.

    `curve` has shape (iterations,).
    """
    below = np.flatnonzero(curve[base - 1 :] <= curve[base - 1] / 2)
    return int(below[0]) + base if below.size else "–"


def _halved_formula(layout: Layout, sheet: str, row: int, base: int) -> str:
    """SUMPRODUCT makes the comparison run over the column without an array formula."""
    errors, iterations = layout.curve_range(sheet, base), layout.steps_range(sheet, base)
    first = f"SUMPRODUCT(MIN(({errors}>$D{row}/2)*1E+9+{iterations}))"
    return f'IF({first}>=1E+9,"–",{first})'


def _reading(page: Page, layout: Layout, row: int) -> None:
    network = layout.network
    letters = layout.column_of
    lines = [
        f"Row {layout.first_row} is iteration 1, with the start values above; {_step(layout)}.",
        f"A row from left to right: targets and inputs ({letters[network.target_names[0]]}–"
        f"{letters[network.input_names[-1]]}), weights{' and biases' if network.biases else ''}, forward pass, errors "
        f"({letters[network.error_names[0]]}–{letters['E_total']}), gradients "
        f"({letters[f'grad_{network.learned[0]}']}–{letters[f'grad_{network.learned[-1]}']}).",
        _update(network),
        "Collapse the rows above a table with the − at the left edge to see more of it.",
    ]
    for k, line in enumerate(lines):
        page.put(f"B{row + k}", line)


def _rows(layout: Layout) -> str:
    """How iterations stand in the tables."""
    return "a block of rows an iteration" if layout.blocks.has_mean else "one iteration a row"


def _step(layout: Layout) -> str:
    """What a training step is on a sheet."""
    batch = layout.blocks.batch
    if batch > 1:
        return (
            f"each block of {batch} rows, a sample each, is one training step. The row below it holds the means of its "
            "errors and gradients"
        )
    return f"each further row is one training step{', with the next sample' if layout.blocks.several else ''}"


def _update(network: Network) -> str:
    """How each weight follows from the row above."""
    weight = network.weights[0].name
    step = f"minus ɳ times its gradient above it: {weight} − ɳ·∂E/∂{weight}"
    if network.optimizer != "sgd":
        step = f"minus the step of {network.optimizer}, whose memory stands in the last columns"
    decays = f"; {network.decay:g}·{weight} is added to the gradient first (weight decay)" if network.decay else ""
    return f"Each weight is the one above it {step}{decays}."


def _chart_column(layout: Layout) -> int:
    """Right of the settings, or of the learning rates' table where that is wider."""
    columns = 6 if layout.blocks.several else 5
    return 3 + max(columns, StartLayout(layout.network).widest) + 1


def _chart(page: Page, layout: Layout, start: StartLayout, tables: list[RateTable]) -> None:
    """All learning rates in one chart, beside the settings."""
    first = get_column_letter(_chart_column(layout))
    last = get_column_letter(_chart_column(layout) + CHART_COLUMNS - 1)
    charts.place(page.sheet, graphs.sweep_chart(layout, tables), f"{first}4", f"{last}{start.table_row + len(tables)}")
