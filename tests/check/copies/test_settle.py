"""The parts of mending, each by itself: what may be written, what proves it, and what is taken back."""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import openpyxl
import pytest

from tests.check.formulas import mul, num, sub, var
from tests.check.generate import Design, Sheet
from tests.check.mutate import everywhere, mutated
from tests.check.people import SHEETS
from tests.check.writing import Array, column_name, package
from workbook.check.checker import check_book
from workbook.check.copies.cells import bonds_of
from workbook.check.copies.mending import mend
from workbook.check.copies.table_proof import matrix_table, unlike
from workbook.check.judge.another_network import consistent
from workbook.check.meaning.dependence import Dependence
from workbook.check.meaning.recalculate import Calculation, CellError, NotRecalculated, lacking, recalculate
from workbook.check.read.formula import parse, reference
from workbook.check.read.reader import read_book
from workbook.parts.references import a1, absolute, on_sheet, quoted, unquoted
from xlfuncs.expected_table import Blueprint, blueprint_of


def plain(**given):
    """A right sheet without any variety."""
    fields = {"header": 6, "left": 1, "rows": 6, "sizes": (2, 2, 2), "order": "pairs", "constants": "typed"}
    fields |= {"rate_at": "cell", "shuffle": False, "helpers": False, "iteration": False, "bias": False, "rate": 0.5}
    return Sheet(Design.any(5, **{**fields, **given}))


def wrong_sheet(name="grad_w1", **given):
    """One whose gradient has a wrong sign in every row, and the mended places."""
    sheet = plain(**given)
    rows = range(sheet.first, sheet.last + 1)
    sheet.set_formula(name, rows, ("neg", sheet.formulas[name]))
    return sheet


def mended(tmp_path, sheet, content=None):
    """What was said, and the formulas of the copy's first sheet."""
    path, out = tmp_path / "wrong.xlsx", tmp_path / "mended.xlsx"
    path.write_bytes(content or sheet.package(values=values_of(sheet)))
    book = read_book(path)
    report, tables = check_book(book)
    return mend(book, report, tables, out), out


def values_of(sheet):
    """Every cell's value, by another engine than the generator's: the sheet is wrong."""
    places = [
        (sheet.d.sheet, *place) for place, cell in sheet.cells.items() if isinstance(cell, str) and cell[0] == "="
    ]
    found = recalculate(sheet.package(), places)
    return {place[1:]: value for place, value in found.items() if isinstance(value, float)}


def cells_of(path):
    """Each cell's formula (or None) and value, of the first sheet."""
    page = read_book(path).sheets[0]
    return {
        (r, c): (cell.formula is not None, cell.value) for r, cells in page.rows.items() for c, cell in cells.items()
    }


