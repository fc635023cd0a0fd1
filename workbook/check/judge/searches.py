"""What kind of fault a wrong formula has: the smallest change that makes it right.

Changes are tried in the order in which people make the slips: another reference, two references exchanged, brackets,
a sign, an operator, a factor, a term. A change explains the fault if the changed formula equals
the right one on the random tables. Two slips at once: see `two_slips`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.classify import Array, Diagnosis, Judge
from workbook.check.judge.exchanges import kinds_of
from workbook.check.judge.fault_kinds import finds
from workbook.check.meaning.evaluate import UnknownError
from workbook.check.meaning.trees import LEAVES, at, calculated, distinct, paths, put, swap
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE

# Where the searches stop: right formulas of the exercise have up to 14 references; the times are for one formula.
BUDGET = 6000  # formulas tried for one diagnosis: about a second
_FACTOR_PLACES = 60  # parts of a formula at which a factor is tried
_EXCHANGED = range(2, 5)  # references exchanged at once: with five, 2,520 arrangements and more chance hits
_POOL = 7  # references that several exchanged ones are chosen from
_NO_MISSING_POOL = 6  # the same where every right reference stands in the formula already
_CROSSED_PLACES = 24  # references of a formula of which every two are exchanged: 276 pairs
_PAIR_POOL = 8  # references that may belong in two places of one wrong reference
_OPERATOR_TRIES = 1500  # of wrong operators with an exchange
_SIGN = {"*": "×", "/": "÷", "+": "+", "-": "−", "^": "^", "neg": "−"}
_SIGN |= {sign: sign for sign in ("&", "=", "<", ">", "<=", ">=", "<>")}


class SpentError(Exception):
    """The search for a diagnosis took too long."""


class Search:
    """The search for the slips of one formula. Each method gives the first change that makes it right, or None."""

    def __init__(self, judge: Judge, variable: str, right: Node):
        """Of a formula for that variable; `right` is the right one, in the columns that the table has."""
        self.judge, self.variable, self.right, self.budget = judge, variable, right, BUDGET
        self.leaf = judge.leaf_for(variable)
        self.choices: dict[tuple[Node, ...], Array] = {}

    def value(self, node: Node, leaf: Callable | None = None) -> Array:
        """The value of a changed formula on the random tables. Raises SpentError once the budget is spent."""
        self.budget -= 1 + node.size // 100  # a long formula counts for several
        if self.budget <= 0:
            raise SpentError
        return self.judge.value(node, leaf or self.leaf)

    def values_of(self, choices: tuple[Node, ...]) -> Array:
        """The values of parts of the right formula, shape (choices, samples)."""
        if choices not in self.choices:
            self.choices[choices] = np.array([self.judge.value(choice, self.leaf) for choice in choices])
        return self.choices[choices]

    def fits(self, node: Node) -> bool:
        """Whether a changed formula is the right one."""
        try:
            return self.judge.equals(self.value(node), self.variable)
        except UnknownError:
            return False

    def find(self, node: Node, reparsed: Callable[[], Iterator[Node]]) -> Diagnosis | None:
        """The slip that the formula has. Its searches stand in the order in which people make the slips."""
        searches = (
            self._rounded,
            self._turned,
            self._exchange,
            lambda node: self._brackets(reparsed),
            self.signs,
            self._operators,
            self._factors,
            self._terms,
            self._numbers,
            self._operators_and_exchange,
        )
        slips = (search(node) for search in searches)
        return next((slip for slip in slips if slip is not None), None)

    @finds(fault_kinds.ROUNDED)
    def _rounded(self, node: Node) -> Diagnosis | None:
        """Right but for ROUND around it, or around parts of it."""
        digits = [part.args[1] for _, part in paths(node) if part.value == "ROUND" and len(part.args) == 2]
        if not digits or not self.fits(_unrounded(node)):
            return None
        return Diagnosis(fault_kinds.ROUNDED, detail=f"{digits[0].number:g}" if digits[0].kind == "number" else "")

    @finds(fault_kinds.SIGN)
    def _turned(self, node: Node) -> Diagnosis | None:
        """A difference the wrong way round: t1 - a_o1 for a_o1 - t1."""
        for path, old in paths(node):
            if old.kind == "op" and old.value == "-":
                turned = put(node, path, Node("op", "-", old.args[::-1]))
                if self.fits(turned):
                    a, b = old.args
                    return Diagnosis(fault_kinds.SIGN, swaps=((a, b),) if a.kind == b.kind == "var" else ())
        return None

    @finds(*fault_kinds.EXCHANGES)
    def _exchange(self, node: Node) -> Diagnosis | None:
        """One reference for another, everywhere or in one place; then several at once."""
        mine, wanted = distinct(node), distinct(self.right)
        missing = [leaf for leaf in wanted if leaf not in mine]
        targets = missing + [leaf for leaf in wanted if leaf in mine]
        foreign = [leaf for leaf in mine if leaf not in wanted]
        for old in foreign + [leaf for leaf in mine if leaf in wanted]:
            for new in targets:
                if old != new and self.fits(swap(node, {old: new})):
                    return self.named([(old, new)])
        for path, old in paths(node):
            if old.kind in LEAVES:
                for new in targets:
                    if old != new and self.fits(put(node, path, new)):
                        return self.named([(old, new)])
        for a, b in combinations(mine, 2):
            if self.fits(swap(node, {a: b, b: a})):
                return self.named([(a, b), (b, a)])
        return self._several(node, foreign, missing, targets)

    def _several(self, node, foreign, missing, targets) -> Diagnosis | None:
        if len(foreign) in _EXCHANGED:
            pool = missing if len(missing) >= len(foreign) else targets[:_NO_MISSING_POOL]
            for chosen in permutations(pool[:_POOL], len(foreign)):
                if self.fits(swap(node, dict(zip(foreign, chosen, strict=True)))):
                    return self.named(list(zip(foreign, chosen, strict=True)))
        places = [(path, old) for path, old in paths(node) if old.kind in LEAVES]
        for (path_a, a), (path_b, b) in combinations(places, 2):
            if a == b or len(places) > _CROSSED_PLACES:
                continue
            if self.fits(put(put(node, path_a, b), path_b, a)):
                return self.named([(a, b), (b, a)])
        if any(leaf.value == (RATE, 0) for leaf in missing):
            rate = Node("var", (RATE, 0))
            for path, old in paths(node):  # a helper cell's formula where the learning rate belongs
                if old.kind in ("op", "call") and self.fits(put(node, path, rate)):
                    return self.named([(old, rate)])
        if len(foreign) == 1 and missing:
            own = [path for path, old in places if old == foreign[0]]
            for (path_a, path_b), (x, y) in (
                (p, c) for p in combinations(own, 2) for c in permutations(targets[:_PAIR_POOL], 2)
            ):
                if self.fits(put(put(node, path_a, x), path_b, y)):
                    return self.named([(foreign[0], x), (foreign[0], y)])
        return None

    @finds(fault_kinds.LOST_BRACKETS)
    def _brackets(self, reparsed: Callable[[], Iterator[Node]]) -> Diagnosis | None:
        """A pair of brackets too few."""
        return Diagnosis(fault_kinds.LOST_BRACKETS) if any(map(self.fits, reparsed())) else None

    @finds(fault_kinds.SIGN)
    def signs(self, node: Node) -> Diagnosis | None:
        """A sign that is the wrong way round."""
        for path, old in calculated(node):
            if self.fits(put(node, path, Node("op", "neg", (old,)))):
                return Diagnosis(fault_kinds.SIGN)
            if old.kind == "op" and old.value in ("+", "-"):
                other = Node("op", "-" if old.value == "+" else "+", old.args)
                if self.fits(put(node, path, other)):
                    return Diagnosis(fault_kinds.SIGN)
        return None

    @finds(fault_kinds.WRONG_OPERATOR)
    def _operators(self, node: Node) -> Diagnosis | None:
        """An operator for another."""
        for path, old in calculated(node):
            if old.kind == "op" and old.value in _SIGN and old.value != "neg":
                for operator in "*/+-^":
                    other = Node("op", operator, old.args)
                    if operator != old.value and self.fits(put(node, path, other)):
                        return Diagnosis(fault_kinds.WRONG_OPERATOR, detail=f"{_SIGN[old.value]}|{_SIGN[operator]}")
        return None

    @finds(fault_kinds.MISSING_FACTOR, fault_kinds.EXTRA_FACTOR)
    def _factors(self, node: Node) -> Diagnosis | None:
        """A factor too few or too many in one of the products."""
        factors = factors_of(self.right)
        terms = [(path, old) for path, old in calculated(node) if old.kind != "number" or not path][:_FACTOR_PLACES]
        for path, old in terms:  # a square that was forgotten
            if self.fits(put(node, path, Node("op", "^", (old, Node("number", 2.0))))):
                return Diagnosis(fault_kinds.MISSING_FACTOR, detail="square")
        too_much = self._number_too_much(node)
        if too_much is not None:
            return too_much
        for operator, kind in (("*", fault_kinds.MISSING_FACTOR), ("/", fault_kinds.EXTRA_FACTOR)):
            for factor in factors:
                for path, old in terms:
                    changed = put(node, path, Node("op", operator, (old, factor)))
                    if self.fits(changed):
                        return Diagnosis(kind, swaps=((factor, factor),))
        return None

    def _number_too_much(self, node: Node) -> Diagnosis | None:
        """A number that is multiplied in, or divided by, and doesn't belong there."""
        for path, old in calculated(node):
            if old.kind != "op" or old.value not in ("*", "/"):
                continue
            for k in (0, 1) if old.value == "*" else (1,):
                number = old.args[k]
                if number.kind == "number" and number.value and self.fits(put(node, path, old.args[1 - k])):
                    factor = number if old.value == "*" else Node("number", 1 / number.number)
                    return Diagnosis(fault_kinds.EXTRA_FACTOR, swaps=((factor, factor),))
        return None

    @finds(fault_kinds.WRONG_CELL)
    def _numbers(self, node: Node) -> Diagnosis | None:
        """A number typed into the formula where a variable belongs."""
        mine = distinct(node)
        for path, old in paths(node):
            if old.kind == "number":
                for new in (leaf for leaf in distinct(self.right) if leaf not in mine):
                    if self.fits(put(node, path, new)):
                        return Diagnosis(fault_kinds.WRONG_CELL, swaps=((old, new),))
        return None

    @finds(fault_kinds.MISSING_TERM)
    def _terms(self, node: Node) -> Diagnosis | None:
        """A term too few in one of the sums."""
        terms = [arg for _, part in paths(self.right) if part.kind == "op" and part.value == "+" for arg in part.args]
        for term in dict.fromkeys(terms):
            for path, old in calculated(node):
                if self.fits(put(node, path, Node("op", "+", (old, term)))):
                    return Diagnosis(fault_kinds.MISSING_TERM, swaps=((term, term),))
        return None

    @finds(fault_kinds.WRONG_OPERATOR)
    def _operators_and_exchange(self, node: Node) -> Diagnosis | None:
        """The same wrong operator in several places, with or without one wrong reference besides."""
        mine, wanted = distinct(node), distinct(self.right)
        missing = [leaf for leaf in wanted if leaf not in mine]
        swaps = [None] + [(old, new) for old in mine for new in (missing or wanted) if old != new]
        operators = [(path, old) for path, old in calculated(node) if old.kind == "op" and old.value in ("+", "-", "*")]
        groups = [(a,) for a in operators] + [
            pair for pair in combinations(operators, 2) if pair[0][1].value == pair[1][1].value
        ]
        tried = 0
        for group in groups:
            for operator in ("-", "+", "*"):
                if operator == group[0][1].value:
                    continue
                changed = node
                for path, _ in sorted(group, key=lambda item: -len(item[0])):
                    changed = put(changed, path, Node("op", operator, at(changed, path).args))
                for pair in swaps if len(group) == 1 else [None]:
                    tried += 1
                    if tried > _OPERATOR_TRIES:
                        return None
                    fixed = changed if pair is None else swap(changed, {pair[0]: pair[1]})
                    if self.fits(fixed):
                        return self._operator_named(group[0][1].word, operator, pair)
                if len(group) == 2 and missing:
                    exchanged = self._places_exchange(changed, missing)
                    if exchanged is not None:
                        return self._operator_named(group[0][1].word, operator, exchanged)
        return None

    def _places_exchange(self, node: Node, missing: list[Node]) -> tuple[Node, Node] | None:
        for path, old in paths(node):
            if old.kind == "var":
                for new in missing:
                    if self.fits(put(node, path, new)):
                        return old, new
        return None

    def _operator_named(self, old: str, new: str, swap: tuple[Node, Node] | None) -> Diagnosis:
        detail = f"{_SIGN[old]}|{_SIGN[new]}"
        if swap is None:
            return Diagnosis(fault_kinds.WRONG_OPERATOR, detail=detail)
        named = self.named([swap])
        return Diagnosis(fault_kinds.WRONG_OPERATOR, (named.kind, *named.also), named.swaps, detail)

    def named(self, swaps: list[tuple[Node, Node]]) -> Diagnosis:
        """The diagnosis of these exchanges."""
        kinds = kinds_of(swaps)
        return Diagnosis(kinds[0], tuple(kinds[1:]), tuple(swaps))


def _unrounded(node: Node) -> Node:
    """The meaning without ROUND."""
    if node.value == "ROUND" and len(node.args) == 2:
        return _unrounded(node.args[0])
    return Node(node.kind, node.value, tuple(map(_unrounded, node.args))) if node.args else node


def factors_of(right: Node) -> list[Node]:
    """What may be missing from a product of the right formula, or stand in it once too often."""
    factors: list[Node] = [Node("number", 0.5), Node("number", 2.0)]
    for leaf in distinct(right):
        complement = Node("op", "-", (Node("number", 1.0), leaf))
        factors += [leaf, complement, Node("op", "*", (leaf, complement))]
    parts = [part for path, part in paths(right) if part.kind == "op" and path]
    factors += sorted(parts, key=lambda part: part.word not in "-^")
    return list(dict.fromkeys(factors))
