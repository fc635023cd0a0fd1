"""The workbook that is open in Excel as a target, through xlwings.

Nothing here opens a file or starts Excel: the book is found among those that are open. Every error that Excel's side
raises means Busy or Gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xlwings

from trainer.run import Run
from workbook.live.target import Busy, Gone
from workbook.training_layout import (
    COLUMNS,
    EPOCH_LOG,
    LOG_CORNER,
    MAX_EPOCHS,
    PROGRESS,
    RUN_FOLDER,
    SETTINGS,
    STATUS,
    TRAINING,
)

REJECTED, IGNORED = -2147418111, -2146777998  # RPC_E_CALL_REJECTED, VBA_E_IGNORE: a cell is edited, a dialog is open
TIMED_OUT = -1712  # the same on macOS


class OpenWorkbook:
    """The sheet Training of an open workbook, found by its full name, or given as xlwings' Book."""

    def __init__(self, full_name: str, book: "xlwings.Book | None" = None):
        """Nothing is asked of Excel yet."""
        self.full_name = full_name
        self._book = book

    def begin(self, folder: Path) -> int:
        """See Target."""
        with self._sheet() as sheet:
            if sheet.range(RUN_FOLDER).value == str(folder):
                return self._epochs(sheet)
            self._clear(sheet)
            sheet.range(RUN_FOLDER).value = str(folder)
            return 0

    def show(self, run: Run, done: int) -> None:
        """See Target. One write for all rows that are missing."""
        with self._sheet() as sheet:
            rows = [[getattr(row, field) for field, *_ in COLUMNS] for row in run.rows[done:MAX_EPOCHS]]
            if rows:
                corner = sheet.range(LOG_CORNER)
                corner.offset(1 + done, 0).resize(len(rows), len(COLUMNS)).value = rows
                self._resize(sheet, done + len(rows))

    def tell(self, line: str, progress: float) -> None:
        """See Target."""
        with self._sheet() as sheet:
            sheet.range(STATUS).value = line
            sheet.range(PROGRESS).value = progress

    def settings(self) -> dict[str, object]:
        """What the settings' cells hold, by name; None for a blank one."""
        with self._sheet() as sheet:
            return {setting.name: sheet.range(setting.name).value for setting in SETTINGS}

    def run_folder(self) -> Path | None:
        """The folder of the run that the sheet shows."""
        with self._sheet() as sheet:
            written = sheet.range(RUN_FOLDER).value
            return Path(str(written)) if written else None

    @contextmanager
    def _sheet(self) -> Iterator["xlwings.Sheet"]:
        """The sheet; what Excel's side raises while it is used becomes Busy or Gone."""
        try:
            if self._book is None:
                books = [book for app in xlwings.apps for book in app.books]
                self._book = next((book for book in books if full_name(book) == self.full_name), None)
            if self._book is None:
                raise Gone(self.full_name)
            yield self._book.sheets[TRAINING]
        except Gone:
            raise
        except Exception as error:
            if _refused(error):
                raise Busy from error
            # AttributeError, KeyError: how xlwings answers for an object that Excel no longer has.
            if _code(error) is not None or isinstance(error, AttributeError | KeyError):
                raise Gone from error
            raise

    def _epochs(self, sheet: "xlwings.Sheet") -> int:
        """How many rows the log has from epoch 1 on, without a gap."""
        column = sheet.range(LOG_CORNER).offset(1, 0).resize(MAX_EPOCHS, 1).value
        return next((k for k, epoch in enumerate(column) if epoch != k + 1), MAX_EPOCHS)

    def _clear(self, sheet: "xlwings.Sheet") -> None:
        sheet.range(LOG_CORNER).offset(1, 0).resize(MAX_EPOCHS, len(COLUMNS)).clear_contents()
        self._resize(sheet, 1)

    def _resize(self, sheet: "xlwings.Sheet", rows: int) -> None:
        """The table's frame; the charts plot all of MAX_EPOCHS rows anyway."""
        sheet.tables[EPOCH_LOG].resize(sheet.range(LOG_CORNER).resize(1 + rows, len(COLUMNS)))


def full_name(book: "xlwings.Book") -> str:
    """The book's full name; its name alone where xlwings can't tell the folder of a file that OneDrive keeps."""
    try:
        return book.fullname
    except Exception as error:
        if _refused(error) or _code(error) is not None:
            raise
        return book.name


def _refused(error: Exception) -> bool:
    """Whether Excel only can't answer now, in any of the forms in which that arrives.

    A refusal inside of Excel comes as DISP_E_EXCEPTION, with its own number as excepinfo's last part. And where Excel
    refuses a call such as Worksheets("Training"), xlwings (COMRetryObjectWrapper.__call__) answers None, so that the
    error is the next attribute's, which None hasn't.
    """
    if isinstance(error, AttributeError):
        return error.obj is None and error.name is not None  # Python fills both in; a raise by hand leaves both None
    inner = (getattr(error, "excepinfo", None) or (None,))[-1]
    return _code(error) in (REJECTED, IGNORED, TIMED_OUT) or inner in (REJECTED, IGNORED)


def _code(error: Exception) -> int | None:
    """The number of an error that Excel's side raised: COM's on Windows, AppleScript's on macOS."""
    return getattr(error, "hresult", getattr(error, "errornumber", None))
