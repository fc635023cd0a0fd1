"""Do two workbooks say the same? By bytes, and if those differ, cell by cell: formula, value, format.

Values may differ by 1e-12, because e^x differs in its last digit between machines; formulas and texts may not.
"""

import math
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import BinaryIO

from workbook.parts.finish import MAIN, SHARED_STRINGS
from xlfuncs.errors import NotAWorkbookError

RELATIVE_TOLERANCE = 1e-12
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Cell:
    """A cell's content: address, formula (or None), value (number, text or None), style number."""

    ref: str
    formula: str | None
    value: float | str | None
    style: str


def first_difference(expected: BinaryIO, found: BinaryIO) -> str | None:
    """One sentence on the first place where `found` is not as `expected`, or None where both say the same.

    Both are open files. Raises NotAWorkbookError where `found` is no workbook.
    """
    if expected.read() == found.read():
        return None
    expected.seek(0)
    found.seek(0)
    try:
        with zipfile.ZipFile(expected) as a, zipfile.ZipFile(found) as b:
            return _sheets_differ(a, b) or _parts_differ(a, b)
    except (zipfile.BadZipFile, LookupError, ET.ParseError, EOFError, ValueError) as error:
        raise NotAWorkbookError(f"{found.name} can't be read as a workbook; is it an .xlsx file, and whole?") from error


def _sheets_differ(a: zipfile.ZipFile, b: zipfile.ZipFile) -> str | None:
    here, there = _sheets(a), _sheets(b)
    for name, other in zip_longest(here, there):
        if name != other:
            return f"The build has a sheet {name or 'less'} where the file has {other or 'none'}."
    strings = _strings(a), _strings(b)
    for name in here:
        pairs = zip_longest(_cells(a, here[name], strings[0]), _cells(b, there[name], strings[1]))
        for mine, theirs in pairs:
            if mine is None or theirs is None or not _same(mine, theirs):
                return _sentence(name, mine, theirs)
    return None


def _same(a: Cell, b: Cell) -> bool:
    if (a.ref, a.formula, a.style, type(a.value)) != (b.ref, b.formula, b.style, type(b.value)):
        return False
    if isinstance(a.value, float) and isinstance(b.value, float):
        return math.isclose(a.value, b.value, rel_tol=RELATIVE_TOLERANCE)
    return a.value == b.value


def _sentence(sheet: str, expected: Cell | None, found: Cell | None) -> str:
    """Name the first cell of the two, in the order of the sheet, that is not as expected."""
    first, *others = sorted(filter(None, (expected, found)), key=lambda cell: _position(cell.ref))
    if others and others[0].ref != first.ref:
        expected, found = (expected, None) if first is expected else (None, found)
    if expected and found and (expected.formula, expected.value) == (found.formula, found.value):
        return f"{sheet}!{first.ref}: the format is not the build's."
    return f"{sheet}!{first.ref}: the file has {_shown(found)}, the build {_shown(expected)}."


def _shown(cell: Cell | None) -> str:
    if cell is None or (cell.formula is None and cell.value is None):
        return "nothing"
    value = repr(cell.value) if cell.value is not None else "no value"
    return f"={cell.formula} ({value})" if cell.formula is not None else value


def _position(ref: str) -> tuple[int, int, str]:
    letters = ref.rstrip("0123456789")
    return int(ref[len(letters) :]), len(letters), letters


def _sheets(package: zipfile.ZipFile) -> dict[str, str]:
    """The part of each sheet, by name, in the workbook's order."""
    relations = ET.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {r.attrib["Id"]: r.attrib["Target"] for r in relations}
    book = ET.fromstring(package.read("xl/workbook.xml"))
    found = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets[sheet.attrib[_RELATION]]
        found[sheet.attrib["name"]] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return found


def _strings(package: zipfile.ZipFile) -> list[str]:
    if SHARED_STRINGS not in package.namelist():
        return []
    table = ET.fromstring(package.read(SHARED_STRINGS))
    return ["".join(t.text or "" for t in item.iter(f"{MAIN}t")) for item in table]


def _cells(package: zipfile.ZipFile, part: str, strings: list[str]) -> Iterator[Cell]:
    """A sheet's cells in order, read as they come: a sheet may be very large."""
    with package.open(part) as file:
        for _, element in ET.iterparse(file):
            if element.tag == f"{MAIN}c":
                yield _cell(element, strings)
            elif element.tag == f"{MAIN}row":
                element.clear()


def _cell(element: ET.Element, strings: list[str]) -> Cell:
    formula, written = element.findtext(f"{MAIN}f"), element.findtext(f"{MAIN}v")
    value: float | str | None
    match element.get("t", "n"):
        case "s":
            value = strings[int(written or "")]
        case "n":
            value = None if written is None else float(written)
        case "inlineStr":
            value = "".join(t.text or "" for t in element.iter(f"{MAIN}t"))
        case _:
            value = written
    return Cell(element.attrib["r"], formula, value, element.get("s", "0"))


def _parts_differ(a: zipfile.ZipFile, b: zipfile.ZipFile) -> str | None:
    """What isn't a cell: styles, charts, drawings, names, and each sheet's set-up."""
    sheets = set(_sheets(a).values())
    names = [part for part in a.namelist() if not part.startswith("docProps/") and part != SHARED_STRINGS]
    for part in names:
        if part not in b.namelist():
            return f"All cells agree, but the file has no part {part}, which the build has."
        if part in sheets:
            if _without_cells(a, part) != _without_cells(b, part):
                return (
                    f"All cells agree, but the set-up of the sheet in {part} (widths, panes, print) is not the build's."
                )
        elif not _same_part(part, a.read(part), b.read(part)):
            return f"All cells agree, but {part} is not the build's."
    extra = sorted(set(b.namelist()) - set(a.namelist()))
    return f"All cells agree, but the file has a part {extra[0]}, which the build has not." if extra else None


def _same_part(part: str, a: bytes, b: bytes) -> bool:
    if a == b:
        return True
    if not part.endswith((".xml", ".rels")):
        return False
    one, other = (list(ET.fromstring(x).iter()) for x in (a, b))
    return len(one) == len(other) and all(
        x.tag == y.tag and x.attrib == y.attrib and _same_text(x.text, y.text) for x, y in zip(one, other, strict=True)
    )


def _same_text(a: str | None, b: str | None) -> bool:
    """Equal, or equal as numbers: the cached points of a chart."""
    if (a or "").strip() == (b or "").strip():
        return True
    try:
        return math.isclose(float(a or "nan"), float(b or "nan"), rel_tol=RELATIVE_TOLERANCE)
    except ValueError:
        return False


def _without_cells(package: zipfile.ZipFile, part: str) -> bytes:
    """A sheet's XML without its rows, read as it comes."""
    with package.open(part) as file:
        events = ET.iterparse(file, events=("start", "end"))
        _, root = next(events)
        for event, element in events:
            if event == "end" and element.tag == f"{MAIN}row":
                element.clear()
        data = root.find(f"{MAIN}sheetData")
        data[:] = []
        return ET.canonicalize(ET.tostring(root, encoding="unicode"), strip_text=True).encode()
