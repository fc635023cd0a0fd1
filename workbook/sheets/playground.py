"""The sheet Playground: one iteration, function by function, beside the same in plain formulas.

Every function takes its numbers from cells of this sheet and hands them on to the next, so that a student can change
any yellow cell and see both ways agree.
"""

from collections.abc import Sequence

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from workbook.parts.page import OVERVIEW_TAB, Page, Value
from workbook.sheets import playground_steps
from workbook.sheets.layout import COLUMN_CHARS, absolute, quoted
from workbook.sheets.playground_steps import FIRST, NEW, Answers, Step, fitted
from workbook.sheets.rate import only_numbers
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.layers import Bias, Weight
from xlfuncs.network import Network
from xlfuncs.spec import Spec

PLAYGROUND = "Playground"
ABOUT = (
    "One iteration, step by step: every white row is computed twice, by a Python function (one array a row) and by "
    "plain formulas. Change a yellow cell: both follow."
)
NOTHING_COMPARED = "nothing was compared: no Python here"
INPUT_ROW, WEIGHT_ROW = 6, 9
NETWORK_CELL = "C4"


def write(page: Page, network: Network, learning_rate: float) -> None:
    """Fill the page."""
    values, answers = playground_steps.values(network, learning_rate), Answers(network, learning_rate)
    steps = playground_steps.steps(network)
    # ɳ stands behind the inputs and targets.
    widest = max(len(network.inputs) + len(network.targets) + 1, *(len(step.names) for step in steps))
    side = get_column_letter(FIRST + widest + 1)
    _set_up(page, steps, widest)
    cells = _settings(page, network, learning_rate)
    _name_cells(page, network, cells, steps)
    plain = {**cells, **_plain_cells(steps)}
    guarded = playground_steps.is_guarded(network, values)
    differences = []
    for step in steps:
        _heads(page, network, step)
        formulas = playground_steps.plain_formulas(network, step, plain, guarded)
        for k, (name, formula) in enumerate(zip(step.names, formulas, strict=True)):
            page.formula(f"{get_column_letter(FIRST + k)}{step.plain_row}", formula, values[name], "table error")
        if step.function:
            differences += _compare(page, step, values, answers)
    page.numbers(" ".join(cells for step in steps for cells in _number_rows(step)))
    _largest_difference(page, [step for step in steps if step.function], differences)
    _check(page, steps[-1].row + 6, network, answers)
    _why(page, network, values, answers, steps, side)


def _number_rows(step: Step) -> list[str]:
    plain = f"C{step.plain_row}:{step.last}{step.plain_row}"
    return [step.python, plain] if step.function else [plain]


def _largest_difference(page: Page, steps: list[Step], differences: list[float | str]) -> None:
    """Of what was compared: without Python that is nothing, and nothing proves nothing."""
    where, count = ",".join(step.difference for step in steps), len(differences)
    page.put("B3", "Largest difference", "label")
    compared = f"COUNT({where})"
    found = [difference for difference in differences if not isinstance(difference, str)]
    # Arrays, as all that depends on Python's cells: a program without Python computes them anew when it opens the file.
    page.array("C3:C3", f'IF({compared}=0,"–",MAX({where}))', [[max(found, default="–")]], "difference")
    said = f'IF({compared}=0,"{NOTHING_COMPARED}",{compared}&" of {count} numbers compared")'
    shown = f"{len(found)} of {count} numbers compared" if found else NOTHING_COMPARED
    page.array("D3:D3", said, [[shown]], "note")


def _set_up(page: Page, steps: list[Step], widest: int) -> None:
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB)
    sheet.sheet_view.zoomScale = 85
    sheet.column_dimensions["A"].width = 2
    sheet.column_dimensions["B"].width = 20
    for k in range(widest):
        sheet.column_dimensions[get_column_letter(FIRST + k)].width = COLUMN_CHARS + 1
    sheet.column_dimensions[get_column_letter(FIRST + widest)].width = 3
    page.put("B1", "Playground", "title")
    sheet.row_dimensions[1].height = 34
    page.put("B2", ABOUT, "text")
    sheet.merge_cells(f"B2:{get_column_letter(FIRST - 1 + max(8, len(steps[0].names)))}2")
    sheet.row_dimensions[2].height = 34


