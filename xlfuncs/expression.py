"""Small algebraic expressions: written once, then evaluated, differentiated, put into a cell or shown to a student.

The sheet's formulas, its derivation texts and all numbers come from the same expression, so they can't say different
things; what each operation means stands in `operations`. An expression keeps the order in which a person wrote it,
which a computer algebra system would not.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import reduce

from xlfuncs.compiled import evaluate
from xlfuncs.operations import ATOM, MULTIPLY, OPERATIONS, POWER, Expr, number

__all__ = [
    "Expr",
    "evaluate",
    "excel",
    "label",
    "leaves",
    "name",
    "number",
    "previous",
    "product",
    "renamed",
    "replaced",
    "sigmoid",
    "text",
    "total",
    "variables",
]


def name(variable: str) -> Expr:
    """The variable's value in this iteration."""
    return Expr("name", (variable,))


def previous(variable: str) -> Expr:
    """The variable's value one iteration earlier: one row up in the sheet."""
    return Expr("previous", (variable,))


def sigmoid(x: Expr) -> Expr:
    """σ(x) = 1 / (1 + e^(-x))."""
    return Expr("sigmoid", (x,))


def total(terms: list[Expr]) -> Expr:
    """The sum of the terms, from left to right."""
    return Expr("add", tuple(terms)) if len(terms) > 1 else terms[0]


def product(factors: list[Expr]) -> Expr:
    """The product of the factors, from left to right."""
    return reduce(Expr.__mul__, factors)


def leaves(expr: Expr) -> list[Expr]:
    """The variables that it uses, of this iteration (name) and of the one before (previous), each once, in the order in
    which they are read."""
    found: dict[Expr, None] = {}
    seen: set[Expr] = set()
    waiting = [expr]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op in ("name", "previous"):
            found[node] = None
        waiting += reversed(node.operands)
    return list(found)


def variables(expr: Expr) -> list[str]:
    """The variables of this iteration that it uses, each once, in the order in which they are read."""
    return [leaf.args[0] for leaf in leaves(expr) if leaf.op == "name"]


def replaced(expr: Expr, by: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with parts exchanged: `by` gives what stands in a part's place, None to look inside it."""
    new = by(expr)
    if new is not None:
        return new
    args = tuple(replaced(arg, by) if isinstance(arg, Expr) else arg for arg in expr.args)
    return expr if args == expr.args else Expr(expr.op, args)


def renamed(expr: Expr, new: Mapping[str, str]) -> Expr:
    """The expression with other names for variables, in this iteration and the one before."""

    def by(part: Expr) -> Expr | None:
        known = part.op in ("name", "previous") and part.args[0] in new
        return Expr(part.op, (new[part.args[0]],)) if known else None

    return replaced(expr, by)


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
                return digits(node.args[0]).upper()  # 1E-08: Excel's files know no small e
        return None

    def form(op: str) -> str | Callable[..., str]:
        operation = OPERATIONS[op]
        return operation.guarded if guarded and operation.guarded else operation.excel

    def binding(node: Expr) -> int:
        operation = OPERATIONS.get(node.op)
        return (operation and operation.excel_binding) or _binding(node)

    return _written(expr, leaf, form, "()", binding)


def text(expr: Expr) -> str:
    """The expression as a person writes it: ½·(t1 − a_o1)²."""

    def leaf(node: Expr) -> str | None:
        match node.op:
            case "name":
                return label(node.args[0])
            case "previous":
                return f"previous {label(node.args[0])}"
            case "number":
                return "½" if node.args[0] == 0.5 else digits(node.args[0])
        return None

    return _written(expr, leaf, lambda op: OPERATIONS[op].reading, "[]", _binding)


def digits(value: float) -> str:
    """A number with as few digits as give it back."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


def label(variable: str) -> str:
    """A variable's name as the sheet's header shows it: grad_w5 is ∂E/∂w5."""
    if variable.startswith("grad_"):
        return f"∂E/∂{variable.removeprefix('grad_')}"
    return {"iteration": "Iteration", "learning_rate": "ɳ"}.get(variable, variable)


def _written(
    node: Expr,
    leaf: Callable[[Expr], str | None],
    form: Callable[[str], str | Callable[..., str]],
    sums: str,
    binds: Callable[[Expr], int],
) -> str:
    """Write `node` with no more parentheses than it needs; sums of products get those of `sums`."""
    written = leaf(node)
    if written is not None:
        return written

    def inner(operand: Expr | int, at_least: int) -> str:
        if not isinstance(operand, Expr):
            return str(operand)
        text = _written(operand, leaf, form, sums, binds)
        if binds(operand) >= at_least:
            return text
        opening, closing = sums if _has_product(operand) else "()"
        return f"{opening}{text}{closing}"

    how, binding = form(node.op), _binding(node)
    if node.op == "negate":
        # In a spreadsheet -x^2 is (-x)^2.
        return how.format(inner(node.args[0], ATOM if _begins_with_power(node.args[0]) else MULTIPLY))
    if OPERATIONS[node.op].infix:
        first, *others = node.args
        # a - (b - c) and a * (b * c) need their parentheses: equal binding on the right is not enough.
        return how.join([inner(first, binding), *(inner(other, binding + 1) for other in others)])
    if binding == POWER:
        return _filled(how, [_Operand(inner(arg, ATOM), inner(arg, ATOM), inner(arg, ATOM)) for arg in node.args])
    return _filled(how, [_Operand(*(inner(arg, at_least) for at_least in (0, MULTIPLY, ATOM))) for arg in node.args])


class _Operand(str):
    """An operand's text; as {0:product} or {0:atom} in a template with the parentheses that it needs there."""

    product: str
    atom: str

    def __new__(cls, plain: str, product: str, atom: str):
        operand = super().__new__(cls, plain)
        operand.product, operand.atom = product, atom
        return operand

    def __format__(self, spec: str) -> str:
        return getattr(self, spec) if spec else str(self)


def _filled(how: str | Callable[..., str], operands: list[_Operand]) -> str:
    return string.Formatter().vformat(how, operands, {}) if isinstance(how, str) else how(*operands)


def _binding(node: Expr) -> int:
    return OPERATIONS[node.op].binding if node.op in OPERATIONS else ATOM


def _begins_with_power(node: Expr) -> bool:
    return _binding(node) == POWER or (_binding(node) < ATOM and _begins_with_power(node.args[0]))


def _has_product(node: Expr) -> bool:
    return any(arg.op == "multiply" or _has_product(arg) for arg in node.operands)
