"""Very many cells as XML: formulas that a block shares, with the value of each, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.sax.saxutils import escape

import numpy as np

from workbook.cnn.plan import Block

Array = np.ndarray


class Grid:
    """The cells of a sheet's drawings, filled block by block and written row by row."""

    def __init__(self, style: int, *, live: bool):
        """All cells get that style; without `live` they hold their values alone."""
        self._style, self._live, self._shared = style, live, 0
        self._rows: dict[int, dict[int, str]] = defaultdict(dict)

    def values(self, block: Block, values: Array) -> None:
        """Plain numbers, float64 (height, width)."""
        for r, row in enumerate(values.tolist()):
            for c, value in enumerate(row):
                self._put(block.row + r, block.column + c, "", value)

    def copied(self, block: Block, formula: str, values: Array) -> None:
        """One formula in the first cell, copied over the block."""
        if block.height * block.width == 1:
            self.formula(block, 0, 0, formula, float(values[0, 0]))
            return
        first = f'<f t="shared" ref="{block.cells()}" si="{self._shared}">{escape(formula)}</f>'
        others = f'<f t="shared" si="{self._shared}"/>'
        self._shared += 1
        for r, row in enumerate(values.tolist()):
            for c, value in enumerate(row):
                self._put(block.row + r, block.column + c, others if r or c else first, value)

    def formula(self, block: Block, r: int, c: int, formula: str, value: float) -> None:
        """A formula of its own."""
        self._put(block.row + r, block.column + c, f"<f>{escape(formula)}</f>", value)

    def _put(self, row: int, column: int, formula: str, value: float) -> None:
        # -0.0 and 0.0 are one number in a sheet
        self._rows[row][column] = f"{formula if self._live else ''}<v>{value + 0.0!r}</v>"

    @property
    def last_row(self) -> int:
        """The lowest row that holds a cell."""
        return max(self._rows)

    def xml(self, letters: list[str], first: int, last: int, height: float) -> Iterator[str]:
        """The rows from `first` to `last`, `height` points high; `letters` are the columns' names from A."""
        for row in range(first, last + 1):
            cells = "".join(
                f'<c r="{letters[c - 1]}{row}" s="{self._style}">{content}</c>'
                for c, content in sorted(self._rows.get(row, {}).items())
            )
            yield f'<row r="{row}" ht="{height:g}" customHeight="1">{cells}</row>'
