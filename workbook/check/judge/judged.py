"""Judging the formulas of one table: each cell right, wrong or not judged; wrong ones in groups as they were copied."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache

from workbook.check.judge.classify import Diagnosis, Judge
from workbook.check.judge.fault_kinds import RATE
from workbook.check.judge.networks import other_network
from workbook.check.meaning.evaluate import KNOWN, SheetError, UnknownError, evaluate, leaves
from workbook.check.meaning.learning_rate import VOTING_ROWS, find_rate, iteration_is_rate
from workbook.check.meaning.resolve import Resolver, find_aliases
from workbook.check.meaning.tables import Table
from workbook.check.read.book import Book, Cell
from workbook.check.read.formula import Node, Template
from xlfuncs.expected_table import Blueprint, blueprint_of, readings, shared

MANY_WRONG = 4  # columns with wrong formulas from which another reading of the header is tried


@dataclass
class Group:
    """Cells of one variable with one wrong formula, as it was copied down."""

    variable: str
    template: Template | None
    rows: list[int] = field(default_factory=list)
    meanings: list[Node] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    circular: bool = False

    @property
    def meaning(self) -> Node:
        """What most of its cells calculate."""
        return Counter(self.meanings).most_common(1)[0][0]


@dataclass
class Judged:
    """What judging a table's formulas gave.

    `meanings` has the formula meanings by variable and row; `unknown` the cells of each function that Excel doesn't
    know; `unjudged` the cells that couldn't be judged, by their reason; `network` why the whole network isn't judged.
    """

    wrong: list[Group] = field(default_factory=list)
    typed: dict[str, list[int]] = field(default_factory=dict)
    missing: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    unjudged: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    literal_rates: Counter = field(default_factory=Counter)
    meanings: dict[tuple[str, int], Node] = field(default_factory=dict)
    has_formulas: bool = False
    empty_columns: list[str] = field(default_factory=list)
    network: str | None = None

    @property
    def wrong_cells(self) -> int:
        """Number of cells with a wrong formula."""
        return sum(len(group.rows) for group in self.wrong)


@lru_cache(maxsize=64)
def judge_of(blueprint: Blueprint) -> Judge:
    """The judge of a blueprint; its random tables are drawn once."""
    return Judge(blueprint)


def judge_table(book: Book, table: Table, tables: list[Table]) -> tuple[Judged, Resolver]:
    """Judge every formula of the table; sets its learning rate, wiring and biases on the way."""
    find_aliases(book, table)
    _settle_biases(table)
    resolver = Resolver(book, table, tables)
    if iteration_is_rate(resolver):
        table.drop("iteration")
        resolver = Resolver(book, table, tables)
    find_rate(resolver)
    resolver = Resolver(book, table, tables)
    if table.rate is not None and _mostly_written(resolver, judge_of(table.blueprint)):
        table.rate = table.rate_cell = table.rate_column = None
        resolver = Resolver(book, table, tables)
    judged = _best_reading(resolver)
    judged.network = other_network(table, judged, judge_of(table.blueprint))
    return judged, resolver


def _best_reading(resolver: Resolver) -> Judged:
    """The table judged as the network that its columns most likely mean: weights may be numbered input by input, one
    bias may belong to all units. Then the same sheet is right with the other wiring."""
    table = resolver.table
    judged = _judge(resolver, judge_of(table.blueprint))
    if len(judged.wrong) < MANY_WRONG and not (judged.wrong and table.blueprint.biases):
        return judged
    best, found = table.blueprint, judged
    for other in readings(table.blueprint):
        again = _judge(resolver, judge_of(other))
        renumbered = other.by_input != table.blueprint.by_input
        if again.wrong_cells * (4 if renumbered else 1) < min(judged.wrong_cells, found.wrong_cells):
            best, found = other, again
    table.blueprint = best
    return found


def _mostly_written(resolver: Resolver, judge: Judge) -> bool:
    """Whether more updates have the learning rate as a number than by a reference."""
    table = resolver.table
    known: dict[tuple[str, int], int] = {}
    votes = 0
    for variable in (v for v in table.blueprint.learned if v in table.columns):
        for row in list(table.rows)[1 : VOTING_ROWS + 1]:
            meaning = resolver.meaning(row, table.columns[variable])
            if meaning is None:
                continue
            key = (variable, id(meaning))
            if key not in known:
                refers = any(leaf.value == (RATE, 0) for leaf in leaves(meaning))
                known[key] = -1 if refers else judge.literal_rate(meaning, variable) is not None
            votes += known[key]
    return votes > 0


def _settle_biases(table: Table) -> None:
    """Biases that stand in a parameter block instead of in columns, and those that keep their value."""
    names = {name for name in table.aliases.values() if name.startswith("b")}
    if names and not table.blueprint.biases:
        wider = blueprint_of([*table.columns, *names])
        if wider is not None:
            table.blueprint = shared(replace(wider, fixed_biases=not any(name in table.columns for name in names)))
    biases = table.blueprint.bias_names
    if biases and table.last >= table.first and all(_is_kept(table, bias) for bias in biases):
        table.blueprint = shared(replace(table.blueprint, fixed_biases=True))


def _is_kept(table: Table, bias: str) -> bool:
    """Whether a bias without a gradient has one value in all rows: it isn't learned."""
    if f"grad_{bias}" in table.columns:
        return False
    if bias not in table.columns:
        return bias in table.aliases.values()
    cells = [(row, cell) for row in table.rows if (cell := table.cell(bias, row)) is not None]
    typed = {cell.value for _, cell in cells if cell.template is None}
    later = [cell.template for row, cell in cells if cell.template is not None and row > table.first]
    return bool(cells) and len(typed) <= 1 and all(template.tree.kind in ("ref", "name") for template in later)


