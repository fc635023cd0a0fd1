"""From formulas to numbers: the one compiler, which tables, functions, checker and audit use.

`Program` makes one Python function a row out of a table's columns, with equal parts computed once; `function` makes
one out of a single formula. Either is the formulas letter by letter, in the order in which they stand in the cells, so
it rounds as a spreadsheet does. It takes floats (the fastest way through a table) or arrays of one shape (many tables,
or many samples, at once).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, lru_cache
from typing import Any

from xlfuncs.operations import OPERATIONS, Expr

Row = Mapping[str, Any]
Function = Callable[[Row, Row | None], Any]
"""From the variables' values and those of the iteration before to a formula's."""
Watch = Callable[[str, Any], Any]
"""Hears each variable and its value as it is computed, and gives the value that the rest of the row goes on with."""
_LONGEST = 200  # terms in one line of code: Python can't compile a sum of some thousands


class Program:
    """The formulas of a table's columns, compiled.

    `start` names the columns whose first value is given; `given` those that are given in every row (None of them for a
    table whose inputs stay). With `watched` every value goes through the `watch` of its row. Raises KeyError for a
    formula that names a variable without a column.
    """

    def __init__(
        self,
        formulas: Mapping[str, Expr],
        start: Collection[str],
        given: Collection[str] = (),
        watched: bool = False,
    ):
        """Keep the formulas; each function is compiled when it is first needed."""
        self.formulas, self.watched = formulas, watched
        self._known = [variable for variable in formulas if variable in start or variable in given]
        self._given = list(given)

    def first(self, start: Row, learning_rate: Any, watch: Watch | None = None) -> tuple:
        """The first row's values in the order of the columns; `start` has those that are given."""
        return self._first((), start, learning_rate, watch)

    def next(self, before: tuple, given: Row, learning_rate: Any, watch: Watch | None = None) -> tuple:
        """The row after `before`."""
        return self._next(before, given, learning_rate, watch)

    @cached_property
    def _first(self) -> Callable[[tuple, Row, Any, Watch | None], tuple]:
        return self._function(self._known)

    @cached_property
    def _next(self) -> Callable[[tuple, Row, Any, Watch | None], tuple]:
        return self._function(self._given)

    def _function(self, given: list[str]) -> Callable[[tuple, Row, Any, Watch | None], tuple]:
        """row(before, given, learning_rate, watch) as a Python function."""
        computed = {variable: formula for variable, formula in self.formulas.items() if variable not in given}
        used = _uses(list(computed.values()))
        body = _Body(used, lambda node: f"{'v' if node.op == 'name' else 'p'}_{node.args[0]}")

        def set_to(variable: str, code: str) -> None:
            body.lines.append(f"v_{variable} = " + (f"watch({variable!r}, {code})" if self.watched else code))

        before = {node.args[0] for node in used if node.op == "previous"}
        now = {node.args[0] for node in used if node.op == "name"} - {"learning_rate"}
        for unknown in sorted((before | now) - {*self.formulas, *given}):
            raise KeyError(unknown)
        if before:
            names = (f"p_{variable}" if variable in before else "_" for variable in self.formulas)
            body.lines.append(f"{', '.join(names)}, = before")
        for variable in given:
            set_to(variable, f"given[{variable!r}]")
        for variable in in_order(computed):
            set_to(variable, body.code(computed[variable]))
        row = ", ".join(f"v_{variable}" for variable in self.formulas)
        return _compiled("before, given, v_learning_rate, watch", body.lines, f"{row},")


def evaluate(expr: Expr, values: Row, before: Row | None = None) -> Any:
    """The expression's value.

    `values` gives each variable as a float or an array (all of one shape), `before` those of the iteration before.
    Raises KeyError for a variable without a value.
    """
    return function(expr)(values, before)


def function(expr: Expr) -> Function:
    """The expression as a function of the variables' values and of those one iteration earlier, see `evaluate`.

    Expressions that differ in their variables only, as a layer's gradients do, share one piece of code.
    """
    places: dict[Expr, str] = {}
    body = _Body(Counter(), lambda node: places.setdefault(node, f"x_{len(places)}"))
    result = body.code(expr)
    code = _kept(", ".join(places.values()), tuple(body.lines), result)
    leaves = [(node.op == "previous", node.args[0]) for node in places]

    def value(values: Row, before: Row | None) -> Any:
        earlier = before or {}
        return code(*[(earlier if is_previous else values)[variable] for is_previous, variable in leaves])

    return value


def positional(expr: Expr, *variables: str) -> Callable[..., Any]:
    """The expression as a function of these variables' values, in this order."""
    body = _Body(_uses([expr]), lambda node: f"v_{node.args[0]}")
    result = body.code(expr)
    return _compiled(", ".join(f"v_{variable}" for variable in variables), body.lines, result)


def in_order(formulas: Mapping[str, Expr]) -> list[str]:
    """The columns in an order in which a row can be computed, as they stand where that is possible.

    Raises ValueError for columns that wait for each other.
    """
    found: dict[str, None] = {}
    opened: set[str] = set()
    seen: set[Expr] = set()

    def visit(variable: str) -> None:
        if variable in opened:
            raise ValueError(f"{variable} waits for itself")
        opened.add(variable)
        look(formulas[variable])
        opened.discard(variable)
        found[variable] = None

    def look(node: Expr) -> None:
        if node in seen:
            return
        if node.op == "name" and node.args[0] in formulas and node.args[0] not in found:
            visit(node.args[0])
        for operand in node.operands:
            look(operand)
        seen.add(node)

    for variable in formulas:
        if variable not in found:
            visit(variable)
    return list(found)


class _Body:
    """The lines of a function; a part that is used twice gets a line of its own. `leaf` names a variable."""

    def __init__(self, used: Counter, leaf: Callable[[Expr], str]):
        self.used, self.leaf = used, leaf
        self.lines: list[str] = []
        self.kept: dict[Expr, str] = {}

    def code(self, node: Expr) -> str:
        if node.op in ("name", "previous"):
            return self.leaf(node)
        if node.op == "number":
            return f"({node.args[0]!r})"
        if node in self.kept:
            return self.kept[node]
        parts = [self.code(arg) if isinstance(arg, Expr) else repr(arg) for arg in node.args]
        written = self._written(node.op, parts)
        if self.used[node] > 1:
            self.kept[node] = written = self._line(written)
        return written

    def _written(self, op: str, parts: list[str]) -> str:
        operation = OPERATIONS[op]
        if not operation.infix:
            return f"f_{op}({', '.join(parts)})"
        while len(parts) > _LONGEST:
            parts = [self._line(operation.excel.join(parts[:_LONGEST])), *parts[_LONGEST:]]
        return f"({operation.excel.join(parts)})"

    def _line(self, code: str) -> str:
        name = f"k_{len(self.lines)}"
        self.lines.append(f"{name} = {code}")
        return name


def _compiled(parameters: str, lines: Collection[str], result: str) -> Callable[..., Any]:
    source = "\n    ".join([f"def compiled({parameters}):", *lines, f"return {result}"])
    scope = {f"f_{op}": operation.value for op, operation in OPERATIONS.items()} | {"inf": math.inf, "nan": math.nan}
    exec(compile(source, "<formulas>", "exec"), scope)
    return scope["compiled"]


_kept = lru_cache(maxsize=1024)(_compiled)


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
