"""From a workbook to its report: tables judged, faults named and grouped, effects measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from workbook.check import findings, formula, words
from workbook.check.book import Book
from workbook.check.charts import check_charts
from workbook.check.classify import Diagnosis
from workbook.check.effects import effects, right_table, stale_rows, start_of
from workbook.check.evaluate import KNOWN
from workbook.check.findings import FileReport, Finding, Part, TableReport
from workbook.check.judge import Group, Judged, judge_of, judge_table
from workbook.check.limits import too_large
from workbook.check.reader import read_book
from workbook.check.right import right_formula
from workbook.check.tables import Table, find_tables
from workbook.check.values import typed_findings, value_findings
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import text as expression_text

UNEXPECTED = "could not be checked: a fault of gradsheet's own, please report it with the file"


def check_file(path: Path | str) -> FileReport:
    """Check one file. A file that can't be read gives a report with its `error` set."""
    return examine(path)[0]


def examine(path: Path | str, memory: int | None = None) -> tuple[FileReport, tuple[Book, list[Table]] | None]:
    """Check one file, with no more than `memory` bytes; also gives what was read, None where that failed."""
    try:
        book = read_book(path)
        report, tables = check_book(book)
        return report, (book, tables)
    except GradsheetError as error:
        sentence = str(error)
    except MemoryError:
        sentence = f"{path} needs more memory than there is; check it on a larger machine."
        sentence = too_large(path, memory) if memory is not None else sentence
    except Exception as error:  # one file must not stop two hundred others
        sentence = f"{path} {UNEXPECTED} ({type(error).__name__}: {str(error)[:80]})."
    return FileReport(str(path), error=sentence), None


def check_book(book: Book) -> tuple[FileReport, list[Table]]:
    """Check a workbook that was read; also gives the tables, in the order of the report's."""
    report = FileReport(str(book.path), book.writer)
    tables = find_tables(book)
    for table in tables:
        report.tables.append(_check_table(book, table, tables))
    _compare_starts(tables, report.tables)
    report.charts = check_charts(book, tables)
    return report, tables


def _check_table(book: Book, table: Table, tables: list[Table]) -> TableReport:
    judged = judge_table(book, table, tables)
    found: list[Finding] = []
    values_only = not judged.has_formulas
    if table.last >= table.first:
        found = value_findings(table) if values_only else _formula_findings(table, judged, book)
    if table.sheet.cut is not None and table.last >= table.sheet.cut - 1:
        text = f"Only the rows up to {table.sheet.cut} were read; the table goes on."
        found.append(Finding("not read", table.sheet.name, [], text, note=True, place=f"row {table.sheet.cut}"))
    return _table_report(table, judged, found, values_only)


def _table_report(table: Table, judged: Judged, found: list[Finding], values_only: bool) -> TableReport:
    start = {name: value for name, value in start_of(table).items() if not np.isnan(value)}
    cell = None
    if table.rate_cell is not None:
        sheet = "" if table.rate_cell[0] == table.sheet.name else f"'{table.rate_cell[0]}'!"
        cell = sheet + formula.a1(*table.rate_cell[1:])
    elif table.rate_column is not None:
        cell = formula.a1(table.first, table.rate_column)
    total = None
    if table.last >= table.first and "E_total" in table.columns:
        right = right_table(table)
        stored = table.values["E_total"]
        if right is not None and np.isfinite(stored).any():
            total = float(np.nanmax(np.abs(stored - right["E_total"])))
    return TableReport(
        sheet=table.sheet.name,
        range=table.range,
        header_row=table.header,
        first_row=table.first,
        rows=len(table.rows),
        sizes=table.blueprint.sizes,
        learning_rate=table.rate,
        learning_rate_cell=cell,
        start=start,
        verdict=_verdict(table, judged, found),
        findings=found,
        values_only=values_only,
        total_error=total,
    )


def _verdict(table: Table, judged: Judged, found: list[Finding]) -> str:
    if table.last < table.first:
        return findings.EMPTY
    if any(not finding.note for finding in found):
        return findings.WRONG
    blueprint = table.blueprint
    absent = [v for v in blueprint.learned if v not in table.columns]
    if judged.empty_columns or absent or len(table.rows) < 2 or "E_total" not in table.columns:
        return findings.UNFINISHED
    return findings.RIGHT


