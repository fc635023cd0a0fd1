"""Checking a table of values, without its formulas: each number against the one that follows from its neighbours.

A table that was typed or pasted shows rounded numbers. A number is wrong if it differs from the right formula of the
numbers beside it and above it by more than their rounding can explain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xlfuncs import labels
from xlfuncs.blueprint import Blueprint, blueprint_of, shared
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import Expr, evaluate, label

Array = np.ndarray
_EXACT = 13  # significant digits from which a number counts as unrounded
_NEIGHBOURS = 3
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
    header is none of this exercise.
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
    values = {variable: rows[:, at] for variable, at in columns.items()}
    return audit_columns(shared(blueprint), values, learning_rate)


def audit_columns(blueprint: Blueprint, values: dict[str, Array], learning_rate: float | None) -> list[ValueFinding]:
    """As `audit_values`, for columns whose variables are known: each an array (rows,)."""
    values = {v: column for v, column in values.items() if v in blueprint.formulas}
    count = len(next(iter(values.values()), []))
    if count == 0:
        return []
    rate = estimate_rate(blueprint, values) if learning_rate is None else learning_rate
    units = {variable: _rounding(column) for variable, column in values.items()}
    coarsest = max((unit.max(initial=0.0) for unit in units.values()), default=0.0)
    units = {v: np.where(values[v] == 0, coarsest, unit) if not values[v].any() else unit for v, unit in units.items()}
    frozen = _frozen_rows(blueprint, values)
    filled = np.mean([np.isfinite(column) for column in values.values()], axis=0) > 0.5
    found = []
    if frozen:
        row = frozen[0]
        moved = f"from row {row + 1} on" if frozen == list(range(row, count)) else f"in {len(frozen)} rows"
        message = f"The weights stop changing {moved} although their gradients are not 0: the rows are copies."
        found.append(ValueFinding("frozen rows", blueprint.learned[0], tuple(frozen), np.nan, np.nan, message))
    for variable, formula in blueprint.formulas.items():
        if variable not in values or variable == "iteration" or not np.isfinite(values[variable]).any():
            continue
        expected, allowed = _expected(variable, formula, values, units, rate)
        if expected is None:
            continue
        wrong = ~(np.abs(values[variable] - expected) <= allowed) & np.isfinite(expected) & filled
        if variable in blueprint.learned or variable in blueprint.constants:
            wrong[0] = False
        if variable in blueprint.learned:
            wrong[frozen] = False
        rows = tuple(int(row) for row in np.flatnonzero(wrong))
        if rows:
            slip = _slip(variable, formula, rows, values, units, rate)
            found.append(_finding(variable, rows, values[variable], expected, blueprint, slip))
    return found


def _slip(variable: str, formula: Expr, rows: tuple[int, ...], values, units, rate) -> tuple[str, str] | None:
    """The one exchanged variable that explains every wrong number (what was used, what belongs), None if none does."""
    if len(rows) < _CLEAR:
        return None
    at = list(rows)
    for name in sorted(_names(formula) - {"learning_rate", variable}):
        for other in values:
            if other == name or other.rstrip("0123456789") not in (
                name.rstrip("0123456789"),
                name.removeprefix("a_")[:1],
            ):
                continue
            expected, allowed = _expected(variable, _exchanged(formula, name, other), values, units, rate)
            if expected is not None and np.all(np.abs(values[variable] - expected)[at] <= allowed[at]):
                return other, name
    return None


def _family(variable: str) -> str:
    return variable.rstrip("0123456789")


def _exchanged(formula: Expr, old: str, new: str) -> Expr:
    if formula.op in ("name", "previous"):
        return Expr(formula.op, (new,)) if formula.args[0] == old else formula
    return Expr(formula.op, tuple(_exchanged(a, old, new) if isinstance(a, Expr) else a for a in formula.args))


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


def _frozen_rows(blueprint: Blueprint, values: dict[str, Array]) -> list[int]:
    """Rows whose weights are exactly those of the row above although the gradients there are not 0."""
    columns = [v for v in blueprint.learned if v in values and f"grad_{v}" in values]
    if not columns or len(values[columns[0]]) < 2:
        return []
    same = np.all([values[v][1:] == values[v][:-1] for v in columns], axis=0)
    moving = np.any([np.abs(values[f"grad_{v}"][:-1]) > 1e-9 for v in columns], axis=0)
    unit = np.max([_rounding(values[v]) for v in columns], axis=0)[1:]
    largest = np.max([np.abs(values[f"grad_{v}"][:-1]) for v in columns], axis=0)
    return [int(row) + 1 for row in np.flatnonzero(same & moving & (largest > 1e2 * unit))]


def _rounding(column: Array) -> Array:
    """Half the last shown digit of each number: 5e-7 for 0.149962, 0 for numbers in full or chosen ones such as 0.05.

    A program drops trailing zeros and shows small or negative numbers with fewer digits, so a number's digits are
    those of its longest neighbour of the same size and sign.
    """
    digits, sizes = np.zeros(len(column)), np.zeros(len(column))
    for row, value in enumerate(column):
        if np.isfinite(value) and value != 0:
            exponent = math.floor(math.log10(abs(value)))
            significant = len(f"{abs(value):.15g}".replace(".", "").lstrip("0").partition("e")[0])
            digits[row], sizes[row] = significant - 1 - exponent, math.copysign(exponent + 500.0, value)
    longest = digits.copy()
    for shift in range(1, _NEIGHBOURS + 1):
        alike = sizes[shift:] == sizes[:-shift]
        longest[shift:] = np.where(alike, np.maximum(longest[shift:], digits[:-shift]), longest[shift:])
        longest[:-shift] = np.where(alike, np.maximum(longest[:-shift], digits[shift:]), longest[:-shift])
    in_full = longest + np.where(sizes == 0, 0, np.abs(sizes) - 499) >= _EXACT
    units = np.where((longest <= 2) | in_full, 0.0, 0.5 * 10.0**-longest)
    # A 0 may be what is left of 0.00004: it was rounded as the column's other numbers were.
    return np.where((column == 0) & (units == 0), units.max(initial=0.0), units)


def _expected(variable: str, formula: Expr, values, units, rate):
    """The value that follows from the neighbours, and how far rounding allows to be from it. None if one is absent."""
    names = _names(formula)
    now = dict(values)
    if rate is not None:
        now["learning_rate"] = np.full_like(values[variable], rate)
    if any(name not in now for name in names):
        return None, None
    before = {name: np.concatenate([[np.nan], column[:-1]]) for name, column in now.items()}
    with np.errstate(all="ignore"):
        expected = np.asarray(evaluate(formula, now, before), dtype=float)
        allowed = np.broadcast_to(units[variable], expected.shape).copy()
        for name in names:
            unit = 1e-4 * rate * (units[variable] > 0) if name == "learning_rate" else units.get(name, np.zeros(1))
            if np.any(unit):
                above = np.concatenate([[0.0], unit[:-1]])
                moved = evaluate(formula, now | {name: now[name] + unit}, before | {name: before[name] + above})
                allowed = allowed + np.abs(moved - expected)
    scale = np.nanmax(np.abs(values[variable]), initial=0.0)
    return expected, 1.1 * allowed + 1e-9 * scale + 1e-9 * np.abs(expected)


def _names(formula: Expr) -> set[str]:
    if formula.op in ("name", "previous"):
        return {formula.args[0]}
    return set().union(*(_names(arg) for arg in formula.args if isinstance(arg, Expr)), set())


def _finding(variable: str, rows: tuple[int, ...], column: Array, expected: Array, blueprint: Blueprint, slip):
    value, right = float(column[rows[0]]), float(expected[rows[0]])
    shown = label(variable)
    where = f"row {rows[0] + 1}" if len(rows) == 1 else f"{len(rows)} rows, the first row {rows[0] + 1}"
    if variable in blueprint.constants:
        message = f"{shown} changes in {where}: {value:.10g} instead of {right:.10g}."
        return ValueFinding("changed constant", variable, rows, value, right, message)
    text = "nothing" if np.isnan(value) else f"{value:.10g}"
    message = (
        f"{shown} doesn't follow from the numbers beside it in {where}: {text} stands there, {right:.10g} belongs."
    )
    if slip is not None:
        message += f" The numbers fit {label(slip[0])} in place of {label(slip[1])}."
    return ValueFinding("wrong value", variable, rows, value, right, message, slip)
