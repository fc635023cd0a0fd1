"""Cell formats put into an existing workbook: its own stay, a few are added."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from workbook.parts.opc import MAIN, Package, tag

FAULT_COLOUR, NOTE_COLOUR, MENDED_COLOUR = "FFFFC7CE", "FFFFEB9C", "FFC6EFCE"
"""Excel's own Bad, Neutral and Good."""

_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_PLAIN = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs></styleSheet>'
)
# The order of a style sheet's lists.
_LISTS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")


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
