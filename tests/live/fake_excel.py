"""Excel's COM objects in memory, under the real xlwings: what its code for Windows makes of every refusal is tested too.

They refuse in each way in which Excel and pywin32 do, lose answers, close, and let a person sort and cut the rows. The
cells lie in memory, or in a file that survives the process; then `python -m tests.live.fake_excel CELLS RATE -- …` is the
follower's process with this book as the only one that is open.
"""

import json
import os
import random
import re
import sys
import weakref
from contextlib import contextmanager
from pathlib import Path

import xlwings
from openpyxl.utils import get_column_letter, range_boundaries

from workbook.live import excel, follow
from workbook.sheets.training_cells import COLUMNS, FIRST_COLUMN, HEADER_ROW, SETTINGS

from .com import BAD_INDEX, DISCONNECTED, EXCEPTION, FAILED, REFUSALS, UNAVAILABLE, ComError, Dispatch, windows

NAME = r"C:\Users\A Student\gradsheet.xlsm"
# Where the names point in the workbook as built (test_names_are_the_built_books holds them together).
CELLS = {"dataset": (4, 3), "recipe": (5, 3), "device": (6, 3), "seed": (7, 3), "epochs": (4, 6), "batch_size": (5, 6)}
CELLS |= {"learning_rate": (6, 6), "data_folder": (7, 6), "status": (8, 3), "progress": (9, 3), "run_folder": (5, 12)}
CELLS |= {"epoch_log": (HEADER_ROW, FIRST_COLUMN)}
HEADERS = [header for _, header, _ in COLUMNS]


class FakeExcel:
    """One Excel with one workbook and its sheet Training, and how unwilling it is."""

    def __init__(self, path=None, refusals=0.0, seed=0, name=NAME, kinds=REFUSALS):
        self.path, self.refusals, self.random, self.kinds = path, refusals, random.Random(seed), kinds
        self.refused, self.calls, self.closes_after = 0, 0, None
        self.generation = 0  # what was handed out before this one is dead
        self.dead = lambda: ComError(self.random.choice((DISCONNECTED, UNAVAILABLE)))
        self.name, self.sheet_name, self.protected, self.status_bar = name, "Training", False, False
        self.names, self.table = dict(CELLS), [HEADER_ROW, FIRST_COLUMN, 1, len(COLUMNS)]
        self.cells = {CELLS[s.name]: s.default for s in SETTINGS if s.default is not None}
        self.cells |= {(HEADER_ROW, FIRST_COLUMN + k): header for k, header in enumerate(HEADERS)}
        self.open, self.ranges = True, weakref.WeakSet()
        if path and Path(path).exists():
            saved = json.loads(Path(path).read_text())
            self.cells = {tuple(map(int, key.split(","))): value for key, value in saved["cells"].items()}
            self.table = saved["table"]

    def answer(self, act, about=None):
        """Do it, refuse it, or do it and lose the answer."""
        self.calls += 1
        if self.closes_after is not None:
            self.closes_after -= 1
            self.open = self.closes_after >= 0
        if not self.open and not isinstance(about, Application | Workbooks):  # Excel itself is there, without our book
            raise self.dead()
        if about is not None and about.generation != self.generation:
            raise self.dead()
        luck = self.random.random()
        if luck < self.refusals / 2:
            self.refuse()
        found = act()
        if self.path:
            self.save()
        if luck < self.refusals:
            self.refuse()
        return found

    def refuse(self):
        self.refused += 1
        kind = self.random.choice(self.kinds)
        if kind == "attribute":
            raise AttributeError("pywin32 could not ask for it")
        raise ComError(*kind)

    def save(self):
        cells = {f"{row},{column}": value for (row, column), value in self.cells.items()}
        half = Path(f"{self.path}.half")
        half.write_text(json.dumps({"cells": cells, "table": self.table}))
        os.replace(half, self.path)

    def book(self):
        """As xlwings has it from a list of the open books."""
        return xlwings.Book(impl=windows.Book(xl=windows.COMRetryObjectWrapper(Workbook(self))))

    def named(self, name):
        return self.cells.get(self.names[name])

    def block(self):
        """The log's rows, from one below the header to the last in which anything stands."""
        row, column = self.names["epoch_log"]
        last = max((r for r, c in self.cells if column <= c < column + len(COLUMNS)), default=row)
        return [[self.cells.get((r, column + k)) for k in range(len(COLUMNS))] for r in range(row + 1, last + 1)]

    def log(self):
        """The same, where nothing but epochs may stand."""
        return self.block()

    def epochs(self):
        """The rows of epochs among the log's, whatever else stands there."""
        return [row for row in self.block() if isinstance(row[0], float)]

    # What a person does; names and the table's frame follow as in Excel.

    def insert_row(self, at, values=()):
        self._move(lambda row: row + (row >= at), at, +1)
        for found in self.ranges:  # a range that somebody holds goes with its cells
            found.rows += found.row < at < found.row + found.rows
            found.row += found.row >= at
        self.cells |= {(at, FIRST_COLUMN + k): value for k, value in enumerate(values)}

    def delete_row(self, at):
        self.cells = {place: value for place, value in self.cells.items() if place[0] != at}
        self._move(lambda row: row - (row > at), at, -1)
        for found in self.ranges:
            found.rows = max(1, found.rows - (found.row <= at < found.row + found.rows))
            found.row -= found.row > at

    def _move(self, new, at, by):
        self.cells = {(new(row), column): value for (row, column), value in self.cells.items()}
        self.names = {name: (new(row), column) for name, (row, column) in self.names.items()}
        if self.table:
            top, _, rows, _ = self.table
            self.table[0] = new(top)
            if top < at <= top + rows:
                self.table[2] = max(1, rows + by)

    def sort(self, key, reverse=False):
        top, left, rows, columns = self.table
        places = [(top + 1 + k) for k in range(rows)]
        content = [[self.cells.pop((row, left + k), None) for k in range(columns)] for row in places]
        full = [row for row in content if row[key] is not None]
        full.sort(key=lambda row: (isinstance(row[key], str), row[key]), reverse=reverse)
        for row, values in zip(places, full + [row for row in content if row[key] is None], strict=True):
            self.cells |= {(row, left + k): value for k, value in enumerate(values) if value is not None}


