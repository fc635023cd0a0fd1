"""Checking a table of values, without its formulas: each number against the one that follows from its neighbours.

A table that was typed or pasted shows rounded numbers. A number is wrong if it differs from the right formula of the
numbers beside it and above it by more than their rounding can explain.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from xlfuncs import labels, limits
from xlfuncs.compiled import Function, function
from xlfuncs.errors import GradsheetError
from xlfuncs.expected_table import Blueprint, blueprint_of, shared
from xlfuncs.expression import Expr, label, leaves, renamed
from xlfuncs.rounding import all_short, rounding

Array = np.ndarray
_SMALLEST = np.finfo(float).tiny  # Excel has no smaller number than 2.2E-308: it shows 0 for one
_NEAR = 100  # times the rounding: what is worth a closer look
_CLEAR_STEP = 4  # roundings that a weight must move by to be seen moving
_TRIES = 500  # at finding the exchanged variable, a table: the hint isn't worth more
_NUMBERS_AT_ONCE = 200_000
_CLEAR = 3  # wrong numbers from which a slip can be told from chance


@dataclass(frozen=True)
class ValueFinding:
    """Wrong values of one column, or rows that don't change: `rows` count from 0, `value` and `expected` are those of
    the first."""

    kind: str
    variable: str
    rows: tuple[int, ...]
    value: float
    expected: float
    message: str
    slip: tuple[str, str] | None = None  # the variable that was used, and the one that belongs there


def audit_values(header: list[str], rows: Array, learning_rate: float | None = None) -> list[ValueFinding]:
    """What is wrong in a table of values; [] where all is right.

    `header` are the labels (any spelling, extra columns are ignored), `rows` the numbers, shape (rows, columns), NaN
    for empty cells. Without `learning_rate` it is the median of (w_k − w_k+1)/∂E/∂w_k. Raises GradsheetError where the
    header is none of this exercise, or the table takes too long to check.
    """
    columns: dict[str, int] = {}
    for at, text in enumerate(header):
        variable = labels.variable(str(text))
        if variable is not None:
            columns.setdefault(variable, at)
    blueprint = blueprint_of(columns)
    if blueprint is None:
        raise GradsheetError(
            "The first row is not the header of a backpropagation table; "
            "give a range that starts with labels such as t1, i1, w1, h1, a_h1, o1, E_total, ∂E/∂w1."
        )
    rows = np.asarray(rows, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(header):
        raise GradsheetError("The table needs as many columns of numbers as it has labels.")
    at_most = limits.most_audited_rows(len(columns), blueprint.sizes[-1])
    limits.refuse_over("table has {} rows", len(rows), at_most, "check fewer rows")
    values = {variable: rows[:, at] for variable, at in columns.items()}
    return audit_columns(shared(blueprint), values, learning_rate)


def audit_columns(blueprint: Blueprint, values: dict[str, Array], learning_rate: float | None) -> list[ValueFinding]:
    """As `audit_values`, for columns whose variables are known: each an array (rows,)."""
    values = {v: column for v, column in values.items() if v in blueprint.formulas}
    count = len(next(iter(values.values()), []))
    if count == 0:
        return []
    rate = estimate_rate(blueprint, values) if learning_rate is None else learning_rate
    units = {variable: rounding(column) for variable, column in values.items()}
    frozen = _frozen_rows(blueprint, values, units, rate)
    shown = _Shown.of(values, units, rate, blueprint.constants)
    filled = np.mean([np.isfinite(column) for column in values.values()], axis=0) > 0.5
    found = []
    if frozen:
        row = frozen[0]
        moved = f"from row {row + 1} on" if frozen == list(range(row, count)) else f"in {len(frozen)} rows"
        message = f"The weights stop changing {moved} although their gradients are not 0: the rows are copies."
        found.append(ValueFinding("frozen rows", blueprint.learned[0], tuple(frozen), np.nan, np.nan, message))
    tries = iter(range(_TRIES))
    for variable, formula in blueprint.formulas.items():
        if variable not in values or variable == "iteration" or not np.isfinite(values[variable]).any():
            continue
        expected, allowed = _expected(variable, formula, shown)
        if expected is None:
            continue
        wrong = ~(np.abs(values[variable] - expected) <= allowed) & np.isfinite(expected) & filled
        if variable in blueprint.learned or variable in blueprint.constants:
            wrong[0] = False
        if variable in blueprint.learned:
            wrong[frozen] = False
        rows = tuple(int(row) for row in np.flatnonzero(wrong))
        if rows:
            slip = _slip(variable, formula, rows, shown, allowed, tries)
            found.append(_finding(variable, rows, values[variable], expected, blueprint, slip))
    return found


@dataclass(frozen=True)
class _Shown:
    """The numbers as they are shown, by variable, and how far rounding may have taken each from the calculated one.

    `before` and `unit_before` are those of the row above. `largest` is each column's largest number.
    """

    now: dict[str, Array]
    before: dict[str, Array]
    unit: dict[str, Array]
    unit_before: dict[str, Array]
    largest: dict[str, float]
    rate: float | None

    @classmethod
    def of(
        cls, values: dict[str, Array], units: dict[str, Array], rate: float | None, chosen: frozenset[str]
    ) -> _Shown:
        """From the shown numbers; a column of `chosen` numbers (targets, inputs) that are short was not rounded."""
        coarsest = max((unit.max(initial=0.0) for unit in units.values()), default=0.0)
        short = {v for v, unit in units.items() if v not in chosen and not unit.any() and all_short(values[v])}
        units = {v: np.full_like(unit, coarsest) if v in short else unit for v, unit in units.items()}
        largest = {v: float(np.nanmax(np.abs(column), initial=0.0)) for v, column in values.items()}
        if rate is not None:
            values = values | {"learning_rate": np.full(len(next(iter(values.values()))), rate)}
        before = {v: np.concatenate([[np.nan], column[:-1]]) for v, column in values.items()}
        unit_before = {v: np.concatenate([[0.0], unit[:-1]]) for v, unit in units.items()}
        return cls(values, before, units, unit_before, largest, rate)

    def at(self, rows: list[int], names: Collection[str]) -> _Shown:
        """Some of the rows of some variables."""
        columns = (self.now, self.before, self.unit, self.unit_before)
        parts = ({v: part[v][rows] for v in names if v in part} for part in columns)
        return _Shown(*parts, self.largest, self.rate)


def _slip(
    variable: str, formula: Expr, rows: tuple[int, ...], shown: _Shown, allowed: Array, tries: Iterator[int]
) -> tuple[str, str] | None:
    """The one exchanged variable that explains every wrong number (what was used, what belongs), None if none does."""
    if len(rows) < _CLEAR or next(tries, None) is None:
        return None
    first = list(rows[:_CLEAR])
    few, near = shown.at(first, _names(formula) | {variable}), _NEAR * allowed[first]
    value = function(formula)
    families: dict[str, list[str]] = {}
    for other in shown.unit:
        families.setdefault(_family(other), []).append(other)
    for name in sorted(_names(formula) - {"learning_rate", variable}):
        kin = dict.fromkeys([_family(name), name.removeprefix("a_")[:1]])  # a_h2, and h2 itself
        others = [other for family in kin for other in families.get(family, []) if other != name]
        if not others:
            continue
        if next(tries, None) is None:
            return None
        now = few.now | {name: np.array([shown.now[other][first] for other in others])}
        before = few.before | {name: np.array([shown.before[other][first] for other in others])}
        with np.errstate(all="ignore"):
            off = np.abs(few.now[variable] - value(now, before))
        for k in np.flatnonzero(np.all(np.broadcast_to(off, (len(others), _CLEAR)) <= near, axis=1)):
            exchanged = renamed(formula, {name: others[k]})
            if next(tries, None) is None:
                return None
            if _explains(variable, exchanged, shown.at(list(rows), _names(exchanged) | {variable})):
                return others[k], name
    return None


def _family(variable: str) -> str:
    return variable.rstrip("0123456789")


def _explains(variable: str, formula: Expr, shown: _Shown) -> bool:
    """Whether the formula gives every number of the variable."""
    expected, allowed = _expected(variable, formula, shown)
    return expected is not None and bool(np.all(np.abs(shown.now[variable] - expected) <= allowed))


def estimate_rate(blueprint: Blueprint, values: dict[str, Array]) -> float | None:
    """The learning rate that the values show: the median of (w_k − w_k+1)/∂E/∂w_k."""
    quotients = []
    for variable in blueprint.learned:
        gradient = values.get(f"grad_{variable}")
        if variable not in values or gradient is None or len(gradient) < 2:
            continue
        steps = values[variable][:-1] - values[variable][1:]
        clear = (np.abs(gradient[:-1]) > 1e-12) & (steps != 0)
        quotients.append(steps[clear] / gradient[:-1][clear])
    quotients = np.concatenate(quotients) if quotients else np.array([])
    quotients = quotients[np.isfinite(quotients)]
    return float(np.median(quotients)) if quotients.size else None


def _frozen_rows(
    blueprint: Blueprint, values: dict[str, Array], units: dict[str, Array], rate: float | None
) -> list[int]:
    """Rows whose weights are exactly those of the row above although the gradients there are not 0."""
    columns = [v for v in blueprint.learned if v in values and f"grad_{v}" in values]
    if not columns or len(values[columns[0]]) < 2:
        return []
    same = np.all([values[v][1:] == values[v][:-1] for v in columns], axis=0)
    moving = np.any([np.abs(values[f"grad_{v}"][:-1]) > 1e-9 for v in columns], axis=0)
    unit = np.max([units[v] for v in columns], axis=0)[1:]
    largest = np.max([np.abs(values[f"grad_{v}"][:-1]) for v in columns], axis=0)
    clear = largest > 1e2 * unit
    if rate is not None:
        clear &= np.abs(rate) * largest > _CLEAR_STEP * unit
    return [int(row) + 1 for row in np.flatnonzero(same & moving & clear)]


def _expected(variable: str, formula: Expr, shown: _Shown) -> tuple[Array, Array] | tuple[None, None]:
    """The value that follows from the neighbours, and how far rounding allows to be from it. None if one is absent."""
    names = _names(formula)
    if any(name not in shown.now for name in names):
        return None, None
    value = function(formula)
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(value(shown.now, shown.before), shown.now[variable].shape)
        allowed = shown.unit[variable] + _carried(value, _units(names, variable, shown), shown, expected)
    allowed = 1.1 * allowed + 1e-9 * shown.largest[variable] + 1e-9 * np.abs(expected)
    return expected, np.maximum(allowed, _SMALLEST)


def _units(names: set[str], variable: str, shown: _Shown) -> dict[str, tuple[Array, Array]]:
    """How far each name's number may be off, in this row and in the one above; only those that may."""
    found = {name: (shown.unit[name], shown.unit_before[name]) for name in names if name in shown.unit}
    if "learning_rate" in names:
        rounded = 1e-4 * shown.rate * (shown.unit[variable] > 0)
        found["learning_rate"] = rounded, rounded
    return {name: found[name] for name in sorted(found) if np.any(found[name][0]) or np.any(found[name][1])}


