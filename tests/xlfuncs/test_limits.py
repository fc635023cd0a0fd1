"""What a function takes on: work that takes too long and results that no sheet can hold are refused beforehand."""

import numpy as np
import pytest

import xlfuncs
from xlfuncs import functions, limits, maths
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT, Network


def ranges(*sizes):
    network = Network.of_sizes(sizes)
    return [network.inputs], [network.targets], *(layer.matrix for layer in network.layers)


EXERCISE = ranges(2, 2, 2)


def refused(function, *arguments):
    with pytest.raises(GradsheetError) as raised:
        function(*arguments)
    return str(raised.value)


@pytest.fixture
def small_budget(monkeypatch):
    """A thousandth of the time, so that a test needs no large ranges; nothing may be computed then."""
    monkeypatch.setattr(limits, "BUDGET", limits.BUDGET / 1000)
    for name in ("sigmoid", "update", "tables", "sweep", "gradient_check"):
        monkeypatch.setattr(maths, name, lambda *args: pytest.fail("computed all the same"))


def test_too_much_work_is_refused_before_it_is_done(small_budget):
    assert "x has 2,000 cells, and at most 1," in refused(xlfuncs.BP_SIGMOID, np.zeros((2000, 1)))
    assert "x has 5,000 cells, and at most 3,750 are computed" in refused(xlfuncs.BP_SIGMOID, np.zeros((5000, 1)))
    assert "weights has 2,000 cells, and at most 1," in refused(
        xlfuncs.BP_UPDATE, np.zeros((2000, 1)), np.zeros((2000, 1)), 1
    )
    sentence = refused(xlfuncs.BP_TABLE, *EXERCISE, 0.1, 85)
    assert sentence.startswith("iterations is 85, and at most ") and "go on from the last row's weights" in sentence
    assert refused(xlfuncs.BP_SWEEP, *EXERCISE, [[0.1, 0.2]], 85).startswith("iterations is 85, and at most 35 are")
    assert refused(xlfuncs.BP_GRADCHECK, *ranges(20, 30, 20)).startswith("The network has 1,200 weights, and at most ")
    assert refused(xlfuncs.BP_EXPLAIN, *ranges(20, 30, 20), 1).startswith("The network has 1,200 weights, and at most ")


def test_a_table_that_takes_too_long_to_check(monkeypatch):
    table = xlfuncs.BP_TABLE(*EXERCISE, 0.1, 85)
    monkeypatch.setattr(limits, "BUDGET", 4000)
    assert refused(xlfuncs.BP_CHECK, table).startswith("table has 85 rows, and at most 41 are computed at a time; ")
    assert xlfuncs.BP_CHECK(table[:42]) == [["right"]]
    monkeypatch.setattr(limits, "BUDGET", 2000)
    assert refused(xlfuncs.BP_CHECK, table[:2]).endswith("and even one is too much work; use a smaller network.")


def test_the_usual_calls_are_far_from_the_limits(monkeypatch):
    monkeypatch.setattr(limits, "BUDGET", limits.BUDGET / 20)
    table = xlfuncs.BP_TABLE(*EXERCISE, 0.1, 1000)
    assert xlfuncs.BP_CHECK(table) == [["right"]]
    assert len(xlfuncs.BP_SWEEP(*EXERCISE, [np.linspace(0.1, 2, 50)], 500)) == 500
    assert xlfuncs.BP_GRADCHECK(*ranges(10, 10, 10))[0][0] < 1e-9
    assert len(xlfuncs.BP_SIGMOID(np.zeros((20_000, 3)))) == 20_000


def test_a_whole_column_is_within_the_limit():
    assert limits.most(limits.READ + limits.EXPONENTIAL + limits.WRITE) > limits.MAX_ROWS


def test_a_longer_table_costs_more():
    assert limits.most(2.0) == limits.BUDGET / 2 and limits.most(2.0, already=limits.BUDGET) == 0
    assert limits.most_audited_rows(32, 2) > limits.most_audited_rows(64, 2) > limits.most_audited_rows(64, 20)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: xlfuncs.BP_GRAD(*ranges(200, 50, 200)), "The result has 20,000 columns and a sheet 16,384; ask for one weight's gradient, or use a smaller network."),
        (lambda: xlfuncs.BP_TABLE(*ranges(100, 50, 70), 0.1, 1), "The result has 17,482 columns and a sheet 16,384; use a smaller network."),
        (lambda: xlfuncs.BP_FORWARD(*(r for k, r in enumerate(ranges(1, 8190, 3)) if k != 1)), "The result has 16,386 columns and a sheet 16,384; use a smaller network."),
        (lambda: xlfuncs.BP_ERROR(np.zeros((16_384, 1)), np.zeros((16_384, 1))), "The result has 16,385 columns and a sheet 16,384; give fewer of them."),
        (lambda: xlfuncs.BP_SWEEP(*EXERCISE, np.zeros((16_385, 1)), 1), "The result has 16,385 columns and a sheet 16,384; compare fewer learning rates."),
        (lambda: xlfuncs.BP_TABLE(*EXERCISE, 0.1, 1_048_576), "iterations is 1048576; it must be a whole number from 1 to 1,048,575."),
        (lambda: xlfuncs.BP_SWEEP(*EXERCISE, 0.1, 1_048_577), "iterations is 1048577; it must be a whole number from 1 to 1,048,576."),
    ],
)  # fmt: skip
def test_what_no_sheet_can_hold(call, sentence, monkeypatch):
    for name in ("forward", "errors", "gradients", "table", "sweep"):
        monkeypatch.setattr(maths, name, lambda *args: pytest.fail("computed all the same"))
    assert refused(call) == sentence


def test_the_widest_results_that_a_sheet_holds():
    assert len(xlfuncs.BP_ERROR(np.zeros((16_383, 1)), np.zeros((16_383, 1)))[0]) == 16_384
    assert len(xlfuncs.BP_FORWARD([[0.5]], np.ones((8190, 1)), np.ones((2, 8190)))[0]) == 16_384
    assert len(xlfuncs.BP_GRAD(*ranges(192, 32, 320))[0]) == 16_384
    assert len(xlfuncs.BP_GRAD(*ranges(200, 50, 200), "w20000")[0]) == 1


@pytest.mark.parametrize("sizes", [(2, 2, 2), (1, 1, 1), (3, 4, 1), (2, 5, 7)])
def test_columns_are_counted_without_being_made(sizes):
    network = Network.of_sizes(sizes)
    assert network.column_count == len(network.columns)
    assert network.weight_count == len(network.weights)


def test_too_little_memory_is_a_sentence(monkeypatch):
    def full(*args):
        raise MemoryError

    monkeypatch.setattr(functions.maths, "sigmoid", full)
    assert refused(xlfuncs.BP_SIGMOID, 1.0) == "There is too little memory for this; give smaller ranges."


def test_finite_differences_in_parts_are_those_at_once(monkeypatch):
    whole = [g.tolist() for g in maths.finite_differences(DEFAULT)]
    for at_once in (1, 8, 24):
        monkeypatch.setattr(maths, "_SHIFTED_AT_ONCE", at_once)
        assert [g.tolist() for g in maths.finite_differences(DEFAULT)] == whole
