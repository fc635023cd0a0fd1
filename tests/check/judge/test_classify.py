"""Naming slips: each search of the diagnosis on a formula that only it explains."""

import pytest

from workbook.check.judge.classify import Diagnosis, judge_of
from workbook.check.judge.diagnose import diagnose
from workbook.check.judge.searches import Search, SpentError
from workbook.check.meaning.evaluate import UnknownError
from workbook.check.meaning.trees import node_of
from workbook.check.meaning.words import leaf_text
from workbook.check.read.formula import Node
from xlfuncs.expected_table import Blueprint, shared

JUDGE = judge_of(shared(Blueprint((2, 2, 2))))


def v(name, offset=0):
    return Node("var", (name, offset))


def num(value):
    return Node("number", float(value))


def op(sign, first, *others):
    for other in others:
        first = Node("op", sign, (first, other))
    return first


def mul(*factors):
    return op("*", *factors)


def add(*terms):
    return op("+", *terms)


def sub(a, b):
    return op("-", a, b)


def diagnosis(variable, node, brackets=()):
    return diagnose(JUDGE, node, variable, JUDGE.right[variable], lambda: iter(brackets))


def slope(name):
    return mul(v(name), sub(num(1), v(name)))


def delta(k, weight=None):
    parts = [sub(v(f"a_o{k}"), v(f"t{k}")), v(f"a_o{k}"), sub(num(1), v(f"a_o{k}"))]
    return mul(*parts, *([v(weight)] if weight else []))


RATE = v("learning_rate")


@pytest.mark.parametrize(
    ("variable", "node", "kind", "also"),
    [
        ("h1", add(mul(v("w1"), v("i1")), mul(v("w2"), v("i1"))), "wrong input", ()),
        ("h1", add(mul(v("w2"), v("i1")), mul(v("w1"), v("i2"))), "swapped weights", ()),
        ("o1", add(mul(v("w5"), v("h1")), mul(v("w6"), v("a_h2"))), "pre-activation for activation", ()),
        ("w1", sub(v("w1", -1), mul(RATE, v("grad_w2", -1))), "wrong gradient column", ()),
        ("w1", sub(v("w1", -1), mul(RATE, v("grad_w1", 0))), "wrong row", ()),
        ("w1", add(v("w1", -1), mul(RATE, v("grad_w1", -1))), "sign", ()),
        ("w1", sub(v("w1", -1), v("grad_w1", -1)), "missing factor", ()),
        ("E1", mul(num(0.5), sub(v("t1"), v("a_o1"))), "missing factor", ()),
        ("E_total", v("E1"), "missing term", ()),
        ("h1", add(mul(v("w1"), v("i1")), add(v("w2"), v("i2"))), "wrong operator", ()),
        ("E1", op("/", op("^", sub(v("t1"), v("a_o1")), num(2)), num(4)), "missing factor", ()),
        ("h1", mul(num(2), add(mul(v("w1"), v("i1")), mul(v("w2"), v("i2")))), "extra factor", ()),
        ("grad_w5", mul(delta(1), v("a_h1"), v("a_h1")), "extra factor", ()),
        ("h1", add(mul(v("w1"), num(0.05)), mul(v("w2"), v("i2"))), "wrong cell", ()),
        # The same operator in two places, and one wrong reference besides.
        ("h1", add(add(v("w1"), v("i1")), add(v("w2"), v("i2"))), "wrong operator", ()),
        ("h1", sub(mul(v("w1"), v("i1")), mul(v("w3"), v("i2"))), "wrong operator", ("swapped weights",)),
        # Several references at once.
        (
            "E1",
            mul(num(0.5), op("^", sub(v("t2"), v("a_o2")), num(2))),
            "wrong neuron",
            ("wrong target",),
        ),
    ],
)
def test_each_slip_by_its_name(variable, node, kind, also):
    found = diagnosis(variable, node)
    assert (found.kind, found.also, found.besides) == (kind, also, None)


def test_several_foreign_references():
    found = diagnosis("grad_w7", mul(sub(v("a_o1"), v("t1")), v("a_o1"), sub(num(1), v("a_o1")), v("a_h1")))
    assert {(leaf_text(old), leaf_text(new)) for old, new in found.swaps} == {("a_o1", "a_o2"), ("t1", "t2")}


@pytest.mark.parametrize(
    ("variable", "node", "kinds"),
    [
        ("grad_w5", mul(sub(v("t1"), v("a_o1")), slope("a_o1"), v("a_h2")), {"wrong neuron", "sign"}),
        ("grad_w5", mul(sub(v("a_o1"), v("t1")), sub(num(1), v("a_o1")), v("a_h2")), {"wrong neuron", "missing factor"}),
        ("grad_w1", mul(add(mul(delta(1), v("w6")), delta(2, "w7")), slope("a_h1")),
         {"swapped weights", "missing factor"}),
        ("E1", mul(sub(v("t2"), v("a_o1")), sub(v("t2"), v("a_o1"))), {"wrong target", "missing factor"}),
        ("E1", mul(num(0.5), sub(v("t2"), v("a_o1"))), {"wrong target", "missing factor"}),
    ],
)  # fmt: skip
def test_two_slips_are_named_both(variable, node, kinds):
    found = diagnosis(variable, node)
    assert found.besides is not None
    assert {found.kind, found.besides.kind} == kinds
    assert found.besides.kind in found.also


