"""The sheet Training: settings, best and last accuracy, the epoch table, four charts beside the published log.

In a workbook with macros, or built with --training, it is also where a training is started: settings to change,
buttons, a status line and a progress bar. Elsewhere it shows one run.
"""

import numpy as np
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

from trainer.log import EpochRow
from trainer.published import PUBLISHED_LOG, PublishedRow
from workbook.parts import charts
from workbook.parts.charts import LINE_COLOURS, Line
from workbook.parts.page import TRAINING_TAB, Page
from workbook.sheets import training_controls
from workbook.sheets.layout import COLUMN_CHARS, absolute, quoted
from workbook.sheets.run_report import RunReport
from workbook.sheets.training_cells import COLUMNS, EPOCH_LOG, FIRST_COLUMN, HEADER_ROW, MAX_EPOCHS, READY

OURS, PUBLISHED = "This run", "The published log"
CHART_COLUMN, CHART_COLUMNS, CHART_ROWS = 12, 7, 16  # from L on
PUBLISHED_COLUMN = CHART_COLUMN + 2 * CHART_COLUMNS + 1
PUBLISHED_COLUMNS = (
    ("epoch", "epoch", "0"),
    ("train_accuracy", "train accuracy %", "0.00"),
    ("test_loss", "test loss", "0.0000"),
    ("test_accuracy", "test accuracy %", "0.00"),
    ("test_correct", "test correct", "#,##0"),
)
CHARTS = (
    ("Training loss", "train_loss"),
    ("Test loss", "test_loss"),
    ("Training accuracy (%)", "train_accuracy"),
    ("Test accuracy (%)", "test_accuracy"),
)


def write(page: Page, report: RunReport | None, *, controls: bool = False, buttons: bool = True) -> None:
    """Fill the page. With `controls`, or without a run, it can start a training; see training_controls."""
    fixed = None if controls else report  # the only run that the sheet will ever show
    rows = report.rows if report else ()
    published = report.published if report else PUBLISHED_LOG
    _set_up(page)
    # What the buttons don't renew must be true of any run.
    page.put("B1", fixed.title if fixed else "Training a CNN", "title")
    page.sheet.row_dimensions[1].height = 34
    page.put("B2", _summary(fixed) if fixed else training_controls.how(buttons), "text")
    page.sheet.merge_cells("B2:J2")
    page.sheet.row_dimensions[2].height = 36
    if fixed:
        _settings(page, fixed)
    else:
        training_controls.write(page, report, _summary(report) if report else READY, buttons=buttons)
    _table(page, FIRST_COLUMN, COLUMNS, rows, EPOCH_LOG, OURS)
    if published:
        _table(page, PUBLISHED_COLUMN, PUBLISHED_COLUMNS, published, "PublishedLog", PUBLISHED)
    if rows or not fixed:
        _charts(page, rows, published, len(rows) if fixed else MAX_EPOCHS)
    last_row = HEADER_ROW + max(len(rows), len(published), 2 * CHART_ROWS)
    last = get_column_letter(PUBLISHED_COLUMN + len(PUBLISHED_COLUMNS) - 1 if published else PUBLISHED_COLUMN - 2)
    page.sheet.print_area = f"A1:{last}{last_row + 1}"


def _set_up(page: Page) -> None:
    sheet = page.sheet
    page.prepare(TRAINING_TAB)
    sheet.sheet_view.zoomScale = 85
    sheet.column_dimensions["A"].width = 2
    for k in (*range(FIRST_COLUMN, CHART_COLUMN), *range(PUBLISHED_COLUMN, PUBLISHED_COLUMN + len(PUBLISHED_COLUMNS))):
        sheet.column_dimensions[get_column_letter(k)].width = COLUMN_CHARS
    for gap in (CHART_COLUMN - 1, PUBLISHED_COLUMN - 1):
        sheet.column_dimensions[get_column_letter(gap)].width = 3
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"


def _summary(report: RunReport) -> str:
    if report.best is None:
        return f"Trained on {report.data_label}. No epoch is finished yet."
    best, last = report.best, report.rows[-1]
    done = len(report.rows)
    early = f" {done} of {report.epochs} epochs: stopped early, or still running when this was written."
    return (
        f"Trained on {report.data_label}. Best test accuracy {best.test_accuracy:.2f} % in epoch {best.epoch} "
        f"({best.test_correct:,} of {report.test_images:,}); last epoch {last.test_accuracy:.2f} %."
        f"{early if done < report.epochs else ''}"
    )


