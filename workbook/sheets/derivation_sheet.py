"""The hidden sheet behind a learning-rate sheet that shows the derivation of one chosen weight.

It finds the weight's layer, unit and source from the name in the yellow cell, and holds the forms of all derivations
(`derivation_forms`): texts joined from pieces that stay and names that follow, numbers from the table's first row. Only
the lines of the chosen weight's form are filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from workbook.parts.page import Page, Value
from workbook.parts.references import a1, absolute, quoted
from workbook.sheets.derivation_forms import (
    INDEX,
    LEARNED,
    OUT,
    SOURCE,
    UNIT,
    WEIGHT,
    Family,
    Form,
    Parts,
    Role,
    number_ranges,
)
from xlfuncs import explain
from xlfuncs.expression import excel, variables
from xlfuncs.network import Network

if TYPE_CHECKING:
    from workbook.sheets.chosen_weight import Panel
    from workbook.sheets.layout import Layout

FIRST_CHOSEN = "w1"
LITERAL, FORMULA = 250, 7_500  # characters of a text in a formula, and of a formula, with some to spare

# Where its parts stand: what follows from the name; weights behind the unit; families; lines.
FIRST = 4
NAMED, LETTER, NUMBER, FAMILY, NAME, PLACE, INDEX_CELL, UNIT_CELL, SOURCE_CELL, LINE, COUNT, JOINS = (
    f"$B${FIRST + k}" for k in range(12)
)
VALUES_ROW = FIRST + 13
OUT_COLUMN, FAMILY_COLUMN, LINE_COLUMN = 4, 8, 21


def name_of(rate_sheet: str) -> str:
    """LR=0.1 ∂w: the hidden sheet behind LR=0.1."""
    return f"{rate_sheet} ∂w"  # Excel takes 31 characters, and a learning rate may have 23


def write(page: Page, layout: Layout, panel: Panel, rate_sheet: str, row: dict[str, float]) -> None:
    """Fill the sheet behind `rate_sheet` and its panel; `row` holds iteration 1's numbers."""
    page.sheet.sheet_state = "hidden"
    page.put("A1", f"The derivation on {rate_sheet}, line by line", "heading")
    page.put("A2", "Names and numbers follow the yellow cell there; only the chosen weight's lines are filled.", "note")
    families = panel.families
    table = _Table(quoted(rate_sheet), layout)
    _write_families(page, layout.network, families)
    _write_choice(page, table, families, panel.choice)
    _write_outgoing(page, table, families, row)
    values = _write_values(page, table, families, row)
    _write_lines(page, table, families, values, row)


def lines_column(families: list[Family], place: int) -> str:
    """The cells of all symbols (place 0), texts (1) or numbers (2)."""
    count = sum(len(form.lines) for family in families for form in family.forms)
    letter = get_column_letter(LINE_COLUMN + place)
    return f"${letter}${FIRST}:${letter}${FIRST + count - 1}"


@dataclass(frozen=True)
class _Table:
    """Iteration 1 of the learning-rate sheet `sheet` (quoted), from another sheet."""

    sheet: str
    layout: Layout

    def cell(self, variable: str) -> str:
        """A variable's cell."""
        return f"{self.sheet}!{self.layout.cell(variable, self.layout.first_row)}"

    def value_of(self, label: str) -> str:
        """The number under the label that a cell holds; nothing where there is no such column."""
        head, first = (
            f"{self.sheet}!{self.layout.row_range(row)}" for row in (self.layout.header_row, self.layout.first_row)
        )
        return f'IFERROR(INDEX({first},MATCH({label},{head},0)),"")'


_FAMILY_HEADS = (
    "letter", "first number", "inputs", "source", "unit", "numbered", "first line", "lines a unit", "lines",
    "units behind", "first weight behind", "units",
)  # fmt: skip


def _family_cells(head: str, count: int) -> str:
    """A column of the families' table."""
    letter = get_column_letter(FAMILY_COLUMN + _FAMILY_HEADS.index(head))
    return f"${letter}${FIRST}:${letter}${FIRST + count - 1}"


def _write_families(page: Page, network: Network, families: list[Family]) -> None:
    line = 1
    for k, head in enumerate(_FAMILY_HEADS):
        page.put(a1(FIRST - 1, FAMILY_COLUMN + k), head, "label left")
    for row, family in enumerate(families, start=FIRST):
        count = len(family.forms[0].lines)
        last = family.depth == len(network.layers) - 1 or not family.numbered
        behind = [] if last else network.weights_by_layer[family.depth + 1]
        facts = [
            family.letter, family.first, family.inputs, family.source, family.unit, int(family.numbered),
            line, count if len(family.forms) > 1 else 0, count,
            0 if last else network.layers[family.depth + 1].size, int(behind[0].name[1:]) if behind else 0,
            network.layers[family.depth].size,
        ]  # fmt: skip
        for k, fact in enumerate(facts):
            page.put(a1(row, FAMILY_COLUMN + k), fact)
        line += count * len(family.forms)


