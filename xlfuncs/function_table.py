"""The one table of the functions of a sheet: =BP_GRAD(…), =NN_GRAD(…) and their families. Every host is made from it.

A host (xlwings, VBA, LibreOffice, LAMBDA names, the README, the sheet Playground) reads TABLE and nothing else:

    for function in TABLE:                 # the order in which a reader meets them
        function.name, function.help       # BP_GRAD, what Excel's dialog says of it (255 characters at most)
        function.usage                     # BP_GRAD(inputs, targets, weights_hidden, weights_output, [weight])
        for argument in function.arguments:
            argument.name, argument.help, argument.optional, argument.default
        function.python(*cells)            # rows of floats and texts; raises GradsheetError, the sentence for a cell

FUNCTIONS finds them by name. `python` takes the arguments in their order or by name. Each is a range as rows of raw
cells (as `xlfuncs.cells` and `xlfuncs.ranges` describe them), an array, a list or one bare value. An optional
argument that is left out, None, a blank cell or an empty text counts as its `default`; a required one that is blank is
a mistake with a sentence. A default of None means that the function does something else then, which its help says.

A function more is one entry here and one definition of its name, with the same arguments, in its family's module.
Importing this module loads neither xlwings nor what computes; `python` loads that at its first use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from xlfuncs.network import ITERATIONS

HOMES = {"BP": "xlfuncs.functions", "MNIST": "xlfuncs.functions", "NN": "xlfuncs.nn"}
"""The module of each family's definitions."""


@dataclass(frozen=True)
class Argument:
    """One argument: its name as the help shows it, what it takes, and what it is when left out or blank."""

    name: str
    help: str
    optional: bool = False
    default: Any = None


@dataclass(frozen=True)
class Function:
    """One function. `gives`, `example` and `result` are its row in the README; `help` is for a program's dialog."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    gives: str
    example: str
    result: str

    @property
    def family(self) -> str:
        """BP, NN or MNIST."""
        return self.name.partition("_")[0]

    @property
    def usage(self) -> str:
        """Its name and arguments as a help text writes them, optional ones in brackets."""
        return f"{self.name}({', '.join(f'[{a.name}]' if a.optional else a.name for a in self.arguments)})"

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the arguments that must be given."""
        return tuple(argument.name for argument in self.arguments if not argument.optional)

    def call(self, *more: str) -> str:
        """Its formula where cells are named as its required arguments are, with what else it is to get."""
        return f"{self.name}({','.join((*self.required, *more))})"

    @cached_property
    def python(self) -> Callable[..., list[list[Any]]]:
        """The function itself."""
        return getattr(import_module(HOMES[self.family]), self.name)


_NETWORK = {
    "inputs": "The inputs i1, i2, …: one row or one column",
    "targets": "The targets t1, t2, …: one row or one column",
    "weights_hidden": "Weights into the hidden units: w1, w2, … in one row or column, or a matrix with a row a unit",
    "weights_output": "Weights into the output units: w5, w6, … in one row or column, or a matrix with a row a unit",
}
_WEIGHTS = "All weights and biases in one row or column: a layer's weights unit by unit, then its biases"
_LINE = "The network in one line, sizes first: 2-2-2, or 2-3-2 tanh softmax cross-entropy bias=unit adam"
_ANY = {
    "inputs": "The inputs i1, i2, …: one row or column, or a row a sample",
    "targets": "The targets t1, t2, …: one row or column, or a row a sample",
    "weights": _WEIGHTS,
    "network": _LINE,
}


def _take(**helps: str) -> tuple[Argument, ...]:
    return tuple(Argument(name, text) for name, text in helps.items())


LEARNING_RATE = Argument("learning_rate", "The learning rate ɳ, one number")
HOW_MANY = Argument("iterations", f"How many iterations (rows); {ITERATIONS} if left out", True, ITERATIONS)
HEADER = Argument(
    "header", "TRUE for a first row with the columns' names (the default), FALSE for numbers only", True, True
)
NETWORK, ANY = _take(**_NETWORK), _take(**_ANY)
WITHOUT_TARGETS = tuple(argument for argument in NETWORK if argument.name != "targets")

