"""How the rows of a table follow one another where there are several samples.

Online (a batch of 1) an iteration is one row, with the next sample in turn. With larger batches it is a block of rows
that share their weights, and below them a row with their means: the next block's weights follow from the row above
them, as they do where there is one sample.
"""

from dataclasses import dataclass
from functools import reduce
from math import ceil
from operator import add

import numpy as np

from xlfuncs.columns import Column
from xlfuncs.expression import number

SAMPLE = Column("Sample", "iteration", number(1), start=1.0)
"""The column that says which sample a row has."""


@dataclass(frozen=True)
class Blocks:
    """`samples` taken in turn, `batch` of them in each iteration: one sample, unless said otherwise."""

    samples: int = 1
    batch: int = 1

    @property
    def several(self) -> bool:
        """Whether there is more than one sample."""
        return self.samples > 1

    @property
    def has_mean(self) -> bool:
        """Whether a row with the means closes each iteration."""
        return self.batch > 1

    @property
    def height(self) -> int:
        """Rows an iteration."""
        return self.batch + self.has_mean

    @property
    def turn(self) -> int:
        """Iterations until each sample was taken."""
        return ceil(self.samples / self.batch)

    @property
    def error(self) -> str:
        """What `curve` shows, in words."""
        if not self.several:
            return "Total Error (E_total)"
        return "Mean E_total" if self.turn == 1 else f"Mean E_total of the last {self.turn} iterations"

    def order(self, iterations: int) -> np.ndarray:
        """Which sample each row has, from 1, shape (iterations·batch,)."""
        return np.arange(iterations * self.batch) % self.samples + 1

    def means(self, values: np.ndarray) -> np.ndarray:
        """The mean over each block, added up from its first row: (iterations·batch, …) to (iterations, …)."""
        blocks = values.reshape(-1, self.batch, *values.shape[1:])
        return reduce(add, (blocks[:, k] for k in range(self.batch))) / self.batch

    def over_a_turn(self, means: np.ndarray) -> np.ndarray:
        """Of each iteration the mean over the last `turn` ones, at first over those so far."""
        values = means.tolist()
        last = (values[max(0, k + 1 - self.turn) : k + 1] for k in range(len(values)))
        return np.array([sum(some) / len(some) for some in last])

    def curve(self, e_total: np.ndarray) -> np.ndarray:
        """What a chart shows of E_total by row, shape (iterations·batch,): the mean over the samples by iteration."""
        if not self.several:
            return e_total
        means = self.means(e_total)
        return means if self.turn == 1 else self.over_a_turn(means)

    def __str__(self) -> str:
        """4 samples, all of them in each iteration."""
        each = {1: "one in turn", self.samples: "all of them"}.get(self.batch, f"{self.batch} in turn")
        return f"{self.samples:,} samples, {each} in each iteration"


ONE = Blocks()
"""One sample: each iteration is a row."""
