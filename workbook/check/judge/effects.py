"""What a fault does: the table run with it and without it, and the stored values compared with their own formulas."""

from __future__ import annotations

import numpy as np

from workbook.check.judge.judged import Judged
from workbook.check.meaning.evaluate import Leaf, SheetError, UnknownError, evaluate, value_or_nan
from workbook.check.meaning.resolve import FAR
from workbook.check.meaning.stages import Recognised
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE

Array = np.ndarray
MEASURED_ROWS = 400  # rows of a table that are run with a fault: what it does shows long before
MEASURED_FAULTS = 12  # of one table: all are run at once, each a column of the arrays
STALE = 1e-8  # of its column's largest number: what a stored value may be off for the rounding of its 15 digits
STALE_TEN = 1e-5  # the same, of a program that stores ten digits


def effects(judged: Judged, faults: list[list[tuple[str, int]]]) -> list[tuple[float, float] | None]:
    """For each fault (its cells as variable and row) the largest relative error in its gradient and in E_total.

    Each fault is put alone into an otherwise right table. None where that can't be run.
    """
    table = judged.table
    rows = min(len(table.rows), MEASURED_ROWS)
    if table.expected is None or table.rate is None or not faults or rows < 1:
        return [None] * len(faults)
    chosen = faults[:MEASURED_FAULTS]
    right = {variable: column[:rows] for variable, column in table.expected.items()}
    where: dict[tuple[str, int], list[int]] = {}
    for scenario, cells in enumerate(chosen, 1):
        for variable, row in cells:
            where.setdefault((variable, row - table.first), []).append(scenario)

    def override(variable: str, row: int, value: Array, values: dict[str, Array]) -> Array:
        scenarios = where.get((variable, row))
        if not scenarios:
            return value
        value = np.array(np.broadcast_to(value, (len(chosen) + 1,)), dtype=float)
        meaning = judged.meanings.get((variable, row + table.first))
        if meaning is None:
            cell = table.cell(variable, row + table.first)
            value[scenarios] = cell.value if cell is not None and isinstance(cell.value, float) else np.nan
        else:
            result = value_or_nan(meaning, lambda node: _scenario_leaf(node, row, values, right, variable, table))
            value[scenarios] = np.broadcast_to(np.asarray(result, dtype=float), value.shape)[scenarios]
        return value

    wide = {name: np.full(len(chosen) + 1, value) for name, value in table.start.items()}
    values = table.blueprint.simulate(wide, table.rate, rows, override)
    measured: list[tuple[float, float] | None] = []
    for scenario, cells in enumerate(chosen, 1):
        own = {v for v, _ in cells if v.startswith("grad_")}
        names = own or {f"grad_{v}" for v, _ in cells if v in table.blueprint.learned}
        names = names or {f"grad_{v}" for v in table.blueprint.learned}
        gradient = max(_relative(values[name][:, scenario], right[name]) for name in names)
        measured.append((gradient, _relative(values["E_total"][:, scenario], right["E_total"])))
    return measured + [None] * (len(faults) - len(chosen))


def _scenario_leaf(node: Node, row: int, values, right, variable: str, table: Recognised):
    match node.kind:
        case "var":
            name, offset = node.variable
            at = row + offset
            if name not in values or not 0 <= at < len(values[name]):
                return 0.0 if name in values else None
            order = list(table.blueprint.formulas)
            known = offset < 0 or name not in order or (offset == 0 and order.index(name) < order.index(variable))
            # A value that isn't there yet (a circular chain) counts as the right one.
            return values[name][at] if known else right[name][at]
        case "cell":
            return node.number
        case "empty":
            return 0.0
    return None


def _relative(values: Array, right: Array) -> float:
    """The largest error relative to the column's size at that row, floored so that a zero crossing doesn't blow up."""
    if not np.isfinite(values).all():
        return float("inf")
    floor = 1e-3 * np.abs(right).max()
    return float((np.abs(values - right) / np.maximum(np.abs(right), max(floor, 1e-300))).max())


def stale_rows(judged: Judged, digits: int) -> dict[str, list[int]]:
    """Cells whose stored value isn't what their own formula gives for the stored values around it."""
    table = judged.table
    groups: dict[tuple[str, Node], list[int]] = {}
    for (variable, row), meaning in judged.meanings.items():
        groups.setdefault((variable, meaning), []).append(row - table.first)
    stale: dict[str, list[int]] = {}
    limit = stored_limit(digits)
    for (variable, meaning), rows in groups.items():
        at = np.array(rows)
        stored = table.values[variable][at]
        try:
            computed = evaluate(meaning, _stored_leaf(at, table))
        except (UnknownError, SheetError):
            continue
        computed = np.broadcast_to(computed, stored.shape)
        scale = max(np.nanmax(np.abs(table.values[variable]), initial=0.0), 1e-300)
        with np.errstate(invalid="ignore"):
            off = np.abs(stored - computed) > limit * scale
        off &= np.isfinite(stored) & np.isfinite(computed)
        if off.any():
            stale.setdefault(variable, []).extend(int(r) + table.first for r in at[off])
    return {variable: sorted(rows) for variable, rows in stale.items()}


def stored_limit(digits: int) -> float:
    """How far a stored value may be off, of its column's largest number."""
    return STALE_TEN if digits < 12 else STALE


def _stored_leaf(at: Array, table: Recognised) -> Leaf:
    """The stored values that leaves have in these rows."""
    return lambda node: _stored(node, at, table)


def _stored(node: Node, at: Array, table: Recognised):
    match node.kind:
        case "var":
            name, offset = node.variable
            if name == RATE:
                return table.rate
            if name not in table.values:
                return table.start.get(name)
            if abs(offset) >= FAR:  # far references are not told apart
                return None
            column = table.values[name]
            rows = at + offset
            inside = (rows >= 0) & (rows < len(column))
            return np.where(inside, column[np.clip(rows, 0, len(column) - 1)], np.nan)
        case "cell":
            return node.number
        case "empty":
            return 0.0
    return None