def _judge(resolver: Resolver, judge: Judge) -> Judged:
    table = resolver.table
    judged = Judged()
    groups: dict[tuple[str, int, bool], Group] = {}
    right: set[tuple[str, int]] = set()  # meanings that were found right, by variable and identity
    formulas = 0
    for variable, column in table.columns.items():
        if variable == "iteration" or variable not in judge.blueprint.formulas:
            continue
        given = variable in judge.blueprint.constants
        filled = 0
        for row in table.rows:
            cell = table.sheet.cell(row, column)
            if cell is None or (cell.template is None and cell.value is None):
                if not given:
                    judged.missing.setdefault(variable, []).append(row)
                continue
            filled += 1
            if cell.template is None:
                if not given and not (row == table.first and variable in judge.blueprint.learned):
                    judged.typed.setdefault(variable, []).append(row)
                continue
            formulas += 1
            if row == table.first and (given or variable in judge.blueprint.learned):
                continue
            meaning = resolver.meaning(row, column)
            judged.meanings[(variable, row)] = meaning
            if cell.template.functions - KNOWN and _note_functions(resolver, cell, judged, variable, row):
                continue
            if (variable, id(meaning)) in right:
                continue
            try:
                if _is_right(meaning, variable, table, judge, judged, cell):
                    if not given and judge.known.get((variable, meaning)) is True:
                        right.add((variable, id(meaning)))
                    continue
            except UnknownError as error:
                if not _shows_own_error(cell, table, row, column):
                    judged.unjudged.setdefault(str(error), []).append((variable, row))
                    continue
            key = (variable, id(cell.template), _meets_rate(cell.template, row, column, table))
            group = groups.setdefault(key, Group(variable, cell.template))
            group.rows.append(row)
            group.meanings.append(meaning)
        only_start = variable in judge.blueprint.learned and filled == 1 and len(table.rows) > 1
        if (filled == 0 or only_start) and not given:
            judged.empty_columns.append(variable)
            judged.missing.pop(variable, None)
    judged.wrong = list(groups.values())
    judged.has_formulas = formulas > 0 and any(v not in judge.blueprint.constants for v, _ in judged.meanings)
    return judged


def _note_functions(resolver: Resolver, cell: Cell, judged: Judged, variable: str, row: int) -> bool:
    """Note the functions that Excel doesn't know; True where the cell can't be judged because of one.

    Where it holds a number, the program that wrote the file knew the function: a macro's, an add-in's, the workbook's.
    """
    names = sorted(cell.template.functions - KNOWN)
    own = [name for name in names if name.casefold() in resolver.book.names]
    own += [name for name in names if name != "POW" and isinstance(cell.value, float)]
    if own:
        reason = f"uses {own[0]}, which is no function of Excel's own and can't be judged"
        judged.unjudged.setdefault(reason, []).append((variable, row))
        return True
    for name in names:
        judged.unknown.setdefault(name, []).append((variable, row))
    return False


def _shows_own_error(cell: Cell, table: Table, row: int, column: int) -> bool:
    """Whether the cell shows an error that it doesn't have from a cell that it refers to."""
    if not cell.error:
        return False
    places = (ref.at(row, column) for ref in cell.template.refs if ref.sheet is None)
    cells = (table.sheet.cell(*place) for place in places)
    return not any(other is not None and other.error for other in cells)


def _meets_rate(template: Template, row: int, column: int, table: Table) -> bool:
    """Whether a moving reference happens to stand on the learning rate in this row."""
    if table.rate_cell is None:
        return False
    sheet, *home = table.rate_cell
    moving = (ref for ref in template.refs if not ref.fixed_row and (ref.sheet or table.sheet.name) == sheet)
    return any(ref.at(row, column) == tuple(home) for ref in moving)


def _is_right(meaning: Node, variable: str, table: Table, judge: Judge, judged: Judged, cell: Cell) -> bool:
    """Whether the formula is right. Raises UnknownError where that can't be told."""
    if variable in judge.blueprint.constants:
        return _is_right_constant(meaning, variable, table, cell)
    if judge.is_right(meaning, variable):
        return not refers_to_itself(meaning, variable) and not _waits_for_itself(cell, variable, judge)
    rate = judge.literal_rate(meaning, variable)
    if rate is None or table.rate_cell is not None or table.rate_column is not None:
        return False  # a number doesn't follow when the rate's cell changes
    judged.literal_rates[rate] += 1
    return True


def refers_to_itself(meaning: Node, variable: str) -> bool:
    """Whether a formula needs its own cell: right in value, but it can't be calculated."""
    return any(leaf.kind == "var" and leaf.value == (variable, 0) for leaf in leaves(meaning))


def _waits_for_itself(cell: Cell, variable: str, judge: Judge) -> bool:
    """Whether one array formula fills several rows of a column on which the next rows depend."""
    array = cell.array
    errors = {*judge.blueprint.network.error_names, "E_total"}
    return array is not None and array.bottom > array.top and variable not in errors


def _is_right_constant(meaning: Node, variable: str, table: Table, cell: Cell) -> bool:
    """A constant may be copied from any row of its own column or from the cell it stands for."""
    if meaning.kind == "var":
        return meaning.value[0] == variable
    if meaning.kind in ("cell", "number"):
        return True
    value = cell.value
    if not isinstance(value, float):
        try:
            value = float(evaluate(meaning, lambda leaf: leaf.value[3] if leaf.kind == "cell" else None))
        except SheetError:
            return False
    return value == table.values[variable][0]
