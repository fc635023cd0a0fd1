"""Sheets as teachers hand them in that once got a false answer: each is the smallest one that shows it."""

import pytest

from tests.check.forms import FIRST, LAYERS, WITH_BIASES, Form, numbers, right
from tests.check.writing import column_name
from workbook.check.checker import check_file
from workbook.check.judge.reading import meets_rate
from workbook.check.meaning.stages import Recognised, grown
from workbook.check.meaning.tables import find_tables
from workbook.check.read.reader import read_book
from workbook.cli import main

RIGHT = right()
GRADIENTS = [f"g{k}" for k in range(1, 9)]


def reported(tmp_path, form):
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(form.package())
    report = check_file(path)
    assert report.error is None
    return report


class Changed(Form):
    """A form with single cells put in, or left out (None), by (variable, row)."""

    def __init__(self, changed, **given):
        super().__init__(**given)
        self.changed = changed

    def xml_cells(self):
        found = super().xml_cells()
        for (name, row), xml in self.changed.items():
            found.pop((row, self.column(name)))
            if xml is not None:
                found[row, self.column(name)] = xml
        return found


TEXT = '<c r="{place}" t="inlineStr"><is><t>0,05</t></is></c>'


def test_an_empty_input_that_formulas_read_is_a_fault_and_is_put_back(tmp_path):
    report = reported(tmp_path, Changed({("i1", FIRST + 3): None}, stored=False))
    (fault,) = report.faults
    assert report.verdict == "wrong" and fault.range == f"C{FIRST + 3}"
    assert fault.message == f"i1 is empty in row {FIRST + 3}, so the formulas that read it there calculate with 0."
    assert main(["check", str(tmp_path / "sheet.xlsx"), "--fix", str(tmp_path / "mended.xlsx")]) == 1
    assert check_file(tmp_path / "mended.xlsx").verdict == "right"


def test_a_text_in_an_input_that_formulas_read_is_not_judged(tmp_path):
    report = reported(tmp_path, Changed({("i1", FIRST + 3): TEXT}, stored=False))
    assert report.verdict == "not judged"
    assert "i1 holds “0,05” in row" in report.tables[0].reasons[0]


def test_empty_inputs_that_no_formula_reads_are_no_fault(tmp_path):
    """Written once in the first row, read from there with a $."""
    formulas = {name: text.replace("[i1]", f"$C${FIRST}") for name, text in RIGHT.items()}
    holes = {("i1", FIRST + k): None for k in range(1, 8)}
    assert reported(tmp_path, Changed(holes, formulas=formulas)).verdict == "right"


def test_negative_gradients_that_are_added_are_no_fault(tmp_path):
    formulas = RIGHT | {name: f"-({RIGHT[name]})" for name in GRADIENTS}
    formulas |= {f"w{k}": f"[-w{k}]+$B$2*[-g{k}]" for k in range(1, 9)}
    values = [row | {name: -row[name] for name in GRADIENTS} for row in numbers()]
    report = reported(tmp_path, Form(formulas=formulas, values=values))
    assert report.verdict == "not judged" and "−∂E/∂w" in report.tables[0].reasons[0]


def test_a_row_of_means_under_the_table_is_none_of_its_rows(tmp_path):
    form = Form()
    last = FIRST + len(form.values) - 1
    columns = [form.cell(name, FIRST).rstrip("0123456789") for name in form.columns]
    for k, column in enumerate(columns):
        form.cells[last + 1, form.left + k] = f"=AVERAGE({column}{FIRST}:{column}{last})"
    report = reported(tmp_path, form)
    assert report.verdict == "right" and report.tables[0].rows == len(form.values)


def test_a_block_of_sums_below_an_empty_row_is_no_more_of_the_table(tmp_path):
    form = Form()
    last = FIRST + len(form.values) - 1
    columns = [form.cell(name, FIRST).rstrip("0123456789") for name in form.columns]
    for k, column in enumerate(columns):
        form.cells[last + 2, form.left + k] = f"=SUM({column}{FIRST}:{column}{last})/8"
    assert reported(tmp_path, form).verdict == "right"


def test_thresholds_are_not_judged(tmp_path):
    """A bias that is subtracted in every unit."""
    form = Form(columns=WITH_BIASES, formulas=right(biases=LAYERS), values=numbers(biases=LAYERS), stored=False)
    assert reported(tmp_path, form).verdict == "right"
    form.formulas |= {unit: form.formulas[unit].replace("+[b", "-[b") for unit in ("h1", "h2", "o1", "o2")}
    report = reported(tmp_path, form)
    assert report.verdict == "not judged" and "biases that are subtracted" in report.tables[0].reasons[0]


def test_a_changed_condition_explains_no_slip(tmp_path):
    form = Form(formulas=RIGHT | {"a_h1": "IF([h1]>0,1/(1+EXP(-[h1])),0)"})
    (fault,) = reported(tmp_path, form).faults
    assert fault.message == "a_h1: the formula calculates something else."


