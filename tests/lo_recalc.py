"""Runs under the system's Python, which has LibreOffice's uno: open, change cells, recalculate all, print as JSON.

The request is {"path": …, "changes": {sheet: {cell: number or text}}, "strings": {sheet: range}}: `strings` asks for what
cells show.
"""

import csv
import json
import os
import sys
import tempfile

import uno
from com.sun.star.beans import PropertyValue


def connect(pipe, service="com.sun.star.frame.Desktop"):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
    return context.ServiceManager.createInstanceWithContext(service, context)


def values(sheet):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.RangeAddress
    rows = sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getDataArray()
    found = [list(row) for row in rows]
    # A cell in error reads as an empty text or a number: say so instead.
    errors = sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).queryFormulaCells(4)
    for place in errors.RangeAddresses:
        code = sheet.getCellByPosition(place.StartColumn, place.StartRow).getError()  # asking each cell takes minutes
        for row in range(place.StartRow, place.EndRow + 1):
            for column in range(place.StartColumn, place.EndColumn + 1):
                found[row][column] = f"error {code}"
    return found


def strings(book, sheet, cells, formatter):
    """What LibreOffice shows in each cell of a range: its string, or where a conditional format changes it, that one.

    A cell's String, which an export as shown gives for all cells at once, leaves conditional formats out; so each number
    that one holds for is written in the format that LibreOffice read for it.
    """
    area = sheet.getCellRangeByName(cells)
    where = area.RangeAddress
    exported = as_shown(book, where.Sheet)
    blank = [""] * (where.EndColumn + 1)
    rows = [[*row, *blank] for row in exported] + [blank] * (where.EndRow + 1 - len(exported))
    found = [row[where.StartColumn : where.EndColumn + 1] for row in rows[where.StartRow : where.EndRow + 1]]
    values, formats = area.getDataArray(), conditional_formats(book, sheet)
    for areas, conditions in formats:
        for part in areas:
            for r in range(max(part.StartRow, where.StartRow), min(part.EndRow, where.EndRow) + 1):
                for c in range(max(part.StartColumn, where.StartColumn), min(part.EndColumn, where.EndColumn) + 1):
                    value = values[r - where.StartRow][c - where.StartColumn]
                    key = next((key for holds, key in conditions if isinstance(value, float) and holds(value)), None)
                    if key is not None and not found[r - where.StartRow][c - where.StartColumn].startswith("#"):
                        found[r - where.StartRow][c - where.StartColumn] = formatter.convertNumberToString(key, value)
    return found


def as_shown(book, sheet):
    """The rows of a sheet, each cell as the text it shows."""
    with tempfile.TemporaryDirectory() as folder:
        filter_name, options = PropertyValue(), PropertyValue()
        filter_name.Name, filter_name.Value = "FilterName", "Text - txt - csv (StarCalc)"
        options.Name, options.Value = "FilterOptions", f"44,34,76,1,,0,true,true,true,false,false,{sheet + 1}"
        book.storeToURL(uno.systemPathToFileUrl(os.path.join(folder, "out.csv")), (filter_name, options))
        (file,) = os.listdir(folder)
        with open(os.path.join(folder, file), encoding="utf-8", newline="") as lines:
            return list(csv.reader(lines))


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
    if "paths" in request:
        answer = [answered(desktop, {"path": path, "changes": {}}) for path in request["paths"]]
    else:
        answer = answered(desktop, request)
    json.dump(answer, sys.stdout)


def answered(desktop, request):
    hidden = PropertyValue()
    hidden.Name, hidden.Value = "Hidden", True
    options = [hidden]
    if "separators" in request:  # a CSV file, UTF-8, whose formulas are to be calculated
        separators = "/".join(map(str, request["separators"]))
        options += [PropertyValue(), PropertyValue()]
        options[1].Name, options[1].Value = "FilterName", "Text - txt - csv (StarCalc)"
        options[2].Name, options[2].Value = "FilterOptions", f"{separators},34,76,1,,0,false,true,false,,,,true"
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(request["path"]), "_blank", 0, tuple(options))
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
        if "separators" in request:
            answer["formulas"] = [cell.Formula for sheet in sheets for cell in sheet.queryContentCells(16).Cells]
        asked = request.get("strings", {}).items()
        formatter = connect(sys.argv[1], "com.sun.star.util.NumberFormatter")
        formatter.attachNumberFormatsSupplier(book)
        answer["strings"] = {n: strings(book, book.Sheets.getByName(n), cells, formatter) for n, cells in asked}
        if request.get("pdf"):
            export = PropertyValue()
            export.Name, export.Value = "FilterName", "calc_pdf_Export"
            book.storeToURL(uno.systemPathToFileUrl(request["pdf"]), (export,))
        return answer
    finally:
        book.close(True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
