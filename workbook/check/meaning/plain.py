"""A formula with arrays, LET, INDEX, names or table columns as the plain formula of one cell that means the same.

Array formulas, spilled ones and MMULT give many numbers; what one cell shows is one entry, which is written out here:
the entry of MMULT(A,B) is a sum of products. What is left has references, ranges in sums, numbers, operators and
functions of numbers. What can't be written so becomes an `unknown` leaf with the reason.
"""

from __future__ import annotations

from workbook.check.meaning.evaluate import EVALUATED, KNOWN, SheetError, UnknownError, cannot_judge, evaluate, unknown
from workbook.check.meaning.names import target
from workbook.check.read.book import Book, Cell, Sheet
from workbook.check.read.formula import Node, Ref

MAX_ENTRIES = 400  # of one array
MAX_WRITTEN = 3000  # nodes of one written-out formula
_AGGREGATES = ("SUM", "PRODUCT", "AVERAGE", "SUMSQ", "SUMPRODUCT", "SUMXMY2", "MAX", "MIN")
_OF_ARRAYS = ("SUMPRODUCT", "SUMXMY2")  # these take every argument as an array


def plain_formula(book: Book, sheet: Sheet, cell: Cell, row: int, column: int) -> tuple[Node, int, int]:
    """The cell's formula written out, and the row and column that its references are relative to."""
    array = cell.array
    if array is not None:
        home = Plain(book, sheet, array.top, array.left, is_array=True)
        return home.entry(array.template.tree, row - array.top, column - array.left), array.top, array.left
    assert cell.formula is not None, (sheet.name, row, column)
    if cell.formula.ranged:
        return Plain(book, sheet, row, column).one(cell.formula.tree), row, column
    return cell.formula.tree, row, column


