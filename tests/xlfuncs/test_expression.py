"""An expression's value, its Excel formula and its reading text; the network that they describe; its explanation."""

import math

import numpy as np
import pytest

from xlfuncs import explain, maths
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import (
    evaluate,
    excel,
    label,
    name,
    number,
    previous,
    product,
    sigmoid,
    text,
    total,
)
from xlfuncs.logistic import EXP_LIMIT
from xlfuncs.logistic import sigmoid as logistic
from xlfuncs.network import DEFAULT, Network

A, B, C = name("a"), name("b"), name("c")
VALUES = {"a": 7.0, "b": 5.0, "c": 3.0}


def written(expr, **options):
    return excel(expr, lambda variable, is_previous: variable.upper() + ("_" if is_previous else ""), **options)


@pytest.mark.parametrize(
    ("expr", "formula", "shown", "value"),
    [
        (A - (B - C), "A-(B-C)", "a − (b − c)", 5.0),
        ((A - B) - C, "A-B-C", "a − b − c", -1.0),
        (A * (B + C), "A*(B+C)", "a·(b + c)", 56.0),
        (A * (B * C), "A*(B*C)", "a·(b·c)", 105.0),
        (A * B * C, "A*B*C", "a·b·c", 105.0),
        (A + (B + C), "A+(B+C)", "a + (b + c)", 15.0),
        (A * B + C, "A*B+C", "a·b + c", 38.0),
        ((A - B) ** 2, "(A-B)^2", "(a − b)²", 4.0),
        ((A * B) ** 3, "(A*B)^3", "(a·b)³", 42875.0),
        (A**2 * B, "A^2*B", "a²·b", 245.0),
        ((A**2) ** 4, "(A^2)^4", "(a²)^4", 7.0**8),
        (number(0.5) * A, "0.5*A", "½·a", 3.5),
        (1 - A, "1-A", "1 − a", -6.0),
        ((A * B + C) * (1 - C), "(A*B+C)*(1-C)", "[a·b + c]·(1 − c)", -76.0),
        (total([A, B, C]), "A+B+C", "a + b + c", 15.0),
        (total([A * B]), "A*B", "a·b", 35.0),
        (product([A, B]), "A*B", "a·b", 35.0),
    ],
)
def test_parentheses_stand_where_they_must(expr, formula, shown, value):
    assert (written(expr), text(expr), evaluate(expr, VALUES)) == (formula, shown, value)


def test_sigma():
    assert written(sigmoid(A)) == "1/(1+EXP(-A))"
    assert written(sigmoid(A), guarded=True) == "IF(A<-700,EXP(A),1/(1+EXP(-A)))"
    assert text(sigmoid(A)) == "σ(a)"
    assert evaluate(sigmoid(A), {"a": 0.0275}) == 1 / (1 + math.exp(-0.0275))


@pytest.mark.parametrize(
    "x", [-746.0, -720.0, -710.0, EXP_LIMIT, np.nextafter(EXP_LIMIT, -800), -1.0, 0.0, 40.0, 800.0]
)
def test_there_is_one_sigma(x):
    """To the last bit the same in the maths and in an expression, and the C library's."""
    right = math.exp(x) if x < EXP_LIMIT else 1 / (1 + math.exp(-x))
    assert logistic(x) == maths.sigmoid(np.array([x]))[0] == evaluate(sigmoid(A), {"a": x}) == right
    assert evaluate(sigmoid(A), {"a": np.array([x, 0.0])}).tolist() == [right, 0.5]


def test_sigma_of_what_is_no_number():
    assert np.isnan(logistic(np.nan)) and logistic(np.inf) == 1.0 and logistic(-np.inf) == 0.0
    assert logistic(np.zeros((2, 0, 3))).shape == (2, 0, 3)


def test_previous_is_the_row_above():
    step = previous("w1") - name("learning_rate") * previous("grad_w1")
    assert evaluate(step, {"learning_rate": 0.5}, {"w1": 3.0, "grad_w1": 2.0}) == 2.0
    assert written(step) == "W1_-LEARNING_RATE*GRAD_W1_"
    assert text(step) == "previous w1 − ɳ·previous ∂E/∂w1"
    for missing in (name("x"), previous("x")):
        with pytest.raises(KeyError):
            evaluate(missing, {"y": 1.0})


