"""Colours and comments put into an existing workbook: its formats and comments stay, new ones are added."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.sax.saxutils import escape

from lxml import etree

from workbook.check.copies.cells import with_element
from workbook.parts import vml
from workbook.parts.opc import MAIN, Package, tag
from workbook.parts.references import a1

FAULT_COLOUR, NOTE_COLOUR, MENDED_COLOUR = "FFFFC7CE", "FFFFEB9C", "FFC6EFCE"
"""Excel's own Bad, Neutral and Good."""

AUTHOR = "gradsheet check"
_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_PLAIN = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>'
)
# The order of a style sheet's lists.
_LISTS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")
_NOTE = vml.shape_type(202, 'gradientshapeok="t"')


class Formats:
    """The workbook's cell formats, with the few that are added to them."""

    def __init__(self, package: Package):
        """Read the style sheet of the package, or begin one."""
        self.package = package
        self.part = package.related(package.main(), "styles")
        self.root = package.xml(self.part) if self.part else etree.fromstring(_PLAIN)
        self.known: dict[tuple, int] = {}

    def shaded(self, old: int, colour: str) -> int:
        """The format that looks like `old` on that background."""
        if ("shaded", old, colour) not in self.known:
            formats = self._list("cellXfs")
            usable = 0 <= old < len(formats)
            copy = etree.fromstring(etree.tostring(formats[old])) if usable else self._blank()
            copy.set("fillId", str(self._fill(colour)))
            copy.set("applyFill", "1")
            self.known["shaded", old, colour] = self._append("cellXfs", copy)
        return self.known["shaded", old, colour]

    def shading(self, colour: str) -> Callable[[int], int]:
        """What `shaded` does, as a change of any cell's format."""
        return lambda old: self.shaded(old, colour)

    def own(self, *, bold: bool = False, link: bool = False, size: int = 11, colour: str | None = None) -> int:
        """A format of our own: text at the top, wrapped."""
        key = ("own", bold, link, size, colour)
        if key not in self.known:
            font = etree.Element(tag("font"))
            for name, wanted in (("b", bold), ("u", link)):
                if wanted:
                    etree.SubElement(font, tag(name))
            etree.SubElement(font, tag("sz"), val=str(size))
            etree.SubElement(font, tag("color"), rgb="FF0563C1" if link else "FF000000")
            etree.SubElement(font, tag("name"), val="Calibri")
            made = self._blank()
            made.set("fontId", str(self._append("fonts", font)))
            made.set("applyFont", "1")
            if colour:
                made.set("fillId", str(self._fill(colour)))
                made.set("applyFill", "1")
            made.set("applyAlignment", "1")
            etree.SubElement(
                made, tag("alignment"), horizontal="left", vertical="top", wrapText="0" if size > 11 else "1"
            )
            self.known[key] = self._append("cellXfs", made)
        return self.known[key]

    def save(self) -> None:
        """Put the style sheet back."""
        if self.part is None:
            self.part = "xl/styles.xml"  # the name by which openpyxl looks for it
            self.package.relate(self.package.main(), self.part, "styles")
            self.package.add(self.part, b"", _STYLES_TYPE)
        self.package.write_xml(self.part, self.root)

    def _blank(self) -> etree._Element:
        return etree.Element(tag("xf"), numFmtId="0", fontId="0", fillId="0", borderId="0", xfId="0")

    def _fill(self, colour: str) -> int:
        if ("fill", colour) not in self.known:
            fill = etree.Element(tag("fill"))
            pattern = etree.SubElement(fill, tag("patternFill"), patternType="solid")
            etree.SubElement(pattern, tag("fgColor"), rgb=colour)
            etree.SubElement(pattern, tag("bgColor"), indexed="64")
            self.known["fill", colour] = self._append("fills", fill)
        return self.known["fill", colour]

    def _list(self, name: str) -> etree._Element:
        found = self.root.find(tag(name))
        if found is None:
            found = etree.Element(tag(name))
            before = {tag(other) for other in _LISTS[: _LISTS.index(name)]}
            self.root.insert(sum(1 for child in self.root if child.tag in before), found)
        return found

    def _append(self, name: str, element: etree._Element) -> int:
        items = self._list(name)
        items.append(element)
        items.set("count", str(len(items)))
        return len(items) - 1


