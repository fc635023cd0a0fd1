"""How much a function takes on: what a sheet can hold, and what is done in about two seconds.

Excel stands still while a function computes. Work is counted in microseconds of the machine named in
tests/benchmarks/results/function_limits.json, whose script measures every cost below; COM's own transfer of the cells
(outside Windows there is none) comes on top, and a slower machine takes longer in proportion.
"""

from xlfuncs.errors import LimitError

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""Of an Excel sheet."""

BUDGET = 1.5e6
"""Microseconds for one call; what is left of two seconds is for COM."""
READ = 0.4  # a cell: through xlwings into an array
WRITE = 0.5  # a cell: from an array, through xlwings, into rows
EXPONENTIAL = 0.1  # a σ
STEP = 40.0  # one iteration of any network: numpy's calls
VALUE = 0.02  # one number of an iteration
WEIGHT = 130.0  # a weight's formulas and names
WEIGHT_OUTPUTS = 6.0  # the same, times the outputs: a gradient's formula grows with them
SHIFTED = 0.015  # one weight of one shifted network, for finite differences
AUDITED = 1.2  # a cell of a table that is checked
AUDITED_OUTPUTS = (
    0.03  # the same, times the outputs' square: a gradient's formula grows with them, as do its neighbours
)
AUDITED_COLUMN = 35.0  # a column of it, times the outputs
ANY_WEIGHT = 400.0  # a weight of any network: its formulas derived and compiled
ANY_STEP = 0.15  # a column of one iteration of any network
ANY_VALUE = 0.05  # a number of a block of samples
ANY_SHIFTED = 0.8  # a column for two shifted weights of any network


def most(cost: float, already: float = 0.0) -> int:
    """How many things of that cost fit the budget when `already` is spent."""
    return max(0, int((BUDGET - already) / cost))


def a_weight(outputs: int) -> float:
    """What the formulas of one weight cost."""
    return WEIGHT + WEIGHT_OUTPUTS * outputs


def most_audited_rows(columns: int, outputs: int) -> int:
    """How many rows of a table are checked at a time."""
    return most(columns * (AUDITED + AUDITED_OUTPUTS * outputs**2), already=columns * AUDITED_COLUMN * outputs)


def refuse_over(what: str, count: int, at_most: int, cure: str) -> None:
    """Raise LimitError if there are more; `what` is "x has {} cells"."""
    if count > at_most:
        limit = f"at most {at_most:,} are computed at a time; {cure}"
        limit = limit if at_most else "even one is too much work; use a smaller network"
        raise LimitError(f"{what.format(f'{count:,}')}, and {limit}.")


def refuse_wide(columns: int, cure: str) -> None:
    """Raise LimitError for a result with more columns than a sheet has."""
    if columns > MAX_COLUMNS:
        raise LimitError(f"The result has {columns:,} columns and a sheet {MAX_COLUMNS:,}; {cure}.")


def refuse_tall(rows: int, cure: str) -> None:
    """Raise LimitError for a result with more rows than a sheet has."""
    if rows > MAX_ROWS:
        raise LimitError(f"The result has {rows:,} rows and a sheet {MAX_ROWS:,}; {cure}.")


def reading(argument: str, cells: int) -> None:
    """Raise LimitError for a range that takes too long only to read."""
    refuse_over(argument + " has {} cells", cells, most(READ), "give it a smaller range")
