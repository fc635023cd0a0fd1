"""Why a formula is wrong, for the cells of one table: what was written, where a $ was lost, where a bracket is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from workbook.check.judge import fault_kinds
from workbook.check.judge.classify import Diagnosis, Judge, judge_of
from workbook.check.judge.exchanges import kind_of_constant
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.judged import Group, Reading, Slip
from workbook.check.judge.right_formula import right_expression
from workbook.check.judge.searches import Search, SpentError
from workbook.check.judge.two_slips import find_two
from workbook.check.meaning.evaluate import UnknownError, leaves
from workbook.check.meaning.resolve import Resolver
from workbook.check.meaning.stages import Recognised, grown
from workbook.check.meaning.trees import distinct, node_of, with_rate
from workbook.check.read import formula
from workbook.check.read.copied import own_text
from workbook.check.read.formula import Node
from workbook.parts.references import a1
from xlfuncs.compiled import RATE

MAX_BRACKETS = 30  # operands up to which a lost pair of brackets is searched for


@finds(fault_kinds.WRONG_FORMULA)
def diagnose(judge: Judge, node: Node, variable: str, right: Node, reparsed: Callable[[], Iterator[Node]]) -> Diagnosis:
    """The kind of fault of a wrong meaning; `reparsed` gives the formula with one more pair of brackets.

    A learning rate that is written as a number has to be the variable `learning_rate` by now.
    """
    search = Search(judge, variable, right)
    try:
        slip = search.find(node, reparsed) or find_two(search, node, reparsed)
    except SpentError:
        slip = None
    foreign = [leaf for leaf in distinct(node) if leaf not in distinct(right)]
    return slip or Diagnosis(fault_kinds.WRONG_FORMULA, swaps=tuple((leaf, leaf) for leaf in foreign))


def explain(reading: Reading, resolver: Resolver) -> tuple[Slip, ...]:
    """Each wrong group of the reading with the reason why it is wrong."""
    table, judge = reading.table, judge_of(reading.table.blueprint)
    rows = {(v, id(table.filled(v, row).template)) for v, row in reading.meanings}
    right_rows = rows - {(g.variable, id(g.template)) for g in reading.wrong if len(g.rows) == len(table.rows)}
    slips = []
    for group in reading.wrong:
        diagnosis = _diagnosis(reading, resolver, judge, group)
        diagnosis = _dollars(diagnosis, group, table, (group.variable, id(group.template)) in right_rows)
        circular = any(judge.circular(meaning, group.variable) for meaning in set(group.meanings))
        slips.append(grown(Slip, group, diagnosis=diagnosis, circular=circular))
    return tuple(slips)


def _diagnosis(reading: Reading, resolver: Resolver, judge: Judge, group: Group) -> Diagnosis:
    table, variable, meaning = reading.table, group.variable, group.meaning
    row = group.rows[group.meanings.index(meaning)]
    held = table.rate_cell is not None or table.rate_column is not None
    written = None if held else reading.written_rate
    key = (variable, meaning, written, frozenset(table.columns))
    return judge.diagnosis(key, lambda: _found_out(table, resolver, judge, variable, row, meaning, written))


@finds(fault_kinds.CIRCULAR, fault_kinds.ERROR_VALUE, fault_kinds.WRONG_RATE)
def _found_out(
    table: Recognised, resolver: Resolver, judge: Judge, variable: str, row: int, meaning: Node, written: float | None
) -> Diagnosis:
    """Why the formula is wrong; `written` is the learning rate that most updates have as a number."""
    cell = table.filled(variable, row)
    if variable in judge.blueprint.constants:
        return _constant_diagnosis(meaning, variable)
    try:
        if judge.is_right(meaning, variable):
            return Diagnosis(fault_kinds.CIRCULAR, detail="" if cell.array is None else "array")
    except UnknownError as error:  # only a cell that shows an error is called wrong then
        return Diagnosis(fault_kinds.ERROR_VALUE, detail=f"{cell.value}|{error}")
    rate = judge.literal_rate(meaning, variable)
    if rate is not None and any(leaf.kind == "number" for leaf in leaves(meaning)):
        return Diagnosis(fault_kinds.WRONG_RATE, detail=f"the number {rate:g}")
    right = node_of(right_expression(table, variable))
    if written is None or variable not in judge.blueprint.learned:
        return diagnose(judge, meaning, variable, right, lambda: _bracketed(resolver, variable, row))
    brackets = (with_rate(tree, written) for tree in _bracketed(resolver, variable, row))
    return diagnose(judge, with_rate(meaning, written), variable, right, lambda: brackets)


def _constant_diagnosis(meaning: Node, variable: str) -> Diagnosis:
    right = Node("var", (variable, -1))
    return Diagnosis(kind_of_constant(variable), swaps=((meaning, right),) if not meaning.args else ())


def _bracketed(resolver: Resolver, variable: str, row: int) -> Iterator[Node]:
    """The formula's meanings with one more pair of brackets around some of its operands."""
    table = resolver.table
    column = table.columns[variable]
    cell = table.filled(variable, row)
    template = cell.formula
    if cell.array is not None or template is None:
        return
    text = own_text(template, row, column)
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
            if end <= start or not _is_balanced(tokens[start : end + 1]):
                continue
            changed = [*tokens[:start], opening, *tokens[start : end + 1], closing, *tokens[end + 1 :]]
            try:
                tree = formula.tree_of_tokens(changed, row, column)
            except (ValueError, AttributeError):
                continue
            yield resolver.meaning_of(tree, row, column, ranged=template.ranged)


