"""What a formula means in its table: references become variables and row offsets, helper cells are followed.

A meaning is an interned tree of `Node`s whose leaves are `var` (name, offset in rows), `number`, `cell` (a number that
is no variable), `text`, `empty`, `error` (#REF! and its like) and `unknown` (what can't be told, with the reason).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbook.check.meaning.evaluate import unknown
from workbook.check.meaning.plain import Plain, plain_formula
from workbook.check.meaning.stages import Found, Recognised
from workbook.check.read.book import Book, Cell, Place, Sheet
from workbook.check.read.formula import Node, Ref, Template, TooLargeError, bounded
from workbook.parts.references import a1
from xlfuncs.compiled import RATE
from xlfuncs.expected_table import MIDDLE

FAR = MIDDLE  # rows to the edge of the random tables on which formulas are compared: farther ones are all alike
MAX_FOLLOW = 12  # helper cells that lead to one another
MAX_RANGE = 400  # cells of one range: twice what the largest network of such a sheet adds up
MAX_HELPERS = 2000  # helper cells that are looked at for one formula's shape


class Resolver:
    """Resolves the formulas of one table."""

    def __init__(self, book: Book, table: Recognised, others: Sequence[Found]):
        """`others` are the workbook's other tables; their cells are not followed as helper cells."""
        self.book, self.table, self.others = book, table, others
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
        assert cell is not None, (sheet.name, row, column)
        if cell.array is not None:
            return None
        template = cell.formula
        assert template is not None, (sheet.name, row, column)
        key = (id(template), sheet.name, column)
        if key not in self.statics:
            self.statics[key] = self._static(template, sheet, column)
        static = self.statics[key]
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
            return self._reference(node.ref, sheet, row, column, origin, depth)
        if node.kind == "range":
            return bounded(Node("list", None, tuple(self._range(node.ends, sheet, row, column, origin, depth))))
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
                return Node("var", (RATE, 0))
        place = (sheet.name, at_row, at_column)
        if place == table.rate_cell:
            return Node("var", (RATE, 0))
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

    def _constant(self, cell: Cell, place: Place) -> Node:
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
