"""The activations that a layer can have, and the losses: each a formula, from which everything else follows.

One more is one line here (with its operation in `operations`, if it needs a new one) and its test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xlfuncs.expression import Expr, number, sigmoid, total

Activation = Callable[[Expr, list[Expr]], Expr]
"""From a unit's sum, and those of its whole layer, to its activation."""

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": lambda unit, layer: sigmoid(unit),
    "tanh": lambda unit, layer: Expr("tanh", (unit,)),
    "relu": lambda unit, layer: Expr("relu", (unit,)),
    "leaky-relu": lambda unit, layer: Expr("leaky_relu", (unit,)),
    "identity": lambda unit, layer: unit,
    "softmax": lambda unit, layer: Expr("softmax", (unit, *layer)),
}
OF_A_WHOLE_LAYER = ("softmax",)
"""Activations in which each unit depends on every sum of its layer."""


@dataclass(frozen=True)
class Loss:
    """`each` is an output's error from target and activation, `whole` E_total from the errors."""

    each: Callable[[Expr, Expr], Expr]
    whole: Callable[[list[Expr]], Expr] = total


def _cross(t: Expr, a: Expr) -> Expr:
    """t·ln a, 0 for a target of 0."""
    return Expr("times_log", (t, a))


LOSSES: dict[str, Loss] = {
    "half-squared": Loss(lambda t, a: number(0.5) * (t - a) ** 2),
    "squared": Loss(lambda t, a: (t - a) ** 2),
    "mean-squared": Loss(lambda t, a: (t - a) ** 2, lambda errors: total(errors) / number(len(errors))),
    "binary-cross-entropy": Loss(lambda t, a: -(_cross(t, a) + _cross(1 - t, 1 - a))),
    "cross-entropy": Loss(lambda t, a: -_cross(t, a)),
}
