"""Judging the formulas of one table: which cells are wrong, grouped as they were copied, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from workbook.check import formula
from workbook.check.book import Book, Cell
from workbook.check.classify import Diagnosis, Judge
from workbook.check.evaluate import KNOWN, leaves
from workbook.check.formula import Node, Template
from workbook.check.kinds import RATE
from workbook.check.rate import VOTING_ROWS, find_rate
from workbook.check.resolve import Resolver, find_aliases
from workbook.check.tables import Table
from workbook.check.trees import with_rate
from xlfuncs.blueprint import Blueprint, shared

MAX_BRACKETS = 30  # operands up to which a lost pair of brackets is searched for


@dataclass
class Group:
    """Cells of one variable with one wrong formula, as it was copied down."""

    variable: str
    template: Template | None
    rows: list[int] = field(default_factory=list)
    meanings: list[Node] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    circular: bool = False


@dataclass
class Judged:
    """What judging a table's formulas gave. `meanings` has the formula meanings by variable and row."""

    wrong: list[Group]
    typed: dict[str, list[int]]
    missing: dict[str, list[int]]
    unknown: dict[str, list[tuple[str, int]]]
    literal_rates: Counter
    meanings: dict[tuple[str, int], Node]
    has_formulas: bool
    empty_columns: list[str]


@lru_cache(maxsize=64)
def judge_of(blueprint: Blueprint) -> Judge:
    """The judge of a blueprint; its random tables are drawn once."""
    return Judge(blueprint)


def judge_table(book: Book, table: Table, tables: list[Table]) -> Judged:
    """Judge every formula of the table; sets its learning rate and wiring on the way."""
    find_aliases(book, table)
    _add_unlabelled_biases(table)
    find_rate(Resolver(book, table, tables))
    resolver = Resolver(book, table, tables)
    if table.rate is not None and _mostly_written(resolver, judge_of(table.blueprint)):
        table.rate = table.rate_cell = table.rate_column = None
        resolver = Resolver(book, table, tables)
    judged = _judge(resolver, judge_of(table.blueprint))
    if len(judged.wrong) >= 4:
        # Perhaps the weights are numbered input by input: then the same sheet is right with the other wiring.
        other = shared(replace(table.blueprint, by_input=not table.blueprint.by_input))
        if set(other.formulas) == set(table.blueprint.formulas):
            again = _judge(resolver, judge_of(other))
            if _wrong_cells(again) * 4 < _wrong_cells(judged):
                table.blueprint, judged = other, again
                return _explained(judged, resolver, judge_of(other))
    return _explained(judged, resolver, judge_of(table.blueprint))


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


def _wrong_cells(judged: Judged) -> int:
    return sum(len(group.rows) for group in judged.wrong)


def _add_unlabelled_biases(table: Table) -> None:
    """Biases that stand in a parameter block instead of in columns."""
    names = {name for name in table.aliases.values() if name.startswith("b")}
    if names and not table.blueprint.biases:
        from xlfuncs.blueprint import blueprint_of

        wider = blueprint_of([*table.columns, *names])
        if wider is not None:
            table.blueprint = shared(wider)


def _judge(resolver: Resolver, judge: Judge) -> Judged:
    table = resolver.table
    judged = Judged([], {}, {}, {}, Counter(), {}, False, [])
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
            if cell is None or (cell.formula is None and cell.value is None):
                if not given:
                    judged.missing.setdefault(variable, []).append(row)
                continue
            filled += 1
            if cell.formula is None:
                if not given and not (row == table.first and variable in judge.blueprint.learned):
                    judged.typed.setdefault(variable, []).append(row)
                continue
            formulas += 1
            if row == table.first and (given or variable in judge.blueprint.learned):
                continue
            meaning = resolver.meaning(row, column)
            judged.meanings[(variable, row)] = meaning
            for name in cell.formula.functions - KNOWN:
                judged.unknown.setdefault(name, []).append((variable, row))
            if (variable, id(meaning)) in right:
                continue
            if _is_right(meaning, variable, table, judge, judged, cell):
                if judge.is_right(meaning, variable):
                    right.add((variable, id(meaning)))
                continue
            key = (variable, id(cell.formula), _meets_rate(cell.formula, row, column, table))
            group = groups.setdefault(key, Group(variable, cell.formula))
            group.rows.append(row)
            group.meanings.append(meaning)
        if filled == 0 and not given:
            judged.empty_columns.append(variable)
            judged.missing.pop(variable, None)
    judged.wrong = list(groups.values())
    judged.has_formulas = formulas > 0 and any(v not in judge.blueprint.constants for v, _ in judged.meanings)
    return judged


