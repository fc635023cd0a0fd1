"""Cells outside a table that stand for its variables: a parameter block, a list of start values, named cells."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from workbook.check.meaning.plain import plain_formula
from workbook.check.meaning.stages import Found, Recognised, grown
from workbook.check.read.book import Book, Cell, Place, Sheet
from workbook.check.read.formula import Ref, reference
from xlfuncs import labels


def with_aliases(book: Book, found: Found) -> Recognised:
    """The table with the cells outside it that hold an input, target or start weight: a parameter block.

    A first-row formula that is a lone reference makes its cell an alias of a constant; a labelled cell beside the
    table is one if the table has no such column, or holds the same value there.
    """
    aliases, numbers = _referenced_by_constants(book, found)
    named = _named_cells(book)
    for (name, row, column), number in _referenced(book, found).items():
        label = _label_beside(book.sheet(name), row, column) or named.get((name, row, column))
        if label is None:
            continue
        is_given = label in found.blueprint.given or label.startswith("b")  # biases may have no column
        if not is_given or (name, row, column) in aliases:
            continue
        value = found.values[label][0] if label in found.columns and found.last >= found.first else None
        if label not in found.columns or (label in found.blueprint.constants and value == number):
            aliases[(name, row, column)] = label
            numbers.setdefault(label, number)
    return grown(Recognised, found, aliases=MappingProxyType(aliases), alias_values=MappingProxyType(numbers))


def _referenced_by_constants(book: Book, found: Found) -> tuple[dict[Place, str], dict[str, float]]:
    """The cells that the first row's inputs and targets repeat, and their numbers."""
    aliases: dict[Place, str] = {}
    numbers: dict[str, float] = {}
    for variable in found.blueprint.constants if found.last >= found.first else ():
        if variable not in found.columns:
            continue
        cell = found.cell(variable, found.first)
        place = _lone_reference(cell, found.sheet, found.first, found.columns[variable])
        if place is not None:
            aliases[place] = variable
            sheet = book.sheet(place[0])
            target = sheet.cell(*place[1:]) if sheet is not None else None
            if target is not None and isinstance(target.value, float):
                numbers[variable] = target.value
    return aliases, numbers


def _lone_reference(cell: Cell | None, sheet: Sheet, row: int, column: int) -> Place | None:
    if cell is None or cell.formula is None or cell.formula.tree.kind != "ref":
        return None
    ref = cell.formula.tree.ref
    return (ref.sheet or sheet.name, *ref.at(row, column))


def _referenced(book: Book, table: Found) -> dict[Place, float]:
    """The numbers outside the table that the formulas of its first two rows refer to."""
    numbers: dict[Place, float] = {}
    for row in list(table.rows)[:2]:
        for column in table.variables:
            cell = table.sheet.cell(row, column)
            for ref, place in _places(book, table.sheet, cell, row, column):
                sheet = book.sheet(ref.sheet) if ref.sheet else table.sheet
                target = sheet.cell(*place) if sheet is not None else None
                inside = sheet is table.sheet and place[1] in table.variables and place[0] in table.rows
                if sheet is None or target is None or inside:
                    continue
                if isinstance(target.value, float):
                    numbers[(sheet.name, *place)] = target.value
    return numbers


def _places(
    book: Book, sheet: Sheet, cell: Cell | None, row: int, column: int
) -> Iterator[tuple[Ref, tuple[int, int]]]:
    """The references of the cell's formula, those behind names too, each with the cell it means."""
    if cell is None or cell.template is None:
        return
    if cell.array is None and not cell.template.ranged:
        yield from ((ref, ref.at(row, column)) for ref in cell.template.refs)
        return
    tree, home_row, home_column = plain_formula(book, sheet, cell, row, column)
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.args)
        for ref in (node.ref,) if node.kind == "ref" else node.ends if node.kind == "range" else ():
            yield ref, ref.at(home_row, home_column)


def _named_cells(book: Book) -> dict[Place, str]:
    """The cells whose defined name is that of a variable: i_1 for the first input."""
    cells = {}
    for name, text in book.names.items():
        label, node = labels.variable(name.rpartition("!")[2]), reference(text.strip().lstrip("="), 1, 1)
        if label is not None and node.kind == "ref" and (sheet := book.sheet(node.ref.sheet)) is not None:
            cells[(sheet.name, *node.ref.at(1, 1))] = label
    return cells


def _label_beside(sheet: Sheet | None, row: int, column: int) -> str | None:
    for at in ((row, column - 1), (row - 1, column), (row, column + 1)):
        cell = sheet.cell(*at) if sheet is not None else None
        if cell is not None and isinstance(cell.value, str):
            label = labels.variable(cell.value.strip(" =:"))
            if label is not None:
                return label
    return None