def _formula_findings(table: Table, judged: Judged, book: Book) -> list[Finding]:
    merged: dict[object, list[Group]] = {}
    for group in judged.wrong:
        if group.diagnosis.kind == "wrong formula" and group.template.functions - KNOWN:
            continue  # told below, as the unknown function that it is
        merged.setdefault(_merge_key(group), []).append(group)
    found = [_finding(table, groups) for groups in merged.values()]
    found += typed_findings(table, judged)
    _measure(table, judged, found)
    found += _unknown_functions(table, judged)
    found += _rates(table, judged)
    found += _missing(table, judged)
    if not any(f.kind in ("typed-over", "frozen rows", "copied rows") for f in found) and not _circular(judged):
        found += _stale(table, judged, book)
    return sorted(
        found, key=lambda f: (f.note, f.parts[0].rows[0] if f.parts else 0, f.parts[0].column if f.parts else 0)
    )


def _circular(judged: Judged) -> bool:
    return any(group.circular for group in judged.wrong)


def _merge_key(group: Group) -> object:
    """Equal for groups that show the same slip."""
    diagnosis = group.diagnosis
    if diagnosis.kind == "missing $" and not diagnosis.also:
        return ("missing $", group.variable.rstrip("0123456789"))
    family = group.variable.rstrip("0123456789")
    detail = (diagnosis.kind, diagnosis.also, diagnosis.detail, group.circular, family)
    if diagnosis.kind in ("wrong formula", "sign", "lost parentheses", "missing factor", "missing term"):
        # Nothing tells two of these apart but their place: only neighbouring columns count as one slip.
        return (*detail, diagnosis.swaps, tuple(group.rows))
    if diagnosis.kind in ("swapped weights", "wrong gradient column"):
        return (*detail, diagnosis.swaps)
    return (*detail, tuple((old, new) for old, new in diagnosis.swaps))


def _finding(table: Table, groups: list[Group]) -> Finding:
    diagnosis: Diagnosis = groups[0].diagnosis
    circular = any(group.circular for group in groups)
    variables = [group.variable for group in groups]
    first = min(group.rows[0] for group in groups)
    parts = [_part(table, group) for group in groups]
    diagnosis = min(groups, key=lambda group: group.rows[0]).diagnosis if diagnosis.kind == "missing $" else diagnosis
    text = words.message(diagnosis, variables, table, first, circular)
    also = diagnosis.also + (("circular chain",) if circular else ())
    return Finding(diagnosis.kind, table.sheet.name, parts, text, also)


def _part(table: Table, group: Group) -> Part:
    column, row = table.columns[group.variable], group.rows[0]
    stands = "=" + formula.text_at(group.template.tree, row, column)
    return make_part(table, group.variable, group.rows, stands, words.meaning_text(group.meanings[0]))


def make_part(table: Table, variable: str, rows: list[int], stands: str, meaning: str) -> Part:
    """A part with what should stand in its first cell."""
    right = right_formula(table, variable, rows[0])
    should = expression_text(table.blueprint.formulas[variable])
    return Part(variable, table.columns[variable], rows, stands, meaning, f"={right}" if right else None, should)


def _measure(table: Table, judged: Judged, found: list[Finding]) -> None:
    cells = [[(part.variable, row) for part in finding.parts for row in part.rows] for finding in found]
    for finding, effect in zip(found, effects(table, judged, cells), strict=True):
        if effect is not None:
            finding.gradient_error, finding.total_error = effect


def _unknown_functions(table: Table, judged: Judged) -> list[Finding]:
    found = []
    for name, cells in judged.unknown.items():
        by_variable: dict[str, list[int]] = {}
        for variable, row in cells:
            by_variable.setdefault(variable, []).append(row)
        broken = any(table.cell(v, row).error or isinstance(table.cell(v, row).value, str) for v, row in cells)
        parts = []
        for variable, rows in by_variable.items():
            tree = table.cell(variable, rows[0]).formula.tree
            stands = "=" + formula.text_at(tree, rows[0], table.columns[variable])
            meaning = words.meaning_text(judged.meanings[(variable, rows[0])])
            parts.append(make_part(table, variable, rows, stands, meaning))
        instead = "Write POWER(…,2) or ^2." if name == "POW" else "Use one that Excel has."
        text = f"{name} is no function of Excel's, which shows #NAME? there. {instead}"
        known = name == "POW" and not broken
        found.append(Finding("unknown function", table.sheet.name, parts, text, note=known))
    return found