def _meets_rate(template: Template, row: int, column: int, table: Table) -> bool:
    """Whether a moving reference happens to stand on the learning rate in this row."""
    home = table.rate_cell[1:] if table.rate_cell is not None else None
    return any(not ref.fixed_row and ref.at(row, column) == home for ref in template.refs)


def _is_right(meaning: Node, variable: str, table: Table, judge: Judge, judged: Judged, cell: Cell) -> bool:
    if variable in judge.blueprint.constants:
        # A constant may be copied from any row of its own column or from the cell it stands for.
        if meaning.kind == "var":
            return meaning.value[0] == variable
        first = table.values[variable][0]
        return meaning.kind in ("cell", "number") or (isinstance(cell.value, float) and cell.value == first)
    if judge.is_right(meaning, variable):
        return True
    rate = judge.literal_rate(meaning, variable)
    if rate is None:
        held = meaning.kind == "var" and meaning.value == (variable, -1)
        return held and variable in judge.blueprint.bias_names and f"grad_{variable}" not in table.columns
    if table.rate_cell is not None or table.rate_column is not None:
        return False  # a number doesn't follow when the rate's cell changes
    judged.literal_rates[rate] += 1
    return True


def _explained(judged: Judged, resolver: Resolver, judge: Judge) -> Judged:
    """Give each wrong group its diagnosis."""
    cache = judge.diagnoses
    table = resolver.table
    right_rows = {(v, id(table.cell(v, row).formula)) for v, row in judged.meanings} - {
        (g.variable, id(g.template)) for g in judged.wrong if len(g.rows) == len(table.rows)
    }
    for group in judged.wrong:
        meaning = Counter(group.meanings).most_common(1)[0][0]
        row = group.rows[group.meanings.index(meaning)]
        key = (group.variable, meaning, _written_rate(table, judged))
        if key not in cache:
            cache[key] = _diagnosis(resolver, judge, judged, group.variable, row, meaning)
        group.diagnosis = _dollars(cache[key], group, table, (group.variable, id(group.template)) in right_rows)
        group.circular = any(judge.circular(m, group.variable) for m in set(group.meanings))
    return judged


def _diagnosis(resolver: Resolver, judge: Judge, judged: Judged, variable: str, row: int, meaning: Node) -> Diagnosis:
    table = resolver.table
    cell = table.cell(variable, row)
    if cell.formula.tree.kind == "error":
        return Diagnosis("unreadable formula", detail=str(cell.formula.tree.value))
    if variable in judge.blueprint.constants:
        return _constant_diagnosis(meaning, variable)
    rate = judge.literal_rate(meaning, variable)
    if rate is not None and any(leaf.kind == "number" for leaf in leaves(meaning)):
        return Diagnosis("wrong learning rate", detail=f"the number {rate:g}")
    written = _written_rate(table, judged)
    if written is None or variable not in judge.blueprint.learned:
        return judge.diagnose(meaning, variable, lambda: _bracketed(resolver, variable, row))
    brackets = (with_rate(tree, written) for tree in _bracketed(resolver, variable, row))
    return judge.diagnose(with_rate(meaning, written), variable, lambda: brackets)


def _written_rate(table: Table, judged: Judged) -> float | None:
    """The learning rate that most updates have as a number, None where a cell holds it."""
    if table.rate_cell is not None or table.rate_column is not None or not judged.literal_rates:
        return None
    return judged.literal_rates.most_common(1)[0][0]


