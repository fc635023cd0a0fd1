"""What an unfinished table lacks, and where."""

from __future__ import annotations

from workbook.check.judge.judged import Judged
from workbook.check.meaning.tables import Table
from workbook.check.report.words import names_text
from workbook.parts.references import a1


def missing_parts(table: Table, judged: Judged) -> list[str]:
    """What is missing, each as half a sentence; [] for a finished table."""
    found = []
    for variable in judged.empty_columns:
        found.append(f"{names_text([variable])} has no formulas ({_empty_cells(table, variable)})")
    absent = [v for v in table.blueprint.learned if v not in table.columns]
    absent += [v for v in ("E_total",) if v not in table.columns]
    if absent:
        found.append(f"the header (row {table.header}) has no column for {names_text(absent)}")
    if len(table.rows) < 2:
        found.append(f"only row {table.first} is filled in, so nothing was updated yet; row {table.first + 1} is next")
    return found


def unfinished_place(table: Table, judged: Judged) -> str:
    """Where it is missing: the empty cells, else the header or the next row."""
    if judged.empty_columns:
        return ", ".join(_empty_cells(table, variable) for variable in judged.empty_columns[:4])
    return f"row {table.last + 1}" if len(table.rows) < 2 else f"row {table.header}"


def _empty_cells(table: Table, variable: str) -> str:
    column = table.columns[variable]
    filled = table.cell(variable, table.first) is not None
    first, last = table.first + filled, table.last
    return a1(first, column) if first == last else f"{a1(first, column)}:{a1(last, column)}"
