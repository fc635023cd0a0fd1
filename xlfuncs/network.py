"""The one description of a network: sizes, start values, names and formulas.

Everything else (numbers, table columns, cell formulas, derivation texts, pictures) is read from here. The exercise's
network is inputs-hidden-outputs, sigmoid everywhere, no biases, half squared error, plain gradient descent; see
`DEFAULT`.

A network is a chain of layers with their activations, a loss, and an optimizer; each is a formula or two in
`activations` and `optimizers`. The gradients' formulas are derived from the forward pass's (`derivative`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xlfuncs.activations import LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.columns import Column, count_columns, depths_with_deltas, forward_columns, table_columns
from xlfuncs.derivative import adjoints, columns_of, derivative, in_columns
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import Expr, name, total
from xlfuncs.layers import Bias, Layer, Weight

__all__ = ["DEFAULT", "ITERATIONS", "LEARNING_RATES", "Bias", "Column", "Layer", "Network", "Weight"]


@dataclass(frozen=True)
class Network:
    """A network with its data: inputs, targets and the layers from the first hidden one to the output.

    `loss` is a key of activations.LOSSES, `optimizer` one of optimizers.OPTIMIZERS; `decay` is the weight decay, added
    to each gradient as decay·w. `more_biases` are those that no layer holds alone: shared by several layers, or added
    to some of a layer's units only.
    """

    inputs: tuple[float, ...]
    targets: tuple[float, ...]
    layers: tuple[Layer, ...]
    loss: str = "half-squared"
    optimizer: str = "sgd"
    decay: float = 0.0
    more_biases: tuple[Bias, ...] = ()

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
        weights = start_weights(n_hidden * (n_in + n_out))
        return cls.from_flat(sizes, start_inputs(n_in), [START_TARGET] * n_out, weights)

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
    def error_names(self) -> list[str]:
        """E1, E2, …: the error of each output."""
        return _numbered("E", len(self.targets))

    def unit_names(self, depth: int) -> list[str]:
        """The pre-activations of a layer: h1, h2, …"""
        return _numbered(self.layers[depth].symbol, self.layers[depth].size)

    def activation_names(self, depth: int) -> list[str]:
        """The activations of a layer: a_h1, a_h2, …"""
        return [f"a_{unit}" for unit in self.unit_names(depth)]

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

    @cached_property
    def biases(self) -> tuple[Bias, ...]:
        """Every bias, b1 first: one a unit, or one a layer; then `more_biases`."""
        found: list[Bias] = []
        for depth, layer in enumerate(self.layers):
            units = self.unit_names(depth)
            shared = len(layer.biases) == 1
            for k, start in enumerate(layer.biases):
                targets = tuple(units) if shared else (units[k],)
                found.append(Bias(f"b{len(found) + 1}", targets, depth, start, not layer.fixed_biases))
        return (*found, *self.more_biases)

    @cached_property
    def learned(self) -> tuple[str, ...]:
        """What the update changes, in the order of the columns: a layer's weights, then its biases."""
        found: list[str] = []
        for depth in range(len(self.layers)):
            found += [weight.name for weight in self.weights_by_layer[depth]]
            found += [bias.name for bias in self.biases if bias.layer == depth and bias.learned]
        return tuple(found)

    @property
    def is_plain(self) -> bool:
        """Whether it is of the exercise's kind, which the BP_ functions take: inputs-hidden-outputs, sigmoid, no
        biases, half squared error, plain gradient descent."""
        plain = all(layer.activation == "sigmoid" for layer in self.layers) and not self.biases
        how = self.loss, self.optimizer, self.decay
        return plain and len(self.layers) == 2 and how == ("half-squared", "sgd", 0.0)

    @property
    def weight_count(self) -> int:
        """How many weights there are."""
        return sum(layer.matrix.size for layer in self.layers)

    def weight(self, variable: str) -> Weight:
        """The weight of that name. Raises KeyError."""
        return {weight.name: weight for weight in self.weights}[variable]

    @cached_property
    def weights_by_layer(self) -> list[list[Weight]]:
        """Each layer's weights, unit by unit."""
        found: list[list[Weight]] = [[] for _ in self.layers]
        for weight in self.weights:
            found[weight.layer].append(weight)
        return found

    def incoming(self, depth: int, unit: int) -> list[Weight]:
        """The weights into a unit, its first input's first."""
        inputs = self.sizes[depth]
        return self.weights_by_layer[depth][unit * inputs : (unit + 1) * inputs]

    def outgoing(self, depth: int, unit: int) -> list[Weight]:
        """The weights from a unit of a hidden layer, the next layer's first unit's first."""
        return self.weights_by_layer[depth + 1][unit :: self.layers[depth].size]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The iteration table's columns from left to right."""
        return table_columns(self)

    @property
    def column_count(self) -> int:
        """How many columns there are, without making them."""
        fixed = sum(not bias.learned for bias in self.biases)
        learned = self.weight_count + len(self.biases) - fixed
        return count_columns(self.sizes, self.layers[-1].activation, learned, fixed, self.optimizer)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names from left to right: iteration, t1, … grad_w8."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def delta_columns(self) -> tuple[str, ...]:
        """The units whose ∂E/∂h has a column of its own, the last layer's first; see `depths_with_deltas`."""
        depths = depths_with_deltas(self.sizes, self.layers[-1].activation)
        return tuple(unit for depth in depths for unit in self.unit_names(depth))

    def error_through(self, depth: int, unit: int) -> list[Expr]:
        """What reaches an activation from each unit of the next layer: ∂E/∂o1·w5, ∂E/∂o2·w7, …"""
        return [self.delta(depth + 1, weight.row) * name(weight.name) for weight in self.outgoing(depth, unit)]

    def delta(self, depth: int, unit: int) -> Expr:
        """∂E_total/∂(pre-activation) of one unit, by the chain rule from the output back."""
        known = self.unit_names(depth)[unit]
        return name(f"grad_{known}") if known in self.delta_columns else self._adjoints[known]

    def gradient(self, learned: str) -> Expr:
        """∂E_total by a weight or a bias."""
        return self._adjoints[learned]

    def reaching(self, variable: str) -> Expr:
        """∂E_total by a unit's activation or pre-activation."""
        return self._adjoints[variable]

    def place(self, unit: str) -> tuple[int, int]:
        """A unit's layer and its place in it, from 0: o1 of 2-2-2 is (1, 0)."""
        return self._places[unit]

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        depths = range(len(self.layers))
        return {unit: (depth, row) for depth in depths for row, unit in enumerate(self.unit_names(depth))}

    @property
    def errors_add_up(self) -> bool:
        """Whether E_total is E1 + E2 + …, so that each output changes its own error only."""
        return LOSSES[self.loss].whole is total

    def slope(self, unit: str) -> Expr | None:
        """∂(activation)/∂(pre-activation), None where the activation depends on the whole layer (softmax)."""
        return self._slopes[unit]

    @cached_property
    def _slopes(self) -> dict[str, Expr | None]:
        named, found = columns_of(self._forward), {}
        for unit, (depth, _) in self._places.items():
            whole = self.layers[depth].activation in OF_A_WHOLE_LAYER
            found[unit] = None if whole else in_columns(derivative(self._forward[f"a_{unit}"], unit), named)
        return found

    @cached_property
    def _forward(self) -> dict[str, Expr]:
        """The formulas from the units of the first layer to E_total."""
        return {column.name: column.formula for column in forward_columns(self)}

    @cached_property
    def _adjoints(self) -> dict[str, Expr]:
        return adjoints(self._forward, "E_total", self.delta_columns)


START_TARGET = 0.5


def start_inputs(count: int) -> list[float]:
    """0.05, 0.1, …"""
    return [round(0.05 * k, 2) for k in range(1, count + 1)]


def start_weights(count: int) -> list[float]:
    """Numbers evenly from 0.15 to 0.55."""
    return np.linspace(0.15, 0.55, count).round(4).tolist()


def layer_symbols(layers: int) -> list[str]:
    """How the units of each layer are called: h and o; with more hidden layers h1_, h2_, … and o."""
    hidden = ["h"] if layers == 2 else [f"h{k}_" for k in range(1, layers)]
    return [*hidden, "o"]


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
