"""The top of the sheet CNN: the digit, as the network gets it, what it looks at, and its answer."""

from __future__ import annotations

import numpy as np
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import absolute_coordinate
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.cnn import digits
from workbook.cnn.canvas import AROUND_0, MAPS, PIXEL_POINTS, TEXT_POINTS, colour
from workbook.cnn.formulas import BACKWARD
from workbook.cnn.plan import (
    CHOICE,
    CLASS,
    CONTROL_COLUMNS,
    CONTROLS_ROW,
    DIGIT,
    LEFT,
    LOOKS_AT,
    NORMALISED,
    OFF,
    ON,
    SIDE,
    SWITCH,
    Block,
)
from workbook.cnn.stages import Trained, probabilities
from workbook.parts.page import Page
from workbook.sheets import digit_pad

Array = np.ndarray
CLASSES = 10
CAPTION_ROW = CONTROLS_ROW + 2
LABELS = {CHOICE: ("Digit", 16), SWITCH: ("Gradients", 18), CLASS: ("of the loss for class", 32)}
"""What stands before each, and how many columns that takes."""
ANSWER = LEFT + 114
SAID, IN_WORDS = Block(DIGIT[0], ANSWER, 8, 14), Block(DIGIT[0], ANSWER + 16, 8, 54)
TABLE = Block(DIGIT[0] + 8, ANSWER, 2 * CLASSES, 0)
COLUMNS = {"digit": (0, 6), "logit": (6, 14), "probability": (20, 14)}
BAR = (36, 50)
"""The answer's columns and the bars beside them: where each begins and how many cells it takes."""


def square(at: tuple[int, int]) -> Block:
    """28×28 cells from there."""
    return Block(*at, SIDE, SIDE)


def cell_of(column: str, digit: int) -> str:
    """The answer's cell of a digit."""
    return TABLE.cell(2 * digit, COLUMNS[column][0])


def controls(page: Page, count: int, pad: str, logits: str, said: int) -> None:
    """The yellow cells; `pad` is the sheet to draw on, `said` the class that has the largest of the logits."""
    page.sheet.row_dimensions[CONTROLS_ROW].height = 21
    page.sheet.row_dimensions[CONTROLS_ROW - 1].height = page.sheet.row_dimensions[CONTROLS_ROW + 1].height = (
        PIXEL_POINTS
    )
    choices = [pad, *map(str, range(1, count + 1))]
    for block, (label, columns) in LABELS.items():
        page.put(f"{get_column_letter(block.column - columns)}{CONTROLS_ROW}", label, "line")
        for c in range(block.width):
            page.style(block.cell(0, c), "change left")
        page.sheet.merge_cells(block.cells())
    page.put(CHOICE.cell(), pad, "change left")
    page.put(SWITCH.cell(), ON, "change left")
    fixed = ":".join(map(absolute_coordinate, logits.split(":")))
    page.formula(CLASS.cell(), f"MATCH(MAX({fixed}),{fixed},0)-1", said, "change left")
    _allow(page, CHOICE, "list", f'"{",".join(choices)}"', f"Choose {pad} or a number up to {count}.")
    _allow(page, SWITCH, "list", f'"{ON},{OFF}"', "Choose on or off.")
    _allow(page, CLASS, "whole", "0", "Write a digit from 0 to 9.", "9")
    note = "what the network says, or a digit that you write here"
    page.put(f"{get_column_letter(CLASS.column + CONTROL_COLUMNS + 2)}{CONTROLS_ROW}", note, "note")


def _allow(page: Page, block: Block, kind: str, formula: str, sentence: str, most: str | None = None) -> None:
    operator = "between" if most else None
    rule = DataValidation(kind, formula1=formula, formula2=most, operator=operator, showErrorMessage=True)
    rule.error = sentence
    page.sheet.add_data_validation(rule)
    rule.add(block.cell())


