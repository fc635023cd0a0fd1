"""What an unfinished table lacks, and where."""

from __future__ import annotations

from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding
from workbook.check.judge.judged import Judged
from workbook.check.meaning.stages import Recognised
from workbook.check.meaning.words import names_text
from workbook.parts.references import a1


@finds(fault_kinds.UNFINISHED)
def unfinished(judged: Judged) -> Finding | None:
    """The note on what the table lacks, None for a finished one."""
    missing = _missing_parts(judged)
    if not missing:
        return None
    text = f"Unfinished: {'; '.join(missing)}."
    return Finding(fault_kinds.UNFINISHED, judged.table.sheet.name, (), text, note=True, place=_place(judged))


def _missing_parts(judged: Judged) -> list[str]:
    """What is missing, each as half a sentence; [] for a finished table."""
    table, missing = judged.table, []
    for variable in judged.empty_columns:
        missing.append(f"{names_text([variable])} has no formulas ({_empty_cells(table, variable)})")
    absent = [v for v in table.blueprint.learned if v not in table.columns]
    absent += [v for v in ("E_total",) if v not in table.columns]
    if absent:
        missing.append(f"the header (row {table.header}) has no column for {names_text(absent)}")
    if len(table.rows) < 2:
        missing.append(
            f"only row {table.first} is filled in, so nothing was updated yet; row {table.first + 1} is next"
        )
    return missing


def _place(judged: Judged) -> str:
    """Where it is missing: the empty cells, else the header or the next row."""
    table = judged.table
    if judged.empty_columns:
        return ", ".join(_empty_cells(table, variable) for variable in judged.empty_columns[:4])
    return f"row {table.last + 1}" if len(table.rows) < 2 else f"row {table.header}"


def _empty_cells(table: Recognised, variable: str) -> str:
    column = table.columns[variable]
    filled = table.cell(variable, table.first) is not None
    first, last = table.first + filled, table.last
    return a1(first, column) if first == last else f"{a1(first, column)}:{a1(last, column)}"
