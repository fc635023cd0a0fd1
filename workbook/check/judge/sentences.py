"""What a wrong formula's finding says, a function a kind of fault: in the sheet's variables, for a student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workbook.check.judge import fault_kinds
from workbook.check.judge.classify import Diagnosis
from workbook.check.judge.fault_kinds import KINDS, tells
from workbook.check.judge.told import Told, plain, where, with_row
from workbook.check.meaning.evaluate import leaves
from workbook.check.meaning.stages import Recognised
from workbook.check.meaning.trees import node_of, paths
from workbook.check.meaning.words import leaf_text, meaning_text
from workbook.check.read.formula import Node
from workbook.parts.references import a1, on_sheet
from xlfuncs.compiled import RATE


def message(
    diagnosis: Diagnosis, variables: list[str], meaning: Node, table: Recognised, first_row: int, circular: bool
) -> str:
    """The sentence for one fault, without the cells and without the formula that belongs there.

    Raises KeyError for a kind that has none: no kind falls through to another's.
    """
    told = Told(diagnosis, tuple(variables), meaning, table, first_row)
    text = _sentence(diagnosis)(told)
    if diagnosis.besides is not None:
        second = _sentence(diagnosis.besides)(replace(told, diagnosis=diagnosis.besides))
        second = second.removeprefix(f"{told.who}: ").replace(f"{told.who} ", "they " if told.many else "it ", 1)
        text += f" A second slip in the same formula: {second}"
    if circular:
        also = "" if diagnosis.kind == fault_kinds.CIRCULAR else "also "
        text += f" That {also}makes the table circular: the cell waits for a result that waits for it."
    return text


def _sentence(diagnosis: Diagnosis) -> Callable[[Told], str]:
    sentence = KINDS[diagnosis.kind].sentence
    if sentence is None:
        raise KeyError(diagnosis.kind)
    return sentence


@tells(fault_kinds.WRONG_NEURON)
def _wrong_neuron(told: Told) -> str:
    if not _is_slope(told):
        return _exchanged(told)
    a, b = plain(told.old), plain(told.new)
    belong = "they belong" if told.many else "it belongs"
    return f"{told.who} {told.use} {a}(1−{a}); {belong} to neuron {b.removeprefix('a_')}, so {b}(1−{b}) belongs there."


def _is_slope(told: Told) -> bool:
    """Whether a(1−a) of the wrong neuron stands in a hidden weight's gradient: the inherited fault."""
    if len(told.diagnosis.swaps) != 1 or not all(node.kind == "var" for node in told.diagnosis.swaps[0]):
        return False
    if not all(node.variable[0].startswith("a_h") for node in told.diagnosis.swaps[0]):
        return False
    slope = Node("op", "-", (Node("number", 1.0), told.new))
    rights = [node_of(told.table.blueprint.formulas[variable]) for variable in told.variables]
    belongs = all(any(part == slope for _, part in paths(right)) for right in rights)
    return belongs and told.new not in leaves(told.meaning)


@tells(fault_kinds.WRONG_TARGET, fault_kinds.WRONG_INPUT, fault_kinds.WRONG_VARIABLE, fault_kinds.WRONG_CELL)
def _exchanged(told: Told) -> str:
    pairs = [f"{with_row(old, new)} where {with_row(new, old)} belongs" for old, new in told.swaps]
    if not pairs:
        return _something_else(told)
    why = _source(told)
    return f"{told.who} {told.use} {', and '.join(pairs)}{why}."


def _source(told: Told) -> str:
    """Why an output weight's gradient has just this activation: w5 leads from h1 to o1."""
    blueprint, variable = told.table.blueprint, told.variables[0]
    if told.many or blueprint.by_input or len(told.swaps) != 1 or not variable.startswith("grad_w"):
        return ""
    weight = blueprint.network.weight(variable.removeprefix("grad_"))
    new = told.swaps[0][1]
    if new.kind != "var" or new.variable[0] != weight.source:
        return ""
    return f": {weight.name} leads from {weight.source.removeprefix('a_')} to {weight.target}"


