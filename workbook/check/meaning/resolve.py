"""What a formula means in its table: references become variables and row offsets, helper cells are followed.

A meaning is an interned tree of `Node`s whose leaves are `var` (name, offset in rows), `number`, `cell` (a number that
is no variable), `text`, `empty`, `error` (#REF! and its like) and `unknown` (what can't be told, with the reason).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from workbook.check.meaning.evaluate import unknown
from workbook.check.meaning.plain import Plain, plain_formula
from workbook.check.meaning.tables import Table
from workbook.check.read.book import Book, Cell, Sheet
from workbook.check.read.formula import Node, Ref, Template, TooLargeError, bounded, reference
from workbook.parts.references import a1
from xlfuncs import labels

FAR = 7  # offsets beyond this many rows are all equally wrong
MAX_FOLLOW = 12
MAX_RANGE = 400
MAX_HELPERS = 2000  # helper cells that are looked at for one formula's shape


class Resolver:
    """Resolves the formulas of one table."""

    def __init__(self, book: Book, table: Table, others: list[Table]):
        """`others` are the workbook's tables; their cells are not followed as helper cells."""
        self.book, self.table = book, table
        self.others = [other for other in others if other is not table]
        self.interned: dict[Node, Node] = {}
        self.statics: dict[tuple[int, str, int], tuple[int, int, list[Ref]] | None] = {}
        self.meanings: dict[object, Node] = {}
        self.helpers_left = MAX_HELPERS
        self.steady: set[str] = set()  # inputs and targets that hold one value in every row
        self.chained: set[str] = set()  # those whose formulas prove it
        self._settle_constants()

    def meaning(self, row: int, column: int) -> Node | None:
        """The meaning of the formula in that cell of the table's sheet, None where there is none."""
        cell = self.table.sheet.cell(row, column)
        if cell is None or cell.template is None:
            return None
        self.helpers_left = MAX_HELPERS
        shape = self._shape(self.table.sheet, row, column, 0)
        if shape is None or row + shape[1] < self.table.first or row + shape[2] > self.table.last:
            return self._judged(lambda: self._formula(cell, self.table.sheet, row, column, row, 0))
        known = self.meanings.get(shape[0])
        if known is None:
            known = self._judged(lambda: self._formula(cell, self.table.sheet, row, column, row, 0))
            self.meanings[shape[0]] = known
        return known

    def meaning_of(self, tree: Node, row: int, column: int, *, ranged: bool = True) -> Node:
        """The meaning that a formula would have in that cell; not `ranged` where it has nothing to be written out."""
        plain = Plain(self.book, self.table.sheet, row, column).one(tree) if ranged else tree
        return self._judged(lambda: self._tree(plain, self.table.sheet, row, column, row, 0))

    def _judged(self, meaning: Callable[[], Node]) -> Node:
        """The meaning; unknown where it grows beyond all bounds."""
        try:
            return self._intern(meaning())
        except (TooLargeError, RecursionError):
            return self._intern(unknown("is too long when the cells it refers to are put into it"))

    def _formula(self, cell: Cell, sheet: Sheet, row: int, column: int, origin: int, depth: int) -> Node:
        """The meaning of a cell's formula, see `_tree`."""
        tree, home_row, home_column = plain_formula(self.book, sheet, cell, row, column)
        return self._tree(tree, sheet, home_row, home_column, origin, depth)

    def _shape(self, sheet: Sheet, row: int, column: int, depth: int) -> tuple[object, int, int] | None:
        """A key that is equal for cells of equal meaning, and how far up and down the formula reaches in the table.

        None where the meaning depends on the row itself and has to be worked out cell by cell.
        """
        cell = sheet.cell(row, column)
        if cell.array is not None:
            return None
        template = cell.formula
        static = self.statics.get((id(template), sheet.name, column), False)
        if static is False:
            static = self.statics[(id(template), sheet.name, column)] = self._static(template, sheet, column)
        self.helpers_left -= 1
        if static is None or depth > MAX_FOLLOW or self.helpers_left < 0:
            return None
        above, below, helpers = static
        keys = []
        for ref in helpers:
            at = ref.at(row, column)
            cell = sheet.cell(*at)
            if cell is None or cell.template is None or sheet is not self.table.sheet:
                return None
            shape = self._shape(sheet, *at, depth + 1)
            if shape is None:
                return None
            keys.append(shape[0])
            above, below = min(above, ref.row + shape[1]), max(below, ref.row + shape[2])
        return (id(template), column, tuple(keys)), above, below

    def _static(self, template: Template, sheet: Sheet, column: int) -> tuple[int, int, list[Ref]] | None:
        """What doesn't depend on the row: how far the references to variables reach, and those to helper cells."""
        if sheet is not self.table.sheet or template.ranged:
            return None
        rows, helpers = [0], []
        for ref in template.refs:
            row, at_column = ref.at(0, column)
            own = ref.sheet is None or self.book.sheet(ref.sheet) is sheet
            if ref.fixed_row:
                inside = own and self.table.first <= row <= self.table.last
                variable = self.table.variables.get(at_column) if inside else None
                if variable is not None and variable not in self.steady:
                    return None
            elif not own:
                return None
            elif at_column in self.table.variables or at_column == self.table.rate_column:
                rows.append(ref.row)
            else:
                helpers.append(ref)
        return min(rows), max(rows), helpers

    def _intern(self, node: Node) -> Node:
        return self.interned.setdefault(node, node)

    def _tree(self, node: Node, sheet: Sheet, row: int, column: int, origin: int, depth: int) -> Node:
        """The tree with its references resolved; the formula stands in (sheet, row, column), the judged one in row
        `origin` of the table."""
        if node.kind == "ref":
            return self._reference(node.value, sheet, row, column, origin, depth)
        if node.kind == "range":
            return bounded(Node("list", None, tuple(self._range(node.value, sheet, row, column, origin, depth))))
        if not node.args:
            return node
        args = tuple(self._tree(a, sheet, row, column, origin, depth) for a in node.args)
        return bounded(Node(node.kind, node.value, args))

    def _range(self, refs: tuple[Ref, Ref], sheet: Sheet, row: int, column: int, origin: int, depth: int):
        (top, left), (bottom, right) = (ref.at(row, column) for ref in refs)
        top, bottom, left, right = min(top, bottom), max(top, bottom), min(left, right), max(left, right)
        if (bottom - top + 1) * (right - left + 1) > MAX_RANGE or top < 1 or left < 1:
            yield unknown("calculates with too many cells at once")
            return
        for at_row in range(top, bottom + 1):
            for at_column in range(left, right + 1):
                ref = Ref(refs[0].sheet, at_row, at_column, True, True)
                yield self._reference(ref, sheet, row, column, origin, depth)

    def _reference(self, ref: Ref, sheet: Sheet, row: int, column: int, origin: int, depth: int) -> Node:
        if ref.sheet is not None:
            found = self.book.sheet(ref.sheet)
            if found is None:
                where = "another workbook" if ref.sheet.startswith("[") else f"the sheet {ref.sheet}, which isn't there"
                return unknown(f"refers to {where}")
            sheet = found
        at_row, at_column = ref.at(row, column)
        if at_row < 1 or at_column < 1:
            return unknown("refers to a cell beyond the sheet's edge")
        table = self.table
        if sheet is table.sheet:
            variable = table.variables.get(at_column)
            if variable is not None and table.first <= at_row <= table.last:
                return Node("var", (variable, self._offset(variable, at_row, origin, ref.fixed_row)))
            if at_column == table.rate_column and table.first - 1 <= at_row <= table.last:
                return Node("var", ("learning_rate", 0))
        place = (sheet.name, at_row, at_column)
        if place == table.rate_cell:
            return Node("var", ("learning_rate", 0))
        if place in table.aliases:
            return Node("var", (table.aliases[place], 0))
        cell = sheet.cell(at_row, at_column)
        if cell is None:
            return Node("empty", (sheet.name, at_row, at_column))
        if cell.template is not None and not self._of_other_table(sheet, at_row, at_column):
            if depth >= MAX_FOLLOW:
                return unknown("leads through too many helper cells")
            return self._formula(cell, sheet, at_row, at_column, origin, depth + 1)
        return self._constant(cell, place)

    def _offset(self, variable: str, row: int, origin: int, fixed: bool) -> int:
        """Rows from the judged one, 0 for a constant that is the same there; far ones are all alike."""
        offset = row - origin
        if variable in self.steady and (fixed or variable in self.chained):
            return 0
        return max(-FAR, min(FAR, offset))

    def _constant(self, cell: Cell, place: tuple[str, int, int]) -> Node:
        if isinstance(cell.value, float):
            return Node("cell", (*place, cell.value))
        if isinstance(cell.value, bool):
            return Node("number", float(cell.value))
        if isinstance(cell.value, str):
            return Node("error" if cell.error else "text", cell.value[:60])
        return unknown(f"refers to {a1(*place[1:])}, which holds no calculated value")

    def _of_other_table(self, sheet: Sheet, row: int, column: int) -> bool:
        return any(
            other.sheet is sheet and other.first <= row <= other.last and column in other.variables
            for other in self.others
        )

    def _settle_constants(self) -> None:
        """Find which inputs and targets hold one value in every row, and which of them by formulas that prove it."""
        table = self.table
        for variable in table.blueprint.constants:
            if variable not in table.columns or table.last < table.first:
                continue
            values = table.values[variable]
            # Below the first row a cell may be empty: then all formulas read the first one, or `values` tells of it.
            empty = [table.cell(variable, row) is None for row in table.rows]
            off = np.abs(np.where(empty, values[0], values) - values[0])
            if np.isfinite(off).all() and off.max(initial=0.0) <= 1e-9 * max(1.0, abs(values[0])):
                self.steady.add(variable)
            cells = [table.cell(variable, row) for row in table.rows][1:]
            if cells and all(cell is not None and cell.template is not None for cell in cells):
                self.chained.add(variable)


