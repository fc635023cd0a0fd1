"""What formulas share besides copies: array formulas, which fill several cells, and Excel tables with their columns."""

from __future__ import annotations

from lxml import etree

from workbook.check.read.book import ArrayFormula, NamedTable, Sheet
from workbook.check.read.formula import Template, reference

_ARRAYS = "arrays"


def note_array(element: etree._Element, template: Template | None, templates: dict) -> None:
    """Remember the area of an `f` element that is an array formula, for `spread_arrays`."""
    if template is None or element.get("t") != "array":
        return
    area = area_of(element.get("ref") or "")
    if area is not None:
        templates.setdefault(_ARRAYS, []).append(ArrayFormula(template, *area))


def spread_arrays(sheet: Sheet, templates: dict) -> None:
    """Tell the cells of each array formula that it fills them."""
    for array in templates.get(_ARRAYS, ()):
        rows = range(array.top, array.bottom + 1)
        # The area may be said to be the whole sheet: only cells that are there count.
        for row in rows if len(rows) < len(sheet.rows) else [row for row in sheet.rows if row in rows]:
            for column, cell in sheet.rows.get(row, {}).items():
                own = cell.formula is None or cell.formula is array.template
                if array.left <= column <= array.right and own:
                    cell.array = array


def named_table(root: etree._Element, sheet: str) -> tuple[str, NamedTable] | None:
    """The Excel table that a table part describes, by its name in lower case; None where that can't be read."""
    area = area_of(root.get("ref") or "")
    name = root.get("displayName") or root.get("name")
    if area is None or not name:
        return None
    top, left, bottom, _ = area
    header, totals = (_count(root.get(key), usual) for key, usual in (("headerRowCount", 1), ("totalsRowCount", 0)))
    columns = tuple((column.get("name") or "").casefold() for column in root.iter("{*}tableColumn"))
    return name.casefold(), NamedTable(sheet, top + header, bottom - totals, left, columns)


def area_of(text: str) -> tuple[int, int, int, int] | None:
    """First row, first column, last row and last column of A1:C3; None where it is no area."""
    node = reference(text, 0, 0)
    if node.kind == "ref":
        return (*node.ref.at(0, 0), *node.ref.at(0, 0))
    if node.kind != "range":
        return None
    first, last = (ref.at(0, 0) for ref in node.ends)
    return (*first, *last)


def _count(text: str | None, usual: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 4 else usual
