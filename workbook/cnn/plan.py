"""What stands where on the sheet CNN: each stage's maps, kernels and BatchNorm numbers, as blocks of cells.

The gradients stand on a sheet of their own, each in the same cell as what it is the gradient of. Around every map two
rows and columns are blank, so that a window of a gradient may reach over the map's edge and find nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from workbook.cnn.stages import Stage

LEFT = 3
"""The first column of the drawings: a gradient's window reaches two columns to the left of a map."""
ACROSS = 226
"""How many columns the drawings take: eight maps of 26, as wide as a screen."""
GAP = 2
TOP = 44
"""The first row below the digit, its gradient and the answer."""
DIGIT = (8, LEFT)
NORMALISED = (8, LEFT + 36)
LOOKS_AT = (8, LEFT + 72)
SIDE = 28


@dataclass(frozen=True)
class Block:
    """A rectangle of cells, row and column from 1."""

    row: int
    column: int
    height: int
    width: int

    def cell(self, r: int = 0, c: int = 0, *, fixed: bool = False) -> str:
        """The cell r rows and c columns from its first one."""
        letter = get_column_letter(self.column + c)
        return f"${letter}${self.row + r}" if fixed else f"{letter}{self.row + r}"

    def cells(self, *, fixed: bool = False) -> str:
        """All of it, such as C5:F9."""
        return f"{self.cell(fixed=fixed)}:{self.cell(self.height - 1, self.width - 1, fixed=fixed)}"

    def part(self, r: int, c: int, height: int, width: int) -> Block:
        """A rectangle in it, or reaching over it."""
        return Block(self.row + r, self.column + c, height, width)


CONTROLS_ROW, CONTROL_COLUMNS = 5, 18
CHOICE, SWITCH, CLASS = (Block(CONTROLS_ROW, LEFT + at, 1, CONTROL_COLUMNS) for at in (18, 58, 112))
"""The yellow cells: which digit; gradients on or off; of which class's loss."""
ON, OFF = "on", "off"


@dataclass(frozen=True)
class Place:
    """Where a stage stands: its heading's row, a block a map, a block a kernel of each map, its numbers a map.

    `numbers` holds a map's γ, β, mean, variance, scale and shift in a row, or its bias alone; none of these may be
    there. `last` is the last row that it takes.
    """

    stage: Stage
    heading: int
    maps: tuple[Block, ...]
    kernels: tuple[tuple[Block, ...], ...]
    numbers: tuple[Block, ...]
    last: int


def plan(stages: tuple[Stage, ...], side: int = SIDE) -> list[Place]:
    """The places of all stages below one another, for images of that side."""
    found: list[Place] = []
    row = TOP
    for stage in stages:
        channels = len(stage.kernels) or len(found[-1].maps)
        side = _side_behind(stage, side)
        place = (
            _vectors(stage, row, channels) if side == 1 and stage.kind == "mix" else _maps(stage, row, channels, side)
        )
        found.append(place)
        row = place.last + 3
    return found


def _side_behind(stage: Stage, side: int) -> int:
    if stage.kind == "convolution":
        return side - stage.kernels.shape[2] + 1
    return side // stage.side


def _maps(stage: Stage, top: int, channels: int, side: int) -> Place:
    """Maps beside one another, the kernels and numbers of each below it."""
    sources, kernel = (stage.kernels.shape[1], stage.kernels.shape[2]) if len(stage.kernels) else (0, 0)
    width = max(side, min(sources, 5) * kernel if side < 15 else 0, 6 if stage.norm else 0)
    slot = width + GAP
    lines = -(-channels // (ACROSS // slot))
    a_line = -(-channels // lines)
    per_row = max(1, width // kernel) if kernel else 1
    kernel_rows = -(-sources // per_row) * kernel
    numbers = 6 if stage.norm else 1 if stage.bias is not None else 0
    height = GAP + side + GAP + kernel_rows + (1 if numbers else 0)
    maps, kernels, values = [], [], []
    for k in range(channels):
        row, column = top + 2 + (k // a_line) * (height + 1) + GAP, LEFT + (k % a_line) * slot
        maps.append(Block(row, column, side, side))
        below = row + side + GAP
        places = [divmod(source, per_row) for source in range(sources)]
        kernels.append(tuple(Block(below + r * kernel, column + c * kernel, kernel, kernel) for r, c in places))
        if numbers:
            values.append(Block(below + kernel_rows, column, 1, numbers))
    last = top + 2 + lines * (height + 1)
    return Place(stage, top, tuple(maps), tuple(kernels), tuple(values), last)


def _vectors(stage: Stage, top: int, channels: int) -> Place:
    """Numbers below one another, each beside the row of its weights."""
    sources = stage.kernels.shape[1]
    first = top + 2 + GAP
    weights = [tuple(Block(first + k, LEFT + c, 1, 1) for c in range(sources)) for k in range(channels)]
    bias = LEFT + sources + GAP
    numbers = [Block(first + k, bias, 1, 1) for k in range(channels)] if stage.bias is not None else []
    at = bias + (2 * GAP if numbers else 0)
    maps = [Block(first + k, at, 1, 1) for k in range(channels)]
    return Place(stage, top, tuple(maps), tuple(weights), tuple(numbers), first + channels)
