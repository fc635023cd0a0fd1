"""What is said of a table as a whole: its verdict, and what isn't measured where that would mean nothing."""

import re

from tests.check import forms
from tests.check.forms import Form, numbers, right
from workbook.check.checker import check_file


def report_of(tmp_path, form):
    path = tmp_path / "table.xlsx"
    path.write_bytes(form.package())
    return check_file(path)


def test_nothing_is_measured_in_another_network(tmp_path):
    """Its E_total isn't this one's, and of typed values no learning rate is told either."""
    (table,) = report_of(tmp_path, forms.OTHER[next(iter(forms.OTHER))]()).tables
    assert table.verdict == "not judged" and table.total_error is None
    typed = Form(formulas={}, values=numbers(hidden="tanh", output="tanh"), cells={})
    (table,) = report_of(tmp_path, typed).tables
    assert (table.verdict, table.learning_rate, table.total_error) == ("not judged", None, None)


def test_values_beyond_all_numbers_are_not_right(tmp_path):
    huge = {"i1": 100.0, "i2": 100.0, "w1": 1e308, "w2": -1e308}
    form = Form(values=[row | huge for row in numbers()], stored=False)
    (table,) = report_of(tmp_path, form).tables
    assert table.verdict == "not judged"
    assert table.reasons == ["Not judged: its values grow beyond all numbers."]


def test_typed_values_tell_their_rate(tmp_path):
    """As a number that a person would have chosen."""
    rounded = [{name: float(f"{value:.9g}") for name, value in row.items()} for row in numbers(rate=0.3)]
    (table,) = report_of(tmp_path, Form(formulas={}, values=rounded, cells={})).tables
    assert (table.verdict, table.learning_rate, table.values_only) == ("right", 0.3, True)


def test_formulas_of_constants_alone_make_no_table_of_formulas(tmp_path):
    form = Form(formulas={"i1": "[-i1]"}, constants=("t1", "t2", "i2"))
    form.values = [dict(row) for row in form.values]
    form.first_formulas = ()
    (table,) = report_of(tmp_path, form).tables
    assert table.values_only and table.verdict == "right"


def test_many_unexplained_columns_are_another_calculation(tmp_path):
    strange = {name: f"COSH({text})*3+[i1]^3" for name, text in right().items() if name[0] in "haogE"}
    (table,) = report_of(tmp_path, Form(formulas=right() | strange, stored=False)).tables
    assert table.verdict == "not judged" and table.faults == []
    few = {name: strange[name] for name in ("h1", "h2", "o1")}
    (table,) = report_of(tmp_path, Form(formulas=right() | few, stored=False)).tables
    assert table.verdict == "wrong"


def test_weights_are_numbered_otherwise_only_where_that_explains_nearly_all(tmp_path):
    """Each weight named by its input and not by its unit, but for four gradients: half of the wrong columns would stay."""
    other = str.maketrans("2367", "3276")
    formulas = right()
    for name in ("h1", "h2", "o1", "o2", "g1", "g2", "g3", "g4"):
        formulas[name] = re.sub(r"(?<=\[w)[2367](?=\])", lambda digit: digit[0].translate(other), formulas[name])
    report = report_of(tmp_path, Form(formulas=formulas))
    wrong = {part.variable for fault in report.faults if fault.kind != "stale values" for part in fault.parts}
    assert wrong == {"h1", "h2", "o1", "o2", "grad_w1", "grad_w2", "grad_w3", "grad_w4"}
