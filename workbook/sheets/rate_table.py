"""The rows of a learning-rate sheet's table, as XML: formulas, numbers, or one array that Python fills."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from workbook.parts.page import NATIVE, UDF, Page
from workbook.sheets import python_table, table_formulas
from workbook.sheets.blocks import ONE, Blocks
from workbook.sheets.layout import COLUMN_CHARS, Layout, absolute, quoted, sheet_name
from workbook.sheets.table_formulas import AVERAGED, BLANK, FIRST, MEAN, NEXT, SAME, WORD, Patterns
from xlfuncs.logistic import EXP_LIMIT
from xlfuncs.network import Network

MEAN_WORD = "mean"
Styles = dict[str, list[int]]


@dataclass(frozen=True)
class RateTable:
    """A learning rate and its iteration table, shape (iterations·batch, columns), in the order of `Network.columns`."""

    learning_rate: float
    table: np.ndarray
    blocks: Blocks = ONE

    def e_total(self, network: Network) -> np.ndarray:
        """The error curve, shape (iterations,)."""
        return self.blocks.curve(self.table[:, network.column_names.index("E_total")])

    def ends(self, network: Network) -> tuple[float, float]:
        """What the curve is once each sample was seen, and at last."""
        curve = self.e_total(network)
        return curve[min(self.blocks.turn, len(curve)) - 1], curve[-1]

    def first_row(self, network: Network) -> dict[str, float]:
        """The numbers of iteration 1 by their columns' names."""
        return dict(zip(network.column_names, self.table[0].tolist(), strict=True))


