"""Workbooks as the checker needs them: each cell's formula and its stored value, read once, bounded, nothing executed.

The sheet XML is read directly with lxml: openpyxl gives either formulas or values (two loads, 40 times slower, and its
normal load refuses two of 37 such files), python-calamine gives no formulas, and neither tells which cells share one
formula, which is what makes checking fast.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from workbook.check.arrays import named_table, note_array, spread_arrays
from workbook.check.book import Book, Cell, Chart, NamedTable, Series, Sheet
from workbook.check.formula import Template, key_of, parse, pattern_of
from xlfuncs.errors import GradsheetError

MAX_PART = 400 * 2**20  # bytes of one part, unpacked
MAX_TREE = 16 * 2**20  # of one that is held as a whole: all but the sheets
MAX_TOTAL = 1200 * 2**20
MAX_CELLS = 700_000  # of one file; what lies beyond is reported as unread
MAX_COLUMN = 2000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"


def read_book(path: Path | str) -> Book:
    """Read a workbook. Raises GradsheetError with one sentence where that can't be done."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if start != b"" and start[:4] == b"PK\x03\x04":
                with zipfile.ZipFile(file) as archive:
                    return _Package(path, archive).book()
    except GradsheetError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise GradsheetError(f"{path} is damaged ({_reason(error)}); save it again or ask for another copy.") from error
    except etree.XMLSyntaxError as error:
        raise GradsheetError(
            f"{path} is damaged (its XML breaks off); save it again or ask for another copy."
        ) from error
    except ValueError as error:
        raise GradsheetError(f"{path} is damaged ({_reason(error)}); save it again or ask for another copy.") from error
    except OSError as error:
        raise GradsheetError(f"{path} can't be read: {_reason(error)}.") from error
    raise GradsheetError(_not_a_workbook(path, start))


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error).strip("'\"")
    return text[:80].rstrip(".").lower() or type(error).__name__


def _not_a_workbook(path: Path, start: bytes) -> str:
    if start == b"":
        return f"{path} is an empty file; save the workbook again."
    if start == _OLE:
        return (
            f"{path} is password-protected or in the old .xls format; "
            "open it in Excel and save it as .xlsx without a password."
        )
    return f"{path} is not an Excel workbook; save it as .xlsx."


