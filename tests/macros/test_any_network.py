"""The macro workbook of networks that only the NN_ functions know: Playground, and tables that NN_TABLE fills."""

import random
import re

import numpy as np
import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openxml_audit import OpenXmlValidator, predict

import xlfuncs
from workbook import build
from workbook.cli import main
from workbook.sheets import playground_steps
from workbook.sheets.layout import Layout
from workbook.sheets.rate_table import twin_name
from workbook.sheets.start_layout import StartLayout
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.spec import Spec

NETWORKS = [
    "2-2-2 tanh",
    "2-2-2 bias=layer fixed-bias",
    "2-3-2 tanh softmax cross-entropy bias=unit adam",
    "1-2-2-1 relu sigmoid binary-cross-entropy bias=unit nesterov decay=0.01",
    "3-2-3-2 leaky-relu identity mean-squared bias=layer rmsprop",
    "2-1 squared momentum",
]
RATE, ITERATIONS = 0.25, 5


def some_network(line):
    spec, chance = Spec.parse(line), random.Random(line)
    inputs = [round(chance.uniform(-1, 1), 2) for _ in range(spec.sizes[0])]
    targets = [round(chance.uniform(0.05, 0.95), 2) for _ in range(spec.sizes[-1])]
    return spec.network(inputs, targets, [round(chance.uniform(-1, 1), 3) for _ in range(spec.weight_count)])


@pytest.fixture(scope="module", params=NETWORKS)
def built(request, tmp_path_factory):
    """A network and its macro workbook, whose tables Python fills."""
    network = some_network(request.param)
    path = tmp_path_factory.mktemp("any") / "any.xlsm"
    build.build(path, network, [RATE, 0.5], ITERATIONS, formulas="udf", macros=True)
    return network, path


class Cells:
    """The stored numbers of one sheet, by its own names and the workbook's."""

    def __init__(self, path, title):
        self.values, self.written = (openpyxl.load_workbook(path, data_only=only) for only in (True, False))
        self.title = title

    def __call__(self, argument):
        for names in (self.written[self.title].defined_names, self.written.defined_names):
            if argument in names:
                argument = names[argument].attr_text
                break
        sheet, _, ref = argument.rpartition("!")
        if not re.fullmatch(r"\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?", ref):
            return {"FALSE": False}.get(argument) if argument == "FALSE" else float(argument)
        found = self.values[sheet.strip("'") or self.title][ref.replace("$", "")]
        return [[cell.value for cell in row] for row in found] if isinstance(found, tuple) else found.value

    def calls(self):
        """Each function's array: where it stands, its name and its arguments."""
        for row in self.written[self.title].iter_rows():
            for cell in row:
                if type(cell.value).__name__ == "ArrayFormula":
                    found = re.match(r"=IFERROR\(((?:BP|NN)_\w+)\(([^()]*)\),", cell.value.text)
                    if found:
                        yield cell.value.ref, found[1], found[2].split(",")


def test_playground_shows_what_the_functions_say(built):
    network, path = built
    cells, seen = Cells(path, "Playground"), []
    for ref, name, arguments in cells.calls():
        answer = getattr(xlfuncs, name)(*map(cells, arguments))
        shown = cells.values["Playground"][ref]
        shown = [[c.value for c in row] for row in shown] if isinstance(shown, tuple) else [[shown.value]]
        assert [row[: len(answer[0])] for row in shown[: len(answer)]] == answer, name
        assert all(value == "#N/A" for row in shown[len(answer) :] for value in row)
        seen.append(name)
    assert sorted(seen) == sorted(
        ["NN_FORWARD", "NN_LOSS", "NN_GRAD", "NN_UPDATE", "NN_GRADCHECK", "NN_GRAD", "NN_EXPLAIN"]
    )
    assert cells("network") == str(Spec.of(network))
    sheet = cells.values["Playground"]
    assert 0 <= sheet["C3"].value < 1e-15
    compared = sum(len(step.names) for step in playground_steps.steps(network) if step.function)
    assert sheet["D3"].value == f"{compared} of {compared} numbers compared"