def part_of(content, name, change):
    """The package with one part changed."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            target.writestr(info, change(data.decode()).encode() if info.filename == name else data)
    return out.getvalue()


# References.


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheets_name_survives_quoting(name):
    assert unquoted(quoted(name)) == name
    ref = reference(on_sheet(name, "$B$3", "elsewhere"), 1, 1)
    assert ref.kind == "ref" and ref.value.sheet == name and ref.value.at(9, 9) == (3, 2)
    (parsed,) = parse(on_sheet(name, "B3") + "+1", 5, 5).refs
    assert parsed.sheet == name


def test_references():
    assert quoted("Bob's") == "'Bob''s'" and unquoted("Sheet1") == "Sheet1" and unquoted("'") == "'"
    assert on_sheet("S", "A1", "S") == on_sheet(None, "A1") == "A1" and on_sheet("S", "A1", "T") == "'S'!A1"
    assert a1(41, 28) == "AB41" and a1(41, 28, fixed="rc") == "$AB$41" and a1(2, 1, fixed="r") == "A$2"
    assert absolute("H17") == "$H$17"


# The right table.


@pytest.mark.parametrize("bias", [False, True, "unit"])
@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 2, 2), (2, 3, 1), (1, 2, 2)])
def test_the_table_by_matrices_is_the_generators(sizes, bias):
    sheet = plain(sizes=sizes, bias=bias)
    blueprint = blueprint_of(sheet.columns)
    found = matrix_table(blueprint, sheet.start, np.full(sheet.d.rows, sheet.d.rate))
    values = sheet.values()
    for name, column in sheet.columns.items():
        wanted = [values[row, column] for row in range(sheet.first, sheet.last + 1)]
        assert found[name] == pytest.approx(wanted, rel=1e-12, abs=1e-16), name


def test_weights_numbered_by_input_and_biases_held():
    blueprint = Blueprint((2, 3, 2), (("h1", "b1"), ("h2", "b1"), ("o1", "b2")), by_input=True)
    start = {name: 0.1 * k for k, name in enumerate(["i1", "i2", "t1", "t2", *blueprint.learned, "b1", "b2"], 1)}
    simulated = blueprint.simulate(start, 0.5, 4)
    found = matrix_table(blueprint, start, np.full(4, 0.5))
    for name in blueprint.formulas.keys() - {"iteration"}:
        assert found[name] == pytest.approx(simulated[name], rel=1e-12), name
    held = matrix_table(blueprint, start, np.full(4, 0.5), learning=False)
    assert set(held["b1"]) == {start["b1"]} and held["E_total"][0] == found["E_total"][0] != held["E_total"][1]


def test_each_row_has_its_own_learning_rate():
    sheet = plain()
    blueprint = blueprint_of(sheet.columns)
    found = matrix_table(blueprint, sheet.start, np.array([0.5, 2.0, 0.0, 0.0]))
    steps = found["w1"][:-1] - found["w1"][1:]
    assert steps == pytest.approx([0.5 * found["grad_w1"][0], 2.0 * found["grad_w1"][1], 0.0], rel=1e-9)


@pytest.mark.parametrize(
    ("place", "off", "right"),
    [
        (("E_total", 3), 1e-8, False),
        (("E_total", 3), 1e-13, True),
        (("grad_w2", 2), 1e-4, False),
        (("grad_w2", 2), 1e-12, True),
        (("grad_w3", 2), 1e-4, True),  # not among the cells asked for
        (("w1", 0), 0.01, False),  # a start value: another table
    ],
)
def test_what_is_unlike_the_right_table(tmp_path, place, off, right):
    sheet = plain()
    path = tmp_path / "right.xlsx"
    path.write_bytes(sheet.package(values=sheet.values()))
    _, (table,) = check_book(read_book(path))
    values = {(sheet.d.sheet, *at): value for at, value in sheet.values().items()}
    values[sheet.d.sheet, *sheet.rate_cell] = sheet.d.rate
    name, row = place
    values[sheet.d.sheet, sheet.first + row, sheet.columns[name]] *= 1 + off
    reason = unlike(table, values.get, {("grad_w2", sheet.first + 2)})
    assert (reason is None) == right, reason
    values[sheet.d.sheet, *sheet.rate_cell] = "text"
    assert unlike(table, values.get, set()) == "its start values or its learning rate aren't known"


# Another network.


def without_half():
    """E = (t − a)² and gradients to it: another error, calculated rightly."""
    sheet = plain()
    for m in (1, 2):
        slope = sub(var(f"a_o{m}"), var(f"t{m}"))
        sheet.formulas = {name: everywhere(tree, slope, mul(num("2"), slope)) for name, tree in sheet.formulas.items()}
        sheet.formulas[f"E{m}"] = ("^", sub(var(f"t{m}"), var(f"a_o{m}")), 2)
    for name, tree in sheet.formulas.items():
        sheet.set_formula(name, range(sheet.first + (name in sheet.start), sheet.last + 1), tree)
    return sheet


def test_another_network_is_left_alone(tmp_path):
    sheet = without_half()
    text, out = mended(tmp_path, sheet)
    assert text.startswith("0 formulas mended.")
    assert cells_of(out) == cells_of(tmp_path / "wrong.xlsx")


@pytest.mark.parametrize(("sheet", "own"), [(plain(), True), (without_half(), True), (wrong_sheet(), False)])
def test_gradients_are_held_against_differences(tmp_path, sheet, own):
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(sheet.package(values=values_of(sheet)))
    book = read_book(path)
    _, (table,) = check_book(book)
    calculation = Calculation(path.read_bytes())

    def value_of(place):
        return calculation.values([place])[place]

    assert consistent(table, calculation, value_of) == own
    total = (sheet.d.sheet, sheet.first, sheet.columns["E_total"])
    assert value_of(total) == pytest.approx(values_of(sheet)[total[1:]], rel=1e-12)  # put back as it was


# What is bound together.


def test_bonds():
    xml = (
        b'<worksheet xmlns="m"><sheetData><row r="1"><c r="A1"><f t="array" ref="A1:B1">C1:D1*2</f><v>1</v></c><c r="B1">'
        b'<v>2</v></c><c r="E1"><f t="array" ref="E1">SUM(C1:D1)</f></c><c r="F1"><f t="dataTable" ref="F1" r1="A9"/></c>'
        b'</row></sheetData><mergeCells count="1"><mergeCell ref="C3:D5"/></mergeCells></worksheet>'
    )
    bonds = bonds_of(xml)
    assert [(joint.range, joint.data_table) for joint in bonds.arrays] == [("A1:B1", False), ("F1:F1", True)]
    assert bonds.hidden_under(3, 3) is None and bonds.hidden_under(5, 3) == "C3:D5" and bonds.hidden_under(6, 3) is None


def test_an_array_that_reaches_beyond_the_wrong_cells_is_left_alone(tmp_path):
    """The last gradient and a cell beside the table in one array."""
    sheet = plain()
    column = sheet.columns["grad_w8"]
    assert column == sheet.after - 1
    for row in range(sheet.first, sheet.last + 1):
        text = "-" + sheet.written(sheet.formulas["grad_w8"], row)
        sheet.cells[row, column] = Array(text, f"{column_name(column + 1)}{row}")
        sheet.cells[row, column + 1] = Array()
    values = sheet.values() | {(row, column + 1): 1.0 for row in range(sheet.first, sheet.last + 1)}
    text, out = mended(tmp_path, sheet, sheet.package(values=values))
    assert text.startswith("0 formulas mended. Left as they are: ") and "holds one array formula" in text
    assert cells_of(out) == cells_of(tmp_path / "wrong.xlsx")


def test_an_array_whose_cells_are_all_wrong_is_mended(tmp_path):
    """σ′ for σ in both activations: their array becomes two formulas."""
    sheet = plain(forms=frozenset({"row array"}))
    row = sheet.first + 2
    ends = [sheet.ref(f"h{k}", row) for k in (1, 2)]
    sheet.cells[row, sheet.columns["a_h1"]] = Array(f"1/(2+EXP(-{ends[0]}:{ends[1]}))", sheet.ref("a_h2", row))
    text, out = mended(tmp_path, sheet, sheet.package(values=sheet.values()))
    changed = not text.startswith("0 formulas mended.")
    page = openpyxl.load_workbook(out)[sheet.d.sheet]
    mended_cells = [page[sheet.ref(name, row)].value for name in ("a_h1", "a_h2")]
    if changed:
        assert mended_cells == [f"=1/(1+EXP(-{end}))" for end in ends]
    else:
        assert mended_cells[0].text.startswith("=1/(2+EXP(") and "left" in text.lower()


def test_an_array_in_one_cell_is_mended(tmp_path):
    sheet = plain()
    for row in range(sheet.first, sheet.last + 1):
        place = sheet.ref("grad_w1", row)
        sheet.cells[row, sheet.columns["grad_w1"]] = Array("-" + sheet.written(sheet.formulas["grad_w1"], row), place)
    text, _ = mended(tmp_path, sheet, sheet.package(values=sheet.values()))
    assert text.startswith("6 formulas mended. E_total in ")


def test_cells_under_a_merged_one_are_left_alone(tmp_path):
    sheet = wrong_sheet()
    letters = column_name(sheet.columns["grad_w1"])
    merged = f'</sheetData><mergeCells count="1"><mergeCell ref="{letters}{sheet.first}:{letters}{sheet.first + 1}"/>'
    content = sheet.package(values=values_of(sheet))
    content = part_of(
        content, "xl/worksheets/sheet1.xml", lambda t: t.replace("</sheetData>", f"{merged}</mergeCells>")
    )
    text, out = mended(tmp_path, sheet, content)
    assert text.startswith("0 formulas mended.") and "lies hidden under the merged cells" in text
    assert cells_of(out) == cells_of(tmp_path / "wrong.xlsx")


def test_a_protected_sheet_is_mended_and_stays_protected(tmp_path):
    sheet = wrong_sheet()
    content = sheet.package(values=values_of(sheet))
    locked = '</sheetData><sheetProtection sheet="1" objects="1" scenarios="1"/>'
    content = part_of(content, "xl/worksheets/sheet1.xml", lambda t: t.replace("</sheetData>", locked))
    text, out = mended(tmp_path, sheet, content)
    assert text.startswith("6 formulas mended. E_total")
    with zipfile.ZipFile(out) as archive:
        assert b'<sheetProtection sheet="1"' in archive.read("xl/worksheets/sheet1.xml")


# What hangs on the mended cells.


def test_a_mend_that_would_break_another_cell_is_taken_back(tmp_path):
    sheet = wrong_sheet()
    cell = sheet.ref("E_total", sheet.last)
    value = values_of(sheet)[sheet.last, sheet.columns["E_total"]]
    sheet.cells[1, 1] = f"=IF(ABS({cell}-{value!r})<1E-12,1,NA())"
    text, out = mended(tmp_path, sheet)
    assert text.startswith("0 formulas mended.") and f"'{sheet.d.sheet}'!A1 would turn into #N/A" in text
    assert cells_of(out) == cells_of(tmp_path / "wrong.xlsx")


def test_a_mend_that_would_make_another_table_wrong_is_taken_back(tmp_path):
    """The second table adds what the first one's E_total is off from the number that stands there now."""
    first, second = wrong_sheet(sheet="First"), plain(sheet="Second")
    cell, place = first.ref("E_total", first.last), (second.first, second.columns["E_total"])
    value = values_of(first)[first.last, first.columns["E_total"]]
    second.cells[place] += f"+First!{cell}-{value!r}"
    path, out = tmp_path / "two.xlsx", tmp_path / "mended.xlsx"
    path.write_bytes(package([first, second]))
    book = read_book(path)
    report, tables = check_book(book)
    first_report, second_report = report.tables
    report = replace(report, tables=(first_report, replace(second_report, findings=())))  # as where it isn't judged
    text = mend(book, report, tables, out)
    assert text.startswith("0 formulas mended.") and "the table 'Second'!" in text
    assert text.count("right so far, would be wrong") == 1
    second.cells[place] = second.cells[place].partition("+First")[0]
    path.write_bytes(package([first, second]))
    book = read_book(path)
    assert mend(book, *check_book(book), out) == "6 formulas mended."


