"""The sheet Training of a workbook that is open in Calc: its named cells, its epoch table, a notice above it.

gradsheet's Python says which cells; nothing here knows what they mean. LibreOffice's main thread only.
"""

from com.sun.star.beans import UnknownPropertyException
from com.sun.star.table import CellRangeAddress
from com.sun.star.uno import RuntimeException

from .extension import WRITTEN

CORNER, TABLE, NAMES = WRITTEN["corner"], WRITTEN["table"], WRITTEN["names"]
_CONTENTS = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
_NOTICE, _WARNING = "gradsheet", 2  # com.sun.star.frame.InfobarType


class BlockedError(Exception):
    """Somebody has to do something first, which its text says."""


def is_spreadsheet(model):
    """Whether a document of LibreOffice's is one of Calc's."""
    return model is not None and model.supportsService("com.sun.star.sheet.SpreadsheetDocument")


def training_sheet(model):
    """The sheet, also under another name: its cells' names know it. None where the workbook has none."""
    for sheet in model.Sheets:
        if sheet.NamedRanges.hasByName(CORNER) and all(map(sheet.NamedRanges.hasByName, NAMES)):
            return sheet
    return None


class Training:
    """The sheet, looked for anew: people delete, rename and protect it. Raises BlockedError."""

    def __init__(self, model):
        """Find it."""
        self._model, self._sheet = model, training_sheet(model)
        if self._sheet is None:
            raise BlockedError(
                "The sheet Training, or one of its named cells, was deleted, so nothing can be shown; undo that, or "
                "build the workbook again."
            )

    def read(self, names):
        """What the cells of these names hold: a number, a text, an error's name, None for nothing."""
        return {name: _content(self._cell(name)) for name in names}

    def write(self, values):
        """Write texts and numbers, by the cells' names, where others stand; a text never becomes a formula."""
        self._refuse_protected()
        for name, value in values.items():
            cell = self._cell(name)
            if _content(cell) == value:
                continue  # the workbook was not changed by that
            if isinstance(value, str):
                cell.setString(value)
            else:
                cell.setValue(value)

    def rows(self, first, count, width):
        """So many rows of cells, `first` rows below the table's corner."""
        return [list(row) for row in self._block(first, count, width).getDataArray()]

    def put(self, first, before, rows):
        """Write rows over those that were there before; False if others are there now. None for rows clears them."""
        self._refuse_protected()
        block = self._block(first, len(before), len(before[0]))
        if [list(row) for row in block.getDataArray()] != before:
            return False
        if rows is None:
            block.clearContents(_CONTENTS)
        else:
            block.setDataArray(tuple(map(tuple, rows)))
        return True

    def frame(self):
        """How many rows the table has that Excel made around the epochs; 0 where there is none any more."""
        table = self._table()
        return table.DataArea.EndRow - table.DataArea.StartRow if table else 0

    def resize(self, rows):
        """Let the table have so many rows."""
        table = self._table()
        if table:
            area = table.DataArea
            area.EndRow = area.StartRow + rows
            table.setDataArea(area)

    def corner(self):
        """Sheet, row and column of the table's first header cell."""
        address = self._cell(CORNER).CellAddress
        return self._sheet, address.Row, address.Column

    def _cell(self, name):
        cells = self._sheet.NamedRanges.getByName(name).getReferredCells()
        if cells is None:
            raise BlockedError(f"The cell that is named {name} was deleted; undo that, or build the workbook again.")
        return cells.getCellByPosition(0, 0)

    def _block(self, first, count, width):
        sheet, row, column = self.corner()
        return sheet.getCellRangeByPosition(column, row + first, column + width - 1, row + first + count - 1)

    def _table(self):
        ranges = self._model.DatabaseRanges
        table = ranges.getByName(TABLE) if ranges.hasByName(TABLE) else None
        sheet, row, column = self.corner()
        here = CellRangeAddress(sheet.RangeAddress.Sheet, column, row, column, row)
        area = table.DataArea if table else None
        is_ours = area and (area.Sheet, area.StartRow, area.StartColumn) == (here.Sheet, row, column)
        return table if is_ours else None

    def _refuse_protected(self):
        if self._sheet.isProtected():
            name = self._sheet.Name
            raise BlockedError(
                f"The sheet {name} is protected, so nothing can be shown; unprotect it (Tools, Protect Sheet)."
            )
        if self._model.isReadonly():
            raise BlockedError(
                "The workbook is open for reading only, so nothing can be shown; press Edit Document, or save it under "
                "another name."
            )


def show_notice(model, sentence):
    """Say something above the sheet, whatever became of it; an empty text takes it away."""
    try:
        window = model.CurrentController
        if window.hasInfobar(_NOTICE):
            window.removeInfobar(_NOTICE)
        if sentence:
            window.appendInfobar(_NOTICE, "gradsheet", sentence, _WARNING, (), True)
    except (AttributeError, RuntimeException, UnknownPropertyException):
        pass  # a window that shows nothing, or none


def _content(cell):
    if cell.Type.value == "EMPTY":
        return None
    # com.sun.star.sheet.FormulaResult: 1 is VALUE; an error's name is the cell's text, as STRING's.
    is_number = cell.Type.value == "VALUE" or cell.FormulaResultType2 == 1
    return cell.Value if is_number else cell.String
