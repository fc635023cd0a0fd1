"""Looking through and changing the trees of meanings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce

from workbook.check.judge.fault_kinds import RATE
from workbook.check.meaning.evaluate import leaves
from workbook.check.read.formula import Node, Ref, parse
from xlfuncs.expression import Expr, excel, name
from xlfuncs.operations import OPERATIONS

LEAVES = ("var", "cell", "empty", "text", "error", "unknown")


def node_of(expr: Expr) -> Node:
    """A right formula as a meaning: each operation as Excel writes it."""
    match expr.op:
        case "name":
            return Node("var", (expr.args[0], 0))
        case "previous":
            return Node("var", (expr.args[0], -1))
        case "number":
            return Node("number", expr.args[0])
    operands = [node_of(arg) if isinstance(arg, Expr) else Node("number", float(arg)) for arg in expr.args]
    operation = OPERATIONS[expr.op]
    if operation.infix:
        sign = operation.excel
        return reduce(lambda left, right: Node("op", sign, (left, right)), operands)
    places = [Node("ref", Ref(None, row, 0, False, False)) for row in range(len(operands))]
    return swap(_form(expr.op, len(operands)), dict(zip(places, operands, strict=True)))


@lru_cache(maxsize=64)
def _form(op: str, count: int) -> Node:
    """The operation's Excel formula in A1 whose operands stand in A1, A2, …"""
    text = excel(Expr(op, tuple(name(f"A{k}") for k in range(1, count + 1))), lambda cell, _: cell)
    return parse(text, 1, 1).tree


def distinct(node: Node) -> list[Node]:
    """The references of a meaning, each once."""
    return list(dict.fromkeys(leaf for leaf in leaves(node) if leaf.kind in LEAVES))


def swap(node: Node, new: dict[Node, Node]) -> Node:
    """The meaning with leaves exchanged everywhere."""
    if not node.args:
        return new.get(node, node)
    return Node(node.kind, node.value, tuple(swap(arg, new) for arg in node.args))


def paths(node: Node, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
    """Every part of a meaning with its place in it."""
    yield path, node
    for k, arg in enumerate(node.args):
        yield from paths(arg, (*path, k))


def calculated(node: Node) -> list[tuple[tuple[int, ...], Node]]:
    """The parts that stand in no condition of IF: a changed condition may hold by chance, which explains no slip."""
    parts = list(paths(node))
    conditions = [(*path, 0) for path, part in parts if part.kind == "call" and part.value == "IF"]
    return [(path, part) for path, part in parts if not any(path[: len(c)] == c for c in conditions)]


def at(node: Node, path: tuple[int, ...]) -> Node:
    """The part at that place."""
    for k in path:
        node = node.args[k]
    return node


def with_rate(node: Node, rate: float) -> Node:
    """The meaning with the variable `learning_rate` for each number that is the learning rate."""
    if node.kind == "number":
        return Node("var", (RATE, 0)) if abs(node.value - rate) <= 1e-12 * rate else node
    return Node(node.kind, node.value, tuple(with_rate(arg, rate) for arg in node.args))


def put(node: Node, path: tuple[int, ...], new: Node) -> Node:
    """The meaning with another part at that place."""
    if not path:
        return new
    args = list(node.args)
    args[path[0]] = put(args[path[0]], path[1:], new)
    return Node(node.kind, node.value, tuple(args))