@tells(fault_kinds.SWAPPED_WEIGHTS)
def _swapped(told: Told) -> str:
    swaps = told.diagnosis.swaps
    if len(swaps) == 2 and swaps[0] == swaps[1][::-1]:
        return f"{told.who} {told.use} {plain(told.old)} and {plain(told.new)} the wrong way round."
    if told.are_updates and len(told.swaps) == 1:
        start = "start" if told.many else "starts"
        return f"{told.who} {start} from {where(told.old)}; {where(told.new)} belongs there."
    return _exchanged(told)


@tells(fault_kinds.PRE_ACTIVATION)
def _pre_activation(told: Told) -> str:
    if len(told.swaps) > 1:
        return _exchanged(told)
    return f"{told.who} {told.use} {plain(told.old)}, the sum before σ; the activation {plain(told.new)} belongs there."


@tells(fault_kinds.ACTIVATION)
def _activation(told: Told) -> str:
    if len(told.swaps) > 1:
        return _exchanged(told)
    return (
        f"{told.who} {told.use} the activation {plain(told.old)}; the sum before σ, {plain(told.new)}, belongs there."
    )


@tells(fault_kinds.WRONG_GRADIENT)
def _wrong_gradient(told: Told) -> str:
    if not told.are_updates or len(told.swaps) > 1:
        return _exchanged(told)
    are = "are" if told.many else "is"
    return f"{told.who} {are} updated with {plain(told.old)}; {plain(told.new)} of the row above belongs there."


@tells(fault_kinds.WRONG_ROW)
def _wrong_row(told: Told) -> str:
    first, *others = told.swaps
    text = f"{told.who} {told.read} {where(first[0])}; {where(first[1])} belongs there"
    return text + "".join(f", and {where(new)} instead of {where(old)}" for old, new in others) + "."


@tells(fault_kinds.MISSING_DOLLAR)
def _missing_dollar(told: Told) -> str:
    diagnosis, table = told.diagnosis, told.table
    if not any(new.value == (RATE, 0) for _, new in diagnosis.swaps):
        text = f"{told.who} {told.read} {leaf_text(told.old)} instead of {leaf_text(told.new)}"
        return f"{text}: a $ is missing before the row number."
    assert table.rate_cell is not None, "the $ is missing before its row"
    sheet, row, column = table.rate_cell
    home, fixed = (on_sheet(sheet, a1(row, column, fixed=kept), table.sheet.name) for kept in ("", "rc"))
    drifted = f"{diagnosis.detail}, then the cells below it," if diagnosis.detail else plain(told.old)
    others = [
        f"{with_row(old, new)} stands where {with_row(new, old)} belongs"
        for old, new in diagnosis.swaps
        if new.value != (RATE, 0)
    ]
    besides = f" Besides, {' and '.join(others)}." if others else ""
    return (
        f"The learning rate ɳ stands in {home}, but the formula has no $ there, so copying it down moved the "
        f"reference: from row {told.row} on {told.who} {told.read} {drifted} instead of ɳ. Write {fixed}.{besides}"
    )


@tells(fault_kinds.STRAY_DOLLAR)
def _stray_dollar(told: Told) -> str:
    first, *others = told.diagnosis.swaps
    row = f"row {told.diagnosis.detail}" if told.diagnosis.detail else "that row"
    stands = f"{plain(first[0])} of {row}" if first[0].kind == "var" else leaf_text(first[0])
    besides = [f"{with_row(old, new)} stands where {with_row(new, old)} belongs" for old, new in others]
    return (
        f"A $ keeps the formula on one row: from row {told.row} on {told.who} {told.read} {stands} "
        f"instead of {where(first[1])}. Remove the $." + (f" Besides, {' and '.join(besides)}." if besides else "")
    )