class Application(Dispatch):
    def get_Workbooks(self):
        return Workbooks(self.excel)

    def get_Hwnd(self):
        return 1

    def get_StatusBar(self):
        return self.excel.status_bar

    def put_StatusBar(self, value):
        self.excel.status_bar = value


class Workbooks(Dispatch):
    def get_Count(self):
        return len(self.items())

    def items(self):
        return [Workbook(self.excel)] if self.excel.open else []

    def item(self, name):
        for book in self.items():
            if name in (1, book.get_Name()) or str(name).lower() == book.get_Name().lower():
                return book
        raise ComError(BAD_INDEX)


class Workbook(Dispatch):
    def get_Name(self):
        return re.split(r"[/\\]", self.excel.name)[-1]

    def get_FullName(self):
        return self.excel.name

    def get_Application(self):
        return Application(self.excel)

    def get_Worksheets(self):
        return Worksheets(self.excel)


class Worksheets(Dispatch):
    def get_Count(self):
        return len(self.items())

    def items(self):
        ours = [Worksheet(self.excel, self.excel.sheet_name)] if self.excel.sheet_name else []
        return [Worksheet(self.excel, "Start"), *ours]

    def item(self, name):
        found = [sheet for sheet in self.items() if sheet.name == name]
        if not found:
            raise ComError(BAD_INDEX)
        return found[0]


class Worksheet(Dispatch):
    def __init__(self, excel, name):
        super().__init__(excel)
        self.name = name

    def get_Name(self):
        return self.name if self.name == "Start" else self.excel.sheet_name

    def get_Parent(self):
        return Workbook(self.excel)

    def get_ProtectContents(self):
        return self.excel.protected

    def get_Names(self):
        return Names(self.excel, self)

    def do_Cells(self, row, column):
        return Range(self.excel, row, column)

    def do_Range(self, one, other=None):
        if isinstance(one, str):
            if re.fullmatch(r"[A-Z]{1,3}\d+:[A-Z]{1,3}\d+", one):
                left, top, right, bottom = range_boundaries(one)
                return Range(self.excel, top, left, bottom - top + 1, right - left + 1)
            if self.name == "Start" or one not in self.excel.names:
                raise ComError(EXCEPTION, FAILED)
            return Range(self.excel, *self.excel.names[one])
        a, b = one._inner, other._inner
        return Range(self.excel, a.row, a.column, b.row - a.row + 1, b.column - a.column + 1)


