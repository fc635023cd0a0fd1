"""The derivations of a learning-rate sheet: a box for every weight and bias, or the panel of a chosen one."""

from openpyxl.utils import get_column_letter

from workbook.parts.page import Page
from workbook.sheets import chosen_weight
from workbook.sheets.derivation_forms import joined_units
from workbook.sheets.derivation_sheet import FIRST_CHOSEN
from workbook.sheets.layout import Box, Layout
from xlfuncs import explain
from xlfuncs.expression import excel
from xlfuncs.network import Network


def write(page: Page, layout: Layout, row: dict[str, float]) -> None:
    """Heading, derivations and what they are; `row` holds iteration 1's numbers."""
    page.put("K1", "Backward Propagation (Gradient Calculation)", "heading")
    what = ("weight", "bias") if any(bias.learned for bias in layout.network.biases) else ("weight",)
    if layout.panel:
        of = f"the {' or '.join(what)} that the yellow cell names" if page.live else FIRST_CHOSEN
    else:
        of = f"each {' and '.join(what)}"
    sample = ", sample 1" if layout.blocks.several else ""
    about = f"The chain rule for {of}; the numbers are those of iteration 1{sample}."
    page.put(f"K{layout.header_row - 1}", about, "note")
    if layout.panel:
        chosen_weight.write(page, layout.panel, row)
        page.numbers(layout.panel.numbers)
        return
    for box in layout.boxes:
        _box(page, layout, box, row)
    page.numbers(" ".join(box.numbers for box in layout.boxes))


def _box(page: Page, layout: Layout, box: Box, row: dict[str, float]) -> None:
    """One boxed derivation: the chain rule, its steps with their numbers, the result highlighted."""
    letters = [get_column_letter(box.column + k) for k in range(4)]
    first, last = letters[0], letters[-1]
    symbols = [step.symbol for step in explain.steps(layout.network, box.learned)]
    numbers = dict(zip(symbols, explain.values(layout.network, box.learned, row), strict=True))
    page.put(f"{first}{box.row}", f"∂E_total/∂{box.learned}", "box title")
    for letter in letters[1:-1]:
        page.style(f"{letter}{box.row}", "box top")
    page.put(f"{last}{box.row}", _joins(layout.network, box.learned), "box corner")
    page.put(f"{first}{box.row + 1}", f"= {explain.chain(layout.network, box.learned)}", "box chain")
    page.style(f"{last}{box.row + 1}", "box line number")
    cells = {variable: layout.cell(variable, layout.first_row) for variable in layout.network.column_names}
    at = box.row + 2
    for step, rows in box.lines:
        style = "result" if step.kind == explain.RESULT else "line"
        _frame(page, letters, at, rows, style)
        page.put(f"{first}{at}", f"{step.symbol} = {step.text}", f"box {style}")
        formula = excel(step.formula, lambda variable, _: cells[variable])
        page.formula(f"{last}{at}", formula, numbers[step.symbol], f"box {style} number")
        cells[step.symbol] = f"{last}{at}"
        at += rows


def _joins(network: Network, learned: str) -> str:
    """What a weight joins, i1 → h1; what a bias is added to, → h1."""
    bias = next((bias for bias in network.biases if bias.name == learned), None)
    if bias is not None:
        return f"→ {joined_units(bias.targets)}"
    weight = network.weight(learned)
    return f"{weight.source} → {weight.target}"


def _frame(page: Page, letters: list[str], top: int, rows: int, style: str) -> None:
    """Format a line of a box over as many rows as its text needs, and merge them."""
    bottom = top + rows - 1
    for row in range(top, bottom + 1):
        page.style(f"{letters[0]}{row}", f"box {style}")
        for letter in letters[1:-1]:
            page.style(f"{letter}{row}", f"box {style} fill")
        page.style(f"{letters[-1]}{row}", f"box {style} number")
    page.sheet.merge_cells(f"{letters[0]}{top}:{letters[-2]}{bottom}")
    if rows > 1:
        page.sheet.merge_cells(f"{letters[-1]}{top}:{letters[-1]}{bottom}")
