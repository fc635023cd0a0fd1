"""What is found in the formulas of a judged table: each slip once, however far it was copied, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.classify import Diagnosis, judge_of
from workbook.check.judge.effects import effects, stale_rows, stored_limit
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding, Part
from workbook.check.judge.judged import Judged, Slip
from workbook.check.judge.right_formula import right_formula
from workbook.check.judge.sentences import message
from workbook.check.judge.values import typed_findings
from workbook.check.meaning import words
from workbook.check.meaning.evaluate import KNOWN
from workbook.check.meaning.stages import Recognised
from workbook.check.read.book import Book
from workbook.check.read.copied import own_text
from xlfuncs.compiled import RATE
from xlfuncs.expression import label
from xlfuncs.expression import text as expression_text

# Nothing tells two slips of these kinds apart but their place: only those in the same rows count as one.
_ALIKE = (
    fault_kinds.WRONG_FORMULA,
    fault_kinds.SIGN,
    fault_kinds.LOST_BRACKETS,
    fault_kinds.MISSING_FACTOR,
    fault_kinds.MISSING_TERM,
)


def formula_findings(judged: Judged, book: Book) -> list[Finding]:
    """Every fault and note on the formulas of a judged table, from top to bottom, faults first."""
    table = judged.table
    merged: dict[tuple[bool, object], list[Slip]] = {}
    for group in judged.slips:
        if group.diagnosis.kind == fault_kinds.WRONG_FORMULA and group.template.functions - KNOWN:
            continue  # told below, as the unknown function that it is
        merged.setdefault((_is_same_number(table, group, book.digits), _merge_key(group)), []).append(group)
    found = [_finding(table, groups) for (same, _), groups in merged.items() if not same]
    notes = [_same_number(table, groups) for (same, _), groups in merged.items() if same]
    found += typed_findings(judged)
    found = _measured(judged, found)
    found += notes + _unjudged(judged)
    found += _unknown_functions(judged)
    found += _rates(judged)
    found += _missing(judged)
    if not any(f.kind in (fault_kinds.TYPED_OVER, fault_kinds.FROZEN_ROWS) for f in found) and not _circular(judged):
        found += _stale(judged, book)
    return sorted(
        found, key=lambda f: (f.note, f.parts[0].rows[0] if f.parts else 0, f.parts[0].column if f.parts else 0)
    )


def _circular(judged: Judged) -> bool:
    return any(group.circular for group in judged.slips)


def _merge_key(group: Slip) -> object:
    """Equal for groups that show the same slip."""
    diagnosis = group.diagnosis
    if diagnosis.kind == fault_kinds.MISSING_DOLLAR and not diagnosis.also:
        return (fault_kinds.MISSING_DOLLAR, group.variable.rstrip("0123456789"))
    family = group.variable.rstrip("0123456789")
    detail = (diagnosis.kind, diagnosis.also, diagnosis.detail, group.circular, family)
    if diagnosis.kind in _ALIKE:
        return (*detail, diagnosis.swaps, tuple(group.rows))
    if diagnosis.kind in (fault_kinds.SWAPPED_WEIGHTS, fault_kinds.WRONG_GRADIENT):
        return (*detail, diagnosis.swaps)
    return (*detail, tuple((old, new) for old, new in diagnosis.swaps))


def _finding(table: Recognised, groups: list[Slip]) -> Finding:
    diagnosis: Diagnosis = groups[0].diagnosis
    circular = any(group.circular for group in groups)
    variables = [group.variable for group in groups]
    first = min(group.rows[0] for group in groups)
    parts = [_part(table, group) for group in groups]
    if diagnosis.kind == fault_kinds.MISSING_DOLLAR:
        diagnosis = min(groups, key=lambda group: group.rows[0]).diagnosis
    text = message(diagnosis, variables, groups[0].meaning, table, first, circular)
    also = diagnosis.also + ((fault_kinds.CIRCULAR,) if circular and diagnosis.kind != fault_kinds.CIRCULAR else ())
    while_equal = _equal_today(table, groups)
    return Finding(diagnosis.kind, table.sheet.name, parts, text, also, harmless_while=while_equal)


def _equal_today(table: Recognised, groups: list[Slip]) -> str | None:
    """t1 = t2: the exchanged variables that hold the same numbers in this table."""
    pairs = []
    for group in groups:
        for old, new in group.diagnosis.swaps:
            names = [node.variable[0] for node in (old, new) if node.kind == "var"]
            if len(names) < 2 or names[0] == names[1] or not all(name in table.values for name in names):
                return None
            a, b = (table.values[name] for name in names)
            if not np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True):
                return None
            pairs.append(" = ".join(sorted(map(label, names))))
    return " and ".join(dict.fromkeys(pairs)) or None


@finds(fault_kinds.SAME_NUMBER)
def _is_same_number(table: Recognised, group: Slip, digits: int) -> bool:
    """Whether a formula only reads its numbers in another cell than the others do, today with the same results.

    Nothing then shows it to be another function: the cell may be a second list of the same parameters.
    """
    diagnosis = group.diagnosis
    if not diagnosis.swaps or diagnosis.besides is not None or group.circular:
        return False
    if diagnosis.kind not in (fault_kinds.WRONG_CELL, fault_kinds.WRONG_RATE) or diagnosis.also:
        return False
    start = {**table.start, RATE: table.rate}
    for old, new in diagnosis.swaps:
        same = old.kind == "cell" and new.kind == "var" and new.variable[0] in table.blueprint.constants | {RATE}
        if not same or old.number != start.get(new.variable[0]):
            return False
    right, limit = table.expected, stored_limit(digits)
    if right is None:
        return False
    for name in {group.variable, "E_total"} & set(table.values):
        stored = table.values[name]
        off = np.abs(stored - right[name]) > limit * np.abs(right[name]).max()
        if (off & np.isfinite(stored)).any():
            return False
    return True


def _same_number(table: Recognised, groups: list[Slip]) -> Finding:
    diagnosis, variables = groups[0].diagnosis, [group.variable for group in groups]
    reads = " and ".join(f"{words.leaf_text(old)} for {words.leaf_text(new)}" for old, new in diagnosis.swaps)
    verb = "read" if len(set(variables)) > 1 else "reads"
    text = f"{words.names_text(variables)} {verb} {reads}: the same number today, but not the cell that the others use."
    parts = [_part(table, group) for group in groups]
    return Finding(fault_kinds.SAME_NUMBER, table.sheet.name, parts, text, note=True)


@finds(fault_kinds.UNJUDGED)
def _unjudged(judged: Judged) -> list[Finding]:
    """A note for each reason why cells weren't judged."""
    table, findings = judged.table, []
    for reason, cells in judged.unjudged.items():
        by_variable: dict[str, list[int]] = {}
        for variable, row in cells:
            by_variable.setdefault(variable, []).append(row)
        parts = []
        for variable, rows in by_variable.items():
            part = make_part(table, variable, rows, stands_in(table, variable, rows[0]), f"not judged: {reason}")
            parts.append(replace(part, right=None, right_meaning=None))
        text = f"Not judged: the formula of {words.names_text(list(by_variable))} {reason}."
        findings.append(Finding(fault_kinds.UNJUDGED, table.sheet.name, parts, text, note=True))
    return findings


