"""What real people write, against the verdicts it may get: a right sheet is never called wrong.

GRADSHEET_FORMS=1000 checks that many that mix everything.
"""

import os
from collections import Counter

import pytest

from tests.check.generate import Design, Sheet
from tests.check.people import FORMS, MAY_NOT_BE_JUDGED, PARAMETERS, expected, people
from workbook.check.checker import check_book
from workbook.check.read.reader import read_book

COUNT = int(os.environ.get("GRADSHEET_FORMS", "30"))
BIASES = [False, True, "unit", "one", "held"]


def verdict_of(tmp_path, sheet):
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(sheet.package(values=sheet.values()))
    return check_book(read_book(path))[0].verdict


def right_sheet(seed, **given):
    return Sheet(Design.any(f"forms {seed}", **people(seed, **given)))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_alone(tmp_path, form):
    for seed in range(6):
        sheet = right_sheet(f"{form} {seed}", forms=[form], parameters="", bias=False)
        assert verdict_of(tmp_path, sheet) in expected(sheet), (seed, sheet.d.sheet)


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("columns", [True, False])
def test_parameter_lists(tmp_path, parameters, columns):
    """Labels beside a table repeat its headers; the column whose cells hold the data is meant."""
    for seed in range(6):
        given = {"forms": [], "parameters": parameters, "parameter_columns": columns, "bias": False}
        sheet = right_sheet(f"{parameters} {seed}", **given)
        assert verdict_of(tmp_path, sheet) == "right", (seed, sheet.d.sheet)


@pytest.mark.parametrize("bias", BIASES)
def test_biases(tmp_path, bias):
    """None, one a layer, one a unit, one for all, and Mazur's, which are never updated."""
    for seed in range(6):
        sheet = right_sheet(f"{bias} {seed}", forms=[], parameters="", bias=bias)
        assert verdict_of(tmp_path, sheet) in expected(sheet), (seed, sheet.d.sheet)


def test_everything_together(tmp_path):
    wrong = Counter()
    for seed in range(COUNT):
        sheet = right_sheet(seed)
        if verdict_of(tmp_path, sheet) == "wrong":
            wrong.update([*sheet.d.forms, f"parameters {sheet.d.parameters}", f"bias {sheet.d.bias}"])
    assert wrong == Counter()


# The generator itself: what it calls right is right, by another program's calculation.


@pytest.mark.parametrize("form", [form for form in FORMS if form != "let"])
def test_libreoffice_calculates_what_the_generator_says(tmp_path, libreoffice, form):
    """LibreOffice 7 has no LET; see the test below."""
    sheets = [right_sheet(f"{form} {seed}", forms=[form]) for seed in range(2)]
    paths = [tmp_path / f"{k}.xlsx" for k in range(len(sheets))]
    for path, sheet in zip(paths, sheets, strict=True):
        path.write_bytes(sheet.package())
    for sheet, found in zip(sheets, libreoffice.recalculate_all(paths), strict=True):
        page = found[sheet.d.sheet]
        for (row, column), value in sheet.values().items():
            assert page[row - 1][column - 1] == pytest.approx(value, rel=1e-9, abs=1e-14), (row, column)


def test_let_by_another_engine():
    import formualizer

    sheet = right_sheet("let", forms=["let"])
    book = formualizer.load_workbook_bytes(sheet.package())
    book.evaluate_all()
    for place, value in sheet.values().items():
        assert book.get_value(sheet.d.sheet, *place) == pytest.approx(value, rel=1e-9, abs=1e-14)
    assert any("LET(" in str(cell) for cell in sheet.cells.values())


def test_what_may_not_be_judged_is_said():
    assert set(FORMS) > MAY_NOT_BE_JUDGED
    assert expected(right_sheet(1, forms=["percent"], bias=False)) == {"right"}
    assert expected(right_sheet(1, forms=["let"])) == {"right", "not judged"}
