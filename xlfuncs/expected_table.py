"""The right table for a given header: sizes, wiring, biases, and each column's right formula as an `Expr`.

The formulas are `Network`'s; here they only gain what hand-made sheets add: biases, a weight numbering by input
instead of by unit, and columns left out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, reduce

import numpy as np

from xlfuncs.expression import Expr, name, previous, total
from xlfuncs.logistic import sigmoid
from xlfuncs.network import Network

Array = np.ndarray
_RATE = "learning_rate"


@dataclass(frozen=True)
class Blueprint:
    """What each variable of an inputs-hidden-outputs network should be.

    `biases` gives each unit's bias, () for none: (("h1", "b1"), ("h2", "b1"), …); `fixed_biases` are not learned.
    `by_input` numbers the weights input by input (w1: i1→h1, w2: i1→h2) instead of unit by unit.
    """

    sizes: tuple[int, int, int]
    biases: tuple[tuple[str, str], ...] = ()
    by_input: bool = False
    fixed_biases: bool = False

    @cached_property
    def network(self) -> Network:
        """The network without biases, numbered unit by unit."""
        return _network(self.sizes)

    @cached_property
    def bias_names(self) -> list[str]:
        """The biases, each once."""
        return list(dict.fromkeys(bias for _, bias in self.biases))

    @cached_property
    def constants(self) -> frozenset[str]:
        """Inputs, targets and fixed biases: the same in every row."""
        fixed = self.bias_names if self.fixed_biases else []
        return frozenset([*self.network.input_names, *self.network.target_names, *fixed])

    @cached_property
    def learned(self) -> list[str]:
        """Weights, then biases: what the update changes."""
        return [weight.name for weight in self.network.weights] + ([] if self.fixed_biases else self.bias_names)

    @cached_property
    def given(self) -> list[str]:
        """Inputs, targets, weights and biases: what the first row gives."""
        names = [*self.network.input_names, *self.network.target_names]
        return names + [weight.name for weight in self.network.weights] + self.bias_names

    @cached_property
    def formulas(self) -> dict[str, Expr]:
        """Each variable's right formula, in an order in which one row can be computed."""
        columns = {column.name: column.formula for column in self.network.columns}
        learned = {bias: previous(bias) - name(_RATE) * previous(f"grad_{bias}") for bias in self.bias_names}
        if self.fixed_biases:
            learned = {bias: previous(bias) for bias in self.bias_names}
        order = ["iteration", *self.network.target_names, *self.network.input_names]
        order += [weight.name for weight in self.network.weights]
        found = {variable: columns[variable] for variable in order} | learned
        rest = {variable: formula for variable, formula in columns.items() if variable not in found}
        for unit, bias in self.biases:
            terms = rest[unit].args if rest[unit].op == "add" else (rest[unit],)
            rest[unit] = total([*terms, name(bias)])
        for bias in [] if self.fixed_biases else self.bias_names:
            rest[f"grad_{bias}"] = total([self._delta(unit) for unit, b in self.biases if b == bias])
        found |= rest
        if self.by_input:
            new = self._renumbered
            found = {new.get(variable, variable): _rename(formula, new) for variable, formula in found.items()}
        return found

    def simulate(
        self,
        start: dict[str, Array | float],
        learning_rate: Array | float,
        rows: int,
        override: Callable[[str, int, Array, dict[str, Array]], Array] | None = None,
    ) -> dict[str, Array]:
        """Run the table: each variable's values, shape (rows, …) with the batch axes of `start`.

        `start` gives inputs, targets, weights and biases. `override(variable, row, value, values)` may replace a value
        as it is computed; `values` are the arrays being filled.
        """
        rate = np.asarray(learning_rate, dtype=float)
        shape = np.broadcast_shapes(rate.shape, *(np.shape(value) for value in start.values()))
        values = {variable: np.zeros((rows, *shape)) for variable in self.formulas}
        values[_RATE] = np.broadcast_to(rate, (rows, *shape))
        given = {"iteration": 1.0} | start
        before = dict.fromkeys(self.formulas, np.nan) | given
        with np.errstate(all="ignore"):
            for row in range(rows):
                slots: list[Array] = [rate]
                for variable, steps, result in self._program:
                    for operation, args in steps:
                        slots.append(_STEPS[operation](slots, before, *args))
                    value = given[variable] if row == 0 and variable in given else slots[result]
                    if override is not None:
                        value = override(variable, row, value, values)
                    slots.append(value)
                    values[variable][row] = value
                before = {variable: column[row] for variable, column in values.items()}
        return values

    @cached_property
    def _program(self) -> list[tuple[str, list[tuple[str, tuple]], int]]:
        """The formulas as steps on numbered slots, equal subexpressions computed once: (variable, steps, result)."""
        slots: dict[Expr, int] = {name(_RATE): 0}
        program: list[tuple[str, list[tuple[str, tuple]], int]] = []
        count = 1

        def compile_(node: Expr, steps: list) -> int:
            nonlocal count
            if node not in slots:
                args = tuple(compile_(a, steps) if isinstance(a, Expr) else a for a in node.args)
                steps.append((node.op, args))
                slots[node] = count
                count += 1
            return slots[node]

        for variable, formula in self.formulas.items():
            steps: list[tuple[str, tuple]] = []
            program.append((variable, steps, compile_(formula, steps)))
            slots[name(variable)] = count
            count += 1
        return program

    @cached_property
    def sample(self) -> dict[str, Array]:
        """Random right tables on which formulas are compared: each variable (rows, samples).

        Large weights and learning rates keep neighbouring rows far apart; the values are fixed by the seed, so that a
        verdict never changes from one run to the next.
        """
        random = np.random.default_rng(20240229)
        samples = 4
        start = {v: random.uniform(0.4, 1.6, samples) for v in self.network.input_names}
        start |= {v: random.uniform(-0.6, 1.6, samples) for v in self.network.target_names}
        start |= {v: random.uniform(-1.6, 1.6, samples) for v in self.given if v not in start}
        start["iteration"] = random.uniform(10, 20, samples)
        return self.simulate(start, random.uniform(0.7, 1.9, samples), SAMPLE_ROWS)

    def _delta(self, unit: str) -> Expr:
        depth = 0 if unit in self.network.unit_names(0) else 1
        return self.network.delta(depth, self.network.unit_names(depth).index(unit))

    @cached_property
    def _renumbered(self) -> dict[str, str]:
        found, offset = {}, 0
        for depth in (0, 1):
            layer = [weight for weight in self.network.weights if weight.layer == depth]
            units = self.sizes[depth + 1]
            for weight in layer:
                new = f"w{offset + weight.column * units + weight.row + 1}"
                found[weight.name], found[f"grad_{weight.name}"] = new, f"grad_{new}"
            offset += len(layer)
        return found


