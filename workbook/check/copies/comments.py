"""Comments put into an existing workbook: its own stay, and a cell that has one gains the text."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from lxml import etree

from workbook.check.copies.cells import with_element
from workbook.parts import vml
from workbook.parts.opc import MAIN, Package, tag
from workbook.parts.references import a1

AUTHOR = "gradsheet check"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_NOTE = vml.shape_type(202, 'gradientshapeok="t"')


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
