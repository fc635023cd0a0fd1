"""Backpropagation on float64 arrays: forward, error, gradients by the chain rule, update, the iteration table.

Every function takes leading batch axes (…), so that many learning rates run at once. Nothing overflows.
Weights are a list of matrices, a layer each, shape (…, units, inputs of the layer).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from xlfuncs.logistic import sigmoid
from xlfuncs.network import Network

Array = np.ndarray
_SHIFTED_AT_ONCE = 500_000  # weights in memory at once for finite differences: 4 MB an array


def forward(inputs: Array, weights: Sequence[Array]) -> list[tuple[Array, Array]]:
    """Each layer's pre-activations and activations, both (…, units), first hidden layer first."""
    layers = []
    activation = np.asarray(inputs, dtype=float)
    for matrix in weights:
        net = ordered_sum(matrix * activation[..., None, :], axis=-1)
        activation = sigmoid(net)
        layers.append((net, activation))
    return layers


def ordered_sum(terms: Array, axis: int) -> Array:
    """The sum from the first term to the last, as a sheet's w1*i1+w2*i2+… adds them up.

    numpy's own sum and its matrix product add in another order, and so round differently.
    """
    return terms.cumsum(axis=axis).take(-1, axis=axis)


def errors(targets: Array, outputs: Array) -> Array:
    """Half the squared error of each output, ½(t - a)², shape (…, outputs). E_total is their sum."""
    return 0.5 * (np.asarray(targets, dtype=float) - outputs) ** 2


def gradients(inputs: Array, targets: Array, weights: Sequence[Array]) -> list[Array]:
    """∂E_total/∂w for every weight by the chain rule, in the shapes of `weights`."""
    inputs = np.asarray(inputs, dtype=float)
    activations = [inputs, *(activation for _, activation in forward(inputs, weights))]
    return backward(activations, targets, weights)


def backward(activations: Sequence[Array], targets: Array, weights: Sequence[Array]) -> list[Array]:
    """The gradients from activations that are already known; `activations` starts with the inputs."""
    output = activations[-1]
    reaching = output - targets  # ∂E_total/∂a of the layer at hand
    found: list[Array] = []
    for depth in range(len(weights) - 1, -1, -1):
        activation = activations[depth + 1]
        delta = reaching * activation * (1.0 - activation)  # ∂E_total/∂(pre-activation)
        found.insert(0, delta[..., :, None] * activations[depth][..., None, :])
        reaching = ordered_sum(delta[..., :, None] * weights[depth], axis=-2)
    return found


def update(weights: Array, gradient: Array, learning_rate: Array | float) -> Array:
    """One step of gradient descent, w - ɳ·∂E/∂w."""
    return weights - learning_rate * gradient


def tables(network: Network, learning_rates: Sequence[float], iterations: int) -> Array:
    """The iteration tables of many learning rates at once, shape (learning rates, iterations, columns).

    The columns are `network.columns`. Row k holds the weights after k updates, their forward pass and gradients; all
    weights are updated at once from the row before.
    """
    table = np.empty((len(learning_rates), iterations, network.column_count))
    for step, (inputs, targets, weights, layers, gradient) in enumerate(_train(network, learning_rates, iterations)):
        table[:, step, 0] = step + 1
        parts = [targets, inputs]
        for matrix, (net, activation) in zip(weights, layers, strict=True):
            parts += [matrix, _alternating(net, activation)]  # w1 … w4, then h1, a_h1, h2, a_h2
        error = errors(targets, layers[-1][1])
        parts += [error, ordered_sum(error, axis=-1), *gradient]
        rows = [part.reshape(len(table), -1) for part in parts]
        np.concatenate(rows, axis=-1, out=table[:, step, 1:])
    return table


def _train(network: Network, learning_rates: Sequence[float], iterations: int) -> Iterator[tuple]:
    """Iteration by iteration what a row shows: inputs, targets, weights, layers, gradients, for each learning rate."""
    rates = np.asarray(learning_rates, dtype=float)
    batch = (len(rates),)
    inputs = np.broadcast_to(np.array(network.inputs), (*batch, len(network.inputs)))
    targets = np.broadcast_to(np.array(network.targets), (*batch, len(network.targets)))
    weights = [np.broadcast_to(matrix, (*batch, *matrix.shape)) for matrix in network.matrices]
    for _ in range(iterations):
        layers = forward(inputs, weights)
        activations = [inputs, *(activation for _, activation in layers)]
        gradient = backward(activations, targets, weights)
        yield inputs, targets, weights, layers, gradient
        weights = [update(w, g, rates[:, None, None]) for w, g in zip(weights, gradient, strict=True)]


def _alternating(first: Array, second: Array) -> Array:
    both = np.empty((*first.shape, 2))
    both[..., 0], both[..., 1] = first, second
    return both


def table(network: Network, learning_rate: float, iterations: int) -> Array:
    """The iteration table of one learning rate, shape (iterations, columns)."""
    return tables(network, [learning_rate], iterations)[0]


def sweep(network: Network, learning_rates: Sequence[float], iterations: int) -> Array:
    """E_total by iteration, a column a learning rate, shape (iterations, learning rates)."""
    totals = np.empty((iterations, len(learning_rates)))
    for step, (_, targets, _, layers, _) in enumerate(_train(network, learning_rates, iterations)):
        totals[step] = ordered_sum(errors(targets, layers[-1][1]), axis=-1)
    return totals


def finite_differences(network: Network, step: float = 1e-5) -> list[Array]:
    """∂E_total/∂w by central differences, (E(w + step) - E(w - step)) / 2·step; good to about 1e-10."""
    flat = np.concatenate([matrix.ravel() for matrix in network.matrices])
    inputs, targets = np.array(network.inputs), np.array(network.targets)
    found = np.empty(flat.size)
    at_once = max(1, _SHIFTED_AT_ONCE // flat.size)
    for first in range(0, flat.size, at_once):
        shifts = np.zeros((min(at_once, flat.size - first), flat.size))
        np.fill_diagonal(shifts[:, first:], step)
        shifted = np.stack([flat + shifts, flat - shifts])  # (2, shifted weights, weights)
        outputs = forward(inputs, _split(shifted, network))[-1][1]
        total = errors(targets, outputs).sum(axis=-1)
        found[first : first + len(shifts)] = (total[0] - total[1]) / (2.0 * step)
    return _split(found, network)


def _split(flat: Array, network: Network) -> list[Array]:
    """Flat weights (…, all weights) as a matrix a layer."""
    found, at = [], 0
    for layer in network.layers:
        count = layer.matrix.size
        found.append(flat[..., at : at + count].reshape(*flat.shape[:-1], *layer.matrix.shape))
        at += count
    return found


def gradient_check(network: Network, step: float = 1e-5) -> float:
    """The largest absolute difference between the chain rule's gradients and finite differences."""
    by_chain_rule = gradients(np.array(network.inputs), np.array(network.targets), network.matrices)
    by_differences = finite_differences(network, step)
    return max(float(np.abs(a - b).max()) for a, b in zip(by_chain_rule, by_differences, strict=True))
