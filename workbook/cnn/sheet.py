"""The sheets CNN and CNN backward: every layer's maps, and the gradient of the loss with respect to each cell.

A gradient stands in the same cell of its sheet as what it is the gradient of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbook.cnn import digits, formulas, pad, top
from workbook.cnn.canvas import AROUND_0, MAPS, around, colour, prepare, stream
from workbook.cnn.formulas import BACKWARD, FORWARD, GRADIENTS_ON
from workbook.cnn.grid import Grid
from workbook.cnn.plan import CLASS, DIGIT, NORMALISED, Block, Place, plan
from workbook.cnn.stages import Norm, Trained
from workbook.parts.page import Page

Array = np.ndarray
SHEETS = (FORWARD, BACKWARD, digits.DIGITS, pad.PAD)
KINDS = {
    "convolution": "3×3 convolution, ReLU, BatchNorm",
    "mix": "Mixes the maps before it, cell by cell",
    "largest": "The largest of each 2×2",
    "mean": "The mean of each map",
}


@dataclass(frozen=True)
class Shown:
    """What the sheets show: the network, and test images uint8 (n, 28, 28) with their labels (n,)."""

    trained: Trained
    images: Array
    labels: Array


@dataclass(frozen=True)
class Drawing:
    """Where everything stands, and its numbers: blocks, maps and gradients before the first stage and behind each."""

    trained: Trained
    places: list[Place]
    blocks: list[tuple[Block, ...]]
    maps: list[Array]
    gradients: list[Array]


def write(pages: Mapping[str, Page], shown: Shown) -> None:
    """Fill the four pages, by SHEETS; what is drawn at first is the first image."""
    image = shown.images[0].astype(float)
    maps = shown.trained.forward(image)
    places = plan(shown.trained.stages)
    blocks = [(top.square(NORMALISED),), *(place.maps for place in places)]
    gradients = shown.trained.backward(maps, int(maps[-1].argmax()))
    drawing = Drawing(shown.trained, places, blocks, maps, gradients)
    digits.write(pages[digits.DIGITS], shown.images, shown.labels)
    said, sure = _forward(pages[FORWARD], drawing, image, len(shown.images))
    pad.write(pages[pad.PAD], shown.images[0], said, sure)
    _backward(pages[BACKWARD], drawing)


def _forward(page: Page, drawing: Drawing, image: Array, count: int) -> tuple[int, str]:
    """Fill the sheet CNN; gives what it says of the image, as a digit and in words."""
    notes = [
        "Every square is a cell with a formula: click one and read how it comes from the squares before it. Below each "
        "map stand its kernels, and in a last row the γ, β, mean, variance, scale and shift of its BatchNorm.",
        f"Draw on the sheet {pad.PAD}, or choose a test digit by its number: everything follows. Dropout rests when "
        "the network predicts.",
    ]
    grid = prepare(page, "The trained network, cell by cell", notes)
    logits = drawing.blocks[-1]
    top.controls(page, count, pad.PAD, around(logits), int(drawing.maps[-1].argmax()))
    pixels = drawing.gradients[0][0] / drawing.trained.deviation / 255
    top.pictures(page, drawing.trained, (image, drawing.maps[0][0], pixels), count, (pad.PAD, pad.GRID))
    for k, place in enumerate(drawing.places):
        _stage(page, grid, place, drawing.blocks[k], drawing.maps[k + 1])
    answer = top.answer(page, logits, drawing.maps[-1][:, 0, 0])
    stream(page, grid, _headings(drawing))
    return answer


def _headings(drawing: Drawing) -> dict[int, str]:
    """The heading of each stage, by its row."""
    found = {}
    for place, before, behind in zip(drawing.places, drawing.maps, drawing.maps[1:], strict=False):
        channels, height, width = behind.shape
        what = f"{channels} maps of {height}×{width}" if height > 1 else f"{channels} numbers"
        found[place.heading] = f"{KINDS[place.stage.kind]}: {len(before)} → {what}   ({', '.join(place.stage.names)})"
    return found


def _stage(page: Page, grid: Grid, place: Place, sources: tuple[Block, ...], behind: Array) -> None:
    """A stage's kernels, its numbers and its maps."""
    stage = place.stage
    for k, block in enumerate(place.maps):
        for source, kernel in enumerate(place.kernels[k]):
            grid.values(kernel, stage.kernels[k, source])
        if stage.norm is not None:
            _norm(grid, place.numbers[k], stage.norm, k)
        elif stage.bias is not None:
            grid.values(place.numbers[k], stage.bias[k : k + 1, None])
        if stage.kind in formulas.POOLS:
            for r, c in np.ndindex(block.height, block.width):
                grid.formula(block, r, c, formulas.pooled(place, sources[k], r, c), float(behind[k, r, c]))
        else:
            grid.copied(block, formulas.behind(place, sources, k), behind[k])
    _colours(page, place, MAPS)