def stands_in(table: Recognised, variable: str, row: int) -> str:
    """The cell's formula as the file has it; of an array formula the one that fills it."""
    cell, column = table.filled(variable, row), table.columns[variable]
    if cell.array is not None:
        return f"={cell.array.template.text}"
    assert cell.formula is not None, (variable, row)
    return "=" + own_text(cell.formula, row, column)


def _part(table: Recognised, group: Slip) -> Part:
    stands = stands_in(table, group.variable, group.rows[0])
    return make_part(table, group.variable, group.rows, stands, words.meaning_text(group.meanings[0]))


def make_part(table: Recognised, variable: str, rows: Sequence[int], stands: str, meaning: str) -> Part:
    """A part with what should stand in its first cell."""
    right = right_formula(table, variable, rows[0])
    should = expression_text(table.blueprint.formulas[variable])
    return Part(variable, table.columns[variable], rows, stands, meaning, f"={right}" if right else None, should)


def _measured(judged: Judged, findings: list[Finding]) -> list[Finding]:
    """The findings with what they do."""
    cells = [[(part.variable, row) for part in finding.parts for row in part.rows] for finding in findings]
    return [
        finding if effect is None else replace(finding, gradient_error=effect[0], total_error=effect[1])
        for finding, effect in zip(findings, effects(judged, cells), strict=True)
    ]


