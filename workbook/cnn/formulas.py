"""The formulas of the maps and of the gradients: what stands in the first cell of each block, to be copied over it.

References move with the cell unless they have a $, so one text serves a whole block.
"""

from __future__ import annotations

from workbook.cnn.plan import ON, SWITCH, Block, Place

FORWARD, BACKWARD = "CNN", "CNN backward"
GRADIENTS_ON = f"'{FORWARD}'!{SWITCH.cell(fixed=True)}=\"{ON}\""
"""Whether gradients are wanted."""
POOLS = {"largest": "MAX", "mean": "AVERAGE"}
GAMMA, BETA, MEAN, VARIANCE, SCALE, SHIFT = range(6)
"""Where BatchNorm's numbers stand in a map's row of numbers."""


def behind(place: Place, sources: tuple[Block, ...], k: int) -> str:
    """The formula of the k-th map's first cell, from the maps before the stage."""
    stage = place.stage
    match stage.kind:
        case "convolution":
            side = stage.kernels.shape[2]
            products = zip(sources, place.kernels[k], strict=True)
            terms = (f"SUMPRODUCT({s.part(0, 0, side, side).cells()},{w.cells(fixed=True)})" for s, w in products)
            numbers = place.numbers[k]
            scale, shift = numbers.cell(0, SCALE, fixed=True), numbers.cell(0, SHIFT, fixed=True)
            return f"MAX(0,{'+'.join(terms)})*{scale}+{shift}"
        case "mix":
            products = zip(sources, place.kernels[k], strict=True)
            mixed = "+".join(f"{s.cell()}*{w.cell(fixed=True)}" for s, w in products)
            return mixed if stage.bias is None else f"{mixed}+{place.numbers[k].cell(fixed=True)}"
        case _:
            raise ValueError(f"the cells of {stage.kind} are no copies of one another")


def pooled(place: Place, source: Block, r: int, c: int) -> str:
    """The formula of a pool's cell: the largest or the mean of its window."""
    return f"{POOLS[place.stage.kind]}({window(place, source, r, c).cells()})"


def window(place: Place, source: Block, r: int, c: int) -> Block:
    """The cells that a pool's cell looks at."""
    side = place.stage.side
    return source.part(r * side, c * side, side, side)


def scale_and_shift(numbers: Block, epsilon: float) -> tuple[str, str]:
    """BatchNorm as one factor and one summand."""
    gamma, beta, mean, variance, scale, _ = (numbers.cell(0, k) for k in range(6))
    return f"{gamma}/SQRT({variance}+{epsilon!r})", f"{beta}-{mean}*{scale}"


def gradient(place: Place, before: Place | None, sources: tuple[Block, ...], k: int) -> str:
    """The formula of ∂loss/∂(first cell of the k-th map before a convolution or a mix).

    `before` is the stage that makes that map, None for the first one's.
    """
    pairs = zip(place.maps, place.kernels, strict=True)
    if place.stage.kind == "convolution":
        side = place.stage.kernels.shape[2]
        # The cell lies in the windows of all cells from two above and left of it.
        reaching = (f"{b.part(1 - side, 1 - side, side, side).cells()},{w[k].cells(fixed=True)}" for b, w in pairs)
        summed = "+".join(f"SUMPRODUCT({window})" for window in reaching)
    else:
        summed = "+".join(f"{b.cell()}*'{FORWARD}'!{w[k].cell(fixed=True)}" for b, w in pairs)
    return _switched(summed, before, sources[k], k, 0, 0)


def _switched(reaching: str, before: Place | None, block: Block, k: int, r: int, c: int) -> str:
    """What reaches a cell, through the BatchNorm and ReLU of the stage that makes it; 0 if gradients are off."""
    if before is None or before.stage.norm is None:
        return f"IF({GRADIENTS_ON},{reaching},0)"
    scale, shift = (f"'{FORWARD}'!{before.numbers[k].cell(0, n, fixed=True)}" for n in (SCALE, SHIFT))
    # Where ReLU let nothing through, the map holds the shift.
    return f"IF({GRADIENTS_ON},({reaching})*{scale}*('{FORWARD}'!{block.cell(r, c)}<>{shift}),0)"


def turned(kernel: Block, r: int, c: int) -> str:
    """A cell of the kernel turned around, as the gradient goes back through it."""
    return f"'{FORWARD}'!{kernel.cell(kernel.height - 1 - r, kernel.width - 1 - c)}"


def through_pool(place: Place, before: Place | None, source: Block, k: int, r: int, c: int) -> str:
    """∂loss/∂(a cell before a pool): its share of the mean, or all if it is the first of its window's largest cells."""
    side = place.stage.side
    reaching = place.maps[k].cell(r // side, c // side)
    if place.stage.kind == "mean":
        return _switched(f"{reaching}/{side * side}", before, source, k, r, c)
    cells, largest = window(place, source, r // side, c // side), f"'{FORWARD}'!{reaching}"
    earlier = [divmod(k, side) for k in range((r % side) * side + c % side)]
    others = "".join(f"*('{FORWARD}'!{cells.cell(i, j)}<>{largest})" for i, j in earlier)
    mine = f"{reaching}*('{FORWARD}'!{source.cell(r, c)}={largest}){others}"
    return _switched(mine, before, source, k, r, c)
