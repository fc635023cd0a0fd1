"""Any network trained in numbers: the columns of its table, a row a sample, a block of rows an iteration.

With one sample, or `batch` 1, a block is one row and a table is what a sheet shows: each row takes the next sample.
With larger batches the rows of a block share their weights, which then change by the mean of the block's gradients.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import add
from typing import Any

import numpy as np

from xlfuncs.compiled import Program
from xlfuncs.network import Network

Array = np.ndarray


class Training:
    """A network with its samples: `inputs` of shape (samples, inputs), `targets` of shape (samples, outputs)."""

    def __init__(self, network: Network, inputs: Array, targets: Array, batch: int = 0):
        """Compile the network's columns; `batch` samples an iteration, 0 for all of them."""
        self.network, self.inputs, self.targets = network, inputs, targets
        self.batch = min(batch or len(inputs), len(inputs))
        self._names = [*network.input_names, *network.target_names]
        self._start = {column.name: column.start for column in network.columns if column.start is not None}
        formulas = {column.name: column.formula for column in network.columns}
        self._program = Program(formulas, self._start, given=self._names)
        self._gradients = [k for k, column in enumerate(network.columns) if column.group == "gradient"]

    def table(self, learning_rate: float, iterations: int) -> Array:
        """All blocks of rows under one another, shape (iterations·batch, columns)."""
        return self._run(self._blocks, learning_rate, iterations)

    def _blocks(self, rows: Iterator[tuple], iterations: int) -> Array:
        width = self.network.column_count
        if self.batch == 1:
            return np.fromiter(chain.from_iterable(rows), float, iterations * width).reshape(iterations, width)
        blocks = np.empty((iterations, self.batch, width))
        for block, row in zip(blocks, rows, strict=True):
            for k, value in enumerate(row):
                block[:, k] = value
        return blocks.reshape(iterations * self.batch, width)

    def _run(self, take: Callable[[Iterator[tuple], int], Any], learning_rate: float, iterations: int) -> Any:
        """What `take` makes of so many iterations' values, each a tuple in the order of the columns: floats, or arrays
        over the block."""
        with np.errstate(all="ignore"):
            try:
                return take(self._steps(self._start, learning_rate, iterations), iterations)
            except (ZeroDivisionError, OverflowError):
                # Floats raise where arrays become infinite, and those are ten times slower.
                start = {name: np.array([value]) for name, value in self._start.items()}
                rows = self._steps(start, np.array([learning_rate]), iterations)
                return take(map(_floats, rows) if self.batch == 1 else rows, iterations)

    def _steps(self, start: dict[str, Any], learning_rate: Any, iterations: int) -> Iterator[tuple]:
        row = self._program.first(start | self._samples(0), learning_rate)
        yield row
        for step in range(1, iterations):
            row = self._program.next(self._carried(row), self._samples(step), learning_rate)
            yield row

    def mean_gradients(self) -> Array:
        """∂E_total/∂w as the mean over all samples, in the order of `network.learned`, shape (weights,)."""
        whole = Training(self.network, self.inputs, self.targets)
        row = whole._carried(whole._run(_last, 0.0, 1))
        return np.array(_floats(row[k] for k in self._gradients))

    def weights_after(self, learning_rate: float, iterations: int) -> Array:
        """Weights and biases, in the order of the columns, after so many steps."""
        row = self._run(_last, learning_rate, iterations + 1)
        places = [k for k, column in enumerate(self.network.columns) if column.group in ("weight", "bias")]
        return np.array(_floats(row[k] for k in places))

    def difference(self, step: float = 1e-5) -> float:
        """The largest absolute difference between the gradients and central finite differences of the mean E_total."""
        learned = list(self.network.learned)
        at = np.array([self._start[name] for name in learned])
        shifts = step * np.eye(len(learned))
        total = [column.name for column in self.network.columns].index("E_total")
        mean = np.zeros(2 * len(learned))
        with np.errstate(all="ignore"):
            for k in range(len(self.inputs)):
                shifted = dict(zip(learned, np.concatenate([at + shifts, at - shifts]).T, strict=True))
                sample = {name: float(value) for name, value in zip(self._names, self._sample(k), strict=True)}
                mean += self._program.first(self._start | shifted | sample, 0.0)[total] / len(self.inputs)
            above, below = np.split(mean, 2)
            return float(np.abs((above - below) / (2 * step) - self.mean_gradients()).max())

    def _sample(self, k: int) -> list[float]:
        return [*self.inputs[k].tolist(), *self.targets[k].tolist()]

    def _samples(self, step: int) -> dict[str, Any]:
        """The block's inputs and targets: floats for one sample, else an array each."""
        which = [(step * self.batch + k) % len(self.inputs) for k in range(self.batch)]
        if self.batch == 1:
            return dict(zip(self._names, self._sample(which[0]), strict=True))
        return dict(zip(self._names, np.hstack([self.inputs[which], self.targets[which]]).T, strict=True))

    def _carried(self, row: tuple) -> tuple:
        """What the next row sees of this one: of the gradients, their mean over the block."""
        if self.batch == 1:
            return row
        carried = list(row)
        for k in self._gradients:
            values = np.broadcast_to(row[k], self.batch).tolist()
            carried[k] = reduce(add, values) / self.batch
        return tuple(carried)


def _last(rows: Iterator[tuple], iterations: int) -> tuple:
    return deque(rows, maxlen=1).pop()


def _floats(row: Iterable[Any]) -> list[float]:
    return [np.asarray(value).item() for value in row]


def tables(network: Network, learning_rates: Sequence[float], iterations: int) -> Array:
    """The tables of many learning rates for the network's own inputs, shape (learning rates, iterations, columns).

    Row k holds the weights after k updates, their forward pass and gradients; all weights are updated at once from the
    row before.
    """
    training = Training(network, np.array([network.inputs]), np.array([network.targets]))
    return np.stack([training.table(float(rate), iterations) for rate in learning_rates])


def table(network: Network, learning_rate: float, iterations: int) -> Array:
    """The table of one learning rate, shape (iterations, columns)."""
    return tables(network, [learning_rate], iterations)[0]