def write(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """The header through openpyxl, the rows as XML when the file is written: there may be very many."""
    if page.formulas == UDF:
        patterns = table_formulas.one_array(layout, twin_name(rate_table.learning_rate))
    else:
        guarded = is_guarded(layout, rate_table.table)
        patterns = table_formulas.native(layout, guarded, absolute(layout.learning_rate))
    if page.formulas not in (NATIVE, UDF):
        patterns = table_formulas.values_only(patterns)
    _write(page, layout, rate_table.table, patterns)


def write_twin(page: Page, layout: Layout, rate_table: RateTable) -> None:
    """The table in plain formulas at the same cells of a hidden sheet, for where Python's functions can't run."""
    page.sheet.sheet_state = "hidden"
    page.put("A1", f"The table of {sheet_name(rate_table.learning_rate)} in plain formulas", "heading")
    function = python_table.function_name(layout.network)
    page.put("A2", f"It takes the place of ={function}(…) where that can't run: macros off, LibreOffice.", "note")
    rate = f"{quoted(sheet_name(rate_table.learning_rate))}!{absolute(layout.learning_rate)}"
    _write(page, layout, rate_table.table, table_formulas.native(layout, is_guarded(layout, rate_table.table), rate))


def twin_name(learning_rate: float) -> str:
    """LR=0.1 formulas."""
    return f"{sheet_name(learning_rate)} formulas"


def is_guarded(layout: Layout, table: np.ndarray) -> bool:
    """Whether a pre-activation is so far below 0 that Excel's EXP would overflow."""
    network = layout.network
    sums = {
        unit
        for d, layer in enumerate(network.layers)
        if layer.activation == "sigmoid"
        for unit in network.unit_names(d)
    }
    places = [k for k, name in enumerate(network.column_names) if name in sums]
    return bool(places) and bool(table[:, places].min() < EXP_LIMIT)


def _write(page: Page, layout: Layout, table: np.ndarray, patterns: Patterns) -> None:
    for column in layout.columns:
        letter = layout.column_of[column.name]
        page.put(f"{letter}{layout.header_row}", column.label, f"head {column.group}")
    styles = _styles(page, layout)
    # Iterations and samples are counted, not measured.
    first, last = (c.name for c in (layout.network.columns[1], layout.network.columns[-1]))
    page.numbers(f"{layout.cell(first, layout.first_row)}:{layout.cell(last, layout.last_row)}")
    curve = _curve(page, layout, table)
    page.stream(layout.first_row, layout.last_row, lambda: _row_xml(layout, table, styles, patterns, curve))


def _styles(page: Page, layout: Layout) -> Styles:
    """The number of the style of each column's cells, for each kind of row."""

    def of(kind: str) -> list[int]:
        found = []
        for column in layout.columns:
            ref = layout.cell(column.name, layout.first_row)
            page.style(ref, f"{kind} {column.group}")
            found.append(page.sheet[ref].style_id)
        return found

    if not layout.blocks.has_mean:
        body = of("body")
        return {FIRST: body, NEXT: body}
    mean, shared, body = of("mean"), of("shared"), of("body")
    pairs = zip(layout.columns, shared, body, strict=True)
    same = [quiet if table_formulas.is_shared(column) else usual for column, quiet, usual in pairs]
    return {FIRST: body, NEXT: body, SAME: same, MEAN: mean}


def _curve(page: Page, layout: Layout, table: np.ndarray) -> list[str]:
    """Right of the table the error by iteration, where a row is a sample: a chart needs it without gaps.

    Its cells as XML, one text for each of the first rows.
    """
    letters, blocks = layout.curve_columns, layout.blocks
    if not letters:
        return []
    means = blocks.means(table[:, layout.network.column_names.index("E_total")])
    each = "E_total" if blocks.batch == 1 else "mean E_total"
    heads = ["Iteration", each, f"mean of last {blocks.turn}"]
    columns = [np.arange(1.0, layout.iterations + 1), means, blocks.over_a_turn(means)]
    for letter, head, group in zip(letters, heads, ("iteration", "error", "error"), strict=False):
        page.put(f"{letter}{layout.header_row}", head, f"head {group}")
        page.style(f"{letter}{layout.first_row}", f"body {group}")
        page.sheet.column_dimensions[letter].width = max(COLUMN_CHARS, len(head) + 3)
    styles = [page.sheet[f"{letter}{layout.first_row}"].style_id for letter in letters]
    last = layout.header_row + layout.iterations
    page.numbers(f"{letters[1]}{layout.first_row}:{letters[-1]}{last}")
    found = []
    for k, values in enumerate(zip(*columns, strict=True)):
        row = layout.first_row + k
        above = max(layout.first_row, row + 1 - blocks.turn)
        formulas = [
            "",
            layout.cell("E_total", layout.result_row(k + 1)),
            f"AVERAGE({letters[1]}{above}:{letters[1]}{row})",
        ]
        cells = zip(letters, styles, formulas, values, strict=False)
        found.append("".join(_cell(f"{x}{row}", s, f if page.live else "", v) for x, s, f, v in cells))
    return found


def _cell(ref: str, style: int, formula: str, value: float) -> str:
    written = f"<f>{formula}</f>" if formula else ""
    return f'<c r="{ref}" s="{style}">{written}<v>{float(value)!r}</v></c>'


def _row_xml(layout: Layout, table: np.ndarray, styles: Styles, patterns: Patterns, curve: list[str]) -> Iterator[str]:
    """The table's rows as they stand in the sheet's XML, each formula with its value."""
    letters = [layout.column_of[column.name] for column in layout.columns]
    templates = {kind: _row_template(letters, styles[kind], patterns[kind]) for kind in styles}
    row, first, before = layout.first_row, 0, 0
    for (kind, values), beside in zip(_rows(layout, table), chain(curve, repeat("")), strict=False):
        if kind in (FIRST, NEXT):
            first = row
        yield f"{templates[kind].format(row - 1, row, first, before, *map(repr, values))}{beside}</row>"
        before = before if kind == MEAN else row
        row += 1


def _rows(layout: Layout, table: np.ndarray) -> Iterator[tuple[str, list[float]]]:
    """Each row of the sheet: its kind, and its numbers in the order of the columns."""
    blocks = layout.blocks
    if blocks.several:
        means = blocks.means(table)
        table, means = (
            np.insert(rows, 1, number, axis=1)
            for rows, number in ((table, blocks.order(layout.iterations)), (means, 0))
        )
        # What a block shares is no mean: three times a third isn't always the whole.
        shared = [k for k, column in enumerate(layout.columns) if column.group not in AVERAGED]
        means[:, shared] = table[:: blocks.batch, shared]
    for iteration in range(layout.iterations):
        for k in range(blocks.batch):
            kind = SAME if k else NEXT if iteration else FIRST
            yield kind, table[iteration * blocks.batch + k].tolist()
        if blocks.has_mean:
            yield MEAN, means[iteration].tolist()


def _row_template(letters: list[str], styles: list[int], patterns: list[str]) -> str:
    """A row without its end; the numbers follow the four rows that `table_formulas` names."""
    cells = []
    for k, (letter, style, pattern) in enumerate(zip(letters, styles, patterns, strict=True)):
        place = f'r="{letter}{{1}}" s="{style}"'
        if pattern == BLANK:
            cells.append(f"<c {place}></c>")
        elif pattern == WORD:
            cells.append(f'<c {place} t="inlineStr"><is><t>{MEAN_WORD}</t></is></c>')
        else:
            cells.append(f"<c {place}>{pattern}<v>{{{k + 4}}}</v></c>")
    return f'<row r="{{1}}">{"".join(cells)}'
