"""Backpropagation sheets of every shape, right and with known faults, written without any of gradsheet's code.

A formula is a small tree of tuples whose leaves name a variable and a row offset; `written` puts it into a cell in one
of many equal forms. The right formulas are spelled out here a second time, on purpose.
"""

import random
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from xml.sax.saxutils import escape

LABELS = [
    {"a_": "a_", "E": "E", "total": "E_total", "grad": "∂E/∂w{}", "iteration": "Iteration"},
    {"a_": "out_", "E": "E", "total": "E_tot", "grad": "dE_total/dw{}", "iteration": "Step"},
    {"a_": "act_", "E": "e", "total": "E Total", "grad": "E∂w{}", "iteration": "epoch"},
    {"a_": "a_", "E": "E", "total": "E_T", "grad": "∂E_T/∂W{}", "iteration": "No"},
    {"a_": "A_", "E": "E", "total": "Etotal", "grad": "δE_tot/δw{}", "iteration": "iteration "},
    {"a_": "out_", "E": "E", "total": "Etot", "grad": "dw{}", "iteration": "#"},
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


def column_name(index):
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def var(name, offset=0):
    return ("var", name, offset)


def num(value):
    return ("num", value)


def add(*terms):
    return ("+", *terms)


def mul(*factors):
    return ("*", *factors)


def sub(a, b):
    return ("-", a, b)


@dataclass
class Design:
    """One sheet's look: where the table stands and how it is written."""

    random: random.Random
    sizes: tuple = (2, 2, 2)
    bias: bool = False
    header: int = 1
    left: int = 1
    rows: int = 6
    labels: dict = field(default_factory=lambda: LABELS[0])
    order: str = "usual"
    rate_at: str = "cell"  # cell, literal or column
    constants: str = "typed"  # typed, above or block
    helpers: bool = False
    shuffle: bool = False
    iteration: bool = True
    rate: float = 0.5
    sheet: str = "Sheet1"

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
            "rate_at": pick.choice(["cell"] * 6 + ["literal", "column", "computed"]),
            "constants": pick.choice(["typed", "typed", "above", "block"]),
            "helpers": pick.random() < 0.25,
            "shuffle": True,
            "iteration": pick.random() < 0.5,
            "rate": pick.choice([0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 5.0]),
        }
        return cls(pick, **{**chosen, **given})


