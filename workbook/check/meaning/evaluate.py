"""Evaluating meanings on arrays: the few functions that such sheets use, on numpy, with the rules of a spreadsheet.

What can't be evaluated is never a number that is merely not equal to another: it raises `UnknownError`, with the
reason. An error that the sheet itself shows, such as #VALUE!, raises `SheetError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce

import numpy as np
from openpyxl.utils import FORMULAE

from workbook.check.read.formula import Node
from xlfuncs.operations import OPERATIONS

Array = np.ndarray
Leaf = Callable[[Node], "Array | float | list | None"]


class UnknownError(ValueError):
    """The value can't be told here; the text says why, as "uses VLOOKUP, which can't be judged"."""


class SheetError(ValueError):
    """The sheet shows an error value instead of a number; the text is its name."""


def unknown(reason: str) -> Node:
    """The leaf that stands where a meaning can't be told."""
    return Node("unknown", reason)


def cannot_judge(name: str) -> str:
    """The reason for a function that isn't evaluated here."""
    return f"uses {name}, which can't be judged"


def evaluate(node: Node, leaf: Leaf) -> Array | float:
    """The node's value; `leaf` gives that of var, cell and empty, and of ref, range and name in a formula as it stands.

    Raises UnknownError and SheetError.
    """
    with np.errstate(all="ignore"):
        return _evaluate(node, leaf)


def value_or_nan(node: Node, leaf: Leaf) -> Array | float:
    """As `evaluate`, not-a-number where there is no value: for sums and pictures, never for a verdict."""
    try:
        return evaluate(node, leaf)
    except (UnknownError, SheetError):
        return np.nan


def _evaluate(node: Node, leaf: Leaf) -> Array | float:
    match node.kind:
        case "number" if isinstance(node.value, float | int):
            return node.value
        case "op":
            return _operate(node, leaf)
        case "call":
            return _call(node, leaf)
        case "var" | "cell" | "empty" | "ref" | "name":
            value = leaf(node)
            if value is None or isinstance(value, list):
                raise UnknownError(f"uses {node.value}" if node.kind == "name" else "refers to a cell without a number")
            return value
        case "text":
            return _number_in(str(node.value).strip('"'))
        case "unknown":
            raise UnknownError(node.word)
        case "error":
            if str(node.value).startswith("#"):
                raise SheetError(str(node.value))
            raise UnknownError(f"can't be read ({node.value})")
        case "missing":
            raise UnknownError("leaves an argument out")
    raise UnknownError("uses a range of cells as one number")


def _number_in(text: str) -> float:
    """A text in a sum: one that is a number counts as it, any other is an error."""
    try:
        return float(text)
    except ValueError:
        pass
    if re.match(r"[\s+-]*[\d.,]", text):  # 0,5 or 50 %: a number in some countries
        raise UnknownError(f"calculates with the text “{text}”")
    raise SheetError("#VALUE!")


def _operate(node: Node, leaf: Leaf) -> Array | float:
    if node.value in ("=", "<>") and any(arg.kind == "text" for arg in node.args):
        return float(_same_text(*node.args) == (node.value == "="))
    values = [_evaluate(arg, leaf) for arg in node.args]
    if node.value == "neg":
        return -values[0]
    if node.value in _COMPARED:
        return _COMPARED[node.value](*values) * 1.0
    if node.value not in _SIGNS:
        raise UnknownError(f"uses the operator {node.value}, which can't be judged")
    return _SIGNS[node.value](*values)


def _same_text(a: Node, b: Node) -> bool:
    """Whether two operands, one of them a text, are equal: a number never is, an empty cell equals ""."""
    texts = [str(node.value).strip('"').casefold() if node.kind == "text" else None for node in (a, b)]
    if None not in texts:
        return texts[0] == texts[1]
    other = a if texts[0] is None else b
    return other.kind == "empty" and "" in texts


def _power(left, right) -> Array:
    return np.power(np.asarray(left, dtype=float), right)


def _flat(node: Node, leaf: Leaf) -> list[Array | float]:
    """The values of an argument, a range's one by one; its empty and text cells don't count.

    Of a formula as it stands, `leaf` gives a range's values as a list; in a meaning they are the arguments of `list`.
    """
    if node.kind in ("range", "name"):
        values = leaf(node)
        if values is None:
            raise UnknownError(f"uses {node.value}" if node.kind == "name" else "refers to too many cells")
        return values if isinstance(values, list) else [values]
    if node.kind == "list":
        return [_evaluate(arg, leaf) for arg in node.args if arg.kind not in ("empty", "text")]
    return [_evaluate(node, leaf)]


def _sum(values: list) -> Array | float:
    return reduce(lambda a, b: a + b, values, 0.0)


def _product(values: list) -> Array | float:
    return reduce(lambda a, b: a * b, values, 1.0)


def _pairs(lists: list[list]) -> list[tuple]:
    if len({len(items) for items in lists}) != 1:
        raise SheetError("#VALUE!")
    return list(zip(*lists, strict=True))


def _sum_xmy2(a: list, b: list) -> Array | float:
    return _sum([(x - y) * (x - y) for x, y in _pairs([a, b])])


