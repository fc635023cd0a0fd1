"""No mended copy is worse than its original: LibreOffice recalculates every one, real sheets and generated ones.

GRADSHEET_MENDED=1000 tries that many generated sheets with -m slow; 24 of them are always tried.
"""

import os
import re
import zipfile
from dataclasses import dataclass, replace

import numpy as np
import openpyxl
import pytest
from openxml_audit import OpenXmlValidator

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from tests.check.people import arrays, people
from tests.check.writing import column_name
from workbook.check.checker import check_book
from workbook.check.copies import edits
from workbook.check.copies.cells import Bonds
from workbook.check.copies.mending import mend
from workbook.check.judge import right_formula
from workbook.check.judge.findings import NOT_JUDGED, Finding, Part
from workbook.check.read.reader import read_book

SMALL, LARGE = 24, int(os.environ.get("GRADSHEET_MENDED", "400"))
BATCH = 25
PLAIN = ["percent", "minus square", "average", "if"]
NEW = ["sheet-03.xlsx", "sheet-09.xlsx", "sheet-13.xlsx"]  # all their formulas are in the mended table
REAL = [f"sheet-{k:02}.xlsx" for k in range(1, 17)]


@dataclass
class Mended:
    """A workbook, its mended copy, and what was said of it."""

    path: object
    out: object
    text: str
    report: object
    tables: list


def mended(path, out):
    book = read_book(path)
    report, tables = check_book(book)
    return Mended(path, out, mend(book, report, tables, out), report, tables)


def formulas_of(path):
    """Every cell as it was typed: {(sheet, row, column): formula or value}."""
    found = {}
    for page in openpyxl.load_workbook(path):
        for row in page.iter_rows():
            for cell in row:
                value = getattr(cell.value, "text", cell.value)
                if value is not None:
                    found[page.title, cell.row, cell.column] = value
    return found


def sheets_in(path):
    """The sheets' XML, but for which of them is selected."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return {name: archive.read(name).replace(b' tabSelected="1"', b"") for name in names}


def is_error(value):
    return isinstance(value, str) and value.startswith("error ")


def new_errors(before, after):
    """Cells that LibreOffice finds in error only in the copy."""
    return [
        (name, row, column, after[name][row][column])
        for name, rows in before.items()
        for row, cells in enumerate(rows)
        for column, value in enumerate(cells)
        if not is_error(value) and is_error(after[name][row][column])
    ]


def count_said(text):
    """How many formulas and numbers the sentence says were changed."""
    words = text.partition(".")[0].replace(",", "").split()
    return sum(int(word) for word in words if word.isdigit())


def changed_cells(case):
    """The cells of the original's sheets that hold something else in the copy."""
    if sheets_in(case.path).items() <= sheets_in(case.out).items():
        return set()
    old, new = ({p: str(v).replace(" ", "") for p, v in formulas_of(path).items()} for path in (case.path, case.out))
    sheets = set(openpyxl.load_workbook(case.path, read_only=True).sheetnames)
    return {place for place in old.keys() | new.keys() if place[0] in sheets and old.get(place) != new.get(place)}


def e_total(values, sheet):
    column = sheet.columns["E_total"] - 1
    return [values[sheet.d.sheet][row - 1][column] for row in range(sheet.first, sheet.last + 1)]


def problems(libreoffice, cases):
    """What is worse in a copy than in its original; each case is (Mended, the generated sheet)."""
    found, counts = [], {"mended": 0, "left alone": 0, "nothing to mend": 0}
    befores = libreoffice.recalculate_all([case.path for case, _ in cases])
    afters = libreoffice.recalculate_all([case.out for case, _ in cases])
    for (case, sheet), before, after in zip(cases, befores, afters, strict=True):
        # LibreOffice 7.4 doesn't know LET: what it can't calculate it calls an unknown name. There the stored numbers
        # are held against the right ones instead.
        known = "let" not in sheet.d.forms
        errors = [error for error in new_errors(before, after) if known or error[-1] != "error 525"]
        found += [(case.path.name, *error) for error in errors]
        changed = changed_cells(case)
        if len(changed) != count_said(case.text):
            found.append((case.path.name, f"{len(changed)} cells changed", case.text))
        counts["mended" if changed else "left alone" if "Left" in case.text else "nothing to mend"] += 1
        if not changed:
            continue
        if known:
            found += [(case.path.name, *cell) for cell in stale(case.out, after)]
        right_values = sheet.values()
        wanted = [right_values[row, sheet.columns["E_total"]] for row in range(sheet.first, sheet.last + 1)]
        totals = e_total(after if known else stored(case.out), sheet)
        if totals != pytest.approx(wanted, rel=0, abs=1e-12 * max(wanted)):
            found.append((case.path.name, "E_total", totals, wanted))
    return found, counts


