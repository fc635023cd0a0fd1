"""Runs under the system's Python, which has LibreOffice's uno: how long a workbook takes to load and to follow changes.

    lo_time.py PIPE < {"path": …, "changes": {title: {"sheet": …, "cell": …, "value": …}}}

Prints seconds by title, "load" first, "all cells" last.
"""

import json
import sys
import time

import uno
from com.sun.star.beans import PropertyValue


def main():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    context = resolver.resolve(f"uno:pipe,name={sys.argv[1]};urp;StarOffice.ComponentContext")
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    request = json.load(sys.stdin)
    hidden = PropertyValue()
    hidden.Name, hidden.Value = "Hidden", True
    found = {}
    start = time.perf_counter()
    book = desktop.loadComponentFromURL(uno.systemPathToFileUrl(request["path"]), "_blank", 0, (hidden,))
    found["load"] = time.perf_counter() - start
    for title, change in request["changes"].items():
        cell = book.Sheets.getByName(change["sheet"]).getCellRangeByName(change["cell"])
        start = time.perf_counter()
        if isinstance(change["value"], str):
            cell.setString(change["value"])
        else:
            cell.setValue(change["value"])
        book.calculate()  # all that depends on it
        found[title] = time.perf_counter() - start
    start = time.perf_counter()
    book.calculateAll()
    found["all cells"] = time.perf_counter() - start
    book.close(True)
    json.dump(found, sys.stdout)


main()
