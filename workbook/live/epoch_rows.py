"""The epochs among rows that people sort, cut and write into: what has to be written so that each is there once.

A row belongs to the epoch whose number stands in its first cell. What isn't an epoch's row is somebody's, and stays.
"""

import math
from collections.abc import Iterator
from decimal import Decimal

BLANK = None  # in a plan: this row's cells are to be cleared
_CURRENCY = 5.1e-5
"""How far a cell in a currency format may be from its number: COM hands it over with four decimals."""


def plan(cells: list[list[object]], wanted: list[list[float]], framed: int) -> dict[int, list[float] | None]:
    """What to write where: a row's place, counted from 0, and the epoch for it, or BLANK.

    cells: the rows as they are; below them all is blank. wanted: the rows of the epochs 1, 2, …, each with the epoch
    first. framed: how many of the rows are the table's: an epoch that stands there twice, or that the run hasn't, is
    taken away. Elsewhere it is a copy that somebody made, unless it is the only one and just as it should be.

    An epoch stays where it stands. A missing one goes to a blank row behind the one before it, or else to the end; if
    the epochs were in order, they stay in order.
    """
    first, surplus = _standing(cells, wanted, framed)
    places = _with_missing(first, surplus, cells, len(wanted))
    written = {
        place: row
        for place, row in ((places[k], row) for k, row in enumerate(wanted, start=1))
        if place >= len(cells) or not _same(cells[place], row)
    }
    cleared = {place: BLANK for place in surplus if place not in set(places.values())}
    return written | cleared


def without_epochs(cells: list[list[object]], framed: int) -> dict[int, None]:
    """The plan that takes all epochs out of the table, of whichever run."""
    return {place: BLANK for place, row in enumerate(cells[:framed]) if _epoch(row[0])}


def together(changes: dict[int, list[float] | None]) -> Iterator[tuple[int, list[list[float] | None]]]:
    """Rows of one kind that stand one below the other: the place of the first, and all of them."""
    first = 0
    rows: list[list[float] | None] = []
    for place in sorted(changes):
        follows = rows and place == first + len(rows) and (changes[place] is None) == (rows[0] is None)
        if rows and not follows:
            yield first, rows
        if not follows:
            first, rows = place, []
        rows.append(changes[place])
    if rows:
        yield first, rows


def _standing(cells: list[list[object]], wanted: list[list[float]], framed: int) -> tuple[dict[int, int], list[int]]:
    """Where each epoch stands first, and the table's rows that are one too many."""
    first: dict[int, int] = {}
    surplus = []
    for place, row in enumerate(cells):
        epoch, ours = _epoch(row[0]), place < framed
        if epoch is None:
            continue
        known = epoch <= len(wanted)
        if known and epoch not in first and (ours or _same(row, wanted[epoch - 1])):
            first[epoch] = place
        elif ours and (known or all(_number(cell) is not None for cell in row)):
            surplus.append(place)
    return first, surplus


def _with_missing(first: dict[int, int], surplus: list[int], cells: list, epochs: int) -> dict[int, int]:
    """A place for every epoch."""
    in_order = [first[k] for k in sorted(first)] == sorted(first.values())
    places, free = dict(first), {place for place, row in enumerate(cells) if is_blank(row)} | set(surplus)
    for epoch in range(1, epochs + 1):
        if epoch not in places:
            places[epoch] = _place(places.get(epoch - 1, -1), set(places.values()), free, len(cells))
            free.discard(places[epoch])
    if in_order:
        return dict(zip(range(1, epochs + 1), sorted(places.values()), strict=True))
    return places


def _place(after: int, taken: set[int], free: set[int], end: int) -> int:
    """A free place between the one before and the next epoch's, or else behind all of them."""
    following = min((place for place in taken if place > after), default=math.inf)
    between = min((place for place in free if after < place < following), default=None)
    if between is not None:
        return between
    last = max(taken, default=-1)
    return min((place for place in free if place > last), default=max(last + 1, end))


def _epoch(cell: object) -> int | None:
    """The epoch that a cell names, from 1; None for anything else."""
    found = _number(cell)
    return int(found) if found is not None and found >= 1 and found == int(found) else None


def is_of_epoch(row: list[object], wanted: list[float] | None) -> bool:
    """Whether the row stands for the epoch of the wanted one, whatever its other cells hold."""
    return wanted is not BLANK and _epoch(row[0]) == wanted[0]


def is_blank(row: list[object]) -> bool:
    """Whether nothing stands in the row."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _same(row: list[object], wanted: list[float]) -> bool:
    found = [_number(cell) for cell in row]
    return all(
        a is not None and math.isclose(a, b, rel_tol=1e-12, abs_tol=_CURRENCY)
        for a, b in zip(found, wanted, strict=True)
    )


def _number(cell: object) -> float | None:
    """A cell's number; also where the cell's format makes a text or a currency of it. None for anything else."""
    if isinstance(cell, str):
        try:
            found = float(cell.replace(",", "."))
        except ValueError:
            return None
    elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        found = float(cell)
    else:
        return None
    return found if math.isfinite(found) else None
