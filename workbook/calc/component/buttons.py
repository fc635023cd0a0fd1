"""The four buttons of the sheet Training: form controls that open an address of ours, which needs no macro."""

from com.sun.star.awt import Point, Size
from com.sun.star.form.FormButtonType import URL

from .extension import WRITTEN
from .sheet import Training

PROTOCOL = "gradsheet:"


def put(model):
    """Put each button that isn't there over its cells, above the epoch table."""
    sheet, row, column = Training(model).corner()
    there = {_address(shape) for shape in sheet.DrawPage}
    for k, button in enumerate(WRITTEN["buttons"]):
        if PROTOCOL + button["does"] not in there and button["caption"] not in there:
            _put(model, sheet, button, column + 2 * k, row - WRITTEN["rows_above"])


def _put(model, sheet, button, column, row):
    control = model.createInstance("com.sun.star.form.component.CommandButton")
    control.Name = control.Label = button["caption"]
    control.ButtonType, control.TargetURL = URL, PROTOCOL + button["does"]
    cells = sheet.getCellRangeByPosition(column, row, column + 1, row)
    shape = model.createInstance("com.sun.star.drawing.ControlShape")
    shape.Position = Point(cells.Position.X, cells.Position.Y)
    shape.Size = Size(cells.Size.Width, cells.Size.Height)
    shape.Control = control
    sheet.DrawPage.add(shape)
    shape.Anchor = cells.getCellByPosition(0, 0)


def _address(shape):
    """What tells a button of ours: where it leads or, for one that a macro workbook brought along, what it says."""
    if shape.ShapeType != "com.sun.star.drawing.ControlShape" or shape.Control is None:
        return None
    control = shape.Control
    if not control.supportsService("com.sun.star.form.component.CommandButton"):
        return None
    return control.TargetURL or control.Label
