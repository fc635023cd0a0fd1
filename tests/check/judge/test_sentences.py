"""What the report says, sentence by sentence: what a student understands and a teacher would sign."""

import pytest

from tests.check import forms
from tests.check.forms import FIRST, Form, numbers, right
from tests.check.writing import column_name
from workbook.check.checker import check_file
from workbook.check.judge.chart_findings import check_charts
from workbook.check.judge.classify import Diagnosis
from workbook.check.judge.findings import Finding
from workbook.check.judge.sentences import message
from workbook.check.meaning.tables import find_tables
from workbook.check.meaning.words import leaf_text, meaning_text
from workbook.check.read.book import Book, Chart, Series
from workbook.check.read.formula import Node
from workbook.check.report.lines import effect_text

RIGHT = right()
EQUAL = numbers(start={"t1": 0.5, "t2": 0.5})


def faults_of(tmp_path, form):
    path = tmp_path / "slip.xlsx"
    path.write_bytes(form.package())
    report = check_file(path)
    assert report.error is None
    return [fault for fault in report.faults if fault.kind != "stale values"]


SLIPS = {
    "the inherited one": (
        {
            "g3": RIGHT["g1"].replace("w5", "w6").replace("w7", "w8"),
            "g4": RIGHT["g2"].replace("w5", "w6").replace("w7", "w8"),
        },
        "∂E/∂w3 and ∂E/∂w4 use a_h1(1−a_h1); they belong to neuron h2, so a_h2(1−a_h2) belongs there.",
    ),
    "the wrong source in the output layer": (
        {"g5": RIGHT["g5"].replace("a_h1", "a_h2")},
        "∂E/∂w5 uses a_h2 where a_h1 belongs: w5 leads from h1 to o1.",
    ),
    "only one of two places": (
        {"g3": RIGHT["g3"].replace("(1-[a_h2])", "(1-[a_h1])")},
        "∂E/∂w3 uses a_h1 where a_h2 belongs.",
    ),
    "two references": (
        {"g1": RIGHT["g1"].replace("[t1]", "[t2]").replace("[w5]", "[w6]")},
        "∂E/∂w1 uses w6 where w5 belongs. A second slip in the same formula: it uses t2 where t1 belongs.",
    ),
    "a reference and a sign": (
        {"g5": "([t1]-[a_o1])*[a_o1]*(1-[a_o1])*[a_h2]"},
        "∂E/∂w5 uses a_h2 where a_h1 belongs: w5 leads from h1 to o1. "
        "A second slip in the same formula: a sign is the wrong way round.",
    ),
    "a reference and a factor": (
        {"g5": "([a_o1]-[t1])*(1-[a_o1])*[a_h2]"},
        "∂E/∂w5 uses a_h2 where a_h1 belongs: w5 leads from h1 to o1. "
        "A second slip in the same formula: the factor a_o1 is missing.",
    ),
    "a reference and brackets": (
        {"g5": "[a_o1]-[t1]*[a_o1]*(1-[a_o1])*[a_h2]"},
        "∂E/∂w5 uses a_h2 where a_h1 belongs: w5 leads from h1 to o1. A second slip in the same formula: "
        "a pair of brackets is missing, so it is calculated in another order than meant.",
    ),
    "two exchanged at once": (
        {"g7": "([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h1]"},
        "∂E/∂w7 uses a_o1 where a_o2 belongs, and t1 where t2 belongs.",
    ),
    "another weight's row above": (
        {"w1": "[-w2]-$B$2*[-g1]"},
        "w1 starts from w2 of the row above; w1 of the row above belongs there.",
    ),
    "another gradient": (
        {"w1": "[-w1]-$B$2*[-g2]"},
        "w1 is updated with ∂E/∂w2; ∂E/∂w1 of the row above belongs there.",
    ),
    "the wrong row": ({"w1": "[-w1]-$B$2*[g1]"}, "w1 reads ∂E/∂w1 of its own row; ∂E/∂w1 of the row above belongs"),
    "a missing term of another row": ({"w1": "$B$2*[-g1]"}, "w1"),
    "the sum before σ": (
        {"o1": "[w5]*[h1]+[w6]*[a_h2]"},
        "o1 uses h1, the sum before σ; the activation a_h1 belongs there.",
    ),
    "a wrong square": ({"E1": "0.5*([t1]-[a_o1])"}, "E1: the square is missing."),
    "a rounded result": (
        {"h1": "ROUND([w1]*[i1]+[w2]*[i2],4)"},
        "h1 is rounded to 4 digits, and the rows below go on with the rounded number. Leave ROUND out.",
    ),
    "its own cell": (
        {"h1": "[h1]"},
        "h1 refers to its own cell. That makes the table circular: the cell waits for a result that waits for it.",
    ),
    "an error in a formula": ({"h1": "#REF!*[i1]+[w2]*[i2]"}, "h1 uses #REF! where w1 belongs."),
    "a text": ({"h1": '[w1]*"x"+[w2]*[i2]'}, "h1 uses the text “x” where i1 belongs."),
    "nothing known": (
        {"h1": "EXP([E1]*[o2]*[w8]*[t1])"},
        "h1: the formula calculates something else. It uses E1, o2, w8, t1, which doesn't belong in it.",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips(tmp_path, slip):
    formulas, text = SLIPS[slip]
    told = [fault.message for fault in faults_of(tmp_path, Form(formulas=RIGHT | formulas))]
    assert len(told) == 1 and told[0].startswith(text), told
    assert "[-" not in told[0] and "[+" not in told[0]


def test_no_effect_is_said_as_such_with_why_it_is_a_fault(tmp_path):
    form = Form(formulas=RIGHT | {"E2": "0.5*([t1]-[a_o2])^2"}, values=EQUAL)
    (fault,) = faults_of(tmp_path, form)
    assert fault.message == "E2 uses t1 where t2 belongs."
    assert effect_text(fault) == (
        "It changes no number as long as t1 = t2; with other values the table would be wrong."
    )
    (fault,) = faults_of(tmp_path, Form(formulas=RIGHT | {"E2": "0.5*([t1]-[a_o2])^2"}))
    assert effect_text(fault).startswith("Largest relative error: ") and "none" not in effect_text(fault).split(",")[1]


@pytest.mark.parametrize(
    ("stands", "shown"),
    [
        ("( [a_o1]-[t1] ) * [a_o1]*(1-[a_o1]) * [a_h2]", "=( R6-A6 ) * R6*(1-R6) * L6"),
        ("+([a_o1]-[t1])*[a_o1]*(1-$R{row})*(([a_h2]))", "=+(R6-A6)*R6*(1-$R6)*((L6))"),
        ("POWER(1,1)*([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h2]*100%", "=POWER(1,1)*(R6-A6)*R6*(1-R6)*L6*100%"),
    ],
)
def test_the_formula_is_shown_as_it_stands_in_the_file(tmp_path, stands, shown):
    (fault,) = faults_of(tmp_path, Form(formulas=RIGHT | {"g5": stands}))
    assert fault.parts[0].formula == shown


def test_a_shared_formula_is_shown_as_its_cell_has_it(tmp_path):
    """Only the first cell of a shared formula has its text."""
    form = Form(formulas=RIGHT | {"g5": "( [a_o1]-[t1] )*[a_o1]*(1-[a_o1])*[a_h2]"})
    cells = form.xml_cells()
    column = form.column("g5")
    del form.formulas["g5"]
    cells[FIRST, column] = cells[FIRST, column].replace("<f>", '<f t="shared" si="0" ref="AB6:AB13">')
    for row in range(FIRST + 1, FIRST + 8):
        cells[row, column] = '<c r="{place}"><f t="shared" si="0"/><v>1</v></c>'
    cells[FIRST, column] = '<c r="{place}"><f>(R6-A6)*R6*(1-R6)*J6</f></c>'
    cells[FIRST + 1, column] = (
        '<c r="{place}"><f t="shared" si="0" ref="AB7:AB13">( R7-A7 )*R7*(1-R7)*L7</f><v>1</v></c>'
    )
    cells[FIRST + 2, column] = '<c r="{place}"><f>(R8-A8)*R8*(1-R8)*J8</f></c>'
    form.xml_cells = lambda: cells
    (fault,) = faults_of(tmp_path, form)
    assert (fault.range, fault.count) == ("AB7, AB9:AB13", 6)
    assert fault.parts[0].formula == "=( R7-A7 )*R7*(1-R7)*L7"


def test_a_reference_left_of_column_a(tmp_path):
    """A shared formula's copy can point there; it once ended the file as a fault of gradsheet's own."""
    form = Form()
    cells = form.xml_cells()
    column = form.column("h1")
    first = f'<c r="{{place}}"><f t="shared" si="0" ref="I6:I7">{form.text(form.formulas["h1"], 6)}</f></c>'
    cells[FIRST, column] = first
    cells[20, 2] = '<c r="{place}"><f t="shared" si="0"/></c>'
    cells[FIRST + 1, column] = '<c r="{place}"><f>E7*B20</f></c>'
    form.xml_cells = lambda: cells
    path = tmp_path / "left.xlsx"
    path.write_bytes(form.package())
    report = check_file(path)
    assert report.error is None
    (finding,) = [f for f in report.findings if f.kind == "not judged"]
    assert finding.message == "Not judged: the formula of h1 refers to a cell beyond the sheet's edge."


@pytest.mark.parametrize(
    ("change", "message", "place"),
    [
        (
            lambda form: form.columns.remove("E_total"),
            "Unfinished: the header (row 5) has no column for E_total.",
            "row 5",
        ),
        (
            lambda form: setattr(form, "values", form.values[:1]),
            "Unfinished: only row 6 is filled in, so nothing was updated yet; row 7 is next.",
            "row 7",
        ),
    ],
)
def test_unfinished_says_what_is_missing_and_where(tmp_path, change, message, place):
    form = Form()
    change(form)
    path = tmp_path / "unfinished.xlsx"
    path.write_bytes(form.package())
    report = check_file(path)
    assert (report.verdict, report.faults) == ("unfinished", [])
    (finding,) = report.findings
    assert (finding.kind, finding.message, finding.range) == ("unfinished", message, place)


def test_an_empty_column_is_named_with_its_cells(tmp_path):
    form = Form()
    cells = form.xml_cells()
    for row in range(FIRST, FIRST + 8):
        del cells[row, form.column("g3")]
        if row > FIRST:
            del cells[row, form.column("w3")]
    form.xml_cells = lambda: cells
    path = tmp_path / "unfinished.xlsx"
    path.write_bytes(form.package())
    report = check_file(path)
    assert report.verdict == "unfinished"
    (finding,) = report.findings
    assert finding.message == "Unfinished: w3 has no formulas (G7:G13); ∂E/∂w3 has no formulas (Z6:Z13)."
    assert finding.range == "G7:G13, Z6:Z13"


def test_what_belongs_in_frozen_rows_is_a_formula(tmp_path):
    form = Form(formulas={}, values=[*numbers(rows=5), numbers(rows=5)[-1]])
    (fault,) = [f for f in faults_of(tmp_path, form) if f.kind == "frozen rows"]
    assert all(part.right.startswith("=") for part in fault.parts)
    assert fault.parts[0].right == "=E10-0.5*X10"


def test_one_chart_note_for_many_charts(tmp_path):
    path = tmp_path / "charts.xlsx"
    form = Form()
    path.write_bytes(form.package())
    from workbook.check.read.reader import read_book

    book = read_book(path)
    column = column_name(form.column("E_total"))
    charts = [
        Chart("Sheet1", "", "line", "Error", [Series(None, None, f"Sheet1!${column}$6:${column}$12")])
        for _ in range(82)
    ]
    charts.append(Chart("Sheet1", "", "line", "Error", [Series(None, None, f"Sheet1!${column}$7:${column}$13")]))
    book = Book(book.path, book.writer, book.digits, book.sheets, charts, {})
    one, other = check_charts(book, find_tables(book))
    assert one.message == (
        f"Chart 1 “Error” on sheet Sheet1 and 81 more charts, each alike: it shows rows 6 to 12, so 1 of 8 rows are "
        f"missing; plot {column}6:{column}13."
    )
    assert (one.range, other.range) == ("82 charts", "chart 83")


def test_other_rows_are_told_in_words():
    assert leaf_text(Node("var", ("w2", -1))) == "w2 of the row above"
    assert leaf_text(Node("var", ("w2", 3))) == "w2 three rows lower"
    assert leaf_text(Node("var", ("w2", -7))) == "w2 several rows higher"
    assert leaf_text(Node("cell", ("Sheet1", 1, 5, 0.05))) == "cell E1 (0.05)"
    update = Node("op", "-", (Node("var", ("w1", -1)), Node("var", ("grad_w1", 2))))
    assert meaning_text(update) == "previous w1-∂E/∂w1 (two rows lower)"


def test_every_kind_of_slip_has_a_sentence_and_an_unknown_one_is_an_error(tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes(Form().package())
    from workbook.check.read.reader import read_book

    (table,) = find_tables(read_book(path))
    with pytest.raises(KeyError):
        message(Diagnosis("no such kind"), ["w1"], Node("number", 1.0), table, 6, False)
    with pytest.raises(KeyError):
        message(Diagnosis("chart"), ["w1"], Node("number", 1.0), table, 6, False)
    with pytest.raises(ValueError, match="no such kind"):
        Finding("no such kind", "Sheet1", [], "")
    with pytest.raises(ValueError, match="no such kind"):
        Finding("sign", "Sheet1", [], "", also=("no such kind",))


def test_circular(tmp_path):
    form = Form(formulas=RIGHT | {"w1": "[-w1]-$B$2*[g1]"})
    (fault,) = faults_of(tmp_path, form)
    assert fault.message.endswith("That also makes the table circular: the cell waits for a result that waits for it.")


def test_circular_in_the_first_row_alone(tmp_path):
    """The other rows only refer to a row above."""
    (fault, *_) = faults_of(tmp_path, Form(formulas=RIGHT | {"h1": "[w1]*[i1]+[w2]*[i2]+$L$6"}))
    assert fault.kind == "wrong formula"
    assert fault.message.endswith("That also makes the table circular: the cell waits for a result that waits for it.")


def test_the_other_cell_with_the_same_number(tmp_path):
    form = forms.RIGHT["a list beside that formulas read"]()
    path = tmp_path / "list.xlsx"
    path.write_bytes(form.package())
    (note,) = check_file(path).findings
    assert note.note and note.message == (
        "h1 reads cell E1 (0.05) for i1: the same number today, but not the cell that the others use."
    )
    form.cells[1, 5] = 0.06
    path.write_bytes(form.package())
    assert check_file(path).faults[0].kind == "wrong cell"