SAMPLE_ROWS = 15
"""Rows of the random tables; the middle one is the row that is judged."""
MIDDLE = SAMPLE_ROWS // 2


def blueprint_of(variables: Iterable[str]) -> Blueprint | None:
    """The blueprint of a table with these columns, None where they are too few to tell its size.

    What the names alone don't tell is taken as most sheets have it; see `readings`.
    """
    present = set(variables)
    hidden = max(_highest(present, "h"), _highest(present, "a_h"))
    outputs = max(_highest(present, s) for s in ("o", "a_o"))
    outputs = outputs or _highest(present, "t")
    inputs = _highest(present, "i")
    weights = _highest(present, "w") or _highest(present, "grad_w")
    if not hidden or not outputs or not weights:
        return None
    if weights % hidden == 0 and weights // hidden > outputs:
        inputs = weights // hidden - outputs
    if not inputs or hidden * (inputs + outputs) != weights or max(hidden, outputs, inputs) > 64:
        return None
    sizes = (inputs, hidden, outputs)
    return Blueprint(sizes, _biases([v for v in present if v.startswith("b")], sizes))


@lru_cache(maxsize=64)
def shared(blueprint: Blueprint) -> Blueprint:
    """The one instance of equal blueprints, so that its sample is drawn once."""
    return blueprint


