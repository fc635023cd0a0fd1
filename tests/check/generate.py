"""Backpropagation sheets of every shape, right and with known faults, written without any of gradsheet's code.

A formula is a small tree of tuples whose leaves name a variable and a row offset; `written` puts it into a cell in one
of many equal forms. The right formulas are spelled out here a second time, on purpose.
"""

import math
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
    rate_at: str = "cell"  # cell, literal, column, computed, name or sheet
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
            "rate_at": pick.choice(["cell"] * 6 + ["literal", "column", "computed", "name", "sheet"]),
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
        self.elsewhere = {}
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
                given = name[0] in "it" or (row == self.first and name in self.start)
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

    def package(self, others=(), **chart):
        return package([self, *others], **chart)


def number(tree, leaf):
    """A tree's value; `leaf(name, offset)` gives a variable's."""
    if tree[0] == "var":
        return leaf(tree[1], tree[2])
    if tree[0] == "num":
        return float(tree[1])
    parts = [number(part, leaf) if isinstance(part, tuple) else part for part in tree[1:]]
    match tree[0]:
        case "+":
            return math.fsum(parts)
        case "-":
            return parts[0] - parts[1]
        case "*":
            return math.prod(parts)
        case "^":
            return parts[0] ** parts[1]
        case "sigma":
            return 1 / (1 + math.exp(-parts[0]))
    raise ValueError(tree)


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
                return tree[1].format(row=self.row, higher=self.row - 4)
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
            if self.d.rate_at == "name":
                return "learning_rate"
            if self.d.rate_at == "sheet":
                return "Parameters!$B$2" if self.pick.random() < 0.5 else "'Parameters'!$B$2"
            return self.sheet.fixed(self.sheet.rate_cell)
        if offset == 0 and name in self.sheet.block and self.d.shuffle and self.pick.random() < 0.3:
            return self.sheet.fixed(self.sheet.block[name])
        look = self.pick.random() if self.d.shuffle else 1.0
        cell = self.sheet.ref(name, self.row + offset, "c" if look < 0.05 else "")
        return f"'{self.d.sheet}'!{cell}" if 0.05 <= look < 0.08 else cell.lower() if 0.08 <= look < 0.1 else cell


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument."


def package(sheets, charts=(), values=None, program=None):
    """An .xlsx of these sheets (tables on one sheet if they share its name) as bytes.

    `charts` go onto the first sheet: dicts with title, name, steps and values (references). `program` is named in
    docProps/app.xml.
    """
    cells = {}
    for sheet in sheets:
        cells.setdefault(sheet.d.sheet, {}).update(sheet.cells)
        if sheet.elsewhere:
            cells.setdefault("Parameters", {}).update(sheet.elsewhere)
    parts = {
        f"xl/worksheets/sheet{k}.xml": _sheet(c, values, bool(charts) and k == 1)
        for k, c in enumerate(cells.values(), 1)
    }
    types = dict.fromkeys(parts, f"{KIND}spreadsheetml.worksheet+xml")
    tags = "".join(f'<sheet name="{escape(n)}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(cells, 1))
    named = next((s for s in sheets if s.d.rate_at == "name"), None)
    if named is not None:
        where = f"'{named.d.sheet}'!{named.fixed(named.rate_cell)}"
        tags += f'</sheets><definedNames><definedName name="learning_rate">{where}</definedName></definedNames>'
    else:
        tags += "</sheets>"
    parts["xl/workbook.xml"] = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{tags}</workbook>'
    types["xl/workbook.xml"] = f"{KIND}spreadsheetml.sheet.main+xml"
    links = [(f"r{k}", "worksheet", f"worksheets/sheet{k}.xml") for k in range(1, len(cells) + 1)]
    parts["xl/_rels/workbook.xml.rels"] = _links(links)
    parts["_rels/.rels"] = _links([("r1", "officeDocument", "xl/workbook.xml")])
    if charts:
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = _links([("r1", "drawing", "../drawings/drawing1.xml")])
        parts["xl/drawings/drawing1.xml"] = (
            '<wsDr xmlns="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"/>'
        )
        types["xl/drawings/drawing1.xml"] = f"{KIND}drawing+xml"
        several = [(f"r{k}", "chart", f"../charts/chart{k}.xml") for k in range(1, len(charts) + 1)]
        parts["xl/drawings/_rels/drawing1.xml.rels"] = _links(several)
        for k, chart in enumerate(charts, 1):
            parts[f"xl/charts/chart{k}.xml"] = _chart(**chart)
            types[f"xl/charts/chart{k}.xml"] = f"{KIND}drawingml.chart+xml"
    if program:
        space = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
        parts["docProps/app.xml"] = f'<Properties xmlns="{space}"><Application>{program}</Application></Properties>'
    overrides = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in types.items())
    defaults = '<Default Extension="xml" ContentType="application/xml"/>'
    defaults += (
        f'<Default Extension="rels" ContentType="{KIND.replace("officedocument.", "package.")}relationships+xml"/>'
    )
    parts["[Content_Types].xml"] = f'<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for part, text in parts.items():
            archive.writestr(zipfile.ZipInfo(part), text)
    return out.getvalue()


def _links(links):
    inner = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in links)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _sheet(cells, values, drawing):
    link = '<drawing r:id="r1"/>' if drawing else ""
    return (
        f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{_rows(cells, values)}</sheetData>{link}</worksheet>'
    )


def _chart(title="", name=None, steps=None, values=None):
    space = "http://schemas.openxmlformats.org/drawingml/2006/"
    words = f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{escape(title)}</a:t></a:r></a:p></c:rich></c:tx></c:title>"

    def of(tag, kind, reference):
        return f"<c:{tag}><c:{kind}><c:f>{escape(reference)}</c:f></c:{kind}></c:{tag}>" if reference else ""

    series = of("tx", "strRef", name) + of("cat", "numRef", steps) + of("val", "numRef", values)
    return (
        f'<c:chartSpace xmlns:c="{space}chart" xmlns:a="{space}main"><c:chart>{words}<c:plotArea><c:lineChart>'
        f"<c:ser>{series}</c:ser></c:lineChart></c:plotArea></c:chart></c:chartSpace>"
    )


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
