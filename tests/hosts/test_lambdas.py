"""The LAMBDA names in three engines: equal to the Python functions, with the same sentences.

Each engine lacks something: what one can't answer, the two others must. Excel itself was never at hand.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.hosts import calls, mistakes, networks
from tests.hosts.calls import Answered, Call
from tests.hosts.engines import ENGINES
from tests.hosts.networks import OF_2_2_2
from xlfuncs import maths
from xlfuncs.network import DEFAULT

CLOSE = 1e-12
NOISE = 1e-8
CHECKED = 1e-9
"""Of a difference between gradients and finite differences: those cancel all digits but a few."""
I, T, H, O, W = OF_2_2_2  # noqa: E741
LINE = "2-2-2"


def ask(engine: str, path: Path, which: Sequence[Call]) -> list[Answered]:
    return calls.answered(calls.write(path, which), ENGINES[engine](path))


def hold(found: Sequence[Answered]) -> None:
    """Every answer has the size, the texts and the numbers of the Python function's."""
    for one in found:
        assert one.fits, (one.call, one.wanted, one.shown)
        close = CHECKED if one.call[0].endswith("GRADCHECK") else NOISE if is_noise(one.call) else CLOSE
        assert one.off <= close, (one.call, one.wanted, one.shown)


def is_noise(call: Call) -> bool:
    """A bias that softmax's outputs share has the gradient 0 but for rounding, which these optimizers divide by its own
    size."""
    words = str(call[1][3]).split() if call[0].startswith("NN_") and len(call[1]) > 3 else []
    return "softmax" in words and "bias=layer" in words and bool({"rmsprop", "adam"} & set(words))


def of_all(count: int, seed: int) -> list[Call]:
    rng = random.Random(seed)
    return [call for _ in range(count) for call in (*networks.any_network(rng), *networks.exercise_kind(rng))]


@pytest.mark.parametrize(("engine", "count"), [("ironcalc", 30), ("formulon", 3), ("pyopenvba", 1)])
def test_random_networks(engine, count, tmp_path):
    hold(ask(engine, tmp_path / "calls.xlsx", of_all(count, seed=count)))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "count"), [("ironcalc", 400), ("formulon", 100), ("pyopenvba", 15)])
def test_hundreds_of_networks(engine, count, tmp_path):
    hold(ask(engine, tmp_path / "calls.xlsx", of_all(count, seed=7)))


def exercise(steps: int) -> list[Call]:
    return [
        ("BP_SIGMOID", (0.0275,)),
        ("BP_FORWARD", (I, H, O)),
        ("BP_ERROR", (T, [[0.606478, 0.630481]])),
        ("BP_GRAD", (I, T, H, O)),
        ("BP_UPDATE", (W, W, 0.1)),
        ("BP_TABLE", (I, T, H, O, 0.1, steps)),
        ("BP_SWEEP", (I, T, H, O, [[0.1, 0.2, 0.5, 0.8, 1.0, 2.0]], steps)),
        *[("BP_EXPLAIN", (I, T, H, O, f"w{k}")) for k in (1, 4, 8)],
        ("NN_TABLE", (I, T, W, LINE, 0.5, steps)),
        ("NN_UPDATE", (I, T, W, LINE, 2.0, steps)),
    ]


@pytest.mark.parametrize(("engine", "steps"), [("ironcalc", None), ("formulon", 5), ("pyopenvba", 2)])
def test_the_exercise_is_equal_bit_for_bit(engine, steps, tmp_path):
    for one in ask(engine, tmp_path / "calls.xlsx", exercise(steps)):
        assert one.fits, (one.call, one.wanted, one.shown)
        # formulon's sums of more than two terms differ in the last bit; there are none in the exercise's table
        assert one.off == 0.0, (one.call, one.off)


def test_the_table_is_that_of_the_maths(tmp_path):
    """Not only our function's: the maths' own table of 85 rows."""
    [one] = ask("ironcalc", tmp_path / "calls.xlsx", [("BP_TABLE", (I, T, H, O, 0.1, 85, False))])
    assert (np.array([row[:-1] for row in one.shown[:-1]]) == maths.table(DEFAULT, 0.1, 85)).all()


def may_miss(engine: str, one: Answered) -> bool:
    """What the engine is known to lack: an error in a single cell goes through a LAMBDA as its answer."""
    single = [
        argument
        for argument in one.call[1]
        if not isinstance(argument, list) or argument in ([["#N/A"]], [["#DIV/0!"]])
    ]
    error = any(str(argument).strip("[']").startswith("#") for argument in single)
    too_large = engine == "ironcalc" and "too large" in str(one.wanted)
    return (error or too_large) and str(one.shown[0][0]).startswith("#") and engine != "pyopenvba"


MISTAKES = [*mistakes.bad_cells(), *mistakes.bad_shapes(), *mistakes.bad_names()]
MISSED = [call for call in MISTAKES if {"#N/A", "#DIV/0!"} & {str(argument).strip("[']") for argument in call[1][1:]}]
"""An error in a single cell. (pyOpenVBA computes a call anew only where a number of it changes: one argument is none.)"""


