"""The sheet Mistakes: confusion matrix, accuracy of each digit, the digits the network got wrong as pictures."""

import io
from typing import TYPE_CHECKING

from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import ColorScaleRule, DataBarRule
from openpyxl.utils import get_column_letter

from workbook.parts.page import TRAINING_TAB, Page
from workbook.sheets.run_report import RunReport

if TYPE_CHECKING:
    from trainer.predict import Examination

MISTAKES = "Mistakes"
MATRIX_ROW = 5
PICTURES_ROW = MATRIX_ROW + 15
ACROSS, MAX_PICTURES = 10, 100
ZOOM = 3  # of a 28×28 image


def write(page: Page, report: RunReport) -> None:
    """Fill the page."""
    sheet = page.sheet
    page.prepare(TRAINING_TAB, landscape=False)
    sheet.column_dimensions["A"].width = 2
    for k in range(2, 14):
        sheet.column_dimensions[get_column_letter(k)].width = 13
    page.put("B1", "What the network gets wrong", "title")
    sheet.row_dimensions[1].height = 34
    found = report.examination
    if found is None:
        page.put("B2", "No epoch is finished yet.", "note")
        return
    wrong = len(found.indices)
    images = int(found.confusion.sum())
    summary = f"{wrong:,} of {images:,} test images, after epoch {found.epoch}, the best. Data: {found.data_label}."
    page.put("B2", summary, "note")
    _matrix(page, found)
    _pictures(page, found)


def _matrix(page: Page, found: "Examination") -> None:
    """Row = label, column = prediction; the diagonal is what is right."""
    page.put(f"B{MATRIX_ROW - 1}", "Confusion matrix: rows are the labels, columns the predictions", "heading")
    page.put(f"B{MATRIX_ROW}", "label \\ said", "table head")
    page.put(f"M{MATRIX_ROW}", "right", "table head")
    for digit in range(10):
        row, letter = MATRIX_ROW + 1 + digit, get_column_letter(3 + digit)
        page.put(f"{letter}{MATRIX_ROW}", digit, "table head")
        page.put(f"B{row}", digit, "table head")
        for said in range(10):
            style = "right" if said == digit else "count"
            page.put(f"{get_column_letter(3 + said)}{row}", int(found.confusion[digit, said]), style)
        count = int(found.confusion[digit].sum())
        letter = get_column_letter(3 + digit)
        share = f'IF(SUM(C{row}:L{row})=0,"–",{letter}{row}/SUM(C{row}:L{row}))'
        page.formula(f"M{row}", share, found.confusion[digit, digit].item() / count if count else "–", "table percent")
        page.sheet[f"M{row}"].number_format = "0.00%"
    page.sheet.conditional_formatting.add(
        _off_diagonal(), ColorScaleRule("num", 0, "FFFFFF", None, None, None, "max", None, "F28B82")
    )
    bars = DataBarRule("num", 0.9, "num", 1, color="A9D18E", showValue=True, minLength=0, maxLength=100)
    page.sheet.conditional_formatting.add(f"M{MATRIX_ROW + 1}:M{MATRIX_ROW + 10}", bars)


def _off_diagonal() -> str:
    """The cells of the mistakes: the diagonal's thousands would drown them in the colour scale."""
    ranges = []
    for digit in range(10):
        row = MATRIX_ROW + 1 + digit
        if digit > 0:
            ranges.append(f"C{row}:{get_column_letter(2 + digit)}{row}")
        if digit < 9:
            ranges.append(f"{get_column_letter(4 + digit)}{row}:L{row}")
    return " ".join(ranges)


def _pictures(page: Page, found: "Examination") -> None:
    """The surest mistakes first, ten in a row, with label, prediction and confidence below each."""
    count = len(found.indices)
    shown = min(count, MAX_PICTURES)
    which = "All of them" if shown == count else f"The {shown} surest of {count:,}"
    page.put(
        f"B{PICTURES_ROW - 2}", f"{which}, the surest first: label → what the network said, how sure it was", "heading"
    )
    for k in range(shown):
        line, place = divmod(k, ACROSS)
        letter, row = get_column_letter(2 + place), PICTURES_ROW + 3 * line
        page.sheet.row_dimensions[row].height = 28 * ZOOM * 0.75 + 6
        image = Image(io.BytesIO(_png(found.images[k])))
        image.width = image.height = 28 * ZOOM
        page.sheet.add_image(image, f"{letter}{row}")
        page.put(
            f"{letter}{row + 1}", f"{found.labels[k]} → {found.predictions[k]}   {found.confidences[k]:.0%}", "caption"
        )


def _png(pixels) -> bytes:
    """Ink on paper: MNIST's digits are white on black."""
    from PIL import Image as Picture

    out = io.BytesIO()
    Picture.fromarray(255 - pixels).save(out, "PNG")
    return out.getvalue()
