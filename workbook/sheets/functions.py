"""The sheet Functions of an .xlsx: the LAMBDA names at work, beside the same in plain formulas.

Everything stands on this sheet: yellow cells, two iterations in plain formulas, and a block a function with what it
says, what the plain formulas say, and their difference. Nothing else in the workbook refers to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.workbook.defined_name import DefinedName

from workbook.hosts import lambdas
from workbook.parts.page import OVERVIEW_TAB, Page, Value
from workbook.parts.references import absolute
from workbook.sheets.layout import COLUMN_CHARS
from workbook.sheets.rate import only_numbers
from xlfuncs import training
from xlfuncs.expression import excel
from xlfuncs.function_table import FUNCTIONS, Function
from xlfuncs.network import DEFAULT, Network
from xlfuncs.spec import Spec

SHEET = "Functions"
ABOUT = (
    "=BP_GRAD(…) and its family as names of this workbook that hold LAMBDA: no Python, no macro, no add-in. They work "
    "in Excel 365 and Excel 2024 (Windows, Mac, web). In older Excel and in LibreOffice the cells that call one show "
    "an error (#NAME?, #VALUE!, Err:508); everything else in the workbook works there, and nothing else "
    "refers to this sheet."
)
HOW = (
    "Change a yellow cell: functions and plain formulas follow. Type your own formulas anywhere below or at the right."
)
NOT_COMPARED, NOTHING = "–", "nothing was compared: no LAMBDA in this program"
WIDEST = 120  # columns of a network's table; a larger network's sheet shows the exercise instead
PRINTED = 12  # columns of numbers on paper: what is further right is on the screen only
FIRST = 3  # column C: the first number of every row
DATA_ROW, WEIGHT_ROW, PLAIN_ROW, BLOCKS_ROW = 7, 10, 13, 18
OWN_LINE = "2-3-1 tanh sigmoid binary-cross-entropy bias=unit adam"
OWN_INPUTS, OWN_TARGETS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]
OWN_WEIGHTS = [0.6, -0.4, 0.5, 0.7, -0.6, 0.3, 0.1, -0.1, 0.2, 0.8, -0.7, 0.5, 0.1]
OWN_RATE, OWN_STEPS = 0.1, 200


@dataclass(frozen=True)
class _Block:
    """A function's example: its arguments as references and as values, where the same stands in plain formulas."""

    function: Function
    references: tuple[str, ...]
    values: tuple[object, ...]
    plain: tuple[tuple[str, ...], ...]
    wanted: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]

    @property
    def call(self) -> str:
        """The formula."""
        return f"{self.function.name}({','.join(self.references)})"


def add_names(book: Workbook) -> None:
    """Give the workbook the names that the cells call."""
    for name in lambdas.names():
        book.defined_names[name.name] = DefinedName(
            name.name, attr_text=name.formula, comment=name.comment or None, hidden=name.hidden or None
        )


def write(page: Page, network: Network, learning_rate: float) -> None:
    """Fill the page."""
    shown = network if network.column_count <= WIDEST else DEFAULT
    places = _Places(shown)
    table = training.tables(shown, [learning_rate], 2)[0].tolist()
    _set_up(page, places)
    _settings(page, shown, learning_rate, places)
    _plain(page, shown, table, places)
    row, differences = BLOCKS_ROW, []
    for block in _blocks(shown, learning_rate, table, places):
        differences.append(_block(page, block, row))
        row += 3 * len(block.plain) + 3
    _largest_difference(page, differences)
    _gradient_check(page, shown, row, places)
    _own(page, row + 5)
    _explanations(page, shown, places)
    page.sheet.print_area = f"A1:{get_column_letter(FIRST + PRINTED - 1)}{row + 16}"


def _largest_difference(page: Page, differences: list[str]) -> None:
    """Of what was compared: without LAMBDA that is nothing, and nothing proves nothing."""
    page.put("B4", "Largest difference", "label")
    cells = ",".join(differences)
    page.array("C4:C4", f'IF(COUNT({cells})=0,"{NOT_COMPARED}",MAX({cells}))', [[0.0]], "difference")
    said = f'IF(COUNT({cells})=0,"{NOTHING}",COUNT({cells})&" numbers compared")'
    page.array("D4:D4", said, [[f"{sum(map(_cells_of, differences))} numbers compared"]], "note")


def _cells_of(ref: str) -> int:
    left, top, right, bottom = range_boundaries(ref)
    return (right - left + 1) * (bottom - top + 1)


