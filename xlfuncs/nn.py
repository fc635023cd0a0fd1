"""The functions behind =NN_GRAD(…) and its family: the same as the BP_ functions for any network. Raise CellValueError.

`network` is one line of text, see `xlfuncs.spec`; `weights` all weights and biases in one row or column, in the order
of the table's columns. Inputs and targets may have a row a sample. Help, arguments and their defaults stand in
`xlfuncs.function_table`.
"""
# ruff: noqa: D103 (the table holds their help)

from __future__ import annotations

from typing import Any

import numpy as np

from xlfuncs import explain, limits
from xlfuncs.answers import of_table
from xlfuncs.errors import CellValueError
from xlfuncs.functions import GO_ON, SMALLER_NETWORK
from xlfuncs.network import Network
from xlfuncs.ranges import as_count, as_flag, as_learned, as_rows, as_scalar, as_text, as_vector
from xlfuncs.spec import Spec
from xlfuncs.training import Training


@of_table
def NN_FORWARD(inputs, weights, network):
    spec = _spec(network)
    samples = _samples("inputs", inputs, spec.sizes[0], "inputs")
    targets = np.zeros((len(samples), spec.sizes[-1]))
    return _first_rows(_training(spec, samples, targets, weights), "hidden", "output")


@of_table
def NN_LOSS(inputs, targets, weights, network):
    return _first_rows(_of_ranges(inputs, targets, weights, network), "error")


@of_table
def NN_GRAD(inputs, targets, weights, network, weight):
    training = _of_ranges(inputs, targets, weights, network)
    found = training.mean_gradients()[None, :]
    return found if weight is None else found[:, [as_learned(weight, list(training.network.learned))]]


@of_table
def NN_UPDATE(inputs, targets, weights, network, learning_rate, iterations):
    training = _of_ranges(inputs, targets, weights, network)
    count = as_count("iterations", iterations, limits.MAX_ROWS)
    refuse_long(training.network, count, training.batch, written=False)
    return training.weights_after(as_scalar("learning_rate", learning_rate), count)[None, :]


@of_table
def NN_TABLE(inputs, targets, weights, network, learning_rate, iterations, header):
    training = _of_ranges(inputs, targets, weights, network)
    rate = as_scalar("learning_rate", learning_rate)
    with_header = as_flag("header", header)
    count = as_count("iterations", iterations, limits.MAX_ROWS)
    limits.refuse_wide(training.network.column_count, SMALLER_NETWORK)
    limits.refuse_tall(count * training.batch + with_header, "ask for fewer iterations")
    refuse_long(training.network, count, training.batch)
    rows = training.table(rate, count)
    return [[column.label for column in training.network.columns], *rows.tolist()] if with_header else rows


@of_table
def NN_GRADCHECK(inputs, targets, weights, network):
    training = _of_ranges(inputs, targets, weights, network)
    work = len(training.inputs) * training.network.column_count * limits.ANY_SHIFTED
    at_most = max(1, int(limits.most(1.0) / work))
    limits.refuse_over("The network has {} weights", len(training.network.learned), at_most, SMALLER_NETWORK)
    return [[training.difference()]]


@of_table
def NN_EXPLAIN(inputs, targets, weights, network, weight):
    training = _of_ranges(inputs, targets, weights, network)
    learned = training.network.learned[as_learned(weight, list(training.network.learned))]
    first = Training(training.network, training.inputs[:1], training.targets[:1])
    row = dict(zip(training.network.column_names, first.table(0.0, 1)[0].tolist(), strict=True))
    return explain.lines(training.network, learned, row)


def _of_ranges(inputs: Any, targets: Any, weights: Any, network: Any) -> Training:
    spec = _spec(network)
    samples = _samples("inputs", inputs, spec.sizes[0], "inputs")
    wanted = _samples("targets", targets, spec.sizes[-1], "outputs")
    if len(samples) != len(wanted):
        raise CellValueError(
            f"inputs has {len(samples):,} samples (rows) and targets {len(wanted):,}; each sample needs both."
        )
    return _training(spec, samples, wanted, weights)


def _spec(network: Any) -> Spec:
    spec = Spec.parse(as_text("network", network, "2-3-2 tanh"))
    at_most = limits.most(limits.ANY_WEIGHT)
    limits.refuse_over("The network has {} weights", spec.weight_count, at_most, SMALLER_NETWORK)
    return spec


def _training(spec: Spec, samples: np.ndarray, targets: np.ndarray, weights: Any) -> Training:
    network: Network = spec.network(samples[0], targets[0], as_vector("weights", weights).tolist())
    return Training(network, samples, targets, spec.batch)


def _samples(argument: str, cells: Any, width: int, of: str) -> np.ndarray:
    """A row a sample, shape (samples, width); one sample may be a column."""
    rows = as_rows(argument, cells)
    if rows.shape[1] == width:
        return rows
    if rows.shape == (width, 1):
        return rows.T
    raise CellValueError(
        f"{argument} is {rows.shape[0]:,} x {rows.shape[1]:,} cells; the network has {width:,} {of}: give {width:,} "
        f"columns, a row a sample."
    )


def _first_rows(training: Training, *groups: str) -> np.ndarray:
    """The columns of these groups for every sample, before any learning."""
    places = [k for k, column in enumerate(training.network.columns) if column.group in groups]
    limits.refuse_wide(len(places), SMALLER_NETWORK)
    whole = Training(training.network, training.inputs, training.targets)
    return whole.table(0.0, 1)[:, places]


def refuse_long(network: Network, iterations: int, batch: int = 1, written: bool = True) -> None:
    """Raise LimitError for a training that would hold Excel up. `written`: its table is the result."""
    a_cell = limits.ANY_VALUE + (limits.WRITE if written else 0.0)
    an_iteration = network.column_count * (limits.ANY_STEP + batch * a_cell)
    at_most = limits.most(an_iteration, already=len(network.learned) * limits.ANY_WEIGHT)
    limits.refuse_over("iterations is {}", iterations, at_most, GO_ON)
