"""The functions of the table as names of a workbook that hold LAMBDA."""

from dataclasses import dataclass
from functools import cache

from workbook.hosts import lambdas_explain, lambdas_functions, lambdas_network, lambdas_ranges, lambdas_spec
from workbook.hosts.lambdas_stored import stored
from xlfuncs.function_table import FUNCTIONS, TABLE

PYTHON_ONLY = ("BP_CHECK", "MNIST_PREDICT")
"""Functions that stay with Python: one reads labels as the checker does, one is a trained network."""
TAKEN = ("inputs", "targets", "weights_hidden", "weights_output", "learning_rate", "E_total")
"""Names of the workbook's ranges. A parameter of such a name is written with _ behind it."""
MAX_COMMENT = 255

SOURCES = {
    **lambdas_ranges.RANGES,
    **lambdas_spec.SPEC,
    **lambdas_network.NETWORK,
    **lambdas_explain.EXPLAIN,
    **lambdas_functions.CHECKS,
    **lambdas_functions.PARTS,
    **lambdas_functions.FUNCTIONS,
}


@dataclass(frozen=True)
class Name:
    """A name of the workbook: its formula as a file keeps it, without equals sign, and its help. Helpers are hidden."""

    name: str
    formula: str
    comment: str = ""

    @property
    def hidden(self) -> bool:
        """Whether it is a helper that no one calls from a cell."""
        return not self.comment


@cache
def names() -> tuple[Name, ...]:
    """All names: the functions of the table that need no Python, and the helpers that they call."""
    return tuple(
        Name(name, stored(SOURCES[name], SOURCES, TAKEN), FUNCTIONS[name].help if name in FUNCTIONS else "")
        for name in sorted(SOURCES)
    )


def functions() -> list[str]:
    """The functions, in the table's order."""
    return [function.name for function in TABLE if function.name in SOURCES]
