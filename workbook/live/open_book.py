"""A workbook that is open in Excel: found among the open ones, asked until it answers, and proven to be gone.

What Excel's side raises says little: one error may mean that a cell is edited, that the book was closed, or that the
sheet is protected, and xlwings makes a KeyError of each. So after an error the book itself is looked for. What can't be
proven counts as busy, and the same is asked again.
"""

import atexit
import re
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import xlwings

from workbook.live.excel_errors import Patience, is_excels, refused, words
from workbook.live.target import Blocked, Gone
from workbook.sheets.training_cells import LOG_CORNER, PROGRESS, RUN_FOLDER, SETTINGS, STATUS, TRAINING

Answer = TypeVar("Answer")
ABSENCES, ABSENCES_AT_FIRST = 6, 20
"""So many lists of the open books, one behind the other, must lack ours before it counts as closed; more of them before
it was ever seen: it may be opening."""
FAILURES = 20
"""So often Excel may fail at one thing without a reason that can be seen, before that is said."""
_NAMES = (STATUS, PROGRESS, RUN_FOLDER, LOG_CORNER, *(setting.name for setting in SETTINGS))


def tame_xlwings() -> None:
    """Take from xlwings on Windows what it does unasked in a process that only looks on.

    It repeats refused calls itself, without a pause, and some for ever: here every call is made once, and `ask` repeats
    it. And at the end of the process it would end each Excel whose windows it doesn't find.
    """
    windows: Any = sys.modules.get("xlwings._xlwindows")
    if windows:
        windows.N_COM_ATTEMPTS = 1
        atexit.unregister(windows.cleanup)


tame_xlwings()


class _Restart(Exception):  # noqa: N818 (nothing is wrong)
    """All is there, so what failed may have been asked of an object that is no more: begin again with fresh ones."""


class OpenBook:
    """The book of a full name, or one given as xlwings' Book, and its sheet Training."""

    def __init__(
        self,
        full_name: str,
        book: "xlwings.Book | None" = None,
        pause: Callable[[float], None] = time.sleep,
        seconds: float | None = None,
    ):
        """Nothing is asked of Excel yet. seconds: how long a busy Excel is waited for; None: as long as it takes."""
        self.full_name, self._pause, self._seconds = full_name, pause, seconds
        self._book = book
        self._sheet: xlwings.Sheet | None = None
        self._absences, self._allowed_absences = 0, ABSENCES_AT_FIRST

    def with_sheet(self, action: Callable[["xlwings.Sheet"], Answer]) -> Answer:
        """Do something with the sheet, from the start again where the book or the sheet had to be found anew.

        Raises Blocked, Gone, or StillBusyError if Excel stays busy.
        """
        return self._again(lambda: action(self._held_sheet()))

    def with_book(self, action: Callable[["xlwings.Book"], Answer]) -> Answer:
        """The same with the book, whatever became of the sheet."""
        return self._again(lambda: action(self._held_book()))

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """One call of Excel, again and again while it is busy. The less it asks at once, the sooner it is answered."""
        patience = Patience(self._pause, self._seconds)
        while True:
            try:
                answer = call()
            except Exception as error:
                if not is_excels(error):
                    raise
                if not refused(error):
                    self._examine()
                patience.wait(error)
            else:
                self._absences = 0
                return answer

    def _again(self, action: Callable[[], Answer]) -> Answer:
        patience = Patience(self._pause, self._seconds)
        error: BaseException | None = None
        for _ in range(FAILURES):
            try:
                return action()
            except _Restart as restart:
                error = restart.__context__
                patience.wait(error)
        raise Blocked(
            f"Excel doesn't let the sheet {TRAINING} be written ({words(error)}); see what is special about it."
        )

    def _held_book(self) -> "xlwings.Book":
        return self._book or self.ask(self._find_book)

    def _held_sheet(self) -> "xlwings.Sheet":
        book = self._held_book()
        if self._sheet is None:
            self._sheet = self.ask(lambda: book.sheets[TRAINING])
        return self._sheet

    def _find_book(self) -> "xlwings.Book":
        book = self._look()
        if book is None:
            raise KeyError(self.full_name)
        self._allowed_absences = ABSENCES
        return book

    def _examine(self) -> None:
        """After an error that may mean anything. Raises what it proves to be; returns where nothing can be proven."""
        try:
            book = self._look()
            if book is not None:
                self._sheet = _find_sheet(book)
                sentence = _hindrance(self._sheet)
        except Exception as error:
            if not is_excels(error):
                raise
            return
        if book is None:
            self._book = self._sheet = None
            self._absences += 1
            if self._absences >= self._allowed_absences:
                raise Gone(self.full_name)
            return
        self._absences, self._allowed_absences = 0, ABSENCES
        if sentence:
            raise Blocked(sentence)
        raise _Restart

    def _look(self) -> "xlwings.Book | None":
        """Our book, if it is open; None where no open one is ours. Raises where that can't be told now."""
        if self._book is not None:
            try:
                self.full_name = full_name(self._book)  # also if it was saved under another name since
                return self._book
            except Exception as error:
                if refused(error) or not is_excels(error):
                    raise
        unknown = None
        for app in xlwings.apps:
            try:
                for book in app.books:
                    if _is_same(full_name(book), self.full_name):
                        # On macOS a book from a list is the n-th one, whichever that is later.
                        self._book = app.books[book.name] if sys.platform == "darwin" else book
                        return self._book
            except Exception as error:
                unknown = error  # this Excel can't say which books it has; another one may have ours
        if unknown:
            raise unknown
        return None