@pytest.mark.parametrize(
    ("engine", "which"),
    [("ironcalc", MISTAKES), ("formulon", MISTAKES[::6]), ("pyopenvba", [*MISSED[::8], *MISTAKES[4::60]])],
)
def test_mistakes_get_the_same_sentences(engine, which, tmp_path):
    found = ask(engine, tmp_path / "calls.xlsx", which)
    hold([one for one in found if not may_miss(engine, one)])


@pytest.mark.slow
def test_each_mistake_in_two_engines_at_least(tmp_path):
    right = dict.fromkeys(range(len(MISTAKES)), 0)
    for engine in ("ironcalc", "formulon"):
        for k, one in enumerate(ask(engine, tmp_path / f"{engine}.xlsx", MISTAKES)):
            assert one.fits or may_miss(engine, one)
            right[k] += one.fits
    assert min(right.values()) >= 1
    left = [MISTAKES[k] for k, count in right.items() if count < 2 and len(MISTAKES[k][1]) > 1]
    hold(ask("pyopenvba", tmp_path / "left.xlsx", left))


def explanations(count: int, seed: int) -> list[Call]:
    """Any weight or bias of random networks, and of the exercise's kind."""
    rng, found = random.Random(seed), []
    for _ in range(count):
        found.append(networks.explanation(rng))
        _, four = networks.exercise_kind(rng)[3]
        found.append(("BP_EXPLAIN", (*four, rng.randint(1, 2))))
    return found


@pytest.mark.parametrize(("engine", "count"), [("ironcalc", 60), ("formulon", 4), ("pyopenvba", 1)])
def test_explanations_letter_by_letter(engine, count, tmp_path):
    hold(ask(engine, tmp_path / "calls.xlsx", explanations(count, seed=count)))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "count"), [("ironcalc", 500), ("formulon", 60), ("pyopenvba", 10)])
def test_hundreds_of_explanations(engine, count, tmp_path):
    hold(ask(engine, tmp_path / "calls.xlsx", explanations(count, seed=11)))


SHARED = [
    ("2-2-2 bias=layer", "b1"),
    ("2-2-2 bias=layer identity", "b2"),
    ("2-3-1 bias=layer tanh", "b1"),
    ("2-2-3 bias=layer identity mean-squared", "b1"),
    ("2-3 bias=layer softmax", "b1"),
    ("2-2-4 bias=layer identity softmax cross-entropy", "b1"),
    ("2-2-4 bias=layer identity softmax cross-entropy", "b2"),
    ("2-2-1-2 bias=layer", "b2"),
    ("2-2-2-2 bias=layer tanh", "b1"),
    ("2-2-2-2 bias=layer tanh", "b3"),
]
"""Biases that a layer shares: each unit's part in one line, in networks with columns for ∂E/∂(sum) and without."""


@pytest.mark.parametrize(
    ("engine", "which"), [("ironcalc", SHARED), ("formulon", SHARED[::3]), ("pyopenvba", SHARED[:1])]
)
def test_a_bias_that_a_layer_shares_letter_by_letter(engine, which, tmp_path):
    found: list[Call] = []
    for network, bias in which:
        inputs, targets, weights = networks.data(random.Random(network), network)
        found.append(("NN_EXPLAIN", (inputs, targets, weights, network, bias)))
    hold(ask(engine, tmp_path / "calls.xlsx", found))


def test_blank_optional_arguments_are_left_out(tmp_path):
    """A blank cell, as in the Python functions; nothing between commas is measured in Excel to count so too."""
    blank = [[None]]
    which: list[Call] = [
        ("BP_GRAD", (I, T, H, O, blank)),
        ("BP_TABLE", (I, T, H, O, 0.5, blank, False)),
        ("BP_TABLE", (I, T, H, O, 0.5, 2, blank)),
        ("NN_UPDATE", (I, T, W, LINE, 0.5, blank)),
        ("BP_SWEEP", (I, T, H, O, 0.5, blank)),
    ]
    for engine in ("ironcalc", "formulon"):
        hold(ask(engine, tmp_path / f"{engine}.xlsx", which))


SELDOM: list[Call] = [
    # decay leaves biases alone that are fixed
    ("NN_UPDATE", ([[0.1, 0.2]], T, [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]], "2-2 bias=unit fixed-bias decay=0.5", 0.5, 3)),
    # e^1200 is no number
    ("NN_FORWARD", ([[1.0, 2.0]], [[400.0, 400.0, -500.0, 300.0]], "2-2 softmax")),
    # a line that was copied from a web page
    ("NN_GRAD", (I, T, W, "2-2-2\N{NO-BREAK SPACE}tanh")),
    # the longest text that is quoted whole, and one more letter
    ("BP_SIGMOID", ([["w" * 40, 0.5]],)),
    ("BP_SIGMOID", ([["w" * 41, 0.5]],)),
    # a mean of so many that 2/many is written as a number; too many for pyOpenVBA
    ("NN_EXPLAIN", ([[0.5]], [[0.75] * 512], [[0.5] * 512], "1-512 identity mean-squared", "w1")),
]


@pytest.mark.parametrize(("engine", "which"), [("ironcalc", SELDOM), ("formulon", SELDOM), ("pyopenvba", SELDOM[:-1])])
def test_what_random_networks_seldom_meet(engine, which, tmp_path):
    hold(ask(engine, tmp_path / "calls.xlsx", which))
