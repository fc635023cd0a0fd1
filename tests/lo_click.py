"""Runs under the system's Python: open the macro workbook in LibreOffice, press every button, say what is there.

The workbook's RunPython is one that writes its command to a file. Arguments: pipe, workbook, file for the commands,
"action" or "mouse".
"""

import json
import os
import subprocess
import sys
import time

import uno
from com.sun.star.beans import PropertyValue


def prop(name, value):
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
    return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def click(accessible):
    """A real press of the mouse in the middle of what is on the screen."""
    place, size = accessible.LocationOnScreen, accessible.Size
    x, y = place.X + size.Width // 2, place.Y + size.Height // 2
    subprocess.run(["xdotool", "mousemove", str(x), str(y), "sleep", "0.3", "click", "1"], check=True)


def lines(path):
    return open(path).read().splitlines() if os.path.exists(path) else []


def press(control, how, commands):
    """Press and wait for the command that follows."""
    before = len(lines(commands))
    accessible = control.AccessibleContext
    for _ in range(20):
        if how == "mouse":
            click(accessible)
        else:
            accessible.doAccessibleAction(0)
        for _ in range(10):
            if len(lines(commands)) > before:
                return lines(commands)[-1]
            time.sleep(0.1)
    return None


def main():
    pipe, path, commands, how = sys.argv[1:]
    desktop = connect(pipe)
    document = desktop.loadComponentFromURL(
        uno.systemPathToFileUrl(path), "_blank", 0, (prop("MacroExecutionMode", 4),)
    )
    try:
        sheets = [document.Sheets.getByIndex(k) for k in range(document.Sheets.Count)]
        shown = {s.Name: s.getCellRangeByName("A1:AF112").getDataArray() for s in sheets if s.IsVisible}
        sheet = document.Sheets.getByName("Training")
        controller = document.CurrentController
        controller.setActiveSheet(sheet)
        time.sleep(1)
        shapes = [sheet.DrawPage.getByIndex(k) for k in range(sheet.DrawPage.Count)]
        controls = [s.Control for s in shapes if s.ShapeType == "com.sun.star.drawing.ControlShape"]
        pressed = {c.Label: press(controller.getControl(c), how, commands) for c in controls}
        charts = {s.Name: s.Charts.Count for s in sheets}
        json.dump({"pressed": pressed, "charts": charts, "shown": shown}, sys.stdout)
    finally:
        document.close(True)


main()
sys.stdout.flush()
os._exit(0)  # uno sometimes crashes while Python shuts down
