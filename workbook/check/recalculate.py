"""The values that a workbook's cells take when some of its formulas change: only what depends on them is computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbook.check.evaluate import evaluate
from workbook.check.formula import Node, Ref, Template, reference
from workbook.check.reader import Book, Cell, Sheet

Place = tuple[str, int, int]
MAX_RANGE = 100_000


def recalculate(book: Book, formulas: dict[Place, Template]) -> dict[Place, float | None]:
    """The new values of the cells with these new formulas and of all that depend on them.

    None where a value can't be computed here (an unknown function, a circle): a spreadsheet has to do that.
    """
    return _Sheets(book, formulas).run()


class _Sheets:
    def __init__(self, book: Book, formulas: dict[Place, Template]):
        self.book, self.formulas = book, formulas
        self.sheets: dict[str, Sheet] = {sheet.name: sheet for sheet in book.sheets}
        self.folded = {sheet.name.casefold(): sheet.name for sheet in book.sheets}
        self.values: dict[Place, float | None] = {}  # of cells that have to be computed anew
        self.done: set[Place] = set()

    def run(self) -> dict[Place, float | None]:
        for place in self.formulas:
            self._visit(place)
        for sheet in self.book.sheets:
            for row, cells in sheet.rows.items():
                for column, cell in cells.items():
                    if cell.formula is not None:
                        self._visit((sheet.name, row, column))
        return self.values

    def _visit(self, start: Place) -> None:
        """Compute what a cell needs, then the cell; without recursion, for a table is a chain of thousands."""
        stack, opened = [start], set()
        while stack:
            place = stack[-1]
            template = None if place in self.done else self._template(place)
            if template is None:
                self.done.add(stack.pop())
                continue
            if place not in opened:
                opened.add(place)
                waiting = [p for p in self._needs(template, place) if p not in self.done and p not in opened]
                if waiting:
                    stack.extend(waiting)
                    continue
            if place in self.formulas or any(p in self.values for p in self._needs(template, place)):
                self.values[place] = self._value(template, place, opened - self.done - {place})
            self.done.add(stack.pop())

    def _template(self, place: Place) -> Template | None:
        if place in self.formulas:
            return self.formulas[place]
        cell = self._cell(place)
        return cell.formula if cell is not None else None

    def _cell(self, place: Place) -> Cell | None:
        return self.sheets[place[0]].cell(place[1], place[2])

    def _needs(self, template: Template, place: Place) -> Iterator[Place]:
        """The cells a formula refers to."""
        if not template.ranged:
            yield from (p for ref in template.refs if (p := self._place(ref, place)) is not None)
            return
        for node in _references(template.tree):
            yield from self._area(node, place)

    def _place(self, ref: Ref, at: Place) -> Place | None:
        sheet = at[0] if ref.sheet is None else self.folded.get(ref.sheet.casefold())
        return None if sheet is None else (sheet, *ref.at(at[1], at[2]))

    def _area(self, node: Node, at: Place) -> list[Place]:
        """The cells of a reference, a range or a defined name."""
        if node.kind == "name":
            text = self.book.names.get(str(node.value).rpartition("!")[2].casefold())
            node = reference(text.lstrip("="), at[1], at[2]) if text else node
        if node.kind == "ref":
            place = self._place(node.value, at)
            return [] if place is None else [place]
        if node.kind != "range":
            return []
        first, last = (self._place(ref._replace(sheet=node.value[0].sheet), at) for ref in node.value)
        if first is None or last is None:
            return []
        rows, columns = range(first[1], last[1] + 1), range(first[2], last[2] + 1)
        if len(rows) * len(columns) > MAX_RANGE:
            return []
        return [(first[0], row, column) for row in rows for column in columns]

    def _value(self, template: Template, place: Place, open_cells: set[Place]) -> float | None:
        if any(p in open_cells for p in self._needs(template, place)):
            return None  # a circle
        try:
            value = float(evaluate(template.tree, lambda node: self._leaf(node, place)))
        except (TypeError, ValueError, OverflowError):
            return None
        return value if np.isfinite(value) else None

    def _leaf(self, node: Node, place: Place) -> float | list | None:
        places = self._area(node, place)
        if node.kind == "range" or (node.kind == "name" and len(places) > 1):
            found = [self._stored(p) for p in places if self._filled(p)]
            return found if places else None
        return self._stored(places[0]) if places else None

    def _filled(self, place: Place) -> bool:
        cell = self._cell(place)
        return place in self.values or (cell is not None and not (isinstance(cell.value, str) and not cell.error))

    def _stored(self, place: Place) -> float | None:
        if place in self.values:
            return np.nan if self.values[place] is None else self.values[place]
        cell = self._cell(place)
        if cell is None or (cell.value is None and cell.formula is None):
            return 0.0
        return float(cell.value) if isinstance(cell.value, float | bool) else np.nan


def _references(node: Node) -> Iterator[Node]:
    if node.kind in ("ref", "range", "name"):
        yield node
    for arg in node.args:
        yield from _references(arg)
