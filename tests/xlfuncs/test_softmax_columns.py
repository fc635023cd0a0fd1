"""Softmax over many outputs: each ∂E_total/∂o in a column of its own, which the gradients refer to."""

import numpy as np
import pytest

from tests.xlfuncs.any_network import InTorch
from workbook import build
from workbook.sheets.layout import MAX_FORMULA, Layout
from xlfuncs import explain
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import excel, text
from xlfuncs.spec import Spec


def numbers(count, seed):
    return np.random.default_rng(seed).uniform(-1, 1, count).round(3).tolist()


def network_of(line):
    spec = Spec.parse(line)
    targets = [round(abs(t), 3) for t in numbers(spec.sizes[-1], 1)]
    return spec, spec.network(numbers(spec.sizes[0], 2), targets, numbers(spec.weight_count, 3))


@pytest.mark.parametrize(("line", "columns"), [("2-3-3 tanh softmax", 0), ("2-3-4 tanh softmax", 4), ("2-3-4 tanh", 0),
                                               ("3-5 softmax", 5), ("2-3-3-5 tanh softmax", 11)])  # fmt: skip
def test_from_four_outputs_on(line, columns):
    spec, network = network_of(line)
    assert sum(column.group == "delta" for column in network.columns) == columns
    assert spec.column_count == network.column_count == len(network.columns)


@pytest.mark.parametrize("loss", ["half-squared", "mean-squared", "cross-entropy", "binary-cross-entropy"])
@pytest.mark.parametrize("sizes", ["3-6", "3-4-7", "20-40-20-10"])
def test_the_gradients_are_torchs(sizes, loss):
    pytest.importorskip("torch")
    spec, network = network_of(f"{sizes} {'tanh ' if sizes != '3-6' else ''}softmax {loss} bias=unit")
    table = build.compute(network, [0.1], 1)[0]
    row = table.first_row(network)
    found = [row[f"grad_{learned}"] for learned in network.learned]
    right = InTorch(spec, numbers(spec.weight_count, 3)).gradients([network.inputs], [network.targets])
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-12 * np.abs(right).max())


def test_the_largest_formula_reads_well_and_fits():
    """20-40-20-10: without columns for ∂E/∂o each gradient would repeat them all."""
    _, network = network_of("20-40-20-10 tanh softmax cross-entropy")
    layout = Layout(network, 200)
    longest = max(len(excel(c.formula, layout.reference(layout.last_row))) for c in network.columns)
    assert longest < MAX_FORMULA / 4
    last = network.weights_by_layer[-1][-1].name
    assert text(network.gradient(last)) == "∂E/∂o10·a_h2_20"


def test_a_gradient_of_two_layers_reads_well():
    _, network = network_of("2-3-4 tanh softmax cross-entropy")
    assert text(network.gradient("w18")) == "∂E/∂o4·a_h3"
    assert text(network.gradient("w1")) == ("[∂E/∂o1·w7 + ∂E/∂o2·w10 + ∂E/∂o3·w13 + ∂E/∂o4·w16]·(1 − a_h1²)·i1")
    symbol, formula = "∂E_total/∂o4", "t1·a_o4 + t2·a_o4 + t3·a_o4 + t4·(a_o4 − 1)"
    assert (symbol, formula) in [(step.symbol, step.text) for step in explain.steps(network, "w18")]


def test_more_outputs_than_a_formula_holds_get_a_sentence():
    _, network = network_of("4-4-40 tanh softmax cross-entropy")
    with pytest.raises(GradsheetError, match=r"the formula of a_o1 has more than the 8,192 characters"):
        build.compute(network, [0.1], 1)


def test_a_bias_that_a_layer_shares_collects_what_reaches_each_sum():
    _, network = network_of("2-3-2 tanh bias=layer")
    steps = [(step.symbol, step.text) for step in explain.steps(network, "b2")]
    assert steps == [
        ("∂E_total/∂o1", "(a_o1 − t1)·(1 − a_o1²)"),
        ("∂o1/∂b2", "1"),
        ("∂E_total/∂o2", "(a_o2 − t2)·(1 − a_o2²)"),
        ("∂o2/∂b2", "1"),
        ("∂E_total/∂b2", "(a_o1 − t1)·(1 − a_o1²) + (a_o2 − t2)·(1 − a_o2²)"),
    ]
    assert explain.chain(network, "b1") == "∂E_total/∂h1 · ∂h1/∂b1 + … + ∂E_total/∂h3 · ∂h3/∂b1"
