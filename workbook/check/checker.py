"""From a workbook to its report: the order of the steps stands here.

    read_book            Book        the file's cells, formulas and charts
    find_tables          Found       a table in the sheet: header, columns, rows
    recognise            Recognised  its biases, parameters elsewhere, learning rate
    best_reading         Reading     every formula judged; the wiring that fits best
    explain, network_of  Judged      why formulas are wrong, or that it is another network
    findings_of          Finding     what is told, each fault once, with its effect
    _report_of           TableReport the verdict

Each value is frozen: a step gives a new one and changes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbook.check.judge import findings
from workbook.check.judge.chart_findings import check_charts
from workbook.check.judge.diagnose import explain
from workbook.check.judge.fault_kinds import KINDS
from workbook.check.judge.findings import FileReport, Finding, TableReport
from workbook.check.judge.formula_findings import formula_findings
from workbook.check.judge.judged import Judged
from workbook.check.judge.networks import network_of
from workbook.check.judge.reading import best_reading
from workbook.check.judge.recognise import recognise, with_rate_in_numbers
from workbook.check.judge.starts import other_starts
from workbook.check.judge.unfinished import unfinished
from workbook.check.judge.values import value_findings
from workbook.check.judge.whole_table import not_calculated, not_judged_network, not_read
from workbook.check.limits import too_large
from workbook.check.meaning.stages import Found, Recognised, grown
from workbook.check.meaning.tables import find_tables
from workbook.check.read.book import Book
from workbook.check.read.reader import read_book
from workbook.parts.references import a1, on_sheet
from xlfuncs.errors import GradsheetError

UNEXPECTED = "could not be checked: a fault of gradsheet's own, please report it with the file"


def check_file(path: Path | str) -> FileReport:
    """Check one file. A file that can't be read gives a report with its `error` set."""
    return examine(path)[0]


def examine(path: Path | str, memory: int | None = None) -> tuple[FileReport, tuple[Book, list[Recognised]] | None]:
    """Check one file, with no more than `memory` bytes; also gives what was read, None where that failed."""
    try:
        book = read_book(path)
        report, tables = check_book(book)
        return report, (book, tables)
    except GradsheetError as error:
        sentence = str(error)
    except MemoryError:
        sentence = f"{path} needs more memory than there is; check it on a larger machine."
        sentence = too_large(Path(path), memory) if memory is not None else sentence
    except Exception as error:  # one file must not stop two hundred others
        sentence = f"{path} {UNEXPECTED} ({type(error).__name__}: {str(error)[:80]})."
    return FileReport(str(path), error=sentence), None


def check_book(book: Book) -> tuple[FileReport, list[Recognised]]:
    """Check a workbook that was read; also gives the tables, in the order of the report's."""
    found = find_tables(book)
    judged = [judge_table(book, table, [*found[:k], *found[k + 1 :]]) for k, table in enumerate(found)]
    tables = [each.table for each in judged]
    starts = other_starts(judged)
    reports = [_report_of(each, findings_of(each, book), start) for each, start in zip(judged, starts, strict=True)]
    charts = check_charts(book, tables)
    return FileReport(str(book.path), book.writer, tuple(reports), tuple(charts)), tables


def judge_table(book: Book, found: Found, others: Sequence[Found]) -> Judged:
    """Recognise the table and judge its formulas; `others` are the workbook's other tables."""
    resolver = recognise(book, found, others)
    reading = best_reading(resolver)
    slips = explain(reading, resolver)
    network = network_of(reading, slips)
    return grown(Judged, reading, table=with_rate_in_numbers(reading, network), slips=slips, network=network)


def findings_of(judged: Judged, book: Book) -> list[Finding]:
    """Everything that is told of a judged table but its start values and what it lacks."""
    table = judged.table
    if judged.network is not None:
        found = [not_judged_network(judged)]
    elif table.last < table.first:
        found = []
    else:
        found = value_findings(table) if judged.values_only else formula_findings(judged, book)
    return found + not_read(judged)


def _report_of(judged: Judged, found: list[Finding], other_start: Finding | None) -> TableReport:
    """The table's report; `other_start` says where it starts from other values than the file's other tables."""
    table = judged.table
    verdict, why = _verdict(judged, found)
    if other_start is not None:
        verdict, why = findings.WRONG, [*why, other_start]
    cell = None
    if table.rate_cell is not None:
        cell = on_sheet(table.rate_cell[0], a1(*table.rate_cell[1:]), table.sheet.name)
    elif table.rate_column is not None:
        cell = a1(table.first, table.rate_column)
    return TableReport(
        sheet=table.sheet.name,
        range=table.range,
        header_row=table.header,
        first_row=table.first,
        rows=len(table.rows),
        sizes=table.blueprint.sizes,
        learning_rate=table.rate,
        learning_rate_cell=cell,
        start=dict(table.start),
        verdict=verdict,
        findings=(*found, *why),
        values_only=judged.values_only,
        total_error=_total_error(judged),
    )


def _total_error(judged: Judged) -> float | None:
    """How far the stored E_total is off at most, None where the right one isn't known."""
    table = judged.table
    if table.last < table.first or "E_total" not in table.columns or judged.network is not None:
        return None
    stored, right = table.values["E_total"], table.expected
    if right is None or not np.isfinite(stored).any():
        return None
    return float(np.nanmax(np.abs(stored - right["E_total"])))


def _verdict(judged: Judged, found: list[Finding]) -> tuple[str, list[Finding]]:
    """The verdict, with a note on what is missing or why it can't be told.

    Right is a table only if all its formulas were judged and its rows could be calculated.
    """
    if judged.table.last < judged.table.first:
        return findings.EMPTY, []
    if any(not finding.note for finding in found):
        return findings.WRONG, []
    if any(KINDS[finding.kind].not_judged for finding in found):
        return findings.NOT_JUDGED, []
    for verdict, why in ((findings.UNFINISHED, unfinished(judged)), (findings.NOT_JUDGED, not_calculated(judged))):
        if why is not None:
            return verdict, [why]
    return findings.RIGHT, []