def _rates(table: Table, judged: Judged) -> list[Finding]:
    """Learning rates written into the formulas as numbers: all the same, or not."""
    if table.rate is None and judged.literal_rates:
        table.rate = judged.literal_rates.most_common(1)[0][0]
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
        stands = "=" + formula.text_at(table.cell(variable, rows[0]).formula.tree, rows[0], table.columns[variable])
        parts.append(make_part(table, variable, rows, stands, words.meaning_text(judged.meanings[(variable, rows[0])])))
    shown = ", ".join(f"{rate:g}" for rate in sorted(odd))
    text = f"{words.names_text(list(by_variable))}: learning rate {shown}, while the other updates use {table.rate:g}."
    return [Finding("wrong learning rate", table.sheet.name, parts, text)]


def _missing(table: Table, judged: Judged) -> list[Finding]:
    parts = [make_part(table, v, rows, "nothing", "nothing") for v, rows in judged.missing.items()]
    if not parts:
        return []
    trailing = all(part.rows == list(range(part.rows[0], table.last + 1)) for part in parts)
    text = f"{words.names_text(list(judged.missing))}: cells are empty."
    kind = "missing cells"
    return [Finding(kind, table.sheet.name, parts, text, note=trailing and len(parts[0].rows) == 1)]


def _stale(table: Table, judged: Judged, book: Book) -> list[Finding]:
    stored = [table.values[v] for v in table.computed]
    seen = np.concatenate(stored) if stored else np.array([])
    seen = seen[np.isfinite(seen)]
    formulas = [table.values[v][row - table.first] for v, row in judged.meanings]
    if not np.isfinite(formulas).any() or not np.any(np.array(formulas)[np.isfinite(formulas)]):
        text = "The file holds no calculated values; open it in Excel once and save it."
        return [Finding("never calculated", table.sheet.name, [], text, note=True, place=table.range)]
    parts = []
    stale = stale_rows(table, judged, book.digits)
    for variable, rows in stale.items():
        stands = "=" + formula.text_at(table.cell(variable, rows[0]).formula.tree, rows[0], table.columns[variable])
        meaning = words.meaning_text(judged.meanings[(variable, rows[0])])
        parts.append(make_part(table, variable, rows, stands, meaning))
    if not parts:
        return []
    text = "The stored numbers are not what the formulas give: the sheet was not recalculated (press Ctrl+Alt+F9)."
    return [Finding("stale values", table.sheet.name, parts, text)]


def _compare_starts(tables: list[Table], reports: list[TableReport]) -> None:
    """A table whose start values differ in one or two places from those that all the others share."""
    starts = [start_of(table) for table in tables]
    for k, table in enumerate(tables):
        others = [
            s
            for j, s in enumerate(starts)
            if j != k and tables[j].last >= tables[j].first and s.keys() == starts[k].keys()
        ]
        if len(others) < 2 or table.last < table.first:
            continue
        common = {}
        for name in starts[k]:
            value, votes = Counter(s[name] for s in others).most_common(1)[0]
            if votes * 3 >= 2 * len(others) and votes >= 2:
                common[name] = value
        odd = [n for n, value in common.items() if not np.isnan(value) and abs(starts[k][n] - value) > 1e-9]
        odd = [n for n in odd if n in table.columns]
        if not 1 <= len(odd) <= 2 or len(common) < len(starts[k]) - 2:
            continue
        parts = [Part(n, table.columns[n], [table.first], f"{starts[k][n]:g}", n, f"{common[n]:g}", n) for n in odd]
        text = "; ".join(f"{n} starts at {starts[k][n]:g}, in the file's other tables at {common[n]:g}" for n in odd)
        reports[k].findings.append(Finding("wrong start value", table.sheet.name, parts, text + "."))
        if reports[k].verdict in (findings.RIGHT, findings.UNFINISHED):
            reports[k].verdict = findings.WRONG
