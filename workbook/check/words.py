"""What a finding says: in the sheet's own variables, in words a student understands."""

from __future__ import annotations

from workbook.check.classify import RATE, Diagnosis
from workbook.check.evaluate import leaves
from workbook.check.formula import Node, a1
from workbook.check.tables import Table
from xlfuncs.expression import label

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


def meaning_text(node: Node) -> str:
    """A meaning in variable names: (a_o1-t1)*a_o1*(1-a_o1)*h2, another row's as h1[+3]."""
    return _text(node, 0)


def _text(node: Node, least: int) -> str:
    match node.kind:
        case "number":
            return f"{node.value:.12g}"
        case "op" if node.value == "neg":
            return "-" + _text(node.args[0], 3)
        case "op":
            binding = _PRECEDENCE.get(node.value, 0)
            left, right = (_text(arg, binding - 1 + k) for k, arg in enumerate(node.args))
            return f"({left}{node.value}{right})" if binding <= least else f"{left}{node.value}{right}"
        case "call":
            return f"{node.value}({', '.join(_text(arg, 0) for arg in node.args)})"
        case "list":
            return ", ".join(_text(arg, 0) for arg in node.args)
    return leaf_text(node)


def leaf_text(node: Node) -> str:
    """One reference in variable names."""
    match node.kind:
        case "var":
            name, offset = node.value
            shown = label(name)
            far = "…" if abs(offset) >= 7 else ""
            return shown if offset == 0 or name == RATE else f"{shown}[{offset:+d}{far}]"
        case "cell":
            return f"{a1(*node.value[1:3])} ({node.value[3]:g})"
        case "empty":
            return f"the empty cell {a1(*node.value[1:3])}"
        case "text":
            return f"the text “{node.value}”"
        case "number" | "op" | "call":
            return meaning_text(node)
    return str(node.value)


def rows_text(offset: int) -> str:
    """An offset in words: three rows lower."""
    count = abs(offset)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    if count >= 7:
        number = "several"
    return f"{number} row{'s' if count != 1 else ''} {'lower' if offset > 0 else 'higher'}"


def names_text(variables: list[str]) -> str:
    """∂E/∂w3 and ∂E/∂w4."""
    shown = [label(variable) for variable in dict.fromkeys(variables)]
    if len(shown) > 4:
        return f"{', '.join(shown[:3])} and {len(shown) - 3} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def message(diagnosis: Diagnosis, variables: list[str], table: Table, first_row: int, circular: bool) -> str:
    """The sentence for one fault, without the cells and without the formula that belongs there."""
    who = names_text(variables)
    many = len(set(variables)) > 1
    text = _sentence(diagnosis, variables, who, many, table, first_row)
    if circular:
        text += " That also makes the table circular: the cell waits for a result that waits for it."
    return text


