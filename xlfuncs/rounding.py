"""How far a number that a table shows may be from the calculated one, told from its digits and its neighbours'."""

import math

import numpy as np

Array = np.ndarray
_EXACT = 13  # significant digits from which a number counts as unrounded
_NEIGHBOURS = 3


def rounding(column: Array) -> Array:
    """Half the last shown digit of each number: 5e-7 for 0.149962, 0 for numbers in full or chosen ones such as 0.05.

    A program drops trailing zeros and shows small or negative numbers with fewer digits, so a number's digits are
    those of its longest neighbour of the same size and sign.
    """
    digits, sizes = np.zeros(len(column)), np.zeros(len(column))
    for row, value in enumerate(column.tolist()):
        if value != 0 and math.isfinite(value):
            exponent = math.floor(math.log10(abs(value)))
            significant = len(f"{abs(value):.15g}".replace(".", "").lstrip("0").partition("e")[0])
            digits[row], sizes[row] = significant - 1 - exponent, math.copysign(exponent + 500.0, value)
    longest = digits.copy()
    for shift in range(1, _NEIGHBOURS + 1):
        alike = sizes[shift:] == sizes[:-shift]
        longest[shift:] = np.where(alike, np.maximum(longest[shift:], digits[:-shift]), longest[shift:])
        longest[:-shift] = np.where(alike, np.maximum(longest[:-shift], digits[shift:]), longest[:-shift])
    in_full = longest + np.where(sizes == 0, 0, np.abs(sizes) - 499) >= _EXACT
    short = longest <= 2
    units = np.where(short | in_full, 0.0, 0.5 * 10.0**-longest)
    # Among longer numbers, 0.5 is what is left of 0.500000.
    units = np.where(short & (column != 0), np.min(units, where=units > 0, initial=np.inf), units)
    units = np.where(np.isinf(units), 0.0, units)
    # A 0 may be what is left of 0.00004: it was rounded as the column's other numbers were.
    return np.where((column == 0) & (units == 0), units.max(initial=0.0), units)


def all_short(column: Array) -> bool:
    """Whether a column shows only 0, 1, 0.5 and the like: in a rounded table, what is left of longer numbers."""
    return all(float(f"{value:.2g}") == value for value in np.unique(column[np.isfinite(column)]).tolist())