def calling_book(seconds: float) -> OpenBook:
    """The workbook whose button was pressed. Raises StillBusyError where Excel can't say within so many seconds."""
    patience = Patience(time.sleep, seconds)
    while True:
        try:
            caller = xlwings.Book.caller()
            return OpenBook(full_name(caller), caller, time.sleep, seconds)
        except Exception as error:
            if not is_excels(error):
                raise
            patience.wait(error)


def full_name(book: "xlwings.Book") -> str:
    """The book's full name; its name alone where xlwings can't tell the folder of a file that OneDrive keeps."""
    try:
        return book.fullname
    except xlwings.XlwingsError:
        return book.name


def _is_same(name: str, other: str) -> bool:
    """Whether two full names mean one book. One without a folder is all that is known of it: then the name decides."""
    names = [re.split(r"[/\\]", full) for full in (name, other)]
    return name == other or (1 in map(len, names) and names[0][-1] == names[1][-1])


def _find_sheet(book: "xlwings.Book") -> "xlwings.Sheet":
    """The sheet Training, also if its tab says something else now: its cells' names know it."""
    sheets = list(book.sheets)
    for sheet in sheets:
        if sheet.name == TRAINING:
            return sheet
    for sheet in sheets:
        if LOG_CORNER in _names_of(sheet):
            return sheet
    raise Blocked(f"The sheet {TRAINING} was deleted, so nothing can be shown; build the workbook again.")


def _names_of(sheet: "xlwings.Sheet") -> set[str]:
    """The names of the sheet's own cells."""
    return {name.name.rpartition("!")[2] for name in sheet.names if "#REF!" not in (name.refers_to or "")}


def _hindrance(sheet: "xlwings.Sheet") -> str | None:
    """Why the sheet can't be written, as far as one can see, and what to do."""
    if _is_protected(sheet):
        return f"The sheet {sheet.name} is protected, so nothing can be shown; unprotect it (Review, Unprotect Sheet)."
    named = _names_of(sheet)
    if missing := [name for name in _NAMES if name not in named]:
        return f"The cell that is named {missing[0]} was deleted; undo that, or build the workbook again."
    return None


def _is_protected(sheet: "xlwings.Sheet") -> bool:
    if sys.platform == "darwin":
        return bool(sheet.api.protect_contents.get())
    return bool(sheet.api.ProtectContents)
