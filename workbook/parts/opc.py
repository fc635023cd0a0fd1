"""A workbook's package taken apart and put together again: what isn't changed stays byte for byte what it was.

openpyxl's load and save would lose charts' details, pictures, macros and everything else that it doesn't know.
"""

from __future__ import annotations

import copy
import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from trainer.files import write_whole
from workbook.parts.zip_parts import MAX_TOTAL
from xlfuncs.errors import GradsheetError, NotAWorkbookError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_CONTENT_TYPES = "[Content_Types].xml"
_ENDINGS = {"macroEnabled.main": ".xlsm", "template.macroEnabledTemplate": ".xltm", "template.main": ".xltx"}


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside a damaged package into one sentence."""
    try:
        yield
    except GradsheetError:
        raise
    except (etree.XMLSyntaxError, KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise NotAWorkbookError(f"{path} is too damaged to be copied; save it again in Excel first.") from error


def tag(name: str) -> str:
    """An element of the spreadsheet's own namespace."""
    return f"{{{MAIN}}}{name}"


class Package:
    """The parts of a workbook file, by their names without a leading slash."""

    def __init__(self, path: Path, file: BinaryIO | None = None):
        """Read every part, from the open file where one is given. Raises NotAWorkbookError where that can't be done."""
        self.path = path
        self.changed: dict[str, bytes | None] = {}
        try:
            with zipfile.ZipFile(file or path) as archive:
                self.infos = archive.infolist()
                if sum(info.file_size for info in self.infos) > MAX_TOTAL:
                    raise NotAWorkbookError(f"{path} unpacks to too much data; that is no hand-made sheet.")
                self.contents = {info.filename: archive.read(info) for info in self.infos}
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise NotAWorkbookError(f"{path} is damaged; save it again or ask for another copy.") from error
        self.names = {info.filename.lstrip("/"): info.filename for info in self.infos}

    def __contains__(self, part: str) -> bool:
        """Whether there is such a part."""
        return self.changed.get(part, self.contents.get(self.names.get(part, ""))) is not None

    def read(self, part: str) -> bytes:
        """The part's content as it now is."""
        content = self.changed[part] if part in self.changed else self.contents[self.names[part]]
        if content is None:
            raise KeyError(part)
        return content

    def write(self, part: str, content: bytes) -> None:
        """Replace a part or add one, whose content type has to be declared."""
        self.changed[part] = content

    def xml(self, part: str) -> etree._Element:
        """The part as a tree."""
        return etree.fromstring(self.read(part), etree.XMLParser(resolve_entities=False, no_network=True))

    def write_xml(self, part: str, root: etree._Element) -> None:
        """Replace a part by a tree."""
        self.write(part, etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))

    def free(self, pattern: str) -> str:
        """The first free part name, such as xl/worksheets/sheet{}.xml."""
        taken = {name.casefold() for name in self.parts()}
        return next(name for k in range(1, 100_000) if (name := pattern.format(k)).casefold() not in taken)

    def add(self, part: str, content: bytes, content_type: str) -> None:
        """Add a part and declare its type."""
        root = self.xml(_CONTENT_TYPES)
        etree.SubElement(root, f"{{{TYPES}}}Override", PartName=f"/{part}", ContentType=content_type)
        self.write_xml(_CONTENT_TYPES, root)
        self.write(part, content)

    def declare(self, extension: str, content_type: str) -> None:
        """Declare the type of every part with that ending, unless it is declared."""
        root = self.xml(_CONTENT_TYPES)
        known = {(e.get("Extension") or "").casefold() for e in root.iter(f"{{{TYPES}}}Default")}
        if extension not in known:
            root.insert(0, etree.Element(f"{{{TYPES}}}Default", Extension=extension, ContentType=content_type))
            self.write_xml(_CONTENT_TYPES, root)

    def content_type(self, part: str) -> str:
        """The type of a part, its own or that of its ending; empty where none is declared."""
        root = self.xml(_CONTENT_TYPES)
        own = {e.get("PartName", "").lstrip("/"): e.get("ContentType") for e in root.iter(f"{{{TYPES}}}Override")}
        endings = {e.get("Extension", "").casefold(): e.get("ContentType") for e in root.iter(f"{{{TYPES}}}Default")}
        return own.get(part) or endings.get(part.rpartition(".")[2].casefold(), "")

    def parts(self) -> list[str]:
        """The names of all parts as they now are, in their order."""
        return [part for part in dict.fromkeys((*self.names, *self.changed)) if part in self]

    def remove(self, part: str) -> None:
        """Take a part out, with its type."""
        self.changed[part] = None
        root = self.xml(_CONTENT_TYPES)
        for element in [e for e in root.iter(f"{{{TYPES}}}Override") if e.get("PartName", "").lstrip("/") == part]:
            root.remove(element)
        self.write_xml(_CONTENT_TYPES, root)

    def related(self, source: str, kind: str) -> str | None:
        """The first part of that kind that `source` refers to."""
        return next((part for _, of, part in self.targets(source) if of == kind), None)

    def target(self, source: str, relation: str) -> str | None:
        """The part behind the relation of that id."""
        return next((part for name, _, part in self.targets(source) if name == relation), None)

    def targets(self, source: str) -> Iterator[tuple[str, str, str]]:
        """The parts that `source` refers to: the relation's id, its kind, the part."""
        folder = posixpath.dirname(source)
        for relation in self._relations(source):
            target = relation.get("Target", "")
            part = target if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if relation.get("TargetMode") != "External" and part.lstrip("/") in self:
                yield relation.get("Id", ""), relation.get("Type", "").rpartition("/")[2], part.lstrip("/")

    def relate(self, source: str, target: str, kind: str) -> str:
        """Make `source` refer to `target`; gives the relation's id."""
        root = self._relations(source)
        taken = {relation.get("Id") for relation in root}
        name = next(f"rId{k}" for k in range(1, 100_000) if f"rId{k}" not in taken)
        relation = etree.SubElement(root, f"{{{RELS}}}Relationship", Id=name, Type=f"{OFFICE}/{kind}")
        relation.set("Target", f"/{target}")
        self.write_xml(relations_of(source), root)
        return name

    def unrelate(self, source: str, kind: str) -> None:
        """Drop the references of that kind."""
        root = self._relations(source)
        for relation in [r for r in root if r.get("Type", "").rpartition("/")[2] == kind]:
            root.remove(relation)
        self.write_xml(relations_of(source), root)

    def main(self) -> str:
        """The workbook part."""
        return self.related("", "officeDocument") or "xl/workbook.xml"

    def ending(self) -> str:
        """The file name's ending that fits the kind of workbook: .xlsx, .xlsm, …"""
        for element in self.xml(_CONTENT_TYPES):
            if element.get("PartName", "").lstrip("/") == self.main():
                kind = element.get("ContentType", "")
                return next((end for mark, end in _ENDINGS.items() if mark in kind), ".xlsx")
        return ".xlsx"

    def save(self, path: Path) -> None:
        """Write the package whole or not at all."""
        with write_whole(path) as file:
            self.write_to(file)

    def content(self) -> bytes:
        """The file's bytes, as `save` would write them."""
        file = io.BytesIO()
        self.write_to(file)
        return file.getvalue()

    def untouched(self) -> Package:
        """The same package without any change."""
        fresh = copy.copy(self)
        fresh.changed = {}
        return fresh

    def write_to(self, file: BinaryIO) -> None:
        """Write it into an open file; parts that were not touched keep their bytes, order, dates and compression."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            for info in self.infos:
                content = self.changed.get(info.filename.lstrip("/"), self.contents[info.filename])
                if content is not None:
                    target.writestr(_like(info), content)
            for part, content in self.changed.items():
                if part not in self.names and content is not None:
                    target.writestr(_like(zipfile.ZipInfo(part)), content)  # dated 1980: the same bytes on any day

    def _relations(self, source: str) -> etree._Element:
        part = relations_of(source)
        return self.xml(part) if part in self else etree.Element(f"{{{RELS}}}Relationships", nsmap={None: RELS})


def relations_of(part: str) -> str:
    """The part with the relations of a part."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _like(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """A fresh entry: a read one carries sizes and flags of its old place."""
    fresh = zipfile.ZipInfo(info.filename, info.date_time)
    stored = info.is_dir() or (info.compress_type == zipfile.ZIP_STORED and info.file_size > 0)
    fresh.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    fresh.create_system, fresh.external_attr = 3, info.external_attr or 0o644 << 16
    return fresh