def _norm(grid: Grid, numbers: Block, norm: Norm, k: int) -> None:
    stored = [norm.gamma[k], norm.beta[k], norm.mean[k], norm.variance[k]]
    grid.values(numbers.part(0, 0, 1, 4), np.array([stored]))
    scale, shift = formulas.scale_and_shift(numbers, norm.epsilon)
    grid.formula(numbers, 0, formulas.SCALE, scale, float(norm.scale[k]))
    grid.formula(numbers, 0, formulas.SHIFT, shift, float(norm.shift[k]))


def _colours(page: Page, place: Place, colours: tuple[str, ...]) -> None:
    """A scale a map and one for all the kernels below it; single numbers share one."""
    if place.maps[0].height == 1:
        colour(page, around(place.maps), AROUND_0)
        if place.kernels[0]:
            colour(page, around((place.kernels[0][0], place.kernels[-1][-1])), AROUND_0)
        return
    for block, kernels in zip(place.maps, place.kernels, strict=True):
        colour(page, block.cells(), colours)
        if kernels:
            colour(page, around(kernels), AROUND_0)
    for numbers in place.numbers if colours is MAPS else ():
        colour(page, numbers.cells(), AROUND_0)


def _backward(page: Page, drawing: Drawing) -> None:
    notes = [
        "∂loss/∂(the same cell of the sheet CNN), by the chain rule from the ten logits back to the pixels; of a "
        "convolution's map before ReLU and BatchNorm. Blue is above 0, red below.",
        "The loss is -ln(probability of the class chosen on CNN). Where a kernel stands there, here stands the same "
        "one turned around, as the gradient goes back through it.",
    ]
    grid = prepare(page, "Backwards through it", notes)
    for k, place in enumerate(drawing.places):
        before = drawing.places[k - 1] if k else None
        _back_through(page, grid, place, before, drawing.blocks[k], drawing.gradients[k])
    _loss(grid, drawing)
    _pixels(page, grid, drawing)
    stream(page, grid, {top.CAPTION_ROW: "The pixels, and the same normalised", **_headings(drawing)})


def _back_through(
    page: Page, grid: Grid, place: Place, before: Place | None, sources: tuple[Block, ...], values: Array
) -> None:
    """The gradients of the maps before a stage, which the stage `before` makes, from those behind it."""
    stage = place.stage
    for k, kernels in enumerate(place.kernels if stage.kind == "convolution" else ()):
        for source, kernel in enumerate(kernels):
            for r, c in np.ndindex(kernel.height, kernel.width):
                back = stage.kernels[k, source, -1 - r, -1 - c]
                grid.formula(kernel, r, c, formulas.turned(kernel, r, c), float(back))
    for k, block in enumerate(sources):
        if stage.kind in formulas.POOLS:
            for r, c in np.ndindex(block.height, block.width):
                back = formulas.through_pool(place, before, block, k, r, c)
                grid.formula(block, r, c, back, float(values[k, r, c]))
        else:
            grid.copied(block, formulas.gradient(place, before, sources, k), values[k])
    _colours(page, place, AROUND_0)


def _loss(grid: Grid, drawing: Drawing) -> None:
    """∂loss/∂logit: the probability, less 1 for the class."""
    chosen = f"'{FORWARD}'!{CLASS.cell(fixed=True)}"
    for k, block in enumerate(drawing.blocks[-1]):
        share = f"'{FORWARD}'!{top.cell_of('probability', k)}"
        grid.formula(block, 0, 0, f"IF({GRADIENTS_ON},{share}-({chosen}={k}),0)", float(drawing.gradients[-1][k, 0, 0]))


def _pixels(page: Page, grid: Grid, drawing: Drawing) -> None:
    """∂loss/∂pixel where the digit stands, from that of the normalised pixel."""
    digit, deviation = top.square(DIGIT), drawing.trained.deviation
    block, values = drawing.blocks[0][0], drawing.gradients[0][0]
    grid.copied(digit, f"{block.cell()}/{deviation!r}/255", values / deviation / 255)
    for cells in (digit, block):
        colour(page, cells.cells(), AROUND_0)
