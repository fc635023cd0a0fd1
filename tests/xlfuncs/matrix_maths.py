"""The exercise's backpropagation written out in numpy matrices, as it was before formulas were compiled: an oracle.

Nothing of it is ours but the network's numbers. Sums run from the first term to the last, as in a sheet.
"""

import math

import numpy as np


def sigma(x):
    """1/(1+e^-x) with the C library's exponential; below -700 that is e^x to every digit."""
    return np.array([math.exp(v) if v < -700 else 1 / (1 + math.exp(-v)) for v in x.ravel().tolist()]).reshape(x.shape)


def in_turn(terms, axis):
    """The sum from the first term to the last."""
    return terms.cumsum(axis=axis).take(-1, axis=axis)


def row(inputs, targets, first, second):
    """One iteration of inputs-hidden-outputs: the parts of a row, and the gradients."""
    h = in_turn(first * inputs, 1)
    a = sigma(h)
    o = in_turn(second * a, 1)
    y = sigma(o)
    error = 0.5 * (targets - y) ** 2
    delta_o = (y - targets) * y * (1 - y)
    delta_h = in_turn(delta_o[:, None] * second, 0) * a * (1 - a)
    gradients = delta_h[:, None] * inputs, delta_o[:, None] * a
    units = np.stack([h, a], axis=1).ravel(), np.stack([o, y], axis=1).ravel()
    return units, error, gradients


def table(network, learning_rate, iterations):
    """The iteration table in the order of its columns, shape (iterations, columns)."""
    inputs, targets = np.array(network.inputs), np.array(network.targets)
    first, second = (np.array(layer.weights) for layer in network.layers)
    rows = []
    for step in range(iterations):
        (hidden, outputs), error, gradients = row(inputs, targets, first, second)
        parts = [step + 1, targets, inputs, first, hidden, second, outputs, error, in_turn(error, 0), *gradients]
        rows.append(np.concatenate([np.ravel(part) for part in parts]))
        first, second = first - learning_rate * gradients[0], second - learning_rate * gradients[1]
    return np.array(rows)
