"""The functions that Excel calls: =BP_GRAD(…) and its family.

A docstring is the help that Excel's function dialog shows (255 characters at most), an argument's `doc` the help of
that argument. Every range arrives as rows of raw cells, so that blanks, texts and errors get a sentence in the cell
and not Python's own message; the decorator forms used here mean the same under classic xlwings and xlwings Server.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import xlwings as xw

from xlfuncs import explain, maths
from xlfuncs.audit import audit_values
from xlfuncs.errors import GradsheetError
from xlfuncs.network import ITERATIONS
from xlfuncs.ranges import (
    MAX_ROWS,
    as_count,
    as_flag,
    as_network,
    as_rows,
    as_scalar,
    as_table,
    as_vector,
    as_weight,
)

INPUTS = {"ndim": 2, "err_to_str": True, "doc": "The inputs i1, i2, …: one row or one column"}
TARGETS = {"ndim": 2, "err_to_str": True, "doc": "The targets t1, t2, …: one row or one column"}
WEIGHTS_HIDDEN = {
    "ndim": 2,
    "err_to_str": True,
    "doc": "Weights into the hidden units: w1, w2, … in one row or column, or a matrix with a row a unit",
}
WEIGHTS_OUTPUT = {
    "ndim": 2,
    "err_to_str": True,
    "doc": "Weights into the output units: w5, w6, … in one row or column, or a matrix with a row a unit",
}
LEARNING_RATE = {"err_to_str": True, "doc": "The learning rate ɳ, one number"}
ITERATION_COUNT = {"err_to_str": True, "doc": f"How many iterations (rows); {ITERATIONS} if left out"}

Cells = list[list[Any]] | str


def _arg(name: str, **options: Any) -> Callable[[Callable], Callable]:
    """xlwings' own decorator, which forgets the help text outside Windows; the macro workbook needs it there too."""

    def decorate(function: Callable) -> Callable:
        function.argument_help = {name: options["doc"], **getattr(function, "argument_help", {})}
        return xw.arg(name, **options)(function)

    return decorate


def _in_cell(function: Callable[..., Cells]) -> Callable[..., Cells]:
    """Turn a GradsheetError into the cell's text, and numbers that no cell can hold into a sentence."""

    @wraps(function)
    def answer(*args: Any) -> Cells:
        try:
            with np.errstate(all="ignore"):
                rows = function(*args)
            if any(isinstance(x, float) and not np.isfinite(x) for row in rows for x in row):
                raise GradsheetError("The result is too large for a cell; use smaller numbers.")
            return rows
        except GradsheetError as error:
            return str(error)

    return answer


@xw.func
@_arg("x", ndim=2, err_to_str=True, doc="A number or a range of numbers")
@_in_cell
def BP_SIGMOID(x):
    """The sigmoid 1/(1+e^-x) of a number or of every cell of a range, in the range's shape. Never overflows."""
    return maths.sigmoid(as_rows("x", x)).tolist()


