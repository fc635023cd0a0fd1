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
from functools import lru_cache
from typing import Any

from xlfuncs.operations import OPERATIONS, Expr

Row = Mapping[str, Any]
Function = Callable[[Row, Row | None], Any]
"""From the variables' values and those of the iteration before to a formula's."""
Watch = Callable[[str, Any], Any]
"""Hears each variable and its value as it is computed, and gives the value that the rest of the row goes on with."""
RATE = "learning_rate"
"""The variable that every row gets besides its columns."""
_LONGEST = 200  # terms in one line of code: Python can't compile a sum of some thousands


class Program:
    """The formulas of a table's columns, compiled.

    `start` names the columns whose first value is given; `given` those that are given in every row (None of them for a
    table whose inputs stay). With `watched` every value goes through the `watch` of its row. Raises KeyError for a
    formula that names a variable without a column, ValueError for columns that wait for each other.
    """

    def __init__(
        self,
        formulas: Mapping[str, Expr],
        start: Collection[str],
        given: Collection[str] = (),
        watched: bool = False,
    ):
        """Compile both kinds of row, the first and the next, into one function: they share most of their columns."""
        begun = [variable for variable in formulas if variable in start and variable not in given]
        carried_on = {variable: formulas[variable] for variable in begun}
        always = {v: formula for v, formula in formulas.items() if v not in carried_on and v not in given}
        next_row, any_row = _Body(_in_row, carried_on.values()), _Body(_in_row, always.values())
        before = next_row.variables("previous") | any_row.variables("previous")
        for unknown in sorted((before | next_row.variables("name") | any_row.variables("name")) - {*formulas, RATE}):
            raise KeyError(unknown)
        for late in sorted(next_row.variables("name") & always.keys()):
            raise ValueError(f"{late} of the same row is needed to begin it")

        def put(variable: str, code: str) -> str:
            return f"v_{variable} = " + (f"watch({variable!r}, {code})" if watched else code)

        for body, part in ((next_row, carried_on), (any_row, always)):
            for variable in in_order(part):
                body.lines.append(put(variable, body.code(part[variable])))
        unpacked = ", ".join(f"p_{variable}" if variable in before else "_" for variable in formulas)
        taken = {variable: put(variable, f"given[{variable!r}]") for variable in (*given, *begun)}
        lines = [*(taken[variable] for variable in given), "if before:", f"  {unpacked}, = before"]
        lines += [*(f"  {line}" for line in next_row.lines), "else:", "  pass"]
        lines += [*(f"  {taken[variable]}" for variable in begun), *any_row.lines]
        row = ", ".join(f"v_{variable}" for variable in formulas)
        self._row = _compiled(f"before, given, v_{RATE}, watch", lines, f"{row},")

    def first(self, start: Row, learning_rate: Any, watch: Watch | None = None) -> tuple:
        """The first row's values in the order of the columns; `start` has those that are given."""
        return self._row((), start, learning_rate, watch)

    def next(self, before: tuple, given: Row, learning_rate: Any, watch: Watch | None = None) -> tuple:
        """The row after `before`."""
        return self._row(before, given, learning_rate, watch)


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
    body = _Body(lambda node: places.setdefault(node, f"x_{len(places)}"))
    result = body.code(expr)
    code = _kept(", ".join(places.values()), tuple(body.lines), result)
    leaves = [(node.op == "previous", node.args[0]) for node in places]

    def value(values: Row, before: Row | None) -> Any:
        earlier = before or {}
        return code(*[(earlier if is_previous else values)[variable] for is_previous, variable in leaves])

    return value


def positional(expr: Expr, *variables: str) -> Callable[..., Any]:
    """The expression as a function of these variables' values, in this order; the row of each is not told apart."""
    body = _Body(lambda node: f"v_{node.args[0]}", [expr])
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


def _in_row(node: Expr) -> str:
    return f"{'v' if node.op == 'name' else 'p'}_{node.args[0]}"


class _Body:
    """The lines of a function; a part that is used twice in the formulas gets a line of its own.

    `leaf` names a variable.
    """

    def __init__(self, leaf: Callable[[Expr], str], formulas: Collection[Expr] = ()):
        self.used, self.leaf = _uses(formulas), leaf
        self.lines: list[str] = []
        self.kept: dict[Expr, str] = {}

    def variables(self, op: str) -> set[str]:
        """Those of this row (name) or of the one before (previous) that the formulas use."""
        return {node.args[0] for node in self.used if node.op == op}

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


def _uses(formulas: Collection[Expr]) -> Counter:
    """How often each part is used; the inside of a part that is used twice counts once."""
    found: Counter = Counter()
    waiting = list(formulas)
    while waiting:
        node = waiting.pop()
        found[node] += 1
        if found[node] == 1:
            waiting += node.operands
    return found