def stored(path):
    """Every sheet's numbers as the file has them, from A1 on."""
    pages = openpyxl.load_workbook(path, data_only=True)
    return {page.title: [list(row) for row in page.iter_rows(values_only=True)] for page in pages}


def stale(path, recalculated):
    """Numbers stored in the copy that are not what LibreOffice finds."""
    found = []
    for page in openpyxl.load_workbook(path, data_only=True):
        rows = recalculated[page.title]
        scale = max((abs(v) for row in rows for v in row if isinstance(v, float)), default=1.0)
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, float):
                    value = rows[cell.row - 1][cell.column - 1]
                    if not isinstance(value, float) or abs(value - cell.value) > 1e-9 * abs(value) + 1e-13 * scale:
                        found.append((page.title, cell.coordinate, cell.value, value))
    return found


def cases_of(folder, seeds):
    """Every fourth sheet right, the others with faults; every other one in forms that can be judged. Arrays stay whole."""
    for k in seeds:
        plain = {"forms": [PLAIN[k % len(PLAIN)]], "bias": False} if k % 2 else {}
        design = people(f"mended {k}", **plain)
        sheet = Sheet(Design.any(f"mended {k}", **design)) if k % 4 == 0 else mutated_around_arrays(k, design)
        path, out = folder / f"wrong-{k}.xlsx", folder / f"mended-{k}.xlsx"
        path.write_bytes(sheet.package(values=sheet.values() if k % 4 == 0 else None))
        yield mended(path, out), sheet


def mutated_around_arrays(k, design):
    """A wrong sheet; a fault within an array would be one of the whole array, which the mutations don't know."""
    for attempt in range(50):
        sheet, faults = mutated(f"mended {k} {attempt}", **design)
        kept = arrays(Sheet(Design.any(f"mended {k} {attempt}", **design)))
        if not any(sheet.columns[fault.name] in kept for fault in faults):
            return sheet
    raise AssertionError("no mutation leaves the arrays whole")


def test_generated_sheets_are_never_made_worse(tmp_path, libreoffice):
    found, counts = problems(libreoffice, list(cases_of(tmp_path, range(SMALL))))
    assert found == []
    assert counts["mended"] >= SMALL // 3, counts


@pytest.mark.slow
def test_hundreds_of_generated_sheets_are_never_made_worse(tmp_path, libreoffice):
    total = {}
    for start in range(0, LARGE, BATCH):
        found, counts = problems(libreoffice, list(cases_of(tmp_path, range(start, start + BATCH))))
        assert found == []
        total = {key: total.get(key, 0) + count for key, count in counts.items()}
        print(f"{start + BATCH} sheets: {total}", flush=True)


def matrices(table, rows):
    """E_total of a 2-2-2 table by matrices, from the report's start values and learning rate."""
    start = table.start
    x, t = (np.array([start[f"{letter}{k}"] for k in (1, 2)]) for letter in "it")
    w, v = (np.array([[start[f"w{k + 2 * j}"] for k in (first, first + 1)] for j in (0, 1)]) for first in (1, 5))
    found = []
    for _ in range(rows):
        a = 1 / (1 + np.exp(-w @ x))
        y = 1 / (1 + np.exp(-v @ a))
        found.append(((t - y) ** 2).sum() / 2)
        delta = (y - t) * y * (1 - y)
        below = v.T @ delta * a * (1 - a)
        v = v - table.learning_rate * np.outer(delta, a)
        w = w - table.learning_rate * np.outer(below, x)
    return np.array(found)


def test_real_sheets_are_never_made_worse(shared, tmp_path, libreoffice):
    """All sixteen: no error cell where there was none, and E_total of every table that was mended is the right one."""
    cases = [mended(shared / "sheets" / file, tmp_path / file) for file in REAL]
    changes = [changed_cells(case) for case in cases]
    assert [len(changed) for changed in changes] == [count_said(case.text) for case in cases]
    cases, changes = zip(*[pair for pair in zip(cases, changes, strict=True) if pair[1]], strict=True)
    befores = libreoffice.recalculate_all([case.path for case in cases])
    afters = libreoffice.recalculate_all([case.out for case in cases])
    wrong, compared = [], 0
    for case, changed, before, after in zip(cases, changes, befores, afters, strict=True):
        wrong += [(case.path.name, *error) for error in new_errors(before, after)]
        wrong += [(case.path.name, *cell) for cell in stale(case.out, after)] if case.path.name in NEW else []
        for table, found in zip(case.report.tables, case.tables, strict=True):
            if not any(place[0] == table.sheet and place[1] in found.rows for place in changed):
                continue
            column = found.columns["E_total"] - 1
            totals = np.array([after[table.sheet][row - 1][column] for row in found.rows])
            right_ones = matrices(table, len(totals))
            assert np.abs(totals - right_ones).max() <= 1e-12 * right_ones.max(), (case.path.name, table.sheet)
            assert f"E_total in {table.sheet}'s last row" in case.text
            compared += 1
    assert wrong == []
    assert compared == 24  # every wrong table that has formulas