def _carried(value: Function, units: dict[str, tuple[Array, Array]], shown: _Shown, expected: Array) -> Array:
    """How far a formula's value moves if each name moves by its unit, added up; some names at a time in one array."""
    names = list(units)
    at_once = max(1, math.isqrt(_NUMBERS_AT_ONCE // max(1, len(expected))))
    carried = np.zeros(len(expected))
    for first in range(0, len(names), at_once):
        some = names[first : first + at_once]
        now, before = dict(shown.now), dict(shown.before)
        for k, name in enumerate(some):
            for values, unit in zip((now, before), units[name], strict=True):
                values[name] = np.tile(values[name], (len(some), 1))
                values[name][k] += unit
        carried += np.abs(value(now, before) - expected).sum(axis=0)
    return carried


def _names(formula: Expr) -> set[str]:
    return {leaf.args[0] for leaf in leaves(formula)}


def _finding(variable: str, rows: tuple[int, ...], column: Array, expected: Array, blueprint: Blueprint, slip):
    value, right = float(column[rows[0]]), float(expected[rows[0]])
    shown = label(variable)
    where = f"row {rows[0] + 1}" if len(rows) == 1 else f"{len(rows)} rows, the first row {rows[0] + 1}"
    if variable in blueprint.constants:
        message = f"{shown} changes in {where}: {value:.10g} instead of {right:.10g}."
        return ValueFinding("changed constant", variable, rows, value, right, message)
    text = "no number" if np.isnan(value) else f"{value:.10g}"
    message = (
        f"{shown} doesn't follow from the numbers beside it in {where}: {text} stands there, {right:.10g} belongs."
    )
    if slip is not None:
        message += f" The numbers fit {label(slip[0])} in place of {label(slip[1])}."
    return ValueFinding("wrong value", variable, rows, value, right, message, slip)