class Names(Dispatch):
    def __init__(self, excel, sheet):
        super().__init__(excel)
        self.sheet = sheet

    def _all(self):
        if self.sheet.name == "Start":
            return []
        return [Name(self.excel, name, f"=Training!R{at[0]}C{at[1]}") for name, at in self.excel.names.items()]

    def get_Count(self):
        return len(self._all())

    def item(self, index):
        return self._all()[index - 1]


class Name(Dispatch):
    def __init__(self, excel, name, refers_to):
        super().__init__(excel)
        self.name, self.refers_to = name, refers_to

    def get_Name(self):
        return f"'{self.excel.sheet_name}'!{self.name}"

    def get_RefersTo(self):
        return self.refers_to


class Size(Dispatch):
    def __init__(self, excel, count):
        super().__init__(excel)
        self.count = count

    def get_Count(self):
        return self.count


class Range(Dispatch):
    def __init__(self, excel, row, column, rows=1, columns=1):
        super().__init__(excel)
        self.row, self.column, self.rows, self.columns = row, column, rows, columns
        excel.ranges.add(self)

    def _places(self):
        return [[(self.row + r, self.column + c) for c in range(self.columns)] for r in range(self.rows)]

    def item(self, row, column):
        return Range(self.excel, self.row + row - 1, self.column + column - 1)

    def get_Address(self):
        first, last = f"${get_column_letter(self.column)}${self.row}", self._places()[-1][-1]
        return first if self.rows * self.columns == 1 else f"{first}:${get_column_letter(last[1])}${last[0]}"

    def get_Worksheet(self):
        return Worksheet(self.excel, self.excel.sheet_name)

    def get_Row(self):
        return self.row

    def get_Column(self):
        return self.column

    def get_Rows(self):
        return Size(self.excel, self.rows)

    def get_Columns(self):
        return Size(self.excel, self.columns)

    def get_Value(self):
        rows = tuple(tuple(self.excel.cells.get(place) for place in row) for row in self._places())
        return rows if self.rows * self.columns > 1 else rows[0][0]

    def put_Value(self, given):
        self._insist_on_rights()
        rows = given if isinstance(given, list | tuple) else [[given]]
        for places, values in zip(self._places(), rows, strict=True):  # Excel would fill up with #N/A
            for place, value in zip(places, values, strict=True):
                self.excel.cells[place] = entered(value)
                if self.excel.cells[place] is None:
                    del self.excel.cells[place]

    def do_ClearContents(self):
        self._insist_on_rights()
        for row in self._places():
            for place in row:
                self.excel.cells.pop(place, None)

    def _insist_on_rights(self):
        if self.excel.protected:
            raise ComError(EXCEPTION, FAILED)

    def get_ListObject(self):
        return ListObject(self.excel) if self.excel.table else None


class ListObject(Dispatch):
    def get_Range(self):
        self._insist_on_being()
        row, column, rows, columns = self.excel.table
        return Range(self.excel, row, column, 1 + rows, columns)

    def do_Resize(self, to):
        to = to._inner
        self._insist_on_being()
        assert (to.row, to.column) == tuple(self.excel.table[:2]) and to.rows >= 2
        self.excel.table = [to.row, to.column, to.rows - 1, to.columns]

    def _insist_on_being(self):
        if not self.excel.table:  # made plain cells
            raise self.excel.dead()


def entered(value):
    """What Excel makes of what is written into a cell."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return float(value)
    if value.startswith("'"):
        return value[1:]
    if value[:1] in ("=", "+", "-", "@"):
        return {"formula": value}
    try:
        return float(value)
    except ValueError:
        return value or None


@contextmanager
def excels(*running):
    """These are all the Excels that run."""
    before = {name: getattr(windows, name) for name in ("get_excel_hwnds", "get_xl_app_from_hwnd")}
    apps = xlwings.apps
    windows.get_excel_hwnds = lambda: iter(range(1, 1 + len(running)))
    windows.get_xl_app_from_hwnd = lambda hwnd: windows.COMRetryObjectWrapper(Application(running[hwnd - 1]))
    xlwings.apps = xlwings.main.Apps(impl=windows.Apps())
    try:
        yield
    finally:
        xlwings.apps = apps
        for name, value in before.items():
            setattr(windows, name, value)


if __name__ == "__main__":
    follow.HANDOVER_SECONDS = float(os.environ.get("HANDOVER", follow.HANDOVER_SECONDS))
    refusing = FakeExcel(path=sys.argv[1], refusals=float(sys.argv[2]), seed=os.getpid())
    with excels(refusing):
        sys.exit(excel.main(sys.argv[4:]))
