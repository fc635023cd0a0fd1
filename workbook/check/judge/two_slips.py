"""Two slips in one formula: every pair of an exchanged reference, a missing factor, a sign or a bracket.

An exchange or a factor leaves a hole in the formula; all that may fill two holes is evaluated at once, on arrays with
an axis a hole. The holes are `var` leaves that no table has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.classify import Diagnosis, is_same
from workbook.check.judge.searches import Search, factors_of
from workbook.check.meaning.evaluate import UnknownError
from workbook.check.meaning.trees import LEAVES, at, calculated, distinct, paths, put, swap
from workbook.check.read.formula import Node
from xlfuncs.expected_table import MIDDLE

_FIRST, _SECOND = Node("var", ("?", 1)), Node("var", ("?", 2))
_PLACES = 24  # references of one formula that are tried
_BRACKETS = 40
_SIMPLE = 3  # levels of a factor: a·(1−a)


@dataclass(frozen=True)
class _Hole:
    """A change with one thing left open: how it is made, what may fill it, and what the slip is called then."""

    make: Callable[[Node, Node], Node]
    choices: tuple[Node, ...]
    name: Callable[[Node], Diagnosis]
    old: Node | None = None


def find_two(search: Search, node: Node, reparsed: Callable[[], Iterator[Node]]) -> Diagnosis | None:
    """The first pair of slips that explains the formula, None if none does."""
    right = search.right
    exchanges = _exchanges(search, node, right)
    factors = _factors(node, right)
    for a, b in combinations(exchanges, 2):
        found = None if a.old == b.old else _filled(search, b.make(a.make(node, _FIRST), _SECOND), a, b)
        if found is not None:
            return found
    for a in exchanges:
        for b in factors:
            found = _filled(search, b.make(a.make(node, _FIRST), _SECOND), a, b)
            if found is not None:
                return found
    for changed, name in _changes(node, right, reparsed):
        for hole in (*_exchanges(search, changed, right), *_factors(changed, right)):
            found = _filled(search, hole.make(changed, _FIRST), hole)
            if found is not None:
                return replace(found, also=tuple(dict.fromkeys((*found.also, name.kind))), besides=name)
        second = search.signs(changed)
        if second is not None:
            return replace(second, besides=name)
    return None


def _filled(search: Search, tree: Node, *holes: _Hole) -> Diagnosis | None:
    """What fills the holes so that the formula is right."""
    values = {
        mark: _values(search, hole, axis, len(holes))
        for axis, (mark, hole) in enumerate(zip((_FIRST, _SECOND), holes, strict=False))
    }

    def leaf(node: Node):
        return values[node] if node in values else search.leaf(node)

    try:
        value = search.value(tree, leaf)
    except UnknownError:
        return None
    right = search.judge.sample[search.variable][MIDDLE]
    same = is_same(value, right).all(axis=-1)
    places = np.argwhere(np.broadcast_to(same, [len(hole.choices) for hole in holes]))
    filled = [[hole.choices[k] for hole, k in zip(holes, place, strict=True)] for place in places]
    filled = [f for f in filled if all(hole.old != choice for hole, choice in zip(holes, f, strict=True))]
    if not filled:
        return None
    likeliest = min(filled, key=lambda chosen: sum(map(_is_unlike, holes, chosen)))
    first, *others = (hole.name(choice) for hole, choice in zip(holes, likeliest, strict=True))
    if not others:
        return first
    also = dict.fromkeys((*first.also, others[0].kind, *others[0].also))
    return replace(first, also=tuple(kind for kind in also if kind != first.kind), besides=others[0])


def _is_unlike(hole: _Hole, choice: Node) -> bool:
    """Whether the exchange is one that few people make: a_h2 for a_h1 is likelier than for a_o1."""
    if hole.old is None or hole.old.kind != "var" or choice.kind != "var":
        return False
    old, new = (node.variable[0].rstrip("0123456789") for node in (hole.old, choice))
    return old != new


def _values(search: Search, hole: _Hole, axis: int, axes: int) -> np.ndarray:
    """The values of a hole's choices, shape (…, choices, …, samples) with its own axis."""
    values = search.values_of(hole.choices)
    shape = [1] * axes + [values.shape[-1]]
    shape[axis] = len(values)
    return values.reshape(shape)


def _exchanges(search: Search, node: Node, right: Node) -> list[_Hole]:
    """Each reference everywhere, and in each of its places, for any that the right formula has."""
    choices = tuple(distinct(right))
    leaves = [leaf for leaf in distinct(node) if leaf.kind != "unknown"]
    places = [(path, leaf) for path, leaf in paths(node) if leaf.kind in LEAVES][:_PLACES]

    def everywhere(old: Node) -> _Hole:
        return _Hole(lambda tree, new: swap(tree, {old: new}), choices, lambda new: search.named([(old, new)]), old)

    def here(path: tuple[int, ...], old: Node) -> _Hole:
        return _Hole(lambda tree, new: put(tree, path, new), choices, lambda new: search.named([(old, new)]), old)

    found = [everywhere(leaf) for leaf in leaves]
    repeated = {leaf for leaf in leaves if sum(leaf == other for _, other in places) > 1}
    return found + [here(path, leaf) for path, leaf in places if leaf in repeated]


def _factors(node: Node, right: Node) -> list[_Hole]:
    """A factor too few or too many in any of the formula's products."""
    choices = tuple(factor for factor in factors_of(right) if factor.depth <= _SIMPLE)
    products = [path for path, _ in calculated(node) if not path or at(node, path[:-1]).value not in ("*", "/")]
    found = []
    for path in products[:_PLACES]:
        for operator, kind in (("*", fault_kinds.MISSING_FACTOR), ("/", fault_kinds.EXTRA_FACTOR)):

            def make(tree: Node, new: Node, path=path, operator=operator) -> Node:
                return put(tree, path, Node("op", operator, (at(tree, path), new)))

            def name(factor: Node, kind=kind) -> Diagnosis:
                return Diagnosis(kind, swaps=((factor, factor),))

            found.append(_Hole(make, choices, name))
    return found


def _changes(node: Node, right: Node, reparsed: Callable[[], Iterator[Node]]) -> Iterator[tuple[Node, Diagnosis]]:
    """The formula with a sign turned, a square put in, or a pair of brackets put in."""
    for path, old in calculated(node):
        yield put(node, path, Node("op", "neg", (old,))), Diagnosis(fault_kinds.SIGN)
        if old.kind == "op" and old.value in ("+", "-"):
            other = Node("op", "-" if old.value == "+" else "+", old.args)
            yield put(node, path, other), Diagnosis(fault_kinds.SIGN)
    for path, old in calculated(node) if any(part.value == "^" for _, part in paths(right)) else ():
        square = Node("op", "^", (old, Node("number", 2.0)))
        yield put(node, path, square), Diagnosis(fault_kinds.MISSING_FACTOR, detail="square")
    for changed in islice(reparsed(), _BRACKETS):
        yield changed, Diagnosis(fault_kinds.LOST_BRACKETS)