def test_what_follows_and_cannot_be_calculated_here_counts_as_unproved(tmp_path):
    sheet = wrong_sheet()
    cell = sheet.ref("E_total", sheet.last)
    sheet.cells[1, 1] = f"=MMULT({cell},{cell})"
    text, _ = mended(tmp_path, sheet, sheet.package(values=values_of(sheet) | {(1, 1): 6.0}))
    assert "A1 follows from it and can't be calculated here (#NAME?)" in text
    sheet.cells[1, 1] = "=MMULT(2,3)"  # has nothing to do with it
    text, _ = mended(tmp_path, sheet, sheet.package(values=values_of(sheet) | {(1, 1): 6.0}))
    assert text.startswith("6 formulas mended. E_total")


def test_cells_that_follow_get_their_new_values(tmp_path):
    sheet = wrong_sheet()
    cell = sheet.ref("E_total", sheet.last)
    sheet.cells[1, 1], sheet.cells[2, 1] = f"=2*{cell}", "=NOW()"
    text, out = mended(tmp_path, sheet)
    assert text.startswith("6 formulas mended.")
    cells = cells_of(out)
    total = plain().values()[sheet.last, sheet.columns["E_total"]]
    assert cells[1, 1] == (True, pytest.approx(2 * total, rel=1e-12))
    assert cells[2, 1] == cells_of(tmp_path / "wrong.xlsx")[2, 1]


