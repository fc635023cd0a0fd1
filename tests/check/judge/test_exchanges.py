"""What a reference in another's place is called, and which of several names comes first."""

import pytest

from workbook.check.judge.exchanges import kind_of_constant, kinds_of
from workbook.check.read.formula import Node


def var(name, offset=0):
    return Node("var", (name, offset))


@pytest.mark.parametrize(
    ("swaps", "kinds"),
    [
        ([(var("a_h2", -1), var("a_h1"))], ["wrong neuron", "wrong row"]),
        ([(var("w1"), var("w2")), (var("h1"), var("a_h1"))], ["pre-activation for activation", "swapped weights"]),
        ([(var("t1"), var("t2")), (var("w3"), var("learning_rate"))], ["wrong learning rate", "wrong target"]),
        ([(Node("number", 2.0), var("i1"))], ["wrong cell"]),
        ([(var("i1"), Node("number", 2.0))], ["wrong variable"]),
        ([(var("w1", -1), var("w1"))], ["wrong row"]),
        ([(var("h2"), var("a_h1"))], ["pre-activation for activation"]),
        ([(var("a_h2"), var("h1"))], ["activation for pre-activation"]),
    ],
)
def test_the_kinds_of_an_exchange(swaps, kinds):
    assert kinds_of(swaps) == kinds


@pytest.mark.parametrize(
    ("variable", "kind"), [("t1", "wrong target"), ("b2", "wrong variable"), ("i1", "wrong input")]
)
def test_the_kind_of_a_changed_constant(variable, kind):
    assert kind_of_constant(variable) == kind
