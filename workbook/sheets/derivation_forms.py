"""The derivation of any weight as a few forms: those of one layer are the same but for the names in them.

A form is made from one weight's steps (`xlfuncs.explain`): each name that another weight of the layer would change is
replaced by its role. Softmax's steps differ from unit to unit by more than names; there each unit has its own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from xlfuncs import explain
from xlfuncs.expression import Expr, label
from xlfuncs.network import Network

LEARNED, UNIT, INDEX, SOURCE, OUT = "learned", "unit", "index", "source", "out"
"""Roles: the weight itself, the unit it leads into and that unit's number, where it comes from, a weight behind it."""
WEIGHT, BIAS = "w", "b"
_NAME = re.compile(r"([A-Za-z]\w*)", re.ASCII)


@dataclass(frozen=True)
class Role:
    """A name that depends on which weight is chosen; `number` counts the weights that lead out of the unit, from 1."""

    kind: str
    number: int = 0


Parts = tuple[str | Role, ...]
"""A text, its changing names as roles."""


@dataclass(frozen=True)
class Line:
    """symbol = text; `formula` in the table's variables and the symbols of earlier lines, None for the chain rule."""

    symbol: Parts
    text: Parts
    formula: Expr | None
    longest: int  # characters of the text, with names as long as they get
    key: str = ""  # the symbol in the formulas of later lines


@dataclass(frozen=True)
class Form:
    """The derivation of the weights (`letter` w) or biases (b) of a layer: of all, or of one unit's.

    `variables` gives for each variable of the formulas that isn't the same for all weights its name as parts.
    """

    letter: str
    depth: int
    lines: tuple[Line, ...]
    variables: dict[str, Parts]


@dataclass(frozen=True)
class Family:
    """The forms of a layer's weights or biases, and what leads from a weight's number to its names.

    `first` is the first one's number, `inputs` how many each unit has; `source` is a source's name without its number
    ("" for biases), `unit` the unit's. A bias that the whole layer shares has `numbered` False and its units in `unit`.
    """

    letter: str
    depth: int
    first: int
    inputs: int
    source: str
    unit: str
    numbered: bool
    forms: tuple[Form, ...]


def families(network: Network) -> list[Family]:
    """Of all weights, layer by layer, then of all learned biases."""
    return [*_of_weights(network), *_of_biases(network)]


def longest_texts(found: list[Family]) -> list[int]:
    """The longest text of each line of a derivation, over all forms: what a place for any of them needs."""
    forms = [form for family in found for form in family.forms]
    count = max(len(form.lines) for form in forms)
    return [max(form.lines[k].longest for form in forms if k < len(form.lines)) for k in range(count)]


def number_ranges(network: Network) -> dict[str, tuple[int, int]]:
    """Of weights and of learned biases the first number and the last."""
    learned = {letter: [int(n[1:]) for n in network.learned if n[0] == letter] for letter in (WEIGHT, BIAS)}
    return {letter: (min(numbers), max(numbers)) for letter, numbers in learned.items() if numbers}


def _of_weights(network: Network) -> Iterator[Family]:
    sources = ["i", *(f"a_{layer.symbol}" for layer in network.layers)]
    for depth, layer in enumerate(network.layers):
        weights = network.weights_by_layer[depth]
        rows = range(layer.size) if _each_unit(network, depth) else [0]
        forms = tuple(_form(network, network.incoming(depth, row)[0].name, WEIGHT, depth, row) for row in rows)
        first = int(weights[0].name[1:])
        yield Family(WEIGHT, depth, first, network.sizes[depth], sources[depth], layer.symbol, True, forms)


def _of_biases(network: Network) -> Iterator[Family]:
    for depth, layer in enumerate(network.layers):
        biases = [bias for bias in network.biases if bias.layer == depth and bias.learned]
        if not biases:
            continue
        first, one_each = int(biases[0].name[1:]), len(biases) == layer.size
        rows = range(layer.size) if one_each and _each_unit(network, depth) else [0]
        forms = tuple(_form(network, biases[row].name, BIAS, depth, row if one_each else None) for row in rows)
        unit = layer.symbol if one_each else joined_units(biases[0].targets)
        yield Family(BIAS, depth, first, 1, "", unit, one_each, forms)


def joined_units(units: tuple[str, ...]) -> str:
    """h1, h2, h3, or h1 … h40."""
    return ", ".join(units) if len(units) < 4 else f"{units[0]} … {units[-1]}"


def _each_unit(network: Network, depth: int) -> bool:
    return network.slope(network.unit_names(depth)[0]) is None


def _form(network: Network, learned: str, letter: str, depth: int, row: int | None) -> Form:
    """The form of which `learned` is one: a weight or a bias of a layer's unit, or (row None) of the whole layer."""
    roles: dict[str, Parts] = {learned: (Role(LEARNED),)}
    if row is not None:
        roles |= _roles(network, learned, letter, depth, row)
    chain = f"∂E_total/∂{learned}"
    lines = [_line(network, roles, chain, explain.chain(network, learned), None)]
    for step in explain.steps(network, learned):
        lines.append(_line(network, roles, label(step.symbol), step.text, step.formula, step.symbol))
    return Form(letter, depth, tuple(lines), roles)


def _roles(network: Network, learned: str, letter: str, depth: int, row: int) -> dict[str, Parts]:
    unit, index = network.unit_names(depth)[row], Role(INDEX)
    found: dict[str, Parts] = {unit: (Role(UNIT),), f"a_{unit}": ("a_", Role(UNIT))}
    found[f"grad_{unit}"] = ("∂E/∂", Role(UNIT))
    if letter == WEIGHT:
        found[network.weight(learned).source] = (Role(SOURCE),)
    if depth == len(network.layers) - 1:
        return found | {network.target_names[row]: ("t", index), network.error_names[row]: ("E", index)}
    outgoing = network.outgoing(depth, row)
    return found | {weight.name: (Role(OUT, k),) for k, weight in enumerate(outgoing, start=1)}


def _line(
    network: Network, roles: dict[str, Parts], symbol: str, text: str, formula: Expr | None, key: str = ""
) -> Line:
    parts = _parts(text, roles)
    spare = len(str(network.weight_count)) + 1  # a name may be that much longer than the first one's
    longest = len(text) + spare * sum(isinstance(part, Role) for part in parts)
    return Line(_parts(symbol, roles), parts, formula, longest, key)


def _parts(text: str, roles: dict[str, Parts]) -> Parts:
    """The text cut at its names; neighbouring pieces that stay are one."""
    found: list[str | Role] = []
    for piece in _NAME.split(text):
        for part in roles.get(piece, (piece,)):
            if isinstance(part, str) and found and isinstance(found[-1], str):
                found[-1] += part
            elif part:
                found.append(part)
    return tuple(found)
