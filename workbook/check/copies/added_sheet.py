"""A worksheet added behind a workbook's own: texts, numbers, links to cells, and perhaps charts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from openpyxl.chart.line_chart import LineChart
from openpyxl.chart.scatter_chart import ScatterChart
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, SpreadsheetDrawing, TwoCellAnchor
from openpyxl.xml.functions import tostring

from workbook.parts.opc import MAIN, OFFICE, SHEET_TYPE, Package, tag
from workbook.parts.references import a1

_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.drawing+xml"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SELECTED = re.compile(rb"""(<(?:[\w.-]+:)?sheetView\b[^>]*?)\s+tabSelected\s*=\s*(?:"[^"]*"|'[^']*')""")
LONGEST = 32_000  # characters of a cell's text; Excel's limit is 32,767


@dataclass(frozen=True)
class Item:
    """A cell of the added sheet: a text or number, a format, a place to jump to, or a formula with its value."""

    value: str | float | None
    style: int = 0
    link: str | None = None
    formula: str | None = None


@dataclass
class AddedSheet:
    """The sheet as it will be written: its rows from the top, column widths, and charts with the cell they begin at."""

    name: str
    widths: list[float]
    rows: list[list[Item]] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)
    charts: list[tuple[LineChart | ScatterChart, int, int]] = field(default_factory=list)
    frozen: int = 0  # rows that stay in sight


def free_name(wanted: str, taken: list[str]) -> str:
    """The sheet name, or with a number behind it where the workbook has such a sheet."""
    folded = {name.casefold() for name in taken}
    names = [wanted, *(f"{wanted} {k}" for k in range(2, 1000))]
    return next(name for name in names if name.casefold() not in folded)


def add_sheet(package: Package, sheet: AddedSheet) -> int:
    """Put the sheet behind the workbook's last one; gives its place among them, from 0."""
    part = package.free("xl/worksheets/sheet{}.xml")
    main = package.main()
    package.add(part, b"", SHEET_TYPE)
    relation = package.relate(main, part, "worksheet")
    root = package.xml(main)
    sheets = root.find(tag("sheets"))
    number = max([int(s.get("sheetId", 0)) for s in sheets if s.get("sheetId", "").isdigit()], default=0) + 1
    element = etree.SubElement(sheets, tag("sheet"), name=sheet.name, sheetId=str(number))
    element.set(f"{{{OFFICE}}}id", relation)
    package.write_xml(main, root)
    drawing = _add_charts(package, part, sheet) if sheet.charts else ""
    package.write(part, _xml(sheet, drawing).encode())
    return len(sheets) - 1


def open_on(package: Package, number: int) -> None:
    """Have the workbook open on that sheet. The others are deselected: typing goes into all that are."""
    main = package.main()
    root = package.xml(main)
    sheets = root.find(tag("sheets"))
    for element in sheets:
        part = package.target(main, element.get(f"{{{OFFICE}}}id", ""))
        if part is not None:
            package.write(part, _SELECTED.sub(rb"\1", package.read(part)))
    views = root.find(tag("bookViews"))
    if views is None:
        views = root.makeelement(tag("bookViews"))
        sheets.addprevious(views)
    view = views.find(tag("workbookView"))
    if view is None:
        view = etree.SubElement(views, tag("workbookView"))
    view.set("activeTab", str(number))
    view.attrib.pop("firstSheet", None)
    package.write_xml(main, root)


def _xml(sheet: AddedSheet, drawing: str) -> str:
    columns = "".join(
        f'<col min="{k}" max="{k}" width="{width}" customWidth="1"/>' for k, width in enumerate(sheet.widths, 1)
    )
    rows = "".join(_row(number, row, sheet.heights.get(number)) for number, row in enumerate(sheet.rows, 1))
    links = "".join(
        f'<hyperlink ref="{a1(number, column)}" location={quoteattr(item.link)}/>'
        for number, row in enumerate(sheet.rows, 1)
        for column, item in enumerate(row, 1)
        if item.link
    )
    pane = ""
    if sheet.frozen:
        top = a1(sheet.frozen + 1, 1)
        pane = f'<pane ySplit="{sheet.frozen}" topLeftCell="{top}" activePane="bottomLeft" state="frozen"/>'
        pane += f'<selection pane="bottomLeft" activeCell="{top}" sqref="{top}"/>'
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView showGridLines="0" workbookViewId="0">{pane}</sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>{rows}</sheetData>'
        + (f"<hyperlinks>{links}</hyperlinks>" if links else "")
        + '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
        f'<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>{drawing}</worksheet>'
    )


def _row(number: int, items: list[Item], height: float | None) -> str:
    if not items:
        return ""
    size = f' ht="{height:g}" customHeight="1"' if height else ""
    cells = "".join(_cell(a1(number, column), item) for column, item in enumerate(items, 1))
    return f'<row r="{number}"{size}>{cells}</row>'


def _cell(place: str, item: Item) -> str:
    formula = f"<f>{escape(item.formula)}</f>" if item.formula else ""
    match item.value:
        case str():
            text = escape(_FORBIDDEN.sub("\ufffd", item.value)[:LONGEST])
            return f'<c r="{place}" s="{item.style}" t="str">{formula}<v>{text}</v></c>'
        case int() | float():
            return f'<c r="{place}" s="{item.style}">{formula}<v>{float(item.value)!r}</v></c>'
    return f'<c r="{place}" s="{item.style}">{formula}</c>'


def _add_charts(package: Package, sheet: str, added: AddedSheet) -> str:
    """Put the charts into the package; gives the element that refers to their drawing."""
    drawing = SpreadsheetDrawing()
    part = package.free("xl/drawings/drawing{}.xml")
    package.add(part, b"", _DRAWING_TYPE)
    for chart, row, column in added.charts:
        start, end = AnchorMarker(col=column - 1, row=row - 1), AnchorMarker(col=column + 7, row=row + 17)
        chart.anchor = TwoCellAnchor(editAs="oneCell", _from=start, to=end)
        drawing.charts.append(chart)
        target = package.free("xl/charts/chart{}.xml")
        package.add(target, _DECLARATION + tostring(chart._write()), _CHART_TYPE)
        package.relate(part, target, "chart")
    package.write(part, _DECLARATION + tostring(drawing._write()))
    return f'<drawing r:id="{package.relate(sheet, part, "drawing")}"/>'


_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
