"""Formulas written for Excel, entered again so that Calc knows the functions in them.

An .xlsx calls them BP_GRAD; LibreOffice 7.4 knows gradsheet.BP_GRAD only, 25.2 both.
"""

import re

from .extension import WRITTEN

_FORMULAS = 16  # com.sun.star.sheet.CellFlags
_OURS = {name.upper(): name for name in WRITTEN["functions"]}
_CALL = re.compile(
    r""""(?:[^"]|"")*"|'(?:[^']|'')*'|"""  # a text or the name of a sheet: left as it is
    r"(?<![\w.!])(?:_xll\.|_xlfn\.|_xludf\.|\[0\]!)?({})(?=\s*\()".format("|".join(_OURS)),
    re.IGNORECASE,
)


def as_calc_has_it(formula):
    """The formula with the names that Calc knows; the same one where it holds none of ours."""
    return _CALL.sub(lambda found: "GRADSHEET." + _OURS[found[1].upper()] if found[1] else found[0], formula)


def enter_again(model):
    """Enter the formulas anew that call functions of ours by Excel's names."""
    for sheet in model.Sheets:
        for cells in sheet.queryContentCells(_FORMULAS):
            _enter(sheet, cells)


def _enter(sheet, cells):
    first = cells.RangeAddress
    done = set()  # the cells of an array are entered by its first one; to ask each of thousands takes minutes
    for down, row in enumerate(cells.getFormulaArray(), start=first.StartRow):
        for right, formula in enumerate(row, start=first.StartColumn):
            renamed = formula if (right, down) in done else as_calc_has_it(formula)
            if renamed == formula:
                continue
            cell = sheet.getCellByPosition(right, down)
            if formula.startswith("{"):
                done |= _enter_array(sheet, cell, renamed[1:-1])
            else:
                cell.setFormula(renamed)


def _enter_array(sheet, cell, formula):
    """Enter an array formula for all the cells that have it, and return them as (column, row)."""
    array = sheet.createCursorByRange(cell)
    array.collapseToCurrentArray()
    array.setArrayFormula(formula)
    area = array.RangeAddress
    columns, rows = range(area.StartColumn, area.EndColumn + 1), range(area.StartRow, area.EndRow + 1)
    return {(column, row) for column in columns for row in rows}
