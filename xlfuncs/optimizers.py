"""How a weight learns: what is taken away from it at each step, and the columns that this needs.

The formulas are those of torch.optim with its default settings. One more is one entry of OPTIMIZERS and its test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xlfuncs.expression import Expr, name, number, previous

MOMENTUM, RMS_MEMORY, ADAM_MEMORY, SMALL = 0.9, 0.99, (0.9, 0.999), 1e-8
RATE = name("learning_rate")


@dataclass(frozen=True)
class Optimizer:
    """`states` gives the formulas of a weight's own columns, by their letters, from the weight's name and its gradient
    one iteration earlier; `step` what is taken from the weight. Every state begins with 0."""

    states: Callable[[str, Expr], dict[str, Expr]]
    step: Callable[[str, Expr], Expr]

    def columns(self, weight: str, gradient: Expr) -> dict[str, Expr]:
        """The weight's state columns by name: v_w1, …"""
        return {f"{letter}_{weight}": formula for letter, formula in self.states(weight, gradient).items()}

    def updated(self, weight: str, gradient: Expr) -> Expr:
        """The weight after a step, from its value and its gradient one iteration earlier."""
        return previous(weight) - self.step(weight, gradient)


def _average(letter: str, memory: float, of: Expr) -> Callable[[str], Expr]:
    """A running average: memory·(what it was) + (1 − memory)·(what is new)."""
    return lambda weight: number(memory) * previous(f"{letter}_{weight}") + number(round(1 - memory, 6)) * of


def _velocity(weight: str, gradient: Expr) -> dict[str, Expr]:
    return {"v": number(MOMENTUM) * previous(f"v_{weight}") + gradient}


def _moments(weight: str, gradient: Expr) -> dict[str, Expr]:
    first, second = ADAM_MEMORY
    return {"m": _average("m", first, gradient)(weight), "v": _average("v", second, gradient**2)(weight)}


def _unbiased(letter: str, memory: float, weight: str) -> Expr:
    """The average without the zero it began with: divided by 1 − memory^(steps so far)."""
    return name(f"{letter}_{weight}") / (1 - Expr("raised", (number(memory), name("iteration") - number(1))))


def _adam(weight: str, gradient: Expr) -> Expr:
    mean, square = (_unbiased(letter, memory, weight) for letter, memory in zip("mv", ADAM_MEMORY, strict=True))
    return RATE * mean / (Expr("root", (square,)) + number(SMALL))


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(lambda weight, gradient: {}, lambda weight, gradient: RATE * gradient),
    "momentum": Optimizer(_velocity, lambda weight, gradient: RATE * name(f"v_{weight}")),
    "nesterov": Optimizer(
        _velocity, lambda weight, gradient: RATE * (gradient + number(MOMENTUM) * name(f"v_{weight}"))
    ),
    "rmsprop": Optimizer(
        lambda weight, gradient: {"s": _average("s", RMS_MEMORY, gradient**2)(weight)},
        lambda weight, gradient: RATE * gradient / (Expr("root", (name(f"s_{weight}"),)) + number(SMALL)),
    ),
    "adam": Optimizer(_moments, _adam),
}