class _Places:
    """Where each of the network's variables stands on the sheet."""

    def __init__(self, network: Network):
        self.network = network
        self.column = {name: get_column_letter(FIRST + k) for k, name in enumerate(network.column_names)}
        data = [*network.input_names, *network.target_names, "learning_rate"]
        learned = [column.name for column in network.columns if column.group in ("weight", "bias")]
        self.yellow = {name: f"{get_column_letter(FIRST + k)}{DATA_ROW}" for k, name in enumerate(data)}
        self.yellow |= {name: f"{get_column_letter(FIRST + k)}{WEIGHT_ROW}" for k, name in enumerate(learned)}
        self.data, self.learned = data, learned
        self.line = f"{get_column_letter(FIRST + len(data) + 1)}{DATA_ROW}"
        self.weight = f"{get_column_letter(FIRST + len(learned) + 1)}{WEIGHT_ROW}"

    def range(self, names: Sequence[str]) -> str:
        """The yellow cells of variables that stand beside one another."""
        return f"{absolute(self.yellow[names[0]])}:{absolute(self.yellow[names[-1]])}"

    def plain(self, names: Sequence[str], step: int = 1) -> tuple[str, ...]:
        """The cells of the plain formulas of these variables in iteration 1 or 2."""
        return tuple(f"{self.column[name]}{PLAIN_ROW + step}" for name in names)

    @property
    def side(self) -> int:
        """The first column at the right of everything."""
        return FIRST + len(self.column) + 2


def _set_up(page: Page, places: _Places) -> None:
    sheet = page.sheet
    page.prepare(OVERVIEW_TAB)
    sheet.sheet_view.zoomScale = 85
    sheet.column_dimensions["A"].width = 2
    sheet.column_dimensions["B"].width = 20
    for k in range(len(places.column)):
        sheet.column_dimensions[get_column_letter(FIRST + k)].width = COLUMN_CHARS + 1
    page.put("B1", "Functions", "title")
    sheet.row_dimensions[1].height = 34
    page.put("B2", ABOUT, "text")
    sheet.merge_cells(f"B2:{get_column_letter(FIRST + 10)}2")
    sheet.row_dimensions[2].height = 50
    page.put("B3", HOW, "note")


def _settings(page: Page, network: Network, learning_rate: float, places: _Places) -> None:
    """The yellow cells, and the network's line."""
    starts = {column.name: column.start for column in network.columns}
    groups = {column.name: column.group for column in network.columns}
    page.put(f"B{DATA_ROW}", "Data and ɳ", "label")
    page.put(f"B{WEIGHT_ROW}", "Weights and biases" if network.biases else "Weights", "label")
    for name, ref in places.yellow.items():
        page.put(_above(ref), "ɳ" if name == "learning_rate" else name, f"head {groups.get(name, 'input')}")
        page.put(ref, starts.get(name, learning_rate), "change")
    for names in (places.data, places.learned):
        only_numbers(page, places.range(names).replace("$", ""), "Inputs, targets, weights and ɳ are numbers.")
    page.put(_above(places.line), "the network in one line", "label left")
    page.put(places.line, str(Spec.of(network)), "line")
    page.put(_above(places.weight), "weight", "label left")
    page.put(places.weight, network.learned[0], "change left")


def _above(ref: str) -> str:
    letters = ref.rstrip("0123456789")
    return f"{letters}{int(ref[len(letters) :]) - 1}"


def _plain(page: Page, network: Network, table: list[list[float]], places: _Places) -> None:
    """Two iterations, each cell the formula that the sheets LR=… have."""
    page.put(f"B{PLAIN_ROW - 1}", "Two iterations in plain formulas", "heading")
    for step in (1, 2):
        page.put(f"B{PLAIN_ROW + step}", "plain formulas", "label")
    for column, first, second in zip(network.columns, *table, strict=True):
        letter = places.column[column.name]
        page.put(f"{letter}{PLAIN_ROW}", column.label, f"head {column.group}")

        def cell(variable: str, is_previous: bool, row: int) -> str:
            if variable == "learning_rate":
                return absolute(places.yellow[variable])
            return f"{places.column[variable]}{row - is_previous}"

        for row, value in ((PLAIN_ROW + 1, first), (PLAIN_ROW + 2, second)):
            if row == PLAIN_ROW + 1 and column.start is not None:
                given = places.yellow.get(column.name)
                formula = given if given else f"{column.start:g}"
            else:
                formula = excel(column.formula, partial(cell, row=row), guarded=True)
            page.formula(f"{letter}{row}", formula, value, f"body {column.group}")
    page.numbers(f"{places.column[network.column_names[1]]}{PLAIN_ROW + 1}:{letter}{PLAIN_ROW + 2}")


