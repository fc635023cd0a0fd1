"""What stands where: every cell address of a learning-rate sheet and of Start, for a network of any size.

For 2-2-2 these are the reference sheet's own cells: forward formulas in A13:A24, ɳ in H17, derivations from K1, the
chart at AA9, the table's header in row 27, its data from row 28 in the columns A to AF.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from openpyxl.utils import column_index_from_string, get_column_letter

from workbook.parts.references import absolute, quoted
from workbook.sheets.chosen_weight import COLUMNS as PANEL_COLUMNS
from workbook.sheets.chosen_weight import Panel
from xlfuncs import explain
from xlfuncs.errors import GradsheetError
from xlfuncs.limits import MAX_COLUMNS, MAX_ROWS
from xlfuncs.network import Bias, Network, Weight
from xlfuncs.spec import Spec

MAX_FORMULA = 8_192  # characters
ROW_PX = 20  # a row of Excel's default height (15 pt) on the screen
COLUMN_CHARS = 14.5  # of a number's column: -4.541250E-09 and -1000.00000000 need 13, and fonts differ
ITERATION_CHARS = 9
NAMES_ROW = 2  # the columns' names once more, in sight however far down the table is scrolled
PICTURE_ROW = NAMES_ROW + 1
MAX_PICTURE_PX = 640  # higher than this, the picture leaves out the weights' labels
BOX_COLUMNS = 4
MOST_BOXES = 20  # derivations that somebody will look at, and that a page can hold
FIRST_BOX_COLUMN = 11  # K
CHART_COLUMNS = 6
LINE_CHARS, RESULT_CHARS = 47, 52  # what fits on one line of a box, and of its bold result
START = "Start"
GRAPHS = "Error_LR Graphs"


def sheet_name(learning_rate: float) -> str:
    """LR=0.1, LR=2.0."""
    return f"LR={learning_rate!r}"


def check_size(spec: Spec) -> None:
    """Refuse a network whose table is wider than Excel's sheets, before anything of that size is made."""
    columns = spec.column_count
    if columns > MAX_COLUMNS:
        raise GradsheetError(f"A {spec} network needs {columns:,} columns; Excel has {MAX_COLUMNS:,}: use fewer units.")


@dataclass(frozen=True)
class Box:
    """The place of a weight's or a bias's derivation: its top left cell, its lines with the rows that each needs."""

    learned: str
    column: int
    row: int
    lines: tuple[tuple[explain.Step, int], ...]

    @property
    def bottom(self) -> int:
        """Its last row: below the title and the chain rule stand the lines."""
        return self.row + 1 + sum(rows for _, rows in self.lines)

    @property
    def numbers(self) -> str:
        """The cells of its numbers, at the right of its lines."""
        letter = get_column_letter(self.column + BOX_COLUMNS - 1)
        return f"{letter}{self.row + 2}:{letter}{self.bottom}"


def _lines(network: Network, learned: str) -> tuple[tuple[explain.Step, int], ...]:
    """The steps that a box shows, each with the rows its text needs."""
    shown = [step for step in explain.steps(network, learned) if step.kind != explain.FACTOR]
    widths = [RESULT_CHARS if step.kind == explain.RESULT else LINE_CHARS for step in shown]
    return tuple(
        (step, ceil(len(f"{step.symbol} = {step.text}") / width)) for step, width in zip(shown, widths, strict=True)
    )


