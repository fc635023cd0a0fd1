"""What stands in a range, as numbers; what doesn't fit gets a sentence that names the argument, the cell and the cure.

Excel hands over a range as rows of cells (or one bare value). Classic xlwings gives blanks as None, dates as datetime,
currency as Decimal and errors as text; xlwings Server gives blanks as 0, which can't be told from a typed 0.
"""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np

from xlfuncs.errors import GradsheetError
from xlfuncs.network import Network

MAX_ROWS = 1_048_576  # of an Excel sheet
_EXCEL_ERRORS = (
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#REF!",
    "#VALUE!",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
)


def as_rows(argument: str, cells: Any) -> np.ndarray:
    """Every cell of a range as float64, shape (rows, columns). Raises GradsheetError."""
    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    if not isinstance(cells, list | tuple):
        cells = [[cells]]
    elif not any(isinstance(row, list | tuple) for row in cells):
        cells = [list(cells)]
    if len(cells) == 0 or len(cells[0]) == 0:
        raise GradsheetError(f"{argument} is empty; give it a range with numbers.")
    if len({len(row) for row in cells}) > 1:
        raise GradsheetError(f"{argument} has rows of different lengths; give it one rectangular range.")
    single = len(cells) == 1 and len(cells[0]) == 1
    is_vector = len(cells) == 1 or len(cells[0]) == 1
    rows = []
    for r, row in enumerate(cells, start=1):
        places = [(max(r, c) if is_vector else f"({r}, {c})") for c in range(1, len(row) + 1)]
        rows.append(
            [_number(argument if single else f"{argument}, cell {p},", x) for p, x in zip(places, row, strict=True)]
        )
    return np.array(rows, dtype=float)


def as_table(argument: str, cells: Any) -> tuple[list[str], np.ndarray]:
    """A header and the numbers below it, (labels, rows of shape (rows, columns)), NaN where no number stands.

    Blank rows at the end are left out. Raises GradsheetError.
    """
    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    if not isinstance(cells, list | tuple) or len(cells) < 2 or not isinstance(cells[0], list | tuple):
        raise GradsheetError(f"{argument} needs a header row and rows of numbers below it; give it the whole table.")
    rows = np.array([[_number_or_nan(cell) for cell in row] for row in cells[1:]], dtype=float)
    filled = np.flatnonzero(np.isfinite(rows).any(axis=1))
    if filled.size == 0:
        raise GradsheetError(f"{argument} has no numbers below its header; give it the whole table.")
    return ["" if cell is None else str(cell) for cell in cells[0]], rows[: filled[-1] + 1]


def as_vector(argument: str, cells: Any) -> np.ndarray:
    """A row or a column of numbers, shape (n,). Raises GradsheetError."""
    rows = as_rows(argument, cells)
    if 1 not in rows.shape:
        raise GradsheetError(f"{argument} is {_size(rows)}; it must be one row or one column.")
    return rows.ravel()


def as_scalar(argument: str, cells: Any) -> float:
    """One number. Raises GradsheetError."""
    rows = as_rows(argument, cells)
    if rows.size != 1:
        raise GradsheetError(f"{argument} is one number; the range has {rows.size} cells.")
    return float(rows[0, 0])


def as_matrix(argument: str, cells: Any, columns: int, of: str) -> np.ndarray:
    """Weights as (units, columns): a matrix with a row a unit, or flat in a row or column. Raises GradsheetError.

    `of` says what there are `columns` of, for the sentence: "2 inputs".
    """
    rows = as_rows(argument, cells)
    if 1 not in rows.shape:
        if rows.shape[1] != columns:
            raise GradsheetError(f"{argument} is {_size(rows)}; {of} need {_plural(columns, 'column')}, a row a unit.")
        return rows
    if rows.size % columns:
        raise GradsheetError(f"{argument} has {_plural(rows.size, 'number')}; {of} need a multiple of {columns}.")
    return rows.reshape(-1, columns)


def as_network(inputs: Any, targets: Any, weights_hidden: Any, weights_output: Any) -> Network:
    """The network that four ranges describe; its sizes follow from theirs. Raises GradsheetError."""
    i = as_vector("inputs", inputs)
    hidden = as_matrix("weights_hidden", weights_hidden, len(i), _plural(len(i), "input"))
    output = as_matrix("weights_output", weights_output, len(hidden), _plural(len(hidden), "hidden unit"))
    t = np.zeros(len(output)) if targets is None else as_vector("targets", targets)
    if len(t) != len(output):
        raise GradsheetError(
            f"targets has {_plural(len(t), 'number')}; weights_output has {_plural(output.size, 'number')}, "
            f"which is {_plural(len(output), 'output')} for {_plural(len(hidden), 'hidden unit')}."
        )
    return Network.of(i, t, hidden, output)


def as_count(argument: str, cells: Any, at_most: int = MAX_ROWS) -> int:
    """A whole number from 1 to `at_most`. Raises GradsheetError."""
    count = as_scalar(argument, cells)
    if count != int(count) or not 1 <= count <= at_most:
        raise GradsheetError(f"{argument} is {count:g}; it must be a whole number from 1 to {at_most:,}.")
    return int(count)


def as_flag(argument: str, cell: Any) -> bool:
    """TRUE or FALSE, or 1 or 0. Raises GradsheetError."""
    while isinstance(cell, list | tuple) and len(cell) == 1:
        cell = cell[0]
    if cell in (True, False):  # 1 and 0 too
        return bool(cell)
    raise GradsheetError(f"{argument} must be TRUE or FALSE.")


def as_weight(cell: Any, network: Network) -> int:
    """Which weight is meant, as an index into w1, w2, …: 5, "5" or "w5" is 4. Raises GradsheetError."""
    while isinstance(cell, list | tuple) and len(cell) == 1:
        cell = cell[0]
    written = f"{cell:g}" if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)
    names = [weight.name for weight in network.weights]
    wanted = written.strip().lower()
    wanted = wanted if wanted.startswith("w") else f"w{wanted}"
    if wanted not in names:
        shown = "blank" if cell in (None, "") else written
        raise GradsheetError(f"weight is {shown}; this network has {names[0]} to {names[-1]}.")
    return names.index(wanted)


def _number_or_nan(cell: Any) -> float:
    is_number = isinstance(cell, int | float | Decimal | np.number) and not isinstance(cell, bool)
    return float(cell) if is_number and math.isfinite(cell) else math.nan


def _number(place: str, cell: Any) -> float:
    match cell:
        case None | "":
            raise GradsheetError(f"{place} is blank; type a number there.")
        case bool() | np.bool_():
            raise GradsheetError(f"{place} is {str(bool(cell)).upper()}; a number is needed.")
        case str() if cell.strip() in _EXCEL_ERRORS:
            raise GradsheetError(f"{place} holds the error {cell.strip()}; mend that cell first.")
        case str():
            raise GradsheetError(f"{place} holds the text '{cell}'; a number is needed.")
        case dt.datetime() | dt.date():
            raise GradsheetError(f"{place} holds the date {cell:%Y-%m-%d}; type it as a number.")
        case int() | float() | Decimal() | np.number():
            value = float(cell)
        case _:
            raise GradsheetError(f"{place} holds a {type(cell).__name__}; a number is needed.")
    if math.isnan(value):
        raise GradsheetError(f"{place} is blank or not a number; type a number there.")
    if math.isinf(value):
        raise GradsheetError(f"{place} is infinite; a finite number is needed.")
    return value


def _size(rows: np.ndarray) -> str:
    return f"{_plural(rows.shape[0], 'row')} by {_plural(rows.shape[1], 'column')}"


def _plural(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
