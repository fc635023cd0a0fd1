"""Files between Excel and Calc: formulas written for Excel work when opened; what Calc saves is said as it is."""

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from xlfuncs.function_table import FUNCTIONS

FORMULAS = {
    "A3": "=BP_SIGMOID(A1)",
    "A4": '=IFERROR(_xll.BP_SIGMOID(B1),"no")',
    "A5": '="BP_SIGMOID("&1',
    "A6": "=1+[0]!BP_SIGMOID(A1)",
    "A7": ArrayFormula("A7:C7", "=BP_ERROR(A2:B2,A1:B1)"),
    "A8": '=IFERROR(NN_FORWARD(A1:B1,{1,2,3,4},"2-2 tanh")*2,"no")',
    "A9": "=MY_BP_SIGMOID(3)+BP_SIGMOIDS(3)",
    "A10": "=bp_sigmoid('BP_ERROR (1)'!A1)",
}


@pytest.fixture
def excels(tmp_path):
    """A file with formulas as Excel writes them; no number beside them."""
    book = openpyxl.Workbook()
    sheet = book.active
    for cell, value in {"A1": 0.05, "B1": 0.1, "A2": 0.01, "B2": 0.99, **FORMULAS}.items():
        sheet[cell] = value
    book.create_sheet("BP_ERROR (1)")["A1"] = 0.0
    path = tmp_path / "excels.xlsx"
    book.save(path)
    return path


def sigmoid(x):
    return FUNCTIONS["BP_SIGMOID"].python(x)[0][0]


def check(office, key):
    error = FUNCTIONS["BP_ERROR"].python([[0.01, 0.99]], [[0.05, 0.1]])[0]
    shown = office.cells(key, "A3:C10")
    assert shown[2][0] == "BP_SIGMOID(1"
    numbers = [shown[k][0] for k in (0, 1, 3)]
    # Calc writes 15 digits into a file, and shows them again.
    assert numbers == pytest.approx([sigmoid(0.05), sigmoid(0.1), 1 + sigmoid(0.05)], rel=1e-14)
    assert shown[4] == pytest.approx(error, rel=1e-14)
    forward = FUNCTIONS["NN_FORWARD"].python([[0.05, 0.1]], [[1.0, 2.0, 3.0, 4.0]], "2-2 tanh")
    assert shown[5][0] == pytest.approx(2 * forward[0][0], rel=1e-14) and shown[7][0] == 0.5
    assert office.strings(key, "A9") == [["#NAME?"]]


def test_excels_formulas_work_when_opened_and_after_calc_saved_them(office, excels, tmp_path):
    office.open_book("e", str(excels))
    check(office, "e")
    assert not office.is_modified("e")
    office.enter("e", {"A1": 0.5})
    assert office.cells("e", "A3") == [[sigmoid(0.5)]]
    office.enter("e", {"A1": 0.05})
    for kind in ("xlsx", "ods"):
        path = tmp_path / f"calcs.{kind}"
        office.save("e", str(path))
        office.open_book(kind, str(path))
        check(office, kind)
        assert not office.is_modified(kind)
        office.close(kind)
    office.close("e")
    # What stands in Calc's .xlsx is what README says: 7.4 writes a name that Excel doesn't know.
    saved = openpyxl.load_workbook(tmp_path / "calcs.xlsx").active
    assert saved["A3"].value in ("=GRADSHEET.BP_SIGMOID(A1)", "=BP_SIGMOID(A1)")
    assert saved["A5"].value == '="BP_SIGMOID("&1'


def test_a_file_without_our_functions_is_left_alone(office, tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = "=SUM(1,2)", "BP_SIGMOID(1)"
    book.save(tmp_path / "other.xlsx")
    office.open_book("o", str(tmp_path / "other.xlsx"))
    assert not office.is_modified("o") and office.run("found = BOOKS['o'].UndoManager.isUndoPossible()") is False
    assert office.cells("o", "A1:A2") == [[3.0], ["BP_SIGMOID(1)"]]
    office.close("o")


def test_the_macro_workbook_computes_by_python(office, macro_book):
    """Its tables and its Playground were made for Excel; macros are off, as they are by default."""
    office.open_book("m", str(macro_book))
    assert office.strings("m", "H19", "LR=0.1") == [["computed by Python"]]
    assert office.strings("m", "B3:D3", "Playground")[0][2] == "27 of 27 numbers compared"
    assert office.cells("m", "C3", "Playground")[0][0] < 1e-12
    assert [b[0] for b in office.buttons("m")] == ["Run Training", "Stop", "Resume", "Open run folder"]
    office.close("m")