# Deliberately wrong mends.


def broken(how):
    """A right formula that isn't."""

    def formula(table, variable, row):
        text = right_formula.right_formula(table, variable, row)
        if text is None:
            return None
        return {
            "wrong sign": text.replace("-", "+", 1),
            "text": f"{text}+{column_name(table.columns[variable])}{table.header}",
            "wrong sheet": f"{text}+'No such'!A1",
            "another row": re.sub(r"([A-Z])(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}", text, count=1),
            "unknown function": f"SIGMOID({text})",
            "nearly": f"({text})*(1+1E-8)",
            "circle": f"{text}+0*{column_name(table.columns[variable])}{row}",
        }[how]

    return formula


@pytest.mark.parametrize("file", ["sheet-03.xlsx", "sheet-09.xlsx"])
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("wrong sign", "would still not be that of the right table"),
        ("text", "which holds the text"),
        ("wrong sheet", "which is empty"),
        ("another row", "which is empty"),
        ("unknown function", "would turn into #NAME?"),
        ("nearly", "would still not be that of the right table"),
        ("circle", "a circular reference"),
    ],
)
def test_a_wrong_mend_is_taken_back(shared, tmp_path, monkeypatch, file, how, reason):
    monkeypatch.setattr(edits, "right_formula", broken(how))
    case = mended(shared / "sheets" / file, tmp_path / "out.xlsx")
    assert changed_cells(case) == set()
    assert case.text.startswith("0 formulas mended. Left as they are: Sheet1!") and reason in case.text
    old, new = (openpyxl.load_workbook(path, data_only=True)["Sheet1"] for path in (case.path, case.out))
    assert [[c.value for c in row] for row in old.rows] == [[c.value for c in row] for row in new.rows]
    assert "E_total before and after" not in openpyxl.load_workbook(case.out).sheetnames
    listed = list(openpyxl.load_workbook(case.out)["Check"].iter_rows(values_only=True))
    assert any(reason in str(cell) and str(cell).startswith("left alone: ") for row in listed for cell in row)


def with_table(report, **changed):
    """The report with something else in its first table."""
    return replace(report, tables=(replace(report.tables[0], **changed), *report.tables[1:]))


@pytest.mark.parametrize("how", ["wrong sign", "text", "wrong sheet"])
def test_one_false_finding_is_left_out(shared, tmp_path, monkeypatch, how):
    """A right column called wrong: its mend is taken back, the true fault is mended."""
    book = read_book(shared / "sheets" / "sheet-03.xlsx")
    report, tables = check_book(book)
    table = tables[0]
    part = Part("grad_w5", table.columns["grad_w5"], list(table.rows), "=1", "", "=2", "")
    false = Finding("wrong formula", table.sheet.name, [part], "It isn't.")
    report = with_table(report, findings=(*report.tables[0].findings, false))
    wrong = broken(how)

    def one_broken(table, variable, row):
        return (wrong if variable == "grad_w5" else right_formula.right_formula)(table, variable, row)

    monkeypatch.setattr(edits, "right_formula", one_broken)
    out = tmp_path / "out.xlsx"
    text = mend(book, report, tables, out)
    assert text.startswith("136 formulas mended. Left as they are: Sheet1!AB3:AB70 (wrong formula): ")
    assert check_book(read_book(out))[0].verdict == "right"


def test_a_table_that_is_not_judged_is_left_alone(shared):
    book = read_book(shared / "sheets" / "sheet-03.xlsx")
    report, tables = check_book(book)
    report = with_table(report, verdict=NOT_JUDGED)
    (edit,) = edits.edits_of(book, report, tables, {"Sheet1": Bonds([], [], [])})
    assert edit.reason == "the table isn't judged" and not edit.places


@pytest.mark.parametrize("form", ["spill", "table references", "whole columns", "if"])
def test_nothing_is_added_that_excel_would_repair(tmp_path, form):
    """Comments, colours and sheets put into a workbook with tables, metadata or names."""
    sheet = mutated_around_arrays(form, people(form, forms=[form], bias=False))
    path, out = tmp_path / "wrong.xlsx", tmp_path / "mended.xlsx"
    path.write_bytes(sheet.package())
    mended(path, out)
    before, after = (sorted(str(e) for e in OpenXmlValidator().validate(str(p)).errors) for p in (path, out))
    assert set(after) <= set(before)
    assert openpyxl.load_workbook(out).sheetnames[:1] == [sheet.d.sheet]
