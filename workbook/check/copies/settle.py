"""Which edits stay: the workbook is calculated anew with them, and what isn't shown to be right is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from workbook.check.copies.cells import Bonds, Change, change_cells
from workbook.check.copies.edits import Edit, templates_of, unshared
from workbook.check.copies.table_proof import ValueOf, unlike
from workbook.check.judge.another_network import consistent
from workbook.check.meaning.dependence import Dependence
from workbook.check.meaning.evaluate import KNOWN
from workbook.check.meaning.recalculate import (
    Calculation,
    CellError,
    NotRecalculated,
    Value,
    lacking,
    recalculate,
)
from workbook.check.meaning.stages import Recognised
from workbook.check.read.book import Book, Place
from workbook.parts.opc import Package
from workbook.parts.references import a1, on_sheet

SAME = 1e-9  # E_total as stored by a program that keeps ten digits
MAX_LEFT_OUT = 6  # findings of a table that are left out one by one, before all of them are


@dataclass(frozen=True)
class Settled:
    """What is written: edits that were proved, the tables they belong to, and the values before and after them."""

    edits: list[Edit] = field(default_factory=list)
    tables: list[Recognised] = field(default_factory=list)
    spread: dict[Place, str] = field(default_factory=dict)  # own formulas of cells that shared a mended one's
    before: dict[Place, Value] = field(default_factory=dict)
    values: dict[Place, Value] = field(default_factory=dict)

    @property
    def formulas(self) -> dict[Place, str]:
        """The mended formulas."""
        return {place: text for edit in self.edits for place, text in edit.formulas.items()}

    @property
    def numbers(self) -> dict[Place, float]:
        """The numbers put back."""
        return {place: number for edit in self.edits for place, number in edit.numbers.items()}

    @property
    def places(self) -> set[Place]:
        """The cells that were mended."""
        return self.formulas.keys() | self.numbers.keys()


def settle(
    book: Book, tables: list[Recognised], package: Package, bonds: dict[str, Bonds], edits: list[Edit]
) -> Settled:
    """Try the edits on copies of the package; those that have to be taken back get their reason.

    A table's edits stand or fall together, except that one false finding is left out where the rest is right without.
    """
    waiting = [edit for edit in edits if edit.reason is None]
    if not waiting:
        return Settled()
    trial = _Trial(book, tables, package, bonds)
    if trial.problem is not None:
        for edit in waiting:
            edit.leave(trial.problem)
        return Settled()
    attempts = {number: _attempts([e for e in waiting if e.owner == number]) for number in {e.owner for e in waiting}}
    chosen = {number: next(attempt) for number, attempt in attempts.items()}
    reasons: dict[int, str] = {}
    while True:
        settled, failing = trial.run([edit for number in sorted(chosen) for edit in chosen[number]])
        for number, reason in failing.items():
            reasons.setdefault(number, reason)
            chosen[number] = next(attempts[number])
        if not failing:
            break
    for edit in waiting:
        if not any(edit is kept for kept in settled.edits):
            edit.leave(reasons[edit.owner])
    return settled


def _attempts(edits: list[Edit]) -> Iterator[list[Edit]]:
    """All of a table's edits, then all but one, then none."""
    yield edits
    if 1 < len(edits) <= MAX_LEFT_OUT:
        for edit in edits:
            yield [other for other in edits if other is not edit]
    yield []


