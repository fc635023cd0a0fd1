"""The network as a drawing: nodes, edges, weights and their numbers, as vector shapes that follow the cells.

openpyxl writes no shapes, so the drawing's XML is made here. Each number is a text linked to its cell, which Excel
keeps up to date; programs without linked texts (LibreOffice) show the numbers of the moment of building.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from workbook.layout import Layout, absolute
from workbook.styles import GROUP_COLOURS
from workbook.texts import plain, small_aware
from xlfuncs.network import Weight

EMU = 9525  # of a pixel
NODE_WIDTH, NODE_HEIGHT = 66, 42
LABEL_NAME, LABEL_VALUE, LABEL_HEIGHT = 23, 44, 13
READINGS_WIDTH = 104  # target and error, right of the outputs
NAMESPACES = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)


@dataclass(frozen=True)
class Node:
    """A unit in the picture: its name, the variable whose number it shows, its group and its centre in pixels."""

    name: str
    shown: str
    group: str
    x: int
    y: int


def anchor(layout: Layout, row: dict[str, float]) -> str:
    """The drawing's anchor over A2:G… as XML. `row` holds the first iteration's numbers."""
    width, height = layout.picture_px
    shapes = "".join(_shapes(layout, row))
    extent = f'<a:off x="0" y="0"/><a:ext cx="{width * EMU}" cy="{height * EMU}"/>'
    child = f'<a:chOff x="0" y="0"/><a:chExt cx="{width * EMU}" cy="{height * EMU}"/>'
    title = "Network " + "-".join(map(str, layout.network.sizes))
    text = f"{title}: nodes with their activations and edges with their weights at iteration 1"
    return (
        f'<xdr:twoCellAnchor editAs="oneCell" {NAMESPACES}>'
        f"<xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>1</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>"
        f"<xdr:to><xdr:col>7</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{layout.forward_row - 1}</xdr:row>"
        f"<xdr:rowOff>0</xdr:rowOff></xdr:to>"
        f'<xdr:grpSp><xdr:nvGrpSpPr><xdr:cNvPr id="1001" name={quoteattr(title)} descr={quoteattr(text)}/>'
        f"<xdr:cNvGrpSpPr/></xdr:nvGrpSpPr><xdr:grpSpPr><a:xfrm>{extent}{child}</a:xfrm></xdr:grpSpPr>"
        f"{shapes}</xdr:grpSp><xdr:clientData/></xdr:twoCellAnchor>"
    )


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


def label_place(left: list[Node], right: list[Node]) -> float | None:
    """How far along the edges between two layers their labels stand, so that none covers another or a node.

    A fraction of the way from the left nodes' rim to the right ones'; None where there are too many edges.
    """

    def gap(fraction: float) -> float:
        ys = sorted(a.y + fraction * (b.y - a.y) for a in left for b in right)
        return min((below - above for above, below in pairwise(ys)), default=LABEL_HEIGHT)

    room = right[0].x - left[0].x - NODE_WIDTH
    nearest = (LABEL_NAME + LABEL_VALUE) / 2 / room + 0.01
    best = max((nearest + k / 100 for k in range(int((1 - 2 * nearest) * 100))), key=gap)
    return best if gap(best) >= LABEL_HEIGHT - 1 else None


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
        for weight in layout.network.weights:
            if weight.layer == depth:
                a, b = centre[weight.source], centre[weight.target]
                x = a.x + NODE_WIDTH / 2 + place * (b.x - a.x - NODE_WIDTH)
                y = a.y + place * (b.y - a.y)
                yield from _label(ids, layout, weight.name, row, int(x), int(y))
    for layer in layers:
        for node in layer:
            yield from _node(ids, layout, node, row)
    for k, node in enumerate(layers[-1]):
        left = node.x + NODE_WIDTH // 2 + 6
        for variable, dy in ((layout.network.target_names[k], -9), (layout.network.error_names[k], 9)):
            yield from _reading(ids, layout, variable, row, left, node.y + dy)


def _node(ids: Iterator[int], layout: Layout, node: Node, row: dict[str, float]) -> Iterator[str]:
    x, y = node.x - NODE_WIDTH // 2, node.y - NODE_HEIGHT // 2
    fill = f'<a:solidFill><a:srgbClr val="{GROUP_COLOURS[node.group]}"/></a:solidFill>'
    line = '<a:ln w="12700"><a:solidFill><a:srgbClr val="595959"/></a:solidFill></a:ln>'
    place = (x, y, NODE_WIDTH, NODE_HEIGHT)
    yield _shape(next(ids), f"node {node.name}", place, "ellipse", fill + line, "")
    yield _text(next(ids), f"name {node.name}", (x, y + 5, NODE_WIDTH, 16), node.name, size=1000, bold=True)
    cell = layout.cell(node.shown, layout.first_row)
    shown = shown_number(node.shown, row[node.shown])
    yield _text(next(ids), node.shown, (x, y + 21, NODE_WIDTH, 15), shown, size=900, link=cell)


def _label(ids: Iterator[int], layout: Layout, variable: str, row, x: int, y: int) -> Iterator[str]:
    """A weight's name and number on a white ground, in the middle of its edge."""
    x, y = x - (LABEL_NAME + LABEL_VALUE) // 2, y - LABEL_HEIGHT // 2
    ground = '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill><a:ln><a:noFill/></a:ln>'
    place = (x, y, LABEL_NAME + LABEL_VALUE, LABEL_HEIGHT)
    yield _shape(next(ids), f"ground {variable}", place, "rect", ground, "")
    yield _text(next(ids), f"name {variable}", (x, y, LABEL_NAME, LABEL_HEIGHT), variable, size=800, bold=True)
    cell = layout.cell(variable, layout.first_row)
    place = (x + LABEL_NAME, y, LABEL_VALUE, LABEL_HEIGHT)
    yield _text(next(ids), variable, place, shown_number(variable, row[variable]), size=800, link=cell, align="l")


