"""What stands in each cell of a learning-rate sheet's table, for each kind of row.

A pattern is the XML before a cell's value: {0} is the row above, {1} the row, {2} the first row of its block and {3}
the row of the sample before.
"""

from xml.sax.saxutils import escape

from workbook.sheets import python_table
from workbook.sheets.blocks import SAMPLE
from workbook.sheets.layout import START, Layout, absolute, quoted
from workbook.sheets.samples_layout import SamplesLayout
from workbook.sheets.start_layout import StartLayout
from xlfuncs.columns import Column
from xlfuncs.expression import excel

FIRST, NEXT, SAME, MEAN = "first", "next", "same", "mean"
"""The table's first row, a later iteration's first, another sample of an iteration, and the row of its means."""
VALUE, BLANK, WORD = "", "blank", "word"
"""The cells without a formula: a number, nothing, and the word in place of a sample's number."""
SHARED = ("iteration", "weight", "bias", "state")
"""Groups of columns that are the same in all rows of a block."""
AVERAGED = ("error", "gradient")
"""Groups of which the row of means has the means."""
Patterns = dict[str, list[str]]


def native(layout: Layout, guarded: bool, learning_rate: str) -> Patterns:
    """The patterns of each kind of row; `learning_rate` is a cell's reference."""

    def reference(variable: str, is_previous: bool) -> str:
        if variable == "learning_rate":
            return learning_rate
        return f"{layout.column_of[variable]}{{{0 if is_previous else 1}}}"

    found: Patterns = {FIRST: [], NEXT: [], SAME: [], MEAN: []}
    for column in layout.columns:
        letter = layout.column_of[column.name]
        formula = _formula(_of_samples(layout, column) or excel(column.formula, reference, guarded=guarded))
        above = _formula(f"{letter}{{0}}")
        found[FIRST].append(_first(layout, column, formula))
        found[NEXT].append(formula)
        found[SAME].append(above if is_shared(column) else formula)
        found[MEAN].append(_mean(column, letter, above))
    return found


def values_only(patterns: Patterns) -> Patterns:
    """The same cells without formulas."""
    return {kind: [p if p in (BLANK, WORD) else VALUE for p in cells] for kind, cells in patterns.items()}


def one_array(layout: Layout, twin: str) -> Patterns:
    """One call of Python's for the whole table, in its first cell; the others hold their values only.

    `twin` is the sheet with the table in plain formulas.
    """
    columns = layout.columns
    cells = f"{layout.cell(columns[0].name, layout.first_row)}:{layout.cell(columns[-1].name, layout.last_row)}"
    formula = f"IFERROR({python_table.call(layout)},{quoted(twin)}!{cells})"
    empty = [VALUE] * len(columns)
    return {FIRST: [f'<f t="array" ref="{cells}">{escape(formula)}</f>', *empty[1:]], NEXT: empty}


def is_shared(column: Column) -> bool:
    """Whether all rows of a block have the same number there."""
    return column.group in SHARED and column is not SAMPLE


def _formula(written: str) -> str:
    return f"<f>{escape(written)}</f>"


def _of_samples(layout: Layout, column: Column) -> str | None:
    """The formula of what depends on the sample, where there are several: they are taken in turn."""
    if column is SAMPLE:
        return f"MOD({layout.column_of[SAMPLE.name]}{{3}},{layout.blocks.samples})+1"
    if layout.blocks.several and column.group in ("input", "target"):
        cells = SamplesLayout(layout.network, layout.blocks.samples).column_range(column.name)
        return f"INDEX({cells},${layout.column_of[SAMPLE.name]}{{1}})"
    return None


def _first(layout: Layout, column: Column, formula: str) -> str:
    """A cell of the first row: a number, a cell of Start, or the formula of the rows below."""
    if column.start is None or (layout.blocks.several and column.group in ("input", "target")):
        return formula
    if column.group in ("iteration", "state"):
        return VALUE
    return _formula(f"{START}!{absolute(StartLayout(layout.network).of(column.name))}")


def _mean(column: Column, letter: str, above: str) -> str:
    """A cell of the row of means: what the block shares, the mean of its errors and gradients, or nothing."""
    if column is SAMPLE:
        return WORD
    if column.group in AVERAGED:
        return _formula(f"AVERAGE({letter}{{2}}:{letter}{{0}})")
    return above if is_shared(column) else BLANK
