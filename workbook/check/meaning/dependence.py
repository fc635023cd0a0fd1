"""Which cells a cell's value depends on, as far as the references of its formulas tell."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.check.read.book import Book, Place
from workbook.check.read.formula import Node, Ref, Template, reference

_ANYWHERE = frozenset({"INDIRECT", "OFFSET", "ANCHORARRAY"})  # these read cells that no reference names


class Dependence:
    """The references of a workbook's formulas, some of them replaced by new ones."""

    def __init__(self, book: Book, formulas: dict[Place, Template]):
        """`formulas` are the new ones."""
        self.book, self.formulas = book, formulas
        self.folded = {sheet.name.casefold(): sheet for sheet in book.sheets}

    def followers(self, owners: dict[Place, int]) -> dict[Place, set[int]]:
        """The owners of cells that each cell's value may depend on, itself among them; all where that can't be told."""
        readers: dict[Place, list[Place]] = {}
        found: dict[Place, set[int]] = {}
        for place, template in self._templates():
            areas = set(self._areas(template.tree, place))
            if None in areas or template.functions & _ANYWHERE:
                found[place] = set(owners.values())
            for area in areas:
                for read in self._cells(area) if area is not None else ():
                    readers.setdefault(read, []).append(place)
        for place, owner in owners.items():
            found.setdefault(place, set()).add(owner)
        stack = list(found)
        while stack:
            place = stack.pop()
            for reader in readers.get(place, ()):
                known = found.setdefault(reader, set())
                if not found[place] <= known:
                    known |= found[place]
                    stack.append(reader)
        return found

    def _templates(self) -> Iterator[tuple[Place, Template]]:
        yield from self.formulas.items()
        for name, sheet in ((sheet.name, sheet) for sheet in self.book.sheets):
            for row, cells in sheet.rows.items():
                for column, cell in cells.items():
                    if cell.formula is not None and (name, row, column) not in self.formulas:
                        yield (name, row, column), cell.formula

    def understood(self, start: Place, arrays: set[Place], beyond: frozenset[str]) -> bool:
        """Whether all that the cell's value depends on is named by references, without these cells and functions."""
        areas = set(self._read(start, beyond))
        understood = [area for area in areas if area is not None]
        return len(understood) == len(areas) and not any(_inside(p, area) for p in arrays for area in understood)

    def _read(self, start: Place, beyond: frozenset[str] = frozenset()) -> Iterator[tuple[Place, Place] | None]:
        """The rectangles that the cell reads, directly and through other formulas; None for what isn't understood."""
        stack, seen = [start], {start}
        while stack:
            place = stack.pop()
            template = self._template(place)
            if template is None:
                continue
            if template.functions & (_ANYWHERE | beyond):
                yield None
            for area in self._areas(template.tree, place):
                yield area
                if area is not None:
                    fresh = [p for p in self._cells(area) if p not in seen]
                    seen.update(fresh)
                    stack += fresh

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
            yield self._area(node.ends, at)
        for arg in node.args:
            yield from self._areas(arg, at)

    def _area(self, refs: tuple[Ref, Ref], at: Place) -> tuple[Place, Place] | None:
        sheet = self.folded.get((refs[0].sheet or at[0]).casefold())
        if sheet is None:
            return None
        (top, left), (bottom, right) = (ref.at(*at[1:]) for ref in refs)
        return (sheet.name, min(top, bottom), min(left, right)), (sheet.name, max(top, bottom), max(left, right))

    def _cells(self, area: tuple[Place, Place]) -> Iterator[Place]:
        """The area's cells that hold something."""
        (name, top, left), (_, bottom, right) = area
        if (top, left) == (bottom, right):
            yield area[0]
            return
        rows = self.folded[name.casefold()].rows
        among = range(top, bottom + 1) if bottom - top < len(rows) else [r for r in rows if top <= r <= bottom]
        yield from ((name, row, column) for row in among for column in rows.get(row, {}) if left <= column <= right)


def _inside(place: Place, area: tuple[Place, Place]) -> bool:
    (name, top, left), (_, bottom, right) = area
    return place[0] == name and top <= place[1] <= bottom and left <= place[2] <= right
