"""How a workbook proves that gradsheet wrote it and that nobody changed it since.

Three kinds of properties of the file, in docProps/custom.xml, which Excel, LibreOffice and openpyxl keep:

    gradsheet digest         over the names and bytes of all other parts, and over the other properties
    gradsheet formulas       what the cells hold, one of page.FORMULAS
    gradsheet sheet NAME     over the contents of that sheet of a training run, which a later run may renew

A program that saves the file writes every part in its own way, so the first then no longer fits; the last one does, as
long as the sheet's cells are the same.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import coordinate_to_tuple

PART = "docProps/custom.xml"
DIGEST, FORMULAS, SHEET = "gradsheet digest", "gradsheet formulas", "gradsheet sheet "
NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_FIRST_ID = 2  # of a property; the smaller ones are reserved
_MOST = 2**20  # bytes of a properties part worth reading
_CHUNK = 2**20


class PartsDigest:
    """The digest over a package's parts, which may come in any order."""

    def __init__(self):
        """No part yet."""
        self._parts: list[str] = []

    def passing(self, part: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The part's chunks, unchanged, on their way to somewhere."""
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
            yield chunk
        self._parts.append(f"{digest.hexdigest()} {part}")

    def stamp(self, properties: Mapping[str, str]) -> dict[str, str]:
        """The properties with the digest over all of it."""
        others = {name: value for name, value in properties.items() if name != DIGEST}
        lines = sorted(self._parts) + sorted(f"{name}={value}" for name, value in others.items())
        return {DIGEST: hashlib.sha256("\n".join(lines).encode()).hexdigest(), **others}


def properties_part(properties: Mapping[str, str]) -> bytes:
    """The part that holds these properties and nothing else."""
    written = "".join(
        f'<property fmtid="{FORMAT_ID}" pid="{k}" name={quoteattr(name)}>'
        f"<vt:lpwstr>{escape(value)}</vt:lpwstr></property>"
        for k, (name, value) in enumerate(properties.items(), start=_FIRST_ID)
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<Properties xmlns="{NAMESPACE}" xmlns:vt="{TYPES}">{written}</Properties>'.encode()


def read_properties(content: bytes) -> dict[str, str]:
    """The text properties in such a part, whoever wrote it."""
    if len(content) > _MOST or b"<!DOCTYPE" in content:
        raise ValueError("these are no properties of a workbook")
    found = {}
    for item in ET.fromstring(content).iter(f"{{{NAMESPACE}}}property"):
        found[item.get("name", "")] = item.findtext(f"{{{TYPES}}}lpwstr") or ""
    return found


def set_property(properties, name: str, value: str) -> None:
    """Set a text property in such a part's tree (lxml's), whoever wrote it."""
    item = next((p for p in properties if p.get("name") == name), None)
    if item is None:
        number = max([_FIRST_ID - 1, *(int(p.get("pid", 0)) for p in properties)]) + 1
        attributes = {"fmtid": FORMAT_ID, "pid": str(number), "name": name}
        item = properties.makeelement(f"{{{NAMESPACE}}}property", attributes)
        properties.append(item)
    for old in list(item):
        item.remove(old)
    text = item.makeelement(f"{{{TYPES}}}lpwstr", {})
    text.text = value
    item.append(text)


def properties_of(archive: zipfile.ZipFile) -> dict[str, str]:
    """The text properties of an open package, none where it has no such part."""
    if PART not in archive.NameToInfo:
        return {}
    with archive.open(PART) as file:
        return read_properties(file.read(_MOST + 1))


def is_untouched(archive: zipfile.ZipFile) -> bool:
    """Whether an open package is byte for byte, part for part, what gradsheet wrote."""
    parts, names = PartsDigest(), archive.namelist()
    if names.count(PART) != 1:
        return False
    for info in archive.infolist():
        if info.filename != PART:
            with archive.open(info) as file:
                for _ in parts.passing(info.filename, iter(lambda: file.read(_CHUNK), b"")):
                    pass
    properties = properties_of(archive)
    return archive.read(PART) == properties_part(parts.stamp(properties))


def sheet_proof(cells: Iterable[tuple[str, str]], drawn: int, free: str = "") -> str:
    """The proof of a sheet with these cells (reference, content) and so many things drawn on it.

    Cells in the ranges `free` (with spaces between) are the user's to change.
    """
    return f"{_cells_digest(cells, free)} {drawn} {free}".strip()


def is_unchanged(written: str, cells: Iterable[tuple[str, str]], drawn: int) -> bool:
    """Whether a sheet still holds what its proof says. Pictures may be missing: some programs lose them."""
    proof = re.fullmatch(r"(\w*) ?(\d*) ?(.*)", written)
    if proof is None:  # a text of several lines: somebody else's
        return False
    digest, count, free = proof.groups()
    return drawn <= int(count or 0) and digest == _cells_digest(cells, free)


def _cells_digest(cells: Iterable[tuple[str, str]], free: str) -> str:
    is_free = _within(free.split())
    lines = sorted(f"{ref}={content}" for ref, content in cells if not is_free(ref))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _within(ranges: Iterable[str]) -> Callable[[str], bool]:
    """Whether a cell is in one of the ranges."""
    boundaries = [range_boundaries(cells) for cells in ranges]

    def found(ref: str) -> bool:
        row, column = coordinate_to_tuple(ref)
        return any(left <= column <= right and top <= row <= bottom for left, top, right, bottom in boundaries)

    return found


def contents(sheet, strings: list[str]) -> Iterator[tuple[str, str]]:
    """A sheet's cells that hold something, as `sheet_proof` compares them; works for lxml's elements too.

    Numbers count to six digits and formulas by their text, since each program writes them in its own way; their values
    don't count, since a program without Python has others.
    """
    main = sheet.tag.removesuffix("worksheet")
    formulas = sheet.iter(f"{main}f")
    is_result = _within(f.get("ref") for f in formulas if f.get("t") == "array" and f.get("ref"))
    for cell in sheet.iter(f"{main}c"):
        content = _content(cell, main, strings)
        if content and (content.startswith("=") or not is_result(cell.get("r"))):
            yield cell.get("r"), content


def _content(cell: ET.Element, main: str, strings: list[str]) -> str:
    formula, written, kind = cell.find(f"{main}f"), cell.findtext(f"{main}v"), cell.get("t", "n")
    if formula is not None:
        return f"={re.sub(r'_xlfn[.]|[$ ]', '', formula.text or '').upper()}"
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{main}t")).strip()
    if not written:
        return ""
    if kind == "s":
        return strings[int(written)].strip()
    return f"{float(written):.6g}" if kind == "n" else written.strip()
