"""Which cells a cell's value depends on, as far as the references of its formulas tell."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.check.book import Book
from workbook.check.formula import Node, Ref, Template, reference

Place = tuple[str, int, int]
_ANYWHERE = frozenset({"INDIRECT", "OFFSET", "ANCHORARRAY"})  # these read cells that no reference names


class Dependence:
    """The references of a workbook's formulas, some of them replaced by new ones."""

    def __init__(self, book: Book, formulas: dict[Place, Template]):
        """`formulas` are the new ones."""
        self.book, self.formulas = book, formulas
        self.folded = {sheet.name.casefold(): sheet for sheet in book.sheets}

    def reached(self, start: Place, targets: set[Place]) -> set[Place]:
        """Those of `targets` that the cell's value may depend on; all of them where that can't be told."""
        found: set[Place] = set()
        stack, seen = [start], {start}
        while stack:
            place = stack.pop()
            template = self._template(place)
            if template is None:
                continue
            if template.functions & _ANYWHERE:
                return set(targets)
            for area in self._areas(template.tree, place):
                if area is None:
                    return set(targets)
                found |= {target for target in targets if _inside(target, area)}
                fresh = [p for p in self._formula_cells(area) if p not in seen]
                seen.update(fresh)
                stack += fresh
        return found

    def _template(self, place: Place) -> Template | None:
        if place in self.formulas:
            return self.formulas[place]
        cell = self.folded[place[0].casefold()].cell(*place[1:])
        return cell.formula if cell is not None else None

    def _areas(self, node: Node, at: Place) -> Iterator[tuple[Place, Place] | None]:
        """The rectangles a formula names, None for what isn't understood."""
        if node.kind == "name":
            text = self.book.names.get(str(node.value).rpartition("!")[2].casefold())
            node = reference(text.lstrip("="), *at[1:]) if text else node
        if node.kind in ("name", "error"):
            yield None
        elif node.kind in ("ref", "range"):
            refs = node.value if node.kind == "range" else (node.value, node.value)
            yield self._area(refs, at)
        for arg in node.args:
            yield from self._areas(arg, at)

    def _area(self, refs: tuple[Ref, Ref], at: Place) -> tuple[Place, Place] | None:
        sheet = self.folded.get((refs[0].sheet or at[0]).casefold())
        if sheet is None:
            return None
        (top, left), (bottom, right) = (ref.at(*at[1:]) for ref in refs)
        return (sheet.name, min(top, bottom), min(left, right)), (sheet.name, max(top, bottom), max(left, right))

    def _formula_cells(self, area: tuple[Place, Place]) -> Iterator[Place]:
        (name, top, left), (_, bottom, right) = area
        rows = self.folded[name.casefold()].rows
        among = range(top, bottom + 1) if bottom - top < len(rows) else [r for r in rows if top <= r <= bottom]
        for row in among:
            for column, cell in rows.get(row, {}).items():
                if left <= column <= right and (cell.formula is not None or (name, row, column) in self.formulas):
                    yield name, row, column


def _inside(place: Place, area: tuple[Place, Place]) -> bool:
    (name, top, left), (_, bottom, right) = area
    return place[0] == name and top <= place[1] <= bottom and left <= place[2] <= right