def _reading(ids: Iterator[int], layout: Layout, variable: str, row, x: int, y: int) -> Iterator[str]:
    """A name and a number to the right of an output: its target, its error."""
    yield _text(next(ids), f"name {variable}", (x, y - 8, 20, 16), variable, size=900, bold=True, align="l")
    cell = layout.cell(variable, layout.first_row)
    place = (x + 20, y - 8, 76, 16)
    yield _text(next(ids), variable, place, shown_number(variable, row[variable]), size=900, link=cell, align="l")


def shown_number(variable: str, value: float) -> str:
    """A number as its cell's format shows it."""
    if variable[0] in "it":
        return plain(value)
    return small_aware(value) if variable[0] == "E" else f"{value:.6f}"


def _edge(identity: int, weight: Weight, a: Node, b: Node) -> str:
    """A line between two nodes' rims, flipped where it rises."""
    x, width = a.x + NODE_WIDTH // 2, b.x - a.x - NODE_WIDTH
    y, height = min(a.y, b.y), abs(b.y - a.y)
    flip = ' flipV="1"' if b.y < a.y else ""
    return (
        f'<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="{identity}" name="edge {weight.name}"/><xdr:cNvSpPr/>'
        f"</xdr:nvSpPr><xdr:spPr><a:xfrm{flip}>{_box(x, y, width, height)}</a:xfrm>"
        f'<a:prstGeom prst="line"><a:avLst/></a:prstGeom><a:ln w="12700"><a:solidFill><a:srgbClr val="8C8C8C"/>'
        f'</a:solidFill><a:tailEnd type="triangle" w="sm" len="med"/></a:ln></xdr:spPr></xdr:sp>'
    )


def _text(identity: int, name: str, place, text: str, *, size: int, bold=False, link="", align="ctr") -> str:
    look = f'lang="en-US" sz="{size}" b="{int(bold)}"'
    ink = '<a:solidFill><a:srgbClr val="262626"/></a:solidFill><a:latin typeface="Calibri"/>'
    run = f"<a:rPr {look}>{ink}</a:rPr>"
    written = f"<a:t>{escape(text)}</a:t>"
    content = (
        f'<a:fld id="{{B8ADDEFE-BF52-4FD4-8C5D-{identity:012X}}}" type="TxLink">{run}<a:pPr/>{written}</a:fld>'
        if link
        else f"<a:r>{run}{written}</a:r>"
    )
    body = f'<a:p><a:pPr algn="{align}"/>{content}</a:p>'
    return _shape(identity, name, place, "rect", "<a:noFill/><a:ln><a:noFill/></a:ln>", body, link=link)


def _shape(identity: int, name: str, place, geometry: str, look: str, paragraph: str, *, link: str = "") -> str:
    textlink = absolute(link) if link else ""
    body = '<a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" rtlCol="0" anchor="ctr"/><a:lstStyle/>'
    is_text = ' txBox="1"' if paragraph else ""
    return (
        f'<xdr:sp macro="" textlink="{textlink}"><xdr:nvSpPr><xdr:cNvPr id="{identity}" name={quoteattr(name)}/>'
        f"<xdr:cNvSpPr{is_text}/></xdr:nvSpPr><xdr:spPr><a:xfrm>{_box(*place)}</a:xfrm>"
        f'<a:prstGeom prst="{geometry}"><a:avLst/></a:prstGeom>{look}</xdr:spPr>'
        f"<xdr:txBody>{body}{paragraph or '<a:p/>'}</xdr:txBody></xdr:sp>"
    )


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<a:off x="{x * EMU}" y="{y * EMU}"/><a:ext cx="{width * EMU}" cy="{height * EMU}"/>'