# A sheet's division by 0 is no exception.
_SIGNS: dict[object, Callable[..., Array | float]] = {
    **{operation.sign: operation.value for operation in OPERATIONS.values() if operation.sign},
    "/": np.divide,
    "^": _power,
}
_COMPARED: dict[object, Callable[..., Array]] = {
    "=": np.equal,
    "<>": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
_CALLED = (re.fullmatch(r"([A-Z]+)\(\{0\}\)", str(operation.excel)) for operation in OPERATIONS.values())
_UNARY: dict[str, Callable[..., Array]] = {
    **{called[1]: operation.value for called, operation in zip(_CALLED, OPERATIONS.values(), strict=True) if called},
    "ABS": np.abs,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "SIGN": np.sign,
    "N": lambda x: x,
    "VALUE": lambda x: x,
    "INT": np.floor,
}

_LOGICAL = {
    "AND": lambda truths: reduce(np.logical_and, truths),
    "OR": lambda truths: reduce(np.logical_or, truths),
    "NOT": lambda truths: np.logical_not(truths[0]),
}
_OF_LISTS = ("SUM", "PRODUCT", "AVERAGE", "SUMSQ", "SUMPRODUCT", "SUMXMY2", "MAX", "MIN")

EVALUATED = frozenset((*_UNARY, *_LOGICAL, *_OF_LISTS, "POWER", "POW", "IF", "IFERROR", "PI", "ROUND"))
"""Functions that are evaluated here."""

# openpyxl's list is Excel 2007's; these came later.
_NEWER = (
    "ARRAYTOTEXT BYCOL BYROW CHOOSECOLS CHOOSEROWS CONCAT DROP EXPAND FILTER HSTACK IFNA IFS LAMBDA LET MAKEARRAY MAP "
    "MAXIFS MINIFS NUMBERVALUE RANDARRAY REDUCE SCAN SEQUENCE SORT SORTBY STDEV.P STDEV.S SWITCH TAKE TEXTJOIN TOCOL "
    "TOROW UNIQUE VAR.P VAR.S VSTACK WRAPCOLS WRAPROWS XLOOKUP XMATCH XOR ANCHORARRAY SINGLE"
)
KNOWN = FORMULAE | frozenset(_NEWER.split())
"""Functions that Excel has. Others, such as Google's POW, it doesn't know."""


def _call(node: Node, leaf: Leaf) -> Array | float:
    name, args = str(node.value), node.args
    if name in _UNARY and len(args) == 1:
        return _UNARY[name](np.asarray(_evaluate(args[0], leaf), dtype=float))
    if name in ("POWER", "POW") and len(args) == 2:
        return _power(_evaluate(args[0], leaf), _evaluate(args[1], leaf))
    if name == "IF" and len(args) in (2, 3):
        return _if(args, leaf)
    if name == "IFERROR" and len(args) == 2:
        return _if_error(args, leaf)
    if name in _LOGICAL and args:
        truths = [np.not_equal(_evaluate(arg, leaf), 0) for arg in args]
        return _LOGICAL[name](truths) * 1.0
    if name == "PI" and not args:
        return np.pi
    if name == "ROUND" and len(args) == 2:
        scale = 10.0 ** np.asarray(_evaluate(args[1], leaf))
        return np.round(_evaluate(args[0], leaf) * scale) / scale
    if name not in _OF_LISTS:
        raise UnknownError(cannot_judge(name)) if name in KNOWN else SheetError("#NAME?")
    lists = [_flat(arg, leaf) for arg in args]
    values = [value for items in lists for value in items]
    if not values:
        raise SheetError("#DIV/0!") if name == "AVERAGE" else UnknownError(cannot_judge(f"{name} of nothing"))
    match name:
        case "SUM":
            return _sum(values)
        case "PRODUCT":
            return _product(values)
        case "AVERAGE":
            return _sum(values) / len(values)
        case "SUMSQ":
            return _sum([value * value for value in values])
        case "SUMPRODUCT":
            return _sum([_product(list(group)) for group in _pairs(lists)])
        case "SUMXMY2" if len(lists) == 2:
            return _sum_xmy2(*lists)
        case "MAX":
            return reduce(np.maximum, values)
        case "MIN":
            return reduce(np.minimum, values)
    raise SheetError("#VALUE!")


def _if_error(args: tuple[Node, ...], leaf: Leaf) -> Array | float:
    try:
        value = _evaluate(args[0], leaf)
    except SheetError:
        return _evaluate(args[1], leaf)
    sound = np.isfinite(value)
    return value if np.all(sound) else np.where(sound, value, _evaluate(args[1], leaf))


def _if(args: tuple[Node, ...], leaf: Leaf) -> Array | float:
    """Only the branch that is taken needs a value: IF(A5="","",…) has a text in the other."""
    truth = np.not_equal(_evaluate(args[0], leaf), 0)

    def branch(at: int) -> Array | float:
        if at == len(args) or args[at].kind == "missing":
            return 0.0
        return _evaluate(args[at], leaf)

    if np.all(truth):
        return branch(1)
    return np.where(truth, branch(1), branch(2)) if np.any(truth) else branch(2)


def leaves(node: Node) -> list[Node]:
    """Every leaf, from left to right."""
    if not node.args:
        return [node]
    return [leaf for arg in node.args for leaf in leaves(arg)]
