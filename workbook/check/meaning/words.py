"""Meanings in words: the variables by the names of the sheet's header, other rows by where they are."""

from __future__ import annotations

from workbook.check.meaning.resolve import FAR
from workbook.check.read.formula import Node
from workbook.parts.references import a1
from xlfuncs.compiled import RATE
from xlfuncs.expression import label

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


def meaning_text(node: Node) -> str:
    """A meaning in variable names: previous w1-ɳ*previous ∂E/∂w1, a farther row's as h1 (three rows lower)."""
    return _text(node, 0)


def _text(node: Node, least: int) -> str:
    match node.kind:
        case "number":
            return f"{node.number:.12g}"
        case "op" if node.value == "neg":
            return "-" + _text(node.args[0], 3)
        case "op":
            binding = _PRECEDENCE.get(node.word, 0)
            left, right = (_text(arg, binding - 1 + k) for k, arg in enumerate(node.args))
            return f"({left}{node.value}{right})" if binding <= least else f"{left}{node.value}{right}"
        case "call":
            return f"{node.value}({', '.join(_text(arg, 0) for arg in node.args)})"
        case "list":
            return ", ".join(_text(arg, 0) for arg in node.args)
    return _in_formula(node)


def leaf_text(node: Node) -> str:
    """One reference in words: w1, w1 of the row above, cell B3 (0.5), the empty cell B4."""
    match node.kind:
        case "var":
            name, offset = node.variable
            if offset == 0 or name == RATE:
                return label(name)
            return f"{label(name)} {row_text(offset)}"
        case "cell":
            return f"cell {a1(*node.place[1:])} ({node.number:g})"
        case "empty":
            return f"the empty cell {a1(*node.place[1:])}"
        case "text":
            text = str(node.value).strip('"')
            return f"the text “{text}”"
        case "number" | "op" | "call":
            return meaning_text(node)
    return str(node.value)


def _in_formula(node: Node) -> str:
    """One reference within a formula."""
    if node.kind != "var":
        return leaf_text(node)
    name, offset = node.variable
    if offset == 0 or name == RATE:
        return leaf_text(node)
    return f"previous {label(name)}" if offset == -1 else f"{label(name)} ({row_text(offset)})"


def row_text(offset: int) -> str:
    """Another row in words: of the row above, three rows lower."""
    count = abs(offset)
    if offset == -1:
        return "of the row above"
    if count >= FAR:
        return f"several rows {'lower' if offset > 0 else 'higher'}"
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} row{'s' if count != 1 else ''} {'lower' if offset > 0 else 'higher'}"


def names_text(variables: list[str]) -> str:
    """∂E/∂w3 and ∂E/∂w4."""
    shown = [label(variable) for variable in dict.fromkeys(variables)]
    if len(shown) > 4:
        return f"{', '.join(shown[:3])} and {len(shown) - 3} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