TABLE = (
    Function(
        "BP_SIGMOID",
        "The sigmoid 1/(1+e^-x) of a number or of every cell of a range, in the range's shape. Never overflows.",
        _take(x="A number or a range of numbers"),
        gives="σ of every cell",
        example="BP_SIGMOID(0.0275)",
        result="0.506875",
    ),
    Function(
        "BP_FORWARD",
        "The forward pass as one row in the table's order: h1, a_h1, h2, a_h2, …, o1, a_o1, o2, a_o2, …",
        WITHOUT_TARGETS,
        gives="h1, a_h1, h2, a_h2, o1, a_o1, … as a row",
        example="BP_FORWARD(inputs, weights_hidden, weights_output)",
        result="0.0275, 0.506875, 0.0425, 0.510623, …",
    ),
    Function(
        "BP_ERROR",
        "Half the squared error of each output and their sum, as one row: E1, E2, …, E_total.",
        _take(targets=_NETWORK["targets"], outputs="The outputs a_o1, a_o2, …: one row or one column"),
        gives="E1, E2, E_total",
        example="BP_ERROR({0.5,0.5}, {0.606478,0.630481})",
        result="0.00566878, 0.00851264, 0.0141814",
    ),
    Function(
        "BP_GRAD",
        "The gradients dE_total/dw by the chain rule, as one row in the order w1, w2, …; or the one asked for.",
        (*NETWORK, Argument("weight", "Only this weight's gradient: 5 or w5; all of them if left out", True)),
        gives="all gradients w1, w2, … or one",
        example='BP_GRAD(inputs, targets, weights_hidden, weights_output, "w5")',
        result="0.0128808",
    ),
    Function(
        "BP_UPDATE",
        "The weights after one step of gradient descent, w - learning_rate*gradient, in the shape of the weights.",
        (
            *_take(weights="The weights, in any shape", gradients="Their gradients, as many and in the same order"),
            LEARNING_RATE,
        ),
        gives="the weights one step later",
        example="BP_UPDATE(0.4, 0.0128808, 0.1)",
        result="0.398712",
    ),
    Function(
        "BP_TABLE",
        "The whole training table, a row an iteration: targets, inputs, weights, forward pass, errors, gradients.",
        (*NETWORK, LEARNING_RATE, HOW_MANY, HEADER),
        gives="the whole table, 32 columns for 2-2-2",
        example="BP_TABLE(inputs, targets, weights_hidden, weights_output, 0.1)",
        result="86 rows; E_total from 0.0141814 to 0.00864403",
    ),
    Function(
        "BP_SWEEP",
        "E_total by iteration for many learning rates: a row an iteration, a column a learning rate.",
        (*NETWORK, *_take(learning_rates="The learning rates to compare: one row or one column"), HOW_MANY),
        gives="E_total by iteration, a column a learning rate",
        example="BP_SWEEP(inputs, targets, weights_hidden, weights_output, {0.1,2}, 85)",
        result="85 rows, 2 columns",
    ),
    Function(
        "BP_GRADCHECK",
        "The largest difference between the chain rule's gradients and central finite differences; "
        "below 1E-9 is right.",
        NETWORK,
        gives="largest difference from finite differences",
        example="BP_GRADCHECK(inputs, targets, weights_hidden, weights_output)",
        result="6E-13",
    ),
    Function(
        "BP_EXPLAIN",
        "Why a gradient is what it is: the chain rule line by line, in three columns (symbol, formula, number).",
        (*NETWORK, *_take(weight="The weight to explain: 1 or w1")),
        gives="the chain rule of one weight, line by line",
        example='BP_EXPLAIN(inputs, targets, weights_hidden, weights_output, "w1")',
        result="13 lines: symbol, formula, number",
    ),
    Function(
        "BP_CHECK",
        'What is wrong in a table of backpropagation values: a row a finding, or "right". Rows count from the header.',
        (
            *_take(table="The whole training table with its header row (w1, h1, a_h1, E_total, …)"),
            Argument("learning_rate", "The learning rate ɳ; if left out, the one that the weights show", True),
        ),
        gives="what is wrong in a table of values with its header row, a row a finding",
        example="BP_CHECK(A27:AF112)",
        result="right",
    ),
    Function(
        "NN_FORWARD",
        "The forward pass of any network, a row a sample, in the table's order: h1, a_h1, h2, a_h2, …, o1, a_o1, …",
        tuple(argument for argument in ANY if argument.name != "targets"),
        gives="the forward pass of any network, see below",
        example='NN_FORWARD(inputs, A1:A8, "2-2-2")',
        result="as BP_FORWARD",
    ),
    Function(
        "NN_LOSS",
        "The error of each output and E_total of any network, a row a sample: E1, E2, …, E_total.",
        ANY,
        gives="E1, E2, …, E_total, a row a sample",
        example='NN_LOSS(inputs, targets, A1:A8, "2-2-2")',
        result="0.00566878, 0.00851264, 0.0141814",
    ),
    Function(
        "NN_GRAD",
        "The gradients dE_total/dw of any network by the chain rule: "
        "their mean over the samples, or the one asked for.",
        (*ANY, Argument("weight", "Only this one's gradient: w5 or b1; all of them if left out", True)),
        gives="all gradients, the mean over the samples, or one",
        example='NN_GRAD(inputs, targets, A1:A8, "2-2-2", "w5")',
        result="0.0128808",
    ),
    Function(
        "NN_UPDATE",
        "The weights and biases of any network after one step of its optimizer, or after several, in their order.",
        (*ANY, LEARNING_RATE, Argument("iterations", "How many steps; 1 if left out", True, 1)),
        gives="weights and biases after one step or more",
        example='NN_UPDATE(inputs, targets, A1:A8, "2-2-2", 0.1)',
        result="0.149968, 0.199937, …",
    ),
    Function(
        "NN_TABLE",
        "The whole training table of any network, a row an iteration (a sample with batches); the optimizer's last.",
        (*ANY, LEARNING_RATE, HOW_MANY, HEADER),
        gives="the whole table, the optimizer's columns last",
        example='NN_TABLE(inputs, targets, A1:A8, "2-2-2 adam", 0.1)',
        result="86 rows, 48 columns",
    ),
    Function(
        "NN_GRADCHECK",
        "The largest difference between any network's gradients and central finite differences; below 1E-8 is right.",
        ANY,
        gives="largest difference from finite differences",
        example='NN_GRADCHECK(inputs, targets, A1:A8, "2-2-2 tanh")',
        result="1E-12",
    ),
    Function(
        "NN_EXPLAIN",
        "Why a gradient of any network is what it is: the chain rule line by line for the first sample.",
        (*ANY, *_take(weight="The weight or bias to explain: w1 or b1")),
        gives="the chain rule of one weight or bias, line by line",
        example='NN_EXPLAIN(inputs, targets, A1:A8, "2-2-2 tanh", "w1")',
        result="13 lines",
    ),
    Function(
        "MNIST_PREDICT",
        "What the best trained network sees, as one row: digit, ten probabilities (0 to 9), "
        "the data it was trained on.",
        _take(pixels="28 rows by 28 columns of pixels, 0 (paper) to 255 (ink); blank is 0"),
        gives="what the best trained network sees in 28×28 cells, 0 (paper) to 255 (ink)",
        example="MNIST_PREDICT('Digit pad'!B4:AC31)",
        result="7, ten probabilities, what it was trained on",
    ),
)
"""Every function, in the order in which a reader meets them."""

FUNCTIONS = {function.name: function for function in TABLE}
