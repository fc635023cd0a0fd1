"""A workbook file's parts as they are read: piece by piece, within limits, whatever the file says of itself."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from xlfuncs.errors import NotAWorkbookError

MAX_PART = 400 * 2**20  # bytes of one part, unpacked
MAX_TREE = 8 * 2**20  # of one that is held as a whole: all but sheets and texts
MAX_PIECE = 4 * 2**20  # of one row or text, which are held one at a time
MAX_TOTAL = 1200 * 2**20
MAX_PARTS = 20_000

UNSOUND = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError, ValueError, etree.XMLSyntaxError)
"""What a damaged file makes zipfile, zlib, lxml and this module raise."""

_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


class Parts:
    """The parts of one .xlsx file."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        """Of an opened archive. Raises NotAWorkbookError where it holds too much."""
        self.path, self.archive = path, archive
        self.parts = {name.lstrip("/"): name for name in archive.namelist()}
        size = sum(info.file_size for info in archive.infolist())
        if size > MAX_TOTAL:
            raise NotAWorkbookError(f"{path} unpacks to {size / 2**20:,.0f} MiB; that is no hand-made sheet.")
        if len(archive.infolist()) > MAX_PARTS:
            raise NotAWorkbookError(f"{path} holds {len(archive.infolist()):,} parts; that is no hand-made sheet.")
        self.unpacked = 0

    def __contains__(self, part: str | None) -> bool:
        """Whether there is such a part."""
        return part in self.parts

    def main(self) -> str:
        """The workbook part."""
        for kind, part in self.relations("").values():
            if kind == "officeDocument" and part in self.parts:
                return part
        if "xl/workbook.xml" in self.parts:
            return "xl/workbook.xml"
        raise NotAWorkbookError(f"{self.path} holds no workbook; save it as .xlsx.")

    def _open(self, part: str, limit: int = MAX_PART) -> Iterator[bytes]:
        """The part in pieces, never more than `limit`: what the archive says of its sizes may be a lie."""
        read = 0
        info = self.archive.getinfo(self.parts[part])
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotAWorkbookError(f"{self.path} is packed in a way that Excel can't open; save it again in Excel.")
        with self.archive.open(info) as stream:
            while piece := stream.read(1 << 16):
                read += len(piece)
                self.unpacked += len(piece)
                if read > limit or self.unpacked > MAX_TOTAL:
                    raise NotAWorkbookError(f"{self.path} unpacks to too much data; that is no hand-made sheet.")
                yield piece

    def xml(self, part: str) -> etree._Element:
        """The part as a tree."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        for piece in self._open(part, MAX_TREE):
            parser.feed(piece)
        return parser.close()

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """What the part refers to inside the file: kind and part by the reference's name."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path not in self.parts:
            return {}
        found = {}
        for relation in self.xml(path).iter(f"{{{_RELS}}}Relationship"):
            target = relation.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if relation.get("TargetMode") != "External":
                found[relation.get("Id")] = (relation.get("Type", "").rpartition("/")[2], full)
        return found

    def elements(self, part: str, name: str, inside: str, limit: int) -> Iterator[etree._Element]:
        """The elements called `name` inside `inside`, each when it has been read whole, and forgotten afterwards.

        What is held at any time is bounded, whatever stands around and in them; nothing is read behind `inside`.
        """
        tags = (f"{{*}}{name}", f"{{*}}{inside}")
        parser = etree.XMLPullParser(("start", "end"), tag=tags, resolve_entities=False, no_network=True)
        held, opened = 0, None
        for piece in self._open(part):
            parser.feed(piece)
            held += len(piece)
            for event, element in parser.read_events():
                own = element.tag.endswith(name) and local(element) == name
                if event == "start":
                    opened = element if own else opened
                elif own:
                    yield element
                    held, opened = 0, None
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
                else:
                    return
            if held > MAX_PIECE or (opened is not None and len(opened) > limit):
                raise NotAWorkbookError(
                    f"{self.path}: a <{name}> of {part} goes on without an end; that is no hand-made sheet."
                )
        parser.close()


def local(element: etree._Element) -> str:
    """An element's name without its namespace, which differs between the two kinds of Open XML."""
    return element.tag.rpartition("}")[2]
