"""Three engines that know LAMBDA, none of them ours: each reads a file, recalculates it and says what its cells are.

A cell is a float, a bool or a text; None for a blank one; an error is its text, such as #VALUE!.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter

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

    book = Workbook.load(path.read_bytes())
    book.recalc()
    sheets = [book.sheet_name(k) for k in range(book.sheet_count())]

    def cell(sheet: str, row: int, column: int) -> Any:
        value = book.get_value(sheets.index(sheet), row - 1, column - 1)
        return error_display_name(value.error_code) if value.kind == ValueKind.ERROR else value.to_python()

    return _reader(cell)


def pyopenvba(path: Path) -> Reader:
    """pyOpenVBA's engine, in Python."""
    from pyopenvba.apps.excel import ExcelApplication

    app = ExcelApplication.open(path, with_vba=False)
    return _reader(lambda sheet, row, column: app.sheet(sheet).value(f"{get_column_letter(column)}{row}"))


def _reader(cell: Callable[[str, int, int], Any]) -> Reader:
    def read(sheet: str, row: int, column: int, rows: int, columns: int) -> Grid:
        return [
            [_plain(cell(sheet, r, c)) for c in range(column, column + columns)] for r in range(row, row + rows)
        ]

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    return float(value) if isinstance(value, int | float) else value


ENGINES = {"ironcalc": ironcalc, "formulon": formulon, "pyopenvba": pyopenvba}
