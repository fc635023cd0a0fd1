"""Finding the learning rate: the cell or column that the update formulas refer to, whatever its label says."""

from __future__ import annotations

from collections import Counter

import numpy as np

from workbook.check.meaning.evaluate import leaves, value_or_nan
from workbook.check.meaning.resolve import Resolver
from workbook.check.meaning.stages import Recognised, grown
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE

VOTING_ROWS = 60


def iteration_is_rate(resolver: Resolver) -> bool:
    """Whether the column that is labelled as the iteration (`n`, say) is what most updates multiply with."""
    table = resolver.table
    if "iteration" not in table.columns:
        return False
    votes = 0
    for variable in (v for v in table.blueprint.learned if v in table.columns):
        for row in list(table.rows)[1 : VOTING_ROWS + 1]:
            meaning = resolver.meaning(row, table.columns[variable])
            if meaning is not None:
                votes += (
                    1 if any(leaf.kind == "var" and leaf.variable[0] == "iteration" for leaf in leaves(meaning)) else -1
                )
    return votes > 0


def find_rate(resolver: Resolver) -> Recognised:
    """The table with its learning rate: the cell (or column) to which most update formulas refer outside the table's
    variables. It stays unknown where they refer to none."""
    table = resolver.table
    cells: Counter = Counter()
    columns: Counter = Counter()
    for variable in table.blueprint.learned:
        if variable not in table.columns:
            continue
        for row in list(table.rows)[1 : VOTING_ROWS + 1]:
            meaning = resolver.meaning(row, table.columns[variable])
            for leaf in leaves(meaning) if meaning is not None else ():
                if leaf.kind == "cell":
                    place, value = leaf.place, leaf.number
                    if place in table.aliases and table.aliases[place] != RATE:
                        continue
                    cells[(place, value)] += 1
                    if place[0] == table.sheet.name and row - 1 <= place[1] <= row:
                        columns[(place[2], value)] += 1
    cells.update(_direct_rate(table, resolver))
    if not cells:
        return table
    (place, value), votes = cells.most_common(1)[0]
    if columns:
        (column, column_value), column_votes = columns.most_common(1)[0]
        if column_votes > votes and column not in table.variables:
            return grown(Recognised, table, rate=column_value, rate_column=column)
    if len(cells) > 1:  # a tie, as after a forgotten $: the first row's
        place, value = min((p for p, n in cells.items() if n == votes), key=lambda p: p[0][1:])
    return grown(Recognised, table, rate=value, rate_cell=place)


def _direct_rate(table: Recognised, resolver: Resolver) -> Counter:
    """Cells with a formula of their own that update formulas refer to: a learning rate that is computed."""
    cells: Counter = Counter()
    for variable in table.blueprint.learned:
        for row in list(table.rows)[1:VOTING_ROWS] if variable in table.columns else ():
            cell = table.cell(variable, row)
            for ref in cell.template.refs if cell is not None and cell.template is not None else ():
                at = ref.at(row, table.columns[variable])
                if ref.sheet is not None or (at[1] in table.variables and at[0] in table.rows) or at[0] in table.rows:
                    continue
                target = table.sheet.cell(*at)
                if target is None or target.formula is None:
                    continue
                value = target.value
                if not isinstance(value, float):  # a file that was never calculated
                    value = float(value_or_nan(resolver.meaning_of(target.formula.tree, *at), _constant))
                if np.isfinite(value):
                    cells[((table.sheet.name, *at), value)] += 1
    return cells


def _constant(leaf: Node) -> float | None:
    return leaf.number if leaf.kind == "cell" else None