@dataclass(frozen=True)
class Layout:
    """The addresses on a learning-rate sheet of `network` with `iterations` rows."""

    network: Network
    iterations: int

    def __post_init__(self):
        """Refuse what Excel can't hold, with one sentence."""
        if self.last_row > MAX_ROWS:
            at_most = MAX_ROWS - self.header_row
            raise GradsheetError(
                f"--iterations {self.iterations:,} is more than Excel has rows: a sheet of this network has room for "
                f"{at_most:,}."
            )

    @cached_property
    def column_of(self) -> dict[str, str]:
        """The column letter of each variable."""
        return {name: get_column_letter(k) for k, name in enumerate(self.network.column_names, start=1)}

    def cell(self, variable: str, row: int) -> str:
        """Where a variable of the table stands in `row`."""
        return f"{self.column_of[variable]}{row}"

    def reference(self, row: int):
        """For `expression.excel`: a variable's reference as the formulas of `row` write it."""

        def of(variable: str, is_previous: bool) -> str:
            if variable == "learning_rate":
                return absolute(self.learning_rate)
            return self.cell(variable, row - is_previous)

        return of

    @property
    def learning_rate(self) -> str:
        """The cell of ɳ: H17 unless a long list of inputs and targets pushes it down."""
        listed = len(self.network.inputs) + len(self.network.targets)
        return f"H{max(17, 2 + listed + 6)}"

    @cached_property
    def picture_px(self) -> tuple[int, int]:
        """Width and height of the network picture, which covers A3:G… above the forward formulas."""
        widest = max(self.network.sizes)
        # A node's edges fan out towards the next layer: this far apart, the labels on them don't touch.
        labelled = widest * max(70, 13 * (max(self.network.sizes[1:]) + 1))
        height = labelled if labelled <= MAX_PICTURE_PX else widest * 48
        return column_px(ITERATION_CHARS) + 6 * column_px(), max(height, 10 * ROW_PX)

    @property
    def forward_row(self) -> int:
        """The row of the title Forward Propagation; its formulas follow below."""
        return PICTURE_ROW + ceil(self.picture_px[1] / ROW_PX)

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """The weights and biases that have a box with their derivation: all of them, or of a large network none."""
        learned = self.network.learned
        return learned if len(learned) <= MOST_BOXES else ()

    @cached_property
    def panel(self) -> Panel | None:
        """The place of one chosen weight's derivation, where there are no boxes."""
        return None if self.derived else Panel(self.network, FIRST_BOX_COLUMN)

    @property
    def _boxes_a_line(self) -> int:
        return ceil(len(self.derived) / 2)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The derivation boxes: two lines of them over the table's width."""
        per_line = self._boxes_a_line
        found: list[Box] = []
        top = 3
        for k, learned in enumerate(self.derived):
            line, place = divmod(k, per_line)
            if line and not place:
                top = max(box.bottom for box in found) + 2
            column = FIRST_BOX_COLUMN + place * BOX_COLUMNS
            found.append(Box(learned, column, top, _lines(self.network, learned)))
        return tuple(found)

    @cached_property
    def header_row(self) -> int:
        """The table's header: 27, or lower where more has to stand above it."""
        network = self.network
        forward_lines = sum(2 * layer.size for layer in network.layers) + len(network.targets) + 1
        lr_row = int(self.learning_rate[1:])
        return max(
            27,
            self.forward_row + forward_lines + 3,
            (self.panel or max(self.boxes, key=lambda box: box.bottom)).bottom + 2,
            lr_row + 10,
        )

    @property
    def first_row(self) -> int:
        """The row of iteration 1."""
        return self.header_row + 1

    @property
    def last_row(self) -> int:
        """The row of the last iteration."""
        return self.header_row + self.iterations

    def column_range(self, variable: str, sheet: str | None = None) -> str:
        """A variable's data cells, $X$28:$X$112, with the sheet's name where one is given."""
        letter = self.column_of[variable]
        cells = f"${letter}${self.first_row}:${letter}${self.last_row}"
        return f"{quoted(sheet)}!{cells}" if sheet else cells

    def row_range(self, row: int) -> str:
        """All cells of one of the table's rows, $A$28:$AF$28."""
        names = self.network.column_names
        return f"{absolute(self.cell(names[0], row))}:{absolute(self.cell(names[-1], row))}"

    @property
    def chart_column(self) -> int:
        """The first column of the error chart: AA, or right of the derivations."""
        return FIRST_BOX_COLUMN + (PANEL_COLUMNS if self.panel else self._boxes_a_line * BOX_COLUMNS)


@dataclass(frozen=True)
class StartLayout:
    """The addresses of the settings on the Start sheet."""

    network: Network

    INPUT_ROW = 7

    def input(self, k: int) -> str:
        """The cell of i1 (k = 0), i2, …"""
        return f"{get_column_letter(3 + k)}{self.INPUT_ROW}"

    def target(self, k: int) -> str:
        """The cell of t1 (k = 0), t2, …"""
        return f"{get_column_letter(3 + k)}{self.INPUT_ROW + 1}"

    def weight(self, weight: Weight) -> str:
        """The cell of a start weight: a row a unit, a column an input of the layer."""
        above = sum(layer.size for layer in self.network.layers[: weight.layer])
        return f"{get_column_letter(3 + weight.column)}{self.INPUT_ROW + 2 + above + weight.row}"

    def bias(self, bias: Bias) -> str:
        """The cell of a bias: right of the weights into its unit, or into the first of its units."""
        row = self.network.place(bias.targets[0])[1]
        last = self.network.incoming(bias.layer, row)[-1]
        letters = self.weight(last).rstrip("0123456789")
        return f"{get_column_letter(column_index_from_string(letters) + 1)}{self.weight(last)[len(letters) :]}"

    @property
    def widest(self) -> int:
        """How many cells the longest row of settings has."""
        biases = any(layer.biases for layer in self.network.layers)
        return max(self.network.sizes) + biases

    def of(self, variable: str) -> str:
        """The cell of an input, a target, a weight or a bias, by its name."""
        if variable in self.network.input_names:
            return self.input(self.network.input_names.index(variable))
        if variable in self.network.target_names:
            return self.target(self.network.target_names.index(variable))
        bias = next((bias for bias in self.network.biases if bias.name == variable), None)
        return self.bias(bias) if bias else self.weight(self.network.weight(variable))

    @property
    def table_row(self) -> int:
        """The header row of the learning rates' table."""
        return self.INPUT_ROW + 2 + sum(layer.size for layer in self.network.layers) + 3


def column_px(chars: float = COLUMN_CHARS) -> int:
    """The width on Excel's screen, in pixels, of a column that is so many characters wide in the file (Calibri 11)."""
    return int((256 * chars + 128 // 7) / 256 * 7)
