"""The functions as xlwings calls them: =BP_GRAD(…) in a cell.

A mistake is a sentence in the cell, and an exception in Python. One name serves both, since built workbooks call
`xlfuncs.BP_GRAD` as Python does: what xlwings hands over, under classic xlwings and xlwings Server alike, has been
through `_FromSheet`, and so says itself where it comes from.
"""

import os
from collections.abc import Callable
from functools import wraps

import xlwings as xw
from xlwings.conversion import Converter, RawValueAccessor, ValueAccessor

from xlfuncs.errors import GradsheetError
from xlfuncs.function_table import TABLE, Function

ON_SERVER = os.environ.get("XLWINGS_ON_SERVER") == "true"
"""xlwings Server converts no blank cell, so that a call with nothing else doesn't say where it comes from."""


class SheetRows(list):
    """The rows of a range, as they came from a sheet."""


class _FromSheet(Converter):
    # COM's cells are used as they come: xlwings' own cleaning takes a microsecond a cell and knows seven errors.
    base = ValueAccessor if ON_SERVER else RawValueAccessor

    @staticmethod
    def read_value(value, options):
        return SheetRows(value if isinstance(value, list | tuple) else [value])


def for_sheets(entry: Function) -> Callable:
    """The function with xlwings' decorators; called from a sheet it gives the sentence where it raises elsewhere."""

    @wraps(entry.python)
    def answer(*args, **kwargs):
        try:
            return entry.python(*args, **kwargs)
        except GradsheetError as error:
            if ON_SERVER or any(isinstance(cells, SheetRows) for cells in args):
                return [[str(error)]]
            raise

    for argument in entry.arguments:
        # Every argument arrives as rows of raw cells, so that blanks, texts and errors get a sentence of ours.
        answer = xw.arg(argument.name, convert=_FromSheet, ndim=2, err_to_str=True, doc=argument.help)(answer)
    return xw.func(xw.ret(convert="raw")(answer))  # rows of floats and texts, as a sheet takes them


globals().update({entry.name: for_sheets(entry) for entry in TABLE})