@xw.func
@_arg("inputs", **INPUTS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_in_cell
def BP_FORWARD(inputs, weights_hidden, weights_output):
    """The forward pass as one row in the table's order: h1, a_h1, h2, a_h2, …, o1, a_o1, o2, a_o2, …"""
    network = as_network(inputs, None, weights_hidden, weights_output)
    layers = maths.forward(np.array(network.inputs), [layer.matrix for layer in network.layers])
    return [np.concatenate([np.stack(layer, axis=-1).ravel() for layer in layers]).tolist()]


@xw.func
@_arg("targets", **TARGETS)
@_arg("outputs", ndim=2, err_to_str=True, doc="The outputs a_o1, a_o2, …: one row or one column")
@_in_cell
def BP_ERROR(targets, outputs):
    """Half the squared error of each output and their sum, as one row: E1, E2, …, E_total."""
    t, a = as_vector("targets", targets), as_vector("outputs", outputs)
    if len(t) != len(a):
        raise GradsheetError(f"outputs has {len(a)} and targets {len(t)} numbers; they must be as many.")
    error = maths.errors(t, a)
    return [[*error.tolist(), float(maths.ordered_sum(error, axis=0))]]


@xw.func
@_arg("inputs", **INPUTS)
@_arg("targets", **TARGETS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_arg("weight", doc="Only this weight's gradient: 5 or w5; all of them if left out")
@_in_cell
def BP_GRAD(inputs, targets, weights_hidden, weights_output, weight=None):
    """The gradients dE_total/dw by the chain rule, as one row in the order w1, w2, …; or the one asked for."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    found = _gradients(network)
    if weight in (None, ""):
        return [found]
    return [[found[as_weight(weight, network)]]]


@xw.func
@_arg("weights", ndim=2, err_to_str=True, doc="The weights, in any shape")
@_arg("gradients", ndim=2, err_to_str=True, doc="Their gradients, as many and in the same order")
@_arg("learning_rate", **LEARNING_RATE)
@_in_cell
def BP_UPDATE(weights, gradients, learning_rate):
    """The weights after one step of gradient descent, w - learning_rate*gradient, in the shape of the weights."""
    w, g = as_rows("weights", weights), as_rows("gradients", gradients)
    if w.size != g.size:
        raise GradsheetError(f"gradients has {g.size} and weights {w.size} numbers; they must be as many.")
    return maths.update(w, g.reshape(w.shape), as_scalar("learning_rate", learning_rate)).tolist()


@xw.func
@_arg("inputs", **INPUTS)
@_arg("targets", **TARGETS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_arg("learning_rate", **LEARNING_RATE)
@_arg("iterations", **ITERATION_COUNT)
@_arg("header", doc="TRUE for a first row with the columns' names (the default), FALSE for numbers only")
@_in_cell
def BP_TABLE(inputs, targets, weights_hidden, weights_output, learning_rate, iterations=ITERATIONS, header=True):
    """The whole training table, a row an iteration: targets, inputs, weights, forward pass, errors, gradients."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    with_header = as_flag("header", True if header is None else header)
    count = as_count("iterations", ITERATIONS if iterations is None else iterations, MAX_ROWS - with_header)
    rows = maths.table(network, as_scalar("learning_rate", learning_rate), count).tolist()
    return [[column.label for column in network.columns], *rows] if with_header else rows


@xw.func
@_arg("inputs", **INPUTS)
@_arg("targets", **TARGETS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_arg("learning_rates", ndim=2, err_to_str=True, doc="The learning rates to compare: one row or one column")
@_arg("iterations", **ITERATION_COUNT)
@_in_cell
def BP_SWEEP(inputs, targets, weights_hidden, weights_output, learning_rates, iterations=ITERATIONS):
    """E_total by iteration for many learning rates: a row an iteration, a column a learning rate."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    count = as_count("iterations", ITERATIONS if iterations is None else iterations)
    return maths.sweep(network, as_vector("learning_rates", learning_rates), count).tolist()


@xw.func
@_arg("inputs", **INPUTS)
@_arg("targets", **TARGETS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_in_cell
def BP_GRADCHECK(inputs, targets, weights_hidden, weights_output):
    """The largest difference between the chain rule's gradients and central finite differences; below 1E-9 is right."""
    return [[maths.gradient_check(as_network(inputs, targets, weights_hidden, weights_output))]]


@xw.func
@_arg("inputs", **INPUTS)
@_arg("targets", **TARGETS)
@_arg("weights_hidden", **WEIGHTS_HIDDEN)
@_arg("weights_output", **WEIGHTS_OUTPUT)
@_arg("weight", doc="The weight to explain: 1 or w1")
@_in_cell
def BP_EXPLAIN(inputs, targets, weights_hidden, weights_output, weight):
    """Why a gradient is what it is: the chain rule line by line, in three columns (symbol, formula, number)."""
    network = as_network(inputs, targets, weights_hidden, weights_output)
    chosen = network.weights[as_weight(weight, network)]
    row = dict(zip(network.column_names, maths.table(network, 0.0, 1)[0].tolist(), strict=True))
    return [list(line) for line in explain.lines(network, chosen, row)]


@xw.func
@_arg("table", ndim=2, err_to_str=True, doc="The whole training table with its header row (w1, h1, a_h1, E_total, …)")
@_arg("learning_rate", err_to_str=True, doc="The learning rate ɳ; if left out, the one that the weights show")
@_in_cell
def BP_CHECK(table, learning_rate=None):
    """What is wrong in a table of backpropagation values: a row a finding, or "right". Rows count from the header."""
    header, rows = as_table("table", table)
    rate = None if learning_rate in (None, "") else as_scalar("learning_rate", learning_rate)
    return [[finding.message] for finding in audit_values(header, rows, rate)] or [["right"]]


@xw.func
@_arg("pixels", ndim=2, err_to_str=True, doc="28 rows by 28 columns of pixels, 0 (paper) to 255 (ink); blank is 0")
@_in_cell
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
        return 0.0 if cells in (None, "") else cells
    return [_blank_is_paper(cell) for cell in cells]


def _gradients(network) -> list[float]:
    weights = [layer.matrix for layer in network.layers]
    found = maths.gradients(np.array(network.inputs), np.array(network.targets), weights)
    return np.concatenate([g.ravel() for g in found]).tolist()