@pytest.mark.parametrize(
    ("variable", "node", "kinds"),
    [
        ("grad_w1", mul(add(mul(delta(1), v("w6")), delta(2, "w7")), slope("a_h2"), v("i1")),
         {"swapped weights", "wrong neuron"}),
        ("w1", add(v("w2", -1), mul(RATE, v("grad_w1", -1))), {"swapped weights", "wrong operator"}),
    ],
)  # fmt: skip
def test_two_slips_that_one_search_finds_at_once(variable, node, kinds):
    found = diagnosis(variable, node)
    assert {found.kind, *found.also} == kinds and found.besides is None


def test_two_slips_of_which_one_is_a_bracket():
    meant = mul(sub(v("a_o1"), v("t1")), slope("a_o1"), v("a_h2"))
    stands = sub(v("a_o1"), mul(v("t1"), slope("a_o1"), v("a_h2")))
    found = diagnosis("grad_w5", stands, [meant])
    assert {found.kind, found.besides.kind} == {"wrong neuron", "lost parentheses"}


def test_brackets():
    found = diagnosis("E1", sub(mul(num(0.5), v("t1")), op("^", v("a_o1"), num(2))), [JUDGE.right["E1"]])
    assert found == Diagnosis("lost parentheses")


def test_comparisons_in_a_formula_are_no_operator_slips():
    """They once ended the whole file with KeyError '>'."""
    found = diagnosis("E_total", add(op(">", v("E1"), v("E2")), op("<=", v("E2"), v("h1")), v("o2")))
    assert found.kind in ("wrong formula", "missing term")
    for sign in ("&", ">", "<=", "=", "<>"):
        assert not JUDGE.is_right(op(sign, v("E1"), v("E2")), "E_total")
        found = diagnosis("E_total", op(sign, v("E1"), v("E2")))
        assert (found.kind, found.detail) == ("wrong operator", f"{sign}|+")


def test_what_no_slip_explains_names_what_does_not_belong():
    found = diagnosis("h1", Node("call", "EXP", (mul(v("E1"), v("o2"), v("w8"), v("t1"), v("grad_w2")),)))
    assert found.kind == "wrong formula"
    assert "E1" in [leaf_text(old) for old, _ in found.swaps]


def test_right_wrong_and_unknown():
    assert JUDGE.is_right(JUDGE.right["h1"], "h1")
    assert JUDGE.is_right(Node("call", "SUMPRODUCT", (Node("list", None, (v("w1"), v("w2"))),
                                                      Node("list", None, (v("i1"), v("i2"))))), "h1")  # fmt: skip
    assert not JUDGE.is_right(v("o1"), "h1")
    assert not JUDGE.is_right(mul(v("w1"), Node("text", "i1")), "h1")  # the sheet shows #VALUE!
    with pytest.raises(UnknownError, match="VLOOKUP"):
        JUDGE.is_right(Node("call", "VLOOKUP", (v("w1"),)), "h1")


def test_a_formula_without_a_value_elsewhere_is_not_called_wrong():
    """√(x)² is x where x isn't negative, and on random values nothing shows it to be another function."""
    negative = JUDGE.sample["h1"][7].min() < 0
    root = op("^", Node("call", "SQRT", (JUDGE.right["h1"],)), num(2))
    assert negative
    with pytest.raises(UnknownError, match="can't be compared"):
        JUDGE.is_right(root, "h1")
    with pytest.raises(UnknownError, match="can't be compared"):
        JUDGE.is_right(Node("call", "LN", (sub(num(-5), op("^", v("w1"), num(2))),)), "h1")


def test_an_update_may_read_its_inputs_in_either_row():
    inside = node_of(JUDGE.blueprint.formulas["grad_w5"])

    def above(node):
        if node.kind == "var":
            return v(node.value[0], -1)
        return Node(node.kind, node.value, tuple(map(above, node.args)))

    assert JUDGE.is_right(sub(v("w5", -1), mul(RATE, above(inside))), "w5")
    assert not JUDGE.is_right(mul(sub(v("a_o1"), v("t1", -1)), slope("a_o1"), v("a_h1")), "grad_w5")


def test_the_budget_ends_a_search():
    long = add(*[mul(v(f"w{k}"), v("o1"), v("E1")) for k in range(1, 9)])
    search = Search(JUDGE, "h1", JUDGE.right["h1"])
    search.budget = 3
    with pytest.raises(SpentError):
        search.find(long, lambda: iter(()))
    assert diagnosis("h1", long).kind == "wrong formula"
