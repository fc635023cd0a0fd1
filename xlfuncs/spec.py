"""A network in one line of text: `2-3-2 tanh softmax cross-entropy bias=unit adam`.

The sizes come first; the other words stand in any order, and what is left out is as in the exercise: sigmoid,
half-squared, no biases, sgd.

    2-3-2               units of each layer, inputs first
    tanh softmax        activations: one for all layers, two (hidden, output), or one a layer
    cross-entropy       the loss
    bias=unit           none, unit (one a unit), layer (one a layer); fixed-bias: they aren't learned
    adam                the optimizer
    decay=0.01          weight decay
    batch=all           of several samples: all an iteration (default), 1 (one a row in turn), or N in turn
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlfuncs.activations import ACTIVATIONS, LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.cells import quoted
from xlfuncs.columns import count_columns
from xlfuncs.errors import NetworkError
from xlfuncs.network import Layer, Network, layer_symbols
from xlfuncs.optimizers import OPTIMIZERS

BIASES = ("none", "unit", "layer")
_SHARES = ("sigmoid", "softmax")
_NEED_SHARES = ("binary-cross-entropy", "cross-entropy")
SIZES = re.compile(r"\d+(-\d+)+", re.ASCII)
DECAY = re.compile(r"\d*\.?\d+(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_MOST_DIGITS = 6
_SHOWN = 80  # characters of a line in a sentence


@dataclass(frozen=True)
class Spec:
    """A network without its numbers. `batch` is the samples an iteration, 0 for all of them."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str = "half-squared"
    bias: str = "none"
    fixed_bias: bool = False
    optimizer: str = "sgd"
    decay: float = 0.0
    batch: int = 0

    def __post_init__(self):
        """Raise NetworkError for what doesn't go together."""
        if 0 in self.sizes:
            sizes = _short(self._sizes)
            raise NetworkError(f"The sizes {sizes} hold a layer of 0 units; each layer needs at least 1.")
        hidden, output = self.activations[:-1], self.activations[-1]
        if any(activation in OF_A_WHOLE_LAYER for activation in hidden):
            raise NetworkError("softmax belongs to the last layer; name another activation for the hidden ones.")
        if output == "softmax" and self.sizes[-1] == 1:
            raise NetworkError("softmax over one output is always 1; use sigmoid, or two outputs.")
        if self.loss in _NEED_SHARES and output not in _SHARES:
            raise NetworkError(f"{self.loss} needs outputs between 0 and 1; end with sigmoid or softmax.")
        if self.fixed_bias and self.bias == "none":
            raise NetworkError("fixed-bias needs biases; add bias=unit or bias=layer.")

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read the line. Raises NetworkError with a sentence that names the word."""
        words = text.replace(",", " ").split()
        if not words or not SIZES.fullmatch(words[0]):
            raise NetworkError(
                f"The network {quoted(text)} must begin with its sizes, such as 2-3-2: inputs, hidden units, outputs."
            )
        if max(map(len, words[0].split("-"))) > _MOST_DIGITS:
            raise NetworkError(f"The network {quoted(words[0])} has a layer that no sheet can hold; use fewer units.")
        sizes = tuple(map(int, words[0].split("-")))
        activations: list[str] = []
        found: dict[str, Any] = {}
        for word in map(str.lower, words[1:]):
            if word in ACTIVATIONS:
                activations.append(word)
                continue
            key, value = _setting(word)
            if key in found:
                raise NetworkError(f"The network names its {key} twice: {quoted(word)} is the second.")
            found[key] = value
        return cls(sizes, _for_layers(activations, len(sizes) - 1), **found)

    def __str__(self) -> str:
        """The line again, each thing that isn't the exercise's named once."""
        names: Sequence[str] = self.activations if len(set(self.activations)) > 1 else self.activations[:1]
        names = [names[0], names[-1]] if len(names) > 2 and len(set(names[:-1])) == 1 else names
        words = [self._sizes, *(() if set(names) == {"sigmoid"} else names)]
        words += [self.loss] if self.loss != "half-squared" else []
        words += [f"bias={self.bias}"] if self.bias != "none" else []
        words += ["fixed-bias"] if self.fixed_bias else []
        words += [self.optimizer] if self.optimizer != "sgd" else []
        words += [f"decay={self.decay!r}".removesuffix(".0")] if self.decay else []
        words += [f"batch={self.batch}"] if self.batch else []
        return " ".join(words)

    @property
    def _sizes(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def counts(self) -> list[tuple[int, int]]:
        """Weights and biases of each layer."""
        biases = {"none": lambda units: 0, "unit": lambda units: units, "layer": lambda units: 1}[self.bias]
        return [(n * units, biases(units)) for n, units in zip(self.sizes, self.sizes[1:], strict=False)]

    @property
    def weight_count(self) -> int:
        """Weights and biases together: how many numbers `network` takes."""
        return sum(weights + biases for weights, biases in self.counts)

    @property
    def column_count(self) -> int:
        """How many columns its table has."""
        biases = sum(count for _, count in self.counts)
        fixed = biases if self.fixed_bias else 0
        return count_columns(self.sizes, self.activations[-1], self.weight_count - fixed, fixed, self.optimizer)

    @classmethod
    def of(cls, network: Network, batch: int = 0) -> Spec:
        """The line that describes a network, with so many samples an iteration (0 for all)."""
        biases = [len(layer.biases) for layer in network.layers]
        units = [layer.size for layer in network.layers]
        bias = "none" if not any(biases) else "unit" if biases == units else "layer"
        fixed = any(layer.fixed_biases and layer.biases for layer in network.layers)
        activations = tuple(layer.activation for layer in network.layers)
        return cls(network.sizes, activations, network.loss, bias, fixed, network.optimizer, network.decay, batch)

    def network(self, inputs: Sequence[float], targets: Sequence[float], weights: Sequence[float]) -> Network:
        """The network with its numbers; `weights` in the order of the table's columns: a layer's weights, unit by
        unit, then its biases. Raises NetworkError where a count doesn't fit."""
        needed = {"inputs": self.sizes[0], "targets": self.sizes[-1], "weights": self.weight_count}
        for what, given in (("inputs", inputs), ("targets", targets), ("weights", weights)):
            if len(given) != needed[what]:
                numbers = "1 number" if len(given) == 1 else f"{len(given):,} numbers"
                raise NetworkError(f"{what} has {numbers}; {_short(str(self))} needs {needed[what]:,}.")
        flat, at, layers = np.asarray(weights, dtype=float), 0, []
        for depth, symbol in enumerate(layer_symbols(len(self.sizes) - 1)):
            count, biases = self.counts[depth]
            matrix = flat[at : at + count].reshape(self.sizes[depth + 1], -1)
            added = flat[at + count : at + count + biases]
            at += count + biases
            rows = tuple(tuple(row) for row in matrix.tolist())
            layers.append(Layer(symbol, rows, tuple(added.tolist()), self.activations[depth], self.fixed_bias))
        of_sample = tuple(map(float, inputs)), tuple(map(float, targets))
        return Network(*of_sample, tuple(layers), self.loss, self.optimizer, self.decay)


