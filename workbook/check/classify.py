"""What kind of fault a wrong formula has: the smallest change that makes it right.

Changes are tried in the order in which people make the slips: another reference, two references exchanged, brackets,
a sign, an operator, a factor, a term. A change explains the fault if the changed formula equals the right one on the
random tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from workbook.check.evaluate import evaluate, leaves
from workbook.check.formula import Node
from workbook.check.kinds import PRIORITY, RATE, kinds_of
from workbook.check.trees import LEAVES, at, distinct, node_of, paths, put, swap
from xlfuncs.blueprint import MIDDLE, SAMPLE_ROWS, Blueprint

Array = np.ndarray
_FACTOR_LIMIT = 60
_BUDGET = 6000  # formulas tried for one diagnosis


class _SpentError(Exception):
    """The search for a diagnosis took too long."""


@dataclass(frozen=True)
class Diagnosis:
    """The kind of fault, further kinds it also is, and the exchanged leaves (what stands there, what should)."""

    kind: str
    also: tuple[str, ...] = ()
    swaps: tuple[tuple[Node, Node], ...] = ()
    detail: str = ""


class Judge:
    """Compares meanings with the right formulas of a blueprint on its random tables."""

    def __init__(self, blueprint: Blueprint):
        """The judge of one blueprint; see `judge_of`, which keeps it."""
        self.blueprint, self.sample = blueprint, blueprint.sample
        self.order = {variable: k for k, variable in enumerate(blueprint.formulas)}
        self.right: dict[str, Node] = {v: node_of(e) for v, e in blueprint.formulas.items()}
        self.known: dict[tuple[str, Node], bool] = {}
        self.diagnoses: dict[tuple[str, Node], Diagnosis] = {}
        self.budget = 0

    def leaf(self, node: Node) -> Array | float | None:
        """The value of a leaf in the middle row of the random tables."""
        match node.kind:
            case "var":
                variable, offset = node.value
                if variable not in self.sample:
                    return None
                row = max(0, min(SAMPLE_ROWS - 1, MIDDLE + offset))
                value = self.sample[variable][row]
                # In the random tables inputs and targets are the same in every row; in a sheet they need not be.
                return value * (1.37 + 0.11 * offset) if offset and variable in self.blueprint.constants else value
            case "cell":
                return node.value[3]
            case "empty":
                return 0.0
        return None

    def value(self, node: Node) -> Array:
        """The meaning's value on the random tables, shape (samples,)."""
        left, self.budget = self.budget, self.budget - 1 - node.size // 100  # a long formula counts for several
        if left > 0 >= self.budget:
            raise _SpentError
        value = np.asarray(evaluate(node, self.leaf), dtype=float)
        return np.broadcast_to(value, self.sample[RATE][0].shape)

    def equals(self, value: Array, variable: str) -> bool:
        """Whether the value is the right one of that variable."""
        right = self.sample[variable][MIDDLE]
        return bool(np.all(np.abs(value - right) <= 1e-8 * np.abs(right) + 1e-12))

    def is_right(self, node: Node, variable: str) -> bool:
        """Whether a formula is the right one for the variable."""
        key = (variable, node)
        if key not in self.known:
            self.known[key] = self.equals(self.value(node), variable)
        return self.known[key]

    def literal_rate(self, node: Node, variable: str) -> float | None:
        """The learning rate of an update formula that is right but for a rate written as a number."""
        if variable not in self.blueprint.learned:
            return None
        gradient = self.sample[f"grad_{variable}"][MIDDLE - 1]
        rates = (self.sample[variable][MIDDLE - 1] - self.value(node)) / gradient
        if not np.isfinite(rates).all() or not 0 < rates[0] < 1e4:
            return None
        if np.abs(rates - rates[0]).max() > 1e-7 * rates[0]:
            return None
        return float(f"{rates.mean():.12g}")

    def circular(self, node: Node, variable: str) -> bool:
        """Whether the formula needs its own result, or one that is only computed from it."""
        own = self.order.get(variable, 0)
        for leaf in leaves(node):
            if leaf.kind == "var" and leaf.value[0] in self.order and leaf.value[0] not in self.blueprint.constants:
                name, offset = leaf.value
                if (offset > 0 and name != "iteration") or (offset == 0 and self.order[name] >= own):
                    return True
        return False

    def diagnose(self, node: Node, variable: str, reparsed: Callable[[], Iterator[Node]]) -> Diagnosis:
        """The kind of fault of a wrong meaning; `reparsed` gives the formula with one more pair of brackets.

        A learning rate that is written as a number has to be the variable `learning_rate` by now.
        """
        self.budget = _BUDGET
        right = self.right[variable]
        try:
            found = self._search(node, right, variable, reparsed)
        except _SpentError:
            found = None
        finally:
            self.budget = 0  # counts only while a diagnosis is sought
        return found or Diagnosis("wrong formula", swaps=self._foreign(node, right))

    def _search(self, node: Node, right: Node, variable: str, reparsed) -> Diagnosis | None:
        found = self._turned(node, variable) or self._exchange(node, right, variable)
        found = found or (Diagnosis("lost parentheses") if self._any(reparsed(), variable) else None)
        found = found or self._signs(node, variable)
        found = found or self._factors(node, right, variable)
        found = found or self._terms(node, right, variable)
        return found or self._numbers(node, right, variable) or self._operators_and_exchange(node, right, variable)

    def _any(self, candidates: Iterator[Node], variable: str) -> bool:
        return any(self.equals(self.value(candidate), variable) for candidate in candidates)

    def _turned(self, node: Node, variable: str) -> Diagnosis | None:
        """A difference the wrong way round: t1 - a_o1 for a_o1 - t1."""
        for path, old in paths(node):
            if old.kind == "op" and old.value == "-":
                turned = put(node, path, Node("op", "-", old.args[::-1]))
                if self.equals(self.value(turned), variable):
                    return Diagnosis("sign", swaps=(old.args,) if all(a.kind == "var" for a in old.args) else ())
        return None

    def _exchange(self, node: Node, right: Node, variable: str) -> Diagnosis | None:
        """One reference for another, everywhere or in one place; then several at once."""
        mine, wanted = distinct(node), distinct(right)
        missing = [leaf for leaf in wanted if leaf not in mine]
        targets = missing + [leaf for leaf in wanted if leaf in mine]
        foreign = [leaf for leaf in mine if leaf not in wanted]
        for old in foreign + [leaf for leaf in mine if leaf in wanted]:
            for new in targets:
                if old != new and self.equals(self.value(swap(node, {old: new})), variable):
                    return self._named([(old, new)])
        for path, old in paths(node):
            if old.kind in LEAVES:
                for new in targets:
                    if old != new and self.equals(self.value(put(node, path, new)), variable):
                        return self._named([(old, new)])
        for a, b in combinations(mine, 2):
            if self.equals(self.value(swap(node, {a: b, b: a})), variable):
                return self._named([(a, b), (b, a)])
        return self._several(node, foreign, missing, targets, variable)

    def _several(self, node, foreign, missing, targets, variable) -> Diagnosis | None:
        if 2 <= len(foreign) <= 4:
            pool = missing if len(missing) >= len(foreign) else targets[:6]
            for chosen in permutations(pool[:7], len(foreign)):
                if self.equals(self.value(swap(node, dict(zip(foreign, chosen, strict=True)))), variable):
                    return self._named(list(zip(foreign, chosen, strict=True)))
        places = [(path, old) for path, old in paths(node) if old.kind in LEAVES]
        for (path_a, a), (path_b, b) in combinations(places, 2):
            if a == b or len(places) > 24:
                continue
            if self.equals(self.value(put(put(node, path_a, b), path_b, a)), variable):
                return self._named([(a, b), (b, a)])
        if any(leaf.value == (RATE, 0) for leaf in missing):
            rate = Node("var", (RATE, 0))
            for path, old in paths(node):  # a helper cell's formula where the learning rate belongs
                if old.kind in ("op", "call") and self.equals(self.value(put(node, path, rate)), variable):
                    return self._named([(old, rate)])
        if len(foreign) == 1 and missing:
            own = [path for path, old in places if old == foreign[0]]
            for (path_a, path_b), (x, y) in (
                (p, c) for p in combinations(own, 2) for c in permutations(targets[:8], 2)
            ):
                if self.equals(self.value(put(put(node, path_a, x), path_b, y)), variable):
                    return self._named([(foreign[0], x), (foreign[0], y)])
        return None

    def _signs(self, node: Node, variable: str) -> Diagnosis | None:
        for path, old in paths(node):
            if self.equals(self.value(put(node, path, Node("op", "neg", (old,)))), variable):
                return Diagnosis("sign")
            if old.kind == "op" and old.value in ("+", "-"):
                other = Node("op", "-" if old.value == "+" else "+", old.args)
                if self.equals(self.value(put(node, path, other)), variable):
                    return Diagnosis("sign")
        for path, old in paths(node):
            if old.kind == "op" and old.value != "neg":
                for operator in "*/+-^":
                    other = Node("op", operator, old.args)
                    if operator != old.value and self.equals(self.value(put(node, path, other)), variable):
                        return Diagnosis("wrong operator", detail=f"{_SIGN[old.value]}|{_SIGN[operator]}")
        return None

    def _factors(self, node: Node, right: Node, variable: str) -> Diagnosis | None:
        factors: list[Node] = [Node("number", 0.5), Node("number", 2.0)]
        for leaf in distinct(right):
            complement = Node("op", "-", (Node("number", 1.0), leaf))
            factors += [leaf, complement, Node("op", "*", (leaf, complement))]
        parts = [part for _, part in paths(right) if part.kind == "op"]
        factors += sorted(parts, key=lambda part: part.value not in "-^")
        terms = [(path, old) for path, old in paths(node) if old.kind != "number" or not path][:_FACTOR_LIMIT]
        for operator, kind in (("*", "missing factor"), ("/", "extra factor")):
            for factor in dict.fromkeys(factors):
                for path, old in terms:
                    changed = put(node, path, Node("op", operator, (old, factor)))
                    if self.equals(self.value(changed), variable):
                        return Diagnosis(kind, swaps=((factor, factor),))
        for path, old in terms:  # a square that was forgotten
            if self.equals(self.value(put(node, path, Node("op", "^", (old, Node("number", 2.0))))), variable):
                return Diagnosis("missing factor", detail="square")
        return None

    def _numbers(self, node: Node, right: Node, variable: str) -> Diagnosis | None:
        """A number typed into the formula where a variable belongs."""
        mine = distinct(node)
        for path, old in paths(node):
            if old.kind == "number":
                for new in (leaf for leaf in distinct(right) if leaf not in mine):
                    if self.equals(self.value(put(node, path, new)), variable):
                        return Diagnosis("wrong cell", swaps=((old, new),))
        return None

    def _terms(self, node: Node, right: Node, variable: str) -> Diagnosis | None:
        terms = [arg for _, part in paths(right) if part.kind == "op" and part.value == "+" for arg in part.args]
        for term in dict.fromkeys(terms):
            for path, old in paths(node):
                if self.equals(self.value(put(node, path, Node("op", "+", (old, term)))), variable):
                    return Diagnosis("missing term", swaps=((term, term),))
        return None

    def _operators_and_exchange(self, node: Node, right: Node, variable: str) -> Diagnosis | None:
        """The same wrong operator in several places, with or without one wrong reference besides."""
        mine, wanted = distinct(node), distinct(right)
        missing = [leaf for leaf in wanted if leaf not in mine]
        swaps = [None] + [(old, new) for old in mine for new in (missing or wanted) if old != new]
        operators = [(path, old) for path, old in paths(node) if old.kind == "op" and old.value in ("+", "-", "*")]
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
                    if tried > 1500:
                        return None
                    fixed = changed if pair is None else swap(changed, {pair[0]: pair[1]})
                    if self.equals(self.value(fixed), variable):
                        return self._operator_named(group[0][1].value, operator, pair)
                if len(group) == 2 and missing:
                    found = self._places_exchange(changed, missing, variable)
                    if found is not None:
                        return self._operator_named(group[0][1].value, operator, found)
        return None

    def _places_exchange(self, node: Node, missing: list[Node], variable: str) -> tuple[Node, Node] | None:
        for path, old in paths(node):
            if old.kind == "var":
                for new in missing:
                    if self.equals(self.value(put(node, path, new)), variable):
                        return old, new
        return None

    def _operator_named(self, old: str, new: str, swap: tuple[Node, Node] | None) -> Diagnosis:
        detail = f"{_SIGN[old]}|{_SIGN[new]}"
        if swap is None:
            return Diagnosis("wrong operator", detail=detail)
        named = self._named([swap])
        return Diagnosis("wrong operator", (named.kind, *named.also), named.swaps, detail)

    def _named(self, swaps: list[tuple[Node, Node]]) -> Diagnosis:
        kinds = [kind for old, new in swaps for kind in kinds_of(old, new)]
        kinds = sorted(set(kinds), key=PRIORITY.index)
        return Diagnosis(kinds[0], tuple(kinds[1:]), tuple(swaps))

    def _foreign(self, node: Node, right: Node) -> tuple[tuple[Node, Node], ...]:
        wanted = distinct(right)
        return tuple((leaf, leaf) for leaf in distinct(node) if leaf not in wanted and leaf.kind in LEAVES)


_SIGN = {"*": "×", "/": "÷", "+": "+", "-": "−", "^": "^", "neg": "−"}
_SIGN |= {sign: sign for sign in ("&", "=", "<", ">", "<=", ">=", "<>")}