def right_formulas(sizes, bias):
    """Every computed variable's right formula for rows after the first."""
    n_in, n_hidden, n_out = sizes
    hidden, outs = range(1, n_hidden + 1), range(1, n_out + 1)
    w_in = {(j, k): f"w{(j - 1) * n_in + k}" for j in hidden for k in range(1, n_in + 1)}
    w_out = {(m, j): f"w{n_hidden * n_in + (m - 1) * n_hidden + j}" for m in outs for j in hidden}
    weights = [*w_in.values(), *w_out.values()]
    found = {w: sub(var(w, -1), mul(var("LR"), var(f"grad_{w}", -1))) for w in weights}
    for j in hidden:
        terms = [mul(var(w_in[j, k]), var(f"i{k}")) for k in range(1, n_in + 1)] + ([var("b1")] if bias else [])
        found[f"h{j}"] = add(*terms) if len(terms) > 1 else terms[0]
        found[f"a_h{j}"] = ("sigma", var(f"h{j}"))
    for m in outs:
        terms = [mul(var(w_out[m, j]), var(f"a_h{j}")) for j in hidden] + ([var("b2")] if bias else [])
        found[f"o{m}"] = add(*terms) if len(terms) > 1 else terms[0]
        found[f"a_o{m}"] = ("sigma", var(f"o{m}"))
        found[f"E{m}"] = mul(num("0.5"), ("^", sub(var(f"t{m}"), var(f"a_o{m}")), 2))
    found["E_total"] = add(*[var(f"E{m}") for m in outs]) if n_out > 1 else var("E1")

    def delta(m):
        a = var(f"a_o{m}")
        return [sub(a, var(f"t{m}")), a, sub(num("1"), a)]

    def back(j):
        paths = [mul(*delta(m), var(w_out[m, j])) for m in outs]
        a = var(f"a_h{j}")
        return [add(*paths) if n_out > 1 else paths[0], a, sub(num("1"), a)]

    for (j, k), w in w_in.items():
        found[f"grad_{w}"] = mul(*back(j), var(f"i{k}"))
    for (m, j), w in w_out.items():
        found[f"grad_{w}"] = mul(*delta(m), var(f"a_h{j}"))
    if bias:
        found["grad_b1"] = add(*[mul(*back(j)) for j in hidden])
        found["grad_b2"] = add(*[mul(*delta(m)) for m in outs]) if n_out > 1 else mul(*delta(1))
        for b in ("b1", "b2"):
            found[b] = sub(var(b, -1), mul(var("LR"), var(f"grad_{b}", -1)))
    return found, weights


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
        self._fill()

    def _order(self):
        d = self.d
        n_in, n_hidden, n_out = d.sizes
        t, i = [f"t{k + 1}" for k in range(n_out)], [f"i{k + 1}" for k in range(n_in)]
        cut = n_in * n_hidden
        w1, w2 = self.weights[:cut], self.weights[cut:]
        if d.bias:
            w1, w2 = [*w1, "b1"], [*w2, "b2"]
        h = [x for j in range(1, n_hidden + 1) for x in (f"h{j}", f"a_h{j}")]
        o = [x for m in range(1, n_out + 1) for x in (f"o{m}", f"a_o{m}")]
        if d.order == "pairs":
            h, o = sorted(h, key=lambda x: x.startswith("a_")), sorted(o, key=lambda x: x.startswith("a_"))
        e = [f"E{m}" for m in range(1, n_out + 1)] + ["E_total"]
        g = [f"grad_{w}" for w in self.weights] + (["grad_b1", "grad_b2"] if d.bias else [])
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
        elif d.rate_at != "literal":
            row, column = self.rate_cell
            self.cells[row, column - 1] = pick.choice(RATE_LABELS)
            self.cells[row, column] = d.rate if d.rate_at == "cell" else f"={d.rate * 2!r}/2"
        n_in, _, n_out = d.sizes
        start = {f"i{k + 1}": round(0.05 * (k + 1), 2) for k in range(n_in)}
        start |= {f"t{k + 1}": pick.choice([0.5, 0.01, 0.99]) for k in range(n_out)}
        start |= {w: round(0.1 + 0.05 * (k + 1), 2) for k, w in enumerate(self.weights)} | {"b1": 0.35, "b2": 0.6}
        self.start = start
        if d.constants == "block":
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
        if name[0] in "it":
            if d.constants == "above" and row > self.first:
                return f"={self.ref(name, row - 1)}"
            return f"={self.fixed(self.block[name])}" if d.constants == "block" else start[name]
        if row == self.first and name in start:
            return start[name]
        return "=" + self.written(self.formulas[name], row)

    def fixed(self, place):
        return f"${column_name(place[1])}${place[0]}"

    def ref(self, name, row, fixed=""):
        return f"{'$' if 'c' in fixed else ''}{column_name(self.columns[name])}{'$' if 'r' in fixed else ''}{row}"

    def written(self, tree, row, seed=None):
        """The tree as a formula of that row; the same look in every row of a column."""
        pick = random.Random(f"{self.d.rate}{tree}{seed}{self.d.header}")
        return Writer(self, row, pick).text(tree)

    def set_formula(self, name, rows, tree):
        for row in rows:
            self.cells[row, self.columns[name]] = "=" + self.written(tree, row)

    def package(self, others=(), **chart):
        return package([self, *others], **chart)