@lru_cache(maxsize=64)
def _network(sizes: tuple[int, int, int]) -> Network:
    return Network.of_sizes(sizes)


def readings(blueprint: Blueprint) -> list[Blueprint]:
    """The other networks that the same columns can mean: weights numbered the other way, biases at other units."""
    wirings = [blueprint.biases, *(wiring for wiring in _wirings(blueprint.bias_names, blueprint.sizes))]
    found = [
        replace(blueprint, biases=biases, by_input=by_input)
        for biases in dict.fromkeys(wirings)
        for by_input in (blueprint.by_input, not blueprint.by_input)
    ]
    return [shared(other) for other in found if other != blueprint and set(other.formulas) == set(blueprint.formulas)]


def _biases(names: list[str], sizes: tuple[int, int, int]) -> tuple[tuple[str, str], ...]:
    """Which unit uses which bias, as most sheets have it."""
    return next(iter(_wirings(names, sizes)), ())


def _wirings(names: list[str], sizes: tuple[int, int, int]) -> list[tuple[tuple[str, str], ...]]:
    """The ways in which biases of these names belong to units, the usual one first: one a unit, one a layer, one for
    the hidden layer or for all units."""
    _, hidden, outputs = sizes
    units = [f"h{k}" for k in range(1, hidden + 1)] + [f"o{k}" for k in range(1, outputs + 1)]
    if not names:
        return []
    if any(f"b_{unit}" in names for unit in units):
        return [tuple((unit, f"b_{unit}") for unit in units if f"b_{unit}" in names)]
    if "b_h" in names or "b_o" in names:
        return [tuple((unit, f"b_{unit[0]}") for unit in units if f"b_{unit[0]}" in names)]
    numbered = sorted((n for n in names if n[1:].isdigit()), key=lambda n: int(n[1:]))
    found = []
    if len(numbered) == len(units):
        found.append(tuple(zip(units, numbered, strict=True)))
    if len(numbered) == 2:
        found.append(tuple((unit, numbered[unit[0] == "o"]) for unit in units))
    if len(numbered) == hidden:
        found.append(tuple(zip(units[:hidden], numbered, strict=True)))
    single = numbered[0] if len(numbered) == 1 else "b" if not numbered and "b" in names else None
    if single is not None:
        of_hidden, of_outputs = (tuple((unit, single) for unit in units if unit[0] == layer) for layer in "ho")
        everywhere = of_hidden + of_outputs
        found += [of_hidden, everywhere, of_outputs] if single != "b" else [everywhere, of_hidden, of_outputs]
    return found


def _rename(formula: Expr, new: dict[str, str]) -> Expr:
    if formula.op in ("name", "previous"):
        return Expr(formula.op, (new.get(formula.args[0], formula.args[0]),))
    return Expr(formula.op, tuple(_rename(a, new) if isinstance(a, Expr) else a for a in formula.args))


_STEPS: dict[str, Callable] = {
    "previous": lambda slots, before, variable: before[variable],
    "number": lambda slots, before, value: value,
    "add": lambda slots, before, *terms: reduce(operator.add, [slots[term] for term in terms]),
    "subtract": lambda slots, before, a, b: slots[a] - slots[b],
    "multiply": lambda slots, before, a, b: slots[a] * slots[b],
    "power": lambda slots, before, a, n: slots[a] ** n,
    "sigmoid": lambda slots, before, a: sigmoid(slots[a]),
}


def _highest(variables: set[str], prefix: str) -> int:
    numbers = [int(v[len(prefix) :]) for v in variables if v.startswith(prefix) and v[len(prefix) :].isdigit()]
    return max(numbers, default=0)


__all__ = ["MIDDLE", "SAMPLE_ROWS", "Blueprint", "blueprint_of", "readings", "shared"]