def _settings(page: Page, network: Network, learning_rate: float) -> dict[str, str]:
    """The yellow cells; returns where each variable stands."""
    data = dict(zip(network.input_names, network.inputs, strict=True))
    data |= dict(zip(network.target_names, network.targets, strict=True))
    data["learning_rate"] = learning_rate
    weights = playground_steps.parameters(network)
    groups = {column.name: column.group for column in network.columns}
    what = "Weights and biases" if network.biases else "Weights"
    cells: dict[str, str] = {}
    if not network.is_plain:
        page.put(f"B{INPUT_ROW - 2}", "Network", "label")
        page.put(NETWORK_CELL, str(Spec.of(network)), "line")
    for row, label, variables in ((INPUT_ROW, "Data and ɳ", data), (WEIGHT_ROW, what, weights)):
        page.put(f"B{row}", label, "label")
        for k, (name, value) in enumerate(variables.items()):
            letter = get_column_letter(FIRST + k)
            group = groups.get(name, "input") if name in weights else "input"
            page.put(f"{letter}{row - 1}", "ɳ" if name == "learning_rate" else name, f"head {group}")
            page.put(f"{letter}{row}", value, "change")
            cells[name] = f"{letter}{row}"
        last = get_column_letter(FIRST + len(variables) - 1)
        only_numbers(page, f"C{row}:{last}{row}", "Inputs, targets, weights and ɳ are numbers, such as 0.15.")
    return cells


def _name_cells(page: Page, network: Network, cells: dict[str, str], steps: list[Step]) -> None:
    """The sheet's own names, so that each formula reads as the function's help does."""
    learned = list(playground_steps.parameters(network))
    ends = {
        "inputs": (network.input_names[0], network.input_names[-1]),
        "targets": (network.target_names[0], network.target_names[-1]),
        "weights": (learned[0], learned[-1]),
    }
    if network.is_plain:
        hidden = len(network.weights_by_layer[0])
        ends |= {"weights_hidden": (learned[0], learned[hidden - 1]), "weights_output": (learned[hidden], learned[-1])}
    ranges = {name: f"{cells[first]}:{cells[last]}" for name, (first, last) in ends.items()}
    if network.is_plain:
        last = get_column_letter(FIRST + len(network.targets) - 1)
        ranges["outputs"] = f"C{steps[0].row + 6}:{last}{steps[0].row + 6}"
        ranges["gradients"] = steps[2].python
    else:
        ranges["network"] = NETWORK_CELL
    ranges["learning_rate"] = cells["learning_rate"]
    for name, ref in ranges.items():
        where = ":".join(absolute(end) for end in ref.split(":"))
        page.sheet.defined_names[name] = DefinedName(name, attr_text=f"{quoted(page.sheet.title)}!{where}")


def _plain_cells(steps: list[Step]) -> dict[str, str]:
    """Where the plain formula of each variable stands."""
    return {
        name: f"{get_column_letter(FIRST + k)}{step.plain_row}" for step in steps for k, name in enumerate(step.names)
    }


def _heads(page: Page, network: Network, step: Step) -> None:
    """A block's heading, the names of its numbers and of its rows."""
    columns = {c.name: c for c in network.columns}
    page.put(f"B{step.row}", step.heading, "heading")
    rows = (step.function, "plain formulas", "difference") if step.function else ("plain formulas",)
    for below, label in enumerate(rows, start=2):
        page.put(f"B{step.row + below}", label, "label")
    for k, (name, label) in enumerate(zip(step.names, step.labels, strict=True)):
        group = columns[name.removeprefix(NEW)].group
        page.put(f"{get_column_letter(FIRST + k)}{step.row + 1}", label, f"head {group}")


def _compare(page: Page, step: Step, values: dict[str, float], answers: Answers) -> list[float | str]:
    """The function's row and its difference from the formulas'; returns the differences as they stand there."""
    (said,) = fitted(answers.of(step.function), 1, len(step.names))
    page.call(step.python, step.call, [said], "table error")
    unequal = f'IFERROR(ABS({step.python}-{step.cells(3)}),"–")'
    differences = [
        "–" if isinstance(x, str) else abs(x - values[name]) for x, name in zip(said, step.names, strict=True)
    ]
    page.array(step.difference, unequal, [differences], "difference")
    if step.outputs:
        below = step.row + 6
        page.put(f"B{below}", "outputs", "label")
        for k, name in enumerate(step.outputs):
            source = f"{get_column_letter(FIRST + step.names.index(name))}{step.row + 2}"
            here = f"{get_column_letter(FIRST + k)}{below}"
            page.array(f"{here}:{here}", source, [[values[name]]], "table error")
        page.numbers(f"C{below}:{get_column_letter(FIRST + len(step.outputs) - 1)}{below}")
    return differences


def _check(page: Page, row: int, network: Network, answers: Answers) -> None:
    """Both ways against finite differences, which know no chain rule."""
    function, small = ("BP_GRADCHECK", "1E-9") if network.is_plain else ("NN_GRADCHECK", "1E-8")
    page.put(f"B{row}", f"Against finite differences: {function}", "heading")
    page.put(f"B{row + 1}", "largest difference", "label")
    page.call(f"C{row + 1}:C{row + 1}", FUNCTIONS[function].call(), answers.of(function), "difference")
    page.put(f"D{row + 1}", f"below {small} the chain rule is right", "note")