class Writer:
    """Writes a tree in one of many equal forms."""

    def __init__(self, sheet, row, pick):
        self.sheet, self.row, self.pick, self.d = sheet, row, pick, sheet.d

    def text(self, tree):
        shuffle = self.d.shuffle
        match tree[0]:
            case "var":
                return self.leaf(tree)
            case "raw":
                return tree[1].format(row=self.row, above=self.row - 1)
            case "num":
                return self.pick.choice(["0.5", "1/2", "(1/2)"]) if tree[1] == "0.5" and shuffle else tree[1]
            case "sigma":
                return self.sigma(self.wrapped(tree[1]))
            case "^":
                inner = tree[1]
                if shuffle and inner[0] == "-" and self.pick.random() < 0.3:
                    inner = ("-", inner[2], inner[1])
                base = self.text(inner)
                forms = [f"({base})^2", f"POWER({base},2)", f"({base})*({base})"]
                return self.pick.choice(forms) if shuffle else forms[0]
            case "+":
                terms = list(tree[1:])
                if shuffle and not any(t[0] in "-" for t in terms):
                    self.pick.shuffle(terms)
                space = self.pick.choice(["", " "]) if shuffle else ""
                joined = f"{space}+{space}".join(self.text(t) for t in terms)
                return (
                    f"SUM({','.join(self.text(t) for t in terms)})" if shuffle and self.pick.random() < 0.1 else joined
                )
            case "-":
                return f"{self.text(tree[1])}-{self.wrapped(tree[2])}"
            case "neg":
                return f"-{self.wrapped(tree[1])}"
            case "*":
                return self.product(list(tree[1:]))
        raise ValueError(tree)

    def product(self, factors):
        shuffle = self.d.shuffle
        if shuffle:
            # A half written 1/2 has to lead: x*1/2 is the same, but 1/2 inside a shuffled power is not.
            lead = [f for f in factors if f == ("num", "0.5")]
            rest = [f for f in factors if f != ("num", "0.5")]
            rest = self.helped(rest)
            self.pick.shuffle(rest)
            if len(rest) > 1 and self.pick.random() < 0.1 and not lead:
                return f"PRODUCT({','.join(self.text(f) for f in rest)})"
            if len(rest) == 2 and self.pick.random() < 0.1 and rest[0][0] == "+" and rest[0][0] != "raw":
                return "+".join(f"{self.wrapped(t)}*{self.wrapped(rest[1])}" for t in rest[0][1:])
            factors = lead + rest
            if self.pick.random() < 0.05:
                return f"-1*-{'*'.join(self.wrapped(f) for f in factors)}"
        return "*".join(self.wrapped(f) for f in factors)

    def helped(self, factors):
        """a·(1−a) as one factor: a helper cell's, a−a², or as it is."""
        for a in [f for f in factors if f[0] == "var"]:
            slope = ("-", ("num", "1"), a)
            if slope in factors and factors.count(a) == 1:
                choice = self.pick.random()
                rest = [f for f in factors if f not in (a, slope)]
                if self.d.helpers and a[2] == 0 and choice < 0.7:
                    units = [n for n in self.sheet.names if n.startswith("a_")]
                    if a[1] not in units:
                        return factors
                    column = self.sheet.after + 2 + units.index(a[1])
                    return [*rest, ("raw", column_name(column) + "{row}")]
                if choice > 0.85:
                    x = self.leaf(a)
                    return [*rest, ("raw", f"({x}-{x}^2)")]
        return factors

    def wrapped(self, tree):
        text = self.text(tree)
        return text if tree[0] in ("var", "sigma") or (tree[0] in ("num", "raw") and "/" not in text) else f"({text})"

    def sigma(self, x):
        forms = [f"1/(1+EXP(-{x}))"] * 4
        forms += [f"1/(1+EXP(-1*{x}))", f"EXP({x})/(1+EXP({x}))", f"(1+EXP(-{x}))^-1", f"0.5+0.5*TANH({x}/2)"]
        forms += [f"1/(1+1/EXP({x}))", f"(1/(1+EXP({x}*-1)))", f"POWER(1+EXP(-{x}),-1)"]
        return self.pick.choice(forms) if self.d.shuffle else forms[0]

    def leaf(self, tree):
        _, name, offset = tree[:3]
        if name == "LR":
            if self.d.rate_at == "literal":
                return f"{self.d.rate!r}"
            if self.d.rate_at == "column":
                return f"{column_name(self.sheet.after)}{self.row}"
            return self.sheet.fixed(self.sheet.rate_cell)
        if offset == 0 and name in self.sheet.block and self.d.shuffle and self.pick.random() < 0.3:
            return self.sheet.fixed(self.sheet.block[name])
        return self.sheet.ref(name, self.row + offset)


def package(sheets, chart=None, values=None):
    """An .xlsx of these sheets (tables on one sheet if they share its name) as bytes."""
    names = list(dict.fromkeys(sheet.d.sheet for sheet in sheets))
    out = BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        types = "http://schemas.openxmlformats.org/package/2006/content-types"
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            + "".join(
                f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
                for k in range(1, len(names) + 1)
            )
            + "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        tags = "".join(f'<sheet name="{escape(n)}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(names, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{tags}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{k}" Type="{office}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(names) + 1)
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{rels}">{links}</Relationships>')
        for k, name in enumerate(names, 1):
            cells = {}
            for sheet in sheets:
                if sheet.d.sheet == name:
                    cells |= sheet.cells
            archive.writestr(
                f"xl/worksheets/sheet{k}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{_rows(cells, values)}</sheetData></worksheet>',
            )
    return out.getvalue()


def _rows(cells, values):
    rows = {}
    for (row, column), value in sorted(cells.items()):
        rows.setdefault(row, []).append(_xml_cell(row, column, value, (values or {}).get((row, column))))
    return "".join(f'<row r="{row}">{"".join(items)}</row>' for row, items in rows.items())


def _xml_cell(row, column, value, stored):
    place = f"{column_name(column)}{row}"
    if isinstance(value, str) and value.startswith("="):
        kind = ' t="e"' if isinstance(stored, str) else ""
        kept = "" if stored is None else f"<v>{stored!r}</v>" if not isinstance(stored, str) else f"<v>{stored}</v>"
        return f'<c r="{place}"{kind}><f>{escape(value[1:])}</f>{kept}</c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{float(value)!r}</v></c>'
