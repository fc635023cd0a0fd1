"""From columns of formulas to numbers: the formulas become one Python function a row, equal parts computed once.

The function is the formulas letter by letter, in the order in which they stand in the cells, so it rounds as a
spreadsheet does. It takes floats (the fastest way through a table) or arrays of one shape (many tables, or many
samples, at once).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from xlfuncs.expression import in_order
from xlfuncs.operations import ADD, MULTIPLY, OPERATIONS, Expr

Row = dict[str, Any]


class Program:
    """The formulas of a table's columns, compiled.

    `start` names the columns whose first value is given; `given` those that are given in every row (None of them for a
    table whose inputs stay). Raises KeyError for a formula that names a variable without a column.
    """

    def __init__(self, formulas: Mapping[str, Expr], start: Collection[str], given: Collection[str] = ()):
        """Write and compile both functions: the first row's and the next one's."""
        self.columns = list(formulas)
        known = [variable for variable in formulas if variable in start or variable in given]
        self._first = _function(formulas, known)
        self._next = _function(formulas, list(given))

    def first(self, start: Row, learning_rate: Any) -> tuple:
        """The first row's values in the order of the columns; `start` has those that are given."""
        return self._first((), start, learning_rate)

    def next(self, before: tuple, given: Row, learning_rate: Any) -> tuple:
        """The row after `before`."""
        return self._next(before, given, learning_rate)


def _function(formulas: Mapping[str, Expr], given: list[str]) -> Callable[[tuple, Row, Any], tuple]:
    """row(before, given, learning_rate) as a Python function."""
    used = _uses([formula for variable, formula in formulas.items() if variable not in given])
    lines = [f"v_{variable} = given[{variable!r}]" for variable in given]
    body = _Body(used, lines)
    for variable in in_order({v: f for v, f in formulas.items() if v not in given}):
        lines.append(f"v_{variable} = {body.code(formulas[variable])}")
    before = {node.args[0] for node in used if node.op == "previous"}
    if before:
        lines.insert(0, f"{', '.join(f'p_{v}' if v in before else '_' for v in formulas)}, = before")
    source = "\n    ".join(
        ["def row(before, given, v_learning_rate):", *lines, f"return {', '.join(f'v_{v}' for v in formulas)},"]
    )
    scope: dict[str, Any] = {f"f_{op}": operation.value for op, operation in OPERATIONS.items()}
    exec(compile(source, "<columns>", "exec"), scope)
    return scope["row"]


class _Body:
    """The lines of the function; a part that is used twice gets a line of its own."""

    def __init__(self, used: Counter, lines: list[str]):
        self.used, self.lines, self.kept = used, lines, {}

    def code(self, node: Expr) -> str:
        match node.op:
            case "name":
                return f"v_{node.args[0]}"
            case "previous":
                return f"p_{node.args[0]}"
            case "number":
                return f"({node.args[0]!r})"
        if node in self.kept:
            return self.kept[node]
        parts = [self.code(arg) if isinstance(arg, Expr) else repr(arg) for arg in node.args]
        operation = OPERATIONS[node.op]
        if operation.binding in (ADD, MULTIPLY) and len(parts) > 1:
            written = f"({operation.excel.join(parts)})"
        else:
            written = f"f_{node.op}({', '.join(parts)})"
        if self.used[node] > 1:
            kept = self.kept[node] = f"k_{len(self.kept)}"
            self.lines.append(f"{kept} = {written}")
            return kept
        return written


def _uses(formulas: list[Expr]) -> Counter:
    """How often each part is used; the inside of a part that is used twice counts once."""
    found: Counter = Counter()
    waiting = list(formulas)
    while waiting:
        node = waiting.pop()
        found[node] += 1
        if found[node] == 1:
            waiting += node.operands
    return found
