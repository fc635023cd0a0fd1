"""From openpyxl's workbook to the finished file: cached values, table rows, shapes, and the same bytes every time.

openpyxl writes a formula without its value, knows no shapes and stamps the time; so its package is taken apart and put
together again. Every part is written in canonical XML (C14N), which makes the bytes independent of whether lxml is
installed.
"""

import errno
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import BinaryIO

from lxml.etree import SerialisationError
from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty

from workbook.existing import proof
from workbook.macros import controls
from workbook.parts import spilled
from workbook.parts.page import NOT_AVAILABLE, Page, Value

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SHARED_STRINGS = "xl/sharedStrings.xml"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FONT_ORDER = ("b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz", "color", "name")
ROWS_AT_ONCE = 256

# The usual prefixes: openpyxl registers them only where lxml is absent.
_PREFIXES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dc": "http://purl.org/dc/elements/1.1/",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "vt": "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    "xdr": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
}
for _prefix, _namespace in _PREFIXES.items():
    ET.register_namespace(_prefix, _namespace)


def write(
    book: Workbook,
    pages: list[Page],
    file: BinaryIO,
    on_rows: Callable[[int], None],
    *,
    formulas: str,
    run_sheets: Mapping[str, str],
    vba_project: bytes | None = None,
) -> None:
    """Write the workbook with everything the pages add to it. The same input gives the same bytes.

    `on_rows` hears how many streamed rows were just written; `vba_project` makes it a macro-enabled workbook;
    `formulas` (see Page) and the sheets of a run, with their free cells, go into its proof, see `existing.proof`.
    """
    book.custom_doc_props.append(StringProperty(name=proof.DIGEST, value=""))  # so that openpyxl declares the part
    properties = {proof.FORMULAS: formulas}
    digest = proof.PartsDigest()
    plain = io.BytesIO()
    try:
        book.save(plain)
    except SerialisationError as error:  # lxml's word for a disk that takes no more of openpyxl's temporary files
        raise OSError(errno.ENOSPC, f"a temporary file can't be written ({error})") from error
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        by_sheet = {f"xl/worksheets/sheet{k}.xml": page for k, page in enumerate(pages, start=1)}
        by_drawing = {_drawing_of(source, part): page for part, page in by_sheet.items() if page.shapes}
        button_places = {_relations_of(f"xl/worksheets/sheet{k}.xml"): k for k, p in enumerate(pages, 1) if p.buttons}
        strings: dict[str, int] = {}
        spills = any(page.dynamic for page in pages)

        def add(part: str, chunks: Iterable[bytes]) -> None:
            _add(target, part, digest.passing(part, chunks))

        for part in source.namelist():
            content = source.read(part)
            if part == proof.PART:
                continue
            if part in by_sheet:
                page = by_sheet[part]
                name = page.sheet.title
                if name in run_sheets:
                    properties[proof.SHEET + name] = _sheet_proof(content, page, run_sheets[name])
                chunks: Iterable[bytes] = _sheet(content, page, strings, on_rows)
            elif part.endswith((".xml", ".rels")):
                root = _mended(part, ET.fromstring(content), by_drawing.get(part))
                if part in button_places:
                    controls.add_button_relation(root, button_places[part])
                if vba_project:
                    controls.add_macros(part, root)
                if spills:
                    spilled.declare(part, root)
                chunks = [_canonical(root)]
            else:
                chunks = [content]
            add(part, chunks)
        add(SHARED_STRINGS, [_canonical(_string_table(strings))])
        if spills:
            add(spilled.METADATA, [spilled.METADATA_PART])
        for place in button_places.values():
            add(controls.vml_part(place), [controls.vml(pages[place - 1].buttons, place)])
        if vba_project:
            add(controls.VBA_PART, [vba_project])
        _add(target, proof.PART, [proof.properties_part(digest.stamp(properties))])


def _sheet_proof(content: bytes, page: Page, free: str) -> str:
    """A sheet's proof, from its XML as openpyxl wrote it."""
    root = ET.fromstring(content)
    for cell in root.iter(f"{MAIN}c"):
        if cell.attrib["r"] in page.cached:
            _cache(cell, page.cached[cell.attrib["r"]])
    drawn = len(page.sheet._charts) + len(page.sheet._images) + len(page.shapes)
    return proof.sheet_proof(proof.contents(root, []), drawn, free)


def _add(target: zipfile.ZipFile, part: str, chunks: Iterable[bytes]) -> None:
    info = zipfile.ZipInfo(part)  # dated 1980: the same bytes on any day
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # on Windows too
    info.external_attr = 0o644 << 16
    with target.open(info, "w", force_zip64=False) as out:
        for chunk in chunks:
            out.write(chunk)


def _drawing_of(source: zipfile.ZipFile, sheet: str) -> str:
    """The drawing part of a sheet. Every sheet with shapes has a chart, so openpyxl wrote one."""
    relations = ET.fromstring(source.read(_relations_of(sheet)))
    targets = [r.attrib["Target"] for r in relations if r.attrib["Type"].endswith("/drawing")]
    return targets[0].removeprefix("/")


def _relations_of(sheet: str) -> str:
    """The part with a sheet's relations to others. Every sheet with buttons has a chart, and so has one."""
    folder, _, file = sheet.rpartition("/")
    return f"{folder}/_rels/{file}.rels"


