"""Backpropagation sheets of every shape, right and with known faults, written without any of gradsheet's code.

A formula is a small tree of tuples whose leaves name a variable and a row offset; `written` puts it into a cell in one
of many equal forms. The right formulas are spelled out here a second time, on purpose.
"""

import random
from dataclasses import dataclass, field

from tests.check.formulas import bias_names, number, right_formulas
from tests.check.spelling import Writer, put_arrays
from tests.check.writing import column_name, package, quoted

LABELS = [
    {"a_": "a_", "E": "E", "total": "E_total", "grad": "∂E/∂w{}", "iteration": "Iteration"},
    {"a_": "out_", "E": "E", "total": "E_tot", "grad": "dE_total/dw{}", "iteration": "Step"},
    {"a_": "act_", "E": "e", "total": "E Total", "grad": "E∂w{}", "iteration": "epoch"},
    {"a_": "a_", "E": "E", "total": "E_T", "grad": "∂E_T/∂W{}", "iteration": "No"},
    {"a_": "A_", "E": "E", "total": "Etotal", "grad": "δE_tot/δw{}", "iteration": "iteration "},
    {"a_": "out_", "E": "E", "total": "Etot", "grad": "dw{}", "iteration": "#"},
    {"a_": "A", "E": "Error ", "total": "Total Error", "grad": "dE/dW_{}", "iteration": "S.No"},
    {"a_": "act ", "E": "E_", "total": "∑E", "grad": "∇w{}", "iteration": "Epoch No"},
]
RATE_LABELS = [
    "η",
    "ɳ",
    "α =",
    "eta",
    "h",
    "LR",
    "L.R.",
    "LR=",
    "learningRate=",
    "learning rate(theta)",
    "Learning Rate ",
]
SIZES = [(2, 2, 2)] * 6 + [(3, 2, 2), (2, 3, 2), (2, 2, 3), (3, 4, 2), (2, 2, 1), (1, 2, 2)]


@dataclass
class Design:
    """One sheet's look: where the table stands and how it is written."""

    random: random.Random
    sizes: tuple = (2, 2, 2)
    bias: bool | str = False  # True: one a layer; unit, one (for all) or held (never updated)
    header: int = 1
    left: int = 1
    rows: int = 6
    labels: dict = field(default_factory=lambda: LABELS[0])
    order: str = "usual"
    rate_at: str = "cell"  # cell, literal, column, computed, name or sheet
    constants: str = "typed"  # typed, above or block
    helpers: bool = False
    shuffle: bool = False
    iteration: bool = True
    rate: float = 0.5
    sheet: str = "Sheet1"
    forms: frozenset = frozenset()  # of what people write besides, see people.py
    parameters: str = ""  # left, right, above, sheet or names: a labelled list that the table refers to
    parameter_columns: bool = True  # whether inputs and targets have columns all the same

    @classmethod
    def any(cls, seed, **given):
        pick = random.Random(seed)
        chosen = {
            "sizes": pick.choice(SIZES),
            "bias": pick.random() < 0.12,
            "header": pick.randint(3, 40),
            "left": pick.choice([1, 1, 2, 4]),
            "rows": pick.randint(5, 9),
            "labels": pick.choice(LABELS),
            "order": pick.choice(["usual", "usual", "pairs", "weights first", "mixed"]),
            "rate_at": pick.choice(["cell"] * 6 + ["literal", "column", "computed", "name", "sheet"]),
            "constants": pick.choice(["typed", "typed", "above", "block"]),
            "helpers": pick.random() < 0.25,
            "shuffle": True,
            "iteration": pick.random() < 0.5,
            "rate": pick.choice([0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 5.0]),
        }
        return cls(pick, **{**chosen, **given})


