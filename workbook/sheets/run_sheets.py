"""The sheets of a training run: in a new workbook among the others, or in one of their own for an existing workbook."""

from collections.abc import Mapping
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from workbook.parts import finish, styles
from workbook.parts.page import Page, Value
from workbook.sheets import architecture, digit_pad, mistakes, training
from workbook.sheets.run_report import RunReport
from workbook.sheets.training_cells import (
    COLUMNS,
    FIRST_COLUMN,
    HEADER_ROW,
    MAX_EPOCHS,
    PROGRESS,
    RUN_FOLDER,
    SETTINGS,
    STATUS,
    TRAINING,
)

BEHIND_TRAINING = {
    architecture.ARCHITECTURE: architecture,
    mistakes.MISTAKES: mistakes,
    digit_pad.DIGIT_PAD: digit_pad,
}
NAMES = (TRAINING, *BEHIND_TRAINING)


def fill(pages: Mapping[str, Page], report: RunReport | None, *, controls: bool, buttons: bool) -> None:
    """Fill those of the pages (by NAMES) that are a run's sheets; with `controls`, Training can start a training, by
    `buttons` that are macros."""
    if TRAINING in pages:
        training.write(pages[TRAINING], report, controls=controls, buttons=buttons)
    for name, sheet in BEHIND_TRAINING.items():
        if name in pages:
            sheet.write(pages[name], report)


def free_cells(pages: Mapping[str, Page]) -> dict[str, str]:
    """The run's sheets among the pages, by their titles: the ranges that are for the user and the live writer."""
    of_run = [page for name, page in pages.items() if name in NAMES]
    return {page.sheet.title: _free_cells(page) if STATUS in page.sheet.defined_names else "" for page in of_run}


def write(
    file: BinaryIO,
    report: RunReport,
    titles: Mapping[str, str],
    *,
    formulas: str,
    controls: bool,
    buttons: bool,
    settings: Mapping[str, Value],
) -> None:
    """Write a workbook of the run's sheets alone, to be put into another one.

    `titles` says what each of NAMES is called there; `settings` are what the controls' cells hold, by their names.
    """
    book = Workbook()
    book.remove(book.active)
    styles.register(book)
    pages = {name: Page(book.create_sheet(titles[name]), formulas) for name in NAMES}
    fill(pages, report, controls=controls, buttons=buttons)
    for name, value in settings.items():
        pages[TRAINING].put(_cell(pages[TRAINING], name), value, "change")
    finish.write(book, list(pages.values()), file, lambda rows: None, formulas=formulas, run_sheets=free_cells(pages))


def _free_cells(training: Page) -> str:
    named = [*(setting.name for setting in SETTINGS), STATUS, PROGRESS, RUN_FOLDER]
    first, last = (get_column_letter(FIRST_COLUMN + k) for k in (0, len(COLUMNS) - 1))
    log = f"{first}{HEADER_ROW + 1}:{last}{HEADER_ROW + MAX_EPOCHS}"
    return " ".join([*(_cell(training, name) for name in named), log])


def _cell(training: Page, name: str) -> str:
    return training.sheet.defined_names[name].attr_text.rpartition("!")[2].replace("$", "")
