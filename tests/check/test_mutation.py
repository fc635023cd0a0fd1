"""Generated sheets, right ones and ones with known faults: every fault found in its cell and by its kind, none invented.

GRADSHEET_MUTATIONS=10000 checks that many of each; without it a thousand.
"""

import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest

from tests.check.generate import Design, Sheet
from tests.check.mutate import MUTATIONS, mutated
from tests.check.writing import column_name, package
from workbook.check.checker import check_book
from workbook.check.read.reader import read_book
from workbook.check.workers import CHUNK

COUNT = int(os.environ.get("GRADSHEET_MUTATIONS", "1000"))
SCALE = 10_000


def report_of(path, content):
    path.write_bytes(content)
    return check_book(read_book(path))[0]


def checked(content):
    with TemporaryDirectory() as folder:
        return report_of(Path(folder) / "sheet.xlsx", content)


def cells_of(fault):
    return {(row, part.column) for part in fault.parts for row in part.rows}


def is_found(mutation, column, faults):
    """Whether a fault of the right kind names exactly the mutated cells of that column."""
    wanted = {(row, column) for row in mutation.rows}
    kinds = set(mutation.kinds)
    return any(
        kinds & {fault.kind, *fault.also} and {cell for cell in cells_of(fault) if cell[1] == column} == wanted
        for fault in faults
    )


def wrong_sheet(seed):
    """The kinds that were put in, the seeds of those not found, and false findings of one wrong sheet."""
    sheet, mutations = mutated(seed)
    report = checked(sheet.package())
    kinds = [m.slip.partition(":")[0] for m in mutations]
    missed = [(seed, m.slip) for m in mutations if not is_found(m, sheet.columns[m.name], report.faults)]
    own = {(row, sheet.columns[m.name]) for m in mutations for row in m.rows}
    false = [(seed, fault.message) for fault in report.faults if not fault.parts or not cells_of(fault) <= own]
    return kinds, missed, false


def right_sheet(seed):
    """What was found in a right sheet: nothing, it is hoped."""
    sheet = Sheet(Design.any(f"right {seed}"))
    values = sheet.values() if seed % 4 else None
    report = checked(sheet.package(values=values))
    problems = [(seed, f.message) for f in report.findings if f.kind != "never calculated"]
    if report.verdict != "right" or len(report.tables) != 1:
        return [*problems, (seed, report.verdict)]
    table = report.tables[0]
    if table.sizes != sheet.d.sizes or abs(table.learning_rate - sheet.d.rate) > 1e-9:
        problems.append((seed, f"{table.sizes} {table.learning_rate}"))
    if values and not table.total_error < 1e-12:
        problems.append((seed, f"E_total is off by {table.total_error}"))
    return problems


def in_parallel(function, count):
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        yield from pool.map(function, range(count), chunksize=8 * CHUNK)


def judge_wrong_ones(count):
    kinds, missed, false = Counter(), [], []
    for put, not_found, invented in in_parallel(wrong_sheet, count):
        kinds.update(put)
        missed += not_found
        false += invented
    total = sum(kinds.values())
    print(f"{count} wrong sheets, {total} faults: {total - len(missed)} found, {len(false)} false findings")
    print(dict(kinds))
    assert false == []
    assert missed == []
    return kinds


def test_faults_are_found_with_cell_and_kind():
    assert set(judge_wrong_ones(COUNT)) == set(MUTATIONS)


def test_right_sheets_in_any_form_have_no_finding():
    assert [problem for problems in in_parallel(right_sheet, COUNT) for problem in problems] == []


@pytest.mark.slow
def test_ten_thousand_wrong_sheets():
    judge_wrong_ones(SCALE)


@pytest.mark.slow
def test_ten_thousand_right_sheets():
    assert [problem for problems in in_parallel(right_sheet, SCALE) for problem in problems] == []


# Faults that show in values, between tables, and in charts.

SEEDS = range(25)


def usual(seed, **given):
    return Sheet(Design.any(f"values {seed}", **given))


def numbers_for(sheet, rows, source=None):
    """Replace every formula in these rows by the number that stands there, or in the row `source`."""
    values = sheet.values()
    for row in rows:
        for column in sheet.columns.values():
            sheet.cells[row, column] = values[source or row, column]


@pytest.mark.parametrize("seed", SEEDS)
def test_frozen_and_copied_rows(tmp_path, seed):
    sheet = usual(seed, rows=9)
    rows = range(sheet.last - 1 - seed % 3, sheet.last + 1)
    numbers_for(sheet, rows, source=rows[0] - 1 if seed % 2 else None)
    report = report_of(tmp_path / "frozen.xlsx", sheet.package(values=sheet.values()))
    (fault,) = [f for f in report.faults if f.kind == "frozen rows"]
    assert {row for row, _ in cells_of(fault)} == set(rows)
    assert report.faults == [fault] or all(f.kind in ("wrong input", "wrong target") for f in report.faults[1:])


