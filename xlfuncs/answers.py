"""What every function of the table does around its own work: defaults, numbers that a cell can hold, rows as lists."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from xlfuncs.errors import GradsheetError
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.ranges import left_out

Cells = list[list[Any]]


def of_table(function: Callable[..., Sequence[Sequence[Any]]]) -> Callable[..., Cells]:
    """The function as its entry in the table describes it: help, arguments, what stands for those that are left out."""
    entry = FUNCTIONS[function.__name__]
    defaults = {argument.name: argument.default for argument in entry.arguments if argument.optional}
    kind, required = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    signature = inspect.Signature(
        [inspect.Parameter(a.name, kind, default=defaults.get(a.name, required)) for a in entry.arguments]
    )
    assert list(inspect.signature(function).parameters) == [argument.name for argument in entry.arguments]

    @wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Cells:
        given = signature.bind(*args, **kwargs).arguments
        filled = {name: cells for name, cells in given.items() if name not in defaults or not left_out(cells)}
        try:
            with np.errstate(all="ignore"):
                return _cells(function(**{**defaults, **filled}))
        except MemoryError as error:
            raise GradsheetError("This machine's memory is too small for that; give smaller ranges.") from error

    answer.__doc__, answer.__signature__ = entry.help, signature
    return answer


def _cells(rows: np.ndarray | Sequence[Sequence[Any]]) -> Cells:
    numbers = rows if isinstance(rows, np.ndarray) else [x for row in rows for x in row if isinstance(x, float)]
    if not np.isfinite(numbers).all():
        raise GradsheetError("The result is too large for a cell; use smaller numbers.")
    return rows.tolist() if isinstance(rows, np.ndarray) else [list(row) for row in rows]
