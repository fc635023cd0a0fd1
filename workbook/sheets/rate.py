"""One sheet a learning rate: the table, and above it the picture, the formulas, ɳ, the derivations and the chart."""

from math import ceil

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.parts import charts, texts
from workbook.parts.page import TABLE_TAB, UDF, Page
from workbook.parts.texts import plain
from workbook.sheets import derivations, error_charts, network_picture
from workbook.sheets.layout import (
    CHART_COLUMNS,
    COLUMN_CHARS,
    GRAPHS,
    ITERATION_CHARS,
    NAMES_ROW,
    PICTURE_ROW,
    START,
    Layout,
    absolute,
    quoted,
)
from workbook.sheets.rate_table import RateTable
from workbook.sheets.rate_table import write as write_table
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from workbook.sheets.start_layout import StartLayout
from xlfuncs.expression import text

BY_PYTHON, BY_FORMULAS = "computed by Python", "computed by plain formulas (no Python here)"
# As an array, so that a program without the function doesn't show the answer of another one. It counts a row of the
# table, so that it is asked again whenever the table is computed again: macros may be blocked by then.
BY_WHOM = f'IF(ISERROR(BP_SIGMOID(0*COUNT({{row}}))),"{BY_FORMULAS}","{BY_PYTHON}")'
ERRORS = {
    "half-squared": "half squared errors and their sum E_total",
    "squared": "squared errors and their sum E_total",
    "mean-squared": "squared errors and their mean E_total",
    "binary-cross-entropy": "binary cross-entropy of each output and its sum E_total",
    "cross-entropy": "cross-entropy of each output and its sum E_total",
}
FORWARD_CHARS = 130  # of a forward formula, which runs on to the derivations
MOST_CHART_ROWS = 26  # however far down the table begins
PRINTED_COLUMNS = 36  # on one page across; more would be too small to read