@pytest.mark.parametrize("seed", SEEDS)
def test_one_stale_value(tmp_path, seed):
    sheet = usual(seed)
    values = sheet.values()
    cell = sheet.last, sheet.columns["E_total"]
    values[cell] *= 1 + 1e-6
    report = report_of(tmp_path / "stale.xlsx", sheet.package(values=values, program="Microsoft Excel"))
    assert [(f.kind, cells_of(f)) for f in report.faults] == [("stale values", {cell})]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_learning_rate_changed_without_recalculation(tmp_path, seed):
    sheet = usual(seed, rate_at="cell")
    values = sheet.values()
    sheet.cells[sheet.rate_cell] = sheet.d.rate * 1.25
    (fault,) = report_of(tmp_path / "stale.xlsx", sheet.package(values=values, program="Microsoft Excel")).faults
    weights = {sheet.columns[name] for name in (*sheet.weights, "b1", "b2") if name in sheet.columns}
    assert fault.kind == "stale values"
    assert cells_of(fault) == {(row, column) for row in range(sheet.first + 1, sheet.last + 1) for column in weights}


@pytest.mark.parametrize("digits", [10, 15])
def test_fewer_stored_digits_are_no_fault(tmp_path, digits):
    """Google stores 10 significant digits, LibreOffice and WPS 15."""
    for seed in SEEDS:
        sheet = usual(seed)
        values = {cell: float(f"{value:.{digits}g}") for cell, value in sheet.values().items()}
        program = None if digits == 10 else "LibreOffice/7.4"
        assert report_of(tmp_path / "digits.xlsx", sheet.package(values=values, program=program)).verdict == "right"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_start_value_unlike_the_other_tables(tmp_path, seed):
    sheets = [usual(seed, sheet=f"LR={rate}", rate=rate, rate_at="cell") for rate in (0.1, 0.2, 0.5, 1.0)]
    odd = sheets[seed % 4]
    name = odd.weights[seed % len(odd.weights)]
    odd.start[name] += 0.01
    odd.cells[odd.first, odd.columns[name]] = odd.start[name]
    report = report_of(tmp_path / "start.xlsx", package(sheets))
    (fault,) = report.faults
    assert (fault.kind, fault.sheet) == ("wrong start value", odd.d.sheet)
    assert cells_of(fault) == {(odd.first, odd.columns[name])}


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_tables_under_one_another(tmp_path, gap):
    for seed in SEEDS:
        upper = usual(seed, header=6, rate_at="literal", constants="typed", helpers=False)
        lower = usual(seed + 1000, header=upper.last + gap, rate_at="literal", constants="typed", helpers=False)
        report = report_of(tmp_path / "two.xlsx", package([upper, lower]))
        assert [(t.verdict, t.header_row, t.rows) for t in report.tables] == [
            ("right", sheet.d.header, sheet.d.rows) for sheet in (upper, lower)
        ]


def test_tables_beside_one_another(tmp_path):
    for seed in SEEDS:
        one = usual(seed, header=6, rate_at="literal", constants="typed", helpers=False, iteration=False, rows=6)
        two = usual(
            seed + 1000,
            header=6,
            left=one.after + 2,
            rate_at="literal",
            constants="typed",
            helpers=False,
            iteration=False,
            rows=6,
        )
        report = report_of(tmp_path / "two.xlsx", package([one, two]))
        assert [t.verdict for t in report.tables] == ["right", "right"]


@pytest.mark.parametrize("digits", [4, 6, 9, None])
def test_tables_of_typed_values(tmp_path, digits):
    """Rounded as they are shown: right as long as they follow from each other, wrong where they don't."""
    for seed in SEEDS:
        sheet = usual(seed, rows=12, rate=0.5, sizes=(2, 2, 2), bias=False)
        values = sheet.values()
        if digits:
            values = {cell: round(value, digits) for cell, value in values.items()}
        sheet.cells |= values
        report = report_of(tmp_path / "typed.xlsx", sheet.package())
        (table,) = report.tables
        assert (table.values_only, table.verdict) == (True, "right"), (seed, [f.message for f in report.findings])
        if digits == 6:
            assert table.learning_rate == pytest.approx(0.5, rel=0.05)


def test_a_typed_number_that_does_not_follow(tmp_path):
    for seed in SEEDS:
        sheet = usual(seed, rows=12, rate=0.5, sizes=(2, 2, 2), bias=False)
        sheet.cells |= {cell: round(value, 6) for cell, value in sheet.values().items()}
        cell = sheet.first + 4, sheet.columns[random.Random(seed).choice(["E_total", "a_o1", "E2"])]
        sheet.cells[cell] += 0.001
        report = report_of(tmp_path / "typed.xlsx", sheet.package())
        assert report.verdict == "wrong"
        assert any(cell in cells_of(fault) for fault in report.faults), seed


