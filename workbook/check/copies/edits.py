"""What mending would write for each finding, or why nothing can be written for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpyxl.formula.translate import Translator

from workbook.check.copies.cells import Bonds, Joint
from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import KINDS, Mend
from workbook.check.judge.findings import NOT_JUDGED, FileReport, Finding, TableReport
from workbook.check.judge.right_formula import right_formula
from workbook.check.meaning.stages import Recognised
from workbook.check.read import formula
from workbook.check.read.book import Book, Place
from workbook.check.read.formula import Template
from workbook.parts.references import a1, on_sheet


@dataclass
class Edit:
    """New formulas and numbers for the cells of one finding; `reason` says why there are none."""

    finding: Finding
    table: int | None = None
    formulas: dict[Place, str] = field(default_factory=dict)
    numbers: dict[Place, float] = field(default_factory=dict)
    reason: str | None = None

    @property
    def places(self) -> set[Place]:
        """The cells that it changes."""
        return self.formulas.keys() | self.numbers.keys()

    @property
    def owner(self) -> int:
        """The table that it changes; only a chart's, which is always left alone, has none."""
        assert self.table is not None, self.finding
        return self.table

    def leave(self, reason: str) -> None:
        """Give it up."""
        self.reason, self.formulas, self.numbers = reason, {}, {}


def edits_of(book: Book, report: FileReport, tables: list[Recognised], bonds: dict[str, Bonds]) -> list[Edit]:
    """An edit for each finding that makes a sheet wrong, tables first; `bonds` are the sheets', by name."""
    edits = []
    for number, (table, judged) in enumerate(zip(tables, report.tables, strict=True)):
        # A note on a function such as POW makes no sheet wrong, but only the mended formula works in Excel.
        for finding in [f for f in judged.findings if not f.note or KINDS[f.kind].mended_as_note]:
            edits.append(_edit(number, table, judged, finding))
    planned = {place for edit in edits for place in edit.places}
    for edit in edits:
        reason = _jointly_held(edit, planned, bonds) or _reads_no_number(edit, planned, book)
        if reason:
            edit.leave(reason)
    return edits + [Edit(chart, reason=KINDS[chart.kind].why_left) for chart in report.charts if not chart.note]


def _edit(number: int, table: Recognised, judged: TableReport, finding: Finding) -> Edit:
    edit, kind = Edit(finding, number), KINDS[finding.kind]
    if judged.verdict == NOT_JUDGED:
        edit.leave("the table isn't judged")
    elif judged.values_only:
        edit.leave(KINDS[fault_kinds.WRONG_VALUE].why_left)
    elif kind.mend is Mend.NOTHING:
        edit.leave(kind.why_left)
    elif kind.mend is Mend.FORMULA:
        _plan(edit, table)
    return edit


def _plan(edit: Edit, table: Recognised) -> None:
    if not edit.finding.parts:
        edit.leave("it names no cells")
    for part in edit.finding.parts:
        for row in part.rows:
            place = (table.sheet.name, row, part.column)
            cell = table.sheet.cell(row, part.column)
            right = right_formula(table, part.variable, row)
            if part.variable in table.blueprint.constants and (cell is None or cell.formula is None):
                first = table.cell(part.variable, table.first)
                if first is None or not isinstance(first.value, float):
                    return edit.leave(f"{part.variable} has no number in the first row")
                edit.numbers[place] = first.value
            elif right is None:
                return edit.leave("the table lacks a column that the right formula needs")
            else:
                edit.formulas[place] = right
    return None


def _jointly_held(edit: Edit, planned: set[Place], bonds: dict[str, Bonds]) -> str | None:
    """An array of which other cells stay, a data table, or a cell that lies hidden under a merged one."""
    for place in sorted(edit.places):
        binding = bonds[place[0]]
        for joint in binding.arrays:
            cells = {(place[0], *cell) for cell in joint.cells}
            if place in cells and joint.data_table:
                return f"{joint.range} is a data table"
            if place in cells and not cells <= planned:
                return f"{joint.range} holds one array formula, and not all of its cells are wrong"
        if (covering := binding.hidden_under(*place[1:])) is not None:
            return f"{a1(*place[1:])} lies hidden under the merged cells {covering}"
    return None


def _reads_no_number(edit: Edit, planned: set[Place], book: Book) -> str | None:
    """A label is never a variable's value: what a right formula reads has to be a number, or to become one."""
    for place, text in sorted(edit.formulas.items()):
        for ref in formula.parse(text, *place[1:]).refs:
            sheet = book.sheet(ref.sheet or place[0])
            at = ref.at(*place[1:])
            cell = sheet.cell(*at) if sheet is not None else None
            if sheet is not None and (sheet.name, *at) in planned:
                continue
            where = on_sheet(sheet.name if sheet else ref.sheet, a1(*at), place[0])
            if cell is None:
                return f"the right formula would read {where}, which is empty"
            if isinstance(cell.value, str) and not cell.error:
                return f"the right formula would read {where}, which holds the text “{cell.value[:30]}”"
            if cell.formula is None and not isinstance(cell.value, float):
                return f"the right formula would read {where}, which holds no number"
    return None


def unshared(formulas: dict[Place, str], shared: dict[str, list[Joint]]) -> dict[Place, str]:
    """Own formulas for the cells that shared theirs with a mended one; `shared` are the sheets' shared formulas."""
    found: dict[Place, str] = {}
    for name, joints in shared.items():
        for joint in joints:
            places = [(name, *cell) for cell in joint.cells]
            if not any(place in formulas for place in places):
                continue
            translator = Translator(f"={joint.text}", origin=a1(joint.row, joint.column))
            for place in places:
                if place not in formulas:
                    found[place] = translator.translate_formula(a1(*place[1:])).removeprefix("=")
    return found


def templates_of(formulas: dict[Place, str]) -> dict[Place, Template]:
    """The formulas parsed where they stand."""
    return {place: formula.parse(text, *place[1:]) for place, text in formulas.items()}
