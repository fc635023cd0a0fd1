"""Numbers where formulas belong: tables of typed values, typed-over cells, frozen rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.exchanges import kind_of_constant
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding, Part
from workbook.check.judge.judged import Judged
from workbook.check.judge.right_formula import right_formula
from workbook.check.meaning import words
from workbook.check.meaning.stages import Recognised
from xlfuncs.audit import audit_columns
from xlfuncs.expression import text as expression_text

FROZEN_SHARE = 0.5


@finds(fault_kinds.WRONG_VALUE, fault_kinds.FROZEN_ROWS, fault_kinds.CHANGED_CONSTANT)
def value_findings(table: Recognised) -> list[Finding]:
    """What is wrong in a table without formulas."""
    findings = []
    for fault in audit_columns(table.blueprint, dict(table.values), table.rate):
        rows = [row + table.first for row in fault.rows]
        if fault.kind == fault_kinds.FROZEN_ROWS:
            names = [v for v in table.blueprint.learned if v in table.columns]
            parts = [_part(table, name, rows) for name in names]
            text = (
                f"The weights stop changing in row {rows[0]} although their gradients are not 0: "
                f"{len(rows)} rows are copies."
            )
        else:
            parts = [_part(table, fault.variable, rows, fault.expected)]
            text = (
                f"{words.names_text([fault.variable])} doesn't follow from the numbers beside and above it: "
                f"{fault.value:.10g} stands in row {rows[0]}, {fault.expected:.10g} belongs."
            )
            if fault.slip is not None:
                used, right = (words.names_text([name]) for name in fault.slip)
                text += f" The numbers fit {used} in place of {right}."
        findings.append(Finding(fault.kind, table.sheet.name, parts, text))
    return findings


def _part(table: Recognised, variable: str, rows: Sequence[int], expected: float | None = None) -> Part:
    value = table.values[variable][rows[0] - table.first]
    formula = right_formula(table, variable, rows[0])
    right = f"{expected:.10g}" if expected is not None else f"={formula}" if formula else None
    should = expression_text(table.blueprint.formulas[variable])
    return Part(variable, table.columns[variable], rows, f"{value:.10g}", f"{value:.10g}", right, should)


@finds(fault_kinds.TYPED_OVER, fault_kinds.FROZEN_ROWS)
def typed_findings(judged: Judged) -> list[Finding]:
    """Numbers among formulas: one typed-over cell, a typed column, or whole rows that no longer calculate."""
    table, frozen = judged.table, _frozen(judged)
    findings = []
    if frozen:
        parts = []
        for variable, typed in judged.typed.items():
            inside = [row for row in typed if row in frozen]
            if inside:
                parts.append(_typed_part(table, variable, inside))
        where = f"row {min(frozen)}" if len(frozen) == 1 else f"rows {min(frozen)} to {max(frozen)}"
        text = f"Numbers stand in {where} where formulas belong: the rows are frozen and no longer follow the others."
        findings.append(Finding(fault_kinds.FROZEN_ROWS, table.sheet.name, parts, text))
    for variable, typed in judged.typed.items():
        rows = [row for row in typed if row not in frozen]
        if not rows:
            continue
        whole = len(rows) == len(table.rows) or (
            variable in table.blueprint.learned and len(rows) == len(table.rows) - 1
        )
        text = f"{words.names_text([variable])}: a typed number stands where a formula belongs."
        if whole:
            text = f"{words.names_text([variable])}: the whole column is typed, without formulas."
        findings.append(Finding(fault_kinds.TYPED_OVER, table.sheet.name, [_typed_part(table, variable, rows)], text))
    return findings + _changed_constants(table) + _given_without_number(judged)


def _typed_part(table: Recognised, variable: str, rows: Sequence[int]) -> Part:
    cell = table.filled(variable, rows[0])
    stands = f"{cell.value:.10g}" if isinstance(cell.value, float) else str(cell.value)
    right = right_formula(table, variable, rows[0])
    should = expression_text(table.blueprint.formulas[variable])
    return Part(variable, table.columns[variable], rows, stands, stands, f"={right}" if right else None, should)


def _frozen(judged: Judged) -> set[int]:
    """Rows in which most results are typed."""
    computed = judged.table.computed
    counts = dict.fromkeys(judged.table.rows, 0)
    for variable in computed:
        for row in judged.typed.get(variable, ()):
            counts[row] += 1
    return {row for row, count in counts.items() if count > FROZEN_SHARE * len(computed)}


@finds(fault_kinds.CHANGED_CONSTANT)
def _changed_constants(table: Recognised) -> list[Finding]:
    """Inputs and targets that change down the table, as when a series was filled instead of copied."""
    found = []
    for variable in table.columns:
        if variable not in table.blueprint.constants:
            continue
        values = table.values[variable]
        formulas = [table.cell(variable, row) for row in table.rows]
        first = values[0]
        with np.errstate(invalid="ignore"):
            off = np.abs(values - first) > 1e-9 * max(1.0, abs(first))
        rows = [
            row
            for row, o, cell in zip(table.rows, off, formulas, strict=True)
            if o and cell is not None and cell.template is None
        ]
        if rows:
            value = values[rows[0] - table.first]
            part = Part(
                variable, table.columns[variable], rows, f"{value:.10g}", f"{value:.10g}", f"{first:.10g}", variable
            )
            text = (
                f"{variable} changes in row {rows[0]}: {value:.10g} instead of {first:.10g}, the value it starts with."
            )
            kind = kind_of_constant(variable)
            found.append(Finding(kind, table.sheet.name, [part], text, also=(fault_kinds.CHANGED_CONSTANT,)))
    return found


@finds(fault_kinds.CHANGED_CONSTANT, fault_kinds.UNJUDGED)
def _given_without_number(judged: Judged) -> list[Finding]:
    """Cells of inputs and targets that formulas read though no number stands in them.

    An empty one counts as 0, so the table isn't right. What a text counts as depends on the computer's settings.
    """
    table = judged.table
    holes: dict[tuple[int, int], str] = {}
    for variable in table.blueprint.constants & table.columns.keys():
        for row in table.rows:
            cell = table.cell(variable, row)
            if cell is None or (cell.template is None and not isinstance(cell.value, float)):
                holes[(row, table.columns[variable])] = variable
    if not holes:
        return []
    read: dict[tuple[str, object], list[int]] = {}
    for row, column in sorted(holes.keys() & _read_by_formulas(judged)):
        cell = table.sheet.cell(row, column)
        read.setdefault((holes[(row, column)], None if cell is None else cell.value), []).append(row)
    found = []
    for (variable, value), rows in read.items():
        where, column = f"row{'s' if len(rows) > 1 else ''} {_rows_text(rows)}", table.columns[variable]
        if value is None:
            first = table.values[variable][0]
            right = None if np.isnan(first) else f"{first:.10g}"
            text = f"{variable} is empty in {where}, so the formulas that read it there calculate with 0."
            kind = kind_of_constant(variable)
            part = Part(variable, column, rows, "nothing", "nothing", right, variable)
            found.append(Finding(kind, table.sheet.name, [part], text, also=(fault_kinds.CHANGED_CONSTANT,)))
        else:
            shown = f"“{str(value)[:30]}”"
            text = f"Not judged: {variable} holds {shown} in {where}, which is no number, and formulas read it."
            part = Part(variable, column, rows, str(value), str(value), None, None)
            found.append(Finding(fault_kinds.UNJUDGED, table.sheet.name, [part], text, note=True))
    return found


def _read_by_formulas(judged: Judged) -> set[tuple[int, int]]:
    """The cells of the table's sheet to which its formulas refer."""
    table = judged.table
    read: set[tuple[int, int]] = set()
    for variable, row in judged.meanings:
        cell = table.cell(variable, row)
        if cell is not None and cell.template is not None:
            read.update(ref.at(row, table.columns[variable]) for ref in cell.template.refs if _is_here(ref, table))
    return read


def _is_here(ref, table: Recognised) -> bool:
    return ref.sheet is None or ref.sheet.casefold() == table.sheet.name.casefold()


def _rows_text(rows: Sequence[int]) -> str:
    if len(rows) > 2 and rows[-1] - rows[0] == len(rows) - 1:
        return f"{rows[0]} to {rows[-1]}"
    return ", ".join(map(str, rows))