def chart_of(sheet, first=0, last=0, column="E_total", name="header"):
    letters = column_name(sheet.columns[column])
    header = sheet.d.header if name == "header" else sheet.first
    rows = f"${letters}${sheet.first + first}:${letters}${sheet.last + last}"
    return {"title": "Error", "name": f"Sheet1!${letters}${header}", "values": f"Sheet1!{rows}"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"last": -2}, "2 of 7 rows are missing"),
        ({"first": 1}, "1 of 7 rows are missing"),
        ({"name": "data"}, "as the name of the line"),
        ({"column": "E1"}, None),
        ({"column": "w1"}, "it plots w1"),
        ({"last": 3}, "beyond the table's"),
    ],
)
def test_charts(tmp_path, change, words):
    for seed in range(6):
        sheet = usual(seed, rows=7, sizes=(2, 2, 2))
        report = report_of(
            tmp_path / "chart.xlsx", sheet.package(charts=[chart_of(sheet, **change)], values=sheet.values())
        )
        assert report.verdict == "right"
        if words is None:
            assert report.charts == ()
        else:
            assert words in report.charts[0].message and report.charts[0].note


def test_a_shifted_axis(tmp_path):
    sheet = usual(1, rows=7, iteration=True)
    chart = chart_of(sheet)
    letters = column_name(sheet.columns["iteration"])
    chart["steps"] = f"Sheet1!${letters}${sheet.d.header}:${letters}${sheet.last - 1}"
    report = report_of(tmp_path / "chart.xlsx", sheet.package(charts=[chart], values=sheet.values()))
    assert "the two are shifted" in report.charts[0].message


@pytest.mark.parametrize("seed", range(8))
def test_one_reference_among_written_learning_rates(tmp_path, seed):
    """All updates but one have 0.5 as a number; that one refers to a cell with 0.5: no fault, and none of the others."""
    sheet = usual(seed, rate_at="literal", rate=0.5, constants="typed")
    sheet.cells[1, 1], sheet.cells[1, 2] = "LR", 0.5
    name = sheet.weights[seed % len(sheet.weights)]
    sheet.d.rate_at, sheet.rate_cell = "cell", (1, 2)
    sheet.set_formula(name, range(sheet.first + 1, sheet.last + 1), sheet.formulas[name])
    report = report_of(tmp_path / "mixed.xlsx", sheet.package(values=sheet.values()))
    assert report.verdict == "right" and report.tables[0].learning_rate == 0.5


@pytest.mark.parametrize("seed", range(8))
def test_one_written_learning_rate_among_references(tmp_path, seed):
    """It equals the cell's today, and no longer when the cell changes."""
    sheet = usual(seed, rate_at="cell", rate=0.5)
    name = sheet.weights[seed % len(sheet.weights)]
    sheet.d.rate_at = "literal"
    sheet.set_formula(name, range(sheet.first + 1, sheet.last + 1), sheet.formulas[name])
    (fault,) = report_of(tmp_path / "mixed.xlsx", sheet.package(values=sheet.values())).faults
    assert fault.kind == "wrong learning rate" and "the number 0.5" in fault.message


# Half-finished and empty sheets.


def test_an_empty_table(tmp_path):
    sheet = usual(3)
    sheet.cells = {cell: value for cell, value in sheet.cells.items() if cell[0] <= sheet.d.header}
    (table,) = report_of(tmp_path / "empty.xlsx", sheet.package()).tables
    assert (table.verdict, table.rows) == ("empty", 0)


@pytest.mark.parametrize("without", ["grad_w3", "E_total", "w5", "a_h1"])
def test_an_unfinished_table(tmp_path, without):
    """A column that was never filled in: no fault, but told with its cells."""
    sheet = usual(3, sizes=(2, 2, 2), bias=False, constants="typed")
    column = sheet.columns[without]
    first = sheet.first + (without == "w5")
    for row in range(first, sheet.last + 1):
        sheet.cells.pop((row, column))
    report = report_of(tmp_path / "unfinished.xlsx", sheet.package())
    assert (report.verdict, report.faults) == ("unfinished", [])
    (finding,) = [f for f in report.findings if f.kind == "unfinished"]
    cells = f"{column_name(column)}{first}:{column_name(column)}{sheet.last}"
    assert finding.range == cells and f"has no formulas ({cells})" in finding.message


def test_one_row_only_is_unfinished(tmp_path):
    sheet = usual(3, rows=1)
    report = report_of(tmp_path / "one.xlsx", sheet.package(values=sheet.values()))
    (finding,) = report.findings
    assert report.verdict == "unfinished" and finding.range == f"row {sheet.last + 1}"


def test_something_else(tmp_path):
    book = openpyxl.Workbook()
    for row in (["name", "w1", "mark"], ["Anna", 1, 2], ["Ben", 3, 4]):
        book.active.append(row)
    book.save(tmp_path / "marks.xlsx")
    assert check_book(read_book(tmp_path / "marks.xlsx"))[0].verdict == "not this exercise"
