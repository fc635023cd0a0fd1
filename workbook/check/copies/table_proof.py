"""Whether a mended table is the right one: its recalculated cells against backpropagation in matrix form.

The right table is computed here from the start values by matrices, not from the formulas that were put into the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from workbook.check.meaning.recalculate import CellError
from workbook.check.meaning.stages import Recognised
from workbook.check.read.book import Place
from workbook.parts.references import a1
from xlfuncs.expected_table import Blueprint
from xlfuncs.maths import sigmoid

Array = np.ndarray
ValueOf = Callable[[Place], object]
TOLERANCE = 1e-11  # of E_total, relative to its largest value; the commonest slip shifts it by 1e-9
CELL_TOLERANCE = 1e-9  # of a single cell, relative to its column's largest value


def matrix_table(
    blueprint: Blueprint, start: dict[str, float], rates: Array, learning: bool = True
) -> dict[str, Array]:
    """Every variable's values, (rows,): row k + 1 follows from row k with the learning rate `rates[k]`.

    `start` gives inputs, targets, weights and biases; with `learning` False the biases keep their start values.
    """
    n_in, n_hidden, n_out = blueprint.sizes
    first = _names((n_hidden, n_in), 0, blueprint.by_input)
    second = _names((n_out, n_hidden), n_in * n_hidden, blueprint.by_input)
    hidden, outputs = _units("h", n_hidden), _units("o", n_out)
    of_unit = dict(blueprint.biases)
    x, t = (np.array([start[f"{letter}{k + 1}"] for k in range(n)]) for letter, n in (("i", n_in), ("t", n_out)))
    w, v = (np.vectorize(start.__getitem__, otypes=[float])(names) for names in (first, second))
    bias = {name: start[name] for name in blueprint.bias_names}
    rows = []
    for rate in rates:
        h = w @ x + np.array([bias[of_unit[u]] if u in of_unit else 0.0 for u in hidden])
        a = np.asarray(sigmoid(h))
        o = v @ a + np.array([bias[of_unit[u]] if u in of_unit else 0.0 for u in outputs])
        y = np.asarray(sigmoid(o))
        error = (t - y) ** 2 / 2
        delta_o = (y - t) * y * (1 - y)
        delta_h = (v.T @ delta_o) * a * (1 - a)
        slopes = dict(zip([*hidden, *outputs], [*delta_h, *delta_o], strict=True))
        row = {f"i{k}": value for k, value in enumerate(x, 1)} | {f"t{k}": value for k, value in enumerate(t, 1)}
        row |= dict(zip(hidden, h, strict=True)) | {f"a_{u}": value for u, value in zip(hidden, a, strict=True)}
        row |= dict(zip(outputs, o, strict=True)) | {f"a_{u}": value for u, value in zip(outputs, y, strict=True)}
        row |= {f"E{k}": value for k, value in enumerate(error, 1)} | {"E_total": error.sum()}
        gradient_w, gradient_v = np.outer(delta_h, x), np.outer(delta_o, a)
        for names, weights, gradient in ((first, w, gradient_w), (second, v, gradient_v)):
            row |= dict(zip(names.flat, weights.flat, strict=True))
            row |= {f"grad_{name}": value for name, value in zip(names.flat, gradient.flat, strict=True)}
        row |= bias | {f"grad_{b}": sum(slopes[u] for u, of in blueprint.biases if of == b) for b in bias}
        rows.append(row)
        w, v = w - rate * gradient_w, v - rate * gradient_v
        if learning:
            bias = {name: value - rate * row[f"grad_{name}"] for name, value in bias.items()}
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _names(shape: tuple[int, int], before: int, by_input: bool) -> Array:
    """The names of a layer's weights, (units, inputs)."""
    units, inputs = shape
    numbers = np.arange(units * inputs).reshape((inputs, units)).T if by_input else np.arange(units * inputs)
    return np.array([f"w{before + k + 1}" for k in numbers.reshape(-1)], dtype=object).reshape(shape)


def _units(letter: str, count: int) -> list[str]:
    return [f"{letter}{k + 1}" for k in range(count)]


def unlike(table: Recognised, value_of: ValueOf, cells: set[tuple[str, int]]) -> str | None:
    """Why the table isn't shown to be right, None where it is.

    `value_of` gives a cell's recalculated value. E_total has to be right in every row (without such a column the errors
    or outputs), and so have `cells`, given as variable and row.
    """
    candidates = list(_right_tables(table, value_of))
    if not candidates:
        return "its start values or its learning rate aren't known"
    reasons = [_difference(table, value_of, cells, right) for right in candidates]
    return None if None in reasons else reasons[0]


def _right_tables(table: Recognised, value_of: ValueOf) -> Iterator[dict[str, Array]]:
    """The right table. Biases without gradients may be learned or held: then both."""
    blueprint = table.blueprint
    places = {variable: place for place, variable in table.aliases.items()}
    places |= {variable: (table.sheet.name, table.first, column) for variable, column in table.columns.items()}
    start = {}
    for name in blueprint.given:
        value = value_of(places[name]) if name in places else None
        if type(value) is not float:
            return
        start[name] = value
    found = [_rate(table, value_of, row) for row in table.rows]
    if not found or any(type(rate) is not float for rate in found[: max(1, len(found) - 1)]):
        return
    rates = np.array([rate if type(rate) is float else 0.0 for rate in found])
    with np.errstate(all="ignore"):
        if not all(bias in table.columns for bias in blueprint.bias_names):
            yield matrix_table(blueprint, start, rates, learning=False)  # a bias in one cell can't change
        else:
            yield matrix_table(blueprint, start, rates)
            if not all(f"grad_{bias}" in table.columns for bias in blueprint.bias_names):
                yield matrix_table(blueprint, start, rates, learning=False)


def _rate(table: Recognised, value_of: ValueOf, row: int) -> object:
    if table.rate_column is not None:
        return value_of((table.sheet.name, row, table.rate_column))
    return value_of(table.rate_cell) if table.rate_cell is not None else table.rate


def _difference(
    table: Recognised, value_of: ValueOf, cells: set[tuple[str, int]], right: dict[str, Array]
) -> str | None:
    decisive = _decisive(table)
    if not decisive:
        return "the table has neither E_total nor outputs to judge it by"
    wanted = [(variable, row, TOLERANCE) for variable in decisive for row in table.rows]
    wanted += [(variable, row, CELL_TOLERANCE) for variable, row in sorted(cells)]
    for variable, row, tolerance in wanted:
        column = right.get(variable)
        if column is None:
            return f"what {variable} should be isn't known"
        scale = max(float(np.abs(column).max()), 1e-300)
        value = value_of((table.sheet.name, row, table.columns[variable]))
        if isinstance(value, CellError):
            return f"{a1(row, table.columns[variable])} can't be calculated here ({value.sign})"
        off = abs(value - column[row - table.first]) if type(value) is float else np.inf
        if not off <= tolerance * scale:
            return f"{variable} in {a1(row, table.columns[variable])} would still not be that of the right table"
    return None


def _decisive(table: Recognised) -> list[str]:
    if "E_total" in table.columns:
        return ["E_total"]
    errors = [f"E{k}" for k in range(1, table.blueprint.sizes[2] + 1)]
    outputs = [f"a_o{k}" for k in range(1, table.blueprint.sizes[2] + 1)]
    return next((names for names in (errors, outputs) if all(name in table.columns for name in names)), [])
