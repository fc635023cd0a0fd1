"""torchvision's RandomAffine on PIL images, for a whole batch at once and equal bit by bit.

PIL maps each output pixel's centre back into the input with an inverse matrix in 16.16 fixed point and takes the pixel
it falls in (NEAREST, fill 0). Doing exactly that in int32 gives the same images on any device. An image with no
rotation at all takes another way through PIL, in floating point; it is followed here too.
Source: torchvision.transforms.RandomAffine and Pillow's Geometry.c (affine_fixed, ImagingScaleAffine).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer.model import IMAGE_SIZE

CHUNK = 512  # images at a time: the index arrays stay in the processor's cache


@dataclass(frozen=True)
class Affine:
    """One transformation an image, as RandomAffine.get_params draws them.

    angle: degrees, float64 (n,). shift: whole pixels to the right and down, int64 (n, 2). scale: float64 (n,).
    """

    angle: np.ndarray
    shift: np.ndarray
    scale: np.ndarray


def draw(rng: np.random.Generator, count: int, degrees: float, translate: float, scale: float) -> Affine:
    """Random transformations: ±degrees, ±translate·28 pixels rounded to whole ones, 1 ± scale, all uniform."""
    angle = rng.uniform(-degrees, degrees, count)
    shift = np.rint(rng.uniform(-translate * IMAGE_SIZE, translate * IMAGE_SIZE, (count, 2))).astype(np.int64)
    return Affine(angle, shift, rng.uniform(1 - scale, 1 + scale, count))


def inverse_matrices(affine: Affine, size: int) -> np.ndarray:
    """Rows a0..a5, float64 (n, 6), about the centre: x_in = a0·x + a1·y + a2 and y_in = a3·x + a4·y + a5."""
    rotation, centre = np.radians(affine.angle), size * 0.5
    cos, sin = np.cos(rotation) / affine.scale, np.sin(rotation) / affine.scale
    dx, dy = -centre - affine.shift[:, 0], -centre - affine.shift[:, 1]
    return np.stack([cos, sin, cos * dx + sin * dy + centre, -sin, cos, -sin * dx + cos * dy + centre], axis=1)


def _fixed(values: np.ndarray) -> np.ndarray:
    return np.floor(values * 65536.0 + 0.5).astype(np.int32)


def _unrotated_coordinates(a: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    # ImagingScaleAffine adds the step up in double precision, pixel by pixel; accumulate repeats its roundings.
    def positions(start: np.ndarray, step: np.ndarray) -> np.ndarray:
        terms = np.concatenate([start[:, None], np.repeat(step[:, None], size - 1, axis=1)], axis=1)
        place = np.add.accumulate(terms, axis=1)
        return np.where(place < 0, -1, place).astype(np.int32)

    xs, ys = positions(a[:, 2] + a[:, 0] * 0.5, a[:, 0]), positions(a[:, 5] + a[:, 4] * 0.5, a[:, 4])
    shape = (len(a), size, size)
    return np.broadcast_to(xs[:, None, :], shape), np.broadcast_to(ys[:, :, None], shape)


def transform(images: Tensor, affine: Affine) -> Tensor:
    """Each image transformed by its own parameters.

    images: uint8 (n, size, size) on any device; the result has the same shape, type and device.
    """
    count, size, _ = images.shape
    device = images.device
    a = inverse_matrices(affine, size)
    # The half pixel goes to the pixel's centre before rounding to fixed point, as in affine_fixed.
    a0, a1, a3, a4 = (torch.from_numpy(_fixed(a[:, k])).to(device).view(-1, 1, 1) for k in (0, 1, 3, 4))
    a2 = torch.from_numpy(_fixed(a[:, 2] + a[:, 0] * 0.5 + a[:, 1] * 0.5)).to(device).view(-1, 1, 1)
    a5 = torch.from_numpy(_fixed(a[:, 5] + a[:, 3] * 0.5 + a[:, 4] * 0.5)).to(device).view(-1, 1, 1)
    unrotated = np.flatnonzero(a[:, 1] == 0)

    # A border of one blank pixel stands for everything outside: clamped coordinates read the fill from there.
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    result = torch.empty_like(images)
    x = torch.arange(size, dtype=torch.int32, device=device).view(1, 1, -1)
    y = x.view(1, -1, 1)
    # On a GPU one large chunk keeps the launches few.
    chunk = CHUNK if device.type == "cpu" else count
    for start in range(0, count, chunk):
        part = slice(start, min(start + chunk, count))
        x_in = (a0[part] * x + (a1[part] * y + a2[part])) >> 16
        y_in = (a3[part] * x + (a4[part] * y + a5[part])) >> 16
        special = unrotated[(unrotated >= part.start) & (unrotated < part.stop)]
        if len(special):
            xs, ys = _unrotated_coordinates(a[special], size)
            rows = torch.from_numpy(special - start).to(device)
            x_in[rows], y_in[rows] = (torch.from_numpy(v.copy()).to(device) for v in (xs, ys))
        index = (y_in.clamp_(-1, size) + 1) * (size + 2) + (x_in.clamp_(-1, size) + 1)
        source = padded[part].flatten(1)
        torch.gather(source, 1, index.flatten(1).long(), out=result[part].view(-1, size * size))
    return result