def test_nothing_goes_on_from_a_rounded_error(tmp_path):
    (fault,) = (
        f
        for f in reported(tmp_path, Form(formulas=RIGHT | {"E_total": "ROUND([E1]+[E2],4)"})).faults
        if f.kind == "rounded"
    )
    assert "rows below" not in fault.message


@pytest.mark.parametrize(("step", "update"), [("$B$2*({})", "[-w{0}]-[-g{0}]"), ("-$B$2*({})", "[-w{0}]+[-g{0}]")])
def test_steps_in_the_gradient_columns_are_no_fault_and_stay(tmp_path, step, update):
    """Δw = ɳ·∂E/∂w, w = w - Δw: --fix once took ɳ out of it and trained with ɳ = 1."""
    formulas = RIGHT | {name: step.format(RIGHT[name]) for name in GRADIENTS}
    formulas |= {f"w{k}": update.format(k) for k in range(1, 9)}
    labels = {name: f"Δw{name[1:]}" for name in GRADIENTS}
    report = reported(tmp_path, Form(formulas=formulas, labels=labels, stored=False))
    assert report.verdict == "not judged" and not report.faults


def test_gradients_that_are_twice_too_large_stay_a_fault(tmp_path):
    formulas = RIGHT | {name: f"2*({RIGHT[name]})" for name in GRADIENTS}
    assert reported(tmp_path, Form(formulas=formulas, stored=False)).verdict == "wrong"


def test_samples_in_turn_are_no_changed_inputs(tmp_path):
    values = numbers()
    for row in values[1::2]:
        row |= {"i1": 0.9, "t1": 0.2}
    report = reported(tmp_path, Form(values=values, stored=False))
    assert report.verdict == "not judged" and "several samples" in report.tables[0].reasons[0]


def test_a_rate_that_changes_down_its_column_is_no_fault(tmp_path):
    form = Form()
    column = form.left + len(form.columns)
    letters = column_name(column)
    form.formulas |= {f"w{k}": f"[-w{k}]-{letters}{{row}}*[-g{k}]" for k in range(1, 9)}
    form.cells |= {(FIRST - 1, column): "ɳ"} | {(FIRST + k, column): 0.5 if k < 4 else 0.1 for k in range(8)}
    report = reported(tmp_path, form)
    assert report.verdict == "not judged" and "learning rate changes" in report.tables[0].reasons[0]


def test_a_table_that_goes_on_after_an_empty_row_is_not_right(tmp_path):
    names = ["iteration", *RIGHT, "t1", "t2", "i1", "i2"]
    form = Changed({(name, FIRST + 4): None for name in Form().columns if name in names}, stored=False)
    report = reported(tmp_path, form)
    assert report.verdict == "not judged" and f"row {FIRST + 5}" in report.tables[0].reasons[0]


@pytest.mark.parametrize(
    ("name", "stands", "text"),
    [
        ("g5", f"2*{RIGHT['g5']}", "∂E/∂w5: 2 is multiplied in once too often."),
        ("E1", "0.5*([t1]-[a_o1])^2/2", "E1: 0.5 is multiplied in once too often."),
        ("h1", "[$w1]*[i1]+[w2]*[i2]", f"from row {FIRST + 1} on h1 reads w1 of row {FIRST} instead of"),
        ("g6", "([a_o1]-[t1])*[a_o1]*(1-[a_o1]^2)*[a_h2]", "∂E/∂w6: a_o1 is multiplied in once too often."),
        ("o1", "[w5]*[a_h1]/0", "the cell shows #DIV/0! instead of a number, because of its own formula."),
    ],
)
def test_sentences_say_what_stands_there(tmp_path, name, stands, text):
    values = numbers()
    if name == "o1":
        values[0][name] = "#DIV/0!"
    form = Form(values=values)
    form.formulas[name] = stands.replace("[$w1]", f"$E${FIRST}")
    told = [fault.message for fault in reported(tmp_path, form).faults]
    assert any(text in message for message in told), told


def test_the_cells_of_a_finding_are_no_right_ones(tmp_path):
    holes = {("h1", FIRST + k): '<c r="{place}"><v>0.3</v></c>' for k in (1, 5)}
    fault = next(f for f in reported(tmp_path, Changed(holes)).faults if f.kind == "typed-over")
    assert fault.range == f"I{FIRST + 1}, I{FIRST + 5}"


def test_a_cell_that_is_named_like_the_rates_on_another_sheet_is_no_rate(tmp_path):
    form = Form(formulas=RIGHT | {"g3": RIGHT["g3"].replace("a_h2", "a_h1")})
    report = reported(tmp_path, form)
    table = find_tables(read_book(tmp_path / "sheet.xlsx"))[0]
    template, row, column = table.cell("grad_w3", FIRST + 1).template, FIRST + 1, table.columns["grad_w3"]
    place = next(ref.at(row, column) for ref in template.refs if not ref.fixed_row)
    assert report.verdict == "wrong"
    for sheet, meets in ((table.sheet.name, True), ("Parameters", False)):
        rated = grown(Recognised, table, rate_cell=(sheet, *place))
        assert meets_rate(template, row, column, rated) is meets