def _short(line: str) -> str:
    """The line, or its beginning: a text of 32,767 characters fills a cell, and a sentence about it fits into none."""
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _setting(word: str) -> tuple[str, Any]:
    """One word that is no activation, as a field of Spec."""
    key, _, value = word.partition("=")
    match key:
        case _ if word in LOSSES:
            return "loss", word
        case _ if word in OPTIMIZERS:
            return "optimizer", word
        case "fixed-bias" if not value:
            return "fixed_bias", True
        case "bias" if value in BIASES:
            return "bias", value
        case "batch" if value == "all":
            return "batch", 0
        case "batch" if re.fullmatch(r"[0-9]{1,7}", value) and int(value):
            return "batch", int(value)
        case "decay" if DECAY.fullmatch(value):
            return "decay", float(value)
        case "decay":
            raise NetworkError(f"The network's decay is {quoted(value)}; give a number from 0, such as decay=0.01.")
    known = [*ACTIVATIONS, *LOSSES, *OPTIMIZERS, "bias=none|unit|layer", "fixed-bias", "decay=0.01", "batch=all|1|N"]
    raise NetworkError(f"The network's word {quoted(word)} isn't known; use {', '.join(known[:-1])} or {known[-1]}.")


def _for_layers(activations: list[str], layers: int) -> tuple[str, ...]:
    """An activation for each layer from those that were named."""
    match activations:
        case []:
            return ("sigmoid",) * layers
        case [one]:
            return (one,) * layers
        case [hidden, output] if layers > 1:
            return (*(hidden,) * (layers - 1), output)
    if len(activations) != layers:
        raise NetworkError(
            f"{len(activations)} activations are named for {layers} layer{'s' if layers > 1 else ''}; name one for "
            f"all, two (hidden, output) or one a layer."
        )
    return tuple(activations)
