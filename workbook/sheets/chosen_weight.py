"""The derivation of one chosen weight or bias, where a network has too many to show them all.

A yellow cell of the learning-rate sheet names it; the lines below are those that the hidden sheet behind it
(`derivation_sheet`) fills for that weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.parts import styles
from workbook.parts.page import Page
from workbook.parts.references import a1, absolute, quoted
from workbook.sheets import derivation_sheet as behind
from workbook.sheets.derivation_forms import Family, families, longest_texts, number_ranges
from xlfuncs import explain
from xlfuncs.network import Network

SYMBOL_COLUMNS, TEXT_COLUMNS = 2, 6
COLUMNS = SYMBOL_COLUMNS + TEXT_COLUMNS + 1
TEXT_CHARS = 92  # what fits on one line
TOP = 3


@dataclass(frozen=True)
class Panel:
    """The place of the chosen weight's derivation: rows from TOP on, columns from `column` on."""

    network: Network
    column: int

    @cached_property
    def families(self) -> list[Family]:
        """The forms of all derivations."""
        return families(self.network)

    @cached_property
    def heights(self) -> tuple[int, ...]:
        """Rows of each line: enough for the longest text that may come to stand there."""
        return tuple(ceil(longest / TEXT_CHARS) for longest in longest_texts(self.families))

    @property
    def bottom(self) -> int:
        """Its last row."""
        return TOP + sum(self.heights)

    @property
    def choice(self) -> str:
        """The yellow cell."""
        return a1(TOP, self.column + SYMBOL_COLUMNS)

    @property
    def numbers(self) -> str:
        """The cells of its numbers."""
        letter = get_column_letter(self.column + COLUMNS - 1)
        return f"{letter}{TOP + 1}:{letter}{self.bottom}"


def write(page: Page, panel: Panel, row: dict[str, float]) -> None:
    """The panel of the visible sheet, at the first weight. `row` holds iteration 1's numbers."""
    network = panel.network
    hidden = quoted(behind.name_of(page.sheet.title))
    styles.register_panel(page.sheet.parent)
    page.put(a1(TOP, panel.column), "Derivation of", "box title")
    page.style(a1(TOP, panel.column + 1), "box top")
    page.put(panel.choice, behind.FIRST_CHOSEN, "change left" if page.live else "linked")
    weight = network.weight(behind.FIRST_CHOSEN)
    wrong = f'"There is no "&{absolute(panel.choice)}&": name {known(network)}."'
    said = f"IF({hidden}!{behind.FAMILY}=0,{wrong},{hidden}!{behind.JOINS})"
    page.formula(a1(TOP, panel.column + SYMBOL_COLUMNS + 1), said, f"{weight.source} → {weight.target}", "box top")
    for k in range(SYMBOL_COLUMNS + 2, COLUMNS - 1):
        page.style(a1(TOP, panel.column + k), "box top")
    page.style(a1(TOP, panel.column + COLUMNS - 1), "box corner")
    lines = explain.lines(network, behind.FIRST_CHOSEN, row)
    at = TOP + 1
    for k, height in enumerate(panel.heights):
        symbol, text, number = lines[k] if k < len(lines) else ("", "", "")
        shown = [symbol, f"= {text}" if text else "", number]
        _frame(page, panel, at, height, last=k == len(panel.heights) - 1)
        for place, (start, value) in enumerate(zip(_starts(panel), shown, strict=True)):
            of_line = f"INDEX({hidden}!{behind.lines_column(panel.families, place)},{hidden}!{behind.LINE}+{k})"
            formula = f'"= "&{of_line}' if place == 1 else of_line
            cell = a1(at, start)
            page.formula(cell, f'IF({k}<{hidden}!{behind.COUNT},{formula},"")', value, page.sheet[cell].style[10:])
        at += height
    _highlight(page, panel)
    if page.live:
        _only_names(page, panel)


def known(network: Network) -> str:
    """Which names there are: w1 to w1800, b1 to b70."""
    return " or ".join(f"{letter}{low} to {letter}{high}" for letter, (low, high) in number_ranges(network).items())


def _starts(panel: Panel) -> tuple[int, int, int]:
    """The columns in which symbol, text and number begin."""
    return panel.column, panel.column + SYMBOL_COLUMNS, panel.column + COLUMNS - 1


def _frame(page: Page, panel: Panel, top: int, rows: int, *, last: bool) -> None:
    """Format a line over its rows, and merge its three cells."""
    left, middle, right = _starts(panel)
    bottom = top + rows - 1
    for row in range(top, bottom + 1):
        end = " end" if last and row == bottom else ""
        for column in range(left, right):
            page.style(a1(row, column), f"box {'line' if column == left else 'line fill'}{end}")
        page.style(a1(row, middle), f"box text{end}")
        page.style(a1(row, right), f"box line number{end}")
    for first, following in ((left, middle), (middle, right), (right, right + 1)):
        if rows > 1 or following - first > 1:
            page.sheet.merge_cells(f"{a1(top, first)}:{a1(bottom, following - 1)}")


def _highlight(page: Page, panel: Panel) -> None:
    """The result is the line whose symbol is the gradient's own; the first one, the chain rule, isn't meant.

    Its number's rules say both, colour and scientific notation: LibreOffice follows only one rule a cell.
    """
    symbol, number = f"${get_column_letter(panel.column)}{TOP + 1}", panel.numbers.partition(":")[0]
    last_text = get_column_letter(panel.column + COLUMNS - 2)
    is_result = f'{symbol}="∂E_total/∂"&LOWER(TRIM({absolute(panel.choice)})),ROW()>{TOP + panel.heights[0]}'
    outside = f"OR(ABS({number})<={styles.SMALL},ABS({number})>={styles.LARGE})"
    rules = page.sheet.conditional_formatting
    rules.add(f"{symbol[1:]}:{last_text}{panel.bottom}", styles.result_rule(f"AND({is_result})"))
    scientific = f"AND({is_result},ISNUMBER({number}),{number}<>0,{outside})"
    rules.add(panel.numbers, styles.result_rule(scientific, styles.SCIENTIFIC))
    rules.add(panel.numbers, styles.result_rule(f"AND({is_result})"))


def _only_names(page: Page, panel: Panel) -> None:
    """Let the program refuse a name that no weight has."""
    given = f"TRIM({panel.choice})"
    number, most = f"VALUE(MID({given},2,9))", "0"
    for letter, (_, high) in reversed(number_ranges(panel.network).items()):
        most = f'IF(LOWER(LEFT({given},1))="{letter}",{high},{most})'
    rule = DataValidation(
        type="custom", formula1=f"IFERROR(AND({number}>=1,{number}<={most}),FALSE)", allow_blank=False
    )
    rule.errorTitle, rule.showErrorMessage = "A weight's name is needed", True
    rule.error = f"Name a weight or a bias of this network: {known(panel.network)}."
    page.sheet.add_data_validation(rule)
    rule.add(panel.choice)
