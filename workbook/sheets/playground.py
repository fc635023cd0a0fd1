"""The sheet Playground: one iteration, function by function, beside the same in plain formulas.

Every function takes its numbers from cells of this sheet and hands them on to the next, so that a student can change
any yellow cell and see both ways agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.parts.page import NOT_AVAILABLE, OVERVIEW_TAB, Page
from workbook.sheets.layout import COLUMN_CHARS, absolute, quoted
from workbook.sheets.rate import only_numbers
from xlfuncs import explain, maths
from xlfuncs.expression import excel
from xlfuncs.logistic import EXP_LIMIT
from xlfuncs.network import Network

PLAYGROUND = "Playground"
ABOUT = (
    "One iteration, step by step: every white row is computed twice, by a Python function (one array a row) and by "
    "plain formulas. Change a yellow cell: both follow."
)
NOTHING_COMPARED = "nothing was compared: no Python here"
FIRST = 3  # column C: the first number of every row
INPUT_ROW, WEIGHT_ROW = 6, 9
FORWARD_ROW = 12


@dataclass(frozen=True)
class Step:
    """A block of rows: heading, names, what the function says, what the formulas say, their difference."""

    row: int
    heading: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    function: str
    call: str

    @property
    def last(self) -> str:
        """Its last column."""
        return get_column_letter(FIRST + len(self.names) - 1)

    def cells(self, below: int) -> str:
        """The row that stands so many rows below the heading."""
        return f"C{self.row + below}:{self.last}{self.row + below}"

    @property
    def python(self) -> str:
        """The function's cells."""
        return self.cells(2)

    @property
    def difference(self) -> str:
        """The difference's cells."""
        return self.cells(4)


def write(page: Page, network: Network, learning_rate: float) -> None:
    """Fill the page."""
    values = _values(network, learning_rate)
    steps = _steps(network)
    side = get_column_letter(FIRST + max(len(step.names) for step in steps) + 1)
    _set_up(page, network, steps, side)
    cells = _settings(page, network, learning_rate)
    _name_cells(page, network, cells, steps)
    native = {**cells, **_native_cells(steps)}
    for step in steps:
        _block(page, network, step, values, native)
    page.numbers(" ".join(cells for step in steps for cells in (step.python, step.cells(3))))
    _largest_difference(page, steps)
    _check(page, steps[-1].row + 6, network)
    _why(page, network, values, steps, side)


def _largest_difference(page: Page, steps: list[Step]) -> None:
    """Of what was compared: without Python that is nothing, and nothing proves nothing."""
    differences = ",".join(step.difference for step in steps)
    count = sum(len(step.names) for step in steps)
    page.put("B3", "Largest difference", "label")
    compared = f"COUNT({differences})"
    # Arrays, as all that depends on Python's cells: a program without Python computes them anew when it opens the file.
    page.array("C3:C3", f'IF({compared}=0,"–",MAX({differences}))', [[0.0]], "difference")
    said = f'IF({compared}=0,"{NOTHING_COMPARED}",{compared}&" of {count} numbers compared")'
    page.array("D3:D3", said, [[f"{count} of {count} numbers compared"]], "note")


def _values(network: Network, learning_rate: float) -> dict[str, float]:
    """Every number of the first iteration, and the weights after it as new_w1, …"""
    table = maths.table(network, learning_rate, 2)
    row = dict(zip(network.column_names, table[0].tolist(), strict=True))
    after = dict(zip(network.column_names, table[1].tolist(), strict=True))
    return row | {f"new_{w.name}": after[w.name] for w in network.weights}


def _steps(network: Network) -> list[Step]:
    columns = {c.name: c for c in network.columns}
    forward = tuple(c.name for c in network.columns if c.group in ("hidden", "output"))
    outputs = tuple(name for name in forward if name.startswith("a_o"))
    errors = tuple(c.name for c in network.columns if c.group == "error")
    gradients = tuple(c.name for c in network.columns if c.group == "gradient")
    plan = (
        ("Forward pass", forward, "BP_FORWARD", "inputs,weights_hidden,weights_output"),
        ("Error", errors, "BP_ERROR", "targets,outputs"),
        ("Gradients by the chain rule", gradients, "BP_GRAD", "inputs,targets,weights_hidden,weights_output"),
        ("Weights after this step", tuple(f"new_{w.name}" for w in network.weights), "BP_UPDATE",
         "weights,gradients,learning_rate"),
    )  # fmt: skip
    found, row = [], FORWARD_ROW
    for heading, names, function, arguments in plan:
        labels = tuple(columns[n].label if n in columns else n.removeprefix("new_") for n in names)
        found.append(Step(row, f"{heading}: {function}", names, labels, function, f"{function}({arguments})"))
        row += 6 + (2 if names == forward and outputs else 0)  # the outputs have a row of their own
    return found


