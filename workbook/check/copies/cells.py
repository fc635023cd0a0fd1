"""Changing single cells in a sheet's XML: every other byte of its rows stays as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, unescape

from lxml import etree
from openpyxl.utils import range_boundaries

from workbook.check.read.reader import column_of
from workbook.parts.opc import OFFICE
from workbook.parts.references import a1

KEEP = object()
"""The value that says: leave the stored value as it is."""

# What may follow the cells' other annexes in a sheet; comments' drawings come before these.
_AFTER_COMMENTS = (
    *(b"legacyDrawingHF", b"drawingHF", b"picture", b"oleObjects", b"controls", b"webPublishItems"),
    *(b"tableParts", b"extLst", b"AlternateContent"),
)

_DATA = re.compile(rb"<((?:[\w.-]+:)?)sheetData(?:\s[^>]*?)?(/>|>)")
_ROW = re.compile(rb"<(?:[\w.-]+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:[\w.-]+:)?row>)", re.DOTALL)
_CELL = re.compile(rb"<(?:[\w.-]+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:[\w.-]+:)?c>)", re.DOTALL)
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?f>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:[\w.-]+:)?v\b[^>]*?(?:/>|>.*?</(?:[\w.-]+:)?v>)", re.DOTALL)
_TAG = re.compile(rb"""<(/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+\d+)""")
_MERGED = re.compile(rb"""<(?:[\w.-]+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Za-z0-9:$]+)""")
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")


@dataclass(frozen=True)
class Change:
    """What becomes of a cell. `style` gives its new format from the old one, `formula` its new formula (None: as it
    was), `value` its stored value (None: none)."""

    style: Callable[[int], int] | None = None
    formula: str | None = None
    value: object = KEEP


def change_cells(xml: bytes, changes: dict[tuple[int, int], Change]) -> bytes:
    """The sheet with those cells changed; cells and rows that are missing are added. Keys are (row, column) from 1."""
    head, prefix, rows, tail = _split(xml)
    by_row: dict[int, dict[int, Change]] = {}
    for (row, column), change in changes.items():
        by_row.setdefault(row, {})[column] = change
    return b"".join([head, *_rows(rows, by_row, prefix), tail])


def with_element(xml: bytes, name: str, relation: str) -> bytes:
    """The sheet with an element such as `legacyDrawing` that refers to a relation, at its place after the cells."""
    head, prefix, rows, tail = _split(xml)
    depth, at = 0, tail.rindex(b"</")
    for match in _TAG.finditer(tail, tail.index(b">") + 1):
        closing, tag_name, _, empty = match.groups()
        if depth == 0 and not closing and tag_name.rpartition(b":")[2] in _AFTER_COMMENTS:
            at = match.start()
            break
        depth += (not empty and not closing) - bool(closing)
    element = b'<%s%s xmlns:r="%s" r:id="%s"/>' % (prefix, name.encode(), OFFICE.encode(), relation.encode())
    return b"".join([head, rows, tail[:at], element, tail[at:]])


@dataclass(frozen=True)
class Joint:
    """A formula that stands in several cells at once: an array, a data table, or one text shared by copies."""

    kind: str  # shared, array or dataTable
    row: int
    column: int
    text: str
    cells: list[tuple[int, int]]

    @property
    def data_table(self) -> bool:
        """Whether Excel's what-if table computes it."""
        return self.kind == "dataTable"

    @property
    def range(self) -> str:
        """Its cells, from the first to the last."""
        return f"{a1(*min(self.cells))}:{a1(*max(self.cells))}"


@dataclass(frozen=True)
class Bonds:
    """What binds a sheet's cells together."""

    shared: list[Joint]
    arrays: list[Joint]  # data tables too; an array in one cell only is no bond
    merged: list[tuple[int, int, int, int]]  # first row, first column, last row, last column

    def hidden_under(self, row: int, column: int) -> str | None:
        """The merged range that hides the cell; its first cell is the one that shows."""
        for top, left, bottom, right in self.merged:
            if top <= row <= bottom and left <= column <= right and (row, column) != (top, left):
                return f"{a1(top, left)}:{a1(bottom, right)}"
        return None


def bonds_of(xml: bytes) -> Bonds:
    """The sheet's shared formulas, arrays and merged cells."""
    shared: dict[bytes, Joint] = {}
    arrays = []
    _, _, rows, tail = _split(xml)
    for row, column, _, inner in _walk(rows):
        found = _FORMULA.search(inner) if b"t=" in inner else None
        if found is None:
            continue
        start = found[0].index(b">")
        attributes = _attributes(found[0][:start])
        text = unescape(found[0][start + 1 : found[0].rfind(b"</")].decode()) if found[0][-2:] != b"/>" else ""
        kind, area = attributes.get(b"t", b"").decode(), attributes.get(b"ref", b"").decode()
        if kind == "shared":
            group = shared.setdefault(attributes.get(b"si", b""), Joint(kind, row, column, text, []))
            group.cells.append((row, column))
        elif kind == "dataTable" or (kind == "array" and ":" in area):
            left, top, right, bottom = range_boundaries(area or a1(row, column))
            cells = [(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)]
            arrays.append(Joint(kind, row, column, text, cells))
    merged = []
    for match in _MERGED.finditer(tail):
        left, top, right, bottom = range_boundaries(match[1].decode())
        merged.append((top, left, bottom, right))
    return Bonds(list(shared.values()), arrays, merged)


