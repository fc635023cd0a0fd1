"""Start values that are another table's everywhere else: slips of the hand between the tables of one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding, Part
from workbook.check.judge.judged import Judged
from workbook.check.meaning.stages import Recognised

_SAME = 1e-9
MOST_ODD = 2  # more start values than these are no slip but other data


@finds(fault_kinds.OTHER_START)
def other_starts(judged: Sequence[Judged]) -> list[Finding | None]:
    """For each table the finding that its start values differ in one or two places from those that all others share."""
    tables = [each.table for each in judged]
    odd = [None if each.network is not None else _odd_start(tables, k) for k, each in enumerate(judged)]
    return [None if values is None else _finding(table, *values) for table, values in zip(tables, odd, strict=True)]


def _odd_start(tables: list[Recognised], k: int) -> tuple[list[str], dict[str, float]] | None:
    """The variables that start from an odd value, and what most of the others start from."""
    own = tables[k]
    rest = [*tables[:k], *tables[k + 1 :]]
    others = [table.start for table in rest if table.last >= table.first and _alike(table, own)]
    if len(others) < 2 or own.last < own.first:
        return None
    common: dict[str, float | None] = {}
    for name in own.blueprint.given:
        value, votes = Counter(start.get(name) for start in others).most_common(1)[0]
        if votes * 3 >= 2 * len(others) and votes >= 2:
            common[name] = value
    known = {n: value for n, value in common.items() if value is not None and n in own.start}
    odd = [n for n, value in known.items() if abs(own.start[n] - value) > _SAME and n in own.columns]
    if not 1 <= len(odd) <= MOST_ODD or len(common) < len(own.blueprint.given) - 2:
        return None
    return odd, known


def _alike(one: Recognised, other: Recognised) -> bool:
    return set(one.blueprint.given) == set(other.blueprint.given)


def _finding(table: Recognised, odd: list[str], common: dict[str, float]) -> Finding:
    parts = []
    for name in odd:
        stands, right = f"{table.start[name]:g}", f"{common[name]:g}"
        parts.append(Part(name, table.columns[name], (table.first,), stands, name, right, name))
    texts = (f"{n} starts at {table.start[n]:g}, in the file's other tables at {common[n]:g}" for n in odd)
    return Finding(fault_kinds.OTHER_START, table.sheet.name, tuple(parts), "; ".join(texts) + ".")
