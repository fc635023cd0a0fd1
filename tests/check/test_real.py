"""The sixteen real sheets against the verdicts that people reached by hand: nothing missed, nothing invented."""

import json
import re
from functools import lru_cache

import pytest

from workbook.check.checker import check_file

VERDICTS = {"WRONG": "wrong", "RIGHT": "right", "EMPTY": "empty"}
FILES = [f"sheet-{k:02}.xlsx" for k in range(1, 17)]


@lru_cache(maxsize=1)
def verdicts(folder):
    return json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=16)
def report_of(path):
    return check_file(path)


def their_name(variable):
    """Our name of a variable as verdicts.json writes it."""
    for ours, theirs in (("grad_w", "g"), ("a_h", "ah"), ("a_o", "ao"), ("E_total", "E")):
        variable = variable.replace(ours, theirs)
    return variable


def wrong_cells(faults):
    """Variable, first row, last row and count of every wrong range."""
    parts = [part for fault in faults for part in fault.parts]
    return sorted((their_name(p.variable), p.rows[0], p.rows[-1], len(p.rows)) for p in parts)


def pairs(shared, file):
    """Each expected table of a file with the one that was reported at its place."""
    report = report_of(shared / "sheets" / file)
    assert report.error is None
    for expected in (v for v in verdicts(shared / "sheets") if v["file"] == file):
        places = [t for t in report.tables if t.sheet == expected["sheet"] and t.header_row == expected["header_row"]]
        assert len(places) == 1, (expected["sheet"], expected["header_row"])
        yield expected, places[0]


def shape(formula):
    """A formula without spaces and equals sign: files keep the student's spaces."""
    return re.sub(r"\s", "", formula).lstrip("=").upper()


@pytest.mark.parametrize("file", FILES)
def test_verdict_and_place(shared, file):
    found = list(pairs(shared, file))
    assert len(found) == len(report_of(shared / "sheets" / file).tables), "a table that isn't one"
    for expected, table in found:
        assert table.verdict == VERDICTS[expected["verdict"]]
        assert table.range.split(":")[0] == expected["header_first"]
        assert (table.rows, table.values_only) == (expected["rows"], expected["value_only"])
        assert {name: table.start.get(name) for name in expected["start"]} == pytest.approx(expected["start"])


@pytest.mark.parametrize("file", FILES)
def test_learning_rate(shared, file):
    for expected, table in pairs(shared, file):
        assert table.learning_rate_cell == expected["lr_cell"]
        # Typed values show it only as exactly as they were rounded.
        assert table.learning_rate == (expected["lr"] and pytest.approx(expected["lr"], rel=2e-5))


@pytest.mark.parametrize("file", FILES)
def test_wrong_cells(shared, file):
    """Exactly the cells that people found by hand, each with the formula that stands there."""
    for expected, table in pairs(shared, file):
        if table.values_only:
            continue
        bad = expected["bad"]
        assert wrong_cells(table.faults) == sorted((b["var"], b["first_row"], b["last_row"], b["count"]) for b in bad)
        stands = {(their_name(p.variable), p.rows[0]): shape(p.formula) for f in table.faults for p in f.parts}
        for b in bad:
            if len(b["formula"]) < 250:
                mine, theirs = stands[b["var"], b["first_row"]], shape(b["formula"])
                assert mine.replace("(", "").replace(")", "") == theirs.replace("(", "").replace(")", "")


@pytest.mark.parametrize("file", FILES)
def test_error_in_e_total(shared, file):
    for expected, table in pairs(shared, file):
        if expected["max_abs_E_error"] is None:
            assert table.total_error is None
        else:
            # Where the rate is read off rounded values the two differ in its last digits.
            limit = 1e-3 if table.values_only else 1e-6
            assert table.total_error == pytest.approx(expected["max_abs_E_error"], rel=limit, abs=1e-15)


@pytest.mark.parametrize("file", FILES)
def test_kinds(shared, file):
    """The inherited slip is called what it is, and one fault copied down is one finding."""
    for _, table in pairs(shared, file):
        kinds = [fault.kind for fault in table.faults]
        if file in ("sheet-03.xlsx", "sheet-09.xlsx", "sheet-10.xlsx"):
            assert kinds == ["wrong neuron"]
        if file == "sheet-07.xlsx":
            assert kinds == ["wrong row"] and "three rows lower" in table.faults[0].message
        if file == "sheet-01.xlsx":
            assert kinds == ["pre-activation for activation", "wrong gradient column"]
            assert "stray $" in table.faults[1].also


def test_the_inherited_slip_in_words(shared):
    fault = report_of(shared / "sheets" / "sheet-03.xlsx").faults[0]
    assert fault.range == "Z3:AA70" and fault.count == 136
    assert (
        fault.message == "∂E/∂w3 and ∂E/∂w4 use a_h1(1−a_h1); they belong to neuron h2, so a_h2(1−a_h2) belongs there."
    )
    assert 0 < fault.total_error < 1e-6 < fault.gradient_error


def test_typed_values_are_named(shared):
    """Sheets of typed values: frozen rows and gradients that don't follow from the numbers beside them."""
    for expected, table in pairs(shared, "sheet-11.xlsx"):
        if expected["value_only"]:
            assert {fault.kind for fault in table.faults} == {"frozen rows", "wrong value"}
            named = {part.variable for fault in table.faults if fault.kind == "wrong value" for part in fault.parts}
            assert named == {"grad_w3", "grad_w4"}