class Sheet:
    """A right sheet: cells by (row, column), to be mutated and written."""

    def __init__(self, design):
        self.d, self.random = design, design.random
        self.formulas, self.weights = right_formulas(design.sizes, design.bias)
        self.names = self._order()
        self.columns = {name: design.left + k for k, name in enumerate(self.names)}
        self.first = design.header + 1
        self.last = design.header + design.rows
        self.after = design.left + len(self.names)
        self.rate_cell = (design.header - 2, self.random.choice([2, 5, 9, self.after + 3]))
        self.cells = {}
        self.block = {}
        self.elsewhere = {}
        self.table = "Table1" if "table references" in design.forms else None
        self._fill()
        if design.forms & {"row array", "spill", "one-cell array"}:
            put_arrays(self)

    def _order(self):
        d = self.d
        n_in, n_hidden, n_out = d.sizes
        t, i = [f"t{k + 1}" for k in range(n_out)], [f"i{k + 1}" for k in range(n_in)]
        cut = n_in * n_hidden
        w1, w2 = self.weights[:cut], self.weights[cut:]
        biases = list(dict.fromkeys(bias_names(d.sizes, d.bias).values()))
        early = [b for u, b in bias_names(d.sizes, d.bias).items() if u[0] == "h"]
        w1, w2 = [*w1, *dict.fromkeys(early)], [*w2, *(b for b in biases if b not in early)]
        if not d.parameter_columns:
            t = i = []
        h = [x for j in range(1, n_hidden + 1) for x in (f"h{j}", f"a_h{j}")]
        o = [x for m in range(1, n_out + 1) for x in (f"o{m}", f"a_o{m}")]
        if d.order == "pairs":
            h, o = sorted(h, key=lambda x: x.startswith("a_")), sorted(o, key=lambda x: x.startswith("a_"))
        e = [f"E{m}" for m in range(1, n_out + 1)] + ["E_total"]
        g = [f"grad_{w}" for w in self.weights] + [f"grad_{b}" for b in biases if d.bias != "held"]
        if d.order == "mixed":
            groups = [t, i, w1, h, w2, o, e, g]
            self.random.shuffle(groups)
        else:
            groups = [i, t, w1, w2, h, o, e, g] if d.order == "weights first" else [t, i, w1, h, w2, o, e, g]
        return (["iteration"] if d.iteration else []) + [x for group in groups for x in group]

    def label(self, name):
        style = self.d.labels
        if name == "iteration":
            return style["iteration"]
        if name == "E_total":
            return style["total"]
        if name.startswith("grad_w"):
            return style["grad"].format(name[6:])
        if name.startswith("grad_"):
            return f"∂E/∂{name[5:]}"
        return style["a_"] + name[2:] if name.startswith("a_") else style["E"] + name[1:] if name[0] == "E" else name

    def _fill(self):
        d, pick = self.d, self.random
        for name, column in self.columns.items():
            self.cells[d.header, column] = self.label(name)
        if d.rate_at == "column":
            self.cells[d.header, self.after] = "LR"
        elif d.rate_at == "sheet":
            self.elsewhere = {(2, 1): "learning rate", (2, 2): d.rate}
        elif d.rate_at != "literal":
            row, column = self.rate_cell
            self.cells[row, column - 1] = pick.choice(RATE_LABELS)
            self.cells[row, column] = f"={d.rate * 2!r}/2" if d.rate_at == "computed" else d.rate
        n_in, _, n_out = d.sizes
        start = {f"i{k + 1}": round(0.05 * (k + 1), 2) for k in range(n_in)}
        start |= {f"t{k + 1}": pick.choice([0.5, 0.01, 0.99]) for k in range(n_out)}
        start |= {w: round(0.1 + 0.05 * (k + 1), 2) for k, w in enumerate(self.weights)} | {"b1": 0.35, "b2": 0.6}
        start |= {f"b{k}": round(0.3 + 0.05 * k, 2) for k in range(3, 10) if d.bias == "unit"}
        self.start = start
        if d.parameters:
            self._list_parameters([n for n in start if n in self.names or n[0] in "it"])
        elif d.constants == "block":
            for k, name in enumerate([n for n in start if n[0] in "it"]):
                self.block[name] = (1, 2 + 2 * k) if d.header > 4 else (self.last + 3, 2 + 2 * k)
                row, column = self.block[name]
                self.cells[row, column - 1], self.cells[row, column] = name, start[name]
        if d.helpers:
            for k, unit in enumerate([n for n in self.names if n.startswith("a_")]):
                self.cells[d.header, self.after + 2 + k] = f"∂{unit}/∂{unit[2:]}"
        for row in range(self.first, self.last + 1):
            for name, column in self.columns.items():
                self.cells[row, column] = self._cell(name, row, start)
            if d.rate_at == "column":
                self.cells[row, self.after] = d.rate
            if d.helpers:
                for k, unit in enumerate([n for n in self.names if n.startswith("a_")]):
                    a = self.ref(unit, row)
                    self.cells[row, self.after + 2 + k] = f"={a}*(1-{a})"

    def _cell(self, name, row, start):
        d = self.d
        if name == "iteration":
            return float(row - d.header) if d.order != "pairs" else f"=ROW()-{d.header}"
        if name in self.block:
            if name[0] in "it" or row == self.first:
                return f"={self.parameter(name)}"
        elif name[0] in "it":
            if d.constants == "above" and row > self.first:
                return f"={self.ref(name, row - 1)}"
            return start[name]
        if (row == self.first and name in start) or (name[0] == "b" and d.bias == "held"):
            return start[name]
        return "=" + self.written(self.formulas[name], row)

    def _list_parameters(self, names):
        """A vertical list of labels and values: beside the table, above it, or on a sheet of its own."""
        d = self.d
        corner = {
            "left": (d.header, d.left - 3),
            "right": (d.header, self.after + 4 + 2 * (d.sizes[1] + d.sizes[2])),
            "above": (1, self.after - 2),
        }.get(d.parameters, (4, 1))
        cells = self.cells if d.parameters in ("left", "right", "above") else self.elsewhere
        for k, name in enumerate(names):
            row, column = corner[0] + k, corner[1]
            cells[row, column], cells[row, column + 1] = name, self.start[name]
            self.block[name] = row, column + 1

    def parameter(self, name):
        """How formulas refer to a listed parameter."""
        if self.d.parameters == "names":
            return f"{name[0]}_{name[1:]}"
        place = self.fixed(self.block[name])
        return f"Parameters!{place}" if self.d.parameters == "sheet" else place

    @property
    def defined_names(self):
        """Names of cells and of whole columns, and what they stand for."""
        found = {}
        if self.d.rate_at == "name":
            found["learning_rate"] = f"{quoted(self.d.sheet)}!{self.fixed(self.rate_cell)}"
        if self.d.parameters == "names":
            found |= {self.parameter(n): f"Parameters!{self.fixed(place)}" for n, place in self.block.items()}
        if "whole columns" in self.d.forms:
            for name, column in self.columns.items():
                letters = column_name(column)
                found[f"col_{name}"] = f"{quoted(self.d.sheet)}!${letters}:${letters}"
        return found

    def fixed(self, place):
        return f"${column_name(place[1])}${place[0]}"

    def ref(self, name, row, fixed=""):
        if name not in self.columns:
            return self.parameter(name)
        return f"{'$' if 'c' in fixed else ''}{column_name(self.columns[name])}{'$' if 'r' in fixed else ''}{row}"

    def written(self, tree, row, seed=None):
        """The tree as a formula of that row; the same look in every row of a column."""
        pick = random.Random(f"{self.d.rate}{tree}{seed}{self.d.header}")
        return Writer(self, row, pick).text(tree)

    def values(self):
        """What the table's formulas give: each cell's number, by Python's own arithmetic."""
        found, row_values = {}, {}
        for row in range(self.first, self.last + 1):
            before, row_values = row_values, {}

            def leaf(name, offset, before=before, now=row_values):
                if name == "LR":
                    return self.d.rate
                return before[name] if offset else now[name] if name in now else compute(name)

            def compute(name, row=row, now=row_values, leaf=leaf):
                given = name[0] in "it" or name not in self.formulas or (row == self.first and name in self.start)
                value = (
                    row - self.d.header
                    if name == "iteration"
                    else self.start[name]
                    if given
                    else number(self.formulas[name], leaf)
                )
                return now.setdefault(name, value)

            for name in self.names:
                found[row, self.columns[name]] = float(compute(name))
        return found

    def set_formula(self, name, rows, tree):
        for row in rows:
            self.cells[row, self.columns[name]] = "=" + self.written(tree, row)

    @property
    def table_range(self):
        """The cells of Excel's own table."""
        ends = ((self.d.left, self.d.header), (self.after - 1, self.last))
        return ":".join(f"{column_name(column)}{row}" for column, row in ends)

    def package(self, others=(), **chart):
        return package([self, *others], **chart)
