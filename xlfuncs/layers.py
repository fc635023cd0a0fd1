"""What a network is made of: layers, and the weights and biases that it learns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One layer of units.

    `symbol` names its units (h gives h1, a_h1, h2, …); `weights` has a row a unit, a column an input of the layer.
    `biases` has none, one that all units share, or one a unit; with `fixed_biases` they are not learned. `activation`
    is a key of activations.ACTIVATIONS.
    """

    symbol: str
    weights: tuple[tuple[float, ...], ...]
    biases: tuple[float, ...] = ()
    activation: str = "sigmoid"
    fixed_biases: bool = False

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.weights)

    @cached_property
    def matrix(self) -> np.ndarray:
        """The weights as float64, shape (units, inputs of the layer)."""
        return np.array(self.weights, dtype=float)


@dataclass(frozen=True)
class Weight:
    """One weight: its name and the two nodes it joins, `source` (i1, a_h1) and `target` (h1, o1)."""

    name: str
    source: str
    target: str
    layer: int
    row: int
    column: int
    start: float


@dataclass(frozen=True)
class Bias:
    """One bias: its name and the units that it is added to."""

    name: str
    targets: tuple[str, ...]
    layer: int
    start: float
    learned: bool
