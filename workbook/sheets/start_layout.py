"""What stands where on the sheet Start: the start values of a network of any size, then the learning rates' table."""

from dataclasses import dataclass

from openpyxl.utils import column_index_from_string, get_column_letter

from xlfuncs.network import Bias, Network, Weight


@dataclass(frozen=True)
class StartLayout:
    """The addresses of the settings on the sheet Start."""

    network: Network

    INPUT_ROW = 7

    def input(self, k: int) -> str:
        """The cell of i1 (k = 0), i2, …"""
        return f"{get_column_letter(3 + k)}{self.INPUT_ROW}"

    def target(self, k: int) -> str:
        """The cell of t1 (k = 0), t2, …"""
        return f"{get_column_letter(3 + k)}{self.INPUT_ROW + 1}"

    def weight(self, weight: Weight) -> str:
        """The cell of a start weight: a row a unit, a column an input of the layer."""
        above = sum(layer.size for layer in self.network.layers[: weight.layer])
        return f"{get_column_letter(3 + weight.column)}{self.INPUT_ROW + 2 + above + weight.row}"

    def bias(self, bias: Bias) -> str:
        """The cell of a bias: right of the weights into its unit, or into the first of its units."""
        row = self.network.place(bias.targets[0])[1]
        last = self.network.incoming(bias.layer, row)[-1]
        letters = self.weight(last).rstrip("0123456789")
        return f"{get_column_letter(column_index_from_string(letters) + 1)}{self.weight(last)[len(letters) :]}"

    @property
    def widest(self) -> int:
        """How many cells the longest row of settings has."""
        biases = any(layer.biases for layer in self.network.layers)
        return max(self.network.sizes) + biases

    def of(self, variable: str) -> str:
        """The cell of an input, a target, a weight or a bias, by its name."""
        if variable in self.network.input_names:
            return self.input(self.network.input_names.index(variable))
        if variable in self.network.target_names:
            return self.target(self.network.target_names.index(variable))
        bias = next((bias for bias in self.network.biases if bias.name == variable), None)
        return self.bias(bias) if bias else self.weight(self.network.weight(variable))

    @property
    def table_row(self) -> int:
        """The header row of the learning rates' table."""
        return self.INPUT_ROW + 2 + sum(layer.size for layer in self.network.layers) + 3
