"""What a fault does: the simulation with one fault in it against the same table calculated in plain Python."""

import numpy as np
import pytest

from tests.check.forms import Form, numbers, right, sigma
from workbook.check.checker import check_file, judge_table
from workbook.check.judge.effects import _relative
from workbook.check.meaning.stages import Recognised, grown
from workbook.check.meaning.tables import find_tables
from workbook.check.read.reader import read_book


def fault_of(tmp_path, formulas, **given):
    path = tmp_path / "fault.xlsx"
    path.write_bytes(Form(formulas=right() | formulas, **given).package())
    (fault,) = [f for f in check_file(path).faults if f.kind != "stale values"]
    return fault


def with_slip(rows=8, rate=0.5, **slips):
    """The usual network in plain Python, with a gradient replaced: g5=lambda v: …"""
    start = numbers(rows=1)[0]
    v = {name: start[name] for name in ("t1", "t2", "i1", "i2", *(f"w{k}" for k in range(1, 9)))}
    found = []
    for _ in range(rows):
        for j in (1, 2):
            v[f"a_h{j}"] = sigma(v[f"w{2 * j - 1}"] * v["i1"] + v[f"w{2 * j}"] * v["i2"])
        for k in (1, 2):
            v[f"a_o{k}"] = sigma(v[f"w{2 * k + 3}"] * v["a_h1"] + v[f"w{2 * k + 4}"] * v["a_h2"])
        v["E_total"] = sum(0.5 * (v[f"t{k}"] - v[f"a_o{k}"]) ** 2 for k in (1, 2))
        d = {k: (v[f"a_o{k}"] - v[f"t{k}"]) * v[f"a_o{k}"] * (1 - v[f"a_o{k}"]) for k in (1, 2)}
        for j in (1, 2):
            e = (d[1] * v[f"w{4 + j}"] + d[2] * v[f"w{6 + j}"]) * v[f"a_h{j}"] * (1 - v[f"a_h{j}"])
            v[f"g{2 * j - 1}"], v[f"g{2 * j}"] = e * v["i1"], e * v["i2"]
            v[f"g{4 + j}"], v[f"g{6 + j}"] = d[1] * v[f"a_h{j}"], d[2] * v[f"a_h{j}"]
        for name, slip in slips.items():
            v[name] = slip(v)
        found.append(dict(v))
        for k in range(1, 9):
            v[f"w{k}"] -= rate * v[f"g{k}"]
    return found


def largest(faulty, name):
    good = np.array([row[name] for row in numbers()])
    bad = np.array([row[name] for row in faulty])
    return (np.abs(bad - good) / np.maximum(np.abs(good), 1e-3 * np.abs(good).max())).max()


def test_a_wrong_gradient_in_numbers(tmp_path):
    fault = fault_of(tmp_path, {"g5": right()["g5"].replace("a_h1", "a_h2")})
    faulty = with_slip(g5=lambda v: (v["a_o1"] - v["t1"]) * v["a_o1"] * (1 - v["a_o1"]) * v["a_h2"])
    assert fault.gradient_error == pytest.approx(largest(faulty, "g5"), rel=1e-9)
    assert fault.total_error == pytest.approx(largest(faulty, "E_total"), rel=1e-9)


def test_a_wrong_update_from_one_row_on(tmp_path):
    """Only the rows with the fault differ, and what follows from them."""
    form = Form(formulas=right())
    cells = form.xml_cells()
    for row in range(9, 14):
        cells[row, form.column("w5")] = f'<c r="M{row}"><f>M{row - 1}-$B$2*AB{row - 1}*2</f><v>0.4</v></c>'
    form.xml_cells = lambda: cells
    path = tmp_path / "late.xlsx"
    path.write_bytes(form.package())
    (fault,) = [f for f in check_file(path).faults if f.kind != "stale values"]
    v = with_slip(rows=3)
    doubled = with_slip(rows=3)
    start = {name: v[2][name] for name in v[2]}
    assert doubled[2] == start
    assert fault.count == 5 and 0 < fault.total_error < 1


