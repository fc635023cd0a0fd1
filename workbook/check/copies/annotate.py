"""Copies of a checked workbook: one with its faults marked, one with its formulas mended. The original stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from workbook.check.copies.added_sheet import AddedSheet, Item, add_sheet, free_name, open_on
from workbook.check.copies.cells import Change, change_cells
from workbook.check.copies.comments import add_comments
from workbook.check.copies.formats import FAULT_COLOUR, NOTE_COLOUR, Formats
from workbook.check.copies.seal import seal
from workbook.check.judge.findings import FileReport, Finding
from workbook.check.read.book import Book, Place
from workbook.check.report.lines import effect_text, table_text
from workbook.parts.opc import MAIN, Package, sound
from workbook.parts.references import a1, on_sheet
from xlfuncs.errors import NotAWorkbookError, OptionError

CHECK_SHEET = "Check"
MENDED_AT = 4  # the column, from 0, that a mended copy adds to the list
WIDTHS = [14.0, 22.0, 7.0, 22.0, 58.0, 44.0, 44.0, 34.0]
HEADINGS = ["Sheet", "Cells", "Count", "Fault", "What is wrong", "Stands there", "Should be", "What it does"]


def annotate(book: Book, report: FileReport, out: Path) -> None:
    """Write a copy with the wrong cells coloured, a comment on each finding's first cell, and a sheet of findings."""
    with sound(book.path):
        _annotated(book, report, out).save(out)


def _annotated(book: Book, report: FileReport, out: Path) -> Package:
    package = open_for_copy(book.path, out)
    formats = Formats(package)
    findings = [finding for finding in report.findings if finding.parts]
    shades = {place: formats.shading(colour) for place, colour in _colours(findings).items()}
    mark(package, book, {}, shades, _comments(findings))
    number = add_sheet(package, findings_sheet(book, report, formats))
    formats.save()
    open_on(package, number)
    seal(package, number)
    return package


def mark(
    package: Package,
    book: Book,
    changes: dict[Place, Change],
    shades: dict[Place, Callable[[int], int]],
    comments: dict[Place, str],
) -> None:
    """Put changes, colours and comments into the sheets' cells; places are (sheet, row, column)."""
    for sheet in book.sheets:
        cells = {place[1:]: change for place, change in changes.items() if place[0] == sheet.name}
        for place, shade in shades.items():
            if place[0] == sheet.name:
                cells[place[1:]] = replace(cells.get(place[1:], Change()), style=shade)
        if cells:
            package.write(sheet.part, change_cells(package.read(sheet.part), cells))
        texts = {place[1:]: text for place, text in comments.items() if place[0] == sheet.name}
        if texts:
            add_comments(package, sheet.part, texts)


def open_for_copy(path: Path, out: Path) -> Package:
    """The package of a workbook that is to be copied. Raises GradsheetError where the copy's name doesn't fit it."""
    package = Package(path)
    if out.suffix.lower() != package.ending():
        raise OptionError(f"{path.name} needs a copy of its own kind; name it {out.with_suffix(package.ending())}.")
    if package.xml(package.main()).tag != f"{{{MAIN}}}workbook":
        raise NotAWorkbookError(f"{path} is saved as Strict Open XML; save it as Excel Workbook (.xlsx) first.")
    return package


def _colours(findings: list[Finding]) -> dict[Place, str]:
    """The colour of each cell; a fault outshines a note."""
    found: dict[Place, str] = {}
    for finding in sorted(findings, key=lambda f: not f.note):
        colour = NOTE_COLOUR if finding.note else FAULT_COLOUR
        found |= {(finding.sheet, row, part.column): colour for part in finding.parts for row in part.rows}
    return found


def _comments(findings: list[Finding]) -> dict[Place, str]:
    """The comment of each finding's first cell; findings that begin in one cell share it."""
    found: dict[Place, str] = {}
    for finding in findings:
        part = min(finding.parts, key=lambda p: (p.rows[0], p.column))
        place = finding.sheet, part.rows[0], part.column
        lines = [f"{finding.range}: {finding.message}"]
        if part.right:
            lines.append(f"Should be {part.right}")
        text = "\n".join(lines)
        found[place] = f"{found[place]}\n\n{text}" if place in found else text
    return found


def findings_sheet(
    book: Book,
    report: FileReport,
    formats: Formats,
    mended: Sequence[str] = (),
    outcome: Callable[[Finding], str] | None = None,
) -> AddedSheet:
    """The sheet that lists the findings, each with a link to its cells; in a mended copy with what became of it."""
    title, bold = formats.own(bold=True, size=14), formats.own(bold=True, colour="FFD9E1F2")
    text, link, wide = formats.own(), formats.own(link=True), formats.own(size=12)
    name = free_name(CHECK_SHEET, book.tabs)
    widths, headings = [*WIDTHS], [*HEADINGS]
    if outcome is not None:
        widths.insert(MENDED_AT, 34.0)
        headings.insert(MENDED_AT, "Mended")
    sheet = AddedSheet(name, widths)
    copy = "; this is its mended copy" if outcome is not None else ""
    sheet.rows.append([Item(f"gradsheet check: {Path(report.file).name} is {report.verdict}{copy}", title)])
    for table in report.tables:
        sheet.rows.append([Item(table_text(table), wide)])
    sheet.rows += [[Item(sentence, wide)] for sentence in mended]
    if not report.findings:
        return sheet
    sheet.rows += [[], [Item(heading, bold) for heading in headings]]
    for finding in report.findings:
        row = _finding_row(finding, text, link)
        if outcome is not None:
            row.insert(MENDED_AT, Item(outcome(finding), text))
        sheet.rows.append(row)
        lines = [len(str(item.value or "")) // width + 1 for item, width in zip(row, widths, strict=True)]
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