def add_comments(package: Package, sheet: str, comments: dict[tuple[int, int], str]) -> None:
    """Put a comment on each of these cells of the sheet's part; one that stands there already gains the text."""
    part = package.related(sheet, "comments")
    root = package.xml(part) if part else etree.Element(tag("comments"), nsmap={None: MAIN})
    authors = root.find(tag("authors"))
    if authors is None:
        authors = etree.Element(tag("authors"))
        root.insert(0, authors)
    etree.SubElement(authors, tag("author")).text = AUTHOR
    listed = root.find(tag("commentList"))
    if listed is None:
        listed = etree.SubElement(root, tag("commentList"))
    old = {comment.get("ref"): comment for comment in listed}
    fresh = []
    for (row, column), text in sorted(comments.items()):
        comment = old.get(a1(row, column))
        if comment is None:
            comment = etree.SubElement(listed, tag("comment"), ref=a1(row, column), authorId=str(len(authors) - 1))
            fresh.append((row, column, text))
        else:
            text = f"\n\n{text}"
        holder = comment.find(tag("text"))
        if holder is None:
            holder = etree.SubElement(comment, tag("text"))
        run = etree.SubElement(holder, tag("r"))
        words = etree.SubElement(run, tag("t"))
        words.text = text
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    if part is None:
        part = package.free("xl/comments{}.xml")
        package.add(part, b"", _COMMENTS_TYPE)
        package.relate(sheet, part, "comments")
    package.write_xml(part, root)
    _add_shapes(package, sheet, fresh)


def _add_shapes(package: Package, sheet: str, places: list[tuple[int, int, str]]) -> None:
    """The notes' boxes: without them Excel shows no comment."""
    part = _legacy_drawing(package, sheet)
    if part is None:
        part = package.free("xl/drawings/vmlDrawing{}.vml")
        package.declare("vml", vml.CONTENT_TYPE)
        package.write(part, vml.document(1, _NOTE))
        relation = package.relate(sheet, part, "vmlDrawing")
        package.write(sheet, with_element(package.read(sheet), "legacyDrawing", relation))
    text = package.read(part).decode("utf-8", "surrogateescape")
    taken = [int(number) for number in re.findall(r'id="_x0000_s(\d+)"', text)]
    number = max([1024, *taken])
    shapes = "" if "_x0000_t202" in text else _NOTE
    for row, column, words in places:
        number += 1
        shapes += _shape(number, row, column, words)
    end = text.rindex("</xml>")
    package.write(part, (text[:end] + shapes + text[end:]).encode("utf-8", "surrogateescape"))


def _legacy_drawing(package: Package, sheet: str) -> str | None:
    """The VML part that the sheet's `legacyDrawing` names: a sheet may have another for its page header."""
    tail = package.read(sheet).rpartition(b"sheetData")[2]
    found = re.search(rb"<(?:[\w.-]+:)?legacyDrawing\s[^>]*?:id=[\"']([^\"']+)", tail)
    if found is None:
        return None
    return package.target(sheet, found[1].decode())


def _shape(number: int, row: int, column: int, text: str) -> str:
    lines = sum(1 + len(line) // 42 for line in text.splitlines())
    top, height = max(0, row - 2), min(14, lines + 1)
    anchor = f"{column}, 15, {top}, 4, {column + 5}, 15, {top + height}, 4"
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" fillcolor="#ffffe1" o:insetmode="auto" '
        'style="position:absolute;margin-left:60pt;margin-top:2pt;width:240pt;height:120pt;z-index:1;visibility:hidden">'
        '<v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{escape(anchor)}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{column - 1}</x:Column>"
        "</x:ClientData></v:shape>"
    )
