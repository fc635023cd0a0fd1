"""The epoch table of a sheet in Excel: read, filled and cleared as epoch_rows plans it, through xlwings.

`ask` is OpenBook's: it makes one call of Excel, until there is an answer.
"""

from collections.abc import Callable, Iterator

import xlwings
from xlwings.utils import a1_to_tuples, col_name

from workbook.live import epoch_rows
from workbook.live.excel_errors import code, is_excels, refused
from workbook.live.target import Blocked
from workbook.training_layout import COLUMNS, LOG_CORNER, MAX_EPOCHS

Ask = Callable[[Callable], object]
SLACK_ROWS = 200
"""So many rows more than epochs are looked at: people insert some."""


def fill(ask: Ask, sheet: "xlwings.Sheet", wanted: list[list[float]]) -> None:
    """See to it that each of the epochs' rows stands there once."""
    corner, cells = _log(ask, sheet, len(wanted))
    if epoch_rows.plan(cells, wanted, len(cells)):
        framed = _frame(ask, sheet)
        _carry_out(ask, sheet, corner, epoch_rows.plan(cells, wanted, framed or len(cells)), framed)


def clear(ask: Ask, sheet: "xlwings.Sheet") -> None:
    """Take all epochs away; what somebody wrote between them stays."""
    corner, cells = _log(ask, sheet, MAX_EPOCHS)
    framed = _frame(ask, sheet)
    epochs = epoch_rows.epoch_places(cells[: framed or len(cells)])
    _carry_out(ask, sheet, corner, dict.fromkeys(epochs, epoch_rows.BLANK), framed)
    kept = [k for k, row in enumerate(cells[:framed]) if k not in epochs and not epoch_rows.is_blank(row)]
    if framed > 1 + max(kept, default=0):
        _resize(ask, sheet, 1 + max(kept, default=0))


def _log(ask: Ask, sheet: "xlwings.Sheet", epochs: int) -> tuple[tuple[int, int], list[list[object]]]:
    """Row and column of the log's first header, and the rows below, more than there are epochs."""
    cell = ask(lambda: sheet.range(LOG_CORNER))
    corner = a1_to_tuples(ask(lambda: cell.address).replace("$", ""))[0]
    headers, *cells = ask(lambda: _block(sheet, corner, 0, 1 + epochs + SLACK_ROWS).raw_value)
    ours = [header for _, header, _ in COLUMNS]
    if any(header in ours and header != ours[k] for k, header in enumerate(headers)):
        raise Blocked("The columns of the epoch table stand in another order; undo that, and the rows come.")
    if any(hasattr(row[0], "year") and isinstance(row[1], float) for row in cells):
        raise Blocked("The epochs' cells are formatted as dates; give them the format General, and the rows come.")
    return corner, [[None if str(cell) == "k.missing_value" else cell for cell in row] for row in cells]


def _block(sheet: "xlwings.Sheet", corner: tuple[int, int], first: int, rows: int) -> "xlwings.Range":
    """So many rows of the log, the first so far below its header."""
    (row, column), last = corner, col_name(corner[1] + len(COLUMNS) - 1)
    return sheet.range(f"{col_name(column)}{row + first}:{last}{row + first + rows - 1}")


def _table(ask: Ask, sheet: "xlwings.Sheet") -> tuple["xlwings.main.Table", tuple, tuple] | None:
    """The table around the log, with row and column of its first and last cell; None where it was made plain cells."""
    cell = ask(lambda: sheet.range(LOG_CORNER))
    table = ask(lambda: cell.table)
    if table is None:
        return None
    around = ask(lambda: table.range)
    return table, *a1_to_tuples(ask(lambda: around.address).replace("$", ""))


def _frame(ask: Ask, sheet: "xlwings.Sheet") -> int:
    """How many rows the epoch table has; 0 where it is plain cells."""
    found = _table(ask, sheet)
    return found[2][0] - found[1][0] if found else 0


def _carry_out(ask: Ask, sheet: "xlwings.Sheet", corner: tuple[int, int], plan: dict, framed: int) -> None:
    """Write a plan of epoch_rows. The frame first: a row outside of it would count as somebody's copy."""
    rows = 1 + max((place for place, row in plan.items() if row), default=-1)
    if 0 < framed < rows:
        _resize(ask, sheet, rows)
    for first, together in _together(plan):
        block = ask(lambda: _block(sheet, corner, 1 + first, len(together)))  # noqa: B023 (called at once)
        if together[0] is epoch_rows.BLANK:
            ask(block.clear_contents)
        else:
            ask(lambda: setattr(block, "raw_value", together))  # noqa: B023


def _together(plan: dict[int, list[float] | None]) -> Iterator[tuple[int, list]]:
    """Rows of one kind that stand one below the other: the place of the first, and all of them."""
    first, rows = None, []
    for place in sorted(plan):
        follows = rows and place == first + len(rows) and (plan[place] is None) == (rows[0] is None)
        if rows and not follows:
            yield first, rows
        if not follows:
            first, rows = place, []
        rows.append(plan[place])
    if rows:
        yield first, rows


def _resize(ask: Ask, sheet: "xlwings.Sheet", rows: int) -> None:
    """Let the table's frame hold so many rows. It is for looks: the charts plot the cells anyway."""
    table, (top, left), (_, right) = _table(ask, sheet)
    to = ask(lambda: sheet.range(f"{col_name(left)}{top}:{col_name(right)}{top + rows}"))

    def resize() -> None:
        try:
            table.resize(to)
        except Exception as error:
            if not is_excels(error) or refused(error) or code(error) is None:
                raise
            # Excel won't: a row of totals stands in the way, say.

    ask(resize)