def _set_up(page: Page, network: Network, steps: list[Step], side: str) -> None:
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB)
    sheet.sheet_view.zoomScale = 85
    sheet.column_dimensions["A"].width = 2
    sheet.column_dimensions["B"].width = 20
    widest = max(len(step.names) for step in steps)
    for k in range(max(widest, len(network.inputs) + len(network.targets) + 2)):
        sheet.column_dimensions[get_column_letter(FIRST + k)].width = COLUMN_CHARS + 1
    sheet.column_dimensions[get_column_letter(FIRST + widest)].width = 3
    page.put("B1", "Playground", "title")
    sheet.row_dimensions[1].height = 34
    page.put("B2", ABOUT, "text")
    sheet.merge_cells(f"B2:{steps[0].last}2")
    sheet.row_dimensions[2].height = 34


def _settings(page: Page, network: Network, learning_rate: float) -> dict[str, str]:
    """The yellow cells; returns where each variable stands."""
    data = dict(zip(network.input_names, network.inputs, strict=True))
    data |= dict(zip(network.target_names, network.targets, strict=True))
    data["learning_rate"] = learning_rate
    weights = {w.name: w.start for w in network.weights}
    cells: dict[str, str] = {}
    for row, label, variables in ((INPUT_ROW, "Data and ɳ", data), (WEIGHT_ROW, "Weights", weights)):
        page.put(f"B{row}", label, "label")
        for k, (name, value) in enumerate(variables.items()):
            letter = get_column_letter(FIRST + k)
            group = "weight" if name in weights else "input"
            page.put(f"{letter}{row - 1}", "ɳ" if name == "learning_rate" else name, f"head {group}")
            page.put(f"{letter}{row}", value, "change")
            cells[name] = f"{letter}{row}"
        last = get_column_letter(FIRST + len(variables) - 1)
        only_numbers(page, f"C{row}:{last}{row}", "Inputs, targets, weights and ɳ are numbers, such as 0.15.")
    return cells


def _name_cells(page: Page, network: Network, cells: dict[str, str], steps: list[Step]) -> None:
    """The sheet's own names, so that each formula reads as the function's help does."""
    of_layer = [[w.name for w in network.weights if w.layer == depth] for depth in range(2)]
    ends = {
        "inputs": (network.input_names[0], network.input_names[-1]),
        "targets": (network.target_names[0], network.target_names[-1]),
        "weights": (network.weights[0].name, network.weights[-1].name),
        "weights_hidden": (of_layer[0][0], of_layer[0][-1]),
        "weights_output": (of_layer[1][0], of_layer[1][-1]),
    }
    ranges = {name: f"{cells[first]}:{cells[last]}" for name, (first, last) in ends.items()}
    forward = steps[0]
    last = get_column_letter(FIRST + len(network.targets) - 1)
    ranges["outputs"] = f"C{forward.row + 6}:{last}{forward.row + 6}"
    ranges["gradients"] = steps[2].python
    ranges["learning_rate"] = cells["learning_rate"]
    for name, ref in ranges.items():
        where = ":".join(absolute(end) for end in ref.split(":"))
        page.sheet.defined_names[name] = DefinedName(name, attr_text=f"{quoted(page.sheet.title)}!{where}")


def _native_cells(steps: list[Step]) -> dict[str, str]:
    """Where the plain formula of each variable stands."""
    return {
        name: f"{get_column_letter(FIRST + k)}{step.row + 3}" for step in steps for k, name in enumerate(step.names)
    }


def _block(page: Page, network: Network, step: Step, values: dict[str, float], native: dict[str, str]) -> None:
    columns = {c.name: c for c in network.columns}
    page.put(f"B{step.row}", step.heading, "heading")
    for below, label in enumerate((step.function, "plain formulas", "difference"), start=2):
        page.put(f"B{step.row + below}", label, "label")
    page.call(step.python, step.call, [[values[name] for name in step.names]], "table error")
    for k, (name, label) in enumerate(zip(step.names, step.labels, strict=True)):
        letter = get_column_letter(FIRST + k)
        column = columns[name.removeprefix("new_")]
        page.put(f"{letter}{step.row + 1}", label, f"head {column.group}")
        formula = excel(column.formula, lambda variable, _: native[variable], guarded=_far_below(network))
        page.formula(f"{letter}{step.row + 3}", formula, values[name], "table error")
    unequal = f'IFERROR(ABS({step.python}-{step.cells(3)}),"–")'
    page.array(step.difference, unequal, [[0.0] * len(step.names)], "difference")
    if step.function == "BP_FORWARD":
        page.put(f"B{step.row + 6}", "outputs", "label")
        activations = [name for name in step.names if name.startswith("a_o")]
        for k, name in enumerate(activations):
            source = f"{get_column_letter(FIRST + step.names.index(name))}{step.row + 2}"
            here = f"{get_column_letter(FIRST + k)}{step.row + 6}"
            page.array(f"{here}:{here}", source, [[values[name]]], "table error")
        page.numbers(f"C{step.row + 6}:{get_column_letter(FIRST + len(activations) - 1)}{step.row + 6}")


