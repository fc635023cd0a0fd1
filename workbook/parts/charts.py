"""Charts of any numbers: their curves, how they look, where they stand."""

from dataclasses import dataclass

import numpy as np
from openpyxl.chart import LineChart, ScatterChart
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series, SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.chart.title import Title, title_maker
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties
from openpyxl.utils import column_index_from_string
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

# Told apart by colour-blind readers too (Okabe and Ito), darker where yellow would vanish on white.
LINE_COLOURS = ("0072B2", "D55E00", "009E73", "CC79A7", "B8860B", "56B4E9", "000000", "7F7F7F")
# Cached points make previews show the curve; very long curves would only make the file slow to open.
MAX_CACHED_POINTS = 2_000


@dataclass(frozen=True)
class Line:
    """One curve: the cells of its values, steps and name, and what stands in them at the moment of building."""

    values_ref: str
    steps_ref: str
    values: np.ndarray
    steps: np.ndarray
    name_ref: str
    name: str
    colour: str
    dashed: bool = False


def line_chart(heading: str, lines: list[Line], axes: tuple[str, str], *, label_every: int) -> LineChart:
    """Curves over the same steps. A curve's values are NaN where it has no point."""
    chart = LineChart()
    _dress(chart, fixed_title(heading), axes)
    chart.x_axis.tickLblSkip = chart.x_axis.tickMarkSkip = label_every
    chart.series.extend(_series(line) for line in lines)
    return chart


def epoch_chart(heading: str, lines: list[Line], highest: float | None = None) -> ScatterChart:
    """A number by epoch, ours and others'. Numbers on both axes: rows that are still blank take no room.

    `highest` is the end of the vertical axis where there is one, such as 100 for percent.
    """
    chart = ScatterChart()
    _dress(chart, fixed_title(heading), ("Epoch", None))
    chart.scatterStyle = "lineMarker"
    chart.x_axis.majorGridlines = None
    chart.x_axis.scaling.min = 0
    chart.y_axis.scaling.max = highest
    for line in lines:
        chart.series.append(_scatter(line))
    chart.legend.position = "b"
    if len(lines) == 1:
        chart.legend = None
    return chart


def place(sheet: Worksheet, chart: LineChart | ScatterChart, top_left: str, bottom_right: str) -> None:
    """Put a chart over the cells from `top_left` to `bottom_right`, both included."""
    (first, top), (last, bottom) = coordinate_from_string(top_left), coordinate_from_string(bottom_right)
    start = AnchorMarker(col=column_index_from_string(first) - 1, row=top - 1)
    end = AnchorMarker(col=column_index_from_string(last), row=bottom)
    chart.anchor = TwoCellAnchor(editAs="twoCell", _from=start, to=end)
    sheet.add_chart(chart)


def _dress(chart: LineChart | ScatterChart, heading: Title, axes: tuple[str, str | None]) -> None:
    """What all charts have in common."""
    chart.title = heading
    chart.style = 2
    chart.roundedCorners = False
    chart.display_blanks = "gap"
    for axis, text in zip((chart.x_axis, chart.y_axis), axes, strict=True):
        if text:
            axis.title = fixed_title(text, size=1000, bold=False)
        axis.delete = False
        axis.txPr = _text_properties(900)
    chart.x_axis.tickLblPos = "low"
    chart.x_axis.number_format = chart.y_axis.number_format = "General"
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E3E3", w=9525))


def _series(line: Line) -> Series:
    series = Series(
        val=NumDataSource(numRef=NumRef(f=line.values_ref, numCache=_cache(line.values))),
        cat=AxDataSource(numRef=NumRef(f=line.steps_ref, numCache=_cache(line.steps))),
        tx=_name(line),
    )
    series.graphicalProperties = _stroke(line)
    # A single iteration has no line: its point must be seen.
    series.marker = _point(line) if len(line.values) == 1 else Marker(symbol="none")
    series.smooth = False
    return series


def _scatter(line: Line) -> XYSeries:
    """Points too: the first epoch has no line yet."""
    series = XYSeries(
        xVal=AxDataSource(numRef=NumRef(f=line.steps_ref, numCache=_cache(line.steps))),
        yVal=NumDataSource(numRef=NumRef(f=line.values_ref, numCache=_cache(line.values))),
        tx=_name(line),
    )
    series.graphicalProperties = _stroke(line)
    series.marker = Marker(symbol="none") if line.dashed else _point(line)
    series.smooth = False
    return series


def _name(line: Line) -> SeriesLabel:
    return SeriesLabel(strRef=StrRef(f=line.name_ref, strCache=_text_cache(line.name)))


def _stroke(line: Line) -> GraphicalProperties:
    properties = LineProperties(solidFill=line.colour, w=22225, prstDash="sysDash" if line.dashed else None)
    return GraphicalProperties(ln=properties)


def _point(line: Line) -> Marker:
    marker = Marker(symbol="circle", size=5)
    marker.graphicalProperties = GraphicalProperties(solidFill=line.colour)
    return marker


def _cache(values: np.ndarray) -> NumData | None:
    if len(values) > MAX_CACHED_POINTS:
        return None
    points = [NumVal(idx=k, v=repr(value)) for k, value in enumerate(values.tolist()) if value == value]
    return NumData(formatCode="General", ptCount=len(points), pt=points)


def _text_cache(text: str) -> StrData:
    return StrData(ptCount=1, pt=[StrVal(idx=0, v=text)])


def _text_properties(size: int, *, bold: bool = False) -> RichText:
    characters = CharacterProperties(sz=size, b=bold, solidFill="404040")
    return RichText(
        p=[Paragraph(pPr=ParagraphProperties(defRPr=characters), endParaRPr=characters)],
    )


def fixed_title(text: str, size: int = 1200, *, bold: bool = True) -> Title:
    """A title that stays as it is; `size` in hundredths of a point."""
    found = title_maker(text)
    found.overlay = False
    for paragraph in found.tx.rich.p:
        paragraph.pPr = ParagraphProperties(defRPr=CharacterProperties(sz=size, b=bold, solidFill="404040"))
    return found
