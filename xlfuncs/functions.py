"""The functions behind =BP_GRAD(…) and its family: ranges in, rows of cells out. Raise GradsheetError.

Help, arguments and their defaults stand in `xlfuncs.function_table`. Every range may be rows of raw cells, an array,
a list or one bare value.
"""
# ruff: noqa: D103 (the table holds their help)

import math

import numpy as np

from xlfuncs import explain, limits, maths
from xlfuncs.answers import of_table
from xlfuncs.audit import audit_values
from xlfuncs.errors import CellValueError, MissingPackageError
from xlfuncs.network import Network
from xlfuncs.ranges import (
    as_count,
    as_flag,
    as_network,
    as_rows,
    as_scalar,
    as_table,
    as_vector,
    as_weight,
    left_out,
)

GO_ON = "ask for fewer, and go on from the last row's weights"
SMALLER_RANGE, SMALLER_NETWORK = "give it a smaller range", "use a smaller network"


@of_table
def BP_SIGMOID(x):
    numbers = as_rows("x", x)
    at_most = limits.most(limits.READ + limits.EXPONENTIAL + limits.WRITE)
    limits.refuse_over("x has {} cells", numbers.size, at_most, SMALLER_RANGE)
    return maths.sigmoid(numbers)


@of_table
def BP_FORWARD(inputs, weights_hidden, weights_output):
    network = as_network(inputs, None, weights_hidden, weights_output)
    limits.refuse_wide(2 * sum(network.sizes[1:]), SMALLER_NETWORK)
    layers = maths.forward(np.array(network.inputs), network.matrices)
    return np.concatenate([np.stack(layer, axis=-1).ravel() for layer in layers])[None, :]


@of_table
def BP_ERROR(targets, outputs):
    t, a = as_vector("targets", targets), as_vector("outputs", outputs)
    if len(t) != len(a):
        raise CellValueError(f"outputs has {len(a)} and targets {len(t)} numbers; they must be as many.")
    limits.refuse_wide(len(t) + 1, "give fewer of them")
    error = maths.errors(t, a)
    return np.append(error, maths.ordered_sum(error, axis=0))[None, :]


@of_table
def BP_GRAD(inputs, targets, weights_hidden, weights_output, weight):
    network = as_network(inputs, targets, weights_hidden, weights_output)
    chosen = None if weight is None else as_weight(weight, network)
    if chosen is None:
        limits.refuse_wide(network.weight_count, "ask for one weight's gradient, or use a smaller network")
    found = maths.gradients(np.array(network.inputs), np.array(network.targets), network.matrices)
    row = np.concatenate([gradient.ravel() for gradient in found])[None, :]
    return row if chosen is None else row[:, [chosen]]


@of_table
def BP_UPDATE(weights, gradients, learning_rate):
    w, g = as_rows("weights", weights), as_rows("gradients", gradients)
    if w.size != g.size:
        raise CellValueError(f"gradients has {g.size} and weights {w.size} numbers; they must be as many.")
    at_most = limits.most(2 * limits.READ + limits.WRITE)
    limits.refuse_over("weights has {} cells", w.size, at_most, SMALLER_RANGE)
    return maths.update(w, g.reshape(w.shape), as_scalar("learning_rate", learning_rate))


@of_table
def BP_TABLE(inputs, targets, weights_hidden, weights_output, learning_rate, iterations, header):
    network = as_network(inputs, targets, weights_hidden, weights_output)
    rate = as_scalar("learning_rate", learning_rate)
    with_header = as_flag("header", header)
    count = as_count("iterations", iterations, limits.MAX_ROWS - with_header)
    refuse_long(network, count)
    rows = maths.table(network, rate, count).tolist()
    return [[column.label for column in network.columns], *rows] if with_header else rows


def refuse_long(network: Network, iterations: int) -> None:
    """Raise LimitError for a table that BP_TABLE doesn't compute at a time, or that no sheet holds."""
    columns = network.column_count
    limits.refuse_wide(columns, SMALLER_NETWORK)
    an_iteration = columns * (limits.ANY_STEP + limits.WRITE)
    at_most = limits.most(an_iteration, already=network.weight_count * limits.a_weight(network.sizes[-1]))
    limits.refuse_over("iterations is {}", iterations, at_most, GO_ON)


@of_table
def BP_SWEEP(inputs, targets, weights_hidden, weights_output, learning_rates, iterations):
    network = as_network(inputs, targets, weights_hidden, weights_output)
    rates = as_vector("learning_rates", learning_rates)
    count = as_count("iterations", iterations)
    limits.refuse_wide(len(rates), "compare fewer learning rates")
    an_iteration = limits.STEP + len(rates) * (network.column_count * limits.VALUE + limits.WRITE)
    at_most = limits.most(an_iteration)
    limits.refuse_over("iterations is {}", count, at_most, "ask for fewer, or compare fewer learning rates")
    return maths.sweep(network, rates.tolist(), count)


@of_table
def BP_GRADCHECK(inputs, targets, weights_hidden, weights_output):
    network = as_network(inputs, targets, weights_hidden, weights_output)
    at_most = math.isqrt(limits.most(2 * limits.SHIFTED))  # every weight is shifted, and each time all are used
    limits.refuse_over("The network has {} weights", network.weight_count, at_most, SMALLER_NETWORK)
    return [[maths.gradient_check(network)]]


@of_table
def BP_EXPLAIN(inputs, targets, weights_hidden, weights_output, weight):
    network = as_network(inputs, targets, weights_hidden, weights_output)
    at_most = limits.most(limits.a_weight(network.sizes[-1]))
    limits.refuse_over("The network has {} weights", network.weight_count, at_most, SMALLER_NETWORK)
    chosen = network.weights[as_weight(weight, network)]
    row = dict(zip(network.column_names, maths.table(network, 0.0, 1)[0].tolist(), strict=True))
    return explain.lines(network, chosen.name, row)


@of_table
def BP_CHECK(table, learning_rate):
    header, rows = as_table("table", table)
    rate = None if learning_rate is None else as_scalar("learning_rate", learning_rate)
    return [[finding.message] for finding in audit_values(header, rows, rate)] or [["right"]]


@of_table
def MNIST_PREDICT(pixels):
    rows = as_rows("pixels", _blank_is_paper(pixels))
    try:
        from trainer.predict import predict  # loads torch, which takes a second or two: only when it is asked for
    except ImportError as error:
        raise MissingPackageError.of(error.name, "MNIST_PREDICT") from error
    found = predict(rows)
    return [[float(found.digit), *found.probabilities, found.data_label]]


def _blank_is_paper(cells):
    """The range with 0 in its blank cells."""
    if not isinstance(cells, list | tuple):
        return 0.0 if left_out(cells) else cells
    return [_blank_is_paper(cell) for cell in cells]