def _blocks(network: Network, rate: float, table: list[list[float]], places: _Places) -> list[_Block]:
    """The examples that give rows of numbers; the BP_ functions where the network is of their kind."""
    names = {group: [c.name for c in network.columns if c.group == group] for group in ("error", "gradient")}
    forward = [c.name for c in network.columns if c.group in ("hidden", "output")]
    first, second = (dict(zip(network.column_names, row, strict=True)) for row in table)
    inputs, targets = places.range(network.input_names), places.range(network.target_names)
    flat = places.range(places.learned)
    values = [first[name] for name in places.learned]
    one, both = places.plain, (places.plain(network.column_names), places.plain(network.column_names, 2))
    speed = absolute(places.yellow["learning_rate"])
    line, spec = absolute(places.line), str(Spec.of(network))
    given, wanted = [list(network.inputs)], [list(network.targets)]
    any_of, any_values = (inputs, targets, flat, line), (given, wanted, [values], spec)
    found: list[tuple[str, tuple[str, ...], tuple[object, ...], Sequence[tuple[str, ...]], Sequence[str]]] = []
    if network.is_plain:
        cut = network.layers[0].matrix.size
        layers = places.range(places.learned[:cut]), places.range(places.learned[cut:])
        four, four_values = (inputs, targets, *layers), (given, wanted, [values[:cut]], [values[cut:]])
        gradients = places.plain(names["gradient"])
        unit = network.unit_names(0)[0]
        found += [
            ("BP_SIGMOID", one([unit]), ([[first[unit]]],), [one([f"a_{unit}"])], [f"a_{unit}"]),
            ("BP_FORWARD", (inputs, *layers), (given, *four_values[2:]), [one(forward)], forward),
            ("BP_GRAD", four, four_values, [gradients], names["gradient"]),
            (
                "BP_UPDATE",
                (flat, f"{gradients[0]}:{gradients[-1]}", speed),
                ([values], [[first[name] for name in names["gradient"]]], rate),
                [one(places.learned, 2)],
                places.learned,
            ),
            (
                "BP_SWEEP",
                (*four, speed, "2"),
                (*four_values, rate, 2),
                [one(["E_total"]), one(["E_total"], 2)],
                ["E_total"],
            ),
            ("BP_TABLE", (*four, speed, "2", "FALSE"), (*four_values, rate, 2, False), both, ()),
        ]
        outputs = network.activation_names(1)
        cells = f"_xlfn.HSTACK({','.join(one(outputs))})"
        if len(outputs) == 1:
            cells = one(outputs)[0]
        error = ("BP_ERROR", (targets, cells), (wanted, [[first[name] for name in outputs]]))
        found.insert(2, (*error, [one(names["error"])], names["error"]))
    found += [
        ("NN_FORWARD", (inputs, flat, line), (given, [values], spec), [one(forward)], forward),
        ("NN_LOSS", any_of, any_values, [one(names["error"])], names["error"]),
        ("NN_GRAD", any_of, any_values, [one(names["gradient"])], names["gradient"]),
        ("NN_UPDATE", (*any_of, speed), (*any_values, rate), [one(places.learned, 2)], places.learned),
        ("NN_TABLE", (*any_of, speed, "2", "FALSE"), (*any_values, rate, 2, False), both, ()),
    ]
    label = {column.name: column.label for column in network.columns}
    shown = {
        ref: row[name]
        for name in network.column_names
        for ref, row in ((one([name])[0], first), (places.plain([name], 2)[0], second))
    }
    return [
        _Block(
            FUNCTIONS[name],
            refs,
            args,
            tuple(plain),
            tuple(tuple(shown[ref] for ref in refs_of_row) for refs_of_row in plain),
            tuple(label[variable] for variable in variables),
        )
        for name, refs, args, plain, variables in found
    ]


