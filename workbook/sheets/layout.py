"""What stands where: every cell address of a learning-rate sheet, for a network of any size.

For 2-2-2 these are the reference sheet's own cells: forward formulas in A13:A24, ɳ in H17, derivations from K1, the
chart at AA9, the table's header in row 27, its data from row 28 in the columns A to AF.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from openpyxl.utils import get_column_letter

from workbook.parts.references import absolute, quoted
from workbook.sheets.blocks import ONE, SAMPLE, Blocks
from workbook.sheets.chosen_weight import COLUMNS as PANEL_COLUMNS
from workbook.sheets.chosen_weight import Panel
from xlfuncs import explain
from xlfuncs.errors import LimitError
from xlfuncs.limits import MAX_COLUMNS, MAX_ROWS
from xlfuncs.network import Column, Network
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
        raise LimitError(f"A {spec} network needs {columns:,} columns; Excel has {MAX_COLUMNS:,}: use fewer units.")


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
    """The addresses on a learning-rate sheet of `network` with `iterations`, each a row, or a block of rows."""

    network: Network
    iterations: int
    blocks: Blocks = ONE

    def __post_init__(self):
        """Refuse what Excel can't hold, with one sentence."""
        if self.last_row > MAX_ROWS:
            at_most = (MAX_ROWS - self.header_row) // self.blocks.height
            rows = f" of {self.blocks.height:,} rows each" if self.blocks.has_mean else ""
            raise LimitError(
                f"--iterations {self.iterations:,}{rows} is more than Excel has rows: a sheet of this network has room "
                f"for {at_most:,}."
            )
        if self.last_column > MAX_COLUMNS:
            raise LimitError(
                f"A {Spec.of(self.network)} network with samples needs {self.last_column:,} columns; Excel has "
                f"{MAX_COLUMNS:,}: use fewer units."
            )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns from left to right: the network's, and which sample a row has."""
        first, *others = self.network.columns
        return (first, *([SAMPLE] if self.blocks.several else []), *others)

    @cached_property
    def column_of(self) -> dict[str, str]:
        """The column letter of each variable."""
        return {column.name: get_column_letter(k) for k, column in enumerate(self.columns, start=1)}

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
        """The last row of the last iteration."""
        return self.header_row + self.iterations * self.blocks.height

    def row_of(self, iteration: int, sample: int = 0) -> int:
        """The row of an iteration (from 1), or of its block's second sample (1), third, …"""
        return self.first_row + (iteration - 1) * self.blocks.height + sample

    def result_row(self, iteration: int) -> int:
        """The row of an iteration's errors and gradients: its own, or that of its means."""
        return self.row_of(iteration, self.blocks.height - 1)

    @cached_property
    def curve_columns(self) -> tuple[str, ...]:
        """Right of the table, where there are several samples: the iteration, its E_total, and the mean over a turn."""
        if not self.blocks.several:
            return ()
        first = len(self.columns) + 2
        return tuple(get_column_letter(first + k) for k in range(3 if self.blocks.turn > 1 else 2))

    @property
    def last_column(self) -> int:
        """The number of the table's last column, or of the curve's right of it."""
        return len(self.columns) + (1 + len(self.curve_columns) if self.curve_columns else 0)

    def curve_cell(self, iteration: int) -> str:
        """The cell of the error that the charts show of an iteration."""
        letter = self.curve_columns[-1] if self.curve_columns else self.column_of["E_total"]
        return f"{letter}{self.first_row + iteration - 1}"

    def curve_range(self, sheet: str | None = None, first: int = 1) -> str:
        """The errors that the charts show, a cell an iteration, from the first one wanted."""
        letter = self.curve_columns[-1] if self.curve_columns else self.column_of["E_total"]
        return self._by_iteration(letter, sheet, first)

    def steps_range(self, sheet: str | None = None, first: int = 1) -> str:
        """The iterations that belong to `curve_range`."""
        letter = self.curve_columns[0] if self.curve_columns else self.column_of["iteration"]
        return self._by_iteration(letter, sheet, first)

    def _by_iteration(self, letter: str, sheet: str | None, first: int) -> str:
        cells = f"${letter}${self.header_row + first}:${letter}${self.header_row + self.iterations}"
        return f"{quoted(sheet)}!{cells}" if sheet else cells

    def column_range(self, variable: str, sheet: str | None = None) -> str:
        """A variable's data cells, $X$28:$X$112, with the sheet's name where one is given."""
        letter = self.column_of[variable]
        cells = f"${letter}${self.first_row}:${letter}${self.last_row}"
        return f"{quoted(sheet)}!{cells}" if sheet else cells

    def row_range(self, row: int) -> str:
        """All cells of one of the table's rows, $A$28:$AF$28."""
        first, last = self.columns[0].name, self.columns[-1].name
        return f"{absolute(self.cell(first, row))}:{absolute(self.cell(last, row))}"

    @property
    def chart_column(self) -> int:
        """The first column of the error chart: AA, or right of the derivations."""
        return FIRST_BOX_COLUMN + (PANEL_COLUMNS if self.panel else self._boxes_a_line * BOX_COLUMNS)


def column_px(chars: float = COLUMN_CHARS) -> int:
    """The width on Excel's screen, in pixels, of a column that is so many characters wide in the file (Calibri 11)."""
    return int((256 * chars + 128 // 7) / 256 * 7)
