"""References in A1 style: how cells and sheets are named in formulas. The one home of quoting."""

from __future__ import annotations

from openpyxl.utils import get_column_letter


def a1(row: int, column: int, fixed: str = "") -> str:
    """The name of a cell, row and column from 1: a1(41, 2) is B41, with fixed="rc" $B$41."""
    dollar_column, dollar_row = ("$" if "c" in fixed else ""), ("$" if "r" in fixed else "")
    return f"{dollar_column}{get_column_letter(column)}{dollar_row}{row}"


def absolute(ref: str) -> str:
    """$H$17 for H17."""
    letters = ref.rstrip("0123456789")
    return f"${letters}${ref[len(letters) :]}"


def quoted(sheet: str) -> str:
    """A sheet's name as formulas need it. Quotes are never wrong, while A1, 2024, R1C1 and TRUE need them."""
    return "'" + sheet.replace("'", "''") + "'"


def unquoted(text: str) -> str:
    """The sheet's name from what stands before a reference's exclamation mark."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def on_sheet(sheet: str | None, ref: str, home: str | None = None) -> str:
    """The reference with its sheet's name before it, unless it is meant for the formula's own sheet, `home`."""
    return ref if sheet is None or sheet == home else f"{quoted(sheet)}!{ref}"
