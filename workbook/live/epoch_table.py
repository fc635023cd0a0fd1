"""The epoch table of a sheet in Excel: read, filled and cleared as epoch_rows plans it, through xlwings.

`ask` is OpenBook's: it makes one call of Excel, until there is an answer.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import xlwings
from xlwings.utils import a1_to_tuples, col_name

from workbook.live import epoch_rows
from workbook.live.excel_errors import code, is_excels, refused
from workbook.live.open_book import Answer
from workbook.live.target import Blocked
from workbook.sheets.training_cells import COLUMNS, LOG_CORNER, MAX_EPOCHS

ATTEMPTS = 3  # to write a row, each time one looks
SLACK_ROWS = 200
"""So many rows more than epochs are looked at: people insert some."""


class Ask(Protocol):
    """Make one call of Excel, until there is an answer: OpenBook.ask."""

    def __call__(self, call: Callable[[], Answer], /) -> Answer:
        """The answer."""


class _Changed(Exception):  # noqa: N818 (nothing is wrong)
    """Somebody was quicker: what stands there isn't what the plan was made for."""


def fill(ask: Ask, sheet: "xlwings.Sheet", wanted: list[list[float]]) -> None:
    """See to it that each of the epochs' rows stands there once."""
    _carry_out(ask, sheet, len(wanted), lambda cells, framed: epoch_rows.plan(cells, wanted, framed))


def clear(ask: Ask, sheet: "xlwings.Sheet") -> None:
    """Take all epochs away; what somebody wrote between them stays."""
    _carry_out(ask, sheet, MAX_EPOCHS, epoch_rows.without_epochs)
    framed, (_, cells) = _frame(ask, sheet), _log(ask, sheet, MAX_EPOCHS)
    rows = max((1 + k for k, row in enumerate(cells[:framed]) if not epoch_rows.is_blank(row)), default=1)
    if framed > rows:
        _resize(ask, sheet, rows)


def _carry_out(ask: Ask, sheet: "xlwings.Sheet", epochs: int, plan: Callable[[list, int], dict]) -> None:
    """Plan, write the first rows that stand together, look again, until nothing is left to write.

    People work in the sheet meanwhile, so a plan is good for one write. The frame first: an epoch twice within it is
    one too many, outside of it somebody's copy.
    """
    written: Counter[int] = Counter()
    while True:
        corner, cells = _log(ask, sheet, epochs)
        framed = _frame(ask, sheet) if plan(cells, len(cells)) else len(cells)
        changes = plan(cells, framed or len(cells))
        # What a cell's format makes something else of isn't written for ever, nor against somebody who insists.
        for place in [k for k in changes if written[k] and epoch_rows.is_of_epoch(cells[k], changes[k])]:
            del changes[place]
        if not changes or any(written[place] >= ATTEMPTS for place in changes):
            return
        rows = 1 + max((place for place, row in changes.items() if row), default=-1)
        if 0 < framed < rows:
            _resize(ask, sheet, rows)
        first, together = next(epoch_rows.together(changes))
        block = ask(lambda: _block(sheet, corner, 1 + first, len(together)))  # noqa: B023 (called at once)
        blank: list[list[object]] = [[None] * len(COLUMNS)] * len(together)
        before = [*cells, *blank][first : first + len(together)]
        with suppress(_Changed):
            ask(lambda: _write(block, before, together))  # noqa: B023
            written.update(range(first, first + len(together)))


def _write(block: "xlwings.Range", before: list[list[object]], rows: list) -> None:
    """Write rows of one kind over those that were there before, and over nothing else."""
    if _rows(block) != before:
        raise _Changed
    if rows[0] is epoch_rows.BLANK:
        block.clear_contents()
    else:
        block.raw_value = rows


def _log(ask: Ask, sheet: "xlwings.Sheet", epochs: int) -> tuple[tuple[int, int], list[list[object]]]:
    """Row and column of the log's first header, and the rows below, more than there are epochs."""
    cell = ask(lambda: sheet.range(LOG_CORNER))
    corner = a1_to_tuples(ask(lambda: cell.address).replace("$", ""))[0]
    headers, *cells = ask(lambda: _rows(_block(sheet, corner, 0, 1 + epochs + SLACK_ROWS)))
    ours = [header for _, header, _ in COLUMNS]
    if any(header in ours and header != ours[k] for k, header in enumerate(headers)):
        raise Blocked("The columns of the epoch table stand in another order; undo that, and the rows come.")
    if any(hasattr(row[0], "year") and isinstance(row[1], float) for row in cells):
        raise Blocked("The epochs' cells are formatted as dates; give them the format General, and the rows come.")
    return corner, cells


def _rows(block: "xlwings.Range") -> list[list[object]]:
    """What stands there; None for a blank cell, which macOS calls a missing value."""
    found = block.raw_value
    rows = found if isinstance(found[0], list | tuple) else [found]
    return [[None if str(cell) == "k.missing_value" else cell for cell in row] for row in rows]


def _block(sheet: "xlwings.Sheet", corner: tuple[int, int], first: int, rows: int) -> "xlwings.Range":
    """So many rows of the log, the first so far below its header."""
    (row, column), last = corner, col_name(corner[1] + len(COLUMNS) - 1)
    return sheet.range(f"{col_name(column)}{row + first}:{last}{row + first + rows - 1}")


def _table(ask: Ask, sheet: "xlwings.Sheet") -> tuple["xlwings.main.Table", tuple, tuple] | None:
    """The table around the log, with row and column of its first and last cell; None where it was made plain cells."""
    cell = ask(lambda: sheet.range(LOG_CORNER))
    table = ask(lambda: _around(cell))
    if table is None:
        return None
    around = ask(lambda: table.range)
    return table, *a1_to_tuples(ask(lambda: around.address).replace("$", ""))


def _around(cell: "xlwings.Range") -> "xlwings.main.Table | None":
    try:
        return cell.table
    except ValueError:  # xlwings asks twice, and doesn't expect that it was made plain cells between
        return None


def _frame(ask: Ask, sheet: "xlwings.Sheet") -> int:
    """How many rows the epoch table has; 0 where it is plain cells."""
    found = _table(ask, sheet)
    return found[2][0] - found[1][0] if found else 0


def _resize(ask: Ask, sheet: "xlwings.Sheet", rows: int) -> None:
    """Let the table's frame hold so many rows. It is for looks: the charts plot the cells anyway."""
    found = _table(ask, sheet)
    if found is None:  # it was made plain cells meanwhile
        return
    table, (top, left), (_, right) = found
    to = ask(lambda: sheet.range(f"{col_name(left)}{top}:{col_name(right)}{top + rows}"))

    def resize() -> None:
        try:
            table.resize(to)
        except Exception as error:
            if not is_excels(error) or refused(error) or code(error) is None:
                raise
            # Excel won't: a row of totals stands in the way, say.

    ask(resize)
