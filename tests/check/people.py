"""What real people write besides: percent signs, -x^2, LET, arrays, parameter lists, sheets named Bob's.

Opt-in: `people(seed)` gives what `Design.any` or `mutated` take, `expected` the verdicts that a right sheet may get.
"""

import random

from tests.check.writing import Array

SHEETS = [
    "Bob's",
    "it's 'my' own",
    "a b",
    "Лист 1",
    "学习率",
    "Übung 2",
    "A1",
    "AB12",
    "R1C1",
    "RC",
    "2024",
    "0.5",
    "LR=0.5",
]
SHEETS += ["TRUE", "3-4", "x!y", "a&b", "1st run", "E", "Run(1)", "-1", "h1", "one, two", "#1", "“η”"]
FORMS = ["percent", "minus square", "average", "if", "let", "table references", "one-cell array", "row array", "spill"]
FORMS += ["whole columns"]
MAY_NOT_BE_JUDGED = {"let", "table references", "one-cell array", "row array", "spill", "whole columns"}
PARAMETERS = ["left", "right", "above", "sheet", "names"]


def people(seed, forms=None, parameters=None, **given):
    """The fields of a design as somebody may have made it; `forms` and `parameters` pin what is to be in it."""
    pick = random.Random(f"people {seed}")
    forms = frozenset(pick.sample(FORMS, pick.choice([0, 1, 1, 2]))) if forms is None else frozenset(forms)
    listed = pick.choice(["", *PARAMETERS]) if parameters is None else parameters
    found = {
        "sheet": pick.choice(SHEETS),
        "forms": forms,
        "parameters": listed,
        "parameter_columns": not listed or pick.random() < 0.7,
        "bias": pick.choice([False] * 5 + [True, "unit", "one", "held"]),
        "sizes": pick.choice([(2, 2, 2)] * 4 + [(3, 2, 2), (2, 3, 2), (2, 2, 1)]),
    }
    if listed:
        found["constants"] = "block"
    if listed == "left":
        found["left"] = pick.choice([5, 6])
    if listed == "above":
        found["header"] = pick.randint(34, 40)
    if forms & {"row array", "spill"}:
        found["order"] = "pairs"
    if "percent" in forms and pick.random() < 0.5:
        found["rate_at"] = "literal"
    if "table references" in forms:
        found["helpers"] = False
    return found | given


def expected(sheet):
    """The verdicts that a right sheet may get: never wrong."""
    hard = sheet.d.forms & MAY_NOT_BE_JUDGED or sheet.d.bias in ("one", "held")
    return {"right", "not judged"} if hard else {"right"}


def arrays(sheet):
    """The columns that hold array formulas."""
    return {column for (_, column), value in sheet.cells.items() if isinstance(value, Array)}