def _block(page: Page, block: _Block, row: int) -> str:
    """A function's rows; gives where its differences stand."""
    rows, width = len(block.plain), len(block.plain[0])
    last = get_column_letter(FIRST + width - 1)
    page.put(f"B{row}", block.function.usage, "heading")
    answer = block.function.python(*block.values)
    # A table's columns are those of the plain formulas above: a second header would make it look like a sheet's table.
    page.put(f"B{row + 1}", "variable" if block.names else f"columns as in row {PLAIN_ROW}", "label")
    for k, name in enumerate(block.names):
        page.put(f"{get_column_letter(FIRST + k)}{row + 1}", name, "names weight")
    _call(page, f"C{row + 2}:{last}{row + 1 + rows}", block.call, answer)
    for k, text in enumerate((block.function.name, "plain formulas", "difference")):
        page.put(f"B{row + 2 + k * rows}", text, "label")
    for k, cells in enumerate(block.plain):
        for c, ref in enumerate(cells):
            page.formula(f"{get_column_letter(FIRST + c)}{row + 2 + rows + k}", ref, block.wanted[k][c], "table error")
    page.numbers(f"C{row + 2}:{last}{row + 1 + 2 * rows}")
    said, plain = f"C{row + 2}:{last}{row + 1 + rows}", f"C{row + 2 + rows}:{last}{row + 1 + 2 * rows}"
    differences = f"C{row + 2 + 2 * rows}:{last}{row + 1 + 3 * rows}"
    # An array, as all that depends on a function: a program without LAMBDA computes it anew when it opens the file.
    apart = [[abs(x - y) for x, y in zip(*pair, strict=True)] for pair in zip(answer, block.wanted, strict=True)]
    page.array(differences, f'IFERROR(ABS({said}-{plain}),"{NOT_COMPARED}")', apart, "difference")
    return differences


def _call(page: Page, cells: str, call: str, values: Sequence[Sequence[Value]], style: str = "table error") -> None:
    """A formula that spills; where it can't be computed its error looks quiet."""
    page.array(cells, call, values, style)
    page.dynamic.add(cells.partition(":")[0])
    first = cells.partition(":")[0]
    quiet = FormulaRule(formula=[f"ISERROR({first})"], font=Font(color="BFBFBF"))
    page.sheet.conditional_formatting.add(cells, quiet)


def _gradient_check(page: Page, network: Network, row: int, places: _Places) -> None:
    """The gradients against finite differences, which know no chain rule."""
    flat = places.range(places.learned)
    inputs, targets = places.range(network.input_names), places.range(network.target_names)
    values = [column.start for column in network.columns if column.group in ("weight", "bias")]
    given, wanted = [list(network.inputs)], [list(network.targets)]
    page.put(f"B{row}", "Against finite differences", "heading")
    calls = [("NN_GRADCHECK", (inputs, targets, flat, absolute(places.line)))]
    answers = [FUNCTIONS["NN_GRADCHECK"].python(given, wanted, [values], str(Spec.of(network)))]
    if network.is_plain:
        cut = network.layers[0].matrix.size
        layers = places.range(places.learned[:cut]), places.range(places.learned[cut:])
        calls.append(("BP_GRADCHECK", (inputs, targets, *layers)))
        answers.append(FUNCTIONS["BP_GRADCHECK"].python(given, wanted, [values[:cut]], [values[cut:]]))
    for k, ((name, references), answer) in enumerate(zip(calls, answers, strict=True), start=1):
        page.put(f"B{row + k}", name, "label")
        _call(page, f"C{row + k}:C{row + k}", f"{name}({','.join(references)})", answer, "difference")
        page.put(f"D{row + k}", "the largest difference; below 1E-8 the chain rule is right", "note")