def _is_balanced(tokens: list[formula.Token]) -> bool:
    """Whether a pair of brackets around these tokens would cross none that stands there."""
    depth = 0
    for token in tokens:
        if token.type in (token.FUNC, token.PAREN):
            depth += 1 if token.subtype == token.OPEN else -1
        if depth < 0:
            return False
    return depth == 0


@finds(fault_kinds.MISSING_DOLLAR, fault_kinds.STRAY_DOLLAR)
def _dollars(diagnosis: Diagnosis, group: Group, table: Recognised, right_elsewhere: bool) -> Diagnosis:
    """Say `missing $` or `stray $` where a slip of rows comes from copying a formula down."""
    kinds, kept = [diagnosis.kind, *diagnosis.also], ""
    column = table.columns[group.variable]
    for old, new in diagnosis.swaps:
        if new.kind != "var":
            continue
        name, _ = new.variable
        if name == RATE and table.rate_cell is not None:
            _, home_row, home = table.rate_cell
            offsets = {r.row for r in group.template.refs if not r.fixed_row and r.at(0, column)[1] == home}
            # A reference that moved away from the rate row by row, as a copy without $ does.
            if any(table.first <= home_row - offset <= group.rows[-1] for offset in offsets):
                kinds = _renamed(kinds, (fault_kinds.WRONG_RATE, fault_kinds.WRONG_ROW), fault_kinds.MISSING_DOLLAR)
        elif old.kind == "var" and old.variable[1] != new.variable[1]:
            mine = table.columns.get(old.variable[0])
            inside = [r for r in group.template.refs if r.fixed_row and table.header <= r.row <= table.last]
            held = [r.row for r in inside if r.at(0, column)[1] == mine]
            if held:
                kept = kept or str(held[0])
                kinds = _renamed(kinds, (fault_kinds.WRONG_ROW,), fault_kinds.STRAY_DOLLAR)
        elif old.kind != "var" and name in table.blueprint.constants and right_elsewhere:
            kinds = _renamed(kinds, (fault_kinds.WRONG_CELL,), fault_kinds.MISSING_DOLLAR)
    kinds = list(dict.fromkeys(kinds))
    details = {fault_kinds.MISSING_DOLLAR: _first_drifted(group, table), fault_kinds.STRAY_DOLLAR: kept}
    detail = details.get(kinds[0], diagnosis.detail)
    return replace(diagnosis, kind=kinds[0], also=tuple(kinds[1:]), detail=detail)


def _renamed(kinds: list[str], old: tuple[str, ...], new: str) -> list[str]:
    return [new if kind in old else kind for kind in kinds]


def _first_drifted(group: Group, table: Recognised) -> str:
    """The cell that the group's first formula reads where the learning rate belongs, "" where it isn't the rate."""
    if table.rate_cell is None:
        return ""
    row, column = group.rows[0], table.columns[group.variable]
    _, home_row, home = table.rate_cell
    cells = [ref.at(row, column) for ref in group.template.refs if not ref.fixed_row]
    drifted = [at for at in cells if at[1] == home and at[0] != home_row]
    return a1(*min(drifted)) if drifted else ""
