"""Every function of the table in Calc's cells: numbers bit for bit, sentences, help, array formulas, a missing Python."""

import json
import os
import signal

import pytest

from xlfuncs.function_table import FUNCTIONS, TABLE

from .office import until

CELLS = {
    "inputs": ("A1:B1", [[0.05, 0.1]]),
    "targets": ("C1:D1", [[0.5, 0.4]]),
    "weights_hidden": ("A2:B3", [[0.15, 0.2], [0.25, 0.3]]),
    "weights_output": ("C2:D3", [[0.4, 0.45], [0.5, 0.55]]),
    "weights": ("A4:H4", [[0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]]),
    "gradients": ("A5:H5", [[0.01 * k for k in range(8)]]),
    "learning_rates": ("A6:C6", [[0.1, 0.5, 2.0]]),
    "learning_rate": ("E1", [[0.3]]),
    "outputs": ("F1:G1", [[0.6, 0.7]]),
    "network": ("H1", [["2-2-2 tanh"]]),
    "weight": ("H2", [["w5"]]),
    "iterations": ("H3", [[4.0]]),
    "x": ("A1:B3", [[0.05, 0.1], [0.15, 0.2], [0.25, 0.3]]),
}
CELLS |= {"header": ("E2", [[1.0]])}
MINE = [f for f in TABLE if f.name not in ("BP_CHECK", "MNIST_PREDICT")]


@pytest.fixture(scope="module")
def book(office):
    office.open_book("f")
    for where, rows in CELLS.values():
        office.run(f"sheet('f').getCellRangeByName({where!r}).setDataArray({tuple(map(tuple, rows))!r})")
    return office


def wanted(function, **changes):
    return FUNCTIONS[function.name].python(*[changes.get(a.name, CELLS[a.name][1]) for a in function.arguments])


def entered(book, function, at, rows, columns, call):
    last = f"A{at}" if (rows, columns) == (1, 1) else None
    where = last or f"A{at}:{column(columns)}{at + rows - 1}"
    book.enter("f", {where: "{=" + call + "}"})
    return book.cells("f", where)


