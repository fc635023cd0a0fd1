"""What a cell may hold: errors are never numbers, options left out are blank, sentences stay short."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

import xlfuncs
from xlfuncs.cells import ERROR_CODES, as_float, error_name, number, number_or_nan, quoted
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT
from xlfuncs.ranges import as_count, as_flag, as_rows, as_table, as_vector, as_weight, left_out

X, T = [[0.05, 0.1]], [[0.5], [0.5]]
WH, WO = [[0.15, 0.2, 0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]
NETWORK = (X, T, WH, WO)
# What Excel's COM hands over, from Microsoft's XlCVError and from values that others read from cells of Excel.
CODES = {
    -2146826288: "#NULL!", -2146826281: "#DIV/0!", -2146826273: "#VALUE!", -2146826265: "#REF!", -2146826259: "#NAME?",
    -2146826252: "#NUM!", -2146826246: "#N/A", -2146826245: "#GETTING_DATA", -2146826243: "#SPILL!",
    -2146826242: "#CONNECT!", -2146826241: "#BLOCKED!", -2146826240: "#UNKNOWN!", -2146826239: "#FIELD!",
    -2146826238: "#CALC!", -2146826237: "#BUSY!", -2146826233: "#PYTHON!",
}  # fmt: skip


def refused(function, *arguments):
    with pytest.raises(GradsheetError) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(("code", "name"), CODES.items())
def test_every_error_code_of_excel_has_its_name(code, name):
    assert error_name(code) == error_name(np.int64(code)) == error_name(f" {name} ") == name
    assert error_name(float(code)) is None  # a number from a cell is a float
    assert f"x holds the error {name}; " in refused(xlfuncs.BP_SIGMOID, [[code]])
    assert f"weights_hidden, cell 2, holds the error {name}; " in refused(xlfuncs.BP_GRAD, X, T, [[1, code, 1, 1]], WO)


def test_an_error_that_excel_invents_tomorrow():
    assert error_name(ERROR_CODES.start + 2060) == "number 2060"
    assert error_name(ERROR_CODES[0]) == "number 0" and error_name(ERROR_CODES[-1]) == "number 65535"
    assert error_name(ERROR_CODES[0] - 1) is None and error_name(ERROR_CODES[-1] + 1) is None
    for text in ("#EXTERNAL!", "#TIMEOUT!", "#DATA!", "Err:502"):
        assert error_name(text) == text
    for cell in ("#", "# 1", "#1", "N/A", "hash #REF", "", None, True, False, 3, -3, 2.5, dt.datetime(2024, 5, 6)):
        assert error_name(cell) is None
    assert refused(as_rows, "x", [[ERROR_CODES.start + 2060]]) == "x holds the error number 2060; mend that cell first."


def test_an_error_that_passes_is_waited_for():
    assert refused(as_rows, "x", [["#BUSY!"]]) == "x holds the error #BUSY!; wait until Excel has its value."
    assert refused(as_rows, "x", [["#CALC!"]]) == "x holds the error #CALC!; mend that cell first."


def test_ints_are_numbers_where_they_are_no_errors():
    assert as_rows("x", [[3, -7, 2**31, -(2**31)]]).tolist() == [[3.0, -7.0, 2.0**31, -(2.0**31)]]
    assert as_rows("x", [[float(ERROR_CODES.start + 2000)]]).tolist() == [[ERROR_CODES.start + 2000.0]]
    assert as_rows("x", [[float(ERROR_CODES.start + 2000), 3]]).tolist() == [[ERROR_CODES.start + 2000.0, 3.0]]


@pytest.mark.parametrize("error", ["#DIV/0!", -2146826281, -2146826238, [[-2146826243]], ERROR_CODES.start + 2052])
def test_an_error_as_an_option_is_not_left_out(error):
    table = xlfuncs.BP_TABLE(*NETWORK, 0.1, 3)
    for name, call in {
        "weight": lambda: xlfuncs.BP_GRAD(*NETWORK, error),
        "header": lambda: xlfuncs.BP_TABLE(*NETWORK, 0.1, 3, error),
        "iterations": lambda: xlfuncs.BP_TABLE(*NETWORK, 0.1, error),
        "learning_rate": lambda: xlfuncs.BP_CHECK(table, error),
    }.items():
        assert refused(call).startswith(f"{name} holds the error ")
    assert refused(xlfuncs.BP_SWEEP, *NETWORK, [[0.1]], error).startswith("iterations holds the error ")
    assert refused(xlfuncs.BP_EXPLAIN, *NETWORK, error).startswith("weight holds the error ")


@pytest.mark.parametrize("blank", [None, "", [[None]], [[""]], ((None,),)])
def test_a_blank_option_is_left_out(blank):
    assert left_out(blank)
    assert xlfuncs.BP_GRAD(*NETWORK, blank) == xlfuncs.BP_GRAD(*NETWORK)
    assert xlfuncs.BP_TABLE(*NETWORK, 0.1, blank, blank) == xlfuncs.BP_TABLE(*NETWORK, 0.1)
    assert xlfuncs.BP_SWEEP(*NETWORK, [[0.1]], blank) == xlfuncs.BP_SWEEP(*NETWORK, [[0.1]])
    assert xlfuncs.BP_CHECK(xlfuncs.BP_TABLE(*NETWORK, 0.1, 3), blank) == [["right"]]


@pytest.mark.parametrize("given", [0, False, 0.0, "x", [[1, 2]], [[None, None]], np.zeros(2)])
def test_what_is_not_left_out(given):
    assert not left_out(given)


def test_errors_and_texts_in_a_table_are_no_numbers():
    table = xlfuncs.BP_TABLE(*NETWORK, 0.1, 5)
    column = table[0].index("o1")
    for cell in (-2146826238, -2146826281, "#SPILL!", "oops", None, True, dt.datetime(2024, 5, 6)):
        table[3][column] = cell
        ((sentence,),) = xlfuncs.BP_CHECK(table)
        assert sentence.startswith("o1 doesn't follow from the numbers beside it in row 3: no number stands there, ")


@pytest.mark.parametrize(
    "weight", [5, 5.0, "5", "w5", "W5 ", " w5", [[5.0]], Decimal(5), Decimal("5.00"), np.int32(5), np.float64(5)]
)
def test_the_fifth_weight(weight):
    assert as_weight(weight, DEFAULT) == 4


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        (5.0000001, "5.0000001"),
        (4.999999999999999, "4.999999999999999"),
        (0, "0"),
        (9, "9"),
        (-5, "-5"),
        ("w0", "w0"),
        ("w05", "w05"),
        ("5.0", "5.0"),
        ("ww5", "ww5"),
        ("w5w6", "w5w6"),
        (None, "blank"),
        (1e300, "1e+300"),
        ("x" * 32_767, "'" + "x" * 40 + "…'"),
        ([[5, 6]], "[5, 6]"),
    ],
)
def test_what_is_no_weight(weight, shown):
    assert refused(as_weight, weight, DEFAULT) == f"weight is {shown}; this network has w1 to w8."


def test_the_last_weight_is_one():
    assert as_weight(8, DEFAULT) == 7 and as_weight("w1", DEFAULT) == 0


def test_counts_are_whole():
    assert as_count("iterations", [[4.0]]) == 4
    assert refused(as_count, "iterations", 2.0000001).startswith("iterations is 2.0000001; it must be a whole number")
    assert refused(as_count, "iterations", 1_048_577).startswith("iterations is 1048577; ")
    assert as_count("iterations", 1_048_576) == 1_048_576
    assert refused(as_count, "iterations", -1) == "iterations is -1; it must be a whole number from 1 to 1,048,576."


def test_flags():
    for yes, no in ((True, False), (1, 0), (1.0, 0.0), ([[True]], [[False]]), (np.bool_(True), np.bool_(False))):
        assert as_flag("header", yes) is True and as_flag("header", no) is False
    for other in (2, "TRUE", 0.5, [[True, True]], None):
        assert refused(as_flag, "header", other) == "header must be TRUE or FALSE."


def test_texts_are_shortened_in_sentences():
    long = "word " * 6000
    for call in (
        lambda: xlfuncs.BP_SIGMOID([[1.0, long]]),
        lambda: xlfuncs.BP_GRAD(*NETWORK, long),
        lambda: xlfuncs.BP_CHECK(xlfuncs.BP_TABLE(*NETWORK, 0.1, 3), long),
        lambda: xlfuncs.BP_UPDATE(1, 1, "\n" * 30_000 + "x"),
    ):
        sentence = refused(call)
        assert len(sentence) < 120 and "\n" not in sentence
    assert quoted("abc") == "'abc'" and quoted("a\n b") == "'a b'"
    assert quoted("y" * 40) == f"'{'y' * 40}'" and quoted("y" * 41) == f"'{'y' * 40}…'"


def test_numbers_of_any_size():
    assert refused(as_rows, "x", [[10**400]]) == "x is infinite; a finite number is needed."
    assert refused(as_rows, "x", [[1, -(10**400)]]) == "x, cell 2, is infinite; a finite number is needed."
    assert refused(as_rows, "x", [[Decimal("1E+400")]]) == "x is infinite; a finite number is needed."
    assert refused(as_rows, "x", [[Decimal("sNaN")]]) == "x is blank or not a number; type a number there."
    assert as_float(-(10**400)) == -np.inf and as_float(10**400) == np.inf
    assert np.isnan([number_or_nan(cell) for cell in (10**400, np.inf, np.nan, True, "1", None)]).all()
    assert number_or_nan(Decimal("1.5")) == number("x", Decimal("1.5")) == 1.5
    assert as_rows("x", [[5e-324, 1.7e308]]).tolist() == [[5e-324, 1.7e308]]


def test_the_first_cell_that_does_not_fit_is_named():
    assert refused(as_rows, "x", [[1.0], [2.0], ["a"], [None]]) == "x, cell 3, holds the text 'a'; a number is needed."
    assert refused(as_rows, "x", [[1, 2], [3, None]]) == "x, cell (2, 2), is blank; type a number there."
    assert refused(as_rows, "x", [[1, 2], [{}, None]]) == "x, cell (2, 1), holds a dict; a number is needed."
    assert refused(as_rows, "x", [[dt.date(2024, 5, 6)]]) == "x holds the date 2024-05-06; type it as a number."
    assert refused(as_rows, "x", [[np.bool_(False)]]) == "x is FALSE; a number is needed."


@pytest.mark.parametrize("ragged", [[[1, 2], [3]], [[1, 2], 3], [[1], []]])
def test_ragged_ranges(ragged):
    assert refused(as_rows, "x", ragged) == "x has rows of different lengths; give it one rectangular range."
    assert refused(as_table, "table", ragged) == "table has rows of different lengths; give it one rectangular range."


def test_empty_ranges():
    for empty in ([], [[]], np.zeros((0, 2))):
        assert refused(as_rows, "x", empty) == "x is empty; give it a range with numbers."


def test_a_table_ends_with_its_last_number():
    header, rows = as_table("table", [["w1", None], [1.0, 2.0], [None, None], [3.0, "x"], [None, ""], [None, None]])
    assert header == ["w1", ""]
    np.testing.assert_array_equal(rows, [[1, 2], [np.nan, np.nan], [3, np.nan]])


def test_vectors():
    assert as_vector("x", [[1], [2]]).tolist() == as_vector("x", [1, 2]).tolist() == as_vector("x", ((1, 2),)).tolist()
    assert as_vector("x", np.array([1, 2])).tolist() == [1.0, 2.0]