def find_aliases(book: Book, table: Table) -> None:
    """Cells outside the table that hold an input, target or start weight: a parameter block.

    A first-row formula that is a lone reference makes its cell an alias of a constant; a labelled cell beside the
    table is one if the table has no such column, or holds the same value there.
    """
    for variable in table.blueprint.constants:
        if variable not in table.columns or table.last < table.first:
            continue
        cell = table.cell(variable, table.first)
        place = _lone_reference(cell, table.sheet, table.first, table.columns[variable])
        if place is not None:
            table.aliases[place] = variable
            sheet = book.sheet(place[0])
            target = sheet.cell(*place[1:]) if sheet is not None else None
            if target is not None and isinstance(target.value, float):
                table.alias_values[variable] = target.value
    named = _named_cells(book)
    for (name, row, column), cell in _referenced(book, table).items():
        label = _label_beside(book.sheet(name), row, column) or named.get((name, row, column))
        is_given = label in table.blueprint.given or (label or "").startswith("b")  # biases may have no column
        if not is_given or (name, row, column) in table.aliases:
            continue
        value = table.values[label][0] if label in table.columns and table.last >= table.first else None
        if label not in table.columns or (label in table.blueprint.constants and value == cell.value):
            table.aliases[(name, row, column)] = label
            table.alias_values.setdefault(label, cell.value)