def _why(
    page: Page, network: Network, values: dict[str, float], answers: Answers, steps: list[Step], side: str
) -> None:
    """At the right: one weight's gradient, line by line."""
    grad, explain = ("BP_GRAD", "BP_EXPLAIN") if network.is_plain else ("NN_GRAD", "NN_EXPLAIN")
    first = page.sheet[f"{side}1"].column
    symbol, formula, number = (get_column_letter(first + k) for k in range(3))
    lines = {name: answers.of(explain, weight=name) for name in _explained(network)}
    texts = [row for rows in lines.values() for row in rows if len(row) > 1]
    symbols, formulas = (max((len(str(row[k])) for row in texts), default=0) for k in (0, 1))
    for letter, width in ((symbol, max(18, symbols)), (formula, min(max(40, formulas), 90)), (number, 16)):
        page.sheet.column_dimensions[letter].width = width
    chosen = network.learned[0]
    what = "weight" if network.is_plain else "weight or bias"
    page.put(f"{symbol}4", f"Why is a gradient what it is? {explain}", "heading")
    page.put(f"{symbol}{INPUT_ROW}", what, "label")
    page.put(f"{formula}{INPUT_ROW}", chosen, "change left")
    names = f"$C${WEIGHT_ROW - 1}:${get_column_letter(FIRST + len(playground_steps.parameters(network)) - 1)}"
    names = f"{names}${WEIGHT_ROW - 1}"
    choice = DataValidation(type="list", formula1=names, allow_blank=False)
    choice.error, choice.showErrorMessage = "One of the weights above.", True
    page.sheet.add_data_validation(choice)
    choice.add(f"{formula}{INPUT_ROW}")
    weight_cell = f"${formula}${INPUT_ROW}"
    gradients = next(step for step in steps if step.function == grad)
    page.put(f"{symbol}{INPUT_ROW + 1}", grad, "label")
    here = f"{number}{INPUT_ROW + 1}"
    page.call(f"{here}:{here}", FUNCTIONS[grad].call(weight_cell), answers.of(grad, weight=chosen), "table error")
    page.put(f"{symbol}{INPUT_ROW + 2}", "plain formulas", "label")
    position = f"MATCH({weight_cell},{names},0)"
    if not network.is_plain:  # biases that aren't learned stand among the weights, and have no gradient
        position = f'MATCH("∂E/∂"&{weight_cell},$C${gradients.row + 1}:${gradients.last}${gradients.row + 1},0)'
    plain_cells = f"$C${gradients.plain_row}:${gradients.last}${gradients.plain_row}"
    found = f"INDEX({plain_cells},{position})"
    found = found if network.is_plain else f'IFERROR({found},"not learned")'
    page.formula(f"{number}{INPUT_ROW + 2}", found, values[f"grad_{chosen}"], "table error")
    page.numbers(f"{number}{INPUT_ROW + 1}:{number}{INPUT_ROW + 2}")
    height = max(map(len, lines.values()))
    # A call without the weight: it is the function's last argument, and required.
    call = FUNCTIONS[explain].call().removesuffix("weight)") + f"{weight_cell})"
    _lines(page, fitted(lines[chosen], height, 3), (symbol, formula, number), INPUT_ROW + 4, call)


def _explained(network: Network) -> tuple[str, ...]:
    """Weights and biases whose explanations are as long as any: within a layer all are alike."""
    items: list[Weight | Bias] = [*network.weights, *network.biases]
    firsts = {(item.layer, type(item)): item.name for item in reversed(items)}
    return tuple(name for name in network.learned if name in firsts.values())


def _lines(page: Page, lines: list[list[Value]], letters: Sequence[str], top: int, call: str) -> None:
    """The explanation's array, as high as the longest one; rows that the chosen weight leaves over look empty."""
    for letter, head in zip(letters, ("symbol", "formula", "number"), strict=True):
        page.put(f"{letter}{top}", head, "table head")
    rows = len(lines)
    cells = f"{letters[0]}{top + 1}:{letters[2]}{top + rows}"
    page.call(cells, call, lines, "explanation")
    for row in range(top + 1, top + rows + 1):
        page.style(f"{letters[2]}{row}", "table error")
    page.numbers(f"{letters[2]}{top + 1}:{letters[2]}{top + rows}")
    hidden = FormulaRule(formula=[f"ISNA({letters[0]}{top + 1})"], font=Font(color="FFFFFF"), stopIfTrue=True)
    page.sheet.conditional_formatting.add(cells, hidden)
