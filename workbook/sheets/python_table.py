"""A learning-rate sheet's table as one call of a function of Python's: BP_TABLE, or NN_TABLE for any other network.

NN_TABLE takes all weights and biases in one row, and the network as a line of text. Both stand on the hidden sheet that
holds the first table's plain formulas, above them, and have names in the workbook: `weights` and `network`.
"""

from openpyxl.utils import get_column_letter

from workbook.parts.page import Page
from workbook.sheets.layout import START, Layout, absolute, quoted
from workbook.sheets.start_layout import StartLayout
from xlfuncs import functions, nn
from xlfuncs.errors import GradsheetError, LimitError
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.network import Network
from xlfuncs.spec import Spec

LINE_ROW, WEIGHTS_ROW = 4, 5
FIRST = 2  # column B


def function_name(network: Network) -> str:
    """The function that fills the table of such a network."""
    return "BP_TABLE" if network.is_plain else "NN_TABLE"


def call(layout: Layout) -> str:
    """The formula: the workbook's names, the sheet's own learning rate, so many rows, no header."""
    own = {"learning_rate": absolute(layout.learning_rate), "iterations": str(layout.iterations), "header": "FALSE"}
    function = FUNCTIONS[function_name(layout.network)]
    return f"{function.name}({','.join(own.get(a.name, a.name) for a in function.arguments)})"


def refuse_long(network: Network, iterations: int) -> None:
    """Raise LimitError for a table that the function would refuse: a sentence would stand in its place."""
    check = functions.refuse_long if network.is_plain else nn.refuse_long
    try:
        check(network, iterations)
    except GradsheetError as error:
        name = function_name(network)
        raise LimitError(f"{name} can't fill these tables: {error} Or give --formulas native.") from error


def write_arguments(page: Page, network: Network) -> None:
    """What NN_TABLE needs and Start has in another form."""
    start = StartLayout(network)
    page.put(f"A{LINE_ROW}", "Network", "note")
    page.put(f"B{LINE_ROW}", str(Spec.of(network)), "line")
    page.put(f"A{WEIGHTS_ROW}", "Weights", "note")
    for k, column in enumerate(_learned(network)):
        ref = f"{get_column_letter(FIRST + k)}{WEIGHTS_ROW}"
        page.formula(ref, f"{START}!{absolute(start.of(column.name))}", column.start, "linked")


def names(network: Network, sheet: str) -> dict[str, str]:
    """The names of those cells and where they stand; `sheet` is the first table's hidden sheet."""
    last = get_column_letter(FIRST + len(_learned(network)) - 1)
    weights = f"{absolute(f'B{WEIGHTS_ROW}')}:{absolute(f'{last}{WEIGHTS_ROW}')}"
    return {"weights": f"{quoted(sheet)}!{weights}", "network": f"{quoted(sheet)}!{absolute(f'B{LINE_ROW}')}"}


def _learned(network: Network) -> list:
    return [column for column in network.columns if column.group in ("weight", "bias")]
