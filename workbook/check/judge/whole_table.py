"""What is told of a table as a whole: another network, rows that weren't read, rows that can't be calculated."""

from __future__ import annotations

import numpy as np

from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import finds
from workbook.check.judge.findings import Finding
from workbook.check.judge.judged import Judged
from workbook.check.meaning.tables import goes_on
from workbook.check.meaning.words import names_text


def not_judged_network(judged: Judged) -> Finding:
    """The note on a network of another kind."""
    text = f"Not judged: this is a network that isn't judged yet ({judged.network})."
    return Finding(fault_kinds.OTHER_NETWORK, judged.table.sheet.name, (), text, note=True, place=judged.table.range)


@finds(fault_kinds.NOT_READ)
def not_read(judged: Judged) -> list[Finding]:
    """A note where the table goes on beyond the rows that were judged."""
    table = judged.table
    if table.sheet.cut is not None and table.last >= table.sheet.cut - 1:
        text, row = f"Only the rows up to {table.sheet.cut} were read; the table goes on.", table.sheet.cut
    elif table.last >= table.first and not judged.values_only and (more := goes_on(table)) is not None:
        text = f"Not judged: the table goes on in row {more} after an empty row; only the rows above it were judged."
        row = more
    else:
        return []
    return [Finding(fault_kinds.NOT_READ, table.sheet.name, (), text, note=True, place=f"row {row}")]


@finds(fault_kinds.UNJUDGED)
def not_calculated(judged: Judged) -> Finding | None:
    """Why the table's rows can't be calculated from its first one, None where they can."""
    table, why = judged.table, None
    if table.rate is None:
        why = "its learning rate was not found"
    elif table.unknown_start:
        why = f"no number was found for {names_text(table.unknown_start)}, from which its rows follow"
    elif table.expected is not None and not np.isfinite(table.expected["E_total"]).all():
        why = "its values grow beyond all numbers"
    if why is None:
        return None
    return Finding(fault_kinds.UNJUDGED, table.sheet.name, (), f"Not judged: {why}.", note=True, place=table.range)
