"""Right tables in the forms in which they were once called wrong, networks that aren't judged yet, and what can't be
judged at all: nothing is called wrong that isn't."""

import json

import pytest

from tests.check import forms
from tests.check.forms import FIRST, Form, numbers, right
from workbook.check.checker import check_book, check_file
from workbook.check.cli import first_fault, run
from workbook.check.copies.mending import mend
from workbook.check.read.reader import read_book

OF_LATER = ("LET",)  # functions that LibreOffice 7 doesn't have


def written(tmp_path, form):
    path = tmp_path / "form.xlsx"
    path.write_bytes(form.package())
    return path


def report_of(tmp_path, form):
    report = check_file(written(tmp_path, form))
    assert report.error is None and len(report.tables) == 1
    return report


@pytest.mark.parametrize("name", forms.RIGHT)
def test_right_in_every_form(tmp_path, name):
    report = report_of(tmp_path, forms.RIGHT[name]())
    assert report.verdict == "right", [f.message for f in report.findings]
    assert report.faults == []
    table = report.tables[0]
    assert table.learning_rate == 0.5 and table.total_error < 1e-12
    assert [f.kind for f in table.findings] == (["same number elsewhere"] if "that formulas read" in name else [])


@pytest.mark.parametrize("name", [name for name in forms.RIGHT if "labelled n" not in name and "spilled" not in name])
def test_right_also_if_it_was_never_calculated(tmp_path, name):
    form = forms.RIGHT[name]()
    form.stored = False
    assert [report_of(tmp_path, form).verdict] == ["right"]


@pytest.mark.parametrize("name", [name for name in forms.RIGHT if name not in OF_LATER])
def test_the_forms_are_right_by_libreoffice(libreoffice, tmp_path, name):
    """The tables above are what their names say: recalculated by another program they give the same E_total."""
    form = forms.RIGHT[name]()
    sheet = libreoffice.recalculate(written(tmp_path, form))[form.sheet]
    column = form.column("E_total") - 1
    got = [sheet[FIRST - 1 + k][column] for k in range(len(form.values))]
    assert got == pytest.approx([row["E_total"] for row in form.values], rel=1e-12)


@pytest.mark.parametrize("name", forms.OTHER)
def test_a_network_of_another_kind_is_not_judged(tmp_path, name):
    report = report_of(tmp_path, forms.OTHER[name]())
    table = report.tables[0]
    assert (report.verdict, table.verdict, report.faults) == ("not judged", "not judged", [])
    (finding,) = table.findings
    assert finding.kind == "network not judged" and finding.note and finding.parts == ()
    words = name.removesuffix(" inside").removesuffix(" in the hidden layer")
    assert finding.message.startswith("Not judged: this is a network that isn't judged yet (")
    assert words in finding.message
    assert table.total_error is None


@pytest.mark.parametrize("name", forms.OTHER)
def test_fix_leaves_such_a_network_alone(tmp_path, name):
    path, out = written(tmp_path, forms.OTHER[name]()), tmp_path / "fixed.xlsx"
    book = read_book(path)
    assert mend(book, *check_book(book), out).startswith("0 formulas mended.")
    again = read_book(out).sheet("Sheet1")
    assert all(
        (cell.formula and cell.formula.text)
        == (again.cell(row, column).formula and again.cell(row, column).formula.text)
        for row, cells in book.sheet("Sheet1").rows.items()
        for column, cell in cells.items()
    )


@pytest.mark.parametrize("name", forms.UNJUDGED)
def test_what_cannot_be_judged_is_told_with_its_cells(tmp_path, name):
    report = report_of(tmp_path, forms.UNJUDGED[name]())
    table = report.tables[0]
    assert (report.verdict, table.verdict, report.faults) == ("not judged", "not judged", [])
    (finding,) = table.findings
    assert finding.kind == "not judged" and name in finding.message
    assert finding.count == len(table_rows(table)) and finding.parts[0].right is None
    assert table.reasons == [finding.message]