class _Trial:
    """The workbook calculated without edits, and with some."""

    def __init__(self, book: Book, tables: list[Recognised], package: Package, bonds: dict[str, Bonds]):
        self.book, self.tables, self.package, self.bonds = book, tables, package, bonds
        self.parts = {sheet.name: sheet.part for sheet in book.sheets}
        self.cells = {
            (sheet.name, row, column): cell
            for sheet in book.sheets
            for row, cells in sheet.rows.items()
            for column, cell in cells.items()
            if cell.formula is not None
        }
        self.before: dict[Place, Value] = {}
        self.problem: str | None = None
        try:
            self.before = recalculate(package.untouched().content(), self.cells)
        except NotRecalculated as error:
            self.problem = _unproved(error)
        self.right = [unlike(table, self._value_of({}, self.before), set()) is None for table in tables]

    def run(self, edits: list[Edit]) -> tuple[Settled, dict[int, str]]:
        """What these edits give, and why those of a table aren't shown to be right."""
        settled = Settled(edits, [self.tables[k] for k in sorted({edit.owner for edit in edits})])
        shared = {name: bonds.shared for name, bonds in self.bonds.items()}
        spread = unshared(settled.formulas, shared)
        settled = replace(settled, spread=spread, before=self.before, values=self.before)
        if not edits:
            return settled, {}
        numbers = {edit.owner for edit in edits}
        try:
            values = recalculate(self._written(settled), self.cells.keys() | settled.places)
        except NotRecalculated as error:
            return settled, dict.fromkeys(numbers, _unproved(error))
        settled = replace(settled, values=values)
        failing = self._broken(settled)
        value_of = self._value_of(settled.numbers, settled.values)
        for number, table in enumerate(self.tables):
            if number in numbers:
                reason = unlike(table, value_of, _variables(table, settled.places))
                reason = reason or self._rewritten(table, value_of)
                if reason is not None:
                    failing.setdefault(number, reason)
            elif self.right[number] and unlike(table, value_of, set()) is not None:
                reason = f"the table {on_sheet(table.sheet.name, table.range)}, right so far, would be wrong"
                failing |= dict.fromkeys(numbers - failing.keys(), reason)
        return settled, failing

    def _written(self, settled: Settled) -> bytes:
        package = self.package.untouched()
        written = settled.formulas | settled.spread
        for name, part in self.parts.items():
            changes = {p[1:]: Change(formula=text, value=None) for p, text in written.items() if p[0] == name}
            changes |= {p[1:]: Change(value=number) for p, number in settled.numbers.items() if p[0] == name}
            if changes:
                package.write(part, change_cells(package.read(part), changes))
        return package.content()

    def _broken(self, settled: Settled) -> dict[int, str]:
        """The tables whose edits turn a cell with a value into an error, or into what can't be calculated here."""
        owner = {place: edit.owner for edit in settled.edits for place in edit.places}
        failing: dict[int, str] = {}
        lost = {
            place: value.sign
            for place, value in settled.values.items()
            if isinstance(value, CellError) and place not in owner and self._had_value(place)
        }
        followers = Dependence(self.book, templates_of(settled.formulas)).followers(owner) if lost else {}
        for place, sign in sorted(lost.items()):
            unknown = isinstance(self.before[place], CellError)
            where = on_sheet(place[0], a1(*place[1:]))
            reason = f"{where} would turn into {sign}"
            if unknown:
                reason = f"{where} follows from it and can't be calculated here ({sign})"
            for number in followers.get(place) or ({edit.owner for edit in settled.edits} if not unknown else ()):
                failing.setdefault(number, reason)
        return failing

    def _rewritten(self, table: Recognised, value_of: ValueOf) -> str | None:
        """Why the table may be another network than the one that its mended formulas calculate.

        Only where they give the first row another E_total; what is copied down differs from there on.
        """
        if "E_total" not in table.columns:
            return None
        total = (table.sheet.name, table.first, table.columns["E_total"])
        cell = table.cell("E_total", table.first)
        value_before = self._value_of({}, self.before)
        before, after = value_before(total), value_of(total)
        calculated = type(before) is float
        if not calculated and cell is not None and isinstance(cell.value, float):
            before = cell.value  # the engine can't calculate it, but the program that wrote the file could
        if type(before) is float and type(after) is float and abs(before - after) <= SAME * abs(after):
            return None
        if calculated and consistent(table, Calculation(self.package.untouched().content()), value_before):
            return "its gradients are those of its own E_total, so it may be another network, rightly calculated"
        if calculated:
            return None
        arrays = {(name, *at) for name, bonds in self.bonds.items() for joint in bonds.arrays for at in joint.cells}
        # POW and circles have no value in Excel either, and nothing is lost there.
        formulas = [cell.formula for cell in self.cells.values() if cell.formula is not None]
        used: frozenset[str] = frozenset().union(*(formula.functions for formula in formulas))
        if not Dependence(self.book, {}).understood(total, arrays, lacking(used & KNOWN)):
            return "it can't be calculated here as it stands, so it may be another network, rightly calculated"
        return None

    def _had_value(self, place: Place) -> bool:
        cell = self.cells[place]
        return (cell.value is not None and not cell.error) or not isinstance(self.before[place], CellError)

    def _value_of(self, numbers: dict[Place, float], values: dict[Place, Value]) -> Callable[[Place], Value]:
        """A cell's value: calculated, put back, or typed."""

        def value_of(place: Place) -> Value:
            if place in numbers:
                return numbers[place]
            if place in values:
                return values[place]
            sheet = self.book.sheet(place[0])
            cell = sheet.cell(*place[1:]) if sheet is not None else None
            return cell.value if cell is not None else None

        return value_of


def _variables(table: Recognised, places: set[Place]) -> set[tuple[str, int]]:
    """Those of the cells that are the table's, as variable and row."""
    own = [place for place in places if place[0] == table.sheet.name and place[1] in table.rows]
    return {(table.variables[column], row) for _, row, column in own if column in table.variables}


def _unproved(error: NotRecalculated) -> str:
    return f"the workbook can't be calculated here, so no mend can be shown to be right ({error})"
