"""Derivatives as they are written: the sheet shows them to students."""

import pytest

from xlfuncs.derivative import adjoints, derivative, times
from xlfuncs.expression import Expr, evaluate, excel, name, number, text, total
from xlfuncs.network import DEFAULT
from xlfuncs.spec import Spec

t1, a, o, w, x = (name(v) for v in ("t1", "a_o1", "o1", "w1", "i1"))


def network(line):
    spec = Spec.parse(line)
    return spec.network([0.1] * spec.sizes[0], [0.5] * spec.sizes[-1], [0.1] * spec.weight_count)


def by_cells(expr):
    return excel(expr, lambda variable, before: variable + ("_above" if before else ""))


@pytest.mark.parametrize(
    ("expr", "variable", "written"),
    [
        (number(0.5) * (t1 - a) ** 2, "a_o1", "a_o1 − t1"),
        ((t1 - a) ** 2, "a_o1", "2·(a_o1 − t1)"),
        ((t1 - a) ** 2 / number(3), "a_o1", "2·(a_o1 − t1)/3"),
        (-Expr("times_log", (t1, a)), "a_o1", "−t1/a_o1"),
        (Expr("sigmoid", (o,)), "o1", "σ(o1)·(1 − σ(o1))"),
        (Expr("tanh", (o,)), "o1", "1 − tanh(o1)²"),
        (Expr("relu", (o,)), "o1", "[o1 > 0]"),
        (Expr("leaky_relu", (o,)), "o1", "[o1 > 0 ? 1 : 0.01]"),
        (Expr("root", (o,)), "o1", "½/√(o1)"),
        (w * x + name("w2") * name("i2"), "w2", "i2"),
        (w * x * w, "w1", "w1·i1 + w1·i1"),
        (w / x, "i1", "−w1/i1²"),
        (w * x, "w3", "0"),
        (w**3, "w1", "3·w1²"),
    ],
)
def test_written_as_a_person_would(expr, variable, written):
    assert text(derivative(expr, variable)) == written


def test_the_exercises_gradients_are_the_reference_sheets():
    written = {v: by_cells(DEFAULT.gradient(v)) for v in ("w1", "w4", "w5")}
    delta = "(a_o{0}-t{0})*a_o{0}*(1-a_o{0})"
    assert written == {
        "w1": f"({delta.format(1)}*w5+{delta.format(2)}*w7)*a_h1*(1-a_h1)*i1",
        "w4": f"({delta.format(1)}*w6+{delta.format(2)}*w8)*a_h2*(1-a_h2)*i2",
        "w5": f"{delta.format(1)}*a_h1",
    }


@pytest.mark.parametrize(
    ("line", "variable", "written"),
    [
        ("2-2-1 binary-cross-entropy", "w5", "(a_o1 − t1)·a_h1"),
        ("2-2-2 sigmoid softmax cross-entropy", "o1", "t1·(a_o1 − 1) + t2·a_o1"),
        ("1-1 identity mean-squared", "w1", "2·(a_o1 − t1)·i1"),
        ("2-2-2 bias=layer", "b2", "(a_o1 − t1)·a_o1·(1 − a_o1) + (a_o2 − t2)·a_o2·(1 − a_o2)"),
        ("2-2-2-1 tanh", "w1", "∂E/∂h1_1·i1"),
    ],
)
def test_a_networks_gradient(line, variable, written):
    assert text(network(line)._adjoints[variable]) == written


def test_products_put_numbers_first_and_drop_what_cancels():
    assert text(times(number(2) * w, number(3) * x)) == "6·w1·i1"
    assert text(times(w / x, x)) == "w1"
    assert text(times(number(-1), w)) == "−w1"
    assert text(times(number(0.5) * w, number(2))) == "w1"
    assert text(times(number(2), w / number(6))) == "w1/3"


def test_a_part_with_a_column_of_its_own_is_named():
    formulas = {"h": w * x, "a_h": Expr("tanh", (name("h"),)), "E": name("a_h") * name("a_h")}
    found = adjoints(formulas, "E", columns=["h"])
    assert text(found["h"]) == "[a_h + a_h]·(1 − a_h²)".replace("[", "(").replace("]", ")")
    assert text(found["w1"]) == "∂E/∂h·i1"


def test_signs_and_powers_in_a_cell():
    # In a spreadsheet -x^2 is (-x)^2.
    assert by_cells(-(w**2)) == "-(w1^2)"
    assert by_cells(-(w**2) * x) == "(-(w1^2))*i1"
    assert by_cells(total([w, -x])) == "w1+(-i1)"
    assert by_cells(w - (x - o)) == "w1-(i1-o1)"
    assert by_cells(w / (x * o)) == "w1/(i1*o1)"


def test_an_operand_that_excel_writes_as_a_quotient_is_put_in_parentheses():
    s = Expr("sigmoid", (w,))
    assert by_cells(x / s) == "i1/(1/(1+EXP(-w1)))"
    assert by_cells(s**2) == "(1/(1+EXP(-w1)))^2"
    assert by_cells(-Expr("raised", (number(0.9), x))) == "-(0.9^i1)"
    assert by_cells(w + number(1e-8)) == "w1+1E-08"


def test_a_softmax_over_the_same_expression_twice():
    # e^w / (2·e^w) is a half, whatever w is.
    half = Expr("softmax", (w, w, w))
    assert evaluate(derivative(half, "w1"), {"w1": 0.3}) == pytest.approx(0.0, abs=1e-16)