class _Package:
    """The parts of one .xlsx file."""

    def __init__(self, path: Path, archive: zipfile.ZipFile):
        self.path, self.archive = path, archive
        self.parts = {name.lstrip("/"): name for name in archive.namelist()}
        sizes = [info.file_size for info in archive.infolist()]
        if sum(sizes) > MAX_TOTAL or len(sizes) > 20_000:
            raise GradsheetError(
                f"{path} unpacks to {sum(sizes) / 2**20:,.0f} MiB; that is no hand-made sheet and was not opened."
            )
        self.cells_left = MAX_CELLS
        self.unpacked = 0

    def book(self) -> Book:
        if "mimetype" in self.parts or "META-INF/manifest.xml" in self.parts:
            raise GradsheetError(f"{self.path} is an OpenDocument file; save it as .xlsx.")
        if "xl/workbook.bin" in self.parts:
            raise GradsheetError(f"{self.path} is a binary workbook (.xlsb); save it as .xlsx.")
        main = self._main_part()
        root = self._xml(main)
        relations = self._relations(main)
        strings = self._strings(relations)
        sheets, drawings = [], []
        for element in root.iter("{*}sheet"):
            relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
            kind, part = relations.get(relation, ("", ""))
            name = element.get("name", "")
            if kind == "worksheet" and part in self.parts:
                sheets.append(self._sheet(name, part, strings))
            drawings.append((name, part))
        writer, digits = self._writer(relations)
        charts = [chart for name, part in drawings if part in self.parts for chart in self._charts(name, part)]
        names = {(n.get("name") or "").casefold(): (n.text or "") for n in root.iter("{*}definedName")}
        tables = dict(table for sheet in sheets for table in self._tables(sheet))
        return Book(self.path, writer, digits, sheets, charts, names, [name for name, _ in drawings], tables)

    def _main_part(self) -> str:
        for kind, part in self._relations("").values():
            if kind == "officeDocument" and part in self.parts:
                return part
        if "xl/workbook.xml" in self.parts:
            return "xl/workbook.xml"
        raise GradsheetError(f"{self.path} holds no workbook; save it as .xlsx.")

    def _open(self, part: str, limit: int = MAX_PART) -> Iterator[bytes]:
        """The part in pieces, never more than `limit`: what the archive says of its sizes may be a lie."""
        read = 0
        with self.archive.open(self.parts[part]) as stream:
            while piece := stream.read(1 << 16):
                read += len(piece)
                self.unpacked += len(piece)
                if read > limit or self.unpacked > MAX_TOTAL:
                    raise GradsheetError(f"{self.path} unpacks to too much data; that is no hand-made sheet.")
                yield piece

    def _xml(self, part: str) -> etree._Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        for piece in self._open(part, MAX_TREE):
            parser.feed(piece)
        return parser.close()

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path not in self.parts:
            return {}
        found = {}
        for relation in self._xml(path).iter(f"{{{_RELS}}}Relationship"):
            target = relation.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            if relation.get("TargetMode") != "External":
                found[relation.get("Id")] = (relation.get("Type", "").rpartition("/")[2], full)
        return found

    def _strings(self, relations: dict[str, tuple[str, str]]) -> list[str]:
        part = next((p for kind, p in relations.values() if kind == "sharedStrings"), None)
        if part not in self.parts:
            return []
        return [
            "".join(t.text or "" for t in item.iter("{*}t") if t.getparent().tag.rpartition("}")[2] != "rPh")
            for item in self._xml(part).iter("{*}si")
        ]

    def _sheet(self, name: str, part: str, strings: list[str]) -> Sheet:
        sheet = Sheet(name, part)
        templates: dict[object, Template] = {}
        parser = etree.XMLPullParser(events=("end",), tag="{*}row", resolve_entities=False, no_network=True)
        last = 0
        for piece in self._open(part):
            parser.feed(piece)
            for _, element in parser.read_events():
                last = int(element.get("r") or last + 1)
                cells = self._row(element, last, strings, templates)
                if cells:
                    sheet.rows[last] = cells
                    self.cells_left -= len(cells)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
            if self.cells_left <= 0:
                sheet.cut = last
                spread_arrays(sheet, templates)
                return sheet
        parser.close()
        spread_arrays(sheet, templates)
        return sheet

    def _tables(self, sheet: Sheet) -> Iterator[tuple[str, NamedTable]]:
        """The Excel tables of a sheet by their name."""
        for kind, part in self._relations(sheet.part).values():
            if kind == "table" and part in self.parts:
                table = named_table(self._xml(part), sheet.name)
                if table is not None:
                    yield table

    def _row(self, element, row: int, strings: list[str], templates: dict) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        column = 0
        filled = _FILLED(element)  # most cells of a sheet are empty ones with a format
        for c in filled if all(c.get("r") for c in filled) else element:
            place = c.get("r")
            column = column_of(place) if place else column + 1
            if column > MAX_COLUMN or len(c) == 0:
                continue
            cell = Cell()
            kind = c.get("t")
            for child in c:
                tag = child.tag
                if not isinstance(tag, str):
                    continue
                if tag.endswith("}v"):
                    _set_value(cell, child.text, kind, strings)
                elif tag.endswith("}f"):
                    cell.formula = _template(child, row, column, templates)
                    note_array(child, cell.formula, templates)
                elif tag.endswith("}is"):
                    cell.value = "".join(t.text or "" for t in child.iter("{*}t"))
            if cell.value is not None or cell.formula is not None:
                cells[column] = cell
        return cells

    def _writer(self, relations: dict) -> tuple[str, int]:
        """The program that wrote the file, and how many significant digits it stores."""
        if "docProps/app.xml" not in self.parts:
            return "Google Sheets or unknown", 10
        root = self._xml("docProps/app.xml")
        found = {child.tag.rpartition("}")[2]: (child.text or "") for child in root if isinstance(child.tag, str)}
        program, version = found.get("Application", ""), found.get("AppVersion", "")
        if "LibreOffice" in program or "WPS" in program:
            return program.split("$")[0], 15
        return f"{program} {version}".strip() or "unknown", 15

    def _charts(self, sheet: str, part: str) -> Iterator[Chart]:
        for kind, drawing in self._relations(part).values():
            if kind == "chart" and drawing in self.parts:
                yield self._chart(sheet, drawing)
            elif kind == "drawing" and drawing in self.parts:
                for inner, chart in self._relations(drawing).values():
                    if inner == "chart" and chart in self.parts:
                        yield self._chart(sheet, chart)

    def _chart(self, sheet: str, part: str) -> Chart:
        root = self._xml(part)
        kinds = [e.tag.rpartition("}")[2] for e in root.iter() if isinstance(e.tag, str) and e.tag.endswith("Chart")]
        title = root.find(".//{*}chart/{*}title")
        words = "".join(t.text or "" for t in title.iter("{*}t")) if title is not None else ""
        series = []
        for element in root.iter("{*}ser"):
            series.append(
                Series(
                    element.findtext("{*}tx//{*}f"),
                    element.findtext("{*}cat//{*}f") or element.findtext("{*}xVal//{*}f"),
                    element.findtext("{*}val//{*}f") or element.findtext("{*}yVal//{*}f"),
                )
            )
        return Chart(sheet, part, kinds[0] if kinds else "", words, series)


def _set_value(cell: Cell, text: str | None, kind: str | None, strings: list[str]) -> None:
    if text is None:
        return
    if kind in (None, "n"):
        try:
            cell.value = float(text)
        except ValueError:
            cell.value = text
    elif kind == "s":
        at = int(text) if text.isdigit() else -1
        cell.value = strings[at] if 0 <= at < len(strings) else ""
    elif kind == "b":
        cell.value = text == "1"
    else:
        cell.value, cell.error = text, kind == "e"


def _template(element, row: int, column: int, templates: dict) -> Template | None:
    """The cell's formula; a copy of a shared one stands in the file as a number only."""
    kind, shared, text = element.get("t"), element.get("si"), element.text
    if not text:
        return templates.get(("shared", shared)) if kind == "shared" else None
    text = text.strip().lstrip("=")
    above = templates.get(("above", column))
    if above is not None and above[0] % tuple([row + offset for offset in above[1]]) == text:
        found = above[2]
    else:
        key = (column, key_of(text, row, column))
        found = templates.get(key)
        if found is None:
            found = templates[key] = parse(text, row, column)
        templates[("above", column)] = (*pattern_of(text, row), found)
    if kind == "shared":
        templates[("shared", shared)] = found
    return found


_FILLED = etree.XPath("*[*]")
_COLUMNS: dict[str, int] = {}


def column_of(place: str) -> int:
    """The column of a cell name: 28 for AB3. Raises ValueError for a name that no cell has."""
    letters = place.rstrip("0123456789")
    found = _COLUMNS.get(letters)
    if found is None:
        found = 0
        for letter in letters.upper():
            found = found * 26 + ord(letter) - 64
        if not 0 < found <= 16384:
            raise ValueError(f"there is no cell {place[:20]}")
        _COLUMNS[letters] = found
    return found
