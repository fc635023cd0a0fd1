"""Whether a table is another network rightly calculated: its own gradients are the derivatives of its own E_total.

Tanh, other errors, biases that weren't understood: whatever the forward formulas are, a start weight is shifted a
little in the workbook, and E_total has to move as the gradient says. Where it does, new formulas would make it another.
"""

from __future__ import annotations

from collections.abc import Callable

from workbook.check.meaning.recalculate import Calculation, Value
from workbook.check.meaning.stages import Recognised
from workbook.check.read.book import Place

STEP = 1e-5
TOLERANCE = 1e-6  # of the largest gradient; differences are good to 1e-9, and the slips seen change a gradient by 1e-3


def consistent(table: Recognised, calculation: Calculation, value_of: Callable[[Place], Value]) -> bool:
    """Whether the first row's gradients are the derivatives of the E_total that the workbook calculates.

    `calculation` is the workbook as it stands, `value_of` its cells' values.
    """
    names = [name for name in table.blueprint.learned if name in table.columns]
    found = {name: _gradient(table, name, value_of) for name in names}
    gradients = {name: value for name, value in found.items() if type(value) is float}
    if not gradients or len(gradients) < len(names):
        return False
    total = _place(table, "E_total", table.first)
    limit = TOLERANCE * max(abs(value) for value in gradients.values())
    for name, gradient in gradients.items():
        place = _place(table, name, table.first)
        start = value_of(place)
        if type(start) is not float:
            return False
        ends = []
        for shifted in (start + STEP, start - STEP, start):
            calculation.put(place, shifted)
            end = calculation.values([total])[total]
            if type(end) is float:
                ends.append(end)
        if len(ends) < 3 or abs((ends[0] - ends[1]) / (2 * STEP) - gradient) > limit:
            return False
    return True


def _gradient(table: Recognised, name: str, value_of: Callable[[Place], Value]) -> Value:
    """The gradient of the first row: its column's, or what the update took off."""
    if f"grad_{name}" in table.columns:
        return value_of(_place(table, f"grad_{name}", table.first))
    before, after = (value_of(_place(table, name, row)) for row in (table.first, table.first + 1))
    if not table.rate or type(before) is not float or type(after) is not float:
        return None
    return (before - after) / table.rate


def _place(table: Recognised, variable: str, row: int) -> Place:
    return table.sheet.name, row, table.columns[variable]
