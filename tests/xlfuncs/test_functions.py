"""The Excel functions: their numbers, their sentences, and xlwings' own way of calling them."""

import datetime as dt
import inspect
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import xlfuncs
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT

CLASSIC = Path(__file__).with_name("classic_xlwings.py")
X, T = [[0.05, 0.1]], [[0.5], [0.5]]
WH, WO = [[0.15, 0.2, 0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]
NETWORK = (X, T, WH, WO)
# Computed with torch 2.13's autograd in float64 for the exercise's start values.
GRADIENTS = [
    0.00031699339591029, 0.00063398679182058, 0.00035177632159073, 0.00070355264318146,
    0.01288081863162825, 0.01297608491069852, 0.01540834828177308, 0.01552230811999477,
]  # fmt: skip


def test_grad():
    assert xlfuncs.BP_GRAD(*NETWORK)[0] == pytest.approx(GRADIENTS, rel=1e-12)
    for asked in (5, 5.0, "5", "w5", "W5 ", [[5.0]]):
        assert xlfuncs.BP_GRAD(*NETWORK, asked)[0][0] == pytest.approx(GRADIENTS[4], rel=1e-12)


def test_forward_is_in_the_tables_order():
    row = xlfuncs.BP_FORWARD(X, WH, WO)[0]
    table = xlfuncs.BP_TABLE(*NETWORK, 0.1, 1)
    by_label = dict(zip(*table, strict=True))
    assert row == [by_label[name] for name in ("h1", "a_h1", "h2", "a_h2", "o1", "a_o1", "o2", "a_o2")]
    assert row[1] == pytest.approx(1 / (1 + np.exp(-0.0275)), rel=1e-15)


def test_error():
    assert xlfuncs.BP_ERROR([[0.5, 0.5]], [[0.6, 0.2]])[0] == pytest.approx([0.005, 0.045, 0.05])


def test_update_keeps_the_shape():
    assert xlfuncs.BP_UPDATE([[1.0, 2.0]], [[0.5], [1.0]], 0.1) == [[0.95, 1.9]]
    assert xlfuncs.BP_UPDATE([[1.0], [2.0]], [[0.5], [1.0]], 0.1) == [[0.95], [1.9]]


def test_table_has_85_rows_and_32_columns_under_a_header():
    table = xlfuncs.BP_TABLE(*NETWORK, 0.1)
    assert len(table) == 86 and {len(row) for row in table} == {32}
    assert table[0][23] == "E_total"
    assert table[1][23] == pytest.approx(0.0141813779379, rel=1e-12)
    assert table[85][23] == pytest.approx(0.00864403390496, rel=1e-12)
    assert xlfuncs.BP_TABLE(*NETWORK, 0.1, 3, False) == table[1:4]
    assert xlfuncs.BP_TABLE(*NETWORK, 0.1, None, None) == table


def test_sweep_has_a_column_a_learning_rate():
    sweep = np.array(xlfuncs.BP_SWEEP(*NETWORK, [[0.1], [2.0]], 10))
    assert sweep.shape == (10, 2)
    for k, rate in enumerate((0.1, 2.0)):
        assert sweep[:, k].tolist() == [row[23] for row in xlfuncs.BP_TABLE(*NETWORK, rate, 10, False)]


def test_gradcheck_is_small():
    assert 0 < xlfuncs.BP_GRADCHECK(*NETWORK)[0][0] < 1e-9


def test_check_finds_the_wrong_column():
    table = xlfuncs.BP_TABLE(*NETWORK, 0.5, 20)
    assert xlfuncs.BP_CHECK(table) == xlfuncs.BP_CHECK(table, 0.5) == [["right"]]
    rounded = [table[0], *([round(x, 6) for x in row] for row in table[1:])]
    assert xlfuncs.BP_CHECK([*rounded, [None] * 32]) == [["right"]]
    spelled = [[name.replace("∂E/∂", "dE_total/d").replace("a_", "out_") for name in table[0]], *table[1:]]
    assert xlfuncs.BP_CHECK(spelled) == [["right"]]
    at = {name: k for k, name in enumerate(table[0])}
    for row in table[1:]:  # the inherited slip: neuron h1's slope in ∂E/∂w3
        a1, a2 = row[at["a_h1"]], row[at["a_h2"]]
        row[at["∂E/∂w3"]] *= a1 * (1 - a1) / (a2 * (1 - a2))
    weight, gradient = (sentence for (sentence,) in xlfuncs.BP_CHECK(table))
    assert weight.startswith("w3 doesn't follow")  # it moved by the right gradient
    assert gradient.startswith("∂E/∂w3 doesn't follow from the numbers beside it in 20 rows")
    assert gradient.endswith("The numbers fit a_h1 in place of a_h2.")
    assert "w5 doesn't follow" in xlfuncs.BP_CHECK(xlfuncs.BP_TABLE(*NETWORK, 0.5, 20), 0.4)[4][0]


def test_check_finds_one_typed_number_and_a_hole():
    table = xlfuncs.BP_TABLE(*NETWORK, 0.5, 20)
    e_total = table[0].index("E_total")
    table[7][e_total] += 1e-6
    ((sentence,),) = xlfuncs.BP_CHECK(table)
    assert "E_total" in sentence and "row 7" in sentence
    table[7][e_total] = "#VALUE!"
    ((sentence,),) = xlfuncs.BP_CHECK(table)
    assert "row 7: no number stands there" in sentence


def test_explain_multiplies_to_the_gradient():
    lines = xlfuncs.BP_EXPLAIN(*NETWORK, "w1")
    by_symbol = {symbol: number for symbol, _, number in lines}
    assert lines[0][:2] == ["∂E_total/∂w1", "∂E_total/∂a_h1 · ∂a_h1/∂h1 · ∂h1/∂w1"]
    product = by_symbol["∂E_total/∂a_h1"] * by_symbol["∂a_h1/∂h1"] * by_symbol["∂h1/∂w1"]
    assert product == pytest.approx(GRADIENTS[0], rel=1e-12)
    assert lines[-1][2] == pytest.approx(GRADIENTS[0], rel=1e-12)
    for error, output, way in (("E1", "o1", "w5"), ("E2", "o2", "w7")):
        factors = [f"∂{error}/∂a_{output}", f"∂a_{output}/∂{output}", f"∂{output}/∂a_h1"]
        assert by_symbol[f"∂{error}/∂a_h1"] == pytest.approx(np.prod([by_symbol[f] for f in factors]), rel=1e-12)
        assert next(line for line in lines if line[0] == factors[2])[1] == way
    last = xlfuncs.BP_EXPLAIN(*NETWORK, 8)
    assert [line[0] for line in last] == ["∂E_total/∂w8", "∂E2/∂a_o2", "∂a_o2/∂o2", "∂o2/∂w8", "∂E_total/∂w8"]
    assert last[-1][2] == pytest.approx(GRADIENTS[7], rel=1e-12)


def test_explain_every_weight_of_any_network():
    network = ([[0.3, -0.2, 0.9]], [[0.2]], np.linspace(-1, 1, 12).reshape(4, 3), [[0.3, -0.8, 0.5, 0.1]])
    gradients = xlfuncs.BP_GRAD(*network)[0]
    for k, gradient in enumerate(gradients, start=1):
        lines = xlfuncs.BP_EXPLAIN(*network, k)
        assert lines[0][2] == lines[-1][2] == pytest.approx(gradient, rel=1e-12)


def test_weights_as_matrix_row_or_column_are_the_same():
    forms_hidden = [WH, [[w] for w in WH[0]], [[0.15, 0.2], [0.25, 0.3]], np.array([[0.15, 0.2], [0.25, 0.3]])]
    forms_output = [WO, [[0.4, 0.45, 0.5, 0.55]], [[0.4], [0.45], [0.5], [0.55]]]
    results = {str(xlfuncs.BP_GRAD(X, T, h, o)) for h in forms_hidden for o in forms_output}
    assert len(results) == 1


def test_single_cells():
    """A 1-1-1 network: every range is one cell, which Excel hands over as a bare number."""
    assert len(xlfuncs.BP_GRAD(0.5, 1.0, 0.3, 0.7)[0]) == 2
    assert len(xlfuncs.BP_TABLE(0.5, 1.0, [[0.3]], 0.7, 0.1, 5)) == 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((X, T, [[0.1, 0.2, 0.3]], WO), "weights_hidden has 3 numbers; 2 inputs need a multiple of 2."),
        ((X, T, [[1, 2, 3], [4, 5, 6]], WO), "weights_hidden is 2 rows by 3 columns; 2 inputs need 2 columns, a row a unit."),
        ((X, T, WH, [[1, 2, 3]]), "weights_output has 3 numbers; 2 hidden units need a multiple of 2."),
        ((X, [[0.5]], WH, WO), "targets has 1 number; weights_output has 4 numbers, which is 2 outputs for 2 hidden units."),
        (([[None, 1]], T, WH, WO), "inputs, cell 1, is blank; type a number there."),
        (([["", 1]], T, WH, WO), "inputs, cell 1, is blank; type a number there."),
        (([[float("nan"), 1]], T, WH, WO), "inputs, cell 1, is blank or not a number; type a number there."),
        (([[float("inf"), 1]], T, WH, WO), "inputs, cell 1, is infinite; a finite number is needed."),
        (([[1, "abc"]], T, WH, WO), "inputs, cell 2, holds the text 'abc'; a number is needed."),
        ((X, T, WH, [[1, 2], ["#DIV/0!", 4]]), "weights_output, cell (2, 1), holds the error #DIV/0!; mend that cell first."),
        ((dt.datetime(2024, 5, 6), T, WH, WO), "inputs holds the date 2024-05-06; type it as a number."),
        (([[True, 1]], T, WH, WO), "inputs, cell 1, is TRUE; a number is needed."),
        (([[1, 2], [3, 4]], T, WH, WO), "inputs is 2 rows by 2 columns; it must be one row or one column."),
        ((X, T, WH, WO, "w9"), "weight is w9; this network has w1 to w8."),
        ((X, T, WH, WO, 1.5), "weight is 1.5; this network has w1 to w8."),
        ((X, T, WH, WO, True), "weight is True; this network has w1 to w8."),
    ],
)  # fmt: skip
def test_what_does_not_fit_gets_a_sentence(arguments, sentence):
    with pytest.raises(GradsheetError) as raised:
        xlfuncs.BP_GRAD(*arguments)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: xlfuncs.BP_TABLE(*NETWORK, 0.1, 0), "iterations is 0; it must be a whole number from 1 to 1,048,575."),
        (lambda: xlfuncs.BP_TABLE(*NETWORK, 0.1, 2.5), "iterations is 2.5; it must be a whole number from 1 to 1,048,575."),
        (lambda: xlfuncs.BP_TABLE(*NETWORK, [[1, 2]], 5), "learning_rate is one number; the range has 2 cells."),
        (lambda: xlfuncs.BP_TABLE(*NETWORK, None), "learning_rate is blank; type a number there."),
        (lambda: xlfuncs.BP_TABLE(*NETWORK, 0.1, 5, "maybe"), "header must be TRUE or FALSE."),
        (lambda: xlfuncs.BP_UPDATE([[1e308]], [[-1e308]], 10), "The result is too large for a cell; use smaller numbers."),
        (lambda: xlfuncs.BP_ERROR([[1, 2]], [[1]]), "outputs has 1 and targets 2 numbers; they must be as many."),
        (lambda: xlfuncs.BP_UPDATE([[1, 2]], [[1]], 1), "gradients has 1 and weights 2 numbers; they must be as many."),
        (lambda: xlfuncs.BP_CHECK([["w1"]]), "table needs a header row and rows of numbers below it; give it the whole table."),
        (lambda: xlfuncs.BP_CHECK(3.0), "table needs a header row and rows of numbers below it; give it the whole table."),
        (lambda: xlfuncs.BP_CHECK([["w1"], [None]]), "table has no numbers below its header; give it the whole table."),
        (
            lambda: xlfuncs.BP_CHECK([["a", "b"], [1, 2]]),
            "The first row is not the header of a backpropagation table; give a range that starts with labels such as t1, "
            "i1, w1, h1, a_h1, o1, E_total, ∂E/∂w1.",
        ),
        (lambda: xlfuncs.BP_CHECK(xlfuncs.BP_TABLE(*NETWORK, 0.1, 3), "x"), "learning_rate holds the text 'x'; a number is needed."),
        (lambda: xlfuncs.BP_SIGMOID([]), "x is empty; give it a range with numbers."),
    ],
)  # fmt: skip
def test_other_arguments_get_a_sentence(call, sentence):
    with pytest.raises(GradsheetError) as raised:
        call()
    assert str(raised.value) == sentence


