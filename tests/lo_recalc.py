"""Runs under the system's Python, which has LibreOffice's uno: open, change cells, recalculate all, print as JSON.

The request is {"path": …, "changes": {sheet: {cell: number or text}}, "strings": {sheet: range}}: `strings` asks for what
cells show.
"""

import json
import os
import sys

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.table.CellContentType import EMPTY, FORMULA, VALUE


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
    return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def values(sheet):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.RangeAddress
    rows = sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getDataArray()
    found = [list(row) for row in rows]
    # A cell in error reads as an empty text or a number: say so instead.
    errors = sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).queryFormulaCells(4)
    for place in errors.RangeAddresses:
        for row in range(place.StartRow, place.EndRow + 1):
            for column in range(place.StartColumn, place.EndColumn + 1):
                found[row][column] = f"error {sheet.getCellByPosition(column, row).getError()}"
    return found


def strings(book, sheet, cells):
    """What LibreOffice shows in each cell of a range: its string, or where a conditional format changes it, that one.

    A cell's String leaves conditional formats out, so the format that LibreOffice read is asked for here.
    """
    formats = conditional_formats(book, sheet)
    numbers = sheet.getCellRangeByName(cells)
    rows, columns = numbers.Rows.Count, numbers.Columns.Count
    return [[shown(book, numbers.getCellByPosition(c, r), formats) for c in range(columns)] for r in range(rows)]


def shown(book, cell, formats):
    if cell.Type == EMPTY or not is_number(cell):
        return cell.String
    where, value = cell.CellAddress, cell.Value
    for areas, conditions in formats:
        if any(a.StartRow <= where.Row <= a.EndRow and a.StartColumn <= where.Column <= a.EndColumn for a in areas):
            for holds, key in conditions:
                if holds(value):
                    formatter = book.createInstance("com.sun.star.util.NumberFormatter")
                    formatter.attachNumberFormatsSupplier(book)
                    return formatter.convertNumberToString(key, value)
    return cell.String


def is_number(cell):
    return cell.Type == VALUE or (cell.Type == FORMULA and cell.FormulaResultType2 == 1 and not cell.getError())


def conditional_formats(book, sheet):
    """(areas, [(condition, key of the number format)]) of each conditional format that compares a cell's value."""
    styles = book.StyleFamilies.getByName("CellStyles")
    found = []
    for conditional in sheet.ConditionalFormats.getConditionalFormats():
        entries = [conditional.getByIndex(k) for k in range(conditional.getCount())]
        conditions = [
            (CONDITIONS[entry.Operator](*limits(entry)), styles.getByName(entry.StyleName).NumberFormat)
            for entry in entries
            if entry.getType() == 0 and entry.Operator in CONDITIONS
        ]
        found.append((conditional.Range.RangeAddresses, conditions))
    return found


def limits(entry):
    return float(entry.Formula1), float(entry.Formula2)


CONDITIONS = {  # com.sun.star.sheet.ConditionFormatOperator: EQUAL, BETWEEN, NOT_BETWEEN
    0: lambda low, high: lambda value: value == low,
    6: lambda low, high: lambda value: low <= value <= high,
    7: lambda low, high: lambda value: not low <= value <= high,
}


def put(cell, content):
    """A number, or a text: "" empties the cell."""
    if isinstance(content, str):
        cell.setString(content)
    else:
        cell.setValue(content)


def main():
    desktop = connect(sys.argv[1])
    if sys.argv[2:] == ["ping"]:
        return
    if sys.argv[2:] == ["quit"]:
        desktop.terminate()
        return
    request = json.load(sys.stdin)
    hidden = PropertyValue()
    hidden.Name, hidden.Value = "Hidden", True
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(request["path"]), "_blank", 0, (hidden,))
    try:
        for sheet, cells in request["changes"].items():
            for cell, value in cells.items():
                put(book.Sheets.getByName(sheet).getCellRangeByName(cell), value)
        if not request.get("as_opened"):
            book.calculateAll()
        if "out" in request:
            kind = PropertyValue()
            kind.Name, kind.Value = "FilterName", f"Calc MS Excel 2007{' VBA' * request['out'].endswith('m')} XML"
            book.storeToURL(uno.systemPathToFileUrl(request["out"]), (kind,))
        sheets = [book.Sheets.getByIndex(k) for k in range(book.Sheets.Count)]
        answer = {"sheets": {s.Name: values(s) for s in sheets}, "charts": {s.Name: s.Charts.Count for s in sheets}}
        asked = request.get("strings", {}).items()
        answer["strings"] = {name: strings(book, book.Sheets.getByName(name), cells) for name, cells in asked}
        if request.get("pdf"):
            export = PropertyValue()
            export.Name, export.Value = "FilterName", "calc_pdf_Export"
            book.storeToURL(uno.systemPathToFileUrl(request["pdf"]), (export,))
        json.dump(answer, sys.stdout)
    finally:
        book.close(True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