def _walk(rows: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Each cell: row, column, its attributes, its content."""
    row = 0
    for match in _ROW.finditer(rows):
        row = int(_attributes(match[1]).get(b"r", row + 1))
        column = 0
        for cell in _CELL.finditer(match[2] or b""):
            place = _PLACE.search(cell[1])
            column = column_of(place[1].decode()) if place else column + 1
            yield row, column, cell[1], cell[2] or b""


def _split(xml: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The sheet's XML up to its rows, the tags' prefix, the rows, and the rest."""
    if not _is_plain(xml):
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, strip_cdata=True)
        xml = etree.tostring(etree.fromstring(xml, parser), xml_declaration=True, encoding="UTF-8", standalone=True)
    start = _DATA.search(xml)
    if start is None:
        raise ValueError("the sheet has no cells")
    prefix = start[1]
    if start[2] == b"/>":
        opening = start[0][:-2].rstrip() + b">"
        return xml[: start.start()] + opening, prefix, b"", b"</" + prefix + b"sheetData>" + xml[start.end() :]
    end = xml.index(b"</" + prefix + b"sheetData", start.end())
    return xml[: start.end()], prefix, xml[start.end() : end], xml[end:]


def _is_plain(xml: bytes) -> bool:
    """Whether the text can be edited as it is: UTF-8, without comments, CDATA and document types."""
    declaration = re.match(rb"\s*(?:\xef\xbb\xbf)?<\?xml[^>]*encoding=[\"']([\w-]+)", xml)
    utf8 = declaration is None or declaration[1].lower() in (b"utf-8", b"us-ascii", b"ascii")
    return utf8 and xml[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"<!" not in xml


def _rows(rows: bytes, changes: dict[int, dict[int, Change]], prefix: bytes) -> Iterator[bytes]:
    waiting, at, number = sorted(changes), 0, 0
    for match in _ROW.finditer(rows):
        attributes = _attributes(match[1])
        number = int(attributes.get(b"r", number + 1))
        if not waiting or waiting[0] > number:
            continue
        yield rows[at : match.start()]
        at = match.end()
        while waiting and waiting[0] < number:
            yield _new_row(waiting[0], changes[waiting.pop(0)], prefix)
        if waiting and waiting[0] == number:
            start = match[0][: match[0].index(match[1]) + len(match[1])] if match[1] else b"<" + prefix + b"row"
            inner = b"".join(_cells(match[2] or b"", number, changes[waiting.pop(0)], prefix))
            yield start.rstrip() + b">" + inner + b"</" + prefix + b"row>"
        else:
            yield match[0]
    yield rows[at:]
    for number in waiting:
        yield _new_row(number, changes[number], prefix)


def _new_row(number: int, changes: dict[int, Change], prefix: bytes) -> bytes:
    inner = b"".join(_cells(b"", number, changes, prefix))
    return b'<%srow r="%d">%s</%srow>' % (prefix, number, inner, prefix)


def _cells(cells: bytes, row: int, changes: dict[int, Change], prefix: bytes) -> Iterator[bytes]:
    waiting, at, column = sorted(changes), 0, 0
    for match in _CELL.finditer(cells):
        attributes = _attributes(match[1])
        place = attributes.get(b"r")
        column = column_of(place.decode()) if place else column + 1
        if not waiting or waiting[0] > column:
            continue
        yield cells[at : match.start()]
        at = match.end()
        while waiting and waiting[0] < column:
            yield _cell(row, waiting[0], {}, b"", changes[waiting.pop(0)], prefix)
        if waiting and waiting[0] == column:
            yield _cell(row, column, attributes, match[2] or b"", changes[waiting.pop(0)], prefix)
        else:
            yield match[0]
    yield cells[at:]
    for column in waiting:
        yield _cell(row, column, {}, b"", changes[column], prefix)


def _cell(row: int, column: int, attributes: dict[bytes, bytes], inner: bytes, change: Change, prefix: bytes) -> bytes:
    attributes = {b"r": a1(row, column).encode()} | attributes
    if change.style is not None:
        old = attributes.get(b"s", b"0")
        attributes[b"s"] = b"%d" % change.style(int(old) if old.isdigit() else 0)
    if change.formula is not None or change.value is not KEEP:
        found, held = _FORMULA.search(inner), _VALUE.search(inner)
        formula = found[0] if found else b""
        if change.formula is not None:
            formula = b"<%sf>%s</%sf>" % (prefix, escape(change.formula).encode(), prefix)
        kind, stored = attributes.get(b"t", b""), held[0] if held else b""
        if change.value is not KEEP:
            kind, text = _stored(change.value)
            stored = b"<%sv>%s</%sv>" % (prefix, text, prefix) if text else b""
        attributes = {name: value for name, value in attributes.items() if name not in (b"t", b"cm", b"vm")}
        if kind:
            attributes[b"t"] = kind
        inner = formula + stored
    written = b"".join(b' %s="%s"' % (name, value) for name, value in attributes.items())
    return b"<%sc%s>%s</%sc>" % (prefix, written, inner, prefix) if inner else b"<%sc%s/>" % (prefix, written)


def _stored(value: object) -> tuple[bytes, bytes]:
    """A value's type mark and text."""
    match value:
        case bool():
            return b"b", b"%d" % value
        case int() | float():
            return b"", repr(float(value)).encode()
        case str():
            return b"str", escape(value).encode()
    return b"", b""


def _attributes(text: bytes) -> dict[bytes, bytes]:
    return {name: value[1:-1] for name, value in _ATTRIBUTE.findall(text)}
