"""The mended copy: right formulas in the wrong cells, every value that follows from them, E_total before and after.

No mend is believed because the finding asked for it: each is put into the package, every cell is calculated anew by
another engine (`settle`), and what isn't shown to be right is taken back and listed with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbook.check.copies.added_sheet import add_sheet, open_on
from workbook.check.copies.annotate import findings_sheet, mark, open_for_copy
from workbook.check.copies.cells import Change, bonds_of
from workbook.check.copies.curves_sheet import Curve, curves_sheet
from workbook.check.copies.edits import Edit, edits_of
from workbook.check.copies.formats import MENDED_COLOUR, Formats
from workbook.check.copies.seal import seal
from workbook.check.copies.settle import Settled, settle
from workbook.check.judge.findings import FileReport, Finding
from workbook.check.meaning.recalculate import CellError, Value
from workbook.check.meaning.stages import Recognised
from workbook.check.read.book import Book, Place
from workbook.parts.opc import Package, sound, tag

_BEFORE_CALCULATION = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames", "AlternateContent", "revisionPtr"),
)
_VOLATILE = frozenset({"NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY"})
SHOWN = 5  # findings left alone that the sentence names; the sheet Check lists them all
LEGEND = "Mended cells are green; a comment on the first of them says what stood there."
ENDS = 6  # tables whose last E_total it gives


def mend(book: Book, report: FileReport, tables: list[Recognised], out: Path) -> str:
    """Write the mended copy; gives the sentence that says what was done.

    Formulas are put where wrong ones, or numbers in their place, stand. Tables of typed values have no formulas and
    stay, and so do charts, the start values a student chose, and whatever isn't shown to be right once mended.
    """
    with sound(book.path):
        package, text = _mended(book, report, tables, out)
        package.save(out)
    return text


def _mended(book: Book, report: FileReport, tables: list[Recognised], out: Path) -> tuple[Package, str]:
    package = open_for_copy(book.path, out)
    bonds = {sheet.name: bonds_of(package.read(sheet.part)) for sheet in book.sheets}
    edits = edits_of(book, report, tables, bonds)
    settled = settle(book, tables, package, bonds, edits)
    formats = Formats(package)
    changes = _changes(book, tables, settled)
    green = {place: formats.shading(MENDED_COLOUR) for place in settled.places}
    mark(package, book, changes, green, _comments(settled.edits))
    curves = [curve for table in settled.tables if (curve := _curve(table, settled.values)) is not None]
    sentences = _sentences(edits, settled, curves)
    shown = [*sentences, LEGEND] if settled.places else sentences
    sheet = findings_sheet(book, report, formats, shown, _outcome(edits))
    number = add_sheet(package, sheet)
    if curves:
        add_sheet(package, curves_sheet(curves, [*book.tabs, sheet.name], formats))
    formats.save()
    open_on(package, number)
    if settled.tables:
        _recalculate_on_load(package)
    seal(package, number)
    return package, " ".join(sentences)


def _changes(book: Book, tables: list[Recognised], settled: Settled) -> dict[Place, Change]:
    """The new formulas, and the values of their cells and of all that follow from them."""
    written = settled.formulas | settled.spread
    found = {place: Change(formula=text) for place, text in written.items()}
    found |= {place: Change(value=number) for place, number in settled.numbers.items()}
    # All of a mended table anew: some programs store ten digits only, which the mended rows would carry on.
    renewed = _rows(settled.tables)
    volatile = any(
        cell.formula is not None and cell.formula.functions & _VOLATILE
        for sheet in book.sheets
        for cells in sheet.rows.values()
        for cell in cells.values()
    )
    fixed = renewed if volatile else _rows(tables)
    for place, value in settled.values.items() if settled.tables else ():
        if isinstance(value, CellError) or value is None or place in settled.numbers:
            continue
        sheet, row, _ = place
        followed = value != settled.before.get(place) or row in renewed.get(sheet, ())
        # Outside the tables nothing is left that was stale.
        if followed or place in written or (not volatile and row not in fixed.get(sheet, ())):
            found[place] = Change(formula=written.get(place), value=value)
    return found


def _rows(tables: list[Recognised]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for table in tables:
        found.setdefault(table.sheet.name, set()).update(table.rows)
    return found


def _comments(edits: list[Edit]) -> dict[Place, str]:
    """The comment on each mended finding's first cell; findings that begin in one cell share it."""
    found: dict[Place, str] = {}
    for edit in edits:
        if edit.places:
            part = min(edit.finding.parts, key=lambda p: (p.rows[0], p.column))
            place = (edit.finding.sheet, part.rows[0], part.column)
            text = f"Mended ({edit.finding.range}): {edit.finding.message}\nBefore: {part.formula}"
            found[place] = f"{found[place]}\n\n{text}" if place in found else text
    return found


def _curve(table: Recognised, values: dict[Place, Value]) -> Curve | None:
    column = table.columns.get("E_total")
    if column is None:
        return None
    stored = [_number(float(value)) for value in table.values["E_total"]]
    shown = [values.get((table.sheet.name, row, column)) for row in table.rows]
    after = [value if type(value) is float else old for value, old in zip(shown, stored, strict=True)]
    return Curve(table.sheet.name, table.range, column, list(table.rows), stored, after)


def _number(value: float) -> float | None:
    return None if value != value else value


def _outcome(edits: list[Edit]) -> Callable[[Finding], str]:
    """What became of a finding, in words."""
    by_finding = {id(edit.finding): f"left alone: {edit.reason}" if edit.reason else "mended" for edit in edits}
    return lambda finding: by_finding.get(id(finding), "a note only")


def _sentences(edits: list[Edit], settled: Settled, curves: list[Curve]) -> list[str]:
    count, numbers = len(settled.formulas), len(settled.numbers)
    text = f"{count:,} formula{'s' if count != 1 else ''} mended"
    if numbers:
        text += f" and {numbers:,} number{'s' if numbers != 1 else ''} put back"
    found = [text + "."]
    left = [edit for edit in edits if edit.reason]
    if left:
        named = [f"{e.finding.sheet}!{e.finding.range} ({e.finding.kind}): {e.reason}" for e in left[:SHOWN]]
        more = f"; and {len(left) - SHOWN} more, see the sheet Check" if len(left) > SHOWN else ""
        found.append(f"Left as they are: {'; '.join(named)}{more}.")
    for curve in curves[:ENDS]:
        if curve.before[-1] is not None and curve.after[-1] is not None:
            ends = f"{curve.before[-1]:.10g} before, {curve.after[-1]:.10g} after"
            found.append(f"E_total in {curve.sheet}'s last row: {ends}.")
    return found


def _recalculate_on_load(package: Package) -> None:
    """Have the spreadsheet program compute everything once; Excel makes a new calculation chain by itself."""
    main = package.main()
    chain = package.related(main, "calcChain")
    if chain:
        package.remove(chain)
        package.unrelate(main, "calcChain")
    root = package.xml(main)
    calculation = root.find(tag("calcPr"))
    if calculation is None:
        at = max((k for k, child in enumerate(root, 1) if _local(child) in _BEFORE_CALCULATION), default=len(root))
        calculation = root.makeelement(tag("calcPr"))
        root.insert(at, calculation)
    calculation.set("fullCalcOnLoad", "1")
    package.write_xml(main, root)


def _local(element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