def test_playgrounds_formulas_follow_a_change_as_the_functions_do(built, libreoffice):
    """LibreOffice calculates the plain formulas with other weights; the functions, asked with the same, agree."""
    network, path = built
    names = list(playground_steps.parameters(network))
    changed = {name: 0.1 + 0.07 * k for k, name in enumerate(names)}
    cells = {f"{get_column_letter(3 + k)}9": value for k, value in enumerate(changed.values())}
    shown = libreoffice.recalculate(path, {"Playground": cells})["Playground"]
    line, inputs, targets = str(Spec.of(network)), network.inputs, network.targets
    weights = list(changed.values())
    right = {
        "NN_FORWARD": xlfuncs.NN_FORWARD(inputs, weights, line),
        "NN_LOSS": xlfuncs.NN_LOSS(inputs, targets, weights, line),
        "NN_GRAD": xlfuncs.NN_GRAD(inputs, targets, weights, line),
        "NN_UPDATE": xlfuncs.NN_UPDATE(inputs, targets, weights, line, RATE),
    }
    table = xlfuncs.NN_TABLE(inputs, targets, weights, line, RATE, 2)
    labels = table[0]
    for step in playground_steps.steps(network):
        assert shown[step.plain_row - 1][1] == "plain formulas" and shown[step.row][2] == step.labels[0]
        plain = shown[step.plain_row - 1][2 : 2 + len(step.names)]
        if step.function:
            assert shown[step.row + 1][2] == "no Python" and shown[step.row + 3][2] == "–"
            expected = right[step.function][0]
        else:  # deltas of the first row, an optimizer's memory of the second
            row = 2 if step.names[0].startswith(playground_steps.NEW) else 1
            expected = [table[row][labels.index(label)] for label in step.labels]
        np.testing.assert_allclose(np.array(plain, dtype=float), expected, rtol=1e-12, atol=1e-16)
    assert shown[2][3] == "nothing was compared: no Python here"


def test_the_tables_are_nn_tables(built, libreoffice):
    network, path = built
    assert predict(OpenXmlValidator().validate(str(path))).prediction.value == "opens-clean"
    layout = Layout(network, ITERATIONS)
    cells = Cells(path, f"LR={RATE}")
    ((ref, name, arguments),) = cells.calls()
    assert name == "NN_TABLE" and arguments[:4] == ["inputs", "targets", "weights", "network"]
    answer = getattr(xlfuncs, name)(*map(cells, arguments))
    assert [[c.value for c in row] for row in cells.values[f"LR={RATE}"][ref]] == answer
    assert len(answer) == ITERATIONS and len(answer[0]) == len(network.columns)
    assert cells.written[twin_name(RATE)].sheet_state == "hidden"
    start = StartLayout(network)
    weight = next(iter(playground_steps.parameters(network)))
    sheets = libreoffice.recalculate(path, {"Start": {start.of(weight): 0.75}})
    weights = [0.75, *list(playground_steps.parameters(network).values())[1:]]
    given = network.inputs, network.targets, weights, str(Spec.of(network)), RATE, ITERATIONS, False
    rows = sheets[f"LR={RATE}"][layout.header_row : layout.last_row]
    right = np.array(xlfuncs.NN_TABLE(*given))
    np.testing.assert_allclose(np.array([row[: right.shape[1]] for row in rows], dtype=float), right, rtol=1e-12)
    flat = sheets[twin_name(RATE)][4][1 : 1 + len(weights)]
    assert flat == pytest.approx(weights, rel=1e-15)  # what NN_TABLE is given follows Start too


def test_a_sheet_tells_which_function_fills_it(built):
    _, path = built
    book = openpyxl.load_workbook(path)
    assert "=NN_TABLE(…)" in book["Start"]["B2"].value and "=NN_TABLE(…)" in book[twin_name(RATE)]["A2"].value


@pytest.mark.parametrize(("line", "count"), [("2-2-2", 100_000), ("20-40-20-10 tanh", 300)])
def test_a_table_that_the_function_refuses_is_refused_when_built(line, count, tmp_path, capsys):
    """It would show a sentence in place of numbers."""
    network = Spec.parse(line)
    name = "BP_TABLE" if line == "2-2-2" else "NN_TABLE"
    options = ["--network", line, "--formulas", "udf", "--iterations", str(count), "--lr", "0.1"]
    assert main(["build", str(tmp_path / "long.xlsm"), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"gradsheet: {name} can't fill these tables: iterations is {count:,}, and at most ")
    assert "--formulas native" in said and not (tmp_path / "long.xlsm").exists()
    assert network.weight_count and name in FUNCTIONS


def test_playground_of_a_large_network_says_what_is_too_large(tmp_path):
    """Its check against finite differences would take minutes: the cell holds the function's own sentence."""
    network = some_network("20-30-20-5 tanh")
    answers = playground_steps.Answers(network, 0.1)
    ((said,),) = answers.of("NN_GRADCHECK")
    assert said.startswith("The network has 1,300 weights, and at most ")
    assert playground_steps.fitted([[said]], 1, 3) == [[said, "#N/A", "#N/A"]]
