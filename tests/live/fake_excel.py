"""A stand-in for the open workbook, with the part of xlwings' interface that the live writer uses.

It refuses, loses answers and closes on purpose. Its cells lie in memory, or in a file that survives the process; then
`python fake_excel.py CELLS -- …` is the follower's process with this book as the only one that is open.
"""

import json
import os
import random
import sys
from pathlib import Path

from workbook.training_layout import COLUMNS, FIRST_COLUMN, HEADER_ROW, SETTINGS

BUSY_CODES = (-2147418111, -2146777998)
GONE_CODES = (-2147417848, -2147023174)
NAME = r"C:\Users\A Student\gradsheet.xlsm"
# Where the names point in the workbook as built (test_names_are_the_built_books holds them together).
CELLS = {"dataset": (4, 3), "recipe": (5, 3), "device": (6, 3), "seed": (7, 3), "epochs": (4, 6), "batch_size": (5, 6)}
CELLS |= {"learning_rate": (6, 6), "data_folder": (7, 6), "status": (8, 3), "progress": (9, 3), "run_folder": (5, 12)}
CELLS |= {"epoch_log": (HEADER_ROW, FIRST_COLUMN)}


class ComError(Exception):
    """As pywintypes.com_error."""

    def __init__(self, code, inner=None):
        self.hresult, self.excepinfo = code, inner and (0, None, None, None, 0, inner)
        super().__init__(code, "refused", self.excepinfo, None)


def refusal(choose=random):
    """Excel's refusal, in one of the forms in which pywin32 and xlwings hand it on."""
    forms = [ComError(code) for code in BUSY_CODES]
    forms.append(ComError(-2147352567, inner=BUSY_CODES[1]))  # DISP_E_EXCEPTION, VBA_E_IGNORE inside
    forms.append(AttributeError("'NoneType' object has no attribute 'Range'", name="Range", obj=None))
    return choose.choice(forms)


class FakeExcel:
    """The cells, and how unwilling it is."""

    def __init__(self, path=None, refusals=0.0, seed=0):
        self.path, self.refusals, self.random = path, refusals, random.Random(seed)
        self.refused, self.closes_after, self.table_rows = 0, None, 1
        self.cells = {CELLS[s.name]: s.default for s in SETTINGS}
        if path and Path(path).exists():
            saved = json.loads(Path(path).read_text())
            self.cells = {tuple(map(int, key.split(","))): value for key, value in saved["cells"].items()}
            self.table_rows = saved["table_rows"]

    def answer(self, act=lambda: None):
        """Do it, refuse it, or do it and lose the answer."""
        if self.closes_after is not None:
            self.closes_after -= 1
            if self.closes_after < 0:
                raise ComError(self.random.choice(GONE_CODES))
        luck = self.random.random()
        if luck < self.refusals / 2:
            self.refused += 1
            raise refusal(self.random)
        found = act()
        if self.path:
            self.save()
        if luck < self.refusals:
            self.refused += 1
            raise refusal(self.random)
        return found

    def save(self):
        cells = {f"{row},{column}": value for (row, column), value in self.cells.items()}
        half = Path(f"{self.path}.half")
        half.write_text(json.dumps({"cells": cells, "table_rows": self.table_rows}))
        os.replace(half, self.path)

    def log(self):
        """The epoch table's rows, as far as anything stands in them."""
        found = []
        while any(self.cells.get((HEADER_ROW + 1 + len(found), FIRST_COLUMN + k)) is not None for k in range(9)):
            row = HEADER_ROW + 1 + len(found)
            found.append([self.cells.get((row, FIRST_COLUMN + k)) for k in range(len(COLUMNS))])
        return found

    def named(self, name):
        return self.cells.get(CELLS[name])


class Range:
    def __init__(self, excel, row, column, rows=1, columns=1):
        self.excel, self.row, self.column, self.rows, self.columns = excel, row, column, rows, columns

    def offset(self, row_offset=0, column_offset=0):
        return Range(self.excel, self.row + row_offset, self.column + column_offset, self.rows, self.columns)

    def resize(self, row_size=None, column_size=None):
        return Range(self.excel, self.row, self.column, row_size, column_size)

    def _places(self):
        return [[(self.row + r, self.column + c) for c in range(self.columns)] for r in range(self.rows)]

    @property
    def value(self):
        def read():
            rows = [[self.excel.cells.get(place) for place in row] for row in self._places()]
            if self.rows == self.columns == 1:
                return rows[0][0]
            return [row[0] for row in rows] if self.columns == 1 else rows

        return self.excel.answer(read)

    @value.setter
    def value(self, given):
        rows = given if isinstance(given, list) else [[given]]
        rows = [[float(v) if isinstance(v, int) else v for v in row] for row in rows]  # Excel has no integers
        assert (len(rows), len(rows[0])) == (self.rows, self.columns)
        pairs = [
            pair
            for places, values in zip(self._places(), rows, strict=True)
            for pair in zip(places, values, strict=True)
        ]
        self.excel.answer(lambda: self.excel.cells.update(pairs))

    def clear_contents(self):
        def clear():
            for row in self._places():
                for place in row:
                    self.excel.cells.pop(place, None)

        self.excel.answer(clear)


class Table:
    def __init__(self, excel):
        self.excel = excel

    def resize(self, range):
        assert (range.row, range.column, range.columns) == (HEADER_ROW, FIRST_COLUMN, len(COLUMNS)) and range.rows >= 2

        def act():
            self.excel.table_rows = range.rows - 1

        self.excel.answer(act)


class Sheet:
    def __init__(self, excel):
        self.excel, self.tables = excel, {"EpochLog": Table(excel)}

    def range(self, name):
        return Range(self.excel, *CELLS[name])


class Book:
    def __init__(self, excel, fullname=NAME):
        self.excel, self.fullname, self.sheets = excel, fullname, {"Training": Sheet(excel)}


class App:
    def __init__(self, *books):
        self.books = books


if __name__ == "__main__":
    import xlwings

    from workbook.live import follow

    refusing = FakeExcel(path=sys.argv[1], refusals=0.3, seed=os.getpid())
    xlwings.apps = [App(), App(Book(refusing))]
    follow.main(sys.argv[3:])
