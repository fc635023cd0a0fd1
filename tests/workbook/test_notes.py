"""What Start says of a network that can't learn: counted here from LibreOffice's own numbers, row by row."""

import re

import pytest
from openpyxl import load_workbook

from workbook import build
from workbook.sheets.layout import Layout, sheet_name
from workbook.sheets.notes import NOTES
from xlfuncs.spec import Spec

RATES = [0.1, 0.5]
HEALTHY = (
    "2-3-2 relu sigmoid bias=unit",
    [0.5, 1.0],
    [0.1, 0.9],
    [0.5, 0.2, 0.3, 0.4, 0.1, 0.3, 0.8, 0.8, 0.8, 0.4, 0.5, 0.6, 0.1, 0.2, 0.3, 0.1, 0.1],
)
TANH = ("2-2-2 tanh", [0.5, 1.0], [0.1, 0.9], [0.5, 0.2, 0.3, 0.4, 0.1, 0.3, 0.4, 0.5])
LINEAR = ("2-2-1 identity", [0.5, 1.0], [0.1], [0.5, 0.2, 0.3, 0.4, 0.1, 0.3])


def built(case, path, rates=RATES, iterations=30, **options):
    line, inputs, targets, weights = case
    network = Spec.parse(line).network(inputs, targets, weights)
    build.build(path, network, rates, iterations, **options)
    return Layout(network, iterations)


def said(start):
    """The notes among a sheet's rows."""
    cells = [str(row[1]) for row in start if len(row) > 1 and row[1]]
    first = cells.index("What to notice") + 1 if "What to notice" in cells else len(cells)
    assert [cell for cell in cells if re.match(r"ɳ = \S+:|… and", cell)] == cells[first:]
    return cells[first:]


def asleep_since(rows, layout, variable, awake):
    """From which row on a column is at its end, counted as a person does: from the last row up."""
    place = layout.network.column_names.index(variable)
    column = [row[place] for row in rows[layout.first_row - 1 : layout.last_row]]
    found = 0
    for k in range(len(column), 0, -1):
        if awake(column[k - 1]):
            break
        found = k
    return found


def test_a_healthy_network_has_no_notes(tmp_path, libreoffice):
    built(HEALTHY, tmp_path / "a.xlsx")
    assert said(libreoffice.recalculate(tmp_path / "a.xlsx")["Start"]) == []


def test_the_exercise_as_published_stays_without_notes(default_book):
    assert NOTES not in load_workbook(default_book, read_only=True).sheetnames


def test_dead_relus(tmp_path, libreoffice):
    """h1 and h2 die of a step that is too large, h3 is dead from the start; at the other learning rate only h3 is."""
    layout = built(HEALTHY, tmp_path / "a.xlsx")
    sheets = libreoffice.recalculate(
        tmp_path / "a.xlsx", {"Start": {"C11": -9.0}, "LR=0.5": {layout.learning_rate: 30.0}}
    )
    expected = []
    for rate, shown in ((0.1, "0.1"), (0.5, "30")):
        rows = sheets[sheet_name(rate)]
        dead = [(u, asleep_since(rows, layout, f"a_{u}", lambda a: a > 0)) for u in ("h1", "h2", "h3")]
        named = [f"{unit} since iteration {at}" for unit, at in dead if at]
        expected.append(f"ɳ = {shown}: {', '.join(named).replace(' since', ' has been 0 since', 1)}.")
    notes = [note for note in said(sheets["Start"]) if "has been 0" in note]
    assert [note.partition(" A dead ReLU")[0] for note in notes] == expected
    assert "h3 has been 0 since iteration 1." in expected[0]
    assert "," in expected[1]


def test_saturated_units(tmp_path, libreoffice):
    layout = built(TANH, tmp_path / "a.xlsx")
    sheets = libreoffice.recalculate(
        tmp_path / "a.xlsx", {"Start": {"C9": 9.0}, "LR=0.5": {layout.learning_rate: 90.0}}
    )
    notes = [note for note in said(sheets["Start"]) if "saturated" in note]
    place = layout.network.column_names.index("E_total")
    for rate, shown in ((0.1, "0.1"), (0.5, "90")):
        rows = sheets[sheet_name(rate)]
        errors = [row[place] for row in rows[layout.first_row - 1 : layout.last_row]]
        flat = {
            unit: asleep_since(rows, layout, f"a_{unit}", lambda a: abs(a) < 0.999) for unit in ("h1", "h2", "o1", "o2")
        }
        note = next((note for note in notes if note.startswith(f"ɳ = {shown}:")), "")
        assert bool(note) == (errors[-1] > 0.1 * errors[0] and any(flat.values()))
        for unit in ("h1", "h2"):
            assert (f"{unit} " in note and f"since iteration {flat[unit]}" in note) == bool(note and flat[unit])
    assert notes


def test_a_rate_that_diverges_or_does_not_learn(tmp_path, libreoffice):
    layout = built(LINEAR, tmp_path / "a.xlsx", iterations=8)
    learning_rate = layout.learning_rate

    def notes(rate):
        return said(libreoffice.recalculate(tmp_path / "a.xlsx", {"LR=0.1": {learning_rate: rate}})["Start"])

    assert notes(0.1) == []
    assert notes(1e-6) == [
        "ɳ = 0.000001: E_total has hardly changed. A larger ɳ, more iterations or other start weights may help."
    ]
    assert notes(8.0) and "is higher at the end than at the beginning" in notes(8.0)[0]
    sheets = libreoffice.recalculate(tmp_path / "a.xlsx", {"LR=0.1": {learning_rate: 1e4}})
    place = layout.network.column_names.index("E_total")
    errors = [row[place] for row in sheets["LR=0.1"][layout.first_row - 1 : layout.last_row]]
    first = next(k for k, error in enumerate(errors, start=1) if isinstance(error, str))
    assert said(sheets["Start"])[0] == (
        f"ɳ = 10000: the numbers are too large for a cell from iteration {first} on. The steps are too large; use a "
        f"smaller ɳ."
    )


@pytest.mark.parametrize("formulas", ["native", "values"])
def test_the_cached_notes_are_those_of_the_numbers(formulas, tmp_path, libreoffice):
    """At the moment of building, and with more of them than Start has lines."""
    line = "2-8-2 relu tanh"
    spec = Spec.parse(line)
    case = (line, [0.5, 1.0], [0.1, 0.9], [-0.5] * 12 + [0.4] * (spec.weight_count - 12))
    path = tmp_path / "a.xlsx"
    built(case, path, [0.1 + k / 100 for k in range(12)], 5, formulas=formulas)
    book = load_workbook(path, data_only=True)
    cached = said([["" if cell is None else cell for cell in row] for row in book["Start"].iter_rows(values_only=True)])
    assert cached == said(libreoffice.recalculate(path)["Start"])
    assert "h1 has been 0 since iteration 1, h2 since iteration 1, h3 since iteration 1 and 3 more." in cached[0]
    assert (NOTES in book.sheetnames) == (formulas == "native")


def test_more_notes_than_lines(tmp_path, libreoffice):
    path = tmp_path / "a.xlsx"
    built(("2-2-2 relu", [0.5, 1.0], [0.1, 0.9], [-0.5] * 4 + [0.4] * 4), path, [0.1 + k / 100 for k in range(12)], 5)
    values = load_workbook(path, data_only=True)
    cells = [str(row[1]) for row in values["Start"].iter_rows(values_only=True) if row[1]]
    assert re.fullmatch(r"… and \d+ more of this kind\.", cells[-1])
    assert libreoffice.recalculate(path)["Start"][-1][1] == cells[-1]
