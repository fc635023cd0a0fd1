"""Writing a formula in one of many equal forms: what real people write."""

from tests.check.writing import Array, column_name, quoted


class Writer:
    """Writes a tree in one of many equal forms."""

    def __init__(self, sheet, row, pick):
        self.sheet, self.row, self.pick, self.d = sheet, row, pick, sheet.d

    @property
    def lists(self):
        """Whether functions of lists can be used: SUM(h) would add up a whole column named h."""
        return "whole columns" not in self.d.forms

    def writes(self, form):
        """Whether this formula is written in that form; one in two is, so that forms meet each other."""
        return self.d.shuffle and form in self.d.forms and self.pick.random() < 0.5

    def text(self, tree):
        shuffle = self.d.shuffle
        match tree[0]:
            case "var":
                return self.leaf(tree)
            case "raw":
                return tree[1].format(row=self.row, higher=self.row - 4)
            case "num" if tree[1] == "0.5" and self.writes("percent"):
                return "50%"
            case "num":
                return self.pick.choice(["0.5", "1/2", "(1/2)"]) if tree[1] == "0.5" and shuffle else tree[1]
            case "sigma":
                return self.sigma(self.wrapped(tree[1]))
            case "^":
                inner = tree[1]
                if shuffle and inner[0] == "-" and self.pick.random() < 0.3:
                    inner = ("-", inner[2], inner[1])
                base = self.text(inner)
                if self.writes("minus square"):
                    return f"(-({base})^2)"  # in a spreadsheet the sign binds more tightly: the square of -x
                forms = [f"({base})^2", f"POWER({base},2)", f"({base})*({base})"]
                return self.pick.choice(forms) if shuffle else forms[0]
            case "+":
                terms = list(tree[1:])
                if self.lists and self.writes("average"):
                    return f"{len(terms)}*AVERAGE({','.join(self.text(t) for t in terms)})"
                if shuffle and not any(t[0] in "-" for t in terms):
                    self.pick.shuffle(terms)
                space = self.pick.choice(["", " "]) if shuffle else ""
                joined = f"{space}+{space}".join(self.text(t) for t in terms)
                return (
                    f"SUM({','.join(self.text(t) for t in terms)})"
                    if shuffle and self.pick.random() < 0.1 and self.lists
                    else joined
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
            if len(rest) > 1 and self.pick.random() < 0.1 and not lead and self.lists:
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
        if self.writes("if"):
            return f"IF({x}<-700,0,1/(1+EXP(-{x})))"
        if self.writes("let"):
            return f"_xlfn.LET(_xlpm.s,{x},1/(1+EXP(-_xlpm.s)))"
        forms = [f"1/(1+EXP(-{x}))"] * 4
        forms += [f"1/(1+EXP(-1*{x}))", f"EXP({x})/(1+EXP({x}))", f"(1+EXP(-{x}))^-1", f"0.5+0.5*TANH({x}/2)"]
        forms += [f"1/(1+1/EXP({x}))", f"(1/(1+EXP({x}*-1)))", f"POWER(1+EXP(-{x}),-1)"]
        return self.pick.choice(forms) if self.d.shuffle else forms[0]

    def leaf(self, tree):
        _, name, offset = tree[:3]
        if name == "LR":
            if self.d.rate_at == "literal" and self.writes("percent"):
                return f"{round(100 * self.d.rate)}%"
            if self.d.rate_at == "literal":
                return f"{self.d.rate!r}"
            if self.d.rate_at == "column":
                return f"{column_name(self.sheet.after)}{self.row}"
            if self.d.rate_at == "name":
                return "learning_rate"
            if self.d.rate_at == "sheet":
                return "Parameters!$B$2" if self.pick.random() < 0.5 else "'Parameters'!$B$2"
            return self.sheet.fixed(self.sheet.rate_cell)
        if name not in self.sheet.columns:
            return self.sheet.parameter(name)
        if offset == 0 and self._listed(name) and self.d.shuffle and self.pick.random() < 0.3:
            return self.sheet.parameter(name)
        if offset == 0 and self.writes("table references"):
            return f"{self.sheet.table}[[#This Row],[{self.sheet.label(name)}]]"
        if offset == 0 and self.writes("whole columns"):
            return f"col_{name}"
        look = self.pick.random() if self.d.shuffle else 1.0
        cell = self.sheet.ref(name, self.row + offset, "c" if look < 0.05 else "")
        return f"{quoted(self.d.sheet)}!{cell}" if 0.05 <= look < 0.08 else cell.lower() if 0.08 <= look < 0.1 else cell

    def _listed(self, name):
        """Whether it is an input or target with a cell of its own outside the table."""
        return name in self.sheet.block and name[0] in "it"


def put_arrays(sheet):
    """Activations of a row as one array formula, E_total as an array in one cell: {=1/(1+EXP(-K5:L5))}.

    The activations have to be neighbours (order "pairs").
    """
    forms = sheet.d.forms
    for row in range(sheet.first, sheet.last + 1):
        for letter, count in (("h", sheet.d.sizes[1]), ("o", sheet.d.sizes[2])):
            if count > 1 and forms & {"row array", "spill"}:
                ends = [sheet.ref(f"{letter}{k}", row) for k in (1, count)]
                until = sheet.ref(f"a_{letter}{count}", row)
                array = Array(f"1/(1+EXP(-{ends[0]}:{ends[1]}))", until, "spill" in forms)
                sheet.cells[row, sheet.columns[f"a_{letter}1"]] = array
                for k in range(2, count + 1):
                    sheet.cells[row, sheet.columns[f"a_{letter}{k}"]] = Array()
        if "one-cell array" in forms:
            place = row, sheet.columns["E_total"]
            ends = [sheet.ref(f"E{k}", row) for k in (1, sheet.d.sizes[2])]
            sheet.cells[place] = Array(f"SUM({ends[0]}:{ends[1]}*1)", sheet.ref("E_total", row))
