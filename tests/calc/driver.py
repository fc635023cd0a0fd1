"""Runs under the system's Python, which has LibreOffice's uno: does in LibreOffice what a user would, a line a request.

The argument is the pipe's name. A request is {"do": NAME, "arguments": […]}, NAME being a function below; the answer is
{"found": …} or {"error": …}.
"""

import json
import os
import sys
import time

import uno
from com.sun.star.beans import PropertyValue

TIMEOUT = 60
FORMATS = {"xlsx": "Calc MS Excel 2007 XML", "xlsm": "Calc MS Excel 2007 VBA XML", "ods": "calc8"}


def context():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return resolver.resolve(f"uno:pipe,name={sys.argv[1]};urp;StarOffice.ComponentContext")
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


CONTEXT = context()
DESKTOP = CONTEXT.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", CONTEXT)
BOOKS = {}


def prop(name, value):
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


def open_book(key, path=None):
    address = uno.systemPathToFileUrl(path) if path else "private:factory/scalc"
    BOOKS[key] = DESKTOP.loadComponentFromURL(address, "_blank", 0, ())
    return BOOKS[key].RuntimeUID


def close(key):
    BOOKS.pop(key).close(True)


def save(key, path):
    kind = FORMATS[path.rpartition(".")[2]]
    BOOKS[key].storeToURL(uno.systemPathToFileUrl(path), (prop("FilterName", kind),))


def sheet(key, name=None):
    sheets = BOOKS[key].Sheets
    return sheets.getByName(name) if name else sheets.getByIndex(0)


def cells(key, where, name=None):
    area = sheet(key, name).getCellRangeByName(where)
    return [list(row) for row in area.getDataArray()]


def strings(key, where, name=None):
    """What the cells show."""
    area = sheet(key, name).getCellRangeByName(where)
    address = area.RangeAddress
    rows, columns = address.EndRow - address.StartRow + 1, address.EndColumn - address.StartColumn + 1
    return [[area.getCellByPosition(c, r).String for c in range(columns)] for r in range(rows)]


def formulas(key, where, name=None):
    return [list(row) for row in sheet(key, name).getCellRangeByName(where).getFormulaArray()]


def enter(key, content, name=None):
    """{cell: number, text or formula}, as typed; {range: "{=formula}"} is an array formula."""
    for where, what in content.items():
        area = sheet(key, name).getCellRangeByName(where)
        if isinstance(what, str) and what.startswith("{="):
            area.setArrayFormula(what[1:-1])
        elif isinstance(what, str):
            area.setFormula(what)
        else:
            area.setValue(what)


def calculate(key, again=1):
    """Seconds that it took to calculate everything, the best of some."""
    seconds = []
    for _ in range(again):
        before = time.perf_counter()
        BOOKS[key].calculateAll()
        seconds.append(time.perf_counter() - before)
    return min(seconds)


def named(key, *names):
    """The cells of these names on the sheet Training: number or text."""
    of_sheet = training(key).NamedRanges
    found = [of_sheet.getByName(name).getReferredCells().getCellByPosition(0, 0) for name in names]
    return [cell.Value if cell.Type.value == "VALUE" else cell.String for cell in found]


def set_named(key, values):
    for name, value in values.items():
        cell = training(key).NamedRanges.getByName(name).getReferredCells().getCellByPosition(0, 0)
        if isinstance(value, str):
            cell.setString(value)
        else:
            cell.setValue(value)


def training(key):
    return next(s for s in BOOKS[key].Sheets if s.NamedRanges.hasByName("epoch_log"))


def press(key, address):
    """What a click on a button with this address does."""
    helper = CONTEXT.ServiceManager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", CONTEXT)
    helper.executeDispatch(BOOKS[key].CurrentController.Frame, address, "", 0, ())


def buttons(key):
    """The form buttons on the sheet Training: label, address, x, y, width, height in 1/100 mm."""
    shapes = [s for s in training(key).DrawPage if s.ShapeType == "com.sun.star.drawing.ControlShape"]
    return [
        [s.Control.Label, s.Control.TargetURL, s.Position.X, s.Position.Y, s.Size.Width, s.Size.Height] for s in shapes
    ]


def show(key, name):
    """Turn to a sheet, in a window of a fixed size."""
    controller = BOOKS[key].CurrentController
    controller.Frame.ContainerWindow.setPosSize(0, 0, 1600, 1000, 15)
    controller.setActiveSheet(sheet(key, name))


def middle(key, label):
    """Where the middle of a button is on the screen."""
    for shape in training(key).DrawPage:
        if shape.ShapeType == "com.sun.star.drawing.ControlShape" and shape.Control.Label == label:
            accessible = BOOKS[key].CurrentController.getControl(shape.Control).AccessibleContext
            place, size = accessible.LocationOnScreen, accessible.Size
            return place.X + size.Width // 2, place.Y + size.Height // 2
    return None


def selected(key):
    """The address of the selected cell."""
    return BOOKS[key].CurrentSelection.AbsoluteName


def dialog(title, label):
    """Where the middle of a button of a dialog is on the screen; None where there is no such dialog."""
    toolkit = CONTEXT.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", CONTEXT)
    for window in (toolkit.getTopWindow(k).AccessibleContext for k in range(toolkit.TopWindowCount)):
        if title in window.AccessibleName:
            return _middle_of(window, label)
    return None


def _middle_of(accessible, label):
    if accessible.AccessibleName == label:
        place, size = accessible.LocationOnScreen, accessible.Size
        return place.X + size.Width // 2, place.Y + size.Height // 2
    children = (accessible.getAccessibleChild(k).AccessibleContext for k in range(accessible.AccessibleChildCount))
    return next((found for found in (_middle_of(child, label) for child in children) if found), None)


def is_modified(key):
    return BOOKS[key].isModified()


def function_help():
    """What the Function Wizard has: name, description, [[argument, description]]."""
    service = CONTEXT.ServiceManager.createInstanceWithContext("com.sun.star.sheet.FunctionDescriptions", CONTEXT)
    found = {}
    for k in range(service.Count):
        values = {p.Name: p.Value for p in service.getByIndex(k)}
        if values["Name"].startswith(("BP_", "NN_", "MNIST_")):
            arguments = [[a.Name, a.Description] for a in values["Arguments"]]
            found[values["Name"]] = [values["Description"], arguments]
    return found


def run(code):
    """Python of a test's own, with this module's names; `found` is the answer."""
    names = dict(globals(), found=None)
    exec(code, names)
    return names["found"]


def quit():
    DESKTOP.terminate()


def main():
    print(json.dumps({"found": "ready"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"found": globals()[request["do"]](*request["arguments"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