def column(k):
    return chr(64 + k) if k <= 26 else column((k - 1) // 26) + chr(65 + (k - 1) % 26)


def test_each_function_as_an_array_formula_gives_what_python_gives(book):
    at = 20
    for function in MINE:
        found = wanted(function)
        call = f"{function.name}({';'.join(CELLS[a.name][0] for a in function.arguments)})"
        shown = entered(book, function, at, len(found), len(found[0]), call)
        assert shown == [[float(x) if not isinstance(x, str) else x for x in row] for row in found], function.name
        at += len(found) + 1


def test_check_and_the_whole_table(book):
    """BP_TABLE's own table is right, and a changed number is found, in the cells of a sheet."""
    book.enter("f", {"A300:AF305": "{=BP_TABLE(A1:B1;C1:D1;A2:B3;C2:D3;0.1;5)}"})
    book.enter("f", {"AH300": "=BP_CHECK(A300:AF305)", "AH301": "=BP_SIGMOID(0)"})
    assert book.cells("f", "AH300:AH301") == [["right"], [0.5]]
    rows = book.cells("f", "A300:AF305")
    rows[3][10] += 0.01  # iteration 3, a_h1
    book.run(f"sheet('f').getCellRangeByName('A310:AF315').setDataArray({tuple(map(tuple, rows))!r})")
    book.enter("f", {"AH310": "=BP_CHECK(A310:AF315)"})
    ((finding,),) = book.cells("f", "AH310")
    assert finding.startswith("a_h1 doesn't follow from the numbers beside it in row 3")


def test_the_formulas_of_calc_itself_say_the_same(book):
    """Calc's own 1/(1+EXP(-x)) and products beside ours."""
    book.enter("f", {"J1": "=BP_SIGMOID(A3)", "J2": "=1/(1+EXP(-A3))", "J3": "=SUMPRODUCT(A1:B1;A2:B2)"})
    forward = "{=BP_FORWARD(A1:B1;A2:B3;C2:D3)}"
    book.enter("f", {"L1:S1": forward})
    (ours,), (calcs,), (h1,) = book.cells("f", "J1:J3")
    assert ours == pytest.approx(calcs, rel=1e-15) and book.cells("f", "L1")[0][0] == pytest.approx(h1, rel=1e-15)


def test_what_is_left_out_blank_or_wrong(book):
    network = "A1:B1;C1:D1;A2:B3;C2:D3"
    one, all_of_them = wanted(FUNCTIONS["BP_GRAD"]), wanted(FUNCTIONS["BP_GRAD"], weight=None)
    book.enter("f", {"J5": f'=BP_GRAD({network};"w5")', "J6": f"=BP_GRAD({network};5)", "J7": f"=BP_GRAD({network})"})
    book.enter("f", {"J8": f"=BP_GRAD({network};)", "J9": f'=BP_GRAD({network};"w9")', "J10": "=BP_SIGMOID(J9)"})
    book.enter("f", {"J11": "=BP_SIGMOID(Z1:Z2)", "J12": "=SUM(BP_SIGMOID(A1:B3))", "J13": "=BP_SIGMOID(1/0)"})
    book.enter("f", {"L5:M6": "{=BP_ERROR(C1:D1;A1:B1;A1:B1)}", "L8:N9": "{=BP_ERROR(C1:D1;A1:E1)}"})
    shown = [row[0] for row in book.cells("f", "J5:J12")]
    assert shown[:4] == [one[0][0], one[0][0], all_of_them[0][0], all_of_them[0][0]]
    assert shown[4] == "weight is w9; this network has w1 to w8."
    assert shown[5] == f"x holds the text '{shown[4]}'; a number is needed."
    assert shown[6] == "x, cell 1, is blank; type a number there."
    assert shown[7] == pytest.approx(sum(map(sum, wanted(FUNCTIONS["BP_SIGMOID"]))))
    assert book.strings("f", "J13") == [["#DIV/0!"]]
    sentence = book.cells("f", "L8:N9")  # a sentence fills the whole array: no cell of it shows #N/A
    assert {cell for row in sentence for cell in row} == {"outputs has 5 and targets 2 numbers; they must be as many."}


def test_the_help_of_the_function_wizard(office):
    """The program's own descriptions, which the wizard shows: names, help, arguments in their order."""
    shown = office.function_help()
    assert shown == {f.name: [f.help, [[a.name, a.help] for a in f.arguments]] for f in TABLE}


def test_a_killed_python_is_started_again(book):
    book.enter("f", {"Q1": "=BP_SIGMOID(Q2)", "Q2": 0.0})
    for k in (1.0, 2.0):
        (bridge,) = book.bridges()
        os.kill(bridge, signal.SIGKILL)
        book.enter("f", {"Q2": k})
        assert book.cells("f", "Q1") == wanted(FUNCTIONS["BP_SIGMOID"], x=k)
        assert book.bridges() != [bridge]


def test_python_ends_with_libreoffice_and_a_missing_one_is_an_error_that_iferror_catches(office):
    """Not a text: a workbook's IFERROR(BP_TABLE(…), plain formulas) would take that for the answer."""
    assert office.bridges()
    office.kill()
    until(lambda: not office.bridges(), 20)
    (written,) = (office.folder / "shared").rglob("gradsheet.json")
    before = written.read_text()
    try:
        written.write_text(json.dumps({**json.loads(before), "command": ["/nowhere/python"]}))
        office.start()
        office.open_book("g")
        office.enter("g", {"A1": "=BP_SIGMOID(0)", "A2": '=IFERROR(BP_SIGMOID(0);"plain")'})
        assert office.strings("g", "A1:A2") == [["Err:502"], ["plain"]]
    finally:
        written.write_text(before)
