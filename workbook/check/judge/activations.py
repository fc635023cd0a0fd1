"""Activations other than σ, told from the formulas of a whole layer or from typed values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbook.check.judge.classify import Judge
from workbook.check.meaning.evaluate import Leaf, SheetError, UnknownError, evaluate, leaves
from workbook.check.meaning.stages import Array, Recognised
from workbook.check.read.formula import Node
from xlfuncs.expected_table import MIDDLE

NEAR = 1e-3  # how far rounding to three digits may take a typed value
_GRID = np.array([-3.0, -2.2, -1.3, -0.6, -0.1, 0.2, 0.7, 1.1, 1.9, 3.1])
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0.0),
    "no activation function": lambda x: x,
    "a step function": lambda x: (x > 0) * 1.0,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "2σ−1": lambda x: 2 / (1 + np.exp(-x)) - 1,
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "sine": np.sin,
}
"""Activations other than σ that are known by name."""


def activation_in(wrong: dict[str, Node], table: Recognised, judge: Judge) -> str | None:
    """The activation of a whole layer that isn't σ, by its wrong formulas; None where they share none."""
    for layer, name in ((0, "hidden"), (1, "output")):
        units = judge.blueprint.network.unit_names(layer)
        columns = [f"a_{unit}" for unit in units if f"a_{unit}" in table.columns]
        if not columns or not all(column in wrong for column in columns):
            continue
        kinds = {activation_of(wrong[column], column, judge) for column in columns}
        if len(kinds) == 1 and None not in kinds:
            return f"{kinds.pop()} in the {name} layer"
    return None


def activation_of(meaning: Node, column: str, judge: Judge) -> str | None:
    """The name of the activation that the meaning of a_h1 calculates, None for σ, a slip or one that isn't known."""
    unit = column.removeprefix("a_")
    if all(leaf.kind == "number" or leaf.value == (unit, 0) for leaf in leaves(meaning)):
        x, value = _GRID, value_of(meaning, lambda leaf: _GRID if leaf.kind == "var" else None)
    else:
        x, value = judge.sample[unit][MIDDLE], value_of(meaning, judge.leaf)
    if value is None:
        return None
    value = np.broadcast_to(value, x.shape)
    for name, function in ACTIVATIONS.items():
        if np.allclose(value, function(x), rtol=1e-9, atol=1e-12):
            return name
    slope = value[x < 0] / x[x < 0]
    leaky = slope.size > 1 and np.ptp(slope) < 1e-9 and 0 < slope[0] < 1 and np.allclose(value[x > 0], x[x > 0])
    if leaky:
        return "leaky ReLU"
    layer = judge.blueprint.network.unit_names(0 if unit.startswith("h") else 1)
    powers = {name: np.exp(judge.sample[name][MIDDLE]) for name in layer}
    if len(layer) > 1 and value.shape == powers[unit].shape and np.allclose(value, powers[unit] / sum(powers.values())):
        return "softmax"
    return None


def other_activation(table: Recognised) -> str | None:
    """The activation other than σ that a table of typed values was calculated with, None for σ or an unknown one."""
    for layer, name in ((0, "hidden"), (1, "output")):
        units = [
            (table.values[unit], table.values[f"a_{unit}"])
            for unit in table.blueprint.network.unit_names(layer)
            if unit in table.values and f"a_{unit}" in table.values
        ]
        if not units:
            continue
        sums, results = (np.concatenate(columns) for columns in zip(*units, strict=True))
        known = np.isfinite(sums) & np.isfinite(results)
        if not np.any(known):
            continue
        x, y = sums[known], results[known]
        if np.abs(y - 1 / (1 + np.exp(-x))).max() < NEAR:
            continue
        for activation, function in ACTIVATIONS.items():
            if np.abs(y - function(x)).max() < NEAR:
                return f"{activation} in the {name} layer"
    return None


def value_of(meaning: Node, leaf: Leaf) -> Array | None:
    """What a meaning gives, None where that can't be told or is an error."""
    try:
        return np.asarray(evaluate(meaning, leaf), dtype=float)
    except (UnknownError, SheetError):
        return None
