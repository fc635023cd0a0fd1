"""Copies of a checked workbook: one with its faults marked, one with its formulas mended. The original stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from workbook.check.added_sheet import AddedSheet, Item, add_sheet, free_name
from workbook.check.book import Book
from workbook.check.cells import Change, change_cells
from workbook.check.findings import FileReport, Finding
from workbook.check.marks import FAULT_COLOUR, NOTE_COLOUR, Formats, add_comments
from workbook.check.package import MAIN, Package, sound
from workbook.check.report_text import effect_text, table_text
from workbook.references import a1, on_sheet
from xlfuncs.errors import GradsheetError

CHECK_SHEET = "Check"
WIDTHS = [14.0, 22.0, 7.0, 22.0, 58.0, 44.0, 44.0, 34.0]
HEADINGS = ["Sheet", "Cells", "Count", "Fault", "What is wrong", "Stands there", "Should be", "What it does"]


def annotate(book: Book, report: FileReport, out: Path) -> None:
    """Write a copy with the wrong cells coloured, a comment on each finding's first cell, and a sheet of findings."""
    with sound(book.path):
        _annotated(book, report, out).save(out)


def _annotated(book: Book, report: FileReport, out: Path) -> Package:
    package = open_for_copy(book.path, out)
    formats = Formats(package)
    parts = {sheet.name: sheet.part for sheet in book.sheets}
    for name in dict.fromkeys(finding.sheet for finding in report.findings if finding.parts):
        findings = [finding for finding in report.findings if finding.sheet == name and finding.parts]
        colours = _colours(findings)
        changes = {place: Change(style=_shade(formats, colour)) for place, colour in colours.items()}
        package.write(parts[name], change_cells(package.read(parts[name]), changes))
        add_comments(package, parts[name], _comments(findings))
    add_sheet(package, findings_sheet(book, report, formats))
    formats.save()
    return package


def open_for_copy(path: Path, out: Path) -> Package:
    """The package of a workbook that is to be copied. Raises GradsheetError where the copy's name doesn't fit it."""
    package = Package(path)
    if out.suffix.lower() != package.ending():
        raise GradsheetError(f"{path.name} needs a copy of its own kind; name it {out.with_suffix(package.ending())}.")
    if package.xml(package.main()).tag != f"{{{MAIN}}}workbook":
        raise GradsheetError(f"{path} is saved as Strict Open XML; save it as Excel Workbook (.xlsx) first.")
    return package


def _shade(formats: Formats, colour: str) -> Callable[[int], int]:
    return partial(formats.shaded, colour=colour)


def _colours(findings: list[Finding]) -> dict[tuple[int, int], str]:
    """The colour of each cell; a fault outshines a note."""
    found: dict[tuple[int, int], str] = {}
    for finding in sorted(findings, key=lambda f: not f.note):
        colour = NOTE_COLOUR if finding.note else FAULT_COLOUR
        found |= {(row, part.column): colour for part in finding.parts for row in part.rows}
    return found


def _comments(findings: list[Finding]) -> dict[tuple[int, int], str]:
    """The comment of each finding's first cell; findings that begin in one cell share it."""
    found: dict[tuple[int, int], str] = {}
    for finding in findings:
        part = min(finding.parts, key=lambda p: (p.rows[0], p.column))
        place = part.rows[0], part.column
        lines = [f"{finding.range}: {finding.message}"]
        if part.right:
            lines.append(f"Should be {part.right}")
        text = "\n".join(lines)
        found[place] = f"{found[place]}\n\n{text}" if place in found else text
    return found


def findings_sheet(book: Book, report: FileReport, formats: Formats, mended: str | None = None) -> AddedSheet:
    """The sheet that lists the findings, each with a link to its cells."""
    title, bold = formats.own(bold=True, size=14), formats.own(bold=True, colour="FFD9E1F2")
    text, link, wide = formats.own(), formats.own(link=True), formats.own(size=12)
    name = free_name(CHECK_SHEET, book.tabs)
    sheet = AddedSheet(name, WIDTHS)
    sheet.rows.append([Item(f"gradsheet check: {Path(report.file).name} is {report.verdict}", title)])
    for table in report.tables:
        sheet.rows.append([Item(table_text(table), wide)])
    if mended:
        sheet.rows.append([Item(mended, wide)])
    if not report.findings:
        return sheet
    sheet.rows += [[], [Item(heading, bold) for heading in HEADINGS]]
    for finding in report.findings:
        row = _finding_row(finding, text, link)
        sheet.rows.append(row)
        lines = [len(str(item.value or "")) // width + 1 for item, width in zip(row, WIDTHS, strict=True)]
        sheet.heights[len(sheet.rows)] = 15.5 * min(max(lines), 26)
    return sheet


def _finding_row(finding: Finding, text: int, link: int) -> list[Item]:
    part = min(finding.parts, key=lambda p: (p.rows[0], p.column)) if finding.parts else None
    target = on_sheet(finding.sheet, part.range) if part else None
    kind = f"note: {finding.kind}" if finding.note else ", ".join((finding.kind, *finding.also))
    stands = f"{a1(part.rows[0], part.column)}: {part.formula}" if part else ""
    should = part.right or part.right_meaning or "" if part else ""
    count = float(finding.count) if finding.count else None
    cells = Item(finding.range, link, target) if target else Item(finding.range, text)
    rest = (kind, finding.message, stands, should, effect_text(finding))
    return [Item(finding.sheet, text), cells, Item(count, text), *(Item(words, text) for words in rest)]
