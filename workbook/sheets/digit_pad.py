"""The sheet Digit pad: a 28×28 grid that holds a test digit, and what the trained network says of it."""

import numpy as np
from openpyxl.formatting.rule import ColorScaleRule, DataBarRule
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from workbook.parts.page import TRAINING_TAB, UDF, Page, Value
from workbook.sheets.run_report import Pad, RunReport

DIGIT_PAD = "Digit pad"
SIDE, FIRST_COLUMN, FIRST_ROW = 28, 2, 4
PIXEL_CHARS, PIXEL_POINTS = 3.43, 18  # 24 pixels wide and high on the screen
ANSWER_COLUMN = FIRST_COLUMN + SIDE + 1
BLANK = "The pad is blank: there is no digit to name."
GRID = (
    f"{get_column_letter(FIRST_COLUMN)}{FIRST_ROW}:{get_column_letter(FIRST_COLUMN + SIDE - 1)}{FIRST_ROW + SIDE - 1}"
)


def write(page: Page, report: RunReport) -> None:
    """Fill the page."""
    sheet = page.sheet
    page.prepare(TRAINING_TAB)
    sheet.page_setup.fitToHeight = 1
    page.put("B1", "Digit pad", "title")
    sheet.row_dimensions[1].height = 34
    pad = report.pad
    if pad is None:
        page.put("B2", "No epoch is finished yet.", "note")
        return
    page.put(
        "B2",
        f"Each cell is a pixel from 0 (paper) to 255 (ink). The digit is a test image: {report.data_label}.",
        "note",
    )
    pixels(page, pad.image)
    _answer(page, pad)


def pixels(page: Page, image: np.ndarray) -> None:
    """An image, uint8 (28, 28), as square cells that are coloured by their numbers."""
    sheet = page.sheet
    sheet.column_dimensions["A"].width = 2
    for r, row in enumerate(image.tolist()):
        sheet.column_dimensions[get_column_letter(FIRST_COLUMN + r)].width = PIXEL_CHARS
        sheet.row_dimensions[FIRST_ROW + r].height = PIXEL_POINTS
        for c, value in enumerate(row):
            page.put(f"{get_column_letter(FIRST_COLUMN + c)}{FIRST_ROW + r}", value, "pixel")
    ink(page, GRID)


def ink(page: Page, cells: str) -> None:
    """Colour pixels from paper to ink."""
    scale = ColorScaleRule("num", 0, "F7F7F7", None, None, None, "num", 255, "1A1A1A")
    page.sheet.conditional_formatting.add(cells, scale)


def _answer(page: Page, pad: Pad) -> None:
    """The answer, one below the other: digit, ten probabilities, the data the network was trained on."""
    names, numbers = (get_column_letter(ANSWER_COLUMN + k) for k in (0, 1))
    page.sheet.column_dimensions[names].width = 18
    page.sheet.column_dimensions[numbers].width = 38
    prediction = pad.prediction
    page.put(f"{names}{FIRST_ROW}", "The network says", "heading")
    top = FIRST_ROW + 6
    is_blank, blank = f"SUM({GRID})=0", not pad.image.any()
    shown = "–" if blank else prediction.digit
    page.formula(f"{names}{FIRST_ROW + 1}", f'IF({is_blank},"–",{numbers}{top})', shown, "digit")
    page.sheet.merge_cells(f"{names}{FIRST_ROW + 1}:{numbers}{FIRST_ROW + 3}")
    page.formula(f"{names}{top - 2}", f'IF({is_blank},"{BLANK}","")', BLANK if blank else "", "note")
    page.put(f"{names}{top - 1}", "answer", "table head")
    page.put(f"{numbers}{top - 1}", "from the network", "table head")
    answer: list[Value] = [prediction.digit, *prediction.probabilities, prediction.data_label]
    for k, name in enumerate(["digit", *(f"probability of {digit}" for digit in range(10)), "trained on"]):
        page.put(f"{names}{top + k}", name, "table")
    cells = f"{numbers}{top}:{numbers}{top + len(answer) - 1}"
    if page.formulas == UDF:
        page.call(
            cells, f'IF({is_blank},"–",TRANSPOSE(MNIST_PREDICT({GRID})))', [[value] for value in answer], "probability"
        )
    else:
        for k, value in enumerate(answer):
            page.put(f"{numbers}{top + k}", value, "probability")
    page.sheet[f"{numbers}{top}"].number_format = "0"
    page.sheet[f"{numbers}{top + 11}"].alignment = Alignment(horizontal="right", vertical="center", shrink_to_fit=True)
    bars = DataBarRule("num", 0, "num", 1, color="9CC3E6", showValue=True, minLength=0, maxLength=100)
    page.sheet.conditional_formatting.add(f"{numbers}{top + 1}:{numbers}{top + 10}", bars)
    asked_anew = (
        "Change pixels: Python answers anew.",
        "Another network: train another one.",
    )
    as_written = (
        "The answers are from when the workbook was",
        "written. In the macro workbook (.xlsm),",
        f"=MNIST_PREDICT({GRID}) asks anew.",
    )
    lines = (f"The label is {pad.label}.", *(asked_anew if page.formulas == UDF else as_written))
    for k, line in enumerate(lines):
        page.put(f"{names}{top + len(answer) + 1 + k}", line, "note")
