"""What is known of an iteration table, a frozen value a stage: `Found` in the sheet, then `Recognised` as a network.

Each is made once by one function and never changed; the next stage is a new value (`grown`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from workbook.check.meaning.evaluate import value_or_nan
from workbook.check.read.book import Cell, Place, Sheet
from workbook.check.read.formula import Node, Template
from workbook.parts.references import a1
from xlfuncs.expected_table import Blueprint

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Array = np.ndarray
Stage = TypeVar("Stage")


def _nothing() -> Mapping:
    return MappingProxyType({})


def grown(kind: type[Stage], value: DataclassInstance, **known: object) -> Stage:
    """A value of the next stage, or of the same with something else: all fields of `value`, and what is known now."""
    return kind(**{each.name: getattr(value, each.name) for each in fields(value)} | known)


@dataclass(frozen=True, eq=False)
class Found:
    """An iteration table where it stands. Rows and columns are the sheet's, from 1; `last` is `first - 1` without data.

    `values` are each column's stored numbers (rows,), not-a-number where there is none.
    """

    sheet: Sheet
    header: int
    columns: Mapping[str, int]
    first: int
    last: int
    blueprint: Blueprint
    values: Mapping[str, Array]

    @cached_property
    def variables(self) -> Mapping[int, str]:
        """The variable of each column."""
        return MappingProxyType({column: variable for variable, column in self.columns.items()})

    @property
    def rows(self) -> range:
        """The data rows."""
        return range(self.first, self.last + 1)

    def cell(self, variable: str, row: int) -> Cell | None:
        """The variable's cell in that row."""
        return self.sheet.cell(row, self.columns[variable])

    def filled(self, variable: str, row: int) -> Cell:
        """The variable's cell in that row, where it is known to hold something."""
        cell = self.cell(variable, row)
        assert cell is not None, (variable, row)
        return cell

    @cached_property
    def computed(self) -> tuple[str, ...]:
        """The columns that hold results: everything but inputs, targets and the iteration."""
        given = self.blueprint.constants | {"iteration"}
        return tuple(v for v in self.blueprint.formulas if v in self.columns and v not in given)

    @property
    def range(self) -> str:
        """The table's cells with its header: A27:AF112."""
        left, right = min(self.columns.values()), max(self.columns.values())
        return f"{a1(self.header, left)}:{a1(max(self.last, self.header), right)}"


@dataclass(frozen=True, eq=False)
class Recognised(Found):
    """A table with all that its formulas refer to: the network and its wiring (`blueprint`), the learning rate with the
    cell or column that holds it, and the cells elsewhere that stand for variables, with their numbers."""

    rate: float | None = None
    rate_cell: Place | None = None
    rate_column: int | None = None
    aliases: Mapping[Place, str] = field(default_factory=_nothing)
    alias_values: Mapping[str, float] = field(default_factory=_nothing)

    @cached_property
    def start(self) -> Mapping[str, float]:
        """Inputs, targets and start weights, those of which a number is known."""
        known = {name: self._first_value(name) for name in self.blueprint.given}
        return MappingProxyType({name: value for name, value in known.items() if value is not None})

    @property
    def unknown_start(self) -> list[str]:
        """The inputs, targets and start weights of which no number is known."""
        return [name for name in self.blueprint.given if name not in self.start]

    @cached_property
    def expected(self) -> Mapping[str, Array] | None:
        """The right values of every variable, (rows,); None where start values or learning rate are unknown."""
        if self.rate is None or self.unknown_start:
            return None
        columns = self.blueprint.simulate(dict(self.start), self.rate, len(self.rows))
        for numbers in columns.values():
            numbers.setflags(write=False)
        return MappingProxyType(columns)

    def _first_value(self, name: str) -> float | None:
        """The first row's number, else the parameter's; in a file that was never calculated, what its formula gives."""
        cell = self.cell(name, self.first) if name in self.columns else None
        value = cell.value if cell is not None else None
        if not isinstance(value, float):
            formula = cell.formula if cell is not None else None
            value = self._calculated(formula, name) if formula is not None else np.nan
        return self.alias_values.get(name) if np.isnan(value) else value

    def _calculated(self, formula: Template, name: str) -> float:
        def number(node: Node) -> float | None:
            if node.kind != "ref" or node.ref.sheet is not None:
                return None
            other = self.sheet.cell(*node.ref.at(self.first, self.columns[name]))
            return other.value if other is not None and isinstance(other.value, float) else None

        return float(value_or_nan(formula.tree, number))