def test_numbers_of_other_kinds_are_numbers():
    assert xlfuncs.BP_SIGMOID([[Decimal("0"), 0, np.float32(0)]]) == [[0.5, 0.5, 0.5]]
    assert xlfuncs.BP_SIGMOID([[1000, -1000]]) == [[1.0, 0.0]]


def test_help_is_there_and_fits_excels_dialog():
    for name in xlfuncs.__all__:
        function = getattr(xlfuncs, name)
        assert 20 < len(function.__doc__) <= 255, name
        assert "\n" not in function.__doc__, name
        assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in inspect.signature(function).parameters.values())


def test_the_readmes_examples():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `((?:BP|NN|MNIST)_\w+)\(.*\| ([^|]*) \|$", readme, flags=re.MULTILINE))
    assert sorted(rows) == sorted(xlfuncs.__all__)
    for name, arguments in {
        "BP_SIGMOID": (0.0275,),
        "BP_FORWARD": (X, WH, WO),
        "BP_ERROR": ([0.5, 0.5], [0.606478, 0.630481]),
        "BP_GRAD": (*NETWORK, "w5"),
        "BP_UPDATE": (0.4, 0.0128808, 0.1),
        "NN_LOSS": (X, T, [*WH[0], *WO[0], *WO[1]], "2-2-2"),
        "NN_GRAD": (X, T, [*WH[0], *WO[0], *WO[1]], "2-2-2", "w5"),
        "NN_UPDATE": (X, T, [*WH[0], *WO[0], *WO[1]], "2-2-2", 0.1),
    }.items():
        shown = [float(number) for number in re.findall(r"\d+\.\d+", rows[name])]
        assert getattr(xlfuncs, name)(*arguments)[0][: len(shown)] == pytest.approx(shown, rel=5e-6), name
    assert rows["BP_EXPLAIN"].startswith(f"{len(xlfuncs.BP_EXPLAIN(*NETWORK, 'w1'))} lines")
    assert xlfuncs.BP_GRADCHECK(*NETWORK)[0][0] == pytest.approx(float(rows["BP_GRADCHECK"]), rel=0.1)


# Through classic xlwings: its converters and its call_udf, with stubs for COM.


@pytest.fixture(scope="module")
def classic():
    """Results of one batch of calls, as Excel's COM would hand them over."""
    missing = {"missing": 0}
    calls = {
        "scalar": ["BP_SIGMOID", [0.0]],
        "row": ["BP_SIGMOID", [[[0.0, 1000.0]]]],
        "column": ["BP_SIGMOID", [[[0.0], [-1000.0]]]],
        "matrix": ["BP_SIGMOID", [[[0.0, 0.0], [0.0, 0.0]]]],
        "grad": ["BP_GRAD", [*NETWORK, missing]],
        "grad one": ["BP_GRAD", [*NETWORK, 5.0]],
        "blank": ["BP_GRAD", [[[0.05, None]], T, WH, WO, missing]],
        "blank cell": ["BP_SIGMOID", [None]],
        "error": ["BP_GRAD", [[[0.05, -2146826281]], T, WH, WO, missing]],
        "text": ["BP_GRAD", [[["x", 1.0]], T, WH, WO, missing]],
        "date": ["BP_SIGMOID", [{"date": "2024-05-06"}]],
        "currency": ["BP_SIGMOID", [{"currency": "0"}]],
        "table": ["BP_TABLE", [*NETWORK, 0.1, missing, missing]],
        "table without header": ["BP_TABLE", [*NETWORK, 0.1, 4.0, False]],
        "learning rate error": ["BP_UPDATE", [[[1.0]], [[1.0]], -2146826265]],
        "explain": ["BP_EXPLAIN", [*NETWORK, "w1"]],
        "check": ["BP_CHECK", [xlfuncs.BP_TABLE(*NETWORK, 0.1, 9), missing]],
        "check with a rate": ["BP_CHECK", [xlfuncs.BP_TABLE(*NETWORK, 0.1, 9), 0.2]],
        "check a blank": ["BP_CHECK", [[["w1", None], [1.0, None]], missing]],
        "spill": ["BP_SIGMOID", [[[1.0, -2146826243]]]],
        "calc as weight": ["BP_GRAD", [*NETWORK, -2146826238]],
        "error as weight": ["BP_GRAD", [*NETWORK, -2146826281]],
        "error as header": ["BP_TABLE", [*NETWORK, 0.1, 4.0, -2146826281]],
        "error as iterations": ["BP_TABLE", [*NETWORK, 0.1, -2146826246, missing]],
        "error as rate": ["BP_CHECK", [xlfuncs.BP_TABLE(*NETWORK, 0.1, 3), -2146826259]],
        "blank weight": ["BP_GRAD", [*NETWORK, None]],
        "long text": ["BP_SIGMOID", ["x" * 32_767]],
        "too many": ["BP_TABLE", [*NETWORK, 0.1, 1e6, missing]],
    }
    done = subprocess.run(
        [sys.executable, str(CLASSIC)],
        input=json.dumps(list(calls.values())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(calls, json.loads(done.stdout), strict=True))


def test_classic_numbers(classic):
    assert classic["scalar"] == [[0.5]]
    assert classic["row"] == [[0.5, 1.0]]
    assert classic["column"] == [[0.5], [0.0]]
    assert classic["matrix"] == [[0.5, 0.5], [0.5, 0.5]]
    assert classic["currency"] == [[0.5]]
    assert classic["grad"][0] == pytest.approx(GRADIENTS, rel=1e-12)
    assert classic["grad one"][0] == pytest.approx(GRADIENTS[4:5], rel=1e-12)
    assert len(classic["table"]) == 86 and len(classic["table"][0]) == 32
    assert len(classic["table without header"]) == 4
    assert classic["check"] == [["right"]]
    assert len(classic["check with a rate"]) == 8
    assert classic["explain"][1][:2] == ["∂E1/∂a_o1", "a_o1 − t1"]


def test_classic_sentences(classic):
    assert classic["blank"] == [["inputs, cell 2, is blank; type a number there."]]
    assert classic["blank cell"] == [["x is blank; type a number there."]]
    assert classic["error"] == [["inputs, cell 2, holds the error #DIV/0!; mend that cell first."]]
    assert classic["learning rate error"] == [["learning_rate holds the error #REF!; mend that cell first."]]
    assert classic["text"] == [["inputs, cell 1, holds the text 'x'; a number is needed."]]
    assert classic["check a blank"][0][0].startswith("The first row is not the header")
    assert classic["date"] == [["x holds the date 2024-05-06; type it as a number."]]


def test_classic_errors_are_never_numbers(classic):
    assert classic["spill"] == [["x, cell 2, holds the error #SPILL!; mend that cell first."]]
    assert classic["calc as weight"] == [["weight holds the error #CALC!; mend that cell first."]]
    assert classic["error as weight"] == [["weight holds the error #DIV/0!; mend that cell first."]]
    assert classic["error as header"] == [["header holds the error #DIV/0!; mend that cell first."]]
    assert classic["error as iterations"] == [["iterations holds the error #N/A; mend that cell first."]]
    assert classic["error as rate"] == [["learning_rate holds the error #NAME?; mend that cell first."]]
    assert classic["blank weight"] == classic["grad"]
    assert classic["long text"] == [[f"x holds the text '{'x' * 40}…'; a number is needed."]]
    assert classic["too many"][0][0].startswith("iterations is 1,000,000, and at most ")


SERVER = """
import asyncio, json, sys
import xlwings, xlfuncs
from xlwings.server import custom_functions_call

def call(name, arguments):
    sent = {"func_name": name, "args": arguments, "version": xlwings.__version__, "client": "Office.js", "runtime": "1.4",
            "content_locale": "en-US", "culture_info_name": "en-US"}
    return asyncio.run(custom_functions_call(sent, xlfuncs))

print(json.dumps([call(*c) for c in json.load(sys.stdin)]))
"""


def test_xlwings_server_gets_numbers_and_sentences():
    """Through xlwings Server's own call, as its custom functions are called."""
    error = {"type": "Error", "basicValue": "#SPILL!"}
    calls = [
        ["BP_SIGMOID", [[[0, 1000]]]],
        ["BP_SIGMOID", [[[1, error]]]],
        ["BP_SIGMOID", [[[""]]]],
        ["BP_GRAD", [X, T, [[0.15, 0.2], [0.25, 0.3]], WO, None]],
        ["BP_GRAD", [X, T, [[0.15, 0.2], [0.25, 0.3]], WO, [[error]]]],
        ["BP_GRAD", [X, T, [[1, 2, 3]], WO, None]],
    ]
    done = subprocess.run(
        [sys.executable, "-c", SERVER],
        input=json.dumps(calls),
        env=os.environ | {"XLWINGS_ON_SERVER": "true", "XLWINGS_LICENSE_KEY": "noncommercial"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "LicenseError" in done.stderr:
        pytest.skip("xlwings Server's code needs a licence key that this xlwings doesn't take")
    assert done.returncode == 0, done.stderr
    numbers, spill, blank, gradients, option, size = json.loads(done.stdout)
    assert numbers == [[0.5, 1.0]]
    assert spill == [["x, cell 2, holds the error #SPILL!; mend that cell first."]]
    assert blank == [["x is blank; type a number there."]]
    assert gradients[0] == pytest.approx(GRADIENTS, rel=1e-12)
    assert option == [["weight holds the error #SPILL!; mend that cell first."]]
    assert size == [["weights_hidden has 3 numbers; 2 inputs need a multiple of 2."]]


def test_python_gets_exceptions_under_every_import():
    from xlfuncs import BP_SIGMOID, excel, functions

    for function in (BP_SIGMOID, xlfuncs.BP_SIGMOID, excel.BP_SIGMOID, functions.BP_SIGMOID):
        assert function(0.0) == function([[0]]) == function(x=np.zeros(1)) == [[0.5]]
        for mistake in ("text", None, [["#N/A"]]):
            with pytest.raises(GradsheetError, match=r"^x "):
                function(mistake)


def test_the_plain_functions_need_no_xlwings():
    loaded = loaded_by("import xlfuncs.functions")
    assert "xlwings" not in loaded and "torch" not in loaded and "trainer" not in loaded


@pytest.mark.parametrize("calls", [1_500, pytest.param(100_000, marks=pytest.mark.slow)])
def test_whatever_excel_sends(calls):
    """No exception, nothing that a cell can't hold, no call over two seconds, no memory filled."""
    fuzzer = Path(__file__).with_name("fuzz_functions.py")
    seed = os.environ.get("GRADSHEET_FUZZ_SEED", "1")
    done = subprocess.run([sys.executable, fuzzer, str(calls), seed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["kinds"]["numbers"] > 0.2 * calls and found["kinds"]["sentence"] > 0.2 * calls
    assert found["slowest"][0] < 20, found["slowest"]  # of processor time; a hang, not a slow machine
    assert found["megabytes"] is None or found["megabytes"] < 500


def test_xlwings_generates_a_wrapper_for_every_function():
    done = subprocess.run([sys.executable, str(CLASSIC), "wrappers"], capture_output=True, text=True, check=True)
    for name in xlfuncs.__all__:
        parameters = inspect.signature(getattr(xlfuncs, name)).parameters.values()
        written = ", ".join(f"Optional {p.name}" if p.default is not p.empty else p.name for p in parameters)
        assert f"Function {name}({written})" in done.stdout


# What importing costs.


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def third_party(modules: set[str]) -> set[str]:
    return modules - set(sys.stdlib_module_names) - loaded_by("pass")


def test_the_maths_needs_only_numpy():
    assert third_party(loaded_by("import xlfuncs.maths, xlfuncs.explain")) - {"xlfuncs"} <= third_party(
        loaded_by("import numpy")
    )


def test_the_functions_load_nothing_beyond_xlwings():
    extra = third_party(loaded_by("import xlfuncs; xlfuncs.BP_GRAD")) - third_party(loaded_by("import xlwings, numpy"))
    assert extra <= {"xlfuncs"}


def test_the_workbook_loads_neither_torch_nor_xlwings():
    loaded = loaded_by("import workbook.cli, workbook.build")
    assert not loaded & {"torch", "torchvision", "xlwings", "pandas", "matplotlib"}


def test_default_network_is_the_exercise():
    assert DEFAULT.sizes == (2, 2, 2)
    assert [w.start for w in DEFAULT.weights] == [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]
