"""Small algebraic expressions: written once, then evaluated, put into a cell or shown to a student.

The sheet's formulas, its derivation texts and the numbers of `BP_EXPLAIN` all come from the same expression, so they
can't say different things. An expression keeps the order in which a person wrote it, which a computer algebra system
would not.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from xlfuncs import logistic
from xlfuncs.logistic import EXP_LIMIT

# How tightly an operation binds; an operand that binds less tightly needs parentheses.
_ADD, _MULTIPLY, _POWER, _ATOM = 1, 2, 3, 4
_BINDING = {"add": _ADD, "subtract": _ADD, "multiply": _MULTIPLY, "power": _POWER}


@dataclass(frozen=True)
class Expr:
    """One node: an operation and its operands.

    `op` is name, previous, number, add (two terms or more), subtract, multiply, power or sigmoid. The operand of
    `name` and `previous` (the same variable one iteration earlier) is the variable's name, that of `number` a float;
    `power` has an expression and an int.
    """

    op: str
    args: tuple[Any, ...]

    def __add__(self, other: Expr) -> Expr:
        """Sum."""
        return Expr("add", (self, other))

    def __sub__(self, other: Expr) -> Expr:
        """Difference."""
        return Expr("subtract", (self, other))

    def __mul__(self, other: Expr) -> Expr:
        """Product."""
        return Expr("multiply", (self, other))

    def __rsub__(self, other: float) -> Expr:
        """Number minus expression, for 1 - a."""
        return number(other) - self

    def __pow__(self, exponent: int) -> Expr:
        """Integer power."""
        return Expr("power", (self, exponent))


def name(variable: str) -> Expr:
    """The variable's value in this iteration."""
    return Expr("name", (variable,))


def previous(variable: str) -> Expr:
    """The variable's value one iteration earlier: one row up in the sheet."""
    return Expr("previous", (variable,))


def number(value: float) -> Expr:
    """A constant."""
    return Expr("number", (float(value),))


def sigmoid(x: Expr) -> Expr:
    """σ(x) = 1 / (1 + e^(-x))."""
    return Expr("sigmoid", (x,))


def total(terms: list[Expr]) -> Expr:
    """The sum of the terms, from left to right."""
    return Expr("add", tuple(terms)) if len(terms) > 1 else terms[0]


def product(factors: list[Expr]) -> Expr:
    """The product of the factors, from left to right."""
    return reduce(Expr.__mul__, factors)


def evaluate(expr: Expr, values: dict[str, Any], before: dict[str, Any] | None = None) -> Any:
    """The expression's value.

    `values` gives each variable as a float or an array (all of one shape), `before` those of the iteration before.
    Raises KeyError for a variable without a value.
    """
    match expr.op:
        case "name":
            return values[expr.args[0]]
        case "previous":
            return (before or {})[expr.args[0]]
        case "number":
            return expr.args[0]
        case "power":
            return evaluate(expr.args[0], values, before) ** expr.args[1]
    operands = [evaluate(operand, values, before) for operand in expr.args]
    match expr.op:
        case "add":
            return reduce(operator.add, operands)
        case "subtract":
            return operands[0] - operands[1]
        case "multiply":
            return operands[0] * operands[1]
        case "sigmoid":
            return logistic.sigmoid(operands[0])
    raise ValueError(f"unknown operation {expr.op}")


def excel(expr: Expr, cell: Callable[[str, bool], str], *, guarded: bool = False) -> str:
    """The expression as an Excel formula without the equals sign.

    `cell(variable, is_previous)` gives the reference of a variable. `guarded` writes σ so that it can't overflow
    (see EXP_LIMIT).
    """

    def leaf(node: Expr) -> str | None:
        match node.op:
            case "name" | "previous":
                return cell(node.args[0], node.op == "previous")
            case "number":
                return f"{node.args[0]:.15g}"
            case "sigmoid":
                x = render(node.args[0])
                plain = f"1/(1+EXP(-{x}))"
                return f"IF({x}<{EXP_LIMIT:g},EXP({x}),{plain})" if guarded else plain
        return None

    def render(node: Expr) -> str:
        return _infix(node, leaf, {"add": "+", "subtract": "-", "multiply": "*"}, lambda n: f"^{n}", "()")

    return render(expr)


def text(expr: Expr) -> str:
    """The expression as a person writes it: ½·(t1 − a_o1)²."""

    def leaf(node: Expr) -> str | None:
        match node.op:
            case "name":
                return label(node.args[0])
            case "previous":
                return f"previous {label(node.args[0])}"
            case "number":
                return "½" if node.args[0] == 0.5 else f"{node.args[0]:.15g}"
            case "sigmoid":
                return f"σ({render(node.args[0])})"
        return None

    def render(node: Expr) -> str:
        operators = {"add": " + ", "subtract": " − ", "multiply": "·"}
        return _infix(node, leaf, operators, lambda n: {2: "²", 3: "³"}.get(n, f"^{n}"), "[]")

    return render(expr)


def label(variable: str) -> str:
    """A variable's name as the sheet's header shows it: grad_w5 is ∂E/∂w5."""
    if variable.startswith("grad_"):
        return f"∂E/∂{variable.removeprefix('grad_')}"
    return {"iteration": "Iteration", "learning_rate": "ɳ"}.get(variable, variable)


def _infix(
    node: Expr,
    leaf: Callable[[Expr], str | None],
    operators: dict[str, str],
    exponent: Callable[[int], str],
    sum_brackets: str,
) -> str:
    """Write `node` with no more parentheses than it needs; sums of products get `sum_brackets`."""

    def inner(operand: Expr, at_least: int) -> str:
        written = _infix(operand, leaf, operators, exponent, sum_brackets)
        if _BINDING.get(operand.op, _ATOM) >= at_least:
            return written
        opening, closing = sum_brackets if _has_product(operand) else "()"
        return f"{opening}{written}{closing}"

    written = leaf(node)
    if written is not None:
        return written
    if node.op == "power":
        return inner(node.args[0], _ATOM) + exponent(node.args[1])
    binding = _BINDING[node.op]
    first, *others = node.args
    # a - (b - c) and a * (b * c) need their parentheses: equal binding on the right is not enough.
    return operators[node.op].join([inner(first, binding), *(inner(other, binding + 1) for other in others)])


def _has_product(node: Expr) -> bool:
    return any(isinstance(arg, Expr) and (arg.op == "multiply" or _has_product(arg)) for arg in node.args)
