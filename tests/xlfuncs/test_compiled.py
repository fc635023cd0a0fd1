"""The compiler against Python's own arithmetic: whole rows, single formulas, and what can't be compiled."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlfuncs import compiled
from xlfuncs.compiled import Program, evaluate, function, in_order, positional
from xlfuncs.expression import Expr, leaves, name, number, previous, renamed, replaced, text, total, variables
from xlfuncs.operations import LEAK, OPERATIONS

A, B, C = name("a"), name("b"), name("c")


def by_hand(node, values, before):
    """The same formula by Python's math alone: no line of the compiler or of the operations."""
    if node.op in ("name", "previous"):
        return (values if node.op == "name" else before)[node.args[0]]
    if node.op == "number":
        return node.args[0]
    x, *more = [by_hand(arg, values, before) if isinstance(arg, Expr) else arg for arg in node.args]
    y = more[0] if more else 0.0
    return {
        "add": lambda: math.fsum([x, *more]),
        "subtract": lambda: x - y,
        "multiply": lambda: x * y,
        "divide": lambda: x / y,
        "negate": lambda: -x,
        "power": lambda: math.prod([x] * y),
        "sigmoid": lambda: 1 / (1 + math.exp(-x)),
        "tanh": lambda: math.tanh(x),
        "exp": lambda: math.exp(x),
        "relu": lambda: max(0.0, x),
        "leaky_relu": lambda: x if x > 0 else LEAK * x,
        "step": lambda: 1.0 if x > 0 else 0.0,
        "leaky_step": lambda: 1.0 if x > 0 else LEAK,
        "softmax": lambda: math.exp(x) / math.fsum(map(math.exp, more)),
    }[node.op]()


def combined(inner):
    one = st.sampled_from(["negate", "sigmoid", "tanh", "exp", "relu", "leaky_relu", "step", "leaky_step"])
    return st.one_of(
        st.builds(lambda op, x: Expr(op, (x,)), one, inner),
        st.builds(lambda op, x, y: Expr(op, (x, y)), st.sampled_from(["subtract", "multiply"]), inner, inner),
        st.builds(lambda x, n: x**n, inner, st.integers(2, 4)),
        st.builds(total, st.lists(inner, min_size=2, max_size=4)),
        st.builds(lambda x, y: Expr("softmax", (x, x, y)), inner, inner),
        st.builds(lambda x, y: x / (number(2) + Expr("sigmoid", (y,))), inner, inner),
    )


formulas = st.recursive(
    st.sampled_from([A, B, C, previous("a"), previous("b"), number(0.5), number(-3)]), combined, max_leaves=12
)
numbers = st.floats(-1.5, 1.5)


@settings(max_examples=200, deadline=None)
@given(formulas, st.lists(numbers, min_size=5, max_size=5))
def test_a_formula_is_pythons_own_arithmetic(expr, drawn):
    values, before = dict(zip("abc", drawn, strict=False)), dict(zip("ab", drawn[3:], strict=True))
    try:
        right = by_hand(expr, values, before)
    except OverflowError:
        right = math.inf
    if not abs(right) < 1e12:
        return
    found = evaluate(expr, values, before)
    assert found == pytest.approx(right, rel=1e-9, abs=1e-9)
    as_arrays = [{k: np.array([x, x + 0.25]) for k, x in row.items()} for row in (values, before)]
    assert np.broadcast_to(evaluate(expr, *as_arrays), 2)[0] == pytest.approx(found, rel=1e-12, abs=1e-12)
    program = Program({"a": number(0), "b": number(0), "c": number(0), "z": expr}, start="abc", given="abc")
    if not any(leaf.op == "previous" for leaf in leaves(expr)):
        assert program.first(values, 0.0)[-1] == found
    assert program.next((before["a"], before["b"], 0.0, 0.0), values, 0.0)[-1] == found


def test_formulas_of_one_form_share_their_code():
    compiled._kept.cache_clear()
    gradients = [(A - name(f"t{k}")) * name(f"x{k}") * (1 - name(f"x{k}")) for k in range(20)]
    row = {"a": 2.0} | {f"{v}{k}": float(k) for v in "tx" for k in range(20)}
    assert [function(g)(row, None) for g in gradients] == [(2.0 - k) * k * (1.0 - k) for k in range(20)]
    assert compiled._kept.cache_info().misses == 1


def test_variables_are_told_apart_from_their_past_and_by_any_name():
    expr = name("∂E1/∂a_o1") - previous("∂E1/∂a_o1") * name("class")
    assert evaluate(expr, {"∂E1/∂a_o1": 7.0, "class": 2.0}, {"∂E1/∂a_o1": 3.0}) == 1.0


