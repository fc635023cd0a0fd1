"""The functions behind =BP_GRAD(…) and its family: ranges in, rows of cells out. Raise GradsheetError.

A docstring is the help that Excel's function dialog shows (255 characters at most), what `takes` says the help of
each argument. Every range may be rows of raw cells, an array, a list or one bare value. `xlfuncs.excel` is what makes
them functions of a sheet.
"""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from xlfuncs import explain, limits, maths
from xlfuncs.audit import audit_values
from xlfuncs.errors import GradsheetError
from xlfuncs.network import ITERATIONS
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

Cells = list[list[Any]]

NETWORK = {
    "inputs": "The inputs i1, i2, …: one row or one column",
    "targets": "The targets t1, t2, …: one row or one column",
    "weights_hidden": "Weights into the hidden units: w1, w2, … in one row or column, or a matrix with a row a unit",
    "weights_output": "Weights into the output units: w5, w6, … in one row or column, or a matrix with a row a unit",
}
INPUTS_AND_WEIGHTS = {name: text for name, text in NETWORK.items() if name != "targets"}
LEARNING_RATE = "The learning rate ɳ, one number"
SMALLER_RANGE, SMALLER_NETWORK = "give it a smaller range", "use a smaller network"
ITERATION_COUNT = f"How many iterations (rows); {ITERATIONS} if left out"


def takes(**argument_help: str) -> Callable[[Callable[..., Sequence[Sequence[Any]]]], Callable[..., Cells]]:
    """A function of a sheet with the help of its arguments: its rows as lists, of numbers that a cell can hold."""

    def decorate(function: Callable[..., Sequence[Sequence[Any]]]) -> Callable[..., Cells]:
        @wraps(function)
        def answer(*args: Any, **kwargs: Any) -> Cells:
            try:
                with np.errstate(all="ignore"):
                    return _cells(function(*args, **kwargs))
            except MemoryError as error:
                raise GradsheetError("This machine's memory is too small for that; give smaller ranges.") from error

        answer.argument_help = argument_help
        return answer

    return decorate


def _cells(rows: np.ndarray | Sequence[Sequence[Any]]) -> Cells:
    numbers = rows if isinstance(rows, np.ndarray) else [x for row in rows for x in row if isinstance(x, float)]
    if not np.isfinite(numbers).all():
        raise GradsheetError("The result is too large for a cell; use smaller numbers.")
    return rows.tolist() if isinstance(rows, np.ndarray) else [list(row) for row in rows]


@takes(x="A number or a range of numbers")
def BP_SIGMOID(x):
    """The sigmoid 1/(1+e^-x) of a number or of every cell of a range, in the range's shape. Never overflows."""
    numbers = as_rows("x", x)
    at_most = limits.most(limits.READ + limits.EXPONENTIAL + limits.WRITE)
    limits.refuse_over("x has {} cells", numbers.size, at_most, SMALLER_RANGE)
    return maths.sigmoid(numbers)


@takes(**INPUTS_AND_WEIGHTS)
def BP_FORWARD(inputs, weights_hidden, weights_output):
    """The forward pass as one row in the table's order: h1, a_h1, h2, a_h2, …, o1, a_o1, o2, a_o2, …"""
    network = as_network(inputs, None, weights_hidden, weights_output)
    limits.refuse_wide(2 * sum(network.sizes[1:]), SMALLER_NETWORK)
    layers = maths.forward(np.array(network.inputs), network.matrices)
    return np.concatenate([np.stack(layer, axis=-1).ravel() for layer in layers])[None, :]


@takes(targets=NETWORK["targets"], outputs="The outputs a_o1, a_o2, …: one row or one column")
def BP_ERROR(targets, outputs):
    """Half the squared error of each output and their sum, as one row: E1, E2, …, E_total."""
    t, a = as_vector("targets", targets), as_vector("outputs", outputs)
    if len(t) != len(a):
        raise GradsheetError(f"outputs has {len(a)} and targets {len(t)} numbers; they must be as many.")
    limits.refuse_wide(len(t) + 1, "give fewer of them")
    error = maths.errors(t, a)
    return np.append(error, maths.ordered_sum(error, axis=0))[None, :]


