"""The right table for a given header: sizes, wiring, biases, and each column's right formula as an `Expr`.

The formulas are `Network`'s, biases included; here they only get the names that the header gives them, in a hand-made
sheet's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from xlfuncs.compiled import RATE, Program
from xlfuncs.expression import Expr, renamed
from xlfuncs.layers import Bias
from xlfuncs.network import Network

Array = np.ndarray


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
        """The network, numbered unit by unit."""
        return _network(self.sizes, self.biases, self.fixed_biases)

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
        last = [f"grad_{bias}" for bias in self.bias_names if f"grad_{bias}" in columns]
        first = ["iteration", *self.network.target_names, *self.network.input_names]
        first += [weight.name for weight in self.network.weights] + self.bias_names
        placed = {*first, *last}
        order = [*first, *(variable for variable in columns if variable not in placed), *last]
        if not self.by_input:
            return {variable: columns[variable] for variable in order}
        new = self._renumbered
        return {new.get(variable, variable): renamed(columns[variable], new) for variable in order}

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
        given = {variable: np.asarray(value, dtype=float) for variable, value in ({"iteration": 1.0} | start).items()}
        shape = np.broadcast_shapes(rate.shape, *(value.shape for value in given.values()))
        values = {variable: np.zeros((rows, *shape)) for variable in self.formulas}
        values[RATE] = np.broadcast_to(rate, (rows, *shape))

        def keep(variable: str, value: Array) -> Array:
            value = value if override is None else override(variable, row, value, values)
            values[variable][row] = value
            return value

        with np.errstate(all="ignore"):
            last: tuple = ()
            for row in range(rows):
                last = self._program.next(last, {}, rate, keep) if row else self._program.first(given, rate, keep)
        return values

    @cached_property
    def _program(self) -> Program:
        return Program(self.formulas, start=["iteration", *self.given], watched=True)

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
def _network(sizes: tuple[int, int, int], biases: tuple[tuple[str, str], ...], fixed: bool) -> Network:
    plain = Network.of_sizes(sizes)
    units: dict[str, list[str]] = {}
    for unit, bias in biases:
        units.setdefault(bias, []).append(unit)
    more = (Bias(bias, tuple(to), plain.place(to[0])[0], 0.0, not fixed) for bias, to in units.items())
    return replace(plain, more_biases=tuple(more))


def readings(blueprint: Blueprint) -> list[Blueprint]:
    """The other networks that the same columns can mean: weights numbered the other way, biases at other units."""
    wirings = [blueprint.biases, *(wiring for wiring in _wirings(blueprint.bias_names, blueprint.sizes))]
    found = [
        replace(blueprint, biases=biases, by_input=by_input)
        for biases in dict.fromkeys(wirings)
        for by_input in (blueprint.by_input, not blueprint.by_input)
    ]
    return [shared(other) for other in found if other != blueprint]


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


def _highest(variables: set[str], prefix: str) -> int:
    numbers = [int(v[len(prefix) :]) for v in variables if v.startswith(prefix) and v[len(prefix) :].isdigit()]
    return max(numbers, default=0)


__all__ = ["MIDDLE", "SAMPLE_ROWS", "Blueprint", "blueprint_of", "readings", "shared"]
