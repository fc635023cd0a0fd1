"""What a name in a formula stands for: a defined name, whole columns, or the columns of an Excel table."""

from __future__ import annotations

import re

from workbook.check.meaning.evaluate import unknown
from workbook.check.read import formula
from workbook.check.read.book import Book, NamedTable
from workbook.check.read.formula import Node, Ref
from xlfuncs.limits import MAX_ROWS

_WHOLE = re.compile(r"(\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3})")
_COLUMNS = re.compile(r"(?P<table>[^\[\]]*)\[(?P<inner>.*)\]", re.DOTALL)


def target(book: Book, text: str, sheet: str, row: int, column: int) -> Node:
    """What the name means to a formula in that cell: a ref, a range, a number or a formula; or unknown."""
    text = text.lstrip("@")
    if "[" in text:
        return _of_table(book, text, sheet, row, column)
    whole = whole_columns(text, column)
    if whole is not None:
        return whole
    cell = formula.reference(text, row, column)
    if cell.kind in ("ref", "range"):
        return cell
    defined = book.names.get(text.rpartition("!")[2].casefold(), "").strip().lstrip("=")
    if not defined:
        return unknown(f"uses {text}, a name that the workbook doesn't define")
    whole = whole_columns(defined, column)
    return formula.parse(defined, row, column).tree if whole is None else whole


def whole_columns(text: str, column: int) -> Node | None:
    """The range that A:A or Sheet1!$A:$B means."""
    sheet, _, cells = text.rpartition("!")
    match = _WHOLE.fullmatch(cells)
    if match is None:
        return None
    node = formula.reference(f"{sheet}{'!' if sheet else ''}{match[1]}{match[2]}1:{match[3]}{match[4]}1", 1, column)
    first, last = (ref._replace(fixed_row=True) for ref in node.ends)
    return Node("range", (first._replace(row=1), last._replace(row=MAX_ROWS)))


def _of_table(book: Book, text: str, sheet: str, row: int, column: int) -> Node:
    """A reference such as Table1[[#This Row],[h1]], [@h1] or Table1[h1]."""
    match = _COLUMNS.fullmatch(text)
    table = _named(book, match["table"], sheet, row, column) if match else None
    if match is None or table is None:
        return unknown(f"uses {text}, which names no table here")
    inner = match["inner"]
    items = [item.strip() for item in re.findall(r"\[((?:[^\[\]']|'.)*)\]", inner)]
    parts = [item for item in items if item.startswith("#")]
    names = [item for item in items if not item.startswith("#")]
    if not items:
        bare = inner.strip().removeprefix("@").strip()
        parts, names = ([bare], []) if bare.startswith("#") else ([], [bare] if bare else [])
    this_row = inner.strip().startswith("@") or "#this row" in (part.casefold() for part in parts)
    if any(part.casefold() not in ("#this row", "#data") for part in parts) or len(names) > 2:
        return unknown(f"uses {text}, which can't be judged")
    found = [_column(table, name) for name in names] or [0, len(table.columns) - 1]
    at = [place for place in found if place is not None]
    if len(at) < len(found):
        return unknown(f"uses {text}, a column that the table doesn't have")
    left, right = table.left + min(at), table.left + max(at)
    if this_row:
        first, last = (Ref(table.sheet, 0, place, False, True) for place in (left, right))
    else:
        first, last = Ref(table.sheet, table.top, left, True, True), Ref(table.sheet, table.bottom, right, True, True)
    return Node("ref", first) if first == last else Node("range", (first, last))


def _named(book: Book, name: str, sheet: str, row: int, column: int) -> NamedTable | None:
    if name:
        return book.tables.get(name.rpartition("!")[2].casefold())
    inside = (t for t in book.tables.values() if t.sheet == sheet and t.top <= row <= t.bottom)
    return next((t for t in inside if t.left <= column < t.left + len(t.columns)), None)


def _column(table: NamedTable, name: str) -> int | None:
    wanted = re.sub(r"'(.)", r"\1", name).casefold()
    return table.columns.index(wanted) if wanted in table.columns else None