def _far_below(network: Network) -> bool:
    """Whether Excel's EXP would overflow in a plain σ of this network."""
    layers = maths.forward(np.array(network.inputs), [layer.matrix for layer in network.layers])
    return bool(min(pre.min() for pre, _ in layers) < EXP_LIMIT)


def _check(page: Page, row: int, network: Network) -> None:
    """Both ways against finite differences, which know no chain rule."""
    page.put(f"B{row}", "Against finite differences: BP_GRADCHECK", "heading")
    page.put(f"B{row + 1}", "largest difference", "label")
    call = "BP_GRADCHECK(inputs,targets,weights_hidden,weights_output)"
    page.call(f"C{row + 1}:C{row + 1}", call, [[maths.gradient_check(network)]], "difference")
    page.put(f"D{row + 1}", "below 1E-9 the chain rule is right", "note")


def _why(page: Page, network: Network, values: dict[str, float], steps: list[Step], side: str) -> None:
    """At the right: one weight's gradient, line by line."""
    first = page.sheet[f"{side}1"].column
    symbol, formula, number = (get_column_letter(first + k) for k in range(3))
    longest = max(len(line[1]) for w in network.weights for line in explain.lines(network, w.name, values))
    for letter, width in ((symbol, 18), (formula, min(max(40, longest), 90)), (number, 16)):
        page.sheet.column_dimensions[letter].width = width
    chosen = network.weights[0]
    page.put(f"{symbol}4", "Why is a gradient what it is? BP_EXPLAIN", "heading")
    page.put(f"{symbol}{INPUT_ROW}", "weight", "label")
    page.put(f"{formula}{INPUT_ROW}", chosen.name, "change left")
    names = get_column_letter(FIRST), get_column_letter(FIRST + len(network.weights) - 1)
    choice = DataValidation(
        type="list", formula1=f"${names[0]}${WEIGHT_ROW - 1}:${names[1]}${WEIGHT_ROW - 1}", allow_blank=False
    )
    choice.error, choice.showErrorMessage = "One of the weights above.", True
    page.sheet.add_data_validation(choice)
    choice.add(f"{formula}{INPUT_ROW}")
    weight_cell = f"${formula}${INPUT_ROW}"
    arguments = f"inputs,targets,weights_hidden,weights_output,{weight_cell}"
    gradient = values[f"grad_{chosen.name}"]
    page.put(f"{symbol}{INPUT_ROW + 1}", "BP_GRAD", "label")
    page.call(
        f"{number}{INPUT_ROW + 1}:{number}{INPUT_ROW + 1}",
        f"BP_GRAD({arguments})",
        [[gradient]],
        "table error",
    )
    page.put(f"{symbol}{INPUT_ROW + 2}", "plain formulas", "label")
    native_row = steps[2].row + 3
    position = f"MATCH({weight_cell},${names[0]}${WEIGHT_ROW - 1}:${names[1]}${WEIGHT_ROW - 1},0)"
    plain_cells = f"${names[0]}${native_row}:${names[1]}${native_row}"
    page.formula(f"{number}{INPUT_ROW + 2}", f"INDEX({plain_cells},{position})", gradient, "table error")
    page.numbers(f"{number}{INPUT_ROW + 1}:{number}{INPUT_ROW + 2}")
    _lines(page, network, values, (symbol, formula, number), INPUT_ROW + 4, f"BP_EXPLAIN({arguments})")


def _lines(page: Page, network: Network, values: dict[str, float], letters: Sequence[str], top: int, call: str) -> None:
    """The explanation's array, as high as the longest one; rows that the chosen weight leaves over look empty."""
    for letter, head in zip(letters, ("symbol", "formula", "number"), strict=True):
        page.put(f"{letter}{top}", head, "table head")
    rows = max(len(explain.lines(network, w.name, values)) for w in network.weights)
    lines = [list(line) for line in explain.lines(network, network.weights[0].name, values)]
    lines += [[NOT_AVAILABLE] * 3] * (rows - len(lines))
    cells = f"{letters[0]}{top + 1}:{letters[2]}{top + rows}"
    page.call(cells, call, lines, "explanation")
    for row in range(top + 1, top + rows + 1):
        page.style(f"{letters[2]}{row}", "table error")
    page.numbers(f"{letters[2]}{top + 1}:{letters[2]}{top + rows}")
    hidden = FormulaRule(formula=[f"ISNA({letters[0]}{top + 1})"], font=Font(color="FFFFFF"), stopIfTrue=True)
    page.sheet.conditional_formatting.add(cells, hidden)
