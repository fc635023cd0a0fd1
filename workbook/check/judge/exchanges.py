"""What kind of slip it is to write one reference where another belongs."""

from __future__ import annotations

from workbook.check.judge import fault_kinds
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE


def kinds_of(swaps: list[tuple[Node, Node]]) -> list[str]:
    """The kinds of the slips that put each `old` where `new` belongs, the one that names them first."""
    kinds = {kind for old, new in swaps for kind in _kinds_of(old, new)}
    return sorted(kinds, key=fault_kinds.EXCHANGES.index)


def kind_of_constant(variable: str) -> str:
    """The kind of slip by which an input, a target or a fixed bias isn't what it is in the first row."""
    kinds = {"t": fault_kinds.WRONG_TARGET, "b": fault_kinds.WRONG_VARIABLE}
    return kinds.get(variable[0], fault_kinds.WRONG_INPUT)


def _kinds_of(old: Node, new: Node) -> list[str]:
    if new.kind != "var":
        return [fault_kinds.WRONG_VARIABLE]
    name, offset = new.variable
    if name == RATE:
        return [fault_kinds.WRONG_RATE]
    if old.kind != "var":
        return [fault_kinds.WRONG_CELL]
    mine, at = old.variable
    row = [fault_kinds.WRONG_ROW] if at != offset else []
    return row if mine == name else [_kind_of_names(mine, name), *row]


def _kind_of_names(mine: str, name: str) -> str:
    if f"a_{mine}" == name:
        return fault_kinds.PRE_ACTIVATION
    if mine == f"a_{name}":
        return fault_kinds.ACTIVATION
    if name.startswith("grad_"):
        return fault_kinds.WRONG_GRADIENT
    a, b = (text.rstrip("0123456789") for text in (mine, name))
    of_one_family = {"w": fault_kinds.SWAPPED_WEIGHTS, "t": fault_kinds.WRONG_TARGET, "i": fault_kinds.WRONG_INPUT}
    if a == b and a in of_one_family:
        return of_one_family[a]
    if {a, b} <= {"h", "o", "a_h", "a_o", "E"}:
        if {a, b} in ({"h", "a_h"}, {"o", "a_o"}):
            return fault_kinds.PRE_ACTIVATION if b.startswith("a_") else fault_kinds.ACTIVATION
        return fault_kinds.WRONG_NEURON
    return fault_kinds.WRONG_VARIABLE
