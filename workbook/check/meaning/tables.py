"""Finding the iteration tables of a workbook: a header row anywhere, its columns' variables, and its data rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from workbook.check.meaning.stages import Array, Found
from workbook.check.read.book import Book, Cell, Sheet
from workbook.check.read.formula import Node
from xlfuncs import labels
from xlfuncs.expected_table import Blueprint, blueprint_of, shared

MIN_VARIABLES = 9  # fewer recognised labels in a row are a legend or a parameter block
_SEEN_ROWS = 40  # rows below a header that tell which of two columns with one label is meant
MAX_GAP = 2  # empty or text rows that may stand between the header and the data


def find_tables(book: Book) -> list[Found]:
    """Every iteration table of the workbook, sheet by sheet from top to bottom."""
    return [table for sheet in book.sheets for table in _without_repeats(_tables_of(sheet))]


def _without_repeats(tables: list[Found]) -> list[Found]:
    """Without a header that only repeats the names of a table further down, such as one in frozen rows."""
    return [
        table
        for k, table in enumerate(tables)
        if table.last >= table.first or all(other.columns != table.columns for other in tables[k + 1 :])
    ]


def _tables_of(sheet: Sheet) -> list[Found]:
    headers = [(row, segment) for row in sorted(sheet.rows) for segment in _headers(sheet, row)]
    header_rows = sorted({row for row, _ in headers})
    tables = []
    for row, columns in headers:
        blueprint = blueprint_of(columns)
        if blueprint is None:
            continue
        blueprint = shared(blueprint)
        below = next((r for r in header_rows if r > row), None)
        known = {v: _with_data(sheet, row, places) for v, places in columns.items() if v in blueprint.formulas}
        first, last = _data_rows(sheet, row, known, blueprint, below)
        values = _stored(sheet, known, range(first, last + 1))
        tables.append(Found(sheet, row, MappingProxyType(known), first, last, blueprint, values))
    return tables


def _headers(sheet: Sheet, row: int) -> list[dict[str, list[int]]]:
    """The variables of a row that is a header with the columns labelled so, a dictionary for each table beside the
    other; [] for any other row."""
    cells = sheet.rows[row]
    texts = [(column, cell.value) for column, cell in sorted(cells.items()) if isinstance(cell.value, str)]
    if len(texts) < MIN_VARIABLES:
        return []
    segments: list[dict[str, list[int]]] = [{}]
    for column, text in texts:
        variable = labels.variable(text)
        if variable is None or _is_parameter(sheet, row, column):
            continue
        again = variable in segments[-1] and variable != "iteration"
        if again and len(segments[-1]) >= MIN_VARIABLES and blueprint_of(segments[-1]) is not None:
            segments.append({})
        segments[-1].setdefault(variable, []).append(column)
    return [s for s in segments if len(s) >= MIN_VARIABLES and any(v.startswith(("h", "a_h")) for v in s)]


def _with_data(sheet: Sheet, header: int, columns: list[int]) -> int:
    """Of the columns with one label the one whose cells hold data: a list of parameters beside the table, or above it
    in the same row, repeats its labels."""
    if len(columns) == 1:
        return columns[0]
    rows = range(header + 1, header + 1 + _SEEN_ROWS)

    def filled(column: int) -> int:
        return sum(1 for row in rows if (cell := sheet.cell(row, column)) is not None and _is_data(cell))

    return max(columns, key=filled)  # the first of equals


def _is_parameter(sheet: Sheet, header: int, column: int) -> bool:
    """Whether a label in the header's row belongs to a list of parameters: its number stands beside it, none below."""
    beside, below = sheet.cell(header, column + 1), sheet.cell(header + 1, column)
    return beside is not None and _is_data(beside) and (below is None or not _is_data(below))


def _data_rows(sheet: Sheet, header: int, columns: dict[str, int], blueprint: Blueprint, below: int | None):
    """First and last data row: from the first row with results, until results stop."""
    results = [c for v, c in columns.items() if v in blueprint.formulas and v != "iteration"]
    computed = [columns[v] for v in blueprint.formulas if v in columns and v.startswith(("h", "a_", "o", "E", "grad_"))]
    end = min(below or 1 << 30, max(sheet.rows) + 1)
    first = next((r for r in range(header + 1, min(header + 2 + MAX_GAP, end)) if _has(sheet, r, results)), header + 1)
    last = first - 1
    for row in range(first, end):
        if not _has(sheet, row, computed, 4) or _sums_up(sheet, row, computed):
            break
        last = row
    return first, last


def goes_on(table: Found) -> int | None:
    """The first of more rows that follow after an empty one with the table's own formulas, None where it ends."""
    columns = [table.columns[v] for v in table.computed]
    for row in range(table.last + 1, table.last + 2 + MAX_GAP):
        if row in table.sheet.rows and _headers(table.sheet, row):
            return None
        pairs = ((table.sheet.cell(row, column), table.sheet.cell(table.last, column)) for column in columns)
        same = [a is not None and b is not None and a.template is b.template is not None for a, b in pairs]
        if sum(same) * 2 > len(same):
            return row
    return None


def _sums_up(sheet: Sheet, row: int, columns: list[int]) -> bool:
    """Whether most of these cells take a sum, a mean or the like of the column above them: no step of the training."""
    cells = [cell for column in columns if (cell := sheet.cell(row, column)) is not None]
    trees = [cell.template.tree for cell in cells if cell.template is not None]
    return sum(map(_takes_rows_above, trees)) * 2 > len(trees)


def _takes_rows_above(tree: Node) -> bool:
    if tree.kind != "call" or not tree.args or tree.args[0].kind != "range":
        return False
    top, bottom = tree.args[0].ends
    return (top.column, top.fixed_column) == (bottom.column, bottom.fixed_column) and bottom.row > top.row


def _has(sheet: Sheet, row: int, columns: list[int], share: int = 3) -> bool:
    """Whether at least a `share`-th of these cells hold a number or a formula."""
    cells = sheet.rows.get(row)
    if not cells:
        return False
    filled = sum(1 for c in columns if c in cells and _is_data(cells[c]))
    return filled * share >= len(columns)


def _is_data(cell: Cell) -> bool:
    return cell.template is not None or isinstance(cell.value, float) or cell.error


def _stored(sheet: Sheet, columns: dict[str, int], rows: range) -> Mapping[str, Array]:
    """The stored numbers of each column, not to be written to."""
    numbers = {}
    for variable, column in columns.items():
        numbers[variable] = np.array([_number(sheet.cell(row, column)) for row in rows], dtype=float)
        numbers[variable].setflags(write=False)
    return MappingProxyType(numbers)


def _number(cell: Cell | None) -> float:
    return cell.value if cell is not None and isinstance(cell.value, float) else np.nan
