"""A formula's text as it is copied from cell to cell: what its copies share, and how each reads where it stands."""

from __future__ import annotations

import re

from openpyxl.utils import get_column_letter

from workbook.check.read.formula import Template, column_index
from xlfuncs.limits import MAX_COLUMNS

# A reference, or what only looks like one: text in quotes, a function, a name, a column of a table in brackets.
_REFERENCE = re.compile(
    r'"(?:[^"]|"")*"'
    r"|(?P<sheet>'(?:[^']|'')+'!|(?<!\w)[^\W\d][\w.]*!|\[\d+\][^!'()+\-*/^&=<>,;\s]*!)?"
    r"(?<![\w.$])(?P<fc>\$?)(?P<column>[A-Za-z]{1,3})(?P<fr>\$?)(?P<row>[1-9]\d{0,6})(?![\w(.!\[])"
    r"|\[[^\[\]]*\]"
)
_MARK = "\x01"


def key_of(text: str, row: int, column: int) -> str:
    """The formula's text with its references relative to the cell, equal for copies of one formula."""

    def relative(match: re.Match) -> str:
        letters = match["column"]
        if letters is None:
            return match[0]
        at_row = match["row"] if match["fr"] else f"[{int(match['row']) - row}]"
        index = column_index(letters)
        at_column = str(index) if match["fc"] else f"[{index - column}]"
        return f"{_MARK}{match['sheet'] or ''}R{at_row}C{at_column}"

    return _REFERENCE.sub(relative, text)


def pattern_of(text: str, row: int) -> tuple[str, tuple[int, ...]]:
    """The formula's text with %d for each row that moves when it is copied down, and how far those rows are off.

    `pattern % tuple(row + offset for offset in offsets)` is the copy in another row: ten times faster than `key_of`.
    """
    pieces, offsets, at = [], [], 0
    for match in _REFERENCE.finditer(text):
        if match["column"] and not match["fr"]:
            pieces.append(text[at : match.start("row")].replace("%", "%%"))
            offsets.append(int(match["row"]) - row)
            at = match.end("row")
    pieces.append(text[at:].replace("%", "%%"))
    return "%d".join(pieces), tuple(offsets)


def own_text(template: Template, row: int, column: int) -> str:
    """The formula as the file has it, in that cell: a copy has its references moved and everything else as it was."""
    down, right = row - template.home[0], column - template.home[1]
    if not down and not right:
        return template.text

    def moved(match: re.Match) -> str:
        if match["column"] is None:
            return match[0]
        at_row = int(match["row"]) + (0 if match["fr"] else down)
        at_column = column_index(match["column"]) + (0 if match["fc"] else right)
        if at_row < 1 or not 1 <= at_column <= MAX_COLUMNS:
            return "#REF!"
        letters = match["column"] if match["fc"] or not right else get_column_letter(at_column)
        letters = letters.lower() if match["column"].islower() else letters
        return f"{match['sheet'] or ''}{match['fc']}{letters}{match['fr']}{at_row}"

    return _REFERENCE.sub(moved, template.text)
