"""The sheet that a kind's pair describes, see `fault_kinds.Pair`: written without any of gradsheet's code."""

import re
from dataclasses import dataclass, field

from tests.check.forms import FIRST, HEADER, ROWS, Form, _constant, numbers, right
from tests.check.generate import Design, Sheet
from tests.check.writing import package

STRANGE = {(1, 40): 0.07, (2, 40): 0.05}  # AN1 and AN2: numbers in cells that nothing labels


@dataclass
class OfPair(Form):
    """A form of which single cells hold something else, and single formulas no number."""

    cells: dict = field(default_factory=lambda: {(2, 1): "LR", (2, 2): 0.5} | STRANGE)
    changed: dict = field(default_factory=dict)  # by variable and data row: a number, "" or a formula
    empty_row: int = 0
    typed_row: int = 0

    def text(self, formula, row):
        formula = re.sub(r"grad_w(\d+)", r"g\1", formula)
        formula = re.sub(r"\[(\w+)\$\]", lambda m: f"{self.cell(m[1], FIRST)[:-1]}${FIRST}", formula)
        formula = formula.replace("ɳ↓", f"B{row - FIRST + 1}").replace("ɳ", "$B$2")
        return super().text(formula, row)

    def xml_cells(self):
        found = super().xml_cells()
        for (name, number), text in self.changed.items():
            place = FIRST + number - 1, self.column(name)
            if text == "":
                del found[place]
            elif "[" not in text:
                found[place] = _constant(float(text))
        for name in self.columns:
            place = FIRST + self.typed_row - 1, self.column(name)
            if self.typed_row:
                found[place] = _constant(self.values[self.typed_row - 1][name])
            if self.empty_row:
                found.pop((FIRST + self.empty_row - 1, place[1]), None)
        return found


def sheet_of(at, text):
    """The workbook as bytes."""
    place, *words = at.split()
    form = OfPair()
    if place == "chart":
        return _with_chart(*map(int, text.split("-")))
    if place == "start":
        return _four_tables(words[0], text)
    if place == "rows":
        form.values = form.values[: int(text)]
    elif place == "row":
        form.typed_row = int(words[0]) if text == "typed" else 0
        form.empty_row = int(words[0]) if text == "empty" else 0
    elif place == "stored" and not words:
        form.stored = text != "nothing"
    elif place == "shown":
        form.formulas = right() | {words[0]: text}
        form.values = [row | {words[0]: "#N/A"} for row in form.values] if "VLOOKUP" in text else form.values
    elif place in ("stored", "values"):
        name, number = words[0], int(words[1]) - 1
        form.formulas = right() if place == "stored" else {}
        form.values = [dict(row) for row in form.values]
        form.values[number][name] = float(text or form.values[number][name])
    elif words:
        form.changed[place, int(words[0])] = text
    else:
        columns = [place.replace("*", number) for number in ("1", "2")] if "*" in place else [place]
        known = {name: text.replace("*]", f"{name[-1]}]") for name in columns}
        form.formulas = right() | {re.sub(r"^grad_w", "g", name): formula for name, formula in known.items()}
    return form.package()


def _with_chart(first, last):
    sheet = Sheet(Design.any(1, sizes=(2, 2, 2), bias=False, rate_at="cell", sheet="Sheet1", rows=ROWS))
    column = sheet.ref("E_total", 1)[:-1]
    chart = {
        "title": "Error",
        "name": f"Sheet1!${column}${sheet.d.header}",
        "values": f"Sheet1!${column}${sheet.first + first - 1}:${column}${sheet.first + last - 1}",
    }
    return sheet.package(charts=[chart], values=sheet.values())


def _four_tables(name, text):
    sheets = []
    for rate in (0.1, 0.2, 0.5, 1.0):
        design = Design.any(2, sizes=(2, 2, 2), bias=False, rate_at="cell", constants="typed")
        design.sheet, design.rate = f"LR {rate}", rate
        sheets.append(Sheet(design))
    if text:
        odd = sheets[1]
        odd.start[name] = float(text)
        odd.cells[odd.first, odd.columns[name]] = float(text)
    return package(sheets)


__all__ = ["FIRST", "HEADER", "numbers", "sheet_of"]