def _lone_reference(cell: Cell | None, sheet: Sheet, row: int, column: int) -> tuple[str, int, int] | None:
    if cell is None or cell.formula is None or cell.formula.tree.kind != "ref":
        return None
    ref = cell.formula.tree.value
    return (ref.sheet or sheet.name, *ref.at(row, column))


def _referenced(book: Book, table: Table) -> dict[tuple[str, int, int], Cell]:
    """The numbers outside the table that the formulas of its first two rows refer to."""
    found: dict[tuple[str, int, int], Cell] = {}
    for row in list(table.rows)[:2]:
        for column in table.variables:
            cell = table.sheet.cell(row, column)
            for ref, place in _places(book, table.sheet, cell, row, column):
                sheet = book.sheet(ref.sheet) if ref.sheet else table.sheet
                target = sheet.cell(*place) if sheet is not None else None
                inside = sheet is table.sheet and place[1] in table.variables and place[0] in table.rows
                if target is not None and isinstance(target.value, float) and not inside:
                    found[(sheet.name, *place)] = target
    return found


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
        for ref in (node.value,) if node.kind == "ref" else node.value if node.kind == "range" else ():
            yield ref, ref.at(home_row, home_column)


def _named_cells(book: Book) -> dict[tuple[str, int, int], str]:
    """The cells whose defined name is that of a variable: i_1 for the first input."""
    found = {}
    for name, text in book.names.items():
        label, node = labels.variable(name.rpartition("!")[2]), reference(text.strip().lstrip("="), 1, 1)
        if label is not None and node.kind == "ref" and (sheet := book.sheet(node.value.sheet)) is not None:
            found[(sheet.name, *node.value.at(1, 1))] = label
    return found


def _label_beside(sheet: Sheet | None, row: int, column: int) -> str | None:
    for at in ((row, column - 1), (row - 1, column), (row, column + 1)):
        cell = sheet.cell(*at) if sheet is not None else None
        if cell is not None and isinstance(cell.value, str):
            found = labels.variable(cell.value.strip(" =:"))
            if found is not None:
                return found
    return None