def test_labels():
    assert [label(v) for v in ("grad_w5", "iteration", "learning_rate", "a_h1")] == ["∂E/∂w5", "Iteration", "ɳ", "a_h1"]


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 4, 1), (2, 5, 3), (1, 1, 1)])
def test_weights_in_and_out_of_a_unit(sizes):
    network = Network.of_sizes(sizes)
    for depth in range(2):
        for unit, unit_name in enumerate(network.unit_names(depth)):
            assert network.incoming(depth, unit) == [w for w in network.weights if w.target == unit_name]
    for unit, activation in enumerate(network.activation_names(0)):
        assert network.outgoing(0, unit) == [w for w in network.weights if w.source == activation]
    assert network.delta(-1, 0) == network.delta(1, 0)
    assert network.weight(network.weights[-1].name) is network.weights[-1]


def test_gradients_in_words():
    assert text(DEFAULT.gradient("w5")) == "(a_o1 − t1)·a_o1·(1 − a_o1)·a_h1"
    assert text(DEFAULT.gradient("w1")) == (
        "[(a_o1 − t1)·a_o1·(1 − a_o1)·w5 + (a_o2 − t2)·a_o2·(1 − a_o2)·w7]·a_h1·(1 − a_h1)·i1"
    )


@pytest.mark.parametrize(
    ("sizes", "arguments", "sentence"),
    [
        ((2, 2, 2), ([1], [1, 1], [1] * 8), "inputs has 1 number; a 2-2-2 network needs 2."),
        ((2, 2, 2), ([1, 1], [1, 1, 1], [1] * 8), "targets has 3 numbers; a 2-2-2 network needs 2."),
        ((2, 3, 1), ([1, 1], [1], [1] * 8), "weights has 8 numbers; a 2-3-1 network needs 9."),
    ],
)
def test_counts_that_do_not_fit(sizes, arguments, sentence):
    with pytest.raises(GradsheetError) as raised:
        Network.from_flat(sizes, *arguments)
    assert str(raised.value) == sentence


def test_start_values_of_any_size():
    network = Network.of_sizes((3, 2, 1))
    assert network.inputs == (0.05, 0.1, 0.15) and network.targets == (0.5,)
    flat = [w.start for w in network.weights]
    assert flat[0] == 0.15 and flat[-1] == 0.55 and np.ptp(np.diff(flat)) < 2e-4


def test_the_explanation_of_one_output_has_no_empty_sum():
    network = Network.of_sizes((2, 2, 1))
    symbols = [step.symbol for step in explain.steps(network, "w1")]
    assert symbols == [
        "∂E1/∂a_o1", "∂a_o1/∂o1", "∂o1/∂a_h1", "∂E_total/∂a_h1", "∂a_h1/∂h1", "∂h1/∂w1", "∂E_total/∂w1",
    ]  # fmt: skip
    assert explain.chain(network, "w1") == "∂E_total/∂a_h1 · ∂a_h1/∂h1 · ∂h1/∂w1"
    kinds = [step.kind for step in explain.steps(network, "w1")]
    assert kinds == ["factor"] * 3 + ["step"] * 3 + ["result"]


def test_every_number_of_an_explanation_follows():
    """Against a forward pass written out by hand for the exercise."""
    h1, h2 = 0.15 * 0.05 + 0.2 * 0.1, 0.25 * 0.05 + 0.3 * 0.1
    a_h1, a_h2 = 1 / (1 + math.exp(-h1)), 1 / (1 + math.exp(-h2))
    a_o1 = 1 / (1 + math.exp(-(0.4 * a_h1 + 0.45 * a_h2)))
    row = dict(zip(DEFAULT.column_names, maths.table(DEFAULT, 0.0, 1)[0].tolist(), strict=True))
    numbers = {symbol: value for symbol, _, value in explain.lines(DEFAULT, "w1", row)}
    assert numbers["∂E1/∂a_o1"] == pytest.approx(a_o1 - 0.5, rel=1e-13)
    assert numbers["∂a_o1/∂o1"] == pytest.approx(a_o1 * (1 - a_o1), rel=1e-13)
    assert numbers["∂o1/∂a_h1"] == 0.4 and numbers["∂o2/∂a_h1"] == 0.5
    assert numbers["∂E1/∂a_h1"] == pytest.approx((a_o1 - 0.5) * a_o1 * (1 - a_o1) * 0.4, rel=1e-13)
    assert numbers["∂a_h1/∂h1"] == pytest.approx(a_h1 * (1 - a_h1), rel=1e-13)
    assert numbers["∂h1/∂w1"] == 0.05
