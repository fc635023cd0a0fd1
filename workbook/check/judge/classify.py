"""Comparing formulas with the right ones of a network, on its random tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from workbook.check.meaning.evaluate import SheetError, UnknownError, evaluate, leaves
from workbook.check.meaning.trees import node_of
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE
from xlfuncs.expected_table import MIDDLE, SAMPLE_ROWS, Blueprint

Array = np.ndarray


@dataclass(frozen=True)
class Diagnosis:
    """The kind of fault, further kinds it also is, and the exchanged leaves (what stands there, what should).

    `besides` is a second slip in the same formula.
    """

    kind: str
    also: tuple[str, ...] = ()
    swaps: tuple[tuple[Node, Node], ...] = ()
    detail: str = ""
    besides: Diagnosis | None = None


def is_same(value: Array, right: Array) -> Array:
    """Which values are the right ones: two ways to calculate one function differ by 1e-12, two functions by 1e-3."""
    return np.abs(value - right) <= 1e-8 * np.abs(right) + 1e-12


class Judge:
    """Compares meanings with the right formulas of a blueprint on its random tables."""

    def __init__(self, blueprint: Blueprint):
        """The judge of one blueprint; see `judge_of`, which keeps it."""
        self.blueprint, self.sample = blueprint, blueprint.sample
        self.order = {variable: k for k, variable in enumerate(blueprint.formulas)}
        self.right: dict[str, Node] = {v: node_of(e) for v, e in blueprint.formulas.items()}
        self.known: dict[tuple[str, Node], bool | str] = {}  # a text is why it can't be told
        self._diagnoses: dict[object, Diagnosis] = {}

    def leaf(self, node: Node) -> Array | float | None:
        """The value of a leaf in the middle row of the random tables."""
        return self._leaf(node, (0,))

    def leaf_for(self, variable: str) -> Callable[[Node], Array | float | None]:
        """The values of leaves for that variable's formulas: an update may read inputs and targets of its own row or,
        with a gradient written into it, of the row above."""
        return self._update_leaf if variable in self.blueprint.learned else self.leaf

    def _update_leaf(self, node: Node) -> Array | float | None:
        return self._leaf(node, (-1, 0))

    def _leaf(self, node: Node, own_rows: tuple[int, ...]) -> Array | float | None:
        match node.kind:
            case "var":
                variable, offset = node.variable
                if variable not in self.sample:
                    return None
                row = max(0, min(SAMPLE_ROWS - 1, MIDDLE + offset))
                value = self.sample[variable][row]
                # In the random tables inputs and targets are the same in every row; in a sheet they need not be.
                other = offset not in own_rows and variable in self.blueprint.constants
                return value * (1.37 + 0.11 * offset) if other else value
            case "cell":
                return node.number
            case "empty":
                return 0.0
        return None

    def value(self, node: Node, leaf: Callable | None = None) -> Array:
        """The meaning's value on the random tables, shape (…, samples), not-a-number where the sheet shows an error.

        Raises UnknownError.
        """
        try:
            value = np.asarray(evaluate(node, leaf or self.leaf), dtype=float)
        except SheetError:
            value = np.asarray(np.nan)
        return np.broadcast_to(value, np.broadcast_shapes(value.shape, self.sample[RATE][0].shape))

    def equals(self, value: Array, variable: str) -> bool:
        """Whether the value is the right one of that variable."""
        right = self.sample[variable][MIDDLE]
        return bool(np.all(is_same(value, right)))

    def is_right(self, node: Node, variable: str) -> bool:
        """Whether a formula is the right one for the variable.

        Raises UnknownError where that can't be told: it can't be evaluated, or nothing shows it to be another function.
        """
        key = (variable, node)
        if key not in self.known:
            try:
                self.known[key] = self._compared(node, variable)
            except UnknownError as error:
                self.known[key] = str(error)
        known = self.known[key]
        if isinstance(known, str):
            raise UnknownError(known)
        return known

    def _compared(self, node: Node, variable: str) -> bool:
        if node.kind == "op" and node.value == "&":
            return False  # a text
        try:
            value = np.asarray(evaluate(node, self.leaf_for(variable)), dtype=float)
        except SheetError:
            return False  # the sheet shows an error instead of a number
        right = self.sample[variable][MIDDLE]
        value = np.broadcast_to(value, right.shape)
        same = is_same(value, right)
        if same.all():
            return True
        if (np.isfinite(value) & ~same).any() or not any(leaf.kind == "var" for leaf in leaves(node)):
            return False
        raise UnknownError("gives no number where other values stand in the cells it reads, so it can't be compared")

    def diagnosis(self, key: object, find: Callable[[], Diagnosis]) -> Diagnosis:
        """What `find` gives, which is asked only once for a key."""
        if key not in self._diagnoses:
            self._diagnoses[key] = find()
        return self._diagnoses[key]

    def literal_rate(self, node: Node, variable: str) -> float | None:
        """The learning rate of an update formula that is right but for a rate written as a number."""
        if variable not in self.blueprint.learned:
            return None
        try:
            value = self.value(node, self.leaf_for(variable))
        except UnknownError:
            return None
        gradient = self.sample[f"grad_{variable}"][MIDDLE - 1]
        rates = (self.sample[variable][MIDDLE - 1] - value) / gradient
        if not np.isfinite(rates).all() or not 0 < rates[0] < 1e4:
            return None
        if np.abs(rates - rates[0]).max() > 1e-7 * rates[0]:
            return None
        return float(f"{rates.mean():.12g}")

    def circular(self, node: Node, variable: str) -> bool:
        """Whether the formula needs its own result, or one that is only computed from it."""
        own = self.order.get(variable, 0)
        for leaf in leaves(node):
            if leaf.kind != "var":
                continue
            name, offset = leaf.variable
            if name not in self.order or name in self.blueprint.constants:
                continue
            if (offset > 0 and name != "iteration") or (offset == 0 and self.order[name] >= own):
                return True
        return False


@lru_cache(maxsize=64)
def judge_of(blueprint: Blueprint) -> Judge:
    """The judge of a blueprint; its random tables are drawn once."""
    return Judge(blueprint)
