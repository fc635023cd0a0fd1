"""From a workbook to its report: tables judged, faults named and grouped, effects measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from workbook.check.judge import findings
from workbook.check.judge.chart_findings import check_charts
from workbook.check.judge.diagnose import explain
from workbook.check.judge.effects import right_table, start_of
from workbook.check.judge.findings import FileReport, Finding, Part, TableReport
from workbook.check.judge.formula_findings import formula_findings, mostly_unexplained
from workbook.check.judge.judged import Judged, judge_of, judge_table
from workbook.check.judge.unfinished import missing_parts, unfinished_place
from workbook.check.judge.values import other_activation, value_findings
from workbook.check.limits import too_large
from workbook.check.meaning.tables import Table, find_tables, goes_on
from workbook.check.read.book import Book
from workbook.check.read.reader import read_book
from workbook.check.report import words
from workbook.parts.references import a1, on_sheet
from xlfuncs.errors import GradsheetError

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
    judged, resolver = judge_table(book, table, tables)
    explain(judged, resolver, judge_of(table.blueprint))
    values_only = not judged.has_formulas
    if values_only:
        judged.network = other_activation(table)
    elif judged.network is None and mostly_unexplained(table, judged):
        judged.network = "its formulas are those of another calculation"
    found: list[Finding] = []
    if judged.network is not None:
        text = f"Not judged: this is a network that isn't judged yet ({judged.network})."
        found.append(Finding("network not judged", table.sheet.name, [], text, note=True, place=table.range))
    elif table.last >= table.first:
        found = value_findings(table) if values_only else formula_findings(table, judged, book)
    if table.sheet.cut is not None and table.last >= table.sheet.cut - 1:
        text = f"Only the rows up to {table.sheet.cut} were read; the table goes on."
        found.append(Finding("not read", table.sheet.name, [], text, note=True, place=f"row {table.sheet.cut}"))
    elif table.last >= table.first and not values_only and (more := goes_on(table)) is not None:
        text = f"Not judged: the table goes on in row {more} after an empty row; only the rows above it were judged."
        found.append(Finding("not read", table.sheet.name, [], text, note=True, place=f"row {more}"))
    verdict, why = _verdict(table, judged, found)
    return _table_report(table, verdict, [*found, *why], values_only, judged.network is not None)


def _table_report(
    table: Table, verdict: str, found: list[Finding], values_only: bool, other_network: bool
) -> TableReport:
    start = {name: value for name, value in start_of(table).items() if not np.isnan(value)}
    cell = None
    if table.rate_cell is not None:
        cell = on_sheet(table.rate_cell[0], a1(*table.rate_cell[1:]), table.sheet.name)
    elif table.rate_column is not None:
        cell = a1(table.first, table.rate_column)
    total = None
    if table.last >= table.first and "E_total" in table.columns and not other_network:
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
        verdict=verdict,
        findings=found,
        values_only=values_only,
        total_error=total,
    )


def _verdict(table: Table, judged: Judged, found: list[Finding]) -> tuple[str, list[Finding]]:
    """The verdict, with a note on what is missing or why it can't be told.

    Right is a table only if all its formulas were judged and its rows could be calculated.
    """
    if table.last < table.first:
        return findings.EMPTY, []
    if any(not finding.note for finding in found):
        return findings.WRONG, []
    if any(finding.kind in findings.NOT_JUDGED_KINDS for finding in found):
        return findings.NOT_JUDGED, []
    missing = missing_parts(table, judged)
    if missing:
        text = f"Unfinished: {'; '.join(missing)}."
        return findings.UNFINISHED, [
            Finding("unfinished", table.sheet.name, [], text, note=True, place=unfinished_place(table, judged))
        ]
    why = _incalculable(table)
    if why is not None:
        return findings.NOT_JUDGED, [
            Finding("not judged", table.sheet.name, [], f"Not judged: {why}.", note=True, place=table.range)
        ]
    return findings.RIGHT, []


def _incalculable(table: Table) -> str | None:
    """Why the table's rows can't be calculated from its first one, None where they can."""
    if table.rate is None:
        return "its learning rate was not found"
    unknown = [name for name, value in start_of(table).items() if np.isnan(value)]
    if unknown:
        return f"no number was found for {words.names_text(unknown)}, from which its rows follow"
    if not np.isfinite(right_table(table)["E_total"]).all():
        return "its values grow beyond all numbers"
    return None


def _compare_starts(tables: list[Table], reports: list[TableReport]) -> None:
    """A table whose start values differ in one or two places from those that all the others share."""
    starts = [start_of(table) for table in tables]
    for k, table in enumerate(tables):
        others = [
            s
            for j, s in enumerate(starts)
            if j != k and tables[j].last >= tables[j].first and s.keys() == starts[k].keys()
        ]
        another = any(finding.kind == "network not judged" for finding in reports[k].findings)
        if len(others) < 2 or table.last < table.first or another:
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
        if reports[k].verdict in (findings.RIGHT, findings.UNFINISHED, findings.NOT_JUDGED):
            reports[k].verdict = findings.WRONG
