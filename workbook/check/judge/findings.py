"""What the checker reports: findings with their cells, tables with a verdict, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from workbook.check.judge.fault_kinds import KINDS
from workbook.parts.references import a1

RIGHT, WRONG, NOT_JUDGED, UNFINISHED, EMPTY = "right", "wrong", "not judged", "unfinished", "empty"
OTHER, UNREADABLE = "not this exercise", "unreadable"
_ORDER = (WRONG, NOT_JUDGED, UNFINISHED, RIGHT, EMPTY, OTHER)


@dataclass(frozen=True)
class Part:
    """The cells of one variable that hold one wrong formula.

    `formula` is the first cell's, `meaning` the same in the sheet's variables, `right` and `right_meaning` what should
    stand there.
    """

    variable: str
    column: int
    rows: Sequence[int]
    formula: str
    meaning: str
    right: str | None
    right_meaning: str | None

    def __post_init__(self):
        """Rows are kept as they are now, whatever list they come in."""
        object.__setattr__(self, "rows", tuple(self.rows))

    @property
    def range(self) -> str:
        """From the first to the last of the cells, as A1:A9."""
        first, last = a1(self.rows[0], self.column), a1(self.rows[-1], self.column)
        return first if first == last else f"{first}:{last}"

    @property
    def cells(self) -> str:
        """The cells as A1:A9, and A1:A3, A5:A9 where one between them is no part of it."""
        gaps = [k for k in range(1, len(self.rows)) if self.rows[k] != self.rows[k - 1] + 1]
        runs = [self.rows[a:b] for a, b in pairwise([0, *gaps, len(self.rows)])]
        shown = [a1(run[0], self.column) + (f":{a1(run[-1], self.column)}" if len(run) > 1 else "") for run in runs]
        return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")


@dataclass(frozen=True)
class Finding:
    """One fault, however far it was copied. A `note` is worth telling but doesn't make a sheet wrong.

    `harmless_while` says why a fault without effect has none today: "t1 = t2". Raises ValueError for an unknown kind.
    """

    kind: str
    sheet: str
    parts: Sequence[Part]
    message: str
    also: tuple[str, ...] = ()
    note: bool = False
    gradient_error: float | None = None
    total_error: float | None = None
    place: str | None = None
    harmless_while: str | None = None

    def __post_init__(self):
        """Kinds are words of the report's format: a misspelt one would be a new kind."""
        object.__setattr__(self, "parts", tuple(self.parts))
        unknown = {self.kind, *self.also} - KINDS.keys()
        if unknown:
            raise ValueError(f"no kind of finding: {', '.join(sorted(unknown))}")

    @property
    def count(self) -> int:
        """Number of wrong cells."""
        return sum(len(part.rows) for part in self.parts)

    @property
    def range(self) -> str:
        """The cells: one range where the parts are neighbours, else one each."""
        if self.place is not None or not self.parts:
            return self.place or ""
        parts = sorted(self.parts, key=lambda part: (part.rows[0], part.column))
        columns = [part.column for part in parts]
        whole = all(len(part.rows) == part.rows[-1] - part.rows[0] + 1 for part in parts)
        same_rows = whole and len({(part.rows[0], part.rows[-1]) for part in parts}) == 1
        if same_rows and columns == list(range(columns[0], columns[0] + len(columns))):
            first, last = a1(parts[0].rows[0], columns[0]), a1(parts[0].rows[-1], columns[-1])
            return first if first == last else f"{first}:{last}"
        ranges = list(dict.fromkeys(part.cells for part in parts))
        shown = ", ".join(ranges[:8])
        return shown if len(ranges) <= 8 else f"{shown} and {len(ranges) - 8} more"

    def as_dict(self) -> dict:
        """For JSON."""
        return {
            "kind": self.kind,
            "also": list(self.also),
            "note": self.note,
            "sheet": self.sheet,
            "range": self.range,
            "count": self.count,
            "message": self.message,
            "largest_relative_error_in_gradient": self.gradient_error,
            "largest_relative_error_in_E_total": self.total_error,
            "harmless_while": self.harmless_while,
            "cells": [
                {
                    "variable": part.variable,
                    "range": part.range,
                    "first_row": part.rows[0],
                    "last_row": part.rows[-1],
                    "count": len(part.rows),
                    "formula": part.formula,
                    "meaning": part.meaning,
                    "should_be": part.right,
                    "should_mean": part.right_meaning,
                }
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class TableReport:
    """One table's verdict and findings."""

    sheet: str
    range: str
    header_row: int
    first_row: int
    rows: int
    sizes: tuple[int, int, int]
    learning_rate: float | None
    learning_rate_cell: str | None
    start: dict[str, float]
    verdict: str
    findings: tuple[Finding, ...]
    values_only: bool = False
    total_error: float | None = None

    @property
    def faults(self) -> list[Finding]:
        """The findings that make it wrong."""
        return [finding for finding in self.findings if not finding.note]

    @property
    def reasons(self) -> list[str]:
        """Why it isn't judged, where it isn't."""
        return [finding.message for finding in self.findings if KINDS[finding.kind].not_judged]

    def as_dict(self) -> dict:
        """For JSON."""
        return {
            "sheet": self.sheet,
            "range": self.range,
            "header_row": self.header_row,
            "rows": self.rows,
            "network": "-".join(map(str, self.sizes)),
            "learning_rate": self.learning_rate,
            "learning_rate_cell": self.learning_rate_cell,
            "start": self.start,
            "verdict": self.verdict,
            "not_judged_because": self.reasons,
            "values_only": self.values_only,
            "largest_error_in_E_total": self.total_error,
            "findings": [finding.as_dict() for finding in self.findings],
        }


@dataclass(frozen=True)
class FileReport:
    """One file's verdict; `error` is the sentence where it could not be read."""

    file: str
    writer: str = ""
    tables: tuple[TableReport, ...] = ()
    charts: tuple[Finding, ...] = ()
    error: str | None = None

    @property
    def verdict(self) -> str:
        """The worst verdict of its tables."""
        if self.error is not None:
            return UNREADABLE
        return min((table.verdict for table in self.tables), key=_ORDER.index, default=OTHER)

    @property
    def findings(self) -> list[Finding]:
        """Every finding, tables first, then charts."""
        return [finding for table in self.tables for finding in table.findings] + [*self.charts]

    @property
    def reasons(self) -> list[str]:
        """Why tables of it aren't judged."""
        return [reason for table in self.tables for reason in table.reasons]

    @property
    def faults(self) -> list[Finding]:
        """The findings that make the file wrong."""
        return [finding for finding in self.findings if not finding.note]

    def as_dict(self) -> dict:
        """For JSON."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            "faults": len(self.faults),
            "writer": self.writer,
            "error": self.error,
            "tables": [table.as_dict() for table in self.tables],
            "charts": [finding.as_dict() for finding in self.charts],
        }
