"""The network as a drawing: nodes, edges, weights and their numbers, as vector shapes that follow the cells.

Each number is a text linked to its cell, which Excel keeps up to date; programs without linked texts (LibreOffice) show
the numbers of the moment of building.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from workbook.parts import shapes
from workbook.parts.styles import DECIMALS, GROUP_COLOURS, LARGE, NUMBER_FORMATS, SMALL
from workbook.parts.texts import plain
from workbook.sheets.layout import PICTURE_ROW, Layout
from xlfuncs.network import Weight

NODE_WIDTH, NODE_HEIGHT = 66, 42
LABEL_NAME, LABEL_VALUE, LABEL_HEIGHT = 23, 44, 13
MOST_NUMBERED, ROOM_FOR_NUMBERS = 6, 134  # edges between two layers, pixels between their nodes
READINGS_WIDTH = 104  # target and error, right of the outputs


@dataclass(frozen=True)
class Node:
    """A unit in the picture: its name, the variable whose number it shows, its group and its centre in pixels."""

    name: str
    shown: str
    group: str
    x: int
    y: int


def anchor(layout: Layout, row: dict[str, float]) -> str:
    """The drawing's anchor over A3:G… as XML. `row` holds the first iteration's numbers."""
    title = "Network " + "-".join(map(str, layout.network.sizes))
    description = f"{title}: nodes with their activations and edges with their weights at iteration 1"
    drawn = "".join(_shapes(layout, row))
    return shapes.group(title, description, layout.picture_px, (0, PICTURE_ROW - 1), (7, layout.forward_row - 1), drawn)


def nodes(layout: Layout) -> list[list[Node]]:
    """The nodes, a list a layer, inputs first, spread evenly over the picture."""
    network = layout.network
    width, height = layout.picture_px
    names = [network.input_names, *(network.unit_names(d) for d in range(len(network.layers)))]
    left, right = NODE_WIDTH // 2 + 4, width - NODE_WIDTH // 2 - READINGS_WIDTH
    found = []
    for depth, layer in enumerate(names):
        x = left + (right - left) * depth // (len(names) - 1)
        group = "input" if depth == 0 else "output" if depth == len(names) - 1 else "hidden"
        shown = layer if depth == 0 else [f"a_{unit}" for unit in layer]
        step = height / len(layer)
        rows = [int(step * (k + 0.5)) for k in range(len(layer))]
        found.append([Node(n, s, group, x, y) for n, s, y in zip(layer, shown, rows, strict=True)])
    return found


def is_numbered(left: list[Node], right: list[Node]) -> bool:
    """Whether the edges between two layers show their weights' numbers beside the names, and hide none of them so."""
    return len(left) * len(right) <= MOST_NUMBERED and _room(left, right) >= ROOM_FOR_NUMBERS


def _room(left: list[Node], right: list[Node]) -> int:
    """Pixels between two layers' nodes."""
    return right[0].x - left[0].x - NODE_WIDTH


def label_place(left: list[Node], right: list[Node]) -> float | None:
    """How far along the edges between two layers their labels stand, so that none covers another or a node.

    A fraction of the way from the left nodes' rim to the right ones'; None where there are too many edges.
    """

    def gap(fraction: float) -> float:
        ys = sorted(a.y + fraction * (b.y - a.y) for a in left for b in right)
        return min((below - above for above, below in pairwise(ys)), default=LABEL_HEIGHT)

    room = _room(left, right)
    width = LABEL_NAME + LABEL_VALUE * is_numbered(left, right)
    nearest = width / 2 / room + 0.01
    best = max((nearest + k / 100 for k in range(int((1 - 2 * nearest) * 100))), key=gap, default=None)
    return best if best is not None and gap(best) >= LABEL_HEIGHT - 1 else None