def _write_choice(page: Page, table: _Table, families: list[Family], yellow: str) -> None:
    """From the name in the yellow cell to the weight's layer, unit and source."""
    network = table.layout.network

    def fact(head: str) -> str:
        return f"INDEX({_family_cells(head, len(families))},{FAMILY})"

    search, before = "0", len(families)
    for letter, (low, high) in reversed(number_ranges(network).items()):
        count = sum(family.letter == letter for family in families)
        before -= count
        cells = _family_cells("first number", len(families)).split(":")
        column = cells[0].rstrip("0123456789")
        firsts = f"{column}{FIRST + before}:{column}{FIRST + before + count - 1}"
        inside = f"AND({NUMBER}>={low},{NUMBER}<={high},{NUMBER}=INT({NUMBER}))"
        search = f'IF({LETTER}="{letter}",IF({inside},{before}+MATCH({NUMBER},{firsts},1),0),{search})'
    weight = network.weight(FIRST_CHOSEN)
    choice = f"{table.sheet}!{absolute(yellow)}"
    source = f'IF({fact("source")}="","",{fact("source")}&(MOD({PLACE},{fact("inputs")})+1))'
    facts: list[tuple[str, str, Value]] = [
        ("named", f"TRIM({choice})", FIRST_CHOSEN),
        ("letter", f"LOWER(LEFT({NAMED},1))", WEIGHT),
        ("number", f"IFERROR(VALUE(MID({NAMED},2,9)),0)", 1),
        ("family, 0 for none", search, 1),
        (LEARNED, f'IF({FAMILY}=0,"",{LETTER}&{NUMBER})', FIRST_CHOSEN),
        ("place in its layer, from 0", f"IF({FAMILY}=0,0,{NUMBER}-{fact('first number')})", 0),
        ("number of its unit", f"IF({FAMILY}=0,0,INT({PLACE}/{fact('inputs')})+1)", 1),
        (UNIT, f'IF({FAMILY}=0,"",{fact("unit")}&IF({fact("numbered")}=1,{INDEX_CELL},""))', weight.target),
        (SOURCE, f'IF({FAMILY}=0,"",{source})', weight.source),
        ("first line", f"IF({FAMILY}=0,0,{fact('first line')}+{fact('lines a unit')}*({INDEX_CELL}-1))", 1),
        ("lines", f"IF({FAMILY}=0,0,{fact('lines')})", len(families[0].forms[0].lines)),
        (
            "joins",
            f'IF({FAMILY}=0,"",IF({SOURCE_CELL}="","",{SOURCE_CELL}&" ")&"→ "&{UNIT_CELL})',
            f"{weight.source} → {weight.target}",
        ),
    ]
    for at, (label, formula, value) in enumerate(facts, start=FIRST):
        page.put(f"A{at}", label, "label left")
        page.formula(f"B{at}", formula, value)


def _write_outgoing(page: Page, table: _Table, families: list[Family], row: dict[str, float]) -> None:
    """The weights that lead out of the chosen weight's unit, with their numbers."""
    network = table.layout.network
    for k, head in enumerate(("number", "weight behind", "its value")):
        page.put(a1(FIRST - 1, OUT_COLUMN + k), head, "label left")
    behind, first, units = (
        f"INDEX({_family_cells(head, len(families))},{FAMILY})"
        for head in ("units behind", "first weight behind", "units")
    )
    known = network.outgoing(0, 0) if len(network.layers) > 1 else []
    for k in range(max((layer.size for layer in network.layers[1:]), default=0)):
        number, name, value = (a1(FIRST + k, OUT_COLUMN + place, "rc") for place in range(3))
        weight = f'"w"&({first}+{k}*{units}+{INDEX_CELL}-1)'
        page.put(a1(FIRST + k, OUT_COLUMN), k + 1)
        shown = known[k].name if k < len(known) else ""
        page.formula(name.replace("$", ""), f'IF({FAMILY}=0,"",IF({number}>{behind},"",{weight}))', shown)
        page.formula(value.replace("$", ""), f'IF({name}="","",{table.value_of(name)})', row[shown] if shown else "")


def _write_values(page: Page, table: _Table, families: list[Family], row: dict[str, float]) -> dict[Parts, str]:
    """The numbers of the variables whose names follow the choice; returns the cell of each by its name's parts."""
    network = table.layout.network
    found: dict[Parts, str] = {}
    for form in (form for family in families for form in family.forms):
        used = {variable for line in form.lines if line.formula for variable in variables(line.formula)}
        for variable, parts in form.variables.items():
            if variable not in used or parts in found or _role(parts).kind == OUT:
                continue
            at = VALUES_ROW + len(found)
            found[parts] = f"$B${at}"
            shown = _shown(parts, network)
            page.formula(f"A{at}", _joined(parts), shown, "label left")
            page.formula(f"B{at}", table.value_of(f"$A${at}"), row.get(shown.replace("∂E/∂", "grad_"), ""))
    return found


