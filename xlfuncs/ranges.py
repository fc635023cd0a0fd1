"""What stands in a range, as numbers; what doesn't fit gets a sentence that names the argument, the cell and the cure.

Excel hands over a range as rows of cells (or one bare value). Classic xlwings gives blanks as None, dates as datetime,
currency as Decimal and errors as text or int (see `xlfuncs.cells`); xlwings Server gives blanks as 0, which can't be
told from a typed 0.
"""

import re
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np

from xlfuncs import limits
from xlfuncs.cells import ERROR_CODES, number, number_or_nan, quoted, refuse_error
from xlfuncs.errors import CellValueError
from xlfuncs.limits import MAX_ROWS
from xlfuncs.network import Network

_PLAIN = {float, int, Decimal}
"""Kinds of cells that are numbers as they stand, unless not finite or in ERROR_CODES."""


def as_rows(argument: str, cells: Any) -> np.ndarray:
    """Every cell of a range as float64, shape (rows, columns). Raises CellValueError."""
    cells = _grid(argument, cells)
    rows = _plain_numbers(cells)
    return _checked_numbers(argument, cells) if rows is None else rows


def as_table(argument: str, cells: Any) -> tuple[list[str], np.ndarray]:
    """A header and the numbers below it, (labels, rows of shape (rows, columns)), NaN where no number stands.

    Blank rows at the end are left out. Raises CellValueError.
    """
    cells = _grid(argument, cells)
    if len(cells) < 2:
        raise CellValueError(f"{argument} needs a header row and rows of numbers below it; give it the whole table.")
    below = cells[1:]
    rows = _plain_numbers(below)
    if rows is None:
        rows = np.array([[number_or_nan(cell) for cell in row] for row in below], dtype=float)
    filled = np.flatnonzero(np.isfinite(rows).any(axis=1))
    if filled.size == 0:
        raise CellValueError(f"{argument} has no numbers below its header; give it the whole table.")
    return ["" if cell is None else str(cell) for cell in cells[0]], rows[: filled[-1] + 1]


def as_vector(argument: str, cells: Any) -> np.ndarray:
    """A row or a column of numbers, shape (n,). Raises CellValueError."""
    rows = as_rows(argument, cells)
    if 1 not in rows.shape:
        raise CellValueError(f"{argument} is {_size(rows)}; it must be one row or one column.")
    return rows.ravel()


def as_scalar(argument: str, cells: Any) -> float:
    """One number. Raises CellValueError."""
    rows = as_rows(argument, cells)
    if rows.size != 1:
        raise CellValueError(f"{argument} is one number; the range has {rows.size} cells.")
    return float(rows[0, 0])


def as_matrix(argument: str, cells: Any, columns: int, of: str) -> np.ndarray:
    """Weights as (units, columns): a matrix with a row a unit, or flat in a row or column. Raises CellValueError.

    `of` says what there are `columns` of, for the sentence: "2 inputs".
    """
    rows = as_rows(argument, cells)
    if 1 not in rows.shape:
        if rows.shape[1] != columns:
            raise CellValueError(f"{argument} is {_size(rows)}; {of} need {_plural(columns, 'column')}, a row a unit.")
        return rows
    if rows.size % columns:
        raise CellValueError(f"{argument} has {_plural(rows.size, 'number')}; {of} need a multiple of {columns}.")
    return rows.reshape(-1, columns)


def as_network(inputs: Any, targets: Any, weights_hidden: Any, weights_output: Any) -> Network:
    """The network that four ranges describe; its sizes follow from theirs. Raises CellValueError."""
    i = as_vector("inputs", inputs)
    hidden = as_matrix("weights_hidden", weights_hidden, len(i), _plural(len(i), "input"))
    output = as_matrix("weights_output", weights_output, len(hidden), _plural(len(hidden), "hidden unit"))
    t = np.zeros(len(output)) if targets is None else as_vector("targets", targets)
    if len(t) != len(output):
        raise CellValueError(
            f"targets has {_plural(len(t), 'number')}; weights_output has {_plural(output.size, 'number')}, "
            f"which is {_plural(len(output), 'output')} for {_plural(len(hidden), 'hidden unit')}."
        )
    return Network.of(i, t, hidden, output)


def as_count(argument: str, cells: Any, at_most: int = MAX_ROWS) -> int:
    """A whole number from 1 to `at_most`. Raises CellValueError."""
    count = as_scalar(argument, cells)
    if count != int(count) or not 1 <= count <= at_most:
        raise CellValueError(f"{argument} is {count:.15g}; it must be a whole number from 1 to {at_most:,}.")
    return int(count)


