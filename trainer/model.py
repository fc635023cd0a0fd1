"""The MNIST CNN: 26 layers, 10,690 parameters, and the table that describes it.

Source: the published notebook's layer table. Each 3x3 convolution (no padding, no bias) is followed by ReLU, BatchNorm
and Dropout; three 1x1 convolutions mix channels without a non-linearity; one linear layer with a bias ends it.
"""

from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional

IMAGE_SIZE = 28
CLASSES = 10


def _block(channels_in: int, channels_out: int, dropout: float) -> list[nn.Module]:
    convolution = nn.Conv2d(channels_in, channels_out, 3, bias=False)
    return [convolution, nn.ReLU(), nn.BatchNorm2d(channels_out), nn.Dropout(dropout)]


class MnistCNN(nn.Module):
    """Images in, log-probabilities of the ten digits out.

    Args:
        dropout: probability of each of the five dropout layers (published: 0.05).
    """

    def __init__(self, dropout: float = 0.05):
        """Build the 26 layers with PyTorch's default initialisation."""
        super().__init__()
        self.layers = nn.Sequential(
            *_block(1, 16, dropout),
            *_block(16, 24, dropout),
            nn.Conv2d(24, 10, 1, bias=False),
            nn.MaxPool2d(2),
            *_block(10, 14, dropout),
            *_block(14, 16, dropout),
            *_block(16, 16, dropout),
            nn.AvgPool2d(6),
            nn.Conv2d(16, 16, 1, bias=False),
            nn.Conv2d(16, 32, 1, bias=False),
            nn.Linear(32, CLASSES),
        )

    def forward(self, images: Tensor, kept: list[Tensor] | None = None) -> Tensor:
        """Log-probabilities, float32 of shape (n, 10), for normalised images of shape (n, 1, 28, 28).

        kept: one boolean mask per dropout layer, True where the activation is kept; the layers draw their own without.
        """
        masks = iter(kept) if kept is not None else None
        x = images
        for layer in self.layers:
            if isinstance(layer, nn.Dropout) and masks is not None:
                x = x * next(masks).to(x.dtype) * (1 / (1 - layer.p))
            elif isinstance(layer, nn.Linear):
                x = layer(x.flatten(1))
            else:
                x = layer(x)
        return functional.log_softmax(x.float(), dim=1)

    def dropout_shapes(self) -> list[tuple[int, ...]]:
        """(channels, height, width) at each dropout layer."""
        return [row.shape for row in layer_rows(self) if row.kind == "Dropout"]


@dataclass(frozen=True)
class LayerRow:
    """One layer of the summary table: its kind, numbered name, output shape without the batch, parameters."""

    kind: str
    name: str
    shape: tuple[int, ...]
    params: int


def layer_rows(model: MnistCNN) -> list[LayerRow]:
    """The summary table, computed by sending one blank image through the model."""
    x = torch.zeros(1, 1, IMAGE_SIZE, IMAGE_SIZE, device=next(model.parameters()).device)
    rows, number, training = [], count(1), model.training
    model.eval()
    with torch.no_grad():
        for layer in model.layers:
            x = layer(x.flatten(1) if isinstance(layer, nn.Linear) else x)
            kind = type(layer).__name__
            params = sum(parameter.numel() for parameter in layer.parameters())
            rows.append(LayerRow(kind, f"{kind}-{next(number)}", tuple(x.shape[1:]), params))
    model.train(training)
    return rows


def summary_text(model: MnistCNN) -> str:
    """The summary table as text: layer, output shape, parameters, and the total."""
    rows = layer_rows(model)
    lines = [f"{'Layer':<16}{'Output shape':>16}{'Params':>10}", "-" * 42]
    lines += [f"{row.name:<16}{'×'.join(map(str, row.shape)):>16}{row.params:>10,}" for row in rows]
    lines += ["-" * 42, f"{'Total parameters':<32}{sum(row.params for row in rows):>10,}"]
    return "\n".join(lines)
