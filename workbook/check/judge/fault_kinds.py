"""The kinds of finding, and the names of the slips in which one reference stands where another belongs."""

from __future__ import annotations

from workbook.check.read.formula import Node

RATE = "learning_rate"
PRIORITY = [
    "wrong learning rate",
    "pre-activation for activation",
    "activation for pre-activation",
    "wrong gradient column",
    "wrong neuron",
    "swapped weights",
    "wrong target",
    "wrong input",
    "wrong variable",
    "wrong row",
    "wrong cell",
]

KINDS = frozenset(
    (
        *PRIORITY,
        "chart",
        "circular chain",
        "error value",
        "extra factor",
        "frozen rows",
        "changed constant",
        "lost parentheses",
        "missing $",
        "missing cells",
        "missing factor",
        "missing term",
        "network not judged",
        "never calculated",
        "not judged",
        "not read",
        "rounded",
        "same number elsewhere",
        "sign",
        "stale values",
        "stray $",
        "typed-over",
        "unfinished",
        "unknown function",
        "wrong formula",
        "wrong operator",
        "wrong start value",
        "wrong value",
    )
)
"""Every kind of finding; a `Finding` of another one is an error."""


def kinds_of(old: Node, new: Node) -> list[str]:
    """The kinds of the slip that put `old` where `new` belongs."""
    if new.kind != "var":
        return ["wrong variable"]
    name, offset = new.value
    if name == RATE:
        return ["wrong learning rate"]
    if old.kind != "var":
        return ["wrong cell"]
    mine, at = old.value
    row = ["wrong row"] if at != offset else []
    if mine == name:
        return row
    return [_name_kind(mine, name), *row]


def _name_kind(mine: str, name: str) -> str:
    if f"a_{mine}" == name:
        return "pre-activation for activation"
    if mine == f"a_{name}":
        return "activation for pre-activation"
    if name.startswith("grad_"):
        return "wrong gradient column"
    a, b = _family(mine), _family(name)
    if a == b == "w":
        return "swapped weights"
    if a == b == "t":
        return "wrong target"
    if a == b == "i":
        return "wrong input"
    if {a, b} <= {"h", "o", "a_h", "a_o", "E"}:
        if a != b and {a, b} in ({"h", "a_h"}, {"o", "a_o"}):
            return "pre-activation for activation" if b.startswith("a_") else "activation for pre-activation"
        return "wrong neuron"
    return "wrong variable"


def _family(name: str) -> str:
    return name.rstrip("0123456789")
