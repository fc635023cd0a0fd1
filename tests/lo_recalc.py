"""Runs under the system's Python, which has LibreOffice's uno: open, change cells, recalculate all, print as JSON."""

import json
import os
import sys

import uno
from com.sun.star.beans import PropertyValue


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
                book.Sheets.getByName(sheet).getCellRangeByName(cell).setValue(value)
        book.calculateAll()
        sheets = [book.Sheets.getByIndex(k) for k in range(book.Sheets.Count)]
        answer = {"sheets": {s.Name: values(s) for s in sheets}, "charts": {s.Name: s.Charts.Count for s in sheets}}
        if "separators" in request:
            answer["formulas"] = [cell.Formula for sheet in sheets for cell in sheet.queryContentCells(16).Cells]
        json.dump(answer, sys.stdout)
    finally:
        book.close(True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
