"""Workbooks as the checker needs them: each cell's formula and its stored value, read once, bounded, nothing executed.

The sheet XML is read directly with lxml: openpyxl gives either formulas or values (two loads, 40 times slower, and its
normal load refuses two of 37 such files), python-calamine gives no formulas, and neither tells which cells share one
formula, which is what makes checking fast.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from trainer.refusals import unreadable
from workbook.check.read.arrays import named_table, note_array, spread_arrays
from workbook.check.read.book import Book, Cell, Chart, NamedTable, Series, Sheet
from workbook.check.read.copied import key_of, pattern_of
from workbook.check.read.formula import MAX_LENGTH, Template, parse
from workbook.parts.zip_parts import MAX_PIECE, UNSOUND, Parts, local
from xlfuncs.errors import GradsheetError, NotAWorkbookError, UnreadableError
from xlfuncs.limits import MAX_COLUMNS, MAX_ROWS

MAX_CELLS = 700_000  # of one file; what lies beyond is reported as unread
MAX_TEXTS = 32 * 2**20  # characters of the texts that cells share
READ_COLUMNS = 2000  # the widest sheet seen has 41; what stands further right is no table of this exercise

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_book(path: Path | str) -> Book:
    """Read a workbook. Raises GradsheetError with one sentence where that can't be done."""
    path = Path(path)
    try:
        _refuse_devices(path)
        with path.open("rb") as file:
            start = file.read(8)
            if start[:4] == b"PK\x03\x04":
                with zipfile.ZipFile(file) as archive:
                    return _Reader(Parts(path, archive)).book()
    except GradsheetError:
        raise
    except UNSOUND as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise NotAWorkbookError(
            f"{path} is damaged ({_damage(error)}); save it again or ask for another copy."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    raise NotAWorkbookError(_not_a_workbook(path, start))


def _refuse_devices(path: Path) -> None:
    """A pipe or a device may never end, and reading it may change it."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UnreadableError(f"{path} is no file but a pipe, a socket or a device, which are not opened.")


def _damage(error: Exception) -> str:
    if isinstance(error, etree.XMLSyntaxError):
        return "its XML breaks off"
    text = str(error).strip("'\"")
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


class _Reader:
    """Reads the workbook that the parts make up."""

    def __init__(self, parts: Parts):
        self.path, self.parts = parts.path, parts
        self.cells_left = MAX_CELLS

    def book(self) -> Book:
        """The workbook."""
        if "mimetype" in self.parts or "META-INF/manifest.xml" in self.parts:
            raise NotAWorkbookError(f"{self.path} is an OpenDocument file; save it as .xlsx.")
        if "xl/workbook.bin" in self.parts:
            raise NotAWorkbookError(f"{self.path} is a binary workbook (.xlsb); save it as .xlsx.")
        main = self.parts.main()
        root = self.parts.xml(main)
        relations = self.parts.relations(main)
        strings = self._strings(relations)
        sheets, drawings = [], []
        for element in root.iter("{*}sheet"):
            relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
            kind, part = relations.get(relation, ("", "")) if relation is not None else ("", "")
            name = element.get("name", "")
            if kind == "worksheet" and part in self.parts:
                sheets.append(self._sheet(name, part, strings))
            drawings.append((name, part))
        writer, digits = self._writer(relations)
        charts = [chart for name, part in drawings if part in self.parts for chart in self._charts(name, part)]
        names = {(n.get("name") or "").casefold(): (n.text or "") for n in root.iter("{*}definedName")}
        tables = dict(table for sheet in sheets for table in self._tables(sheet))
        return Book(self.path, writer, digits, sheets, charts, names, [name for name, _ in drawings], tables)

    def _strings(self, relations: dict[str, tuple[str, str]]) -> list[str]:
        part = next((p for kind, p in relations.values() if kind == "sharedStrings"), None)
        if part is None or part not in self.parts:
            return []
        texts, room = [], MAX_TEXTS
        for item in self.parts.elements(part, "si", "sst", MAX_PIECE):
            texts.append(_text(item))
            room -= len(texts[-1]) + 50  # of the string itself
            if room < 0:
                raise NotAWorkbookError(f"{self.path} holds too many texts; that is no hand-made sheet.")
        return texts

    def _sheet(self, name: str, part: str, strings: list[str]) -> Sheet:
        sheet = Sheet(name, part)
        templates: dict[object, Template] = {}
        last = 0
        for count, element in enumerate(self.parts.elements(part, "row", "sheetData", MAX_COLUMNS), 1):
            if count > MAX_ROWS:
                raise ValueError(f"{name} has more rows than a sheet can have")
            last = _row_number(element.get("r"), last)
            cells = self._row(element, last, strings, templates)
            if cells:
                sheet.rows[last] = cells
                self.cells_left -= len(cells)
            if self.cells_left <= 0:
                sheet.cut = last
                spread_arrays(sheet, templates)
                return sheet
        spread_arrays(sheet, templates)
        return sheet

    def _tables(self, sheet: Sheet) -> Iterator[tuple[str, NamedTable]]:
        """The Excel tables of a sheet by their name."""
        for kind, part in self.parts.relations(sheet.part).values():
            if kind == "table" and part in self.parts:
                table = named_table(self.parts.xml(part), sheet.name)
                if table is not None:
                    yield table

    def _row(self, element, row: int, strings: list[str], templates: dict) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        column = 0
        filled = _FILLED(element)  # most cells of a sheet are empty ones with a format
        for c in filled if all(c.get("r") for c in filled) else element.iterchildren("{*}c"):
            place = c.get("r")
            column = column_of(place) if place else column + 1
            if column > READ_COLUMNS or len(c) == 0:
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
                    cell.value = _text(child)
            if cell.value is not None or cell.formula is not None:
                cells[column] = cell
        return cells

    def _writer(self, relations: dict) -> tuple[str, int]:
        """The program that wrote the file, and how many significant digits it stores."""
        if "docProps/app.xml" not in self.parts:
            return "Google Sheets or unknown", 10
        root = self.parts.xml("docProps/app.xml")
        found = {child.tag.rpartition("}")[2]: (child.text or "") for child in root if isinstance(child.tag, str)}
        program, version = found.get("Application", ""), found.get("AppVersion", "")
        if "LibreOffice" in program or "WPS" in program:
            return program.split("$")[0], 15
        return f"{program} {version}".strip() or "unknown", 15

    def _charts(self, sheet: str, part: str) -> Iterator[Chart]:
        for kind, drawing in self.parts.relations(part).values():
            if kind == "chart" and drawing in self.parts:
                yield self._chart(sheet, drawing)
            elif kind == "drawing" and drawing in self.parts:
                for inner, chart in self.parts.relations(drawing).values():
                    if inner == "chart" and chart in self.parts:
                        yield self._chart(sheet, chart)

    def _chart(self, sheet: str, part: str) -> Chart:
        root = self.parts.xml(part)
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
        at = int(text) if _DIGITS.fullmatch(text.strip()) else len(strings)
        cell.value = strings[at] if at < len(strings) else ""
    elif kind == "b":
        cell.value = text.strip() in ("1", "true")
    else:
        cell.value, cell.error = text, kind == "e"


def _template(element, row: int, column: int, templates: dict) -> Template | None:
    """The cell's formula; a copy of a shared one stands in the file as a number only."""
    kind, shared, text = element.get("t"), element.get("si"), element.text
    if not text:
        return templates.get(("shared", shared)) if kind == "shared" else None
    text = text.strip().lstrip("=")
    if len(text) > MAX_LENGTH:  # can't be read, and is too long to be compared with others
        return parse(text, row, column)
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
_DIGITS = re.compile(r"[0-9]{1,9}")
_COLUMNS: dict[str, int] = {}


def _text(element: etree._Element) -> str:
    """The text of a string, with or without runs of other formats; how Japanese is pronounced doesn't belong to it."""
    return "".join(t.text or "" for t in element.iter("{*}t") if local(t.getparent()) != "rPh")


def _row_number(written: str | None, last: int) -> int:
    """A row's number; one that has none follows the last. Raises ValueError for a row that no sheet has."""
    if written is not None and not _DIGITS.fullmatch(written):
        raise ValueError(f"there is no row {written[:20]}")
    row = int(written) if written is not None else last + 1
    if not 0 < row <= MAX_ROWS:
        raise ValueError(f"there is no row {row}")
    return row


def column_of(place: str) -> int:
    """The column of a cell name: 28 for AB3. Raises ValueError for a name that no cell has."""
    letters = place.rstrip("0123456789")
    found = _COLUMNS.get(letters)
    if found is None:
        found = 0
        plain = len(letters) <= 3 and letters.isascii() and letters.isalpha()
        for letter in letters.upper() if plain else "":
            found = found * 26 + ord(letter) - 64
        if not 0 < found <= MAX_COLUMNS:
            raise ValueError(f"there is no cell {place[:20]}")
        _COLUMNS[letters] = found
    return found
