"""Dropout masks at the price of one random byte an activation.

On a CPU PyTorch's own masks cost about as much as the model's convolutions. A fast generator (numpy's SFC64) fills the
bytes; a byte alone can't express 0.05, so the few activations whose byte lies on the edge draw a second, finer number.
Each activation is kept with probability 1 - p exactly (to 2^-53) and independently, as in torch.nn.Dropout.
"""

import numpy as np
import torch
from torch import Tensor


def keep_flags(rng: np.random.Generator, count: int, p: float) -> np.ndarray:
    """Independent booleans, each True with probability 1 - p."""
    whole, rest = divmod(p * 256, 1)
    # Whole 64-bit words: nine times faster than rng.bytes.
    data = rng.integers(0, 2**64, -(-count // 8), dtype=np.uint64).view(np.uint8)[:count]
    kept = data > int(whole)
    edge = np.flatnonzero(data == int(whole))
    kept[edge] = rng.random(len(edge)) >= rest
    return kept


def keep_masks(rng: np.random.Generator, batch: int, shapes: list[tuple[int, ...]], p: float) -> list[Tensor]:
    """One mask for each dropout layer of (channels, height, width): bool (batch, c, h, w) in channels_last order."""
    sizes = [batch * channels * height * width for channels, height, width in shapes]
    flags = torch.from_numpy(keep_flags(rng, sum(sizes), p)).split(sizes)
    return [
        part.view(batch, height, width, channels).permute(0, 3, 1, 2)
        for part, (channels, height, width) in zip(flags, shapes, strict=True)
    ]
