"""The mended copy: right formulas in the wrong cells, every value that follows from them, E_total before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from openpyxl.formula.translate import Translator

from workbook.check import formula
from workbook.check.added_sheet import add_sheet
from workbook.check.cells import Change, change_cells, joint_formulas
from workbook.check.copies import findings_sheet, open_for_copy
from workbook.check.curves_sheet import Curve, curves_sheet
from workbook.check.findings import FileReport, Finding, TableReport
from workbook.check.judge import right_formula
from workbook.check.marks import Formats
from workbook.check.package import Package, tag
from workbook.check.reader import Book
from workbook.check.recalculate import Place, recalculate
from workbook.check.tables import Table

Value = float | None
_BEFORE_CALCULATION = ("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets")
_BEFORE_CALCULATION += ("functionGroups", "externalReferences", "definedNames", "AlternateContent", "revisionPtr")


@dataclass
class Mending:
    """What is to change: new formulas, new numbers, and the findings that no formula can mend."""

    formulas: dict[Place, str] = field(default_factory=dict)
    numbers: dict[Place, float] = field(default_factory=dict)
    left: list[Finding] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def mend(book: Book, report: FileReport, tables: list[Table], out: Path) -> str:
    """Write the mended copy; gives the sentence that says what was done.

    Formulas are put where wrong ones, or numbers in their place, stand. Tables of typed values have no formulas and
    stay, and so do charts and the start values a student chose.
    """
    package = open_for_copy(book.path, out)
    plan = _plan(report, tables)
    parts = {sheet.name: sheet.part for sheet in book.sheets}
    spread = _unshared(package, parts, plan)
    values = _values(book, plan)
    for name, part in parts.items():
        changes = _changes(name, plan, spread, values)
        if changes:
            package.write(part, change_cells(package.read(part), changes))
    curves = [curve for table in plan.tables if (curve := _curve(table, values)) is not None]
    text = _sentence(plan, curves)
    formats = Formats(package)
    add_sheet(package, findings_sheet(book, report, formats, text))
    if curves:
        add_sheet(package, curves_sheet(curves, [*book.tabs, "Check"], formats))
    formats.save()
    _recalculate_on_load(package)
    package.save(out)
    return text


def _plan(report: FileReport, tables: list[Table]) -> Mending:
    plan = Mending()
    for table, judged in zip(tables, report.tables, strict=True):
        before = len(plan.formulas) + len(plan.numbers)
        # A note on a function such as POW makes no sheet wrong, but only the mended formula works in Excel.
        for finding in [f for f in judged.findings if not f.note or f.kind == "unknown function"]:
            if judged.values_only or not _mend_finding(plan, table, judged, finding):
                plan.left.append(finding)
        stale = any(finding.kind == "stale values" for finding in judged.faults)
        if len(plan.formulas) + len(plan.numbers) > before or stale:
            plan.tables.append(table)
    plan.left += [finding for finding in report.charts if not finding.note]
    return plan


def _mend_finding(plan: Mending, table: Table, report: TableReport, finding: Finding) -> bool:
    """Plan the cells of a finding; False where some of it can't be mended."""
    if finding.kind in ("stale values", "wrong start value"):
        return finding.kind == "stale values"
    done = bool(finding.parts)
    for part in finding.parts:
        for row in part.rows:
            place = (table.sheet.name, row, part.column)
            cell = table.sheet.cell(row, part.column)
            right = right_formula(table, part.variable, row)
            if part.variable in table.blueprint.constants and cell is not None and cell.formula is None:
                plan.numbers[place] = float(table.values[part.variable][0])
            elif right is None:
                done = False
            else:
                plan.formulas[place] = right
    return done


def _unshared(package: Package, parts: dict[str, str], plan: Mending) -> dict[Place, str]:
    """Own formulas for the cells that shared theirs with a mended one; cells of arrays are taken out of the plan."""
    found: dict[Place, str] = {}
    for name in {place[0] for place in plan.formulas}:
        for joint in joint_formulas(package.read(parts[name])):
            places = [(name, *cell) for cell in joint.cells]
            if not any(place in plan.formulas for place in places):
                continue
            if joint.array:
                plan.formulas = {place: text for place, text in plan.formulas.items() if place not in places}
                continue
            translator = Translator(f"={joint.text}", origin=formula.a1(joint.row, joint.column))
            for place in places:
                if place not in plan.formulas:
                    found[place] = translator.translate_formula(formula.a1(*place[1:])).removeprefix("=")
    return found


def _values(book: Book, plan: Mending) -> dict[Place, Value]:
    """The new values of the mended cells and of all that follow from them."""
    changed = {place: formula.parse(text, *place[1:]) for place, text in plan.formulas.items()}
    changed |= {place: formula.parse(repr(number), *place[1:]) for place, number in plan.numbers.items()}
    # All of a mended table anew: some programs store ten digits only, which the mended rows would carry on.
    for table in plan.tables:
        for row in table.rows:
            for column, cell in table.sheet.rows.get(row, {}).items():
                if cell.formula is not None:
                    changed.setdefault((table.sheet.name, row, column), cell.formula)
    return recalculate(book, changed)


def _changes(sheet: str, plan: Mending, spread: dict[Place, str], values: dict[Place, Value]):
    """The changes of one sheet's cells."""
    found = {place[1:]: Change(formula=text) for place, text in spread.items() if place[0] == sheet}
    for place, value in values.items():
        if place[0] == sheet:
            found[place[1:]] = Change(formula=plan.formulas.get(place, spread.get(place)), value=value)
    return found


def _curve(table: Table, values: dict[Place, Value]) -> Curve | None:
    column = table.columns.get("E_total")
    if column is None:
        return None
    cells = [(row, (table.sheet.name, row, column)) for row in table.rows]
    before = [_number(table.values["E_total"][row - table.first]) for row, _ in cells]
    after = [values.get(place, old) for (_, place), old in zip(cells, before, strict=True)]
    return Curve(table.sheet.name, table.range, column, list(table.rows), before, after)


def _number(value: float) -> Value:
    return None if value != value else float(value)


def _sentence(plan: Mending, curves: list[Curve]) -> str:
    count = len(plan.formulas)
    text = f"{count:,} formula{'s' if count != 1 else ''} mended"
    if plan.numbers:
        text += f" and {len(plan.numbers):,} number{'s' if len(plan.numbers) != 1 else ''} put back"
    text += "."
    if plan.left:
        text += f" Left as they are: {'; '.join(f'{f.sheet}!{f.range} ({f.kind})' for f in plan.left[:5])}."
    ends = [
        (c.sheet, c.before[-1], c.after[-1]) for c in curves if c.before[-1] is not None and c.after[-1] is not None
    ]
    return text + "".join(
        f" E_total in {sheet}'s last row: {a:.10g} before, {b:.10g} after." for sheet, a, b in ends[:6]
    )


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
