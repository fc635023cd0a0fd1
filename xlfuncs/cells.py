"""What one cell holds: a number, or the words for what it holds instead.

Errors come as texts or as numbers: Excel's COM hands #SPILL! over as the int -2146826243, of which xlwings turns the
seven oldest into texts. A number from a cell is a float, so an int of that range is an error, in every host.
"""

import datetime as dt
import math
import re
from decimal import Decimal
from typing import Any

import numpy as np

from xlfuncs.errors import CellValueError

ERROR_CODES = range(0x800A0000 - 2**32, 0x800B0000 - 2**32)
"""The ints that stand for errors: what VBA's CVErr(0) to CVErr(65535) give."""
_ERROR_NAMES = {
    2000: "#NULL!",
    2007: "#DIV/0!",
    2015: "#VALUE!",
    2023: "#REF!",
    2029: "#NAME?",
    2036: "#NUM!",
    2042: "#N/A",
    2043: "#GETTING_DATA",
    2045: "#SPILL!",
    2046: "#CONNECT!",
    2047: "#BLOCKED!",
    2048: "#UNKNOWN!",
    2049: "#FIELD!",
    2050: "#CALC!",
    2051: "#BUSY!",
    2055: "#PYTHON!",
}
# #EXTERNAL!, #TIMEOUT! and whatever Excel adds look like these; LibreOffice's own errors are Err:502 and the like.
_ERROR_TEXT = re.compile(r"#[A-Z][A-Z0-9_/]*[!?]|#N/A|#GETTING_DATA|Err:\d+")
_PASSING = ("#BUSY!", "#GETTING_DATA")
_QUOTED = 40  # characters of a text that a sentence shows


def error_name(cell: Any) -> str | None:
    """The error that a cell holds, such as #SPILL! ("number 2060" for one without a known name); None for anything
    else."""
    if isinstance(cell, str):
        return cell.strip() if _ERROR_TEXT.fullmatch(cell.strip()) else None
    if isinstance(cell, int | np.integer) and int(cell) in ERROR_CODES:
        code = int(cell) - ERROR_CODES.start
        return _ERROR_NAMES.get(code, f"number {code}")
    return None


def refuse_error(place: str, cell: Any) -> None:
    """Raise CellValueError where the cell holds an error; `place` names it: "inputs, cell 2,"."""
    error = error_name(cell)
    if error is not None:
        cure = "wait until Excel has its value" if error in _PASSING else "mend that cell first"
        raise CellValueError(f"{place} holds the error {error}; {cure}.")


def number(place: str, cell: Any) -> float:
    """The cell's number. Raises CellValueError for anything else; `place` names the cell."""
    refuse_error(place, cell)
    match cell:
        case None:
            raise CellValueError(f"{place} is blank; type a number there.")
        case str() if not cell:
            raise CellValueError(f"{place} is blank; type a number there.")
        case bool() | np.bool_():
            raise CellValueError(f"{place} is {str(bool(cell)).upper()}; a number is needed.")
        case str():
            raise CellValueError(f"{place} holds the text {quoted(cell)}; a number is needed.")
        case dt.datetime() | dt.date():
            raise CellValueError(f"{place} holds the date {cell:%Y-%m-%d}; type it as a number.")
        case int() | float() | Decimal() | np.integer() | np.floating():
            value = as_float(cell)
        case _:
            raise CellValueError(f"{place} holds a {type(cell).__name__}; a number is needed.")
    if math.isnan(value):
        raise CellValueError(f"{place} is blank or not a number; type a number there.")
    if math.isinf(value):
        raise CellValueError(f"{place} is infinite; a finite number is needed.")
    return value


def number_or_nan(cell: Any) -> float:
    """The cell's finite number, NaN for anything else: a blank, a text, an error."""
    is_number = isinstance(cell, int | float | Decimal | np.integer | np.floating) and not isinstance(cell, bool)
    value = as_float(cell) if is_number and error_name(cell) is None else math.nan
    return value if math.isfinite(value) else math.nan


def as_float(value: int | float | Decimal | np.number) -> float:
    """The number as float; infinity for an int or Decimal beyond it, NaN for a Decimal that is none."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except ValueError:  # Decimal("sNaN")
        return math.nan


def quoted(text: str) -> str:
    """A text in quotation marks, on one line and short enough for a sentence: a cell can hold 32,767 characters."""
    plain = " ".join(text.split())
    return f"'{plain}'" if len(plain) <= _QUOTED else f"'{plain[:_QUOTED]}…'"
