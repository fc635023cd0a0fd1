"""The checker's house: rooms that import only backwards, and values that nobody changes once they are made."""

import ast
import dataclasses
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

from tests.check.forms import Form, right
from workbook.check import checker
from workbook.check.checker import check_book, judge_table
from workbook.check.judge.classify import Diagnosis
from workbook.check.judge.findings import FileReport, Finding, Part, TableReport
from workbook.check.judge.judged import Group, Judged, Reading, Slip
from workbook.check.meaning.stages import Found, Recognised, grown
from workbook.check.meaning.tables import find_tables
from workbook.check.read.reader import read_book

CHECK = Path(checker.__file__).parent
ROOMS = ("read", "meaning", "judge", "report", "copies")  # each imports only those before it
STAGES = (Found, Recognised, Group, Slip, Reading, Judged, Diagnosis, Part, Finding, TableReport, FileReport)


def modules():
    """Every module of the checker by its name within it."""
    return {".".join(path.relative_to(CHECK).with_suffix("").parts): path for path in CHECK.rglob("*.py")}


def imports(path):
    """The checker's modules that one imports, wherever in its text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("workbook.check"):
            inner = node.module.removeprefix("workbook.check").removeprefix(".")
            for alias in node.names:
                whole = f"{inner}.{alias.name}".removeprefix(".")
                yield whole if whole in modules() else inner
        elif isinstance(node, ast.Import):
            yield from (a.name.removeprefix("workbook.check.") for a in node.names if "workbook.check." in a.name)


def test_rooms_import_only_backwards():
    for name, path in modules().items():
        room = name.partition(".")[0]
        for other in imports(path) if room in ROOMS else ():
            there = other.partition(".")[0]
            assert there in ROOMS, f"{name} imports {other}, which is in front of the rooms"
            assert ROOMS.index(there) <= ROOMS.index(room), f"{name} imports {other}"
            assert (room, there) != ("copies", "report") or other == "report.lines", f"{name} imports {other}"


def test_no_imports_in_circles():
    graph = {name: set(imports(path)) - {name} for name, path in modules().items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert set(modules()) <= set(order)


def test_nobody_changes_another_objects_attributes():
    """Only an object's own methods set its attributes; what a later stage knows is a new value."""
    outside = {
        "read.reader",
        "read.arrays",
        "copies.curves_sheet",
        "copies.added_sheet",
        "copies.annotate",
        "copies.comments",
    }
    for name, path in modules().items():
        if name.partition(".")[0] not in ROOMS or name in outside:  # these fill what they are building
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            parts = [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple) else [t])]
            for target in parts if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) else ():
                foreign = isinstance(target, ast.Attribute) and ast.unparse(target.value) != "self"
                assert not foreign or ast.unparse(target).startswith("settings."), f"{name}: {ast.unparse(node)}"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("object.__setattr__", "setattr"):
                assert ast.unparse(node.args[0]) == "self", f"{name}: {ast.unparse(node)}"


@pytest.fixture
def values(tmp_path):
    """One value of each stage, of a wrong sheet."""
    path = tmp_path / "wrong.xlsx"
    path.write_bytes(Form(formulas=right() | {"g5": right()["g5"].replace("a_h1", "a_h2")}).package())
    book = read_book(path)
    (found,) = find_tables(book)
    judged = judge_table(book, found, [])
    report, (recognised,) = check_book(book)
    finding, slip = report.faults[0], judged.slips[0]
    group = judged.wrong[0]
    reading = Reading(**{field.name: getattr(judged, field.name) for field in dataclasses.fields(Reading)})
    made = (found, recognised, group, slip, reading, judged, slip.diagnosis, finding.parts[0], finding)
    return dict(zip(STAGES, (*made, report.tables[0], report), strict=True))


@pytest.mark.parametrize("stage", STAGES)
def test_stages_are_frozen(values, stage):
    value = values[stage]
    assert type(value) is stage
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
        held = getattr(value, field.name)
        assert not isinstance(held, list | set), field.name
        if isinstance(held, Mapping) and stage is not TableReport:  # a report goes from process to process
            with pytest.raises(TypeError):
                held["x"] = 1
            for column in held.values():
                assert not isinstance(column, list)
                if isinstance(column, np.ndarray):
                    with pytest.raises(ValueError, match="read-only"):
                        column[0] = 1.0


def test_the_next_stage_leaves_the_last_as_it_was(values):
    found = values[Found]
    shifted = grown(Recognised, found, rate=0.5)
    assert shifted.rate == 0.5 and shifted.values is found.values and not hasattr(found, "rate")
    with pytest.raises(ValueError, match="read-only"):
        values[Recognised].expected["h1"][0] = 1.0
    assert values[Judged].table.rate == 0.5 and values[Recognised].blueprint.sizes == (2, 2, 2)


def test_the_order_of_steps_stands_in_one_place():
    """The list in the docstring is that of the code."""
    text = (CHECK / "checker.py").read_text(encoding="utf-8")
    listed = [line.split()[0].rstrip(",") for line in checker.__doc__.splitlines() if line.startswith("    ")]
    assert len(listed) == 7
    places = [text.index(f"{step}(", text.index("def check_book")) for step in listed if step not in ("read_book",)]
    assert all(place > 0 for place in places)
    inside = text[text.index("def judge_table") : text.index("def findings_of")]
    steps = [step for step in listed if f"{step}(" in inside]
    assert steps == ["recognise", "best_reading", "explain"]
    assert sorted(steps, key=inside.index) == steps
