"""Judging every formula of a table: each cell right, wrong or not judged; wrong ones in groups as they were copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from workbook.check.judge.classify import Judge, judge_of
from workbook.check.judge.judged import Group, Reading
from workbook.check.meaning.evaluate import KNOWN, SheetError, UnknownError, evaluate, leaves
from workbook.check.meaning.resolve import Resolver
from workbook.check.meaning.stages import Recognised, grown
from workbook.check.read.book import Cell
from workbook.check.read.formula import Node, Template
from xlfuncs.expected_table import Blueprint, readings

MANY_WRONG = 4  # columns with wrong formulas from which another reading of the header is tried


def best_reading(resolver: Resolver) -> Reading:
    """The table judged as the network that its columns most likely mean: weights may be numbered input by input, one
    bias may belong to all units. Then the same sheet is right with the other wiring."""
    usual = resolver.table.blueprint
    first = best = _Reader(resolver, usual).read()
    if len(first.wrong) < MANY_WRONG and not (first.wrong and usual.biases):
        return first
    for other in readings(usual):
        again = _Reader(resolver, other).read()
        renumbered = other.by_input != usual.by_input
        if again.wrong_cells * (4 if renumbered else 1) < min(first.wrong_cells, best.wrong_cells):
            best = again
    return best


class _Reader:
    """Reads one table as one network; what it gathers becomes a `Reading`."""

    def __init__(self, resolver: Resolver, blueprint: Blueprint):
        self.resolver, self.judge = resolver, judge_of(blueprint)
        self.table = grown(Recognised, resolver.table, blueprint=blueprint)
        self.groups: dict[tuple[str, int, bool], tuple[Template, list[tuple[int, Node]]]] = {}
        self.typed: dict[str, list[int]] = {}
        self.missing: dict[str, list[int]] = {}
        self.unknown: dict[str, list[tuple[str, int]]] = {}
        self.unjudged: dict[str, list[tuple[str, int]]] = {}
        self.literal_rates: Counter[float] = Counter()
        self.meanings: dict[tuple[str, int], Node] = {}
        self.right: set[tuple[str, int]] = set()  # meanings that were found right, by variable and identity
        self.empty_columns: list[str] = []

    def read(self) -> Reading:
        """The judged table."""
        for variable, column in self.table.columns.items():
            if variable != "iteration" and variable in self.judge.blueprint.formulas:
                self._column(variable, column)
        wrong = []
        for (variable, _, _), (template, cells) in self.groups.items():
            rows, meanings = zip(*cells, strict=True)
            wrong.append(Group(variable, template, rows, meanings))
        return Reading(
            self.table,
            tuple(wrong),
            _frozen(self.typed),
            _frozen(self.missing),
            _frozen(self.unknown),
            _frozen(self.unjudged),
            MappingProxyType(self.literal_rates),
            MappingProxyType(self.meanings),
            tuple(self.empty_columns),
        )

    def _column(self, variable: str, column: int) -> None:
        table = self.table
        given, learned = variable in self.judge.blueprint.constants, variable in self.judge.blueprint.learned
        filled = 0
        missing, typed = [], []
        for row in table.rows:
            cell = table.sheet.cell(row, column)
            if cell is None or (cell.template is None and cell.value is None):
                missing.append(row)
                continue
            filled += 1
            starts = row == table.first and (given or learned)
            if cell.template is None and not given and not starts:
                typed.append(row)
            elif cell.template is not None and not starts:
                self._formula(variable, row, column, cell)
        if typed:
            self.typed[variable] = typed
        only_start = learned and filled == 1 and len(table.rows) > 1
        if (filled == 0 or only_start) and not given:
            self.empty_columns.append(variable)
        elif missing and not given:
            self.missing[variable] = missing

    def _formula(self, variable: str, row: int, column: int, cell: Cell) -> None:
        """Judge the formula of one cell."""
        meaning, template = self.resolver.meaning(row, column), cell.template
        assert meaning is not None and template is not None, (variable, row)
        self.meanings[(variable, row)] = meaning
        foreign = template.functions - KNOWN
        if foreign and self._note_functions(sorted(foreign), cell, variable, row):
            return
        if (variable, id(meaning)) in self.right:
            return
        try:
            if self._is_right(meaning, variable, cell):
                return
        except UnknownError as error:
            if not _shows_own_error(cell, template, self.table, row, column):
                self.unjudged.setdefault(str(error), []).append((variable, row))
                return
        key = (variable, id(template), meets_rate(template, row, column, self.table))
        self.groups.setdefault(key, (template, []))[1].append((row, meaning))

    def _note_functions(self, names: list[str], cell: Cell, variable: str, row: int) -> bool:
        """Note the functions that Excel doesn't know; True where the cell can't be judged because of one.

        Where it holds a number, the program that wrote the file knew the function: a macro's, an add-in's, the
        workbook's.
        """
        own = [name for name in names if name.casefold() in self.resolver.book.names]
        own += [name for name in names if name != "POW" and isinstance(cell.value, float)]
        if own:
            reason = f"uses {own[0]}, which is no function of Excel's own and can't be judged"
            self.unjudged.setdefault(reason, []).append((variable, row))
            return True
        for name in names:
            self.unknown.setdefault(name, []).append((variable, row))
        return False

    def _is_right(self, meaning: Node, variable: str, cell: Cell) -> bool:
        """Whether the formula is right. Raises UnknownError where that can't be told."""
        table, judge = self.table, self.judge
        if variable in judge.blueprint.constants:
            return _is_right_constant(meaning, variable, table, cell)
        if judge.is_right(meaning, variable):
            if _refers_to_itself(meaning, variable) or _waits_for_itself(cell, variable, judge):
                return False
            self.right.add((variable, id(meaning)))
            return True
        rate = judge.literal_rate(meaning, variable)
        if rate is None or table.rate_cell is not None or table.rate_column is not None:
            return False  # a number doesn't follow when the rate's cell changes
        self.literal_rates[rate] += 1
        return True


