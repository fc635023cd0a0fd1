"""Right tables written in the ways that real people write them, beyond what the generator varies: arrays, LET, INDEX,
table references, gradients inside the updates, other biases, other activations and errors.

The numbers come from plain Python, the derivatives from the definition of the network, nothing from gradsheet.
"""

import math
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from xml.sax.saxutils import escape

from tests.check.writing import KIND, MAIN, OFFICE, _links, column_name

HEADER, FIRST, ROWS = 5, 6, 8
TARGETS, INPUTS = ("t1", "t2"), ("i1", "i2")
W1, W2 = ("w1", "w2", "w3", "w4"), ("w5", "w6", "w7", "w8")
USUAL = [*TARGETS, *INPUTS, *W1, "h1", "a_h1", "h2", "a_h2", *W2, "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_total"]
GRADIENTS = [f"g{k}" for k in range(1, 9)]
START = {"t1": 0.01, "t2": 0.99, "i1": 0.05, "i2": 0.1} | {
    f"w{k}": value for k, value in enumerate((0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), 1)
}
BIASES = {"b1": 0.35, "b2": 0.6}


def sigma(x):
    return 1 / (1 + math.exp(-x))


ACTIVATIONS = {
    "sigmoid": (sigma, lambda a: a * (1 - a)),
    "tanh": (math.tanh, lambda a: 1 - a * a),
    "relu": (lambda x: max(x, 0.0), lambda a: 1.0 if a > 0 else 0.0),
    "identity": (lambda x: x, lambda a: 1.0),
}


