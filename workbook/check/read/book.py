"""A workbook as the checker sees it: sheets of cells with their formulas and stored values, and charts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from workbook.check.read.formula import Template

Place = tuple[str, int, int]
"""A cell of the workbook: sheet, row and column, both from 1."""


@dataclass(frozen=True)
class ArrayFormula:
    """One formula for several cells, entered with Ctrl+Shift+Enter or spilled: it stands in the first of them."""

    template: Template
    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Cell:
    """A cell: its value (float, str, bool or None), its formula, and whether the value is an error such as #NAME?.

    `array` is the array formula that fills it, also where the formula itself stands in another cell.
    """

    value: float | str | bool | None = None
    formula: Template | None = None
    error: bool = False
    array: ArrayFormula | None = None

    @property
    def template(self) -> Template | None:
        """The formula that gives its value, its own or an array's."""
        return self.formula if self.array is None else self.array.template


@dataclass
class Sheet:
    """A worksheet: its cells by row and column, both from 1."""

    name: str
    part: str
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    cut: int | None = None  # the last row that was read, where the rest was left out

    def cell(self, row: int, column: int) -> Cell | None:
        """The cell, None where it is empty."""
        return self.rows.get(row, {}).get(column)


@dataclass(frozen=True)
class NamedTable:
    """An Excel table, which formulas name as Table1[h1]: its data rows and the name of each column from `left` on."""

    sheet: str
    top: int
    bottom: int
    left: int
    columns: tuple[str, ...]


@dataclass
class Series:
    """A chart's series: the references of its name, categories or x values, and values."""

    name: str | None
    categories: str | None
    values: str | None


@dataclass
class Chart:
    """A chart: the sheet it stands on, its kind and series."""

    sheet: str
    part: str
    kind: str
    title: str
    series: list[Series]


@dataclass
class Book:
    """A workbook file as read."""

    path: Path
    writer: str
    digits: int
    sheets: list[Sheet]
    charts: list[Chart]
    names: dict[str, str]
    tabs: list[str] = field(default_factory=list)  # every sheet's name, chart sheets too
    tables: dict[str, NamedTable] = field(default_factory=dict)  # by their name in lower case

    def sheet(self, name: str | None) -> Sheet | None:
        """The sheet of that name, as a formula spells it."""
        wanted = (name or "").casefold()
        return next((sheet for sheet in self.sheets if sheet.name.casefold() == wanted), None)
