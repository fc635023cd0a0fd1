"""Drawn shapes as DrawingML: groups of boxes, ellipses, lines and texts, in pixels. openpyxl writes none of them."""

from xml.sax.saxutils import escape, quoteattr

from workbook.parts.references import absolute

EMU = 9525  # of a pixel
NAMESPACES = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
Place = tuple[int, int, int, int]
"""Left, top, width, height in pixels, from the group's corner."""


def group(
    title: str, description: str, size: tuple[int, int], start: tuple[int, int], end: tuple[int, int], shapes: str
):
    """An anchor that holds `shapes` as one group, over the cells from `start` to before `end` (column, row, from 0)."""
    width, height = size
    extent = f'<a:off x="0" y="0"/><a:ext cx="{width * EMU}" cy="{height * EMU}"/>'
    child = f'<a:chOff x="0" y="0"/><a:chExt cx="{width * EMU}" cy="{height * EMU}"/>'
    return (
        f'<xdr:twoCellAnchor editAs="twoCell" {NAMESPACES}>'
        f"<xdr:from>{_corner(*start)}</xdr:from><xdr:to>{_corner(*end)}</xdr:to>"
        f'<xdr:grpSp><xdr:nvGrpSpPr><xdr:cNvPr id="1001" name={quoteattr(title)} descr={quoteattr(description)}/>'
        f"<xdr:cNvGrpSpPr/></xdr:nvGrpSpPr><xdr:grpSpPr><a:xfrm>{extent}{child}</a:xfrm></xdr:grpSpPr>"
        f"{shapes}</xdr:grpSp><xdr:clientData/></xdr:twoCellAnchor>"
    )


def filled(identity: int, name: str, place: Place, geometry: str, colour: str, outline: str | None) -> str:
    """A filled shape: `geometry` is a preset such as rect or ellipse; colours are hexadecimal."""
    line = f'<a:ln w="12700">{_solid(outline)}</a:ln>' if outline else "<a:ln><a:noFill/></a:ln>"
    return _shape(identity, name, place, geometry, _solid(colour) + line, "")


def text(identity: int, name: str, place: Place, words: str, *, size: int, bold=False, link="", align="ctr") -> str:
    """A text without a frame, `size` in hundredths of a point; with `link` it shows that cell in Excel."""
    look = f'lang="en-US" sz="{size}" b="{int(bold)}"'
    run = f'<a:rPr {look}>{_solid("262626")}<a:latin typeface="Calibri"/></a:rPr>'
    written = f"<a:t>{escape(words)}</a:t>"
    content = (
        f'<a:fld id="{{B8ADDEFE-BF52-4FD4-8C5D-{identity:012X}}}" type="TxLink">{run}<a:pPr/>{written}</a:fld>'
        if link
        else f"<a:r>{run}{written}</a:r>"
    )
    paragraph = f'<a:p><a:pPr algn="{align}"/>{content}</a:p>'
    return _shape(identity, name, place, "rect", "<a:noFill/><a:ln><a:noFill/></a:ln>", paragraph, link=link)


def arrow(identity: int, name: str, start: tuple[int, int], end: tuple[int, int]) -> str:
    """A line with an arrow head from left to right."""
    (x, y), (to_x, to_y) = start, end
    flip = ' flipV="1"' if to_y < y else ""
    place = _box(x, min(y, to_y), to_x - x, abs(to_y - y))
    return (
        f'<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="{identity}" name={quoteattr(name)}/><xdr:cNvSpPr/>'
        f"</xdr:nvSpPr><xdr:spPr><a:xfrm{flip}>{place}</a:xfrm>"
        f'<a:prstGeom prst="line"><a:avLst/></a:prstGeom><a:ln w="12700">{_solid("8C8C8C")}'
        f'<a:tailEnd type="triangle" w="sm" len="med"/></a:ln></xdr:spPr></xdr:sp>'
    )


def _shape(identity: int, name: str, place: Place, geometry: str, look: str, paragraph: str, *, link: str = "") -> str:
    textlink = absolute(link) if link else ""
    body = '<a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" rtlCol="0" anchor="ctr"/><a:lstStyle/>'
    is_text = ' txBox="1"' if paragraph else ""
    return (
        f'<xdr:sp macro="" textlink="{textlink}"><xdr:nvSpPr><xdr:cNvPr id="{identity}" name={quoteattr(name)}/>'
        f"<xdr:cNvSpPr{is_text}/></xdr:nvSpPr><xdr:spPr><a:xfrm>{_box(*place)}</a:xfrm>"
        f'<a:prstGeom prst="{geometry}"><a:avLst/></a:prstGeom>{look}</xdr:spPr>'
        f"<xdr:txBody>{body}{paragraph or '<a:p/>'}</xdr:txBody></xdr:sp>"
    )


def _solid(colour: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'


def _corner(column: int, row: int) -> str:
    return f"<xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{row}</xdr:row><xdr:rowOff>0</xdr:rowOff>"


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<a:off x="{x * EMU}" y="{y * EMU}"/><a:ext cx="{width * EMU}" cy="{height * EMU}"/>'
