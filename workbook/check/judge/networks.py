"""Networks of another kind in the same columns: another activation, another error, another update rule.

They are no faults. Until they can be judged, the whole table is not: a formula that is right for tanh is wrong for σ.
A kind is only told from all units at once; a single tanh among sigmoids is a slip.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.activations import activation_in, other_activation, value_of
from workbook.check.judge.classify import Judge, judge_of
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.judged import Reading, Slip
from workbook.check.meaning.evaluate import leaves
from workbook.check.meaning.stages import Recognised
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE
from xlfuncs.expected_table import MIDDLE

Array = np.ndarray
_MOST = 0.9  # of a column's cells that have the other formula
UNEXPLAINED_SHARE = 0.5  # of the columns, beyond which a table is taken for another calculation


@finds(fault_kinds.OTHER_NETWORK)
def network_of(reading: Reading, slips: tuple[Slip, ...]) -> str | None:
    """Why the whole table isn't judged, by its formulas or its typed values; None where it is."""
    if reading.values_only:
        return other_activation(reading.table)
    unexplained = "its formulas are those of another calculation" if _unexplained(slips, reading.table) else None
    return other_network(reading) or unexplained


def _unexplained(slips: tuple[Slip, ...], table: Recognised) -> bool:
    """Whether half of the columns have formulas that no slip explains: that is another calculation, not this one."""
    columns = {slip.variable for slip in slips if slip.diagnosis.kind == fault_kinds.WRONG_FORMULA}
    return len(columns) > UNEXPLAINED_SHARE * len(table.computed) and len(columns) > 1


def other_network(reading: Reading) -> str | None:
    """What kind of network the table holds instead of the one that is judged here; None where it holds none."""
    table, judge = reading.table, judge_of(reading.table.blueprint)
    another = several_samples(table) or changing_rate(table)
    if another is not None:
        return another
    wrong = {}
    # A rule that refers to its own row above, such as momentum's, grows from row to row until it is too long to judge.
    undecided = Counter(variable for cells in reading.unjudged.values() for variable, _ in cells)
    for group in reading.wrong:
        if len(group.rows) + undecided[group.variable] >= _MOST * (len(table.rows) - 1) > 0:
            wrong[group.variable] = group.meaning
    if not wrong:
        return None
    meanings: dict[str, Node] = {}
    for (variable, _), meaning in reading.meanings.items():
        meanings.setdefault(variable, meaning)
    meanings |= wrong
    return (
        activation_in(wrong, table, judge)
        or _bias(wrong, table, judge)
        or _error(meanings, wrong, table, judge)
        or _update_rule(wrong, table, judge)
        or _scaled_gradients(meanings, table, judge)
    )


def _bias(wrong: dict[str, Node], table: Recognised, judge: Judge) -> str | None:
    """A number or an unnamed cell added to the sum of every unit of a layer."""
    for layer in (0, 1):
        units = [unit for unit in judge.blueprint.network.unit_names(layer) if unit in table.columns]
        if not units or not all(unit in wrong for unit in units):
            continue
        shifts = []
        for unit in units:
            value = value_of(wrong[unit], judge.leaf)
            shift = np.nan if value is None else value - judge.sample[unit][MIDDLE]
            added = {abs(_constant(leaf)) for leaf in leaves(wrong[unit])}
            is_bias = np.ptp(shift) < 1e-9 and any(abs(abs(np.mean(shift)) - x) < 1e-9 for x in added)
            shifts.append(is_bias and abs(np.mean(shift)) > 1e-9)
        if all(_subtracts_bias(wrong[unit], unit, judge) for unit in units):
            return "biases that are subtracted"
        if all(shifts):
            return "biases that stand in no column of their own"
    return None


