"""What should stand in a cell: the right formula with the sheet's own references."""

from __future__ import annotations

from workbook.check.meaning.stages import Recognised
from workbook.parts.references import a1, on_sheet
from xlfuncs.compiled import RATE
from xlfuncs.expression import Expr, excel


def right_expression(table: Recognised, variable: str) -> Expr:
    """The variable's right formula in terms of the table's own columns: one that it doesn't have, such as a gradient
    that stands inside the update, is written out."""
    known = {*table.columns, *table.aliases.values(), *table.blueprint.given, RATE}
    return _written_out(table.blueprint.formulas[variable], table, known, before=False)


def _written_out(expr: Expr, table: Recognised, known: set[str], before: bool) -> Expr:
    """`before`: as it was in the row above."""
    if expr.op in ("name", "previous"):
        name, above = expr.args[0], before or expr.op == "previous"
        if name not in known and name in table.blueprint.formulas:
            return _written_out(table.blueprint.formulas[name], table, known, above)
        return Expr("previous" if above and name != RATE else "name", (name,))
    args = (_written_out(arg, table, known, before) if isinstance(arg, Expr) else arg for arg in expr.args)
    return Expr(expr.op, tuple(args))


def right_formula(table: Recognised, variable: str, row: int) -> str | None:
    """What should stand in that cell, None where the table lacks a column it needs."""
    expr = right_expression(table, variable)
    if row == table.first and variable in table.blueprint.learned:
        return None
    places = {name: place for place, name in table.aliases.items()}

    def cell(name: str, before: bool) -> str:
        if name == RATE:
            if table.rate_column is not None:
                return a1(row - before, table.rate_column)
            if table.rate_cell is not None:
                return on_sheet(table.rate_cell[0], a1(*table.rate_cell[1:], fixed="rc"), table.sheet.name)
            if table.rate is not None:
                return f"{table.rate:.15g}"
        elif name in table.columns:
            return a1(row - before, table.columns[name])
        elif name in places:
            return on_sheet(places[name][0], a1(*places[name][1:], fixed="rc"), table.sheet.name)
        raise KeyError(name)

    try:
        return excel(expr, cell)
    except KeyError:
        return None
