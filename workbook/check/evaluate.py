"""Evaluating meanings on arrays: the few functions that such sheets use, on numpy, with the rules of a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
from openpyxl.utils import FORMULAE

from workbook.check.formula import Node

Array = np.ndarray
Leaf = Callable[[Node], "Array | float | list | None"]

# Known to Excel but not to this table: arithmetic on what isn't a number.
BAD = np.nan


def evaluate(node: Node, leaf: Leaf) -> Array | float:
    """The node's value; `leaf` gives that of var, cell, text, empty and outside. Not-a-number where there is none."""
    match node.kind:
        case "number":
            return node.value
        case "op":
            return _operate(node, [evaluate(arg, leaf) for arg in node.args])
        case "call":
            return _call(node, leaf)
        case "var" | "cell" | "empty" | "text" | "outside" | "ref" | "name":
            value = leaf(node)
            return BAD if value is None or isinstance(value, list) else value
    return BAD


def _operate(node: Node, values: list[Array | float]) -> Array | float:
    with np.errstate(all="ignore"):
        if node.value == "neg":
            return -values[0]
        left, right = values
        match node.value:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return np.divide(left, right)
            case "^":
                return _power(left, right)
            case "=":
                return np.equal(left, right) * 1.0
            case "<>":
                return np.not_equal(left, right) * 1.0
            case "<":
                return np.less(left, right) * 1.0
            case ">":
                return np.greater(left, right) * 1.0
            case "<=":
                return np.less_equal(left, right) * 1.0
            case ">=":
                return np.greater_equal(left, right) * 1.0
    return BAD


def _power(left, right) -> Array:
    return np.power(np.asarray(left, dtype=float), right)


def _flat(node: Node, leaf: Leaf) -> list[Array | float]:
    """The values of an argument, a range's one by one; its empty and text cells don't count.

    Of a formula as it stands, `leaf` gives a range's values as a list; in a meaning they are the arguments of `list`.
    """
    if node.kind in ("range", "name"):
        values = leaf(node)
        return values if isinstance(values, list) else [BAD if values is None else values]
    if node.kind == "list":
        return [evaluate(arg, leaf) for arg in node.args if arg.kind not in ("empty", "text")]
    return [evaluate(node, leaf)]


def _sum(values: list) -> Array | float:
    return reduce(lambda a, b: a + b, values, 0.0)


def _product(values: list) -> Array | float:
    return reduce(lambda a, b: a * b, values, 1.0)


def _pairs(lists: list[list]) -> list[tuple]:
    return list(zip(*lists, strict=True)) if lists and len({len(items) for items in lists}) == 1 else [(BAD,)]


def _sum_xmy2(a: list, b: list) -> Array | float:
    return _sum([(x - y) * (x - y) for x, y in _pairs([a, b])] if len(a) == len(b) else [BAD])


_UNARY = {
    "EXP": np.exp,
    "LN": np.log,
    "SQRT": np.sqrt,
    "ABS": np.abs,
    "TANH": np.tanh,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "SIGN": np.sign,
    "N": lambda x: x,
    "VALUE": lambda x: x,
    "INT": np.floor,
}

# openpyxl's list is Excel 2007's; these came later.
_NEWER = (
    "ARRAYTOTEXT BYCOL BYROW CHOOSECOLS CHOOSEROWS CONCAT DROP EXPAND FILTER HSTACK IFNA IFS LAMBDA LET MAKEARRAY MAP "
    "MAXIFS MINIFS NUMBERVALUE RANDARRAY REDUCE SCAN SEQUENCE SORT SORTBY STDEV.P STDEV.S SWITCH TAKE TEXTJOIN TOCOL "
    "TOROW UNIQUE VAR.P VAR.S VSTACK WRAPCOLS WRAPROWS XLOOKUP XMATCH XOR ANCHORARRAY SINGLE"
)
KNOWN = FORMULAE | frozenset(_NEWER.split())
"""Functions that Excel has. Others, such as Google's POW, it doesn't know."""


def _call(node: Node, leaf: Leaf) -> Array | float:
    name, args = node.value, node.args
    with np.errstate(all="ignore"):
        if name in _UNARY and len(args) == 1:
            return _UNARY[name](np.asarray(evaluate(args[0], leaf), dtype=float))
        if name in ("POWER", "POW") and len(args) == 2:
            return _power(evaluate(args[0], leaf), evaluate(args[1], leaf))
        if name == "IF" and len(args) in (2, 3):
            chosen = [evaluate(arg, leaf) for arg in args]
            return np.where(np.asarray(chosen[0]) != 0, chosen[1], chosen[2] if len(args) == 3 else 0.0)
        if name == "IFERROR" and args:
            return evaluate(args[0], leaf)
        if name == "PI" and not args:
            return np.pi
        if name == "ROUND" and len(args) == 2:
            scale = 10.0 ** np.asarray(evaluate(args[1], leaf))
            return np.round(evaluate(args[0], leaf) * scale) / scale
        lists = [_flat(arg, leaf) for arg in args]
        values = [value for items in lists for value in items]
        if not values:
            return BAD
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
    return BAD


def leaves(node: Node) -> list[Node]:
    """Every leaf, from left to right."""
    if not node.args:
        return [node]
    return [leaf for arg in node.args for leaf in leaves(arg)]
