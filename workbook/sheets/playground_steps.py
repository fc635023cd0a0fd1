"""What the sheet Playground computes, block by block: by which function, and by which plain formulas.

The exercise's kind of network has the BP_ functions, which hand their numbers on to each other; any other the NN_
functions. Both come from the function table. What only formulas know (a unit's own error, an optimizer's memory) is a
block without a function.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from workbook.parts.page import NOT_AVAILABLE, Value
from xlfuncs import training
from xlfuncs.errors import GradsheetError
from xlfuncs.expression import excel
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.logistic import EXP_LIMIT
from xlfuncs.network import Network
from xlfuncs.spec import Spec

FIRST = 3  # column C: the first number of every row
FIRST_STEP_ROW = 12
NEW = "new_"
"""Before the name of what the second iteration has: new_w1."""


@dataclass(frozen=True)
class Step:
    """A block of rows: heading, names, what the function says, what the formulas say, their difference.

    Without a function there are only the formulas. `outputs`: its last activations stand below once more, for BP_ERROR.
    """

    row: int
    title: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    function: str = ""
    outputs: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """Gradients by the chain rule: BP_GRAD."""
        return f"{self.title}: {self.function or 'plain formulas'}"

    @property
    def last(self) -> str:
        """Its last column."""
        return get_column_letter(FIRST + len(self.names) - 1)

    def cells(self, below: int) -> str:
        """The row that stands so many rows below the heading."""
        return f"C{self.row + below}:{self.last}{self.row + below}"

    @property
    def call(self) -> str:
        """The function's formula: the sheet's cells are named as its arguments are."""
        return FUNCTIONS[self.function].call()

    @property
    def python(self) -> str:
        """The function's cells."""
        return self.cells(2)

    @property
    def plain_row(self) -> int:
        """The row of the plain formulas."""
        return self.row + (3 if self.function else 2)

    @property
    def difference(self) -> str:
        """The difference's cells."""
        return self.cells(4)

    @property
    def height(self) -> int:
        """How many rows it takes, with the blank one behind it."""
        return (6 if self.function else 4) + (2 if self.outputs else 0)


def steps(network: Network) -> list[Step]:
    """The blocks from the forward pass to the next weights."""
    columns = {c.name: c for c in network.columns}
    found, row = [], FIRST_STEP_ROW
    for title, names, function in _plain(network) if network.is_plain else _any(network):
        labels = tuple(columns[n].label if n in columns else n.removeprefix(NEW) for n in names)
        outputs = tuple(name for name in names if name.startswith("a_o")) if function == "BP_FORWARD" else ()
        found.append(Step(row, title, names, labels, function, outputs))
        row += found[-1].height
    return found


def _plain(network: Network) -> Iterator[tuple[str, tuple[str, ...], str]]:
    yield "Forward pass", _of(network, "hidden", "output"), "BP_FORWARD"
    yield "Error", _of(network, "error"), "BP_ERROR"
    yield "Gradients by the chain rule", _of(network, "gradient"), "BP_GRAD"
    yield "Weights after this step", _new(network, "weight"), "BP_UPDATE"


def _any(network: Network) -> Iterator[tuple[str, tuple[str, ...], str]]:
    yield "Forward pass", _of(network, "hidden", "output"), "NN_FORWARD"
    yield "Error", _of(network, "error"), "NN_LOSS"
    if deltas := _of(network, "delta"):
        yield "How E_total follows each unit", deltas, ""
    yield "Gradients by the chain rule", _of(network, "gradient"), "NN_GRAD"
    states = _new(network, "state")
    for letter in dict.fromkeys(name.removeprefix(NEW)[0] for name in states):
        of_letter = tuple(name for name in states if name.removeprefix(NEW)[0] == letter)
        yield f"What {network.optimizer} remembers of this step, {letter}", of_letter, ""
    learned = "Weights and biases" if network.biases else "Weights"
    yield f"{learned} after this step", _new(network, "weight", "bias"), "NN_UPDATE"


def _of(network: Network, *groups: str) -> tuple[str, ...]:
    return tuple(column.name for column in network.columns if column.group in groups)


def _new(network: Network, *groups: str) -> tuple[str, ...]:
    return tuple(f"{NEW}{name}" for name in _of(network, *groups))


def parameters(network: Network) -> dict[str, float]:
    """Weights and biases with their start values, in the order of the table's columns."""
    columns = (c for c in network.columns if c.group in ("weight", "bias"))
    return {c.name: c.start for c in columns if c.start is not None}


def values(network: Network, learning_rate: float) -> dict[str, float]:
    """Every number of the first iteration, and those of the second one as new_w1, …"""
    first, second = training.tables(network, [learning_rate], 2)[0].tolist()
    names = network.column_names
    return dict(zip(names, first, strict=True)) | {f"{NEW}{n}": v for n, v in zip(names, second, strict=True)}


def plain_formulas(network: Network, step: Step, cells: Mapping[str, str], guarded: bool) -> list[str]:
    """The Excel formulas of a block's numbers; `cells` says where each variable of the sheet stands."""
    formulas = {column.name: column.formula for column in network.columns}
    second = _of_second(network, cells)
    return [
        excel(
            formulas[name.removeprefix(NEW)],
            second if name.startswith(NEW) else (lambda variable, _: cells[variable]),
            guarded=guarded,
        )
        for name in step.names
    ]


def _of_second(network: Network, cells: Mapping[str, str]) -> Callable[[str, bool], str]:
    """References of the second iteration: what was before stands in this sheet, or is an optimizer's first 0."""
    states = set(_of(network, "state"))

    def reference(variable: str, is_previous: bool) -> str:
        if variable in states:
            return "0" if is_previous else cells[f"{NEW}{variable}"]
        return "2" if variable == "iteration" else cells[variable]

    return reference


def is_guarded(network: Network, numbers: Mapping[str, float]) -> bool:
    """Whether Excel's EXP would overflow in a plain σ of this network."""
    units = [
        unit
        for depth, layer in enumerate(network.layers)
        if layer.activation == "sigmoid"
        for unit in network.unit_names(depth)
    ]
    return any(numbers[unit] < EXP_LIMIT for unit in units)


class Answers:
    """What the functions say when the sheet is new: numbers, or the sentence for a network that is too large."""

    def __init__(self, network: Network, learning_rate: float):
        """Nothing is computed yet."""
        numbers = values(network, learning_rate)
        of = parameters(network)
        self._cells: dict[str, object] = {
            "inputs": list(network.inputs),
            "targets": list(network.targets),
            "weights": list(of.values()),
            "learning_rate": learning_rate,
            "network": str(Spec.of(network)),
        }
        if network.is_plain:
            self._cells["weights_hidden"], self._cells["weights_output"] = network.matrices
            self._cells["outputs"] = [numbers[name] for name in network.activation_names(-1)]
            self._cells["gradients"] = [numbers[name] for name in _of(network, "gradient")]

    def of(self, function: str, **more: object) -> list[list[Value]]:
        """The rows that the function gives for the sheet's cells."""
        entry = FUNCTIONS[function]
        given = {name: self._cells[name] for name in entry.required if name not in more}
        try:
            return entry.python(**given, **more)
        except GradsheetError as error:
            return [[str(error)]]


def fitted(rows: list[list[Value]], height: int, width: int) -> list[list[Value]]:
    """The rows as an array formula over so many cells shows them."""
    return [
        [rows[r][c] if r < len(rows) and c < len(rows[r]) else NOT_AVAILABLE for c in range(width)]
        for r in range(height)
    ]
