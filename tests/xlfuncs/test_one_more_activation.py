"""One more activation is one line in `activations`: everything that a network has follows from it, here softplus's."""

import numpy as np
import pytest

from workbook import build
from workbook.check.meaning.evaluate import evaluate as judged
from workbook.check.meaning.trees import node_of
from workbook.sheets.layout import Layout, sheet_name
from xlfuncs import explain, nn
from xlfuncs.activations import ACTIVATIONS
from xlfuncs.expression import Expr, evaluate, excel, name, number, text
from xlfuncs.operations import OPERATIONS, Operation
from xlfuncs.spec import Spec
from xlfuncs.training import Training, table

LINE = "2-3-2 softplus bias=unit adam"
INPUTS, TARGETS = [0.3, -0.7], [0.2, 0.9]
WEIGHTS = [0.5, -0.4, 0.1, 0.9, -0.6, 0.2, 0.1, -0.2, 0.3, 0.7, -0.5, 0.4, -0.3, 0.6, 0.8, 0.05, -0.1]


@pytest.fixture
def softplus(monkeypatch):
    """The one line; the operations that it is made of are there."""
    monkeypatch.setitem(ACTIVATIONS, "softplus", lambda unit, layer: Expr("log", (number(1) + Expr("exp", (unit,)),)))
    spec = Spec.parse(LINE)
    return spec.network(INPUTS, TARGETS, WEIGHTS)


def column(network, variable):
    return next(column for column in network.columns if column.name == variable)


def test_its_formula_its_reading_and_its_gradient(softplus):
    def cell(variable, before):
        return variable.upper()

    assert text(column(softplus, "a_h1").formula) == "ln(1 + exp(h1))"
    assert excel(column(softplus, "a_h1").formula, cell) == "LN(1+EXP(H1))"
    assert text(softplus.slope("h1")) == "exp(h1)/(1 + exp(h1))"
    assert excel(softplus.gradient("b4"), cell) == "(A_O1-T1)*EXP(O1)/(1+EXP(O1))"


def test_its_gradients_and_its_table_are_torchs(softplus):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    flat = torch.tensor(WEIGHTS, dtype=torch.float64)
    parts = [part.clone().requires_grad_() for part in flat.split([6, 3, 6, 2])]
    x, t = (torch.tensor(values, dtype=torch.float64) for values in (INPUTS, TARGETS))
    optimizer = torch.optim.Adam(parts, 0.05)

    def error():
        hidden = torch.nn.functional.softplus(parts[0].reshape(3, 2) @ x + parts[1])
        return (0.5 * (t - torch.nn.functional.softplus(parts[2].reshape(2, 3) @ hidden + parts[3])) ** 2).sum()

    training = Training(softplus, np.array([INPUTS]), np.array([TARGETS]))
    rows = training.table(0.05, 40)
    for k, ours in enumerate(rows[:, softplus.column_names.index("E_total")]):
        optimizer.zero_grad()
        loss = error()
        loss.backward()
        if k == 0:
            theirs = torch.cat([part.grad.ravel() for part in parts]).numpy()
            np.testing.assert_allclose(training.mean_gradients(), theirs, rtol=1e-12)
        assert ours == pytest.approx(loss.item(), rel=1e-10)
        optimizer.step()
    assert training.difference() < 1e-9


def test_the_functions_and_the_explanation_know_it(softplus):
    row = nn.NN_FORWARD([INPUTS], [WEIGHTS], LINE)[0]
    h1 = 0.5 * 0.3 - 0.4 * -0.7 + 0.1
    assert row[:2] == pytest.approx([h1, np.logaddexp(0.0, h1)], rel=1e-14)
    known = dict(zip(softplus.column_names, table(softplus, 0.0, 1)[0], strict=True))
    lines = explain.lines(softplus, "w1", known)
    assert ("∂a_h1/∂h1", "exp(h1)/(1 + exp(h1))", pytest.approx(1 / (1 + np.exp(-h1)), rel=1e-14)) in lines
    assert lines[0][2] == pytest.approx(known["grad_w1"], rel=1e-12)


def test_the_checkers_meaning_of_it_is_its_excel_formula(softplus):
    meaning = node_of(column(softplus, "a_h1").formula)
    x = np.array([-3.0, 0.0, 2.5])
    np.testing.assert_allclose(judged(meaning, lambda node: x), np.logaddexp(0.0, x), rtol=1e-14)


def test_libreoffice_calculates_its_workbook(softplus, tmp_path, libreoffice):
    (built,) = build.compute(softplus, [0.05], 8)
    path = tmp_path / "softplus.xlsx"
    build.save(path, softplus, [built])
    layout = Layout(softplus, 8)
    rows = libreoffice.recalculate(path)[sheet_name(0.05)][layout.header_row : layout.last_row]
    found = np.array([row[: len(softplus.columns)] for row in rows], dtype=float)
    np.testing.assert_allclose(found, built.table, rtol=1e-12, atol=1e-15)


def test_a_new_operation_is_one_entry(monkeypatch):
    """The sine: its number, derivative, Excel text and reading stand together, and the checker has its function too."""
    entry = Operation(np.sin, lambda node: [Expr("cosine", node.args)], "SIN({0})", "sin({0})")
    monkeypatch.setitem(OPERATIONS, "sine", entry)
    expr = Expr("sine", (name("h1") * name("w1"),))
    assert evaluate(expr, {"h1": 0.5, "w1": 2.0}) == np.sin(1.0)
    assert text(expr) == "sin(h1·w1)" and excel(expr, lambda v, before: v) == "SIN(h1*w1)"
    assert node_of(expr).value == "SIN"


def test_a_power_that_outgrows_every_number_is_infinite_never_an_exception(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "cube", lambda unit, layer: unit**3)
    spec = Spec.parse("1-1-1 cube")
    found = table(spec.network([3.0], [0.5], [5.0, 5.0]), 1000.0, 12)
    assert found.shape == (12, 13) and not np.isfinite(found[-1]).all()