def _settings(page: Page, report: RunReport) -> None:
    """The run's settings in two columns of pairs, the accuracies large beside them."""
    for k, (name, value) in enumerate(report.settings):
        pair, row = divmod(k, 4)
        label, cell = ("B", "C") if pair == 0 else ("F", "G")
        page.put(f"{label}{4 + row}", name, "label")
        page.put(f"{cell}{4 + row}", value, "setting")
    for column, name, shown in (("I", "best", report.best), ("J", "last", report.rows[-1] if report.rows else None)):
        page.put(f"{column}4", f"{name} accuracy", "small")
        page.put(f"{column}5", shown.test_accuracy if shown else "–", "accuracy")
        page.sheet.merge_cells(f"{column}5:{column}6")


def _table(page: Page, first: int, columns, rows: tuple[EpochRow | PublishedRow, ...], name: str, heading: str) -> None:
    """An Excel table: it grows by itself when a row is typed or written below it."""
    page.put(f"{get_column_letter(first)}{HEADER_ROW - 1}", heading, "heading")
    for k, (_, header, _) in enumerate(columns):
        page.put(f"{get_column_letter(first + k)}{HEADER_ROW}", header, "table head")
    page.sheet.row_dimensions[HEADER_ROW].height = 32
    for at in range(HEADER_ROW + 1, HEADER_ROW + 1 + max(len(rows), 1)):
        for k, (field, _, number_format) in enumerate(columns):
            ref = f"{get_column_letter(first + k)}{at}"
            if rows:
                page.put(ref, getattr(rows[at - HEADER_ROW - 1], field), "table")
            else:
                page.style(ref, "table")  # a table has at least one row
            page.sheet[ref].number_format = number_format
    last = f"{get_column_letter(first + len(columns) - 1)}{HEADER_ROW + max(len(rows), 1)}"
    # Without an autoFilter: its buttons would cover the headers.
    columns = [TableColumn(id=k, name=header) for k, (_, header, _) in enumerate(columns, start=1)]
    table = Table(displayName=name, tableColumns=columns, ref=f"{get_column_letter(first)}{HEADER_ROW}:{last}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    page.sheet.add_table(table)


def _charts(page: Page, rows, published, room: int) -> None:
    """Four charts. `room` is how many rows of the epoch table they plot, filled or not yet."""
    for k, (heading, field) in enumerate(CHARTS):
        lines = [_line(page, FIRST_COLUMN, COLUMNS, rows, room, field, OURS, LINE_COLOURS[0])]
        if published and field in [column[0] for column in PUBLISHED_COLUMNS]:
            theirs = (PUBLISHED_COLUMN, PUBLISHED_COLUMNS, published, len(published))
            lines.append(_line(page, *theirs, field, PUBLISHED, "7F7F7F"))
        line, place = divmod(k, 2)
        column, row = CHART_COLUMN + place * CHART_COLUMNS, HEADER_ROW + line * (CHART_ROWS + 1)
        top_left = f"{get_column_letter(column)}{row}"
        bottom_right = f"{get_column_letter(column + CHART_COLUMNS - 1)}{row + CHART_ROWS - 1}"
        highest = 100 if field.endswith("accuracy") else None
        charts.place(page.sheet, charts.epoch_chart(heading, lines, highest), top_left, bottom_right)


def _line(page: Page, first: int, columns, rows, room: int, field: str, name: str, colour: str) -> Line:
    fields = [column[0] for column in columns]

    def cells(of: str) -> str:
        letter = get_column_letter(first + fields.index(of))
        return f"{quoted(page.sheet.title)}!${letter}${HEADER_ROW + 1}:${letter}${HEADER_ROW + room}"

    heading = f"{quoted(page.sheet.title)}!{absolute(f'{get_column_letter(first)}{HEADER_ROW - 1}')}"
    values = np.array([getattr(row, field) for row in rows], dtype=float)
    steps = np.array([row.epoch for row in rows])
    return Line(cells(field), cells("epoch"), values, steps, heading, name, colour, dashed=name != OURS)
