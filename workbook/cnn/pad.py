"""The sheet Draw: 28×28 cells to draw a digit in, and what the network says of it."""

from __future__ import annotations

import numpy as np
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.cnn.canvas import TEXT_POINTS
from workbook.cnn.formulas import FORWARD
from workbook.cnn.plan import CHOICE, SIDE, Block
from workbook.cnn.top import IN_WORDS, SAID
from workbook.parts.page import TRAINING_TAB, Page, Value
from workbook.sheets import digit_pad

PAD = "Draw"
GRID = Block(digit_pad.FIRST_ROW, digit_pad.FIRST_COLUMN, SIDE, SIDE)
ANSWER = f"{get_column_letter(GRID.column + SIDE + 1)}{GRID.row}"


def write(page: Page, image: np.ndarray, said: Value, sure: Value) -> None:
    """Fill the page with an image to begin with, uint8 (28, 28), and the answer that the sheet CNN gives for it."""
    sheet = page.sheet
    page.prepare(TRAINING_TAB)
    sheet.page_setup.fitToHeight = 1
    page.put("B1", "Draw a digit", "title")
    sheet.row_dimensions[1].height = 34
    page.put(
        "B2",
        f'Write 255 (ink), 0 (paper) or a number between; {FORWARD} follows, as long as "{PAD}" is chosen there.',
        "note",
    )
    sheet.row_dimensions[2].height = TEXT_POINTS
    digit_pad.pixels(page, image)
    rule = DataValidation("decimal", operator="between", formula1="0", formula2="255", showErrorMessage=True)
    rule.error = "Write a number from 0 (paper) to 255 (ink)."
    sheet.add_data_validation(rule)
    rule.add(GRID.cells())
    column = ANSWER.rstrip("0123456789")
    sheet.column_dimensions[column].width = 44
    chosen = f"'{FORWARD}'!{CHOICE.cell(fixed=True)}=\"{PAD}\""
    page.put(ANSWER, "The network says", "heading")
    answers = (
        (SAID.cell(), said, "digit", '"–"'),
        (IN_WORDS.cell(), sure, "line", f'"Choose {PAD} on the sheet {FORWARD}."'),
    )
    for k, (ref, value, style, otherwise) in enumerate(answers):
        place = f"{column}{GRID.row + 1 + 3 * k}"
        page.formula(place, f"IF({chosen},'{FORWARD}'!{ref},{otherwise})", value, style)
        if style == "digit":
            sheet.merge_cells(f"{place}:{column}{GRID.row + 3}")