def table_rows(table):
    return range(table.first_row, table.first_row + table.rows)


def test_a_single_unit_with_tanh_is_a_slip(tmp_path):
    report = report_of(tmp_path, Form(formulas=right() | {"a_h2": "TANH([h2])"}))
    assert report.verdict == "wrong" and report.faults[0].parts[0].variable == "a_h2"


@pytest.mark.parametrize("error", ["([t{k}]-[a_o{k}])^2"])
def test_a_forgotten_half_is_a_slip_where_the_gradients_have_it(tmp_path, error):
    """E = (t−a)² with gradients of ½(t−a)² is no network of another kind: its gradients aren't those of its E."""
    report = report_of(tmp_path, Form(formulas=right() | {f"E{k}": error.format(k=k) for k in (1, 2)}))
    assert [f.kind for f in report.faults if f.kind != "stale values"] == ["missing factor"]


def test_one_wrong_formula_among_unjudged_ones_is_wrong(tmp_path):
    form = Form(formulas=right() | {"h1": "VLOOKUP(1,A1:B2,2)", "E1": "0.5*([t2]-[a_o1])^2"})
    report = report_of(tmp_path, form)
    assert report.verdict == "wrong"
    assert {f.kind for f in report.findings} >= {"wrong target", "not judged"}


def test_a_cell_that_shows_an_error_of_its_own_is_wrong(tmp_path):
    form = forms._changed(h1="VLOOKUP(99,A1:B2,2)")
    assert report_of(tmp_path, form).verdict == "not judged"
    form.values = [row | {"h1": "#N/A"} for row in form.values]
    (fault,) = [f for f in report_of(tmp_path, form).faults if f.kind == "error value"]
    assert fault.message == (
        "h1: the cell shows #N/A instead of a number; its formula uses VLOOKUP, which can't be judged."
    )


def test_a_table_whose_start_is_unknown_is_not_right(tmp_path):
    """Every formula after the first row is right, but the first row's can't be evaluated here."""
    form = Form(first_formulas=("w3",))
    update, form.text_of = form.formulas["w3"], form.text
    form.text = lambda formula, row: form.text_of(
        'MID("x0.25",2,4)*1' if (formula, row) == (update, FIRST) else formula, row
    )
    assert report_of(tmp_path, form).verdict == "right"  # its numbers are there
    form.stored = False
    report = report_of(tmp_path, form)
    assert report.verdict == "not judged"
    assert report.tables[0].reasons == ["Not judged: no number was found for w3, from which its rows follow."]


def test_typed_values_of_another_activation(tmp_path):
    form = Form(formulas={}, values=numbers(hidden="tanh", rows=9))
    report = report_of(tmp_path, form)
    assert (report.verdict, report.tables[0].values_only) == ("not judged", True)
    assert "tanh in the hidden layer" in report.tables[0].reasons[0]
    assert report_of(tmp_path, Form(formulas={}, values=numbers(rows=9))).verdict == "right"


def test_exit_code_csv_json_and_annotated_copy(tmp_path, capsys):
    path = written(tmp_path, forms.UNJUDGED["VLOOKUP"]())
    from argparse import Namespace

    copies = {"csv": tmp_path / "out.csv", "annotate": tmp_path / "copy.xlsx", "fix": None}
    assert run(Namespace(files=[str(path)], json=True, force=False, **copies)) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "not judged" and told["faults"] == 0
    (table,) = told["tables"]
    assert table["verdict"] == "not judged" and "uses VLOOKUP, which can't be judged" in table["not_judged_because"][0]
    assert table["findings"][0]["cells"][0]["range"] == "I6:I13"
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert "not judged" in lines[1] and "uses VLOOKUP" in lines[1]
    assert "uses VLOOKUP" in first_fault(check_file(path))
    import openpyxl

    shown = [[cell.value for cell in row] for row in openpyxl.load_workbook(tmp_path / "copy.xlsx")["Check"].rows]
    assert "is not judged" in shown[0][0] and ": not judged (" in shown[1][0]
    assert any("note: not judged" in row for row in shown)