class Plain:
    """Writes out the formulas of one cell. Each method catches what can't be told and gives an `unknown` leaf."""

    def __init__(self, book: Book, sheet: Sheet, row: int, column: int, *, is_array: bool = False):
        """`row` and `column` are the cell's, an array formula's first; `is_array` where it fills several cells."""
        self.book, self.sheet, self.row, self.column, self.is_array = book, sheet, row, column, is_array
        self.nodes_left = MAX_WRITTEN

    def one(self, node: Node) -> Node:
        """The single number that a formula gives; a column of cells means the one in this row."""
        return self._caught(self._one, node)

    def entry(self, node: Node, down: int, right: int) -> Node:
        """One entry of the array that a formula gives."""
        return self._caught(self._entry, node, down, right)

    def _caught(self, write, node: Node, *place: int) -> Node:
        try:
            return write(self._with_names(node, {}, 0), *place)
        except (UnknownError, RecursionError) as error:
            return unknown(str(error) if isinstance(error, UnknownError) else "is nested too deeply")
        except SheetError as error:
            return Node("error", str(error))

    def _with_names(self, node: Node, given: dict[str, Node], depth: int) -> Node:
        """The tree with names, LET and the row's number replaced by what they stand for."""
        self.nodes_left -= 1
        if self.nodes_left < 0 or depth > 200:
            raise UnknownError("is too long to be judged")
        if node.kind == "name":
            name = str(node.value)
            key = name.casefold().removeprefix("_xlpm.")
            if key in given:
                return given[key]
            found = target(self.book, name, self.sheet.name, self.row, self.column)
            return found if found.kind in ("ref", "range", "unknown") else self._with_names(found, {}, depth + 20)
        if node.kind == "call" and node.value == "LET":
            return self._let(node, given, depth)
        if not node.args:
            if node.kind == "call" and node.value in ("ROW", "COLUMN"):
                return Node("number", float(self.row if node.value == "ROW" else self.column))
            return node
        return Node(node.kind, node.value, tuple(self._with_names(arg, given, depth + 1) for arg in node.args))

    def _let(self, node: Node, given: dict[str, Node], depth: int) -> Node:
        if len(node.args) % 2 == 0 or len(node.args) < 3:
            raise UnknownError(cannot_judge("LET"))
        given = dict(given)
        for name, value in zip(node.args[:-1:2], node.args[1:-1:2], strict=True):
            if name.kind not in ("name", "ref"):
                raise UnknownError(cannot_judge("LET"))
            key = str(name.value).casefold().removeprefix("_xlpm.")
            given[key] = self._with_names(value, given, depth + 1)
            self.nodes_left -= _size(given[key], self.nodes_left)
        return self._with_names(node.args[-1], given, depth + 1)

    def _one(self, node: Node) -> Node:
        if node.kind == "range":
            return self._beside(node)
        if node.kind == "call":
            if node.value in ("MMULT", "TRANSPOSE", "ANCHORARRAY"):
                return self._entry(node, 0, 0)
            if node.value in ("INDEX", "OFFSET"):
                found = self._area_of(node)
                return self._beside(found) if found.kind == "range" else found
            if node.value == "SINGLE" and len(node.args) == 1:
                return self._one(node.args[0])
            if node.value in ("ROW", "COLUMN"):
                return self._place(node)
            if node.value in _AGGREGATES:
                return self._aggregate(node)
            _refuse_unknown(node)
        if not node.args:
            return node
        return Node(node.kind, node.value, tuple(self._one(arg) for arg in node.args))

    def _entry(self, node: Node, down: int, right: int) -> Node:
        self.nodes_left -= 1
        if self.nodes_left < 0:
            raise UnknownError("is too long to be judged")
        if node.kind == "range":
            rows, columns = self._shape(node)
            return self._cell_of(node, 0 if rows == 1 else down, 0 if columns == 1 else right)
        if node.kind == "call":
            match node.value:
                case "MMULT" if len(node.args) == 2:
                    return self._product(node, down, right)
                case "TRANSPOSE" if len(node.args) == 1:
                    return self._entry(node.args[0], right, down)
                case "ANCHORARRAY" | "INDEX" | "OFFSET":
                    found = self._area_of(node)
                    return self._entry(found, down, right) if found.kind == "range" else found
                case "SINGLE":
                    return self._one(node)
                case "ROW" | "COLUMN":
                    return self._place(node)
            if node.value in _AGGREGATES:
                return self._aggregate(node)
            _refuse_unknown(node)
        if not node.args:
            return node
        return Node(node.kind, node.value, tuple(self._entry(arg, down, right) for arg in node.args))

    def _product(self, node: Node, down: int, right: int) -> Node:
        """An entry of MMULT: a row of the first matrix times a column of the second."""
        (rows, inner), (other, columns) = (self._shape(arg) for arg in node.args)
        if inner != other:
            raise SheetError("#VALUE!")
        if down >= rows or right >= columns or inner > MAX_ENTRIES:
            raise UnknownError(cannot_judge("this MMULT"))
        a, b = node.args
        terms = [Node("op", "*", (self._entry(a, down, k), self._entry(b, k, right))) for k in range(inner)]
        found = terms[0]
        for term in terms[1:]:
            found = Node("op", "+", (found, term))
        return found

    def _aggregate(self, node: Node) -> Node:
        """SUM and its like: an argument that is an array becomes the list of its entries."""
        arrays = self.is_array or node.value in _OF_ARRAYS
        return Node(node.kind, node.value, tuple(self._list(arg, arrays) for arg in node.args))

    def _list(self, node: Node, arrays: bool) -> Node:
        if node.kind == "call" and node.value in ("INDEX", "OFFSET", "ANCHORARRAY"):
            node = self._area_of(node)
        if node.kind in ("range", "ref"):
            return node
        natural = node.kind == "call" and node.value in ("MMULT", "TRANSPOSE")
        if not arrays and not natural:
            return self._one(node)
        rows, columns = self._shape(node)
        if rows * columns > MAX_ENTRIES:
            raise UnknownError("calculates with too many cells at once")
        entries = [self._entry(node, down, right) for down in range(rows) for right in range(columns)]
        return entries[0] if len(entries) == 1 else Node("list", None, tuple(entries))

    def _shape(self, node: Node) -> tuple[int, int]:
        """Rows and columns of what a part of the formula gives."""
        if node.kind == "range":
            (top, left), (bottom, right) = self._corners(node)
            return bottom - top + 1, right - left + 1
        if node.kind == "call":
            match node.value:
                case "MMULT" if len(node.args) == 2:
                    return self._shape(node.args[0])[0], self._shape(node.args[1])[1]
                case "TRANSPOSE" if len(node.args) == 1:
                    return self._shape(node.args[0])[::-1]
                case "INDEX" | "OFFSET" | "ANCHORARRAY":
                    return self._shape(self._area_of(node))
            if node.value in _AGGREGATES or node.value == "SINGLE":
                return 1, 1
        shapes = [self._shape(arg) for arg in node.args]
        return max((rows for rows, _ in shapes), default=1), max((columns for _, columns in shapes), default=1)

    def _area_of(self, node: Node) -> Node:
        """The cells that INDEX, OFFSET or A1# choose, as a ref or range."""
        area = node.args[0] if node.args else node
        if area.kind == "call" and area.value in ("INDEX", "OFFSET", "ANCHORARRAY"):
            area = self._area_of(area)
        if area.kind not in ("ref", "range"):
            raise UnknownError(cannot_judge(str(node.value)))
        (top, left), (bottom, right) = self._corners(area)
        numbers = [0 if arg.kind == "missing" else self._number(arg) for arg in node.args[1:]]
        if node.value == "ANCHORARRAY":
            cell = self._sheet_of(area).cell(top, left)
            if cell is None or cell.array is None:
                raise UnknownError("refers to an array that isn't there")
            return self._cells(area, top, left, cell.array.bottom, cell.array.right)
        if node.value == "OFFSET":
            if len(numbers) not in (2, 3, 4):
                raise UnknownError(cannot_judge("OFFSET"))
            down, across, *size = numbers
            rows, columns = (*size, *(bottom - top + 1, right - left + 1)[len(size) :])
            if rows < 1 or columns < 1:
                raise UnknownError(cannot_judge("OFFSET"))
            return self._cells(area, top + down, left + across, top + down + rows - 1, left + across + columns - 1)
        if len(numbers) == 1 and top == bottom:
            numbers = [1, *numbers]
        if not 1 <= len(numbers) <= 2:
            raise UnknownError(cannot_judge("INDEX"))
        row, column = (*numbers, 1 if left == right else 0)[:2]
        if not 0 <= row <= bottom - top + 1 or not 0 <= column <= right - left + 1:
            raise SheetError("#REF!")
        first, last = (top, bottom) if row == 0 else (top + row - 1, top + row - 1)
        start, end = (left, right) if column == 0 else (left + column - 1, left + column - 1)
        return self._cells(area, first, start, last, end)

    def _number(self, node: Node) -> int:
        """The whole number that an argument of INDEX or OFFSET gives here, read from the sheet where it must be."""
        return int(evaluate(self._one(node), self._stored))

    def _stored(self, node: Node) -> float | None:
        if node.kind != "ref":
            return None
        cell = self._sheet_of(node).cell(*node.ref.at(self.row, self.column))
        return cell.value if cell is not None and isinstance(cell.value, float) else None

    def _place(self, node: Node) -> Node:
        """ROW(A7) is 7."""
        if len(node.args) != 1 or node.args[0].kind != "ref":
            raise UnknownError(cannot_judge(str(node.value)))
        row, column = node.args[0].ref.at(self.row, self.column)
        return Node("number", float(row if node.value == "ROW" else column))

    def _beside(self, node: Node) -> Node:
        """A range where one number is wanted means its cell in this row, or in this column."""
        (top, left), (bottom, right) = self._corners(node)
        if left == right and top <= self.row <= bottom:
            return self._cell_of(node, self.row - top, 0)
        if top == bottom and left <= self.column <= right:
            return self._cell_of(node, 0, self.column - left)
        if top == bottom and left == right:
            return self._cell_of(node, 0, 0)
        raise UnknownError("uses a range of cells as one number")

    def _cell_of(self, node: Node, down: int, right: int) -> Node:
        (top, left), (bottom, last) = self._corners(node)
        if top + down > bottom or left + right > last:
            raise SheetError("#N/A")
        return self._cells(node, top + down, left + right, top + down, left + right)

    def _cells(self, area: Node, top: int, left: int, bottom: int, right: int) -> Node:
        """These cells; a `$` before the area's rows stays one, as it tells a fixed row from one that is copied down."""
        if top < 1 or left < 1:
            raise SheetError("#REF!")
        model, last = area.ends
        fixed = model.fixed_row and not (area.kind == "range" and last.row - model.row > MAX_ENTRIES)
        refs = [
            Ref(model.sheet, row if fixed else row - self.row, column, fixed, True)
            for row, column in ((top, left), (bottom, right))
        ]
        return Node("ref", refs[0]) if (top, left) == (bottom, right) else Node("range", (refs[0], refs[1]))

    def _corners(self, node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
        (top, left), (bottom, right) = (ref.at(self.row, self.column) for ref in node.ends)
        return (min(top, bottom), min(left, right)), (max(top, bottom), max(left, right))

    def _sheet_of(self, node: Node) -> Sheet:
        model = node.ends[0]
        sheet = self.sheet if model.sheet is None else self.book.sheet(model.sheet)
        if sheet is None:
            raise UnknownError(f"refers to {model.sheet}, which isn't in the workbook")
        return sheet


def _refuse_unknown(node: Node) -> None:
    if node.value in KNOWN - EVALUATED:
        raise UnknownError(cannot_judge(str(node.value)))


def _size(node: Node, limit: int) -> int:
    """The number of nodes, counted no further than `limit`."""
    count, waiting = 0, [node]
    while waiting and count <= limit:
        count += 1
        waiting.extend(waiting.pop().args)
    return count