def _role(parts: Parts) -> Role:
    return next(part for part in parts if isinstance(part, Role))


def _shown(parts: Parts, network: Network) -> str:
    """What the parts say of the first weight."""
    weight = network.weight(FIRST_CHOSEN)
    behind = network.outgoing(0, 0) if len(network.layers) > 1 else []
    names = {Role(LEARNED): weight.name, Role(UNIT): weight.target, Role(INDEX): "1", Role(SOURCE): weight.source}
    names |= {Role(OUT, k): out.name for k, out in enumerate(behind, start=1)}
    return "".join(part if isinstance(part, str) else names.get(part, "") for part in parts)


_CELLS = {LEARNED: NAME, UNIT: UNIT_CELL, INDEX: INDEX_CELL, SOURCE: SOURCE_CELL}


def _joined(parts: Parts) -> str:
    """A formula of the text: its pieces joined, the changing names from their cells."""
    return "&".join(map(_piece, _cut(parts)))


def _piece(part: str | Role) -> str:
    if isinstance(part, str):
        return f'"{part}"'
    return _CELLS.get(part.kind) or a1(FIRST + part.number - 1, OUT_COLUMN + 1, "rc")


def _cut(parts: Parts) -> Parts:
    """The parts with no text longer than a formula may hold."""
    cut: list[str | Role] = []
    for part in parts:
        if isinstance(part, Role):
            cut.append(part)
        else:
            cut += [part[k : k + LITERAL] for k in range(0, len(part), LITERAL)]
    return tuple(cut)


def _groups(parts: Parts) -> list[Parts]:
    """The parts in as many groups as they need formulas."""
    groups: list[list[str | Role]] = [[]]
    room = FORMULA
    for part in _cut(parts):
        needed = len(_piece(part)) + 1
        if needed > room:
            groups.append([])
            room = FORMULA
        groups[-1].append(part)
        room -= needed
    return [tuple(group) for group in groups]


def _write_lines(
    page: Page, table: _Table, families: list[Family], values: dict[Parts, str], row: dict[str, float]
) -> None:
    """Each form's lines: symbol, text, number, empty unless the chosen weight is of that form."""
    for k, head in enumerate(("symbol", "text", "number")):
        page.put(a1(FIRST - 1, LINE_COLUMN + k), head, "label left")
    network = table.layout.network
    numbers = [number for _, _, number in explain.lines(network, FIRST_CHOSEN, row)]
    top = FIRST
    for form in (form for family in families for form in family.forms):
        is_first = top == FIRST  # the first weight's
        chosen = f"{LINE}={top - FIRST + 1}"

        def fill(cell: str, content: str, value: Value, chosen=chosen, is_first=is_first) -> None:
            page.formula(cell, f'IF({chosen},{content},"")', value if is_first else "")

        for k, (line, formula) in enumerate(zip(form.lines, _numbers(form, table, values, top), strict=True)):
            at = top + k
            fill(a1(at, LINE_COLUMN), _joined(line.symbol), _shown(line.symbol, network))
            groups = _groups(line.text)
            text = _joined(groups[0])
            if len(groups) > 1:  # joined in further cells of the row first
                cells = [a1(at, LINE_COLUMN + 3 + place) for place in range(len(groups))]
                for cell, group in zip(cells, groups, strict=True):
                    fill(cell, _joined(group), _shown(group, network))
                text = "&".join(cells)
            fill(a1(at, LINE_COLUMN + 1), text, _shown(line.text, network))
            fill(a1(at, LINE_COLUMN + 2), formula, numbers[k] if is_first else "")
        top += len(form.lines)


def _numbers(form: Form, table: _Table, values: dict[Parts, str], top: int) -> list[str]:
    """The formulas of a form's numbers, the first line's being its result; `top` is the row of that."""
    lines = {line.key: a1(top + k, LINE_COLUMN + 2) for k, line in enumerate(form.lines) if line.key}

    def reference(variable: str, _: bool) -> str:
        if variable in lines:
            return lines[variable]
        parts = form.variables.get(variable)
        if parts is None:
            return table.cell(variable)
        role = _role(parts)
        if role.kind == OUT:
            return a1(FIRST + role.number - 1, OUT_COLUMN + 2)
        return values[parts]

    found = [excel(line.formula, reference) for line in form.lines if line.formula]
    if len(found[-1]) > FORMULA:  # the whole gradient of a layer before very many outputs
        found[-1] = table.value_of(f'"∂E/∂"&{NAME}')
    return [a1(top + len(form.lines) - 1, LINE_COLUMN + 2), *found]
