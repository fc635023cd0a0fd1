"""The trained network as plain numbers: the stages that a digit goes through, with what they do in float64.

A stage is a layer of the network with those that follow it cell by cell: a convolution with its ReLU and BatchNorm is
one formula a cell. Dropout rests when the network predicts. No torch is needed here: `stages_of` takes the layers as
`trainer.model.MnistCNN` holds them and asks only for their names and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


@dataclass(frozen=True)
class Norm:
    """BatchNorm's stored numbers, each float64 of shape (channels,)."""

    gamma: Array
    beta: Array
    mean: Array
    variance: Array
    epsilon: float

    @property
    def scale(self) -> Array:
        """What an activation is multiplied by."""
        return self.gamma / np.sqrt(self.variance + self.epsilon)

    @property
    def shift(self) -> Array:
        """What is added then."""
        return self.beta - self.mean * self.scale


@dataclass(frozen=True)
class Stage:
    """One step from maps to maps.

    kind: "convolution" (ReLU and BatchNorm follow it), "mix" (a 1×1 convolution or the linear layer), "largest" or
    "mean" (pools). `names` are the layers it stands for, as the sheet Architecture names them. `kernels` float64
    (out, in, side, side), `bias` (out,), `norm` after the ReLU, `side` the pool's.
    """

    kind: str
    names: tuple[str, ...]
    kernels: Array = field(default_factory=lambda: np.zeros((0, 0, 0, 0)))
    bias: Array | None = None
    norm: Norm | None = None
    side: int = 1

    def forward(self, maps: Array) -> Array:
        """The maps behind the stage, float64 (channels, height, width)."""
        match self.kind:
            case "convolution":
                assert self.norm is not None
                windows = sliding_window_view(maps, self.kernels.shape[2:], axis=(1, 2))
                summed = np.einsum("chwij,ocij->ohw", windows, self.kernels, optimize=True)
                return np.maximum(summed, 0.0) * self._column(self.norm.scale) + self._column(self.norm.shift)
            case "mix":
                mixed = np.einsum("chw,oc->ohw", maps, self.kernels[:, :, 0, 0], optimize=True)
                return mixed if self.bias is None else mixed + self._column(self.bias)
            case "largest":
                return self._cut(maps).max(axis=(2, 4))
            case "mean":
                return self._cut(maps).mean(axis=(2, 4))
        raise ValueError(self.kind)

    def before_norm(self, behind: Array, gradient: Array) -> Array:
        """∂loss/∂(the convolution's sums), before ReLU and BatchNorm, from ∂loss/∂behind; that itself without them."""
        if self.norm is None:
            return gradient
        active = behind != self._column(self.norm.shift)  # a ReLU that lets nothing through leaves the shift
        return gradient * self._column(self.norm.scale) * active

    def backward(self, maps: Array, behind: Array, gradient: Array) -> Array:
        """∂loss/∂maps; `behind` are the maps behind the stage, `gradient` is what `before_norm` gives for them."""
        match self.kind:
            case "convolution":
                side = self.kernels.shape[2] - 1
                padded = np.pad(gradient, ((0, 0), (side, side), (side, side)))
                windows = sliding_window_view(padded, self.kernels.shape[2:], axis=(1, 2))
                return np.einsum("ohwij,ocij->chw", windows, self.kernels[:, :, ::-1, ::-1], optimize=True)
            case "mix":
                return np.einsum("ohw,oc->chw", gradient, self.kernels[:, :, 0, 0], optimize=True)
            case "largest":
                return self._to_first_largest(maps, behind, gradient)
            case "mean":
                return self._spread(gradient) / self.side**2
        raise ValueError(self.kind)

    def _to_first_largest(self, maps: Array, behind: Array, gradient: Array) -> Array:
        """A window's gradient goes to its largest cell, to the first of equal ones."""
        found, open_ = np.zeros_like(maps), np.ones(behind.shape, bool)
        for i in range(self.side):
            for j in range(self.side):
                is_it = (maps[:, i :: self.side, j :: self.side] == behind) & open_
                found[:, i :: self.side, j :: self.side] = gradient * is_it
                open_ &= ~is_it
        return found

    def _cut(self, maps: Array) -> Array:
        channels, height, width = maps.shape
        return maps.reshape(channels, height // self.side, self.side, width // self.side, self.side)

    def _spread(self, maps: Array) -> Array:
        return maps.repeat(self.side, axis=1).repeat(self.side, axis=2)

    @staticmethod
    def _column(numbers: Array) -> Array:
        return numbers[:, None, None]


@dataclass(frozen=True)
class Trained:
    """A trained network: its stages, and how a pixel from 0 to 255 is normalised, (pixel/255 - mean)/deviation."""

    stages: tuple[Stage, ...]
    mean: float
    deviation: float

    def forward(self, image: Array) -> list[Array]:
        """The normalised image (1, 28, 28) and the maps behind each stage; the last are the ten logits (10, 1, 1)."""
        maps = [((image / 255.0 - self.mean) / self.deviation)[None]]
        for stage in self.stages:
            maps.append(stage.forward(maps[-1]))
        return maps

    def backward(self, maps: list[Array], digit: int) -> list[Array]:
        """∂loss/∂(each of the maps), of a convolution's before ReLU and BatchNorm.

        The loss is -ln(probability of `digit`).
        """
        gradient = probabilities(maps[-1])
        gradient[digit] -= 1.0
        found = [gradient]
        for k in range(len(self.stages) - 1, -1, -1):
            gradient = self.stages[k].backward(maps[k], maps[k + 1], found[0])
            found.insert(0, self.stages[k - 1].before_norm(maps[k], gradient) if k else gradient)
        return found


def probabilities(logits: Array) -> Array:
    """The softmax of all logits."""
    grown = np.exp(logits - logits.max())
    return grown / grown.sum()


def stages_of(layers: list[Any]) -> tuple[Stage, ...]:
    """The stages of a network's layers in evaluation. Raises ValueError for a layer that no stage knows."""
    named = [(type(layer).__name__, f"{type(layer).__name__}-{k}", layer) for k, layer in enumerate(layers, start=1)]
    found: list[Stage] = []
    while named:
        kind, name, layer = named.pop(0)
        if kind == "Conv2d" and layer.kernel_size != (1, 1):
            (_, relu, _), (_, norm, batch_norm) = named.pop(0), named.pop(0)
            found.append(
                Stage("convolution", (name, relu, norm), kernels=_numbers(layer.weight), norm=_norm(batch_norm))
            )
        elif kind == "Conv2d":
            found.append(Stage("mix", (name,), kernels=_numbers(layer.weight)))
        elif kind == "Linear":
            kernels = _numbers(layer.weight)[:, :, None, None]
            found.append(Stage("mix", (name,), kernels=kernels, bias=_numbers(layer.bias)))
        elif kind in ("MaxPool2d", "AvgPool2d"):
            found.append(Stage("largest" if kind == "MaxPool2d" else "mean", (name,), side=layer.kernel_size))
        elif kind == "Dropout":
            found[-1] = _with_name(found[-1], name)
        else:
            raise ValueError(f"no stage for {name}")
    return tuple(found)


def _with_name(stage: Stage, name: str) -> Stage:
    return Stage(stage.kind, (*stage.names, name), stage.kernels, stage.bias, stage.norm, stage.side)


def _norm(layer: Any) -> Norm:
    gamma, beta, mean, variance = map(_numbers, (layer.weight, layer.bias, layer.running_mean, layer.running_var))
    return Norm(gamma, beta, mean, variance, layer.eps)


def _numbers(tensor: Any) -> Array:
    return tensor.detach().cpu().double().numpy()