def pictures(page: Page, trained: Trained, drawing: tuple[Array, Array, Array], count: int, pad: tuple[str, Block]):
    """The digit, its normalised pixels, and ∂loss/∂pixel, each (28, 28).

    `count` test digits can be chosen, or what is drawn on the sheet and cells `pad`.
    """
    image, maps, gradient = drawing
    title, drawn_at = pad
    page.sheet.row_dimensions[CAPTION_ROW].height = TEXT_POINTS
    captions = {DIGIT: "The digit", NORMALISED: "As the network gets it", LOOKS_AT: "What it looks at: ∂loss/∂pixel"}
    for at, text in captions.items():
        page.put(f"{get_column_letter(at[1])}{CAPTION_ROW}", text, "line")
    digit, normalised, looks_at = map(square, (DIGIT, NORMALISED, LOOKS_AT))
    chosen = CHOICE.cell(fixed=True)
    for r in range(SIDE):
        page.sheet.row_dimensions[DIGIT[0] + r].height = PIXEL_POINTS
        for c in range(SIDE):
            test = digits.pixel(chosen, count, r, c)
            drawn = f"IF(ISNUMBER({chosen}),{test},N('{title}'!{drawn_at.cell(r, c)}))"
            page.formula(digit.cell(r, c), drawn, float(image[r, c]), "pixel")
            scaled = f"({digit.cell(r, c)}/255-{trained.mean!r})/{trained.deviation!r}"
            page.formula(normalised.cell(r, c), scaled, float(maps[r, c]), "pixel")
            page.formula(looks_at.cell(r, c), f"'{BACKWARD}'!{digit.cell(r, c)}", float(gradient[r, c]), "pixel")
    digit_pad.ink(page, digit.cells())
    colour(page, normalised.cells(), MAPS)
    colour(page, looks_at.cells(), AROUND_0)


def answer(page: Page, logits: tuple[Block, ...], values: Array) -> tuple[int, str]:
    """The ten logits and probabilities with bars, and the answer as a digit and in words, which are given back.

    `values` are the logits (10,).
    """
    shares = probabilities(values)
    said, in_words = int(values.argmax()), f"It is {shares.max():.2%} sure."
    share_cells = f"{cell_of('probability', 0)}:{cell_of('probability', CLASSES - 1)}"
    all_logits = f"{logits[0].cell(fixed=True)}:{logits[-1].cell(fixed=True)}"
    page.put(f"{get_column_letter(ANSWER)}{CAPTION_ROW}", "The network says", "line")
    for block, style in ((SAID, "digit"), (IN_WORDS, "line")):
        page.style(block.cell(), style)
        page.sheet.merge_cells(block.cells())
    blank = f"SUM({square(DIGIT).cells(fixed=True)})=0"
    page.formula(SAID.cell(), f'IF({blank},"–",MATCH(MAX({all_logits}),{all_logits},0)-1)', said, "digit")
    sure = f'IF({blank},"{digit_pad.BLANK}","It is "&TEXT(MAX({share_cells}),"0.00%")&" sure.")'
    page.formula(IN_WORDS.cell(), sure, in_words, "line")
    grown = "+".join(f"EXP({block.cell()}-MAX({all_logits}))" for block in logits)
    for k in range(CLASSES):
        for name, style in (("digit", "table"), ("logit", "table"), ("probability", "table percent")):
            at, width = COLUMNS[name]
            block = TABLE.part(2 * k, at, 2, width)
            for r in range(2):
                for c in range(width):
                    page.style(block.cell(r, c), style)
            page.sheet.merge_cells(block.cells())
        page.put(cell_of("digit", k), k, "table")
        page.formula(cell_of("logit", k), logits[k].cell(), float(values[k]), "table")
        page.sheet[cell_of("logit", k)].number_format = "0.000;-0.000;0.000"
        share = f"EXP({logits[k].cell()}-MAX({all_logits}))/({grown})"
        page.formula(cell_of("probability", k), share, float(shares[k]), "table percent")
        _bar(page, k)
    return said, in_words


def _bar(page: Page, k: int) -> None:
    """As many cells of the bar are filled as the probability says; a data bar would fill a merged cell's first row."""
    at, width = BAR
    bar = TABLE.part(2 * k, at, 2, width)
    filled = f"ROUND({width}*{absolute_coordinate(cell_of('probability', k))},0)>COLUMN()-{bar.column}"
    page.sheet.conditional_formatting.add(bar.cells(), FormulaRule([filled], fill=PatternFill(bgColor="9CC3E6")))
    for r in range(bar.height):
        page.style(bar.cell(r, 0), "pixel")
