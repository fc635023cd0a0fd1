"""Cell formats of one workbook added to another one's style sheet, whose own formats keep their numbers."""

from __future__ import annotations

from lxml import etree

from workbook.check.copies.formats import Formats
from workbook.parts.opc import Package, tag

# What a cell format refers to: its attribute, the list that the attribute counts in.
_PARTS = (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders"))
_FIRST_NUMBER_FORMAT = 164  # the smaller ones are built in


class AdoptedStyles(Formats):
    """The style sheet of a package that takes over the formats of another package's sheets."""

    def __init__(self, package: Package, source: Package):
        """Read both style sheets."""
        super().__init__(package)
        self.source = Formats(source)
        self._places: dict[str, dict[bytes, int]] = {}
        self._names = {s.get("name"): s.get("xfId") for s in self._list("cellStyles")}

    def adopt(self, style: int) -> int:
        """The number that the source's cell format has in this package."""
        if ("adopted", style) not in self.known:
            xf = self._adapted(self.source._list("cellXfs")[style])
            xf.set("xfId", self._named(int(xf.get("xfId", "0"))))
            self.known["adopted", style] = self._place("cellXfs", xf)
        return self.known["adopted", style]

    def adopt_difference(self, style: int) -> int:
        """The same for what a conditional format lays over a cell."""
        return self._place("dxfs", _copy(self.source._list("dxfs")[style]))

    def _adapted(self, xf: etree._Element) -> etree._Element:
        """A copy of a format with its font, fill, border and number format added, or found where they are equal."""
        copy = _copy(xf)
        for attribute, items in _PARTS:
            part = self.source._list(items)[int(xf.get(attribute, "0"))]
            copy.set(attribute, str(self._place(items, _copy(part))))
            copy.set(f"apply{attribute.removesuffix('Id').capitalize()}", "1")
        copy.set("applyNumberFormat", "1")
        copy.set("numFmtId", self._number_format(xf.get("numFmtId", "0")))
        return copy

    def _number_format(self, number: str) -> str:
        if int(number) < _FIRST_NUMBER_FORMAT:
            return number
        code = next(f.get("formatCode") for f in self.source._list("numFmts") if f.get("numFmtId") == number)
        ours = self._list("numFmts")
        equal = next((f.get("numFmtId") for f in ours if f.get("formatCode") == code), None)
        if equal is None:
            equal = str(max([_FIRST_NUMBER_FORMAT - 1, *(int(f.get("numFmtId")) for f in ours)]) + 1)
            self._append("numFmts", etree.Element(tag("numFmt"), numFmtId=equal, formatCode=code))
        return equal

    def _named(self, xf_id: int) -> str:
        """The named style behind a format: the package's own of that name, or the source's, added."""
        style = next((s for s in self.source._list("cellStyles") if int(s.get("xfId")) == xf_id), None)
        if style is None:
            return "0"
        name = style.get("name")
        if name not in self._names:
            number = self._place("cellStyleXfs", self._adapted(self.source._list("cellStyleXfs")[xf_id]), new=True)
            added = _copy(style)
            added.set("xfId", str(number))
            self._append("cellStyles", added)
            self._names[name] = str(number)
        return self._names[name]

    def _place(self, items: str, element: etree._Element, *, new: bool = False) -> int:
        """Where the list has an equal element; it is appended where there is none, or with `new` in any case."""
        if items not in self._places:
            self._places[items] = {}
            for k, existing in enumerate(self._list(items)):
                self._places[items].setdefault(_canonical(existing), k)
        key = _canonical(element)
        if new or key not in self._places[items]:
            self._places[items][key] = self._append(items, element)
        return self._places[items][key]


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(_copy(element), method="c14n", exclusive=True)