def test_a_workbook_that_the_engine_cannot_calculate_is_left_alone(tmp_path):
    sheet = wrong_sheet()
    sheet.cells[1, 1] = "=[1]Other!A1"
    path, out = tmp_path / "wrong.xlsx", tmp_path / "mended.xlsx"
    path.write_bytes(sheet.package())
    with pytest.raises(NotRecalculated):
        Calculation(path.read_bytes())
    book = read_book(path)
    report, tables = check_book(book)
    text = mend(book, report, tables, out)
    assert text.startswith("0 formulas mended.") and "no mend can be shown to be right" in text
    assert cells_of(out) == cells_of(path)


def test_the_engine():
    sheet = plain()
    sheet.cells[1, 1], sheet.cells[2, 1], sheet.cells[3, 1] = "=1/0", "=-2^2", '="a"&"b"'
    found = recalculate(sheet.package(), [(sheet.d.sheet, row, 1) for row in (1, 2, 3)])
    assert list(found.values()) == [CellError("#DIV/0!"), 4.0, "ab"]
    assert lacking(["MMULT", "SUM", "LET", "EXP"]) == {"MMULT"}
    with pytest.raises(NotRecalculated):
        recalculate(b"no workbook", [])


def test_who_follows_whom(tmp_path):
    sheet = plain()
    sheet.cells = {
        (1, 1): 1.0,
        (1, 2): "=A1+1",
        (1, 3): "=SUM(A1:B9)",
        (1, 4): "=D2",
        (2, 4): 3.0,
        (30, 1): "=INDIRECT(D2)",
    }
    sheet.cells[40, 1] = "=nothing+1"
    path = tmp_path / "small.xlsx"
    path.write_bytes(sheet.package())
    book = read_book(path)
    name = sheet.d.sheet
    found = Dependence(book, {}).followers({(name, 1, 1): 7})
    assert {place[1:]: owners for place, owners in found.items()} == {
        (1, 1): {7}, (1, 2): {7}, (1, 3): {7}, (30, 1): {7}, (40, 1): {7},
    }  # fmt: skip
    changed = {(name, 1, 4): parse("C1", 1, 4)}
    assert (name, 1, 4) in Dependence(book, changed).followers({(name, 1, 1): 7})
    dependence = Dependence(book, {})
    assert dependence.understood((name, 1, 3), set(), frozenset())
    assert not dependence.understood((name, 1, 3), {(name, 2, 2)}, frozenset())
    assert not dependence.understood((name, 1, 3), set(), frozenset({"SUM"}))
    assert not dependence.understood((name, 40, 1), set(), frozenset())
    assert not dependence.understood((name, 30, 1), set(), frozenset())


SEEDED = """
import sys
from pathlib import Path
from workbook.check.checker import examine
from workbook.check.copies.mending import mend
report, read = examine(Path(sys.argv[1]))
print(mend(read[0], report, read[1], Path(sys.argv[2])))
"""


def test_the_reason_is_the_same_in_every_run(tmp_path):
    """Cells that turn into errors are named from the first one on, however Python mixes its sets."""
    path, said, sheet = tmp_path / "wrong.xlsx", set(), mutated(6)[0]
    path.write_bytes(sheet.package(values=sheet.values()))
    for seed in "123":
        command = [sys.executable, "-c", SEEDED, str(path), str(tmp_path / "out.xlsx")]
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        said.add(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)
    (text,) = said
    assert "can't be calculated here" in text