def _canonical(root: ET.Element) -> bytes:
    """The part as canonical XML, its root's namespace as the default one: as Office writes it."""
    written = ET.tostring(root, encoding="unicode")
    relations = root.tag.endswith("}Relationships")
    prefix = re.match(r"<([\w-]+):", written)
    if prefix:
        # A "<" in a text or an attribute is escaped, so this finds tags only.
        written = re.sub(rf"(</?){prefix[1]}:", r"\1", written).replace(f"xmlns:{prefix[1]}=", "xmlns=", 1)
    canonical = ET.canonicalize(written)
    if relations:  # self-closed, as Office writes them: some readers look for that text
        canonical = canonical.replace("></Relationship>", "/>")
    return _DECLARATION + canonical.encode()


def _mended(part: str, root: ET.Element, page: Page | None) -> ET.Element:
    if part == "xl/styles.xml":
        for font in root.iter(f"{MAIN}font"):
            font[:] = sorted(font, key=lambda child: _rank(child.tag.removeprefix(MAIN)))
    if part == "[Content_Types].xml":
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        namespace = root.tag.removesuffix("Types")
        ET.SubElement(root, f"{namespace}Override", PartName=f"/{SHARED_STRINGS}", ContentType=kind)
    if part == "xl/_rels/workbook.xml.rels":
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        namespace = root.tag.removesuffix("Relationships")
        ET.SubElement(root, f"{namespace}Relationship", Id="rIdStrings", Type=kind, Target="sharedStrings.xml")
    if part == "docProps/core.xml":
        for child in [c for c in root if c.tag.endswith(("}created", "}modified"))]:
            root.remove(child)
    if page:
        for shape in page.shapes:
            root.append(ET.fromstring(shape))
    return root


def _rank(tag: str) -> int:
    """Where a font's child stands in the schema; openpyxl writes color before sz."""
    return _FONT_ORDER.index(tag) if tag in _FONT_ORDER else len(_FONT_ORDER)


def _sheet(content: bytes, page: Page, strings: dict[str, int], on_rows: Callable[[int], None]) -> Iterator[bytes]:
    """A sheet's XML with the cached values and, each in the place of its first row, the streamed rows."""
    root = ET.fromstring(content)
    for cell in root.iter(f"{MAIN}c"):
        if cell.get("t") == "inlineStr":
            _share(cell, strings)
        elif cell.attrib["r"] in page.cached:
            _cache(cell, page.cached[cell.attrib["r"]])
        if cell.get("r") in page.dynamic:
            spilled.mark(cell)
    if page.buttons:
        controls.add_buttons(root)
    streams = sorted(page.streams, key=lambda stream: stream.first)
    data, dimension = _child(root, "sheetData"), _child(root, "dimension")
    for stream in streams:
        _mark(data, stream.first)
        dimension.set("ref", _grown(dimension.attrib["ref"], stream.last))
    first, *others = _canonical(root).split(b"<streamed-rows></streamed-rows>")
    yield first
    for stream, behind in zip(streams, others, strict=True):
        for rows in _batched(stream.rows(), ROWS_AT_ONCE):
            yield "".join(rows).encode()
            on_rows(len(rows))
        yield behind


def _mark(data: ET.Element, first: int) -> None:
    """Put a marker where the stream's first row belongs, in place of the row if openpyxl wrote it for its formats."""
    numbers = [int(row.get("r", 0)) for row in data]  # a marker has none
    marker = ET.Element(f"{MAIN}streamed-rows")
    if first in numbers:
        data[numbers.index(first)] = marker
    else:
        data.insert(next((k for k, row in enumerate(numbers) if row > first), len(numbers)), marker)


def _child(element: ET.Element, name: str) -> ET.Element:
    """A child that openpyxl always writes."""
    child = element.find(f"{MAIN}{name}")
    assert child is not None, name
    return child


def _batched(rows: Iterable[str], size: int) -> Iterator[list[str]]:
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


def _share(cell: ET.Element, strings: dict[str, int]) -> None:
    """Move a cell's text into the shared strings, where Excel wants it."""
    inline = _child(cell, "is")
    text = "".join(t.text or "" for t in inline.iter(f"{MAIN}t"))
    cell.remove(inline)
    cell.set("t", "s")
    ET.SubElement(cell, f"{MAIN}v").text = str(strings.setdefault(text, len(strings)))


def _string_table(strings: dict[str, int]) -> ET.Element:
    table = ET.Element(f"{MAIN}sst", uniqueCount=str(len(strings)))
    for string in strings:
        text = ET.SubElement(ET.SubElement(table, f"{MAIN}si"), f"{MAIN}t")
        text.text = string
        if string != string.strip():
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return table


def _cache(cell: ET.Element, value: Value) -> None:
    """Put a cell's value into it, behind its formula if it has one, with its type."""
    for old in cell.findall(f"{MAIN}v"):
        cell.remove(old)
    if isinstance(value, bool):
        cell.set("t", "b")
    elif isinstance(value, str):
        cell.set("t", "e" if value == NOT_AVAILABLE else "str")
    else:
        cell.attrib.pop("t", None)
    written = ET.SubElement(cell, f"{MAIN}v")
    written.text = str(int(value)) if isinstance(value, bool) else value if isinstance(value, str) else repr(value)


def _grown(ref: str, last_row: int) -> str:
    first, _, last = ref.partition(":")
    letters = (last or first).rstrip("0123456789")
    row = int((last or first)[len(letters) :])
    return f"{first}:{letters}{max(row, last_row)}"