def _shapes(layout: Layout, row: dict[str, float]) -> Iterator[str]:
    """Edges first, so that labels and nodes lie above them."""
    layers = nodes(layout)
    ids = iter(range(1002, 1_000_000))
    centre = {node.name: node for layer in layers for node in layer} | {n.shown: n for layer in layers for n in layer}
    for weight in layout.network.weights:
        yield _edge(next(ids), weight, centre[weight.source], centre[weight.target])
    for depth, (left, right) in enumerate(pairwise(layers)):
        place = label_place(left, right)
        if place is None:
            continue
        for weight in layout.network.weights_by_layer[depth]:
            a, b = centre[weight.source], centre[weight.target]
            x = int(a.x + NODE_WIDTH / 2 + place * (b.x - a.x - NODE_WIDTH))
            y = int(a.y + place * (b.y - a.y))
            if is_numbered(left, right):
                yield from _label(ids, layout, weight.name, row, x, y)
            else:
                yield from _name(ids, weight.name, x, y)
    added = {unit: bias.name for bias in layout.network.biases for unit in bias.targets}
    for layer in layers:
        for node in layer:
            yield from _node(ids, layout, node, row)
            if node.name in added:
                x, y = node.x, node.y + NODE_HEIGHT // 2 + LABEL_HEIGHT // 2 + 1
                yield from _label(ids, layout, added[node.name], row, x, y)
    for k, node in enumerate(layers[-1]):
        x = node.x + NODE_WIDTH // 2 + 6
        yield from _reading(ids, layout, "target", layout.network.target_names[k], row, x, node.y - 9)
        yield from _reading(ids, layout, "error", layout.network.error_names[k], row, x, node.y + 9)


def _node(ids: Iterator[int], layout: Layout, node: Node, row: dict[str, float]) -> Iterator[str]:
    x, y = node.x - NODE_WIDTH // 2, node.y - NODE_HEIGHT // 2
    place = (x, y, NODE_WIDTH, NODE_HEIGHT)
    yield shapes.filled(next(ids), f"node {node.name}", place, "ellipse", GROUP_COLOURS[node.group], "595959")
    yield shapes.text(next(ids), f"name {node.name}", (x, y + 5, NODE_WIDTH, 16), node.name, size=1000, bold=True)
    cell = layout.cell(node.shown, layout.first_row)
    shown = shown_number(node.group, row[node.shown])
    yield shapes.text(next(ids), node.shown, (x, y + 21, NODE_WIDTH, 15), shown, size=900, link=cell)


def _label(ids: Iterator[int], layout: Layout, variable: str, row, x: int, y: int) -> Iterator[str]:
    """A weight's name and number on a white ground, in the middle of its edge."""
    x, y = x - (LABEL_NAME + LABEL_VALUE) // 2, y - LABEL_HEIGHT // 2
    place = (x, y, LABEL_NAME + LABEL_VALUE, LABEL_HEIGHT)
    yield shapes.filled(next(ids), f"ground {variable}", place, "rect", "FFFFFF", None)
    yield shapes.text(next(ids), f"name {variable}", (x, y, LABEL_NAME, LABEL_HEIGHT), variable, size=800, bold=True)
    cell = layout.cell(variable, layout.first_row)
    place = (x + LABEL_NAME, y, LABEL_VALUE, LABEL_HEIGHT)
    yield shapes.text(next(ids), variable, place, shown_number("weight", row[variable]), size=800, link=cell, align="l")


def _name(ids: Iterator[int], variable: str, x: int, y: int) -> Iterator[str]:
    """A weight's name alone."""
    place = (x - LABEL_NAME // 2, y - LABEL_HEIGHT // 2 + 1, LABEL_NAME, LABEL_HEIGHT - 2)
    yield shapes.filled(next(ids), f"ground {variable}", place, "rect", "FFFFFF", None)
    yield shapes.text(next(ids), f"name {variable}", place, variable, size=800, bold=True)


def _reading(ids: Iterator[int], layout: Layout, group: str, variable: str, row, x: int, y: int) -> Iterator[str]:
    """A name and a number to the right of an output: its target, its error."""
    yield shapes.text(next(ids), f"name {variable}", (x, y - 8, 20, 16), variable, size=900, bold=True, align="l")
    cell = layout.cell(variable, layout.first_row)
    place = (x + 20, y - 8, 76, 16)
    yield shapes.text(next(ids), variable, place, shown_number(group, row[variable]), size=900, link=cell, align="l")


def shown_number(group: str, value: float) -> str:
    """A number as its cell shows it, which `Page.numbers` formats."""
    if value == 0:
        return "0"
    if not SMALL < abs(value) <= LARGE:
        return f"{value:.6E}"
    if group in ("input", "target"):
        return plain(value)
    return f"{value:.{8 if NUMBER_FORMATS[group] == DECIMALS else 6}f}"


def _edge(identity: int, weight: Weight, a: Node, b: Node) -> str:
    """A line between two nodes' rims."""
    return shapes.arrow(identity, f"edge {weight.name}", (a.x + NODE_WIDTH // 2, a.y), (b.x - NODE_WIDTH // 2, b.y))