def numbers(rate=0.5, rows=ROWS, biases=None, learned=False, hidden="sigmoid", output="sigmoid", share=0.5, start=None):
    """Each row's values by variable; `biases` gives each unit's, `share` of the squared error is E."""
    (f, df), (g, dg) = ACTIVATIONS[hidden], ACTIVATIONS[output]
    biases = biases or {}
    v = dict(START) | (start or {}) | {name: BIASES.get(name, 0.35) for name in set(biases.values())}
    found = []
    for _ in range(rows):
        v = dict(v)
        for j, (a, b) in enumerate((("w1", "w2"), ("w3", "w4")), 1):
            v[f"h{j}"] = v[a] * v["i1"] + v[b] * v["i2"] + v.get(biases.get(f"h{j}"), 0.0)
            v[f"a_h{j}"] = f(v[f"h{j}"])
        for k, (a, b) in enumerate((("w5", "w6"), ("w7", "w8")), 1):
            v[f"o{k}"] = v[a] * v["a_h1"] + v[b] * v["a_h2"] + v.get(biases.get(f"o{k}"), 0.0)
            v[f"a_o{k}"] = g(v[f"o{k}"])
            v[f"E{k}"] = share * (v[f"t{k}"] - v[f"a_o{k}"]) ** 2
        v["E_total"] = v["E1"] + v["E2"]
        d = {k: 2 * share * (v[f"a_o{k}"] - v[f"t{k}"]) * dg(v[f"a_o{k}"]) for k in (1, 2)}
        e = {j: (d[1] * v[f"w{4 + j}"] + d[2] * v[f"w{6 + j}"]) * df(v[f"a_h{j}"]) for j in (1, 2)}
        for k in range(4):
            v[f"g{k + 1}"] = e[1 + k // 2] * v[f"i{1 + k % 2}"]
            v[f"g{k + 5}"] = d[1 + k // 2] * v[f"a_h{1 + k % 2}"]
        for bias in set(biases.values()):
            units = [unit for unit, name in biases.items() if name == bias]
            v[f"g{bias}"] = sum((e if unit[0] == "h" else d)[int(unit[1])] for unit in units)
        found.append(v)
        v = {name: v[name] for name in (*START, *set(biases.values()))}
        for name in v:
            if name[0] == "w" or (learned and name[0] == "b"):
                v[name] = v[name] - rate * found[-1][f"g{name.removeprefix('w')}"]
    return found


SLOPE = {"sigmoid": "{a}*(1-{a})", "tanh": "(1-{a}^2)", "relu": "IF({a}>0,1,0)", "identity": "1"}
FUNCTION = {"sigmoid": "1/(1+EXP(-{x}))", "tanh": "TANH({x})", "relu": "MAX(0,{x})", "identity": "{x}"}


def right(hidden="sigmoid", output="sigmoid", biases=None, share="0.5*", factor=""):
    """Every variable's formula with [name] for its cell in the same row and [-name] for that of the row above."""
    biases = biases or {}
    found = {}
    for j, (a, b) in enumerate((("w1", "w2"), ("w3", "w4")), 1):
        bias = f"+[{biases[f'h{j}']}]" if f"h{j}" in biases else ""
        found[f"h{j}"] = f"[{a}]*[i1]+[{b}]*[i2]{bias}"
        found[f"a_h{j}"] = FUNCTION[hidden].format(x=f"[h{j}]")
    for k, (a, b) in enumerate((("w5", "w6"), ("w7", "w8")), 1):
        bias = f"+[{biases[f'o{k}']}]" if f"o{k}" in biases else ""
        found[f"o{k}"] = f"[{a}]*[a_h1]+[{b}]*[a_h2]{bias}"
        found[f"a_o{k}"] = FUNCTION[output].format(x=f"[o{k}]")
        found[f"E{k}"] = f"{share}([t{k}]-[a_o{k}])^2"
    found["E_total"] = "[E1]+[E2]"
    d = {k: f"{factor}([a_o{k}]-[t{k}])*{SLOPE[output].format(a=f'[a_o{k}]')}" for k in (1, 2)}
    e = {j: f"({d[1]}*[w{4 + j}]+{d[2]}*[w{6 + j}])*{SLOPE[hidden].format(a=f'[a_h{j}]')}" for j in (1, 2)}
    for k in range(4):
        found[f"g{k + 1}"] = f"{e[1 + k // 2]}*[i{1 + k % 2}]"
        found[f"g{k + 5}"] = f"{d[1 + k // 2]}*[a_h{1 + k % 2}]"
        found[f"w{k + 1}"] = f"[-w{k + 1}]-$B$2*[-g{k + 1}]"
        found[f"w{k + 5}"] = f"[-w{k + 5}]-$B$2*[-g{k + 5}]"
    for bias in set(biases.values()):
        units = [unit for unit, name in biases.items() if name == bias]
        found[f"g{bias}"] = "+".join((e if unit[0] == "h" else d)[int(unit[1])] for unit in units)
    return found


@dataclass
class Form:
    """A table to be written: its columns, formulas, numbers, and what else stands on the sheet."""

    columns: list = field(default_factory=lambda: [*USUAL, *GRADIENTS])
    formulas: dict = field(default_factory=right)
    values: list = field(default_factory=numbers)
    labels: dict = field(default_factory=dict)
    left: int = 1
    cells: dict = field(default_factory=lambda: {(2, 1): "LR", (2, 2): 0.5})
    constants: tuple = (*TARGETS, *INPUTS)  # typed in every row
    spans: dict = field(default_factory=dict)  # array formulas: variable to the number of columns they fill
    down: dict = field(default_factory=dict)  # array formulas of a whole column: variable to formula
    table: bool = False  # the rows are an Excel table
    names: dict = field(default_factory=dict)
    sheet: str = "Sheet1"
    stored: bool = True
    first_formulas: tuple = ()  # given variables with a formula in the first row too

    def column(self, name):
        return self.left + self.columns.index(name)

    def cell(self, name, row):
        return f"{column_name(self.column(name))}{row}"

    def text(self, formula, row):
        """The formula in that row: [w1] and [-w1] become cells, {row} the row's number."""
        for name in sorted(self.columns, key=len, reverse=True):
            formula = formula.replace(f"[-{name}]", self.cell(name, row - 1)).replace(f"[{name}]", self.cell(name, row))
        formula = formula.replace("«", "[").replace("»", "]")
        return formula.replace("{row}", str(row)).replace("{last}", str(FIRST + len(self.values) - 1))

    def label(self, name):
        given = self.labels.get(name)
        usual = f"∂E/∂w{name[1:]}" if name[1:].isdigit() else f"∂E/∂{name[1:]}"
        return given or (usual if name[0] == "g" else name)

    def xml_cells(self):
        """Every cell's XML by row and column."""
        found = {place: _constant(value) for place, value in self.cells.items()}
        covered = set()
        last = FIRST + len(self.values) - 1
        for name in self.columns:
            column = self.column(name)
            found[HEADER, column] = _constant(self.label(name))
            for k, values in enumerate(self.values):
                row = FIRST + k
                start = name in START or name in BIASES or name == "b"
                if name == "iteration":
                    found[row, column] = _constant(values.get(name, k + 1.0))
                elif (
                    name in self.constants
                    or name not in self.formulas
                    or (start and not k and name not in self.first_formulas)
                ):
                    found[row, column] = _constant(values.get(name, 0.5))
                elif (row, column) in covered or (name in self.down and k):
                    found[row, column] = _constant(values[name])
                else:
                    ref = None
                    if name in self.spans:
                        width = self.spans[name]
                        covered |= {(row, column + j) for j in range(width)}
                        ref = f"{self.cell(name, row)}:{column_name(column + width - 1)}{row}"
                    if name in self.down:
                        ref = f"{self.cell(name, FIRST)}:{self.cell(name, last)}"
                    value = values[name] if self.stored else None
                    found[row, column] = _formula(self.text(self.formulas[name], row), value, ref)
        return found

    def package(self):
        """The .xlsx as bytes."""
        rows = {}
        for (row, column), xml in sorted(self.xml_cells().items()):
            rows.setdefault(row, []).append(xml.format(place=f"{column_name(column)}{row}"))
        data = "".join(f'<row r="{row}">{"".join(cells)}</row>' for row, cells in rows.items())
        tables = '<tableParts count="1"><tablePart r:id="r1"/></tableParts>' if self.table else ""
        defined = "".join(f'<definedName name="{n}">{escape(t)}</definedName>' for n, t in self.names.items())
        parts = {
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{data}</sheetData>'
            f"{tables}</worksheet>",
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="{escape(self.sheet)}" '
            f'sheetId="1" r:id="r1"/></sheets>{f"<definedNames>{defined}</definedNames>" if defined else ""}</workbook>',
            "xl/_rels/workbook.xml.rels": _links([("r1", "worksheet", "worksheets/sheet1.xml")]),
            "_rels/.rels": _links([("r1", "officeDocument", "xl/workbook.xml")]),
            "docProps/app.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
            'extended-properties"><Application>Microsoft Excel</Application></Properties>',
        }
        types = {
            "xl/worksheets/sheet1.xml": f"{KIND}spreadsheetml.worksheet+xml",
            "xl/workbook.xml": f"{KIND}spreadsheetml.sheet.main+xml",
        }
        if self.table:
            area = f"{self.cell(self.columns[0], HEADER)}:{self.cell(self.columns[-1], FIRST + len(self.values) - 1)}"
            columns = "".join(
                f'<tableColumn id="{k}" name="{escape(self.label(name))}"/>' for k, name in enumerate(self.columns, 1)
            )
            parts["xl/tables/table1.xml"] = (
                f'<table xmlns="{MAIN}" id="1" name="Net" displayName="Net" ref="{area}"><autoFilter ref="{area}"/>'
                f'<tableColumns count="{len(self.columns)}">{columns}</tableColumns></table>'
            )
            parts["xl/worksheets/_rels/sheet1.xml.rels"] = _links([("r1", "table", "../tables/table1.xml")])
            types["xl/tables/table1.xml"] = f"{KIND}spreadsheetml.table+xml"
        overrides = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in types.items())
        rels = KIND.replace("officedocument.", "package.") + "relationships+xml"
        parts["[Content_Types].xml"] = (
            f'<Types xmlns="{MAIN.replace("spreadsheetml/2006/main", "package/2006/content-types")}">'
            f'<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="{rels}"/>'
            f"{overrides}</Types>"
        )
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for part, text in parts.items():
                archive.writestr(zipfile.ZipInfo(part), text)
        return out.getvalue()


def _constant(value):
    if isinstance(value, str):
        if value.startswith("="):
            return _formula(value[1:], None, None)
        return f'<c r="{{place}}" t="inlineStr"><is><t>{_kept(value)}</t></is></c>'
    return f'<c r="{{place}}"><v>{float(value)!r}</v></c>'


def _formula(text, value, ref):
    kind = f' t="array" ref="{ref}"' if ref else ""
    stored = "" if value is None else f"<v>{value}</v>"
    error = ' t="e"' if isinstance(value, str) else ""
    return f'<c r="{{place}}"{error}><f{kind}>{_kept(text)}</f>{stored}</c>'


def _kept(text):
    return escape(text).replace("{", "{{").replace("}", "}}")


SHARED = {"h1": "b", "h2": "b", "o1": "b", "o2": "b"}
LAYERS = {"h1": "b1", "h2": "b1", "o1": "b2", "o2": "b2"}
WITH_BIASES = [*TARGETS, *INPUTS, *W1, "b1", *USUAL[8:12], *W2, "b2", *USUAL[16:], *GRADIENTS]
WITH_ONE = [*TARGETS, *INPUTS, "b", *USUAL[4:], *GRADIENTS]


def _whole_column(name, formula):
    """One array formula for a column's eight rows."""
    return Form(formulas=right() | {name: formula}, down={name: True})


def _inside():
    """No gradient columns: each update holds its gradient, written with the cells of the row above."""
    formulas = right()
    inside = {f"w{k}": f"[-w{k}]-$B$2*({formulas[f'g{k}'].replace('[', '[-')})" for k in range(1, 9)}
    return Form(columns=USUAL, formulas=formulas | inside)


def _changed(**formulas):
    return Form(formulas=right() | formulas)


def _of_table(**formulas):
    changed = {name: text.replace("[@w4]", "Net[[#This Row],«w4»]") for name, text in formulas.items()}
    return Form(formulas=right() | changed, table=True)


def _named_columns():
    """Names for whole columns: =w1*i1+w2*i2."""
    form = Form()
    form.names = {
        f"{name}_": f"Sheet1!${column_name(form.column(name))}:${column_name(form.column(name))}"
        for name in form.columns
    }
    for k in (1, 2):
        form.formulas[f"h{k}"] = f"w{2 * k - 1}_*i1_+w{2 * k}_*i2_"
        form.formulas[f"a_h{k}"] = f"1/(1+EXP(-h{k}_))"
    return form


def _table():
    """An Excel table: Net[[#This Row],[w1]] instead of cells."""
    form = Form(table=True)
    for name, formula in form.formulas.items():
        for other in form.columns:
            formula = formula.replace(f"[{other}]", f"Net[[#This Row],«{form.label(other)}»]")
        form.formulas[name] = formula
    return form


def _parameters(**at):
    """A list of the start values left of the table, in the header's row and below: its labels repeat the header."""
    form = Form(left=5)
    for k, name in enumerate((*INPUTS, *TARGETS, *W1, *W2)):
        form.cells[HEADER + k, 1], form.cells[HEADER + k, 2] = name, START[name]
    form.cells |= at
    return form


def _instead_of_columns(names=False):
    """Inputs and targets only in a list left of the table, from the header's row down, by reference or by name."""
    at = {name: f"$B${HEADER + k}" for k, name in enumerate((*INPUTS, *TARGETS))}
    formulas = right()
    for name, place in at.items():
        shown = f"{name[0]}_{name[1]}" if names else place
        formulas = {key: text.replace(f"[{name}]", shown) for key, text in formulas.items()}
    form = Form([*USUAL[4:], *GRADIENTS], formulas, left=5)
    for k, name in enumerate(at):
        form.cells[HEADER + k, 1] = f"the number {k}" if names else name
        form.cells[HEADER + k, 2] = START[name]
    if names:
        form.names = {f"{name[0]}_{name[1]}": f"Sheet1!{place}" for name, place in at.items()}
    return form


RIGHT = {
    "gradients inside the updates": _inside,
    "Gradient w.r.t. w1": lambda: Form(labels={f"g{k}": f"Gradient w.r.t. w{k}" for k in range(1, 9)}),
    "grad w1": lambda: Form(labels={f"g{k}": f"grad w{k}" for k in range(1, 9)}),
    "ð": lambda: Form(labels={f"g{k}": f"ðE/ðw{k}" for k in range(1, 9)}),
    "∇": lambda: Form(labels={f"g{k}": f"∇w{k}" for k in range(1, 9)}),
    "Δ": lambda: Form(labels={f"g{k}": f"ΔE/Δw{k}" for k in range(1, 9)}),
    "fixed biases": lambda: Form(
        WITH_BIASES, right(biases=LAYERS), numbers(biases=LAYERS), constants=(*TARGETS, *INPUTS, "b1", "b2")
    ),
    "fixed biases, copied down": lambda: Form(
        WITH_BIASES, right(biases=LAYERS) | {"b1": "[-b1]", "b2": "[-b2]"}, numbers(biases=LAYERS)
    ),
    "fixed biases beside the table": lambda: Form(
        formulas={
            name: text.replace("[b1]", "$E$2").replace("[b2]", "$G$2") for name, text in right(biases=LAYERS).items()
        },
        values=numbers(biases=LAYERS),
        cells={(2, 1): "LR", (2, 2): 0.5, (2, 4): "b1", (2, 5): 0.35, (2, 6): "b2", (2, 7): 0.6},
    ),
    "one fixed bias for all units": lambda: Form(
        WITH_ONE, right(biases=SHARED), numbers(biases=SHARED), constants=(*TARGETS, *INPUTS, "b")
    ),
    "one learned bias for all units": lambda: Form(
        [*WITH_ONE, "gb"],
        right(biases=SHARED) | {"b": "[-b]-$B$2*[-gb]"},
        numbers(biases=SHARED, learned=True),
    ),
    "one bias labelled b1 for all units": lambda: Form(
        [*WITH_ONE, "gb"],
        right(biases=SHARED) | {"b": "[-b]-$B$2*[-gb]"},
        numbers(biases=SHARED, learned=True),
        labels={"b": "b1", "gb": "∂E/∂b1"},
    ),
    "table references": _table,
    "a table's column by INDEX": lambda: _of_table(
        a_h1="1/(1+EXP(-INDEX(Net«h1»,ROW()-5)))", h2="[w3]*[i1]+[@w4]*[i2]"
    ),
    "names for whole columns": _named_columns,
    "MMULT": lambda: _changed(
        h1="MMULT([w1]:[w2],TRANSPOSE([i1]:[i2]))", h2="SUMPRODUCT([w3]:[w4],[i1]:[i2])", E_total="SUM([E1]:[E2])"
    ),
    "INDEX and ROW": lambda: _changed(
        a_h1=f"1/(1+EXP(-INDEX({column_name(9)}:{column_name(9)},ROW())))",
        w1="INDEX($E$6:$E$13,ROW()-6)-$B$2*OFFSET([g1],-1,0)",
        h2="INDEX([w3]:[w4],1)*[i1]+INDEX([w3]:[w4],1,2)*[i2]",
    ),
    "LET": lambda: _changed(
        a_h1="_xlfn.LET(_xlpm.x,[h1],1/(1+EXP(-_xlpm.x)))",
        g5="_xlfn.LET(_xlpm.a,[a_o1],_xlpm.d,(_xlpm.a-[t1])*_xlpm.a*(1-_xlpm.a),_xlpm.d*[a_h1])",
    ),
    "a spilled row": lambda: Form(
        columns=[
            *TARGETS,
            *INPUTS,
            *W1,
            "h1",
            "h2",
            "a_h1",
            "a_h2",
            *W2,
            "o1",
            "o2",
            "a_o1",
            "a_o2",
            *USUAL[20:],
            *GRADIENTS,
        ],
        formulas=right() | {"a_h1": "1/(1+EXP(-[h1]:[h2]))", "E1": "0.5*([t1]:[t2]-[a_o1]:[a_o2])^2"},
        spans={"a_h1": 2, "E1": 2},
    ),
    "a spilled MMULT": lambda: Form(
        columns=[
            *TARGETS,
            *INPUTS,
            *W1,
            "h1",
            "h2",
            "a_h1",
            "a_h2",
            "w5",
            "w7",
            "w6",
            "w8",
            "o1",
            "o2",
            *USUAL[17:18],
            "a_o2",
            *USUAL[20:],
            *GRADIENTS,
        ],
        formulas=right() | {"o1": "[a_h1]*[w5]:[w7]+[a_h2]*[w6]:[w8]"},
        spans={"o1": 2},
    ),
    "a spilled column": lambda: _whole_column("E1", "0.5*(A6:A13-R6:R13)^2"),
    "IF and AVERAGE": lambda: _changed(
        a_h1='IF([h1]="","",1/(1+EXP(-[h1])))', E_total="2*AVERAGE([E1],[E2])", E1="50%*([t1]-[a_o1])^2"
    ),
    "-x^2": lambda: _changed(E1="0.5*(-([a_o1]-[t1]))^2", a_h1="IFERROR(1/(1+EXP(-[h1])),0)"),
    "a rate column labelled n": lambda: Form(
        columns=["iteration", *USUAL, *GRADIENTS],
        formulas={name: text.replace("$B$2", "[-iteration]") for name, text in right().items()},
        values=[row | {"iteration": 0.5} for row in numbers()],
        labels={"iteration": "n"},
        cells={},
    ),
    "a rate labelled n": lambda: Form(cells={(2, 1): "n", (2, 2): 0.5}),
    "a parameter list with the header's labels": _parameters,
    "parameters instead of columns": _instead_of_columns,
    "named parameters instead of columns": lambda: _instead_of_columns(names=True),
    "a list beside that formulas read": lambda: Form(
        cells={(2, 1): "LR", (2, 2): 0.5, (1, 4): "first input", (1, 5): 0.05},
        formulas=right() | {"h1": "[w1]*$E$1+[w2]*[i2]"},
    ),
    "a sheet with an apostrophe": lambda: Form(
        sheet="Anna's", formulas=right() | {"a_h1": "1/(1+EXP(-'Anna''s'![h1]))"}
    ),
}
"""Right tables that have to be called right."""

OTHER = {
    "tanh": lambda: Form(formulas=right("tanh", "tanh"), values=numbers(hidden="tanh", output="tanh")),
    "tanh in the hidden layer": lambda: Form(formulas=right("tanh"), values=numbers(hidden="tanh")),
    "ReLU": lambda: Form(formulas=right("relu"), values=numbers(hidden="relu")),
    "no activation function": lambda: Form(formulas=right("sigmoid", "identity"), values=numbers(output="identity")),
    "squared error without ½": lambda: Form(formulas=right(share="", factor="2*"), values=numbers(share=1.0)),
    "squared error without ½ inside": lambda: _without_half_inside(),
    "biases that stand in no column": lambda: Form(
        formulas={
            name: text.replace("[b1]", "0.35").replace("[b2]", "0.6") for name, text in right(biases=LAYERS).items()
        },
        values=numbers(biases=LAYERS),
    ),
}
"""Right tables of networks that aren't judged yet, with words of the reason."""


def _without_half_inside():
    form = _inside()
    twice = {f"w{k}": form.formulas[f"w{k}"].replace("$B$2*", "2*$B$2*") for k in range(1, 9)}
    values = numbers(share=1.0)
    return Form(USUAL, form.formulas | twice | {f"E{k}": f"([t{k}]-[a_o{k}])^2" for k in (1, 2)}, values)


@dataclass
class _Momentum(Form):
    """Each weight follows a column of its own, 0.9 of the one above plus the gradient: long enough to outgrow a formula
    into which the cells above are put."""

    def __post_init__(self):
        own = {f"v{k}": f"0.9*[-v{k}]+[g{k}]" for k in range(1, 9)}
        self.columns = [*self.columns, *own]
        self.formulas = self.formulas | own | {f"w{k}": f"[-w{k}]-$B$2*[-v{k}]" for k in range(1, 9)}
        self.values, start, velocity = [], {}, dict.fromkeys(own, 0.0)
        for _ in range(40):
            (row,) = numbers(rows=1, start=start)
            velocity = {v: 0.9 * velocity[v] + row[f"g{v[1:]}"] for v in own}
            self.values.append(row | velocity)
            start = {f"w{k}": row[f"w{k}"] - 0.5 * velocity[f"v{k}"] for k in range(1, 9)}

    def text(self, formula, row):
        return super().text(formula if row > FIRST or not formula.startswith("0.9") else formula.partition("+")[2], row)


OTHER["an update rule with momentum"] = _Momentum
UNJUDGED = {
    "VLOOKUP": lambda: _changed(i1="[i1]", h1="VLOOKUP([i1],A1:B2,2)+[w1]*[i1]+[w2]*[i2]"),
    "another workbook": lambda: _changed(h1="[1]Sheet1!A1+[w1]*[i1]"),
    "can't be read": lambda: _changed(h1="[w1]*[i1]+[w2]*[i2]+SUM({{1,2}})".replace("{{", "{").replace("}}", "}")),
    "SIGMOID": lambda: _changed(a_h1="SIGMOID([h1])"),
}
"""Tables with formulas that can't be judged, by words of the reason."""