def test_a_wrong_slip_in_a_gradient_inside_an_update(tmp_path):
    form = forms._inside()
    form.formulas["w3"] = form.formulas["w3"].replace("[-i1]", "[-i2]")
    (fault,) = [f for f in report_of(tmp_path, form).faults if f.kind != "stale values"]
    assert (fault.kind, fault.range) == ("wrong input", "G7:G13")
    assert fault.message == "w3 uses i2 where i1 belongs."
    assert fault.parts[0].right == "=G6-$B$2*(((R6-A6)*R6*(1-R6)*N6+(T6-B6)*T6*(1-T6)*P6)*L6*(1-L6)*C6)"


def test_a_slip_in_a_let_and_in_an_array(tmp_path):
    form = forms.RIGHT["LET"]()
    form.formulas["g5"] = form.formulas["g5"].replace("[a_h1]", "[a_h2]")
    (fault,) = [f for f in report_of(tmp_path, form).faults if f.kind != "stale values"]
    assert (fault.kind, fault.parts[0].variable) == ("wrong neuron", "grad_w5")
    form = forms.RIGHT["a spilled row"]()
    form.formulas["E1"] = "0.5*([t1]:[t2]-[o1]:[o2])^2"
    faults = [f for f in report_of(tmp_path, form).faults if f.kind != "stale values"]
    assert {(f.kind, part.variable) for f in faults for part in f.parts} == {
        ("pre-activation for activation", "E1"),
        ("pre-activation for activation", "E2"),
    }


def test_an_array_that_waits_for_its_own_result(libreoffice, tmp_path):
    """A whole column at once can't be calculated where each row needs the one above: Excel and LibreOffice refuse."""
    form = forms._whole_column("a_h1", "1/(1+EXP(-I6:I13))")
    path = written(tmp_path, form)
    sheet = libreoffice.recalculate(path)[form.sheet]
    assert isinstance(sheet[FIRST + 2][form.column("E_total") - 1], str)
    (fault,) = check_file(path).faults
    assert (fault.kind, fault.range) == ("circular chain", "J6:J13")
    assert fault.message.startswith("a_h1: one array formula fills several rows, but each row needs the one above it")


STRANGE = {
    "=" + "(" * 200 + "A1" + ")" * 200: "can't be read (too deeply nested)",
    'INDIRECT("A"&1)': "uses INDIRECT, which can't be judged",
    "[1]Other!A1": "refers to another workbook",
    "Nowhere!A1": "refers to the sheet Nowhere, which isn't there",
    "CMD|' /C calc'!A0": "can't be read",
    "SUM(A:A)": "calculates with too many cells at once",
    "A1:XFD1048576": "uses a range of cells as one number",
    "{1,2;3}": "can't be read",
    "Net2[[#This Row],«w1»]": "which names no table here",
    "LAMBDA(x,x)(1)": "can't be read",
    "=": "can't be read",
    "RAND()": "uses RAND, which can't be judged",
    "nosuchname": "a name that the workbook doesn't define",
    "_xlfn.LET(_xlpm.x)": "uses LET, which can't be judged",
    "MMULT([w1]:[w2],[i1]:[i2])": None,  # Excel shows #VALUE!
    "1/0": None,
    "#REF!+A1": None,
    "1": None,
    "TRUE": None,
    "9^9^9^9": None,
}


@pytest.mark.parametrize("formula", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_formula(tmp_path, formula):
    """Not judged, with the reason, or surely wrong; the rest of the table is judged as ever."""
    report = report_of(tmp_path, forms._changed(h1=formula))
    reason = STRANGE[formula]
    cells = {part.variable for f in report.findings for part in f.parts}
    assert cells == {"h1"}
    if reason is None:
        assert report.verdict == "wrong"
    else:
        assert (report.verdict, report.faults) == ("not judged", [])
        assert all(reason in finding.message for finding in report.findings)
