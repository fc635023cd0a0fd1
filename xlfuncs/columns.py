"""From a network to the columns of its iteration table: what stands in each, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlfuncs.activations import ACTIVATIONS, LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.expression import Expr, label, name, number, previous, product, total
from xlfuncs.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from xlfuncs.layers import Bias
    from xlfuncs.network import Network

MANY_OUTPUTS = 4  # of a softmax layer: from here on their ∂E_total/∂o stand in columns


@dataclass(frozen=True)
class Column:
    """One column of the iteration table.

    `group` is iteration, target, input, weight, bias, hidden, output, error, delta, gradient or state. `start` is the
    value in the first row, None where the formula holds there too.
    """

    name: str
    group: str
    formula: Expr
    start: float | None = None

    @property
    def label(self) -> str:
        """The header text, such as a_h1 or ∂E/∂w5."""
        return label(self.name)


def table_columns(network: Network) -> tuple[Column, ...]:
    """All columns from left to right."""
    columns = [Column("iteration", "iteration", previous("iteration") + number(1), start=1.0)]
    columns += _constants("target", network.target_names, network.targets)
    columns += _constants("input", network.input_names, network.inputs)
    for depth in range(len(network.layers)):
        columns += [_learned(network, w.name, "weight", w.start) for w in network.weights_by_layer[depth]]
        columns += [_bias(network, bias) for bias in network.biases if bias.layer == depth]
        columns += _unit_columns(network, depth)
    columns += _error_columns(network)
    columns += [Column(f"grad_{unit}", "delta", network.reaching(unit)) for unit in network.delta_columns]
    columns += [Column(f"grad_{learned}", "gradient", network.gradient(learned)) for learned in network.learned]
    for learned in network.learned:
        states = OPTIMIZERS[network.optimizer].columns(learned, _last_gradient(network, learned))
        columns += [Column(state, "state", formula, start=0.0) for state, formula in states.items()]
    return tuple(columns)


def forward_columns(network: Network) -> list[Column]:
    """The columns from the units of the first layer to E_total."""
    units = [column for depth in range(len(network.layers)) for column in _unit_columns(network, depth)]
    return [*units, *_error_columns(network)]


def count_columns(sizes: Sequence[int], activation: str, learned: int, fixed: int, optimizer: str) -> int:
    """How many columns a network of these sizes has, with so many learned and so many fixed weights and biases.

    `activation` is that of the outputs.
    """
    units, outputs = sum(sizes[1:]), sizes[-1]
    deltas = sum(sizes[depth + 1] for depth in depths_with_deltas(sizes, activation))
    states = len(OPTIMIZERS[optimizer].columns("w1", number(0)))
    return 1 + sizes[0] + outputs + 2 * units + outputs + 1 + deltas + fixed + (2 + states) * learned


def depths_with_deltas(sizes: Sequence[int], activation: str) -> list[int]:
    """The layers whose ∂E_total/∂(sum) have columns of their own, the last first; `activation` is the outputs'.

    With two layers there are none, as in the exercise: each gradient is one whole formula. With more, formulas that
    repeat each other would outgrow a cell; so would softmax's, where each output changes every error.
    """
    layers = len(sizes) - 1
    if layers > 2:
        return list(range(layers - 1, -1, -1))
    return [layers - 1] if activation in OF_A_WHOLE_LAYER and sizes[-1] >= MANY_OUTPUTS else []


def _constants(group: str, names: list[str], values: tuple[float, ...]) -> list[Column]:
    return [Column(n, group, previous(n), start=value) for n, value in zip(names, values, strict=True)]


def _last_gradient(network: Network, learned: str) -> Expr:
    gradient = previous(f"grad_{learned}")
    return gradient + number(network.decay) * previous(learned) if network.decay else gradient


def _learned(network: Network, learned: str, group: str, start: float) -> Column:
    updated = OPTIMIZERS[network.optimizer].updated(learned, _last_gradient(network, learned))
    return Column(learned, group, updated, start=start)


def _bias(network: Network, bias: Bias) -> Column:
    if bias.learned:
        return _learned(network, bias.name, "bias", bias.start)
    return Column(bias.name, "bias", previous(bias.name), bias.start)


def _unit_columns(network: Network, depth: int) -> list[Column]:
    group = "output" if depth == len(network.layers) - 1 else "hidden"
    units = [name(unit) for unit in network.unit_names(depth)]
    columns = []
    for row, unit in enumerate(network.unit_names(depth)):
        terms = [product([name(w.name), name(w.source)]) for w in network.incoming(depth, row)]
        terms += [name(bias.name) for bias in network.biases if unit in bias.targets]
        activation = ACTIVATIONS[network.layers[depth].activation](units[row], units)
        columns += [Column(unit, group, total(terms)), Column(f"a_{unit}", group, activation)]
    return columns


def _error_columns(network: Network) -> list[Column]:
    loss = LOSSES[network.loss]
    pairs = zip(network.error_names, network.target_names, network.activation_names(-1), strict=True)
    columns = [Column(e, "error", loss.each(name(t), name(a))) for e, t, a in pairs]
    return [*columns, Column("E_total", "error", loss.whole([name(e) for e in network.error_names]))]
