"""A sheet of square cells: its heading, its streamed rows, its colours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import absolute_coordinate

from workbook.cnn.grid import Grid
from workbook.cnn.plan import ACROSS, LEFT, TOP, Block
from workbook.parts.page import TRAINING_TAB, Page

PIXEL_CHARS, PIXEL_POINTS = 1.143, 6  # 8 pixels wide and high on the screen
TEXT_POINTS = 15
MAPS, AROUND_0 = ("FFFFFF", "08306B"), ("B2182B", "FFFFFF", "2166AC")
"""Colours: of maps from smallest to largest, of numbers below and above 0."""


def prepare(page: Page, title: str, notes: list[str], *, columns: int = ACROSS) -> Grid:
    """Square cells, a title with notes below it, and the grid to be filled."""
    sheet = page.sheet
    page.prepare(TRAINING_TAB, landscape=False)
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_format.defaultRowHeight, sheet.sheet_format.customHeight = PIXEL_POINTS, True
    for letter in "AB":
        sheet.column_dimensions[letter].width = 1
    for k in range(columns):
        sheet.column_dimensions[get_column_letter(LEFT + k)].width = PIXEL_CHARS
    page.put("B1", title, "title")
    sheet.row_dimensions[1].height = 34
    for row, note in enumerate(notes, start=2):
        page.put(f"B{row}", note, "note")
        sheet.row_dimensions[row].height = TEXT_POINTS
    page.style(f"A{TOP - 1}", "pixel")
    return Grid(sheet[f"A{TOP - 1}"].style_id, live=page.live)


def stream(page: Page, grid: Grid, headings: Mapping[int, str]) -> None:
    """Write the headings, by their rows, and let the grid's rows come below each."""
    letters = [get_column_letter(k) for k in range(1, LEFT + ACROSS + 1)]
    for row, text in headings.items():
        page.put(f"B{row}", text, "heading")
        page.sheet.row_dimensions[row].height = 20
    rows = sorted(headings)
    for above, below in zip(rows, [*rows[1:], grid.last_row + 3], strict=True):
        first, last = above + 1, below - 1
        page.stream(first, last, partial(grid.xml, letters, first, last, PIXEL_POINTS))


def colour(page: Page, cells: str, colours: tuple[str, ...]) -> None:
    """A colour scale of its own for these cells; of three colours the middle one is 0's."""
    if len(colours) == 2:
        rule = ColorScaleRule("min", None, colours[0], None, None, None, "max", None, colours[1])
    else:
        first, _, last = cells.partition(":")
        fixed = f"{absolute_coordinate(first)}:{absolute_coordinate(last or first)}"
        most = f"MAX(MAX({fixed}),-MIN({fixed}),1E-300)"
        rule = ColorScaleRule("formula", f"-{most}", colours[0], "num", 0, colours[1], "formula", most, colours[2])
    page.sheet.conditional_formatting.add(cells, rule)


def around(blocks: tuple[Block, ...]) -> str:
    """The cells from the first block's to the last one's."""
    right = max(block.column + block.width for block in blocks) - 1
    bottom = max(block.row + block.height for block in blocks) - 1
    return f"{blocks[0].cell()}:{get_column_letter(right)}{bottom}"
