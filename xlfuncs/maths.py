"""Backpropagation on float64 arrays: forward, errors, gradients by the chain rule, update, many learning rates at once.

For networks of the exercise's kind (`Network.is_plain`) in leading batch axes (…): hundreds of weights, shifted weights
or learning rates in one array, which a row of formulas would take one by one. Only the sums over units are written
here; σ, its derivative, E and the update are compiled from the formulas that the columns have. Nothing overflows.
Weights are a list of matrices, a layer each, shape (…, units, inputs of the layer).
"""

from collections.abc import Sequence

import numpy as np

from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.compiled import positional
from xlfuncs.derivative import derivative, in_columns, times
from xlfuncs.expression import name
from xlfuncs.logistic import sigmoid
from xlfuncs.network import Network
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.training import table, tables

__all__ = [
    "backward",
    "errors",
    "finite_differences",
    "forward",
    "gradient_check",
    "gradients",
    "ordered_sum",
    "sigmoid",
    "sweep",
    "table",
    "tables",
    "update",
]

Array = np.ndarray
_SHIFTED_AT_ONCE = 500_000  # weights in memory at once for finite differences: 4 MB an array

_UNIT, _ACTIVATION = name("unit"), name("activation")
_SIGMA = ACTIVATIONS["sigmoid"](_UNIT, [_UNIT])
_SLOPE = in_columns(derivative(_SIGMA, "unit"), {_SIGMA: _ACTIVATION})
_ERROR = LOSSES["half-squared"].each(name("target"), _ACTIVATION)

_activated = positional(_SIGMA, "unit")
_error = positional(_ERROR, "target", "activation")
_error_slope = positional(derivative(_ERROR, "activation"), "target", "activation")
_delta = positional(times(name("reaching"), _SLOPE), "reaching", "activation")
_updated = positional(OPTIMIZERS["sgd"].updated("weight", name("gradient")), "weight", "gradient", "learning_rate")


def forward(inputs: Array, weights: Sequence[Array]) -> list[tuple[Array, Array]]:
    """Each layer's pre-activations and activations, both (…, units), first hidden layer first."""
    layers = []
    activation = np.asarray(inputs, dtype=float)
    for matrix in weights:
        net = ordered_sum(matrix * activation[..., None, :], axis=-1)
        activation = _activated(net)
        layers.append((net, activation))
    return layers


def ordered_sum(terms: Array, axis: int) -> Array:
    """The sum from the first term to the last, as a sheet's w1*i1+w2*i2+… adds them up.

    numpy's own sum and its matrix product add in another order, and so round differently.
    """
    return terms.cumsum(axis=axis).take(-1, axis=axis)


def errors(targets: Array, outputs: Array) -> Array:
    """Half the squared error of each output, ½(t - a)², shape (…, outputs). E_total is their sum."""
    return _error(np.asarray(targets, dtype=float), outputs)


def gradients(inputs: Array, targets: Array, weights: Sequence[Array]) -> list[Array]:
    """∂E_total/∂w for every weight by the chain rule, in the shapes of `weights`."""
    inputs = np.asarray(inputs, dtype=float)
    activations = [inputs, *(activation for _, activation in forward(inputs, weights))]
    return backward(activations, targets, weights)


def backward(activations: Sequence[Array], targets: Array, weights: Sequence[Array]) -> list[Array]:
    """The gradients from activations that are already known; `activations` starts with the inputs."""
    reaching = _error_slope(targets, activations[-1])  # ∂E_total/∂a of the layer at hand
    found: list[Array] = []
    for depth in range(len(weights) - 1, -1, -1):
        delta = _delta(reaching, activations[depth + 1])  # ∂E_total/∂(pre-activation)
        found.insert(0, delta[..., :, None] * activations[depth][..., None, :])
        if depth:
            reaching = ordered_sum(delta[..., :, None] * weights[depth], axis=-2)
    return found


def update(weights: Array, gradient: Array, learning_rate: Array | float) -> Array:
    """One step of gradient descent, w - ɳ·∂E/∂w."""
    return _updated(weights, gradient, learning_rate)


def sweep(network: Network, learning_rates: Sequence[float], iterations: int) -> Array:
    """E_total by iteration, a column a learning rate, shape (iterations, learning rates)."""
    rates = np.asarray(learning_rates, dtype=float)
    inputs, targets = np.array(network.inputs), np.array(network.targets)
    weights = [np.broadcast_to(matrix, (len(rates), *matrix.shape)) for matrix in network.matrices]
    totals = np.empty((iterations, len(rates)))
    for step in range(iterations):
        activations = [inputs, *(activation for _, activation in forward(inputs, weights))]
        totals[step] = ordered_sum(errors(targets, activations[-1]), axis=-1)
        gradient = backward(activations, targets, weights)
        weights = [update(w, g, rates[:, None, None]) for w, g in zip(weights, gradient, strict=True)]
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