def write(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """Fill the page."""
    learning_rate = rate_table.learning_rate
    row = rate_table.first_row(layout.network)
    _set_up(page, layout)
    _names(page, layout)
    _headings(page, layout, learning_rate)
    _data_list(page, layout, row)
    _forward_formulas(page, layout)
    _learning_rate(page, layout, learning_rate)
    derivations.write(page, layout, row)
    _legend(page, layout)
    _chart(page, layout, rate_table)
    write_table(page, layout, rate_table)
    page.shapes.append(network_picture.anchor(layout, row))


def _set_up(page: Page, layout: Layout) -> None:
    """Widths, frozen names, zoom, outline and print set-up."""
    sheet = page.sheet
    last_column = max(layout.last_column, layout.chart_column + CHART_COLUMNS - 1)
    for k in range(1, last_column + 1):
        sheet.column_dimensions[get_column_letter(k)].width = ITERATION_CHARS if k == 1 else COLUMN_CHARS
    # Two rows only: a window may be low, and what is frozen can't be scrolled away.
    counted, free = ("B", "C") if layout.blocks.several else ("A", "B")
    sheet.freeze_panes = f"{free}{NAMES_ROW + 1}"
    sheet.sheet_view.zoomScale = 85
    page.prepare(TABLE_TAB, paper="A3", pages_across=ceil(layout.last_column / PRINTED_COLUMNS))
    sheet.sheet_properties.outlinePr.summaryBelow = False
    sheet.sheet_format.outlineLevelRow = 1
    sheet.row_dimensions.group(NAMES_ROW + 1, layout.header_row, outline_level=1)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "gradsheet · &A", "page &P of &N"
    sheet.print_title_rows = f"{NAMES_ROW}:{NAMES_ROW}"
    sheet.print_title_cols = f"A:{counted}"
    sheet.print_area = f"A1:{get_column_letter(last_column)}{layout.last_row}"


def _names(page: Page, layout: Layout) -> None:
    for column in layout.columns:
        page.put(f"{layout.column_of[column.name]}{NAMES_ROW}", column.label, f"names {column.group}")


def _headings(page: Page, layout: Layout, learning_rate: float) -> None:
    page.formula(
        "A1",
        f'"Training at learning rate ɳ = "&{absolute(layout.learning_rate)}',
        f"Training at learning rate ɳ = {plain(learning_rate)}",
        "heading",
    )
    page.put(f"A{layout.forward_row}", "Forward Propagation", "heading")
    page.formula(
        error_charts.subtitle_cell(layout),
        f'"Learning Rate (ɳ) = "&{absolute(layout.learning_rate)}',
        error_charts.subtitle(learning_rate),
        "chart title",
    )
    last = get_column_letter(layout.chart_column + CHART_COLUMNS - 1)
    page.sheet.merge_cells(f"{error_charts.subtitle_cell(layout)}:{last}1")
    page.sheet.row_dimensions[1].height = 24


def _data_list(page: Page, layout: Layout, row: dict[str, float]) -> None:
    """Inputs and targets beside the picture."""
    network = layout.network
    variables = [*network.input_names, *network.target_names]
    for k, variable in enumerate(variables, start=PICTURE_ROW):
        page.put(f"H{k}", f"{'input' if variable in network.input_names else 'target'} {variable}", "label")
        page.formula(f"I{k}", layout.cell(variable, layout.first_row), row[variable], "linked")
    below = PICTURE_ROW + len(variables)
    page.numbers(f"I{PICTURE_ROW}:I{below - 1}")
    if page.live:
        for k, line in enumerate(("The picture follows the cells in Excel;", "LibreOffice keeps it as it was built.")):
            page.put(f"H{below + 1 + k}", line, "note")


def _forward_formulas(page: Page, layout: Layout) -> None:
    shown = [c for c in layout.network.columns if c.group in ("hidden", "output", "error")]
    for k, column in enumerate(shown, start=layout.forward_row + 1):
        page.put(f"A{k}", shortened(f"{column.label} = {text(column.formula)}"), "formula")


def shortened(line: str) -> str:
    """A formula with a sum too long for its place without the middle of it."""
    terms = line.split(" + ")
    return line if len(line) <= FORWARD_CHARS or len(terms) < 5 else " + ".join([*terms[:2], "…", *terms[-2:]])


def _learning_rate(page: Page, layout: Layout, learning_rate: float) -> None:
    row = int(layout.learning_rate[1:])
    page.put(f"H{row - 1}", "Learning rate (ɳ)", "note")
    page.put(layout.learning_rate, learning_rate, "change" if page.live else "linked")
    if page.live:
        page.put(f"H{row + 1}", "← change it: all below follows", "note")
        if page.formulas == UDF:
            by_whom = BY_WHOM.format(row=layout.row_range(layout.first_row))
            page.array(f"H{row + 2}:H{row + 2}", by_whom, [[BY_PYTHON]], "note")
        _links_to_settings(page, layout, row + 2)
        only_numbers(page, layout.learning_rate, "The learning rate ɳ is one number, such as 0.5.")
    else:
        page.link(f"H{row + 3}", "Start", f"{quoted(START)}!A1")
    page.link(f"H{row + 4}", "All learning rates: charts", f"{quoted(GRAPHS)}!A1")


def _links_to_settings(page: Page, layout: Layout, row: int) -> None:
    """Where the table's yellow cells are: on Start, or of several samples also on their own sheet."""
    start = StartLayout(layout.network)
    if layout.blocks.several:
        where = SamplesLayout(layout.network, layout.blocks.samples)
        first = where.column(layout.network.input_names[0])
        page.link(f"H{row}", "Inputs, targets: Samples", f"{quoted(SAMPLES)}!{first}{where.first_row}")
        page.link(f"H{row + 1}", "Weights: Start", f"{quoted(START)}!{start.weight(layout.network.weights[0])}")
    else:
        page.link(f"H{row + 1}", "Inputs, targets, weights: Start", f"{quoted(START)}!{start.input(0)}")


def only_numbers(page: Page, cells: str, sentence: str) -> None:
    """Let Excel refuse anything but a number in `cells`, with our sentence."""
    rule = DataValidation(type="decimal", operator="between", formula1="-1E+100", formula2="1E+100", allow_blank=False)
    rule.errorTitle, rule.error, rule.showErrorMessage = "A number is needed", sentence, True
    page.sheet.add_data_validation(rule)
    rule.add(cells)


def _legend(page: Page, layout: Layout) -> None:
    """What the colours mean, above the chart."""
    letter, beside = (get_column_letter(layout.chart_column + k) for k in (0, 1))
    for k, (group, (names, meaning)) in enumerate(_meanings(layout).items(), start=NAMES_ROW + 1):
        page.put(f"{letter}{k}", names, f"head {group}")
        page.put(f"{beside}{k}", meaning, "formula")


def _meanings(layout: Layout) -> dict[str, tuple[str, str]]:
    """Of each group of columns the names and what they are."""
    network = layout.network
    before = "input" if len(network.layers) < 3 else "the layer before"
    gradient = f"(gradient + {network.decay:g}·w)" if network.decay else "gradient"
    step = f"ɳ·{gradient}" if network.optimizer == "sgd" else f"the step of {network.optimizer}"
    hidden = texts.listing(list(dict.fromkeys(_then(layer.activation) for layer in network.layers[:-1])) or ["σ"], "or")
    added = " + bias" if network.biases else ""
    source = "a_h" if len(network.layers) > 1 else "input"
    data = "of the row's sample" if layout.blocks.several else "constant"
    meanings = {
        "input": ("i, t", f"inputs and targets: {data}"),
        "weight": ("w", f"weights: the row above minus {step}"),
        "bias": ("b", f"biases: {'learned as weights are' if any(b.learned for b in network.biases) else 'fixed'}"),
        "hidden": ("h, a_h", f"hidden units: Σ {before}·weight{added}, then {hidden}"),
        "output": ("o, a_o", f"output units: Σ {source}·weight{added}, then {_then(network.layers[-1].activation)}"),
        "error": ("E", ERRORS[network.loss]),
        "delta": (
            "∂E/∂h" if len(network.layers) > 2 else "∂E/∂o",
            "derivatives of E_total by each sum, from the last layer back",
        ),
        "gradient": ("∂E/∂w", "gradients of E_total"),
        "state": ("m, s, v", f"what {network.optimizer} remembers of each gradient"),
    }
    groups = {column.group for column in network.columns}
    return {group: meaning for group, meaning in meanings.items() if group in groups}


def _then(activation: str) -> str:
    return {"sigmoid": "σ", "relu": "ReLU", "leaky-relu": "leaky ReLU"}.get(activation, activation)


def _chart(page: Page, layout: Layout, rate_table: RateTable) -> None:
    top = NAMES_ROW + 1 + len(_meanings(layout))
    first = get_column_letter(layout.chart_column)
    last = get_column_letter(layout.chart_column + CHART_COLUMNS - 1)
    chart = error_charts.error_chart(
        layout, page.sheet.title, rate_table.learning_rate, rate_table.e_total(layout.network)
    )
    bottom = min(layout.header_row - 1, top + MOST_CHART_ROWS - 1)
    charts.place(page.sheet, chart, f"{first}{top}", f"{last}{bottom}")
