"""No mended copy is worse than its original: LibreOffice recalculates every one, real sheets and generated ones.

GRADSHEET_MENDED=1000 tries that many generated sheets with -m slow; 24 of them are always tried.
"""

import os
from dataclasses import dataclass

import openpyxl
import pytest

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from tests.check.people import arrays, people
from workbook.check.checker import check_book
from workbook.check.mending import mend
from workbook.check.reader import read_book

SMALL, LARGE = 24, int(os.environ.get("GRADSHEET_MENDED", "400"))
BATCH = 25
REAL = [f"sheet-{k:02}.xlsx" for k in range(1, 17)]


@dataclass
class Mended:
    """A workbook, its mended copy, and what was said of it."""

    path: object
    out: object
    text: str
    report: object


def mended(path, out):
    book = read_book(path)
    report, tables = check_book(book)
    return Mended(path, out, mend(book, report, tables, out), report)


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
    old, new = formulas_of(case.path), formulas_of(case.out)
    plain = {place: str(value).replace(" ", "") for place, value in new.items()}
    return {
        place
        for place in old.keys() | plain.keys() & {p for p in plain if p[0] in {q[0] for q in old}}
        if str(old.get(place)).replace(" ", "") != plain.get(place)
    }


def e_total(values, sheet):
    column = sheet.columns["E_total"] - 1
    return [values[sheet.d.sheet][row - 1][column] for row in range(sheet.first, sheet.last + 1)]


def problems(libreoffice, cases):
    """What is worse in a copy than in its original; each case is (Mended, the generated sheet)."""
    found, counts = [], {"mended": 0, "left alone": 0, "nothing to mend": 0}
    befores = libreoffice.recalculate_all([case.path for case, _ in cases])
    afters = libreoffice.recalculate_all([case.out for case, _ in cases])
    for (case, sheet), before, after in zip(cases, befores, afters, strict=True):
        found += [(case.path.name, *error) for error in new_errors(before, after)]
        changed = changed_cells(case)
        if len(changed) != count_said(case.text):
            found.append((case.path.name, f"{len(changed)} cells changed", case.text))
        counts["mended" if changed else "left alone" if "Left" in case.text else "nothing to mend"] += 1
        if not changed:
            continue
        right_values = sheet.values()
        wanted = [right_values[row, sheet.columns["E_total"]] for row in range(sheet.first, sheet.last + 1)]
        if "let" not in sheet.d.forms and e_total(after, sheet) != pytest.approx(
            wanted, rel=0, abs=1e-12 * max(wanted)
        ):
            found.append((case.path.name, "E_total", e_total(after, sheet), wanted))
    return found, counts


def cases_of(folder, seeds):
    """Every other sheet right, the others with faults; arrays are left whole."""
    for k in seeds:
        design = people(f"mended {k}")
        sheet = Sheet(Design.any(f"mended {k}", **design)) if k % 4 == 0 else mutated_around_arrays(k, design)
        path, out = folder / f"wrong-{k}.xlsx", folder / f"mended-{k}.xlsx"
        values = sheet.values() if k % 4 == 0 else None
        path.write_bytes(sheet.package(values=values))
        yield mended(path, out), sheet


def mutated_around_arrays(k, design):
    """A wrong sheet; a fault within an array is one of the whole array, which the mutations don't know."""
    for attempt in range(50):
        sheet, faults = mutated(f"mended {k} {attempt}", **design)
        kept = arrays(Sheet(Design.any(f"mended {k} {attempt}", **design)))
        if not any(sheet.columns[fault.name] in kept for fault in faults):
            return sheet
    raise AssertionError("no mutation leaves the arrays whole")


def test_generated_sheets_are_never_made_worse(tmp_path, libreoffice):
    found, counts = problems(libreoffice, list(cases_of(tmp_path, range(SMALL))))
    print(counts)
    assert found == []
    assert counts["mended"] >= SMALL // 4


@pytest.mark.slow
def test_hundreds_of_generated_sheets_are_never_made_worse(tmp_path, libreoffice):
    total = {}
    for start in range(0, LARGE, BATCH):
        found, counts = problems(libreoffice, list(cases_of(tmp_path, range(start, start + BATCH))))
        assert found == []
        total = {key: total.get(key, 0) + count for key, count in counts.items()}
    print(f"{LARGE} sheets: {total}")