def _constant_diagnosis(meaning: Node, variable: str) -> Diagnosis:
    right = Node("var", (variable, -1))
    kind = "wrong target" if variable.startswith("t") else "wrong input"
    return Diagnosis(kind, swaps=((meaning, right),) if not meaning.args else ())


def _bracketed(resolver: Resolver, variable: str, row: int) -> Iterator[Node]:
    """The formula's meanings with one more pair of brackets around some of its operands."""
    table = resolver.table
    column = table.columns[variable]
    text = formula.text_at(table.cell(variable, row).formula.tree, row, column)
    try:
        tokens = formula.tokens_of(text)
    except ValueError:
        return
    starts = [
        k for k, t in enumerate(tokens) if t.type == t.OPERAND or (t.type in (t.FUNC, t.PAREN) and t.subtype == t.OPEN)
    ]
    starts += [k for k, t in enumerate(tokens) if t.type == t.OP_PRE]
    ends = [
        k for k, t in enumerate(tokens) if t.type == t.OPERAND or (t.type in (t.FUNC, t.PAREN) and t.subtype == t.CLOSE)
    ]
    if len(starts) > MAX_BRACKETS:
        return
    opening, closing = (formula.Token(mark, formula.Token.PAREN, sub) for mark, sub in (("(", "OPEN"), (")", "CLOSE")))
    for start in sorted(starts):
        for end in ends:
            if end <= start:
                continue
            changed = [*tokens[:start], opening, *tokens[start : end + 1], closing, *tokens[end + 1 :]]
            try:
                tree = formula.tree_of_tokens(changed, row, column)
            except (ValueError, AttributeError):
                continue
            yield resolver.meaning_of(tree, row, column)


def _dollars(diagnosis: Diagnosis, group: Group, table: Table, right_elsewhere: bool) -> Diagnosis:
    """Say `missing $` or `stray $` where a slip of rows comes from copying a formula down."""
    if group.template is None:
        return diagnosis
    kinds = [diagnosis.kind, *diagnosis.also]
    column = table.columns[group.variable]
    for old, new in diagnosis.swaps:
        if new.kind != "var":
            continue
        name, _ = new.value
        if name == RATE and table.rate_cell is not None:
            home = table.rate_cell[2]
            if any(not r.fixed_row and r.at(0, column)[1] == home for r in group.template.refs) and _copied(
                group, table
            ):
                kinds = ["missing $" if kind in ("wrong learning rate", "wrong row") else kind for kind in kinds]
        elif old.kind == "var" and old.value[1] != new.value[1]:
            mine = table.columns.get(old.value[0])
            inside = [r for r in group.template.refs if r.fixed_row and table.header <= r.row <= table.last]
            if any(r.at(0, column)[1] == mine for r in inside):
                kinds = ["stray $" if kind == "wrong row" else kind for kind in kinds]
        elif old.kind != "var" and name in table.blueprint.constants and right_elsewhere:
            kinds = ["missing $" if kind == "wrong cell" else kind for kind in kinds]
    kinds = list(dict.fromkeys(kinds))
    detail = _first_drifted(group, table) if kinds[0] == "missing $" else diagnosis.detail
    return replace(diagnosis, kind=kinds[0], also=tuple(kinds[1:]), detail=detail)


def _first_drifted(group: Group, table: Table) -> str:
    """The cell that the group's first formula reads where the learning rate belongs, "" where it isn't the rate."""
    row, column = group.rows[0], table.columns[group.variable]
    home = table.rate_cell[2] if table.rate_cell is not None else None
    cells = [ref.at(row, column) for ref in group.template.refs if not ref.fixed_row]
    drifted = [at for at in cells if at[1] == home and at[0] != table.rate_cell[1]]
    return formula.a1(*min(drifted)) if drifted else ""


def _copied(group: Group, table: Table) -> bool:
    """Whether the group's reference to the rate moved away from it row by row, as a copy without $ does."""
    column = table.columns[group.variable]
    rows = {ref.row for ref in group.template.refs if not ref.fixed_row and ref.at(0, column)[1] == table.rate_cell[2]}
    return any(table.first <= table.rate_cell[1] - offset <= group.rows[-1] for offset in rows)
