"""The sheet Architecture: the layer table, the layers as a picture, parameters a layer, the autograd graph."""

import io
from math import isqrt
from typing import TYPE_CHECKING

from openpyxl.chart import BarChart, Reference
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.image import Image
from openpyxl.drawing.line import LineProperties
from openpyxl.utils import get_column_letter

from workbook.parts import charts, shapes
from workbook.parts.page import TRAINING_TAB, Page
from workbook.sheets.run_report import RunReport

if TYPE_CHECKING:
    from trainer.model import LayerRow

ARCHITECTURE = "Architecture"
TABLE_ROW = 4
PICTURE_COLUMN, PICTURE_COLUMNS, PICTURE_ROWS = 7, 16, 13  # from G
GRAPH_WIDTH = 420  # pixels
INPUT_SHAPE = (1, 28, 28)
COLOURS = {"Input": "F8B26A", "Conv2d": "9CC3E6", "MaxPool2d": "CFCFCF", "AvgPool2d": "CFCFCF", "Linear": "A9D18E"}


def write(page: Page, report: RunReport) -> None:
    """Fill the page."""
    total = sum(layer.params for layer in report.layers)
    sheet = page.sheet
    page.prepare(TRAINING_TAB)
    for letter, width in {"A": 2, "B": 6, "C": 18, "D": 14, "E": 12, "F": 3}.items():
        sheet.column_dimensions[letter].width = width
    page.put("B1", "The network, layer by layer", "title")
    sheet.row_dimensions[1].height = 34
    page.put(
        "B2", f"{len(report.layers)} layers, {total:,} parameters, computed from the model that was trained.", "note"
    )
    _table(page, report.layers, total)
    page.put(f"G{TABLE_ROW - 1}", "From the 28×28 image to ten digits: height is the picture's size", "heading")
    _picture(page, report.layers)
    _parameters(page, report.layers)
    _graph(page, report)


def _table(page: Page, layers: "tuple[LayerRow, ...]", total: int) -> None:
    for letter, head in zip("BCDE", ("no.", "layer", "output shape", "parameters"), strict=True):
        page.put(f"{letter}{TABLE_ROW}", head, "table head")
    for k, layer in enumerate(layers, start=1):
        row = TABLE_ROW + k
        for letter, value in zip("BCDE", (k, layer.name, _size(layer.shape), layer.params), strict=True):
            page.put(f"{letter}{row}", value, "table")
        page.sheet[f"E{row}"].number_format = "#,##0;;"
    row = TABLE_ROW + len(layers) + 1
    for letter in "BCD":
        page.put(f"{letter}{row}", "total" if letter == "D" else None, "table head")
    first, last = f"E{TABLE_ROW + 1}", f"E{row - 1}"
    page.formula(f"E{row}", f"SUM({first}:{last})", total, "table head")
    page.sheet[f"E{row}"].number_format = "#,##0"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def stages(layers: "tuple[LayerRow, ...]") -> list[tuple[str, str, tuple[int, ...], list[str]]]:
    """The layers that change the shape: (kind, caption, output shape, what follows without changing it)."""
    found: list[tuple[str, str, tuple[int, ...], list[str]]] = [("Input", "image", INPUT_SHAPE, [])]
    for layer in layers:
        short = {"ReLU": "ReLU", "BatchNorm2d": "BN", "Dropout": "Dropout"}.get(layer.kind)
        if short:
            found[-1][3].append(short)
        else:
            found.append((layer.kind, _caption(layer, found[-1][2]), layer.shape, []))
    return found


def _caption(layer: "LayerRow", before: tuple[int, ...]) -> str:
    """Conv 3×3, max-pool 2, linear: read from the shapes and the parameters."""
    if layer.kind == "Conv2d":
        kernel = isqrt(layer.params // (before[0] * layer.shape[0]))
        return f"conv {kernel}×{kernel}"
    if layer.kind.endswith("Pool2d"):
        return f"{layer.kind[:3].lower()}-pool {before[1] // layer.shape[1]}"
    return layer.kind.lower()


def _picture(page: Page, layers: "tuple[LayerRow, ...]") -> None:
    """A block a stage: its height the image's size, its width the number of channels."""
    width, height = PICTURE_COLUMNS * 64, PICTURE_ROWS * 20
    drawn, shown = [], stages(layers)
    step = width // len(shown)
    ids = iter(range(1002, 9999))
    for k, (kind, caption, shape, after) in enumerate(shown):
        channels, side = (shape[0], shape[1]) if len(shape) == 3 else (1, shape[0])
        high, wide = max(8, side * 5), 8 + channels
        x, middle = k * step + step // 2, 80
        place = (x - wide // 2, middle - high // 2, wide, high)
        drawn.append(shapes.filled(next(ids), f"{caption} {_size(shape)}", place, "rect", COLOURS[kind], "595959"))
        for line, (words, size, bold) in enumerate(
            ((caption, 900, True), (_size(shape), 900, False), (" · ".join(after), 700, False))
        ):
            if words:
                where = (x - step // 2, 160 + 18 * line, step, 17)
                drawn.append(shapes.text(next(ids), f"text {k}.{line}", where, words, size=size, bold=bold))
        if k:
            start = (x - step + wide // 2 + 6, middle)
            drawn.append(shapes.arrow(next(ids), f"to {caption}", start, (x - wide // 2 - 4, middle)))
    start = (PICTURE_COLUMN - 1, TABLE_ROW - 1)
    end = (PICTURE_COLUMN - 1 + PICTURE_COLUMNS, TABLE_ROW - 1 + PICTURE_ROWS)
    page.shapes.append(
        shapes.group("Layers", "The layers with their output sizes", (width, height), start, end, "".join(drawn))
    )


def _parameters(page: Page, layers: "tuple[LayerRow, ...]") -> None:
    chart = BarChart()
    chart.type = "bar"
    chart.title = charts.fixed_title("Parameters by layer")
    last = TABLE_ROW + len(layers)
    chart.add_data(Reference(page.sheet, min_col=5, min_row=TABLE_ROW + 1, max_row=last))
    chart.set_categories(Reference(page.sheet, min_col=3, min_row=TABLE_ROW + 1, max_row=last))
    chart.series[0].graphicalProperties = GraphicalProperties(solidFill="0072B2")
    chart.legend = None
    chart.gapWidth = 40
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.number_format = "#,##0"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E3E3", w=9525))
    top = TABLE_ROW + PICTURE_ROWS + 1
    first, end = get_column_letter(PICTURE_COLUMN), get_column_letter(PICTURE_COLUMN + PICTURE_COLUMNS - 1)
    charts.place(page.sheet, chart, f"{first}{top}", f"{end}{top + 24}")


def _graph(page: Page, report: RunReport) -> None:
    """The autograd graph, which is tall: right of everything else."""
    column = get_column_letter(PICTURE_COLUMN + PICTURE_COLUMNS + 1)
    page.put(f"{column}{TABLE_ROW - 1}", "The autograd graph", "heading")
    if report.graph is None:
        page.put(f"{column}{TABLE_ROW}", f"Not drawn: {report.graph_note}", "note")
        return
    image = Image(io.BytesIO(report.graph))
    image.height = int(image.height * GRAPH_WIDTH / image.width)
    image.width = GRAPH_WIDTH
    page.sheet.add_image(image, f"{column}{TABLE_ROW}")
