"""A sheet under construction: openpyxl's worksheet plus the cached value of every formula."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from workbook.macros.controls import Button
from workbook.parts import styles

OVERVIEW_TAB, TABLE_TAB, TRAINING_TAB = "0072B2", "F8B26A", "009E73"  # colours of the tabs
Value = float | int | str | bool
NO_PYTHON = "no Python"
NOT_AVAILABLE = "#N/A"  # what Excel shows in the cells of a range that an array leaves over
FORMULAS = NATIVE, VALUES, UDF = "native", "values", "udf"
"""What the cells hold: formulas; numbers only; formulas, and tables that Python's functions fill."""


@dataclass(frozen=True)
class Stream:
    """Rows of a sheet, from `first` to `last`, which `rows` yields as XML when the file is written."""

    first: int
    last: int
    rows: Callable[[], Iterator[str]]


@dataclass
class Page:
    """One sheet and what openpyxl can't write: cached values, streamed table rows, drawn shapes.

    `cached` maps a cell to its formula's value, or to a constant's in full: openpyxl writes 16 digits of 17.
    `formulas` is one of FORMULAS. `streams` are the rows that come as XML, see `stream`; `shapes` are the XML of
    drawn anchors; `buttons` need a workbook with macros; `dynamic` are the first cells of arrays that spill, as Excel's
    dynamic arrays do.
    """

    sheet: Worksheet
    formulas: str = NATIVE
    cached: dict[str, Value] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    dynamic: set[str] = field(default_factory=set)

    @property
    def live(self) -> bool:
        """Whether the cells follow when another one changes."""
        return self.formulas != VALUES

    def prepare(self, tab: str, *, landscape: bool = True, paper: str = "A4", pages_across: int = 1) -> None:
        """No grid lines, the tab's colour, and a print that fits the width of the paper."""
        sheet = self.sheet
        sheet.sheet_view.showGridLines = False
        sheet.sheet_properties.tabColor = tab
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.orientation = "landscape" if landscape else "portrait"
        sheet.page_setup.paperSize = {"A3": sheet.PAPERSIZE_A3, "A4": sheet.PAPERSIZE_A4}[paper]
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_across, 0

    def put(self, ref: str, value: Any, style: str = "line") -> None:
        """Write a constant."""
        cell = self.sheet[ref]
        cell.value = value if value != "" else None  # an empty text is an empty cell
        if value and isinstance(value, str):
            cell.data_type = "s"  # a text that starts with "=" is a text
        if isinstance(value, float):
            self.cached[ref] = value
        cell.style = f"gradsheet {style}"

    def formula(self, ref: str, formula: str, value: Value, style: str = "line") -> None:
        """Write a formula (without its equals sign) with its value, or the value alone in a workbook of numbers."""
        if not self.live:
            self.put(ref, value, style)
            return
        self.sheet[ref] = f"={formula}"
        self.sheet[ref].style = f"gradsheet {style}"
        self.cached[ref] = value

    def array(self, cells: str, formula: str, values: Sequence[Sequence[Value]], style: str = "line") -> None:
        """Write one formula that fills a range, with the value of each of its cells; "" leaves a cell empty."""
        left, top, right, bottom = range_boundaries(cells)
        for r in range(top, bottom + 1):
            for c in range(left, right + 1):
                ref = f"{get_column_letter(c)}{r}"
                self.sheet[ref] = 0  # openpyxl must write the cell; its value is put in afterwards
                self.sheet[ref].style = f"gradsheet {style}"
                self.cached[ref] = values[r - top][c - left]
        self.sheet[cells.partition(":")[0]] = ArrayFormula(cells, f"={formula}")

    def call(self, cells: str, call: str, values: Sequence[Sequence[Value]], style: str = "line") -> None:
        """Fill a range by a function of Python's, or with a word where it doesn't exist: macros off, LibreOffice."""
        self.array(cells, f'IFERROR({call},"{NO_PYTHON}")', values, style)

    def stream(self, first: int, last: int, rows: Callable[[], Iterator[str]]) -> None:
        """Let the rows from `first` to `last` come as XML, since there may be very many; none is written here."""
        self.streams.append(Stream(first, last, rows))

    def style(self, ref: str, style: str) -> None:
        """Format an empty cell."""
        self.sheet[ref].style = f"gradsheet {style}"

    def numbers(self, cells: str) -> None:
        """Show small and large numbers of a range, or of ranges with spaces between, in scientific notation."""
        for rule in styles.scientific_where_needed():
            self.sheet.conditional_formatting.add(cells, rule)

    def link(self, ref: str, text: str, target: str, style: str = "link") -> None:
        """Write a link to a place in this workbook, such as 'LR=0.1'!A1."""
        self.put(ref, text, style)
        self.sheet[ref].hyperlink = Hyperlink(ref=ref, location=target, display=text)
        self.sheet[ref].style = f"gradsheet {style}"
