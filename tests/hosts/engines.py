"""Three engines that know LAMBDA, none of them ours: each reads a file, recalculates it and says what its cells are.

A cell is a float, a bool or a text; None for a blank one; an error is its text, such as #VALUE!.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

Grid = list[list[Any]]
Reader = Callable[[str, int, int, int, int], Grid]
"""(sheet, first row, first column, rows, columns), from 1, to the cells."""


def ironcalc(path: Path) -> Reader:
    """IronCalc, written in Rust."""
    import ironcalc as engine

    model = engine.load_from_xlsx(str(path), "en", "UTC", "en")
    model.evaluate()
    sheets = [sheet["name"] for sheet in model.get_worksheets_properties()]
    return _reader(lambda sheet, row, column: model.get_cell_value(sheets.index(sheet), row, column))


def formulon(path: Path) -> Reader:
    """formulon, C++ in WebAssembly."""
    from formulon import ValueKind, Workbook, error_display_name

    book = Workbook.load(_with_typed_optional(path))
    book.recalc()
    sheets = [book.sheet_name(k) for k in range(book.sheet_count())]

    def cell(sheet: str, row: int, column: int) -> Any:
        value = book.get_value(sheets.index(sheet), row - 1, column - 1)
        return error_display_name(value.error_code) if value.kind == ValueKind.ERROR else value.to_python()

    return _reader(cell)


def _with_typed_optional(path: Path) -> bytes:
    """The file with [weight] for _xlop.weight: formulon knows an optional parameter only as a person types it."""
    found = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(found, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            if part == "xl/workbook.xml":
                content = re.sub(rb"_xlop\.([a-z_0-9]+)", rb"[_xlpm.\1]", content)
            target.writestr(part, content)
    return found.getvalue()


def pyopenvba(path: Path) -> Reader:
    """pyOpenVBA's engine, in Python."""
    from pyopenvba.apps.excel import ExcelApplication
    from pyopenvba.apps.excel._engine_book import EngineBook

    if not hasattr(EngineBook.defined_name, "cache_info"):  # it parses a name anew at every call
        EngineBook.defined_name = cache(EngineBook.defined_name)
    app = ExcelApplication.open(path, with_vba=False)
    book = load_workbook(path)
    for sheet in book.worksheets:  # it trusts what a file says until something changes
        spilled = {cell for ref in _arrays(sheet) for row in sheet[ref] for cell in row}
        for row in sheet.iter_rows():
            for cell in row:
                if cell not in spilled and cell.data_type == "n" and cell.value is not None:
                    app.sheet(sheet.title).set_value(cell.coordinate, cell.value)
    return _reader(lambda sheet, row, column: app.sheet(sheet).value(f"{get_column_letter(column)}{row}"))


def _arrays(sheet: Worksheet) -> list[str]:
    """Where array formulas stand, each as a range of two cells."""
    refs = [cell.value.ref for row in sheet.iter_rows() for cell in row if isinstance(cell.value, ArrayFormula)]
    return [ref if ":" in ref else f"{ref}:{ref}" for ref in refs]


def _reader(cell: Callable[[str, int, int], Any]) -> Reader:
    def read(sheet: str, row: int, column: int, rows: int, columns: int) -> Grid:
        return [[_plain(cell(sheet, r, c)) for c in range(column, column + columns)] for r in range(row, row + rows)]

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    return float(value) if isinstance(value, int | float) else str(value)


ENGINES = {"ironcalc": ironcalc, "formulon": formulon, "pyopenvba": pyopenvba}