def _own(page: Page, row: int) -> None:
    """A network to play with: any line, several samples."""
    page.put(f"B{row}", "A network of your own: change the line, the samples, the weights", "heading")
    page.put(f"B{row + 1}", "network", "label")
    page.put(f"C{row + 1}", OWN_LINE, "change left")
    page.sheet.merge_cells(f"C{row + 1}:J{row + 1}")
    page.put(f"B{row + 2}", "weights", "label")
    for k, weight in enumerate(OWN_WEIGHTS):
        page.put(f"{get_column_letter(FIRST + k)}{row + 2}", weight, "change")
    weights = f"$C${row + 2}:${get_column_letter(FIRST + len(OWN_WEIGHTS) - 1)}${row + 2}"
    page.put(f"B{row + 3}", "ɳ, steps", "label")
    page.put(f"C{row + 3}", OWN_RATE, "change")
    page.put(f"D{row + 3}", OWN_STEPS, "change")
    top = row + 5
    for letter, head in zip("CDE", ("i1", "i2", "t1"), strict=True):
        page.put(f"{letter}{top}", head, "head input" if head[0] == "i" else "head target")
    for k, (sample, wanted) in enumerate(zip(OWN_INPUTS, OWN_TARGETS, strict=True), start=1):
        for letter, value in zip("CDE", [*sample, *wanted], strict=True):
            page.put(f"{letter}{top + k}", value, "change")
    inputs, targets, line = f"$C${top + 1}:$D${top + 4}", f"$E${top + 1}:$E${top + 4}", f"$C${row + 1}"
    arguments = f"{inputs},{targets},{weights},{line}"
    four = (OWN_INPUTS, OWN_TARGETS, [OWN_WEIGHTS], OWN_LINE)
    later = FUNCTIONS["NN_UPDATE"].python(*four, OWN_RATE, OWN_STEPS)
    page.put(f"G{top}", "NN_LOSS: E1, …, E_total", "label left")
    _spill(page, f"G{top + 1}", f"NN_LOSS({arguments})", FUNCTIONS["NN_LOSS"].python(*four))
    page.put(f"J{top}", "NN_LOSS after those steps", "label left")
    after = f"$C${top + 7}#".replace("#", f":${get_column_letter(FIRST + len(OWN_WEIGHTS) - 1)}${top + 7}")
    loss = f"NN_LOSS({inputs},{targets},{after},{line})"
    _spill(page, f"J{top + 1}", loss, FUNCTIONS["NN_LOSS"].python(*four[:2], later, OWN_LINE))
    page.put(f"B{top + 7}", "NN_UPDATE", "label")
    _spill(page, f"C{top + 7}", f"NN_UPDATE({arguments},$C${row + 3},$D${row + 3})", later)
    page.put(f"B{top + 9}", "NN_GRAD", "label")
    _spill(page, f"C{top + 9}", f"NN_GRAD({arguments})", FUNCTIONS["NN_GRAD"].python(*four))


def _spill(page: Page, at: str, call: str, values: Sequence[Sequence[Value]]) -> None:
    """A call from a cell on, over as many cells as its values have."""
    left, top, _, _ = range_boundaries(f"{at}:{at}")
    _call(page, f"{at}:{get_column_letter(left + len(values[0]) - 1)}{top + len(values) - 1}", call, values)
    page.numbers(f"{at}:{get_column_letter(left + len(values[0]) - 1)}{top + len(values) - 1}")


def _explanations(page: Page, network: Network, places: _Places) -> None:
    """At the right, line by line: room for as many lines as the chosen weight has."""
    available = [name for name in ("BP_EXPLAIN", "NN_EXPLAIN") if name in lambdas.SOURCES]
    if not network.is_plain:
        available = [name for name in available if name == "NN_EXPLAIN"]
    for k, name in enumerate(available):
        _explanation(page, network, places, name, places.side + 4 * k)


def _explanation(page: Page, network: Network, places: _Places, name: str, column: int) -> None:
    letters = [get_column_letter(column + k) for k in range(3)]
    for letter, width, head in zip(letters, (18, 60, 16), ("symbol", "formula", "number"), strict=True):
        page.sheet.column_dimensions[letter].width = width
        page.put(f"{letter}{PLAIN_ROW}", head, "table head")
    page.put(f"{letters[0]}{PLAIN_ROW - 1}", FUNCTIONS[name].usage, "heading")
    inputs, targets = places.range(network.input_names), places.range(network.target_names)
    values = [c.start for c in network.columns if c.group in ("weight", "bias")]
    given, wanted = [list(network.inputs)], [list(network.targets)]
    references: tuple[str, ...]
    arguments: tuple[object, ...]
    if name == "BP_EXPLAIN":
        cut = network.layers[0].matrix.size
        references = (inputs, targets, places.range(places.learned[:cut]), places.range(places.learned[cut:]))
        arguments = (given, wanted, [values[:cut]], [values[cut:]])
    else:
        references = (inputs, targets, places.range(places.learned), absolute(places.line))
        arguments = (given, wanted, [values], str(Spec.of(network)))
    lines = FUNCTIONS[name].python(*arguments, network.learned[0])
    cells = f"{letters[0]}{PLAIN_ROW + 1}:{letters[2]}{PLAIN_ROW + len(lines)}"
    _call(page, cells, f"{name}({','.join(references)},{absolute(places.weight)})", lines, "explanation")