def test_a_function_of_given_arguments_keeps_their_order():
    assert positional(A - B, "a", "b")(5.0, 3.0) == 2.0
    assert positional(A - B, "b", "a")(5.0, 3.0) == -2.0


def test_a_sum_of_thousands_of_terms_is_added_from_the_first_to_the_last():
    drawn = np.random.default_rng(0).uniform(-1, 1, 5000).tolist()
    row = {f"x{k}": value for k, value in enumerate(drawn)}
    whole = total([name(variable) for variable in row])
    in_turn = 0.0
    for value in drawn:
        in_turn += value
    assert evaluate(whole, row) == in_turn
    assert Program({**dict.fromkeys(row, number(0)), "sum": whole}, start=row).first(row, 0.0)[-1] == in_turn


def test_equal_parts_are_computed_once():
    calls = []
    try:
        OPERATIONS["counted"] = OPERATIONS["negate"].__class__(lambda x: calls.append(x) or x, lambda node: [], "", "")
        shared = Expr("counted", (A * B,))
        program = Program({"a": number(0), "b": number(0), "y": shared + A, "z": shared * B}, start="ab")
        assert program.first({"a": 2.0, "b": 3.0}, 0.0) == (2.0, 3.0, 8.0, 18.0)
    finally:
        del OPERATIONS["counted"]
    assert calls == [6.0]


def test_the_rows_follow_one_another():
    falling = {"w": previous("w") - name("learning_rate") * previous("g"), "g": name("w") * number(2)}
    program = Program(falling, start=["w"])
    first = program.first({"w": 8.0}, 0.25)
    assert first == (8.0, 16.0) and program.next(first, {}, 0.25) == (4.0, 8.0)


def test_a_watch_hears_every_value_in_turn_and_the_row_goes_on_with_its_answer():
    heard = []

    def watch(variable, value):
        heard.append((variable, value))
        return 100.0 if variable == "h" else value

    program = Program({"w": previous("w"), "h": name("w") * number(2), "a": name("h") + name("w")}, ["w"], watched=True)
    row = program.first({"w": 3.0}, 0.0, watch)
    assert row == (3.0, 100.0, 103.0) and heard == [("w", 3.0), ("h", 6.0), ("a", 103.0)]
    assert program.next(row, {}, 0.0, lambda variable, value: value) == (3.0, 6.0, 9.0)


def test_the_order_in_which_a_row_can_be_computed():
    columns = {"z": name("y") + name("w"), "w": previous("z"), "y": name("w") * name("outside"), "x": number(1)}
    assert in_order(columns) == ["w", "y", "z", "x"]
    assert in_order({"w": previous("w"), "h": name("w"), "a": name("h")}) == ["w", "h", "a"]
    with pytest.raises(ValueError, match="waits for itself"):
        in_order({"a": name("b") + number(1), "b": name("a") * number(2)})


def test_a_formula_without_its_column_is_refused_when_it_is_compiled():
    with pytest.raises(KeyError, match="w9"):
        Program({"h": name("w9") * number(2)}, start=[]).first({}, 0.0)
    with pytest.raises(KeyError, match="w9"):
        Program({"h": previous("w9") * number(2)}, start=["h"]).next((1.0,), {}, 0.0)
    with pytest.raises(KeyError, match="w9"):
        evaluate(name("w9") + A, {"a": 1.0})


def test_numbers_that_python_has_no_sign_for():
    assert evaluate(number(math.inf) + A, {"a": 1.0}) == math.inf and math.isnan(evaluate(number(math.nan), {}))


def test_walks_through_an_expression():
    expr = (previous("w1") - name("learning_rate") * previous("grad_w1")) * name("w1") + name("w1")
    assert [(leaf.op, leaf.args[0]) for leaf in leaves(expr)] == [
        ("previous", "w1"), ("name", "learning_rate"), ("previous", "grad_w1"), ("name", "w1"),
    ]  # fmt: skip
    assert variables(expr) == ["learning_rate", "w1"]
    assert text(renamed(expr, {"w1": "w3"})) == "[previous w3 − ɳ·previous ∂E/∂w1]·w3 + w3"
    assert renamed(expr, {"w9": "w3"}) == expr
    whole = replaced(A * B + C, {A * B: name("p")}.get)
    assert text(whole) == "p + c" and replaced(A + C, {A * B: name("p")}.get) == A + C
