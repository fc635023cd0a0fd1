"""Excel as a host, and the workbook that is open in it as a target, through xlwings.

Nothing here opens a file or starts Excel. `python -m workbook.live.excel --book FULL_NAME --run-dir DIR` is the
follower: a process of its own, so that the training doesn't wait for Excel, nor end with it.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import xlwings

from trainer.run import Run
from workbook.live import epoch_table, launch, open_book
from workbook.live.follow import follow_alone
from workbook.live.open_book import OpenBook
from workbook.live.target import Blocked, Target
from workbook.sheets.training_cells import COLUMNS, MAX_EPOCHS, PROGRESS, RUN_FOLDER, SETTINGS, STATUS

PATIENCE_SECONDS = 10.0
"""So long, at each step, a button waits for an Excel that is busy: Excel itself waits for the button meanwhile."""
LONGEST_LINE = 1000  # characters of the status; a cell holds 32,767
NOTICE = "gradsheet: "
"""How our texts in Excel's own status bar begin."""


def pressed() -> "OpenWorkbook":
    """See Host."""
    return OpenWorkbook(open_book.calling_book(PATIENCE_SECONDS))


def start_follower(folder: Path, target: Target) -> None:
    """See Host."""
    arguments = ["--book", target.full_name, "--run-dir", str(folder)]
    launch.detached("workbook.live.excel", arguments, subprocess.DEVNULL)


class OpenWorkbook:
    """The sheet Training of an open workbook. Each method asks Excel until it answers."""

    def __init__(self, book: OpenBook):
        """Nothing is asked of Excel yet."""
        self._book, self._ask = book, book.ask
        self._may_have_notice = True  # of an earlier process

    @classmethod
    def named(cls, full_name: str, pause: Callable[[float], None] = time.sleep) -> "OpenWorkbook":
        """The one of that full name, waited for as long as it takes."""
        return cls(OpenBook(full_name, pause=pause))

    @property
    def full_name(self) -> str:
        """See Target."""
        return self._book.full_name

    def begin(self, folder: Path) -> None:
        """See Target."""

        def turn(sheet: "xlwings.Sheet") -> None:
            if self._read(sheet, RUN_FOLDER) != str(folder):
                epoch_table.clear(self._ask, sheet)
                self._write(sheet, RUN_FOLDER, _text(str(folder)))

        self._book.with_sheet(turn)

    def run_folder(self) -> Path | None:
        """See Target."""
        written = self._book.with_sheet(lambda sheet: self._read(sheet, RUN_FOLDER))
        return Path(written) if isinstance(written, str) and written else None

    def settings(self) -> dict[str, object]:
        """See Target."""
        return self._book.with_sheet(lambda sheet: {s.name: self._setting(sheet, s.name) for s in SETTINGS})

    def show(self, run: Run) -> None:
        """See Target."""
        wanted = [[float(getattr(row, field)) for field, *_ in COLUMNS] for row in run.rows[:MAX_EPOCHS]]
        self._book.with_sheet(lambda sheet: epoch_table.fill(self._ask, sheet, wanted))

    def tell(self, line: str, progress: float) -> None:
        """See Target."""

        def write(sheet: "xlwings.Sheet") -> None:
            self._write(sheet, STATUS, _text(line))
            self._write(sheet, PROGRESS, progress)

        self._book.with_sheet(write)
        if self._may_have_notice:
            self._book.with_book(self._take_notice_away)

    def notice(self, sentence: str) -> None:
        """See Target. Excel's status bar can be written whatever became of the sheet."""
        try:
            self._book.with_sheet(lambda sheet: self._write(sheet, STATUS, _text(sentence)))
        except Blocked:
            self._may_have_notice = True
            self._book.with_book(lambda book: self._show(book, NOTICE + _line(sentence)))

    def _read(self, sheet: "xlwings.Sheet", name: str) -> object:
        cell = self._ask(lambda: sheet.range(name))
        return self._ask(lambda: cell.raw_value)

    def _setting(self, sheet: "xlwings.Sheet", name: str) -> object:
        """Raw: xlwings' own conversion makes None of some errors. On macOS it is the option that tells errors."""
        cell = self._ask(lambda: sheet.range(name).options(err_to_str=True))
        found = self._ask(lambda: cell.raw_value)
        while isinstance(found, list | tuple):  # macOS, with that option
            found = found[0]
        return None if found == "" or str(found) == "k.missing_value" else found

    def _write(self, sheet: "xlwings.Sheet", name: str, value: str | float) -> None:
        cell = self._ask(lambda: sheet.range(name))
        self._ask(lambda: setattr(cell, "raw_value", value))

    def _show(self, book: "xlwings.Book", text: str | bool) -> None:
        app = self._ask(lambda: book.app)
        self._ask(lambda: setattr(app, "status_bar", text))

    def _take_notice_away(self, book: "xlwings.Book") -> None:
        app = self._ask(lambda: book.app)
        if str(self._ask(lambda: app.status_bar)).startswith(NOTICE):
            self._show(book, False)  # Excel's own texts again
        self._may_have_notice = False


def _text(value: str) -> str:
    """What to write so that a cell shows this text: behind an apostrophe, Excel takes nothing for a formula."""
    return "'" + _line(value)


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]


def main(arguments: list[str] | None = None) -> int:
    """The follower's process; its exit codes are those of follow_alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", required=True)
    parser.add_argument("--run-dir", required=True, type=Path)
    args = parser.parse_args(arguments)
    return follow_alone(args.run_dir, OpenWorkbook.named(args.book))


if __name__ == "__main__":
    sys.exit(main())