def _subtracts_bias(meaning: Node, unit: str, judge: Judge) -> bool:
    """Whether the unit's bias is a threshold: w1*i1+w2*i2-b1."""
    value = value_of(meaning, judge.leaf)
    if value is None:
        return False
    biases = (judge.sample[name][MIDDLE] for name in judge.blueprint.bias_names)
    return any(np.allclose(value, judge.sample[unit][MIDDLE] - 2 * bias, rtol=1e-9, atol=1e-12) for bias in biases)


def _constant(leaf: Node) -> float:
    return leaf.number if leaf.kind in ("number", "cell") else np.nan


def _error(meanings: dict[str, Node], wrong: dict[str, Node], table: Recognised, judge: Judge) -> str | None:
    """Another error: known by its formula, and by gradients that are the derivatives of that error."""
    names = [name for name in judge.blueprint.network.error_names if name in table.columns]
    if names and all(name in wrong for name in names):
        kinds = {_entropy(wrong[name], name, judge) for name in names}
        if len(kinds) == 1 and None not in kinds:
            return f"{kinds.pop()} as the error"
    elif "E_total" not in wrong:
        return None
    if "E_total" not in meanings:
        return None
    parts = {name: value_of(meanings[name], judge.leaf) for name in names if name in meanings}

    def leaf(node: Node):
        name, offset = node.variable if node.kind == "var" else ("", 0)
        return parts[name] if offset == 0 and name in parts else judge.leaf(node)

    total = value_of(meanings["E_total"], leaf)
    if total is None:
        return None
    ratio = _steady_ratio(total, judge.sample["E_total"][MIDDLE])
    if ratio is None:
        return None
    found = [_gradient_ratio(meanings, weight, judge) for weight in judge.blueprint.learned]
    slopes = [slope for slope in found if slope is not None]
    fitting = sum(abs(slope - ratio) < 1e-8 * ratio for slope in slopes)
    if not slopes or fitting * 2 <= len(slopes):
        return None
    if ratio == 2:
        return "squared error without ½"
    return "another share of the squared error" if ratio != 1 else "errors that aren't ½(t−a)² each"


def _entropy(meaning: Node, name: str, judge: Judge) -> str | None:
    t, a = (judge.sample[f"{symbol}{name[1:]}"][MIDDLE] for symbol in ("t", "a_o"))
    value = value_of(meaning, judge.leaf)
    if value is None:
        return None
    full = -(t * np.log(a) + (1 - t) * np.log(1 - a))
    alike = (np.allclose(value, wanted, rtol=1e-9) for wanted in (full, -t * np.log(a), full / np.log(2)))
    if any(alike):
        return "cross-entropy"
    return "the absolute difference" if np.allclose(value, np.abs(t - a), rtol=1e-9) else None


def _gradient_ratio(meanings: dict[str, Node], weight: str, judge: Judge) -> float | None:
    """How many times the right gradient the sheet's is; from the update where it has no column of its own."""
    if f"grad_{weight}" in meanings:
        value = value_of(meanings[f"grad_{weight}"], judge.leaf)
        return None if value is None else _steady_ratio(value, judge.sample[f"grad_{weight}"][MIDDLE])
    value = value_of(meanings[weight], judge.leaf_for(weight)) if weight in meanings else None
    if value is None:
        return None
    step = judge.sample[weight][MIDDLE - 1] - value
    return _steady_ratio(step, judge.sample[RATE][0] * judge.sample[f"grad_{weight}"][MIDDLE - 1])


def _steady_ratio(value: Array, right: Array) -> float | None:
    with np.errstate(all="ignore"):
        ratio = np.broadcast_to(value, right.shape) / right
    if not np.isfinite(ratio).all() or np.ptp(ratio) > 1e-8 * abs(ratio[0]) or ratio[0] <= 0:
        return None
    return float(round(ratio[0], 9))