def test_a_single_wrong_total_has_no_later_effect(tmp_path):
    form = Form()
    cells = form.xml_cells()
    column = form.column("E_total")
    cells[9, column] = '<c r="W9"><f>U9+V9*2</f><v>0.3</v></c>'
    form.xml_cells = lambda: cells
    path = tmp_path / "total.xlsx"
    path.write_bytes(form.package())
    (fault,) = [f for f in check_file(path).faults if f.kind != "stale values"]
    row = numbers()[3]
    assert fault.total_error == pytest.approx(row["E2"] / row["E_total"], rel=1e-9)
    assert fault.gradient_error == 0


def test_a_zero_crossing_does_not_blow_up():
    """An error is relative to the value, at least to a thousandth of the column's largest."""
    right_values = np.array([1.0, 1e-9, -0.5])
    assert _relative(right_values + np.array([0, 1e-6, 0]), right_values) == pytest.approx(1e-3)
    assert _relative(right_values * 1.01, right_values) == pytest.approx(0.01)
    assert _relative(np.array([1.0, np.nan, -0.5]), right_values) == float("inf")
    assert _relative(np.zeros(3), np.zeros(3)) == 0


def test_the_right_table_and_its_start(tmp_path):
    path = tmp_path / "right.xlsx"
    path.write_bytes(Form().package())
    book = read_book(path)
    (table,) = find_tables(book)
    table = judge_table(book, table, []).table
    assert table.start["w3"] == 0.25 and table.start["t2"] == 0.99
    values = table.expected
    for name, key in (("E_total", "E_total"), ("grad_w3", "g3"), ("w8", "w8"), ("a_h2", "a_h2")):
        assert values[name] == pytest.approx([row[key] for row in numbers()], rel=1e-13)
    assert grown(Recognised, table, rate=None).expected is None


TYPED = {name: text.replace("$B$2", "0.5") for name, text in right().items()}  # the rate's cell has that number


def report_of(tmp_path, formulas, **more):
    """What is said of a sheet with these formulas, and its only fault."""
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(Form(formulas=formulas, **more).package())
    report = check_file(path)
    (fault,) = [f for f in report.faults if f.kind != "stale values"]
    return report, fault


def test_a_rate_that_stands_in_the_updates_is_known_to_the_findings(tmp_path):
    """What should stand there has that number, and the table can be run with the fault."""
    report, fault = report_of(tmp_path, TYPED | {"w1": TYPED["w1"].replace("[-g1]", "[-g2]")}, cells={})
    assert report.tables[0].learning_rate == 0.5 and report.tables[0].learning_rate_cell is None
    assert fault.parts[0].right == "=E6-0.5*X6"
    assert fault.kind == "wrong gradient column" and fault.gradient_error > 0 and fault.total_error > 0


def test_the_rate_that_most_updates_have(tmp_path):
    report, fault = report_of(tmp_path, TYPED | {"w4": TYPED["w4"].replace("0.5*", "0.7*")}, cells={})
    assert report.tables[0].learning_rate == 0.5
    assert (fault.kind, {part.variable for part in fault.parts}) == ("wrong learning rate", {"w4"})


def test_a_number_beside_the_rates_cell_is_wrong_though_it_is_the_same(tmp_path):
    """It doesn't follow when the cell changes; no value shows it."""
    report, fault = report_of(tmp_path, right() | {"w4": TYPED["w4"]})
    assert report.verdict == "wrong" and report.tables[0].learning_rate_cell == "B2"
    assert (fault.kind, {part.variable for part in fault.parts}) == ("wrong learning rate", {"w4"})


def test_each_of_several_faults_is_measured(tmp_path):
    slips = {f"g{k}": right()[f"g{k}"].replace("a_h1", "h1") for k in (5, 7)} | {"E1": "0.5*([t2]-[a_o1])^2"}
    path = tmp_path / "several.xlsx"
    path.write_bytes(Form(formulas=right() | slips).package())
    faults = [f for f in check_file(path).faults if f.kind != "stale values"]
    assert len(faults) >= 2 and all(fault.total_error > 0 for fault in faults)
