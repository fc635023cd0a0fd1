"""Where the samples stand on their sheet, and what each learning rate made of them."""

from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from workbook.parts.references import quoted
from xlfuncs.errors import LimitError
from xlfuncs.limits import MAX_COLUMNS, MAX_ROWS
from xlfuncs.network import Network

SAMPLES = "Samples"


@dataclass(frozen=True)
class SamplesLayout:
    """The addresses on the sheet: a row a sample, its number in B, then i1, i2, …, t1, …"""

    network: Network
    count: int

    HEADER_ROW = 5

    def __post_init__(self):
        """Refuse what Excel can't hold, with one sentence."""
        if self.last_row > MAX_ROWS:
            room = MAX_ROWS - self.HEADER_ROW
            raise LimitError(f"{self.count:,} samples are more than Excel has rows; give at most {room:,}.")

    @property
    def variables(self) -> list[str]:
        """i1, i2, …, t1, …: the columns from C on."""
        return [*self.network.input_names, *self.network.target_names]

    def column(self, variable: str) -> str:
        """The column letter of an input or a target."""
        return get_column_letter(3 + self.variables.index(variable))

    @property
    def first_row(self) -> int:
        """The row of sample 1."""
        return self.HEADER_ROW + 1

    @property
    def last_row(self) -> int:
        """The row of the last sample."""
        return self.HEADER_ROW + self.count

    def column_range(self, first: str, last: str | None = None) -> str:
        """All cells of one variable, or from one to another, with the sheet's name."""
        return self._cells(self.column(first), self.column(last or first))

    def outputs(self, k: int) -> list[str]:
        """The column letters of the k-th learning rate: a gap, its outputs, and whether they are right."""
        width = len(self.network.targets) + 2
        first = 3 + len(self.variables) + k * width
        if first + width > MAX_COLUMNS:
            raise LimitError(f"The outputs of {k + 1} learning rates need more columns than Excel has; give fewer.")
        return [get_column_letter(first + j) for j in range(width)]

    def marks(self, k: int) -> str:
        """The cells that say which samples the k-th learning rate has right, with the sheet's name."""
        letter = self.outputs(k)[-1]
        return self._cells(letter, letter)

    def _cells(self, left: str, right: str) -> str:
        return f"{quoted(SAMPLES)}!${left}${self.first_row}:${right}${self.last_row}"