@takes(**NETWORK, weight="Only this weight's gradient: 5 or w5; all of them if left out")
def BP_GRAD(inputs, targets, weights_hidden, weights_output, weight=None):
    """The gradients dE_total/dw by the chain rule, as one row in the order w1, w2, …; or the one asked for."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    chosen = None if left_out(weight) else as_weight(weight, network)
    if chosen is None:
        limits.refuse_wide(network.weight_count, "ask for one weight's gradient, or use a smaller network")
    found = maths.gradients(np.array(network.inputs), np.array(network.targets), network.matrices)
    row = np.concatenate([gradient.ravel() for gradient in found])[None, :]
    return row if chosen is None else row[:, [chosen]]


@takes(
    weights="The weights, in any shape",
    gradients="Their gradients, as many and in the same order",
    learning_rate=LEARNING_RATE,
)
def BP_UPDATE(weights, gradients, learning_rate):
    """The weights after one step of gradient descent, w - learning_rate*gradient, in the shape of the weights."""
    w, g = as_rows("weights", weights), as_rows("gradients", gradients)
    if w.size != g.size:
        raise GradsheetError(f"gradients has {g.size} and weights {w.size} numbers; they must be as many.")
    at_most = limits.most(2 * limits.READ + limits.WRITE)
    limits.refuse_over("weights has {} cells", w.size, at_most, SMALLER_RANGE)
    return maths.update(w, g.reshape(w.shape), as_scalar("learning_rate", learning_rate))


@takes(
    **NETWORK,
    learning_rate=LEARNING_RATE,
    iterations=ITERATION_COUNT,
    header="TRUE for a first row with the columns' names (the default), FALSE for numbers only",
)
def BP_TABLE(inputs, targets, weights_hidden, weights_output, learning_rate, iterations=ITERATIONS, header=True):
    """The whole training table, a row an iteration: targets, inputs, weights, forward pass, errors, gradients."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    rate = as_scalar("learning_rate", learning_rate)
    with_header = left_out(header) or as_flag("header", header)
    count = ITERATIONS if left_out(iterations) else as_count("iterations", iterations, limits.MAX_ROWS - with_header)
    columns = network.column_count
    limits.refuse_wide(columns, SMALLER_NETWORK)
    an_iteration = columns * (limits.ANY_STEP + limits.WRITE)
    at_most = limits.most(an_iteration, already=network.weight_count * limits.a_weight(network.sizes[-1]))
    limits.refuse_over("iterations is {}", count, at_most, "ask for fewer, and go on from the last row's weights")
    rows = maths.table(network, rate, count).tolist()
    return [[column.label for column in network.columns], *rows] if with_header else rows


@takes(**NETWORK, learning_rates="The learning rates to compare: one row or one column", iterations=ITERATION_COUNT)
def BP_SWEEP(inputs, targets, weights_hidden, weights_output, learning_rates, iterations=ITERATIONS):
    """E_total by iteration for many learning rates: a row an iteration, a column a learning rate."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    rates = as_vector("learning_rates", learning_rates)
    count = ITERATIONS if left_out(iterations) else as_count("iterations", iterations)
    limits.refuse_wide(len(rates), "compare fewer learning rates")
    an_iteration = limits.STEP + len(rates) * (network.column_count * limits.VALUE + limits.WRITE)
    at_most = limits.most(an_iteration)
    limits.refuse_over("iterations is {}", count, at_most, "ask for fewer, or compare fewer learning rates")
    return maths.sweep(network, rates, count)


@takes(**NETWORK)
def BP_GRADCHECK(inputs, targets, weights_hidden, weights_output):
    """The largest difference between the chain rule's gradients and central finite differences; below 1E-9 is right."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    at_most = math.isqrt(limits.most(2 * limits.SHIFTED))  # every weight is shifted, and each time all are used
    limits.refuse_over("The network has {} weights", network.weight_count, at_most, SMALLER_NETWORK)
    return [[maths.gradient_check(network)]]


@takes(**NETWORK, weight="The weight to explain: 1 or w1")
def BP_EXPLAIN(inputs, targets, weights_hidden, weights_output, weight):
    """Why a gradient is what it is: the chain rule line by line, in three columns (symbol, formula, number)."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    at_most = limits.most(limits.a_weight(network.sizes[-1]))
    limits.refuse_over("The network has {} weights", network.weight_count, at_most, SMALLER_NETWORK)
    chosen = network.weights[as_weight(weight, network)]
    row = dict(zip(network.column_names, maths.table(network, 0.0, 1)[0].tolist(), strict=True))
    return explain.lines(network, chosen.name, row)


@takes(
    table="The whole training table with its header row (w1, h1, a_h1, E_total, …)",
    learning_rate="The learning rate ɳ; if left out, the one that the weights show",
)
def BP_CHECK(table, learning_rate=None):
    """What is wrong in a table of backpropagation values: a row a finding, or "right". Rows count from the header."""
    header, rows = as_table("table", table)
    rate = None if left_out(learning_rate) else as_scalar("learning_rate", learning_rate)
    return [[finding.message] for finding in audit_values(header, rows, rate)] or [["right"]]


@takes(pixels="28 rows by 28 columns of pixels, 0 (paper) to 255 (ink); blank is 0")
def MNIST_PREDICT(pixels):
    """What the best trained network sees, as one row: digit, ten probabilities (0 to 9), the data it was trained on."""
    rows = as_rows("pixels", _blank_is_paper(pixels))
    try:
        from trainer.names import INSTALL
        from trainer.predict import predict  # loads torch, which takes a second or two: only when it is asked for
    except ImportError as error:
        raise GradsheetError(f"The package {error.name} is missing; run {INSTALL}.") from error
    found = predict(rows)
    return [[float(found.digit), *found.probabilities, found.data_label]]


def _blank_is_paper(cells):
    """The range with 0 in its blank cells."""
    if not isinstance(cells, list | tuple):
        return 0.0 if left_out(cells) else cells
    return [_blank_is_paper(cell) for cell in cells]
