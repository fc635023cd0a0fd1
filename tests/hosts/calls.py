"""A file with the LAMBDA names and any number of calls, written by XlsxWriter, and the calls' answers in an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from openpyxl.utils import get_column_letter

from tests.hosts.engines import Grid, Reader
from workbook.hosts import lambdas
from xlfuncs.errors import GradsheetError
from xlfuncs.function_table import FUNCTIONS

Call = tuple[str, Sequence[Any]]
"""A function's name and its arguments: rows of cells, single values, None for one that is left out."""


@dataclass
class Answered:
    """A call, what xlfuncs says and what a cell shows, with one row and column around it."""

    call: Call
    wanted: Grid
    shown: Grid

    @property
    def fits(self) -> bool:
        """Whether it has the size of what is wanted, and the same texts."""
        rows, columns = len(self.wanted), len(self.wanted[0])
        outside = [*self.shown[rows], *(row[columns] for row in self.shown)]
        cells = [
            (w, s)
            for want, show in zip(self.wanted, self.shown, strict=False)
            for w, s in zip(want, show, strict=False)
        ]
        same = all(isinstance(s, float) if isinstance(w, float) else w == s for w, s in cells)
        return same and all(cell is None for cell in outside)

    @property
    def off(self) -> float:
        """The largest difference of a number, as a part of the largest number."""
        rows, columns = len(self.wanted), len(self.wanted[0])
        pairs = [(w, self.shown[r][c]) for r in range(rows) for c, w in enumerate(self.wanted[r][:columns])]
        pairs = [pair for pair in pairs if isinstance(pair[0], float) and isinstance(pair[1], float)]
        if not pairs:
            return 0.0
        want, show = np.array(pairs).T
        return float(np.abs(want - show).max() / max(1.0, np.abs(want).max()))


def wanted(call: Call) -> Grid:
    """What the Python function answers."""
    name, arguments = call
    try:
        return FUNCTIONS[name].python(*arguments)
    except GradsheetError as error:
        return [[str(error)]]


def write(path: Path, calls: Sequence[Call]) -> list[tuple[Call, Grid, int]]:
    """A workbook with the calls; gives each with its answer and the row where it stands."""
    with xlsxwriter.Workbook(path) as book:
        data, sheet = book.add_worksheet("Data"), book.add_worksheet("Calls")
        for name in lambdas.names():
            book.define_name(name.name, f"={name.formula}")
        below, at, places = 0, 0, []
        for call in calls:
            references = []
            for argument in call[1]:
                rows = argument if isinstance(argument, list) else [[argument]]
                references.append("" if argument is None else _reference(below, len(rows), len(rows[0])))
                below += _fill(data, below, rows)
            answer = wanted(call)
            last = at + len(answer) - 1, len(answer[0]) - 1
            sheet.write_dynamic_array_formula(at, 0, *last, f"={call[0]}({','.join(references)})")
            places.append((call, answer, at + 1))
            at += len(answer) + 1
    return places


def _fill(sheet: xlsxwriter.worksheet.Worksheet, top: int, rows: Grid) -> int:
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, str) and cell.startswith("#"):
                sheet.write_formula(top + r, c, {"#DIV/0!": "=1/0", "#N/A": "=NA()"}[cell], None, cell)
            elif cell == "":
                sheet.write_formula(top + r, c, '=""', None, "")
            elif isinstance(cell, str):
                sheet.write_string(top + r, c, cell)
            elif cell is not None:
                sheet.write(top + r, c, cell)
    return len(rows)


def _reference(top: int, rows: int, columns: int) -> str:
    first, last = f"$A${top + 1}", f"${get_column_letter(columns)}${top + rows}"
    return f"Data!{first}" if first == last else f"Data!{first}:{last}"


def answered(places: list[tuple[Call, Grid, int]], read: Reader) -> list[Answered]:
    """Each call with what the engine shows."""
    return [
        Answered(call, answer, read("Calls", row, 1, len(answer) + 1, len(answer[0]) + 1))
        for call, answer, row in places
    ]