@finds(fault_kinds.UNKNOWN_FUNCTION)
def _unknown_functions(judged: Judged) -> list[Finding]:
    """Functions that Excel doesn't have, a finding each."""
    table, findings = judged.table, []
    for name, cells in judged.unknown.items():
        by_variable: dict[str, list[int]] = {}
        for variable, row in cells:
            by_variable.setdefault(variable, []).append(row)
        shown = [table.filled(v, row) for v, row in cells]
        broken = any(cell.error or isinstance(cell.value, str) for cell in shown)
        parts = []
        for variable, rows in by_variable.items():
            stands = stands_in(table, variable, rows[0])
            meaning = words.meaning_text(judged.meanings[(variable, rows[0])])
            parts.append(make_part(table, variable, rows, stands, meaning))
        instead = "Write POWER(…,2) or ^2." if name == "POW" else "Use one that Excel has."
        text = f"{name} is no function of Excel's, which shows #NAME? there. {instead}"
        known = name == "POW" and not broken
        findings.append(Finding(fault_kinds.UNKNOWN_FUNCTION, table.sheet.name, parts, text, note=known))
    return findings


@finds(fault_kinds.WRONG_RATE)
def _rates(judged: Judged) -> list[Finding]:
    """Learning rates written into the formulas as numbers: all the same, or not."""
    table = judged.table
    odd = {rate for rate in judged.literal_rates if abs(rate - (table.rate or rate)) > 1e-9 * rate}
    if not odd:
        return []
    judge = judge_of(table.blueprint)
    parts = []
    by_variable: dict[str, list[int]] = {}
    for (variable, row), meaning in judged.meanings.items():
        if variable in table.blueprint.learned and judge.literal_rate(meaning, variable) in odd:
            by_variable.setdefault(variable, []).append(row)
    for variable, rows in by_variable.items():
        stands = stands_in(table, variable, rows[0])
        parts.append(make_part(table, variable, rows, stands, words.meaning_text(judged.meanings[(variable, rows[0])])))
    shown = ", ".join(f"{rate:g}" for rate in sorted(odd))
    text = f"{words.names_text(list(by_variable))}: learning rate {shown}, while the other updates use {table.rate:g}."
    return [Finding(fault_kinds.WRONG_RATE, table.sheet.name, parts, text)]


@finds(fault_kinds.MISSING_CELLS)
def _missing(judged: Judged) -> list[Finding]:
    """Empty cells among formulas."""
    table = judged.table
    parts = [make_part(table, v, rows, "nothing", "nothing") for v, rows in judged.missing.items()]
    if not parts:
        return []
    trailing = all(part.rows == tuple(range(part.rows[0], table.last + 1)) for part in parts)
    text = f"{words.names_text(list(judged.missing))}: cells are empty."
    note = trailing and len(parts[0].rows) == 1  # a row that was begun
    return [Finding(fault_kinds.MISSING_CELLS, table.sheet.name, parts, text, note=note)]


@finds(fault_kinds.STALE_VALUES, fault_kinds.NEVER_CALCULATED)
def _stale(judged: Judged, book: Book) -> list[Finding]:
    """Stored numbers that aren't what the formulas give, or none at all."""
    table = judged.table
    formulas = [table.values[v][row - table.first] for v, row in judged.meanings]
    if not np.isfinite(formulas).any() or not np.any(np.array(formulas)[np.isfinite(formulas)]):
        text = "The file holds no calculated values; open it in Excel once and save it."
        return [Finding(fault_kinds.NEVER_CALCULATED, table.sheet.name, [], text, note=True, place=table.range)]
    parts = []
    stale = stale_rows(judged, book.digits)
    for variable, rows in stale.items():
        stands = stands_in(table, variable, rows[0])
        meaning = words.meaning_text(judged.meanings[(variable, rows[0])])
        parts.append(make_part(table, variable, rows, stands, meaning))
    if not parts:
        return []
    text = "The stored numbers are not what the formulas give: the sheet was not recalculated (press Ctrl+Alt+F9)."
    return [Finding(fault_kinds.STALE_VALUES, table.sheet.name, parts, text)]
