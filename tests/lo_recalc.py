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
        code = sheet.getCellByPosition(place.StartColumn, place.StartRow).getError()  # asking each cell takes minutes
        for row in range(place.StartRow, place.EndRow + 1):
            for column in range(place.StartColumn, place.EndColumn + 1):
                found[row][column] = f"error {code}"
    return found


def main():
    desktop = connect(sys.argv[1])
    if sys.argv[2:] == ["ping"]:
        return
    if sys.argv[2:] == ["quit"]:
        desktop.terminate()
        return
    request = json.load(sys.stdin)
    if "paths" in request:
        answer = [answered(desktop, path, {}) for path in request["paths"]]
    else:
        answer = answered(desktop, request["path"], request["changes"])
    json.dump(answer, sys.stdout)


def answered(desktop, path, changes):
    hidden = PropertyValue()
    hidden.Name, hidden.Value = "Hidden", True
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0, (hidden,))
    try:
        for sheet, cells in changes.items():
            for cell, value in cells.items():
                book.Sheets.getByName(sheet).getCellRangeByName(cell).setValue(value)
        book.calculateAll()
        sheets = [book.Sheets.getByIndex(k) for k in range(book.Sheets.Count)]
        return {"sheets": {s.Name: values(s) for s in sheets}, "charts": {s.Name: s.Charts.Count for s in sheets}}
    finally:
        book.close(True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