def _sentence(diagnosis: Diagnosis, variables: list[str], who: str, many: bool, table: Table, row: int) -> str:
    use, are, read = ("use", "are", "read") if many else ("uses", "is", "reads")
    old, new = diagnosis.swaps[0] if diagnosis.swaps else (None, None)
    match diagnosis.kind:
        case "missing $":
            home = a1(*table.rate_cell[1:]) if table.rate_cell else ""
            fixed = a1(*table.rate_cell[1:], fixed="rc") if table.rate_cell else ""
            if new is not None and new.value[0] != RATE:
                return (
                    f"{who} {read} {leaf_text(old)} instead of {leaf_text(new)}: a $ is missing before the row number."
                )
            return (
                f"The learning rate ɳ stands in {home}, but the formula has no $ there, so copying it down moved the "
                f"reference: from row {row} on {who} {read} {_plain(old)} instead of ɳ. Write {fixed}."
            )
        case "stray $":
            return (
                f"A $ keeps the formula on one row: from row {row} on {who} {read} {_old_row(old)} "
                f"instead of {_where(new, table)}. Remove the $."
            )
        case "wrong row":
            return f"{who} {read} {_where(old, table)}; {_where(new, table)} belongs there."
        case "pre-activation for activation":
            return f"{who} {use} {_plain(old)}, the sum before σ; the activation {_plain(new)} belongs there."
        case "activation for pre-activation":
            return f"{who} {use} the activation {_plain(old)}; the sum before σ, {_plain(new)}, belongs there."
        case "wrong gradient column" if all(v in table.blueprint.learned for v in variables):
            return f"{who} {are} updated with {_plain(old)}; {_plain(new)} of the row above belongs there."
        case "wrong neuron" if _is_slope(diagnosis, variables):
            a, b = _plain(old), _plain(new)
            return (
                f"{who} {use} {a}(1−{a}); {'they belong' if many else 'it belongs'} to neuron {b.removeprefix('a_')}, "
                f"so {b}(1−{b}) belongs there."
            )
        case "swapped weights" if len(diagnosis.swaps) == 2 and diagnosis.swaps[0] == diagnosis.swaps[1][::-1]:
            return f"{who} {use} {_plain(old)} and {_plain(new)} the wrong way round."
        case "lost parentheses":
            return f"{who}: a pair of brackets is missing, so it is calculated in another order than meant."
        case "sign":
            if all(v in table.blueprint.learned for v in variables):
                return f"{who} {are} moved up the slope: the update has to subtract ɳ·∂E/∂w."
            if old is not None:
                a, b = _plain(old), _plain(new)
                return f"{who} {use} {a}−{b}; {b}−{a} belongs there, the sign is the wrong way round."
            return f"{who}: a sign is the wrong way round."
        case "wrong operator":
            a, _, b = diagnosis.detail.partition("|")
            more = f"; besides, {_plain(old)} stands where {_plain(new)} belongs" if old is not None else ""
            return f"{who}: {a} stands where {b} belongs{more}."
        case "missing factor":
            what = "square" if diagnosis.detail == "square" else f"factor {meaning_text(new)}"
            return f"{who}: the {what} is missing."
        case "extra factor":
            return f"{who}: {meaning_text(new)} is multiplied in once too often."
        case "missing term":
            return f"{who}: the term {meaning_text(new)} is missing from the sum."
        case "wrong learning rate":
            what = diagnosis.detail or _plain(old)
            home = f" ({a1(*table.rate_cell[1:])})" if table.rate_cell else ""
            return f"{who} {use} {what} where the learning rate ɳ{home} belongs."
        case "unreadable formula":
            return f"{who}: the formula can't be read ({diagnosis.detail})."
    pairs = [f"{_with_row(a, b)} where {_with_row(b, a)} belongs" for a, b in diagnosis.swaps if a != b]
    if pairs:
        return f"{who} {use} {', and '.join(pairs)}."
    foreign = [leaf_text(a) for a, _ in diagnosis.swaps]
    extra = f" It uses {', '.join(foreign)}, which doesn't belong in it." if foreign else ""
    return f"{who}: the formula calculates something else.{extra}"


def _is_slope(diagnosis: Diagnosis, variables: list[str]) -> bool:
    """The inherited fault: a hidden weight's gradient with the other neuron's a_h(1−a_h)."""
    old, new = diagnosis.swaps[0]
    hidden = all(node.kind == "var" and node.value[0].startswith("a_h") for node in (old, new))
    return hidden and len(diagnosis.swaps) == 1 and all(v.startswith("grad_") for v in variables)


def _plain(node: Node | None) -> str:
    if node is None:
        return "something else"
    return label(node.value[0]) if node.kind == "var" else leaf_text(node)


def _with_row(node: Node, other: Node) -> str:
    if node.kind == "var" and other.kind == "var" and node.value[1] != other.value[1]:
        return leaf_text(node)
    return _plain(node)


def _old_row(node: Node) -> str:
    return f"{_plain(node)} of that row" if node.kind == "var" else leaf_text(node)


def _where(node: Node, table: Table) -> str:
    if node.kind != "var":
        return leaf_text(node)
    name, offset = node.value
    if name == RATE:
        return "ɳ"
    if offset == 0:
        return f"{label(name)} of its own row"
    return f"{label(name)} {rows_text(offset)}" if offset != -1 else f"{label(name)} of the row above"


def uses_text(node: Node) -> list[str]:
    """The variables a meaning uses."""
    return list(dict.fromkeys(leaf_text(leaf) for leaf in leaves(node)))
