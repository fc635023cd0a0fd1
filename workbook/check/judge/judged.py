"""What judging gives: the cells with a wrong formula as they were copied, and why. Frozen values, each made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from workbook.check.judge.classify import Diagnosis
from workbook.check.meaning.stages import Recognised
from workbook.check.read.formula import Node, Template

Cells = tuple[tuple[str, int], ...]
"""Cells of a table by variable and row."""


@dataclass(frozen=True)
class Group:
    """Cells of one variable with one wrong formula, as it was copied down: their rows and what each calculates."""

    variable: str
    template: Template
    rows: tuple[int, ...]
    meanings: tuple[Node, ...]

    @property
    def meaning(self) -> Node:
        """What most of its cells calculate."""
        return Counter(self.meanings).most_common(1)[0][0]


@dataclass(frozen=True)
class Slip(Group):
    """A group with the reason why its formula is wrong; `circular` where a cell waits for its own result besides."""

    diagnosis: Diagnosis
    circular: bool


@dataclass(frozen=True)
class Reading:
    """A table judged as the network of its blueprint.

    `meanings` has the formula meanings by variable and row; `typed` and `missing` the rows of numbers and of empty
    cells where formulas belong; `unknown` the cells of each function that Excel doesn't know; `unjudged` those that
    couldn't be judged, by their reason; `literal_rates` how many updates have each learning rate as a number.
    """

    table: Recognised
    wrong: tuple[Group, ...]
    typed: Mapping[str, tuple[int, ...]]
    missing: Mapping[str, tuple[int, ...]]
    unknown: Mapping[str, Cells]
    unjudged: Mapping[str, Cells]
    literal_rates: Mapping[float, int]
    meanings: Mapping[tuple[str, int], Node]
    empty_columns: tuple[str, ...]

    @property
    def wrong_cells(self) -> int:
        """Number of cells with a wrong formula."""
        return sum(len(group.rows) for group in self.wrong)

    @property
    def values_only(self) -> bool:
        """Whether it holds typed values: no formula but those of inputs and targets."""
        return all(variable in self.table.blueprint.constants for variable, _ in self.meanings)

    @property
    def written_rate(self) -> float | None:
        """The learning rate that most updates have as a number, None where none has."""
        return max(self.literal_rates, key=self.literal_rates.__getitem__, default=None)


@dataclass(frozen=True)
class Judged(Reading):
    """The reading that the table is judged by. `slips` are its wrong groups, explained; `network` says why the whole
    network isn't judged, None where it is."""

    slips: tuple[Slip, ...]
    network: str | None