@tells(fault_kinds.LOST_BRACKETS)
def _lost_parentheses(told: Told) -> str:
    return f"{told.who}: a pair of brackets is missing, so it is calculated in another order than meant."


@tells(fault_kinds.SIGN)
def _sign(told: Told) -> str:
    if told.swapped:
        a, b = plain(told.old), plain(told.new)
        return f"{told.who} {told.use} {a}−{b}; {b}−{a} belongs there, the sign is the wrong way round."
    if told.are_updates:
        are = "are" if told.many else "is"
        return f"{told.who} {are} moved up the slope: the update has to subtract ɳ·∂E/∂w."
    return f"{told.who}: a sign is the wrong way round."


@tells(fault_kinds.WRONG_OPERATOR)
def _wrong_operator(told: Told) -> str:
    a, _, b = told.diagnosis.detail.partition("|")
    more = f"; besides, {plain(told.old)} stands where {plain(told.new)} belongs" if told.swapped else ""
    return f"{told.who}: {a} stands where {b} belongs{more}."


@tells(fault_kinds.MISSING_FACTOR)
def _missing_factor(told: Told) -> str:
    what = "square" if told.diagnosis.detail == "square" else f"factor {meaning_text(told.new)}"
    return f"{told.who}: the {what} is missing."


@tells(fault_kinds.EXTRA_FACTOR)
def _extra_factor(told: Told) -> str:
    return f"{told.who}: {meaning_text(told.new)} is multiplied in once too often."


@tells(fault_kinds.MISSING_TERM)
def _missing_term(told: Told) -> str:
    return f"{told.who}: the term {meaning_text(told.new)} is missing from the sum."


@tells(fault_kinds.WRONG_RATE)
def _wrong_rate(told: Told) -> str:
    home = ""
    if told.table.rate_cell is not None:
        sheet, row, column = told.table.rate_cell
        home = f" ({on_sheet(sheet, a1(row, column), told.table.sheet.name)})"
    if len(told.swaps) > 1:
        return _exchanged(told)
    return f"{told.who} {told.use} {told.diagnosis.detail or plain(told.old)} where the learning rate ɳ{home} belongs."


@tells(fault_kinds.ROUNDED)
def _rounded(told: Told) -> str:
    digits = f" to {told.diagnosis.detail} digits" if told.diagnosis.detail else ""
    verb = "are" if told.many else "is"
    if all(variable.startswith("E") for variable in told.variables):  # nothing is calculated from an error
        return f"{told.who} {verb} rounded{digits}, so what is lost can no longer be seen. Leave ROUND out."
    return f"{told.who} {verb} rounded{digits}, and the rows below go on with the rounded number. Leave ROUND out."


@tells(fault_kinds.CIRCULAR)
def _itself(told: Told) -> str:
    if told.diagnosis.detail == "array":
        return (
            f"{told.who}: one array formula fills several rows, but each row needs the one above it, so the array "
            "waits for its own result. Write a formula for each row."
        )
    verb, cell = ("refer", "their own cells") if told.many else ("refers", "its own cell")
    return f"{told.who} {verb} to {cell}."


@tells(fault_kinds.ERROR_VALUE)
def _error_value(told: Told) -> str:
    shown, _, reason = told.diagnosis.detail.partition("|")
    if reason.startswith("gives no number"):
        return f"{told.who}: the cell shows {shown} instead of a number, because of its own formula."
    return f"{told.who}: the cell shows {shown} instead of a number; its formula {reason}."


@tells(fault_kinds.WRONG_FORMULA)
def _something_else(told: Told) -> str:
    foreign = [leaf_text(old) for old, new in told.diagnosis.swaps if old == new]
    extra = f" It uses {', '.join(foreign)}, which doesn't belong in it." if foreign else ""
    return f"{told.who}: the formula calculates something else.{extra}"
