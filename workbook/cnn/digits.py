"""The sheet CNN digits: test digits to choose from, as pictures of 28×28 cells."""

from __future__ import annotations

import numpy as np
from openpyxl.utils import get_column_letter

from workbook.cnn.canvas import prepare, stream
from workbook.cnn.plan import LEFT, SIDE, TOP, Block
from workbook.parts.page import Page
from workbook.sheets.digit_pad import ink

DIGITS = "CNN digits"
ACROSS, STEP = 5, SIDE + 2
"""How many digits stand in a row, and how far apart."""


def block(k: int) -> Block:
    """Where the k-th digit stands, from 0."""
    return Block(TOP + 1 + k // ACROSS * STEP, LEFT + k % ACROSS * STEP, SIDE, SIDE)


def pixel(number: str, count: int, r: int, c: int) -> str:
    """The formula of a pixel of the digit whose number, from 1, another cell or formula gives."""
    last = block(ACROSS * (-(-count // ACROSS)) - 1)
    area = f"${get_column_letter(LEFT)}${TOP + 1}:{last.cell(SIDE - 1, SIDE - 1, fixed=True)}"
    row, column = f"{STEP}*INT(({number}-1)/{ACROSS})+{r + 1}", f"{STEP}*MOD({number}-1,{ACROSS})+{c + 1}"
    return f"INDEX('{DIGITS}'!{area},{row},{column})"


def write(page: Page, images: np.ndarray, labels: np.ndarray) -> None:
    """Fill the page with images, uint8 (n, 28, 28), and say what they are."""
    said = ", ".join(map(str, labels.tolist()))
    notes = ["Choose one by its number on the sheet CNN. They are numbered row by row.", f"Their labels are {said}."]
    grid = prepare(page, "Test digits", notes, columns=ACROSS * STEP)
    for k, image in enumerate(images):
        grid.values(block(k), image.astype(int))
        ink(page, block(k).cells())
    stream(page, grid, {TOP: f"1 to {len(images)}, from 0 (paper) to 255 (ink)"})