def _update_rule(wrong: dict[str, Node], table: Recognised, judge: Judge) -> str | None:
    """Momentum and its like: every weight is updated by one rule, with something that is no variable of this table."""
    columns = [v for v in judge.blueprint.learned if v in table.columns]
    if len(columns) < 3 or not all(v in wrong for v in columns):
        return None
    rules = {_renamed(wrong[v], v) for v in columns}
    uses = [leaf for leaf in leaves(wrong[columns[0]]) if leaf.kind == "var"]
    older = any(leaf.value == (columns[0], -2) or leaf.value == (f"grad_{columns[0]}", -2) for leaf in uses)
    return "an update rule with momentum" if len(rules) == 1 and older else None


def _scaled_gradients(meanings: dict[str, Node], table: Recognised, judge: Judge) -> str | None:
    """Columns that hold ɳ·∂E/∂w or -∂E/∂w, with updates that fit: the weights go down the slope all the same."""
    steps: Counter[tuple[float, bool] | None] = Counter()
    updates: Counter[tuple[float, bool] | None] = Counter()
    columns = [v for v in judge.blueprint.learned if {v, f"grad_{v}"} <= meanings.keys()]
    for variable in columns:
        gradient = value_of(meanings[f"grad_{variable}"], judge.leaf)
        value = value_of(meanings[variable], judge.leaf_for(variable))
        if gradient is None or value is None:
            continue
        steps[_factor(gradient, judge.sample[f"grad_{variable}"][MIDDLE], judge)] += 1
        step = judge.sample[variable][MIDDLE - 1] - value
        updates[_factor(step, judge.sample[f"grad_{variable}"][MIDDLE - 1], judge)] += 1
    if not steps:  # no column, or none whose value is known
        return None
    (held, votes), (moved, moves) = (counted.most_common(1)[0] for counted in (steps, updates))
    if held is None or moved is None or min(votes, moves) * 2 <= len(columns) or held == (1, False):
        return None
    if moved == (1, True) or held[0] * moved[0] < 0 or (held[1] and moved[1]):
        return None
    return "its gradient columns hold " + ("−∂E/∂w" if held == (-1, False) else "∂E/∂w times another number, such as ɳ")


def _factor(value: Array, right: Array, judge: Judge) -> tuple[float, bool] | None:
    """By what the value is a multiple of the right one: a number, and whether the learning rate is a factor besides."""
    for rate, times in ((False, 1.0), (True, judge.sample[RATE][0])):
        for sign in (1, -1):
            ratio = _steady_ratio(sign * value, right * times)
            if ratio is not None:
                return sign * ratio, rate
    return None


def several_samples(table: Recognised) -> str | None:
    """Inputs or targets that take turns from row to row: a sample a row, then the first one again."""
    names = [v for v in table.blueprint.constants if v in table.values and v[0] in "it"]
    if not names:
        return None
    rows = list(zip(*(table.values[v].tolist() for v in names), strict=True))
    if not np.isfinite(rows).all():
        return None
    counts = Counter(rows)
    turns = sum(a != b for a, b in pairwise(rows))
    in_turn = len(counts) > 1 and min(counts.values()) > 1 and turns >= 2 * len(counts)
    if in_turn:
        return "its rows take turns with several samples"
    learned = [table.values[v] for v in table.blueprint.learned if v in table.values]
    shared = len(counts) > 1 and bool(learned) and all((values == values[0]).all() for values in learned)
    return "its rows are several samples of one iteration" if shared else None


def changing_rate(table: Recognised) -> str | None:
    """A column of learning rates that aren't the same in every row."""
    if table.rate_column is None:
        return None
    cells = (table.sheet.cell(row, table.rate_column) for row in table.rows)
    rates = {cell.value for cell in cells if cell is not None and isinstance(cell.value, float)}
    return "its learning rate changes from row to row" if len(rates) > 1 else None


def _renamed(node: Node, weight: str) -> Node:
    """The meaning with the weight's own name taken out, so that equal rules are equal."""
    if node.kind == "var":
        name, offset = node.variable
        return Node("var", (name.replace(weight, "w"), offset)) if name in (weight, f"grad_{weight}") else node
    if not node.args:
        return node
    return Node(node.kind, node.value, tuple(_renamed(arg, weight) for arg in node.args))