def _frozen(lists: Mapping[str, Iterable]) -> Mapping[str, tuple]:
    return MappingProxyType({name: tuple(items) for name, items in lists.items()})


def _shows_own_error(cell: Cell, template: Template, table: Recognised, row: int, column: int) -> bool:
    """Whether the cell shows an error that it doesn't have from a cell that it refers to."""
    if not cell.error:
        return False
    places = (ref.at(row, column) for ref in template.refs if ref.sheet is None)
    cells = (table.sheet.cell(*place) for place in places)
    return not any(other is not None and other.error for other in cells)


def meets_rate(template: Template, row: int, column: int, table: Recognised) -> bool:
    """Whether a moving reference happens to stand on the learning rate in this row."""
    if table.rate_cell is None:
        return False
    sheet, *home = table.rate_cell
    moving = (ref for ref in template.refs if not ref.fixed_row and (ref.sheet or table.sheet.name) == sheet)
    return any(ref.at(row, column) == tuple(home) for ref in moving)


def _refers_to_itself(meaning: Node, variable: str) -> bool:
    """Whether a formula needs its own cell: right in value, but it can't be calculated."""
    return any(leaf.kind == "var" and leaf.value == (variable, 0) for leaf in leaves(meaning))


def _waits_for_itself(cell: Cell, variable: str, judge: Judge) -> bool:
    """Whether one array formula fills several rows of a column on which the next rows depend."""
    array = cell.array
    errors = {*judge.blueprint.network.error_names, "E_total"}
    return array is not None and array.bottom > array.top and variable not in errors


def _is_right_constant(meaning: Node, variable: str, table: Recognised, cell: Cell) -> bool:
    """A constant may be copied from any row of its own column or from the cell it stands for."""
    if meaning.kind == "var":
        return meaning.variable[0] == variable
    if meaning.kind in ("cell", "number"):
        return True
    value = cell.value
    if not isinstance(value, float):
        try:
            value = float(evaluate(meaning, lambda leaf: leaf.number if leaf.kind == "cell" else None))
        except SheetError:
            return False
    return value == table.values[variable][0]
