"""What a screen can show: the width of a text, of a column, of a window, and whether a number's string is true."""

import re
from functools import cache
from math import floor
from pathlib import Path

from PIL import ImageFont

CARLITO = Path("/usr/share/fonts/truetype/crosextra")  # Calibri's widths, letter by letter
PADDING = 5  # pixels that Excel keeps free in a cell
POINT = 96 / 72  # pixels


def column_px(width: float | None) -> int:
    """Excel's width on the screen of a column that is so wide in the file; None: the default width."""
    return 64 if width is None else floor((256 * width + floor(128 / 7)) / 256 * 7)


def text_px(text: str, size: float, *, bold: bool = False, italic: bool = False) -> float:
    """The width of one line in Calibri."""
    return _font(bold, italic).getlength(text) * size * POINT / 1000


@cache
def _font(bold: bool, italic: bool):
    face = {(0, 0): "Regular", (1, 0): "Bold", (0, 1): "Italic", (1, 1): "BoldItalic"}[bold, italic]
    return ImageFont.truetype(str(CARLITO / f"Carlito-{face}.ttf"), 1000)


def lines(text: str, width: float, size: float, **look) -> int:
    """How many lines a text takes that wraps at `width` pixels."""
    count = 0
    for paragraph in text.split("\n"):
        line = ""
        count += 1
        for word in paragraph.split(" "):
            if line and text_px(f"{line} {word}", size, **look) > width:
                line, count = word, count + 1
            else:
                line = f"{line} {word}" if line else word
    return count


def reads_back(shown: str, value: float, code: str) -> bool:
    """Whether a string says the value to the digits it shows, with its sign. `code` is the number format."""
    if code.endswith((";;", ";-0;", ";;;")) and value == 0:
        return shown == ""  # a blank for nothing
    text = re.sub(r"^\w+ = +", "", shown).replace(",", "")
    scale = 100 if text.endswith("%") and '" %"' not in code else 1
    text = text.rstrip(" %")
    found = re.fullmatch(r"-?\d+(\.\d+)?(E[+-]\d+)?", text)
    if not found:
        return False
    decimals = len(found[1]) - 1 if found[1] else 0
    exponent = int(found[2][1:]) if found[2] else 0
    last_digit = max(10.0 ** (exponent - decimals), abs(value * scale) * 1e-14)  # 15 digits is what a program shows
    return abs(float(text) - value * scale) <= 0.5000001 * last_digit
