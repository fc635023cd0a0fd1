"""What stands where: every cell address of a learning-rate sheet and of Start, for a network of any size.

For 2-2-2 these are the reference sheet's own cells: forward formulas in A13:A24, ɳ in H17, derivations from K1, the
chart at AA9, the table's header in row 27, its data from row 28 in the columns A to AF.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from openpyxl.utils import get_column_letter

from workbook.references import absolute, quoted
from xlfuncs import explain
from xlfuncs.errors import GradsheetError
from xlfuncs.network import Network, Weight
from xlfuncs.ranges import MAX_ROWS

MAX_COLUMNS = 16_384  # of an Excel sheet
MAX_FORMULA = 8_192  # characters
ROW_PX = 20  # a row of Excel's default height (15 pt) on the screen
COLUMN_CHARS = 12
MAX_PICTURE_PX = 640  # higher than this, the picture leaves out the weights' labels
BOX_COLUMNS = 4
FIRST_BOX_COLUMN = 11  # K
CHART_COLUMNS = 6
LINE_CHARS, RESULT_CHARS = 47, 52  # what fits on one line of a box, and of its bold result
START = "Start"
GRAPHS = "Error_LR Graphs"


def sheet_name(learning_rate: float) -> str:
    """LR=0.1, LR=2.0."""
    return f"LR={learning_rate!r}"


def check_size(sizes: tuple[int, int, int]) -> None:
    """Refuse a network whose table is wider than Excel's sheets, before anything of that size is made."""
    n_in, n_hidden, n_out = sizes
    weights = n_hidden * (n_in + n_out)
    table = 2 + n_in + 2 * n_hidden + 4 * n_out + 2 * weights
    columns = max(table, FIRST_BOX_COLUMN + BOX_COLUMNS * ceil(weights / 2) + CHART_COLUMNS)
    if columns > MAX_COLUMNS:
        size = "-".join(map(str, sizes))
        raise GradsheetError(f"A {size} network needs {columns:,} columns; Excel has {MAX_COLUMNS:,}: use fewer units.")


@dataclass(frozen=True)
class Box:
    """The place of one weight's derivation: its top left cell, and its lines with the rows that each needs."""

    weight: Weight
    column: int
    row: int
    lines: tuple[tuple[explain.Step, int], ...]

    @property
    def bottom(self) -> int:
        """Its last row: below the title and the chain rule stand the lines."""
        return self.row + 1 + sum(rows for _, rows in self.lines)


def _lines(network: Network, weight: Weight) -> tuple[tuple[explain.Step, int], ...]:
    """The steps that a box shows, each with the rows its text needs."""
    shown = [step for step in explain.steps(network, weight) if step.kind != explain.FACTOR]
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
        return f"H{max(17, 2 + listed + 4)}"

    @cached_property
    def picture_px(self) -> tuple[int, int]:
        """Width and height of the network picture, which covers A2:G… above the forward formulas."""
        widest = max(self.network.sizes)
        # A node's edges fan out towards the next layer: this far apart, the labels on them don't touch.
        labelled = widest * max(70, 13 * (max(self.network.sizes[1:]) + 1))
        height = labelled if labelled <= MAX_PICTURE_PX else widest * 48
        return 7 * column_px(), max(height, 11 * ROW_PX)

    @property
    def forward_row(self) -> int:
        """The row of the title Forward Propagation; its formulas follow below."""
        return 2 + ceil(self.picture_px[1] / ROW_PX)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """The derivation boxes: two lines of them over the table's width."""
        per_line = ceil(len(self.network.weights) / 2)
        found: list[Box] = []
        top = 3
        for k, weight in enumerate(self.network.weights):
            line, place = divmod(k, per_line)
            if line and not place:
                top = max(box.bottom for box in found) + 2
            column = FIRST_BOX_COLUMN + place * BOX_COLUMNS
            found.append(Box(weight, column, top, _lines(self.network, weight)))
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
            max(box.bottom for box in self.boxes) + 2,
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

    @property
    def chart_column(self) -> int:
        """The first column of the error chart: AA, or right of the derivations."""
        return max(FIRST_BOX_COLUMN + ceil(len(self.network.weights) / 2) * BOX_COLUMNS, 1)


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

    def of(self, variable: str) -> str:
        """The cell of an input, a target or a weight, by its name."""
        if variable in self.network.input_names:
            return self.input(self.network.input_names.index(variable))
        if variable in self.network.target_names:
            return self.target(self.network.target_names.index(variable))
        return self.weight(self.network.weight(variable))

    @property
    def table_row(self) -> int:
        """The header row of the learning rates' table."""
        return self.INPUT_ROW + 2 + sum(layer.size for layer in self.network.layers) + 3


def column_px(chars: float = COLUMN_CHARS) -> int:
    """The width on the screen of a column so many characters wide (Calibri 11: 7 pixels a digit, 5 of padding)."""
    return int(chars * 7 + 5)