def as_flag(argument: str, cells: Any) -> bool:
    """TRUE or FALSE, or 1 or 0. Raises CellValueError."""
    cell = _single(cells)
    refuse_error(argument, cell)
    if isinstance(cell, bool | int | float | np.bool_) and cell in (True, False):  # 1 and 0 too
        return bool(cell)
    raise CellValueError(f"{argument} must be TRUE or FALSE.")


def as_weight(cells: Any, network: Network) -> int:
    """Which weight is meant, as an index into w1, w2, …: 5, "5" or "w5" is 4. Raises CellValueError."""
    return as_learned(cells, [f"w{k}" for k in range(1, network.weight_count + 1)])


def as_learned(cells: Any, names: list[str]) -> int:
    """Which weight or bias is meant, as an index into `names`: 5, "5", "w5" or "b1". Raises CellValueError."""
    cell = _single(cells)
    refuse_error("weight", cell)
    if isinstance(cell, int | float | Decimal | np.number) and not isinstance(cell, bool):
        value = number("weight", cell)
        written = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    else:
        written = "blank" if cell in (None, "") else str(cell).strip()
    wanted = f"w{written}" if re.fullmatch(r"[1-9][0-9]{0,8}", written) else written.lower()
    if wanted in names:
        return names.index(wanted)
    shown = written if len(written) <= 20 else quoted(written)
    letters = dict.fromkeys(name[0] for name in names)
    ranges = [[name for name in names if name[0] == letter] for letter in letters]
    known = " and ".join(some[0] if len(some) == 1 else f"{some[0]} to {some[-1]}" for some in ranges)
    raise CellValueError(f"weight is {shown}; this network has {known}.")


def _single(cells: Any) -> Any:
    """The one cell of a range of one cell; anything else as it is."""
    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    while isinstance(cells, list | tuple) and len(cells) == 1:
        cells = cells[0]
    return cells


def as_text(argument: str, cells: Any, example: str) -> str:
    """A text. Raises CellValueError."""
    cell = _single(cells)
    refuse_error(argument, cell)
    if not isinstance(cell, str) or not cell.strip():
        raise CellValueError(f"{argument} must be a text such as {example}.")
    return cell.strip()


def left_out(cells: Any) -> bool:
    """Whether an optional argument is missing or a blank cell; an error is neither."""
    cell = _single(cells)
    return cell is None or (isinstance(cell, str) and cell == "")


def _grid(argument: str, cells: Any) -> list[list[Any]]:
    """The cells as rows of one length. Raises CellValueError."""
    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    if not isinstance(cells, list | tuple):
        cells = [[cells]]
    cells = [row.tolist() if isinstance(row, np.ndarray) else row for row in cells]
    if not any(isinstance(row, list | tuple) for row in cells):
        cells = [cells]
    lengths = {len(row) if isinstance(row, list | tuple) else -1 for row in cells}
    if lengths == {0}:
        raise CellValueError(f"{argument} is empty; give it a range with numbers.")
    if len(lengths) > 1:
        raise CellValueError(f"{argument} has rows of different lengths; give it one rectangular range.")
    limits.reading(argument, len(cells) * len(cells[0]))
    return cells


def _plain_numbers(cells: list[list[Any]]) -> np.ndarray | None:
    """The cells as float64 at once, None where one of them needs a look by itself."""
    kinds = set(map(type, chain.from_iterable(cells)))
    if not kinds <= _PLAIN:
        return None
    try:
        rows = np.array(cells, dtype=float)
    except (OverflowError, ValueError):  # an int or Decimal that no float can hold
        return None
    suspicious = ~np.isfinite(rows)
    if int in kinds:
        suspicious |= (rows >= ERROR_CODES.start) & (rows < ERROR_CODES.stop)
    return None if suspicious.any() else rows


def _checked_numbers(argument: str, cells: list[list[Any]]) -> np.ndarray:
    """The cells as float64, one by one. Raises CellValueError for the first that is no number."""
    single = len(cells) == 1 and len(cells[0]) == 1
    is_vector = len(cells) == 1 or len(cells[0]) == 1

    def place(r: int, c: int) -> str:
        return argument if single else f"{argument}, cell {max(r, c) if is_vector else f'({r}, {c})'},"

    return np.array(
        [[number(place(r, c), cell) for c, cell in enumerate(row, start=1)] for r, row in enumerate(cells, start=1)],
        dtype=float,
    )


def _size(rows: np.ndarray) -> str:
    return f"{_plural(rows.shape[0], 'row')} by {_plural(rows.shape[1], 'column')}"


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
