"""The one description of a network: sizes, start values, names and formulas.

Everything else (numbers, table columns, cell formulas, derivation texts, pictures) is read from here. The exercise's
network is inputs-hidden-outputs, sigmoid everywhere, no biases, half squared error; see `DEFAULT`.

A network is a chain of layers and each variable's formula follows its layer, so further layers, activations, biases
or another error enter as fields of `Layer` and `Network` with their expressions here, not as new code elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xlfuncs.errors import GradsheetError
from xlfuncs.expression import Expr, label, name, number, previous, product, sigmoid, total


@dataclass(frozen=True)
class Layer:
    """One layer of sigmoid units.

    `symbol` names its units (h gives h1, a_h1, h2, …); `weights` has a row a unit, a column an input of the layer.
    """

    symbol: str
    weights: tuple[tuple[float, ...], ...]

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.weights)

    @cached_property
    def matrix(self) -> np.ndarray:
        """The weights as float64, shape (units, inputs of the layer)."""
        return np.array(self.weights, dtype=float)


@dataclass(frozen=True)
class Column:
    """One column of the iteration table.

    `group` is iteration, target, input, weight, hidden, output, error or gradient. `start` is the value in the first
    row, None where the formula holds there too.
    """

    name: str
    group: str
    formula: Expr
    start: float | None = None

    @property
    def label(self) -> str:
        """The header text, such as a_h1 or ∂E/∂w5."""
        return label(self.name)


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
class Network:
    """A network with its data: inputs, targets and the layers from the first hidden one to the output."""

    inputs: tuple[float, ...]
    targets: tuple[float, ...]
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, inputs, targets, weights_hidden, weights_output) -> Network:
        """A network from numbers: vectors (inputs,), (targets,) and matrices with a row a unit."""
        layers = (Layer("h", _rows(weights_hidden)), Layer("o", _rows(weights_output)))
        return cls(tuple(map(float, inputs)), tuple(map(float, targets)), layers)

    @classmethod
    def from_flat(cls, sizes: tuple[int, int, int], inputs, targets, weights) -> Network:
        """A network whose weights stand in one row w1, w2, … as in the sheet.

        Raises GradsheetError where a count doesn't fit `sizes`.
        """
        n_in, n_hidden, n_out = sizes
        needed = {"inputs": n_in, "targets": n_out, "weights": n_hidden * (n_in + n_out)}
        given = {"inputs": inputs, "targets": targets, "weights": weights}
        for what, count in needed.items():
            if len(given[what]) != count:
                raise GradsheetError(
                    f"{what} has {_numbers(len(given[what]))}; a {n_in}-{n_hidden}-{n_out} network needs {count}."
                )
        flat = np.array(weights, dtype=float)
        cut = n_hidden * n_in
        return cls.of(inputs, targets, flat[:cut].reshape(n_hidden, n_in), flat[cut:].reshape(n_out, n_hidden))

    @classmethod
    def of_sizes(cls, sizes: tuple[int, int, int]) -> Network:
        """A network of any size with start values in the manner of the exercise.

        Inputs 0.05, 0.10, …; targets 0.5; weights evenly from 0.15 to 0.55. 2-2-2 is the exercise itself.
        """
        if sizes == DEFAULT.sizes:
            return DEFAULT
        n_in, n_hidden, n_out = sizes
        weights = np.linspace(0.15, 0.55, n_hidden * (n_in + n_out)).round(4)
        return cls.from_flat(sizes, [round(0.05 * k, 2) for k in range(1, n_in + 1)], [0.5] * n_out, weights)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units a layer, inputs first: (2, 2, 2)."""
        return (len(self.inputs), *(layer.size for layer in self.layers))

    @property
    def input_names(self) -> list[str]:
        """i1, i2, …"""
        return _numbered("i", len(self.inputs))

    @property
    def target_names(self) -> list[str]:
        """t1, t2, …"""
        return _numbered("t", len(self.targets))

    @property
    def matrices(self) -> list[np.ndarray]:
        """The weights as float64, a matrix a layer: (units, inputs of the layer)."""
        return [layer.matrix for layer in self.layers]

    @cached_property
    def weights(self) -> tuple[Weight, ...]:
        """Every weight, w1 first: layer by layer, unit by unit."""
        found: list[Weight] = []
        sources = self.input_names
        for depth, layer in enumerate(self.layers):
            for row, unit in enumerate(self.unit_names(depth)):
                for column, source in enumerate(sources):
                    start = layer.weights[row][column]
                    found.append(Weight(f"w{len(found) + 1}", source, unit, depth, row, column, start))
            sources = self.activation_names(depth)
        return tuple(found)

    @property
    def weight_count(self) -> int:
        """How many weights there are."""
        return sum(layer.matrix.size for layer in self.layers)

    def weight(self, variable: str) -> Weight:
        """The weight of that name. Raises KeyError."""
        return {weight.name: weight for weight in self.weights}[variable]

    @cached_property
    def _weights_by_layer(self) -> list[list[Weight]]:
        found: list[list[Weight]] = [[] for _ in self.layers]
        for weight in self.weights:
            found[weight.layer].append(weight)
        return found

    def incoming(self, depth: int, unit: int) -> list[Weight]:
        """The weights into a unit, its first input's first."""
        inputs = self.sizes[depth]
        return self._weights_by_layer[depth][unit * inputs : (unit + 1) * inputs]

    def outgoing(self, depth: int, unit: int) -> list[Weight]:
        """The weights from a unit of a hidden layer, the next layer's first unit's first."""
        return self._weights_by_layer[depth + 1][unit :: self.layers[depth].size]

    def unit_names(self, depth: int) -> list[str]:
        """The pre-activations of a layer: h1, h2, …"""
        return _numbered(self.layers[depth].symbol, self.layers[depth].size)

    def activation_names(self, depth: int) -> list[str]:
        """The activations of a layer: a_h1, a_h2, …"""
        return [f"a_{unit}" for unit in self.unit_names(depth)]

    @property
    def error_names(self) -> list[str]:
        """E1, E2, …: half the squared error of each output."""
        return _numbered("E", len(self.targets))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The iteration table's columns from left to right."""
        columns = [Column("iteration", "iteration", previous("iteration") + number(1), start=1.0)]
        columns += self._constants("target", self.target_names, self.targets)
        columns += self._constants("input", self.input_names, self.inputs)
        for depth in range(len(self.layers)):
            columns += [self._weight_column(weight) for weight in self._weights_by_layer[depth]]
            columns += self._unit_columns(depth)
        columns += self._error_columns()
        columns += [Column(f"grad_{w.name}", "gradient", self.gradient(w)) for w in self.weights]
        return tuple(columns)

    @property
    def column_count(self) -> int:
        """How many columns there are, without making them."""
        constants, units = len(self.inputs) + len(self.targets), sum(self.sizes[1:])
        return 1 + constants + 2 * units + len(self.targets) + 1 + 2 * self.weight_count

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names from left to right: iteration, t1, … grad_w8."""
        return tuple(column.name for column in self.columns)

    def output_delta(self, unit: int) -> Expr:
        """∂E/∂o of an output unit: (a_o1 − t1)·a_o1·(1 − a_o1)."""
        activation = name(self.activation_names(-1)[unit])
        return (activation - name(self.target_names[unit])) * activation * (1 - activation)

    def error_through(self, depth: int, unit: int) -> list[Expr]:
        """What reaches an activation from each unit of the next layer: ∂E/∂o1·w5, ∂E/∂o2·w7, …"""
        return [self.delta(depth + 1, weight.row) * name(weight.name) for weight in self.outgoing(depth, unit)]

    def delta(self, depth: int, unit: int) -> Expr:
        """∂E_total/∂(pre-activation) of one unit, by the chain rule from the output back."""
        if (depth, unit) not in self._deltas:
            self._deltas[depth, unit] = self._delta(depth, unit)
        return self._deltas[depth, unit]

    @cached_property
    def _deltas(self) -> dict[tuple[int, int], Expr]:
        """The deltas that were asked for: all weights into a unit share one."""
        return {}

    def _delta(self, depth: int, unit: int) -> Expr:
        if depth in (-1, len(self.layers) - 1):
            return self.output_delta(unit)
        activation = name(self.activation_names(depth)[unit])
        return total(self.error_through(depth, unit)) * activation * (1 - activation)

    def gradient(self, weight: Weight) -> Expr:
        """∂E_total/∂w of one weight."""
        return self.delta(weight.layer, weight.row) * name(weight.source)

    def _constants(self, group: str, names: list[str], values: tuple[float, ...]) -> list[Column]:
        return [Column(n, group, previous(n), start=value) for n, value in zip(names, values, strict=True)]

    def _weight_column(self, weight: Weight) -> Column:
        step = name("learning_rate") * previous(f"grad_{weight.name}")
        return Column(weight.name, "weight", previous(weight.name) - step, start=weight.start)

    def _unit_columns(self, depth: int) -> list[Column]:
        group = "output" if depth == len(self.layers) - 1 else "hidden"
        columns = []
        for row, unit in enumerate(self.unit_names(depth)):
            net = total([product([name(w.name), name(w.source)]) for w in self.incoming(depth, row)])
            columns += [Column(unit, group, net), Column(f"a_{unit}", group, sigmoid(name(unit)))]
        return columns

    def _error_columns(self) -> list[Column]:
        pairs = zip(self.error_names, self.target_names, self.activation_names(-1), strict=True)
        columns = [Column(e, "error", number(0.5) * (name(t) - name(a)) ** 2) for e, t, a in pairs]
        return [*columns, Column("E_total", "error", total([name(e) for e in self.error_names]))]


def _numbered(symbol: str, count: int) -> list[str]:
    return [f"{symbol}{k}" for k in range(1, count + 1)]


def _rows(matrix) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in matrix)


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"


DEFAULT = Network.of(
    inputs=(0.05, 0.1),
    targets=(0.5, 0.5),
    weights_hidden=((0.15, 0.2), (0.25, 0.3)),
    weights_output=((0.4, 0.45), (0.5, 0.55)),
)
"""The exercise: 2-2-2 with the start values of the reference sheet."""

LEARNING_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
ITERATIONS = 85
