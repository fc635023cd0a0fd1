"""Every registered kind of finding: found in its wrong form, absent from its right one, with a finder and a sentence."""

import re
from pathlib import Path

import pytest

from tests.check.pairs import sheet_of
from workbook.check import checker
from workbook.check.copies.cells import Bonds
from workbook.check.copies.edits import edits_of
from workbook.check.judge import fault_kinds
from workbook.check.judge.fault_kinds import KINDS, Mend
from workbook.check.judge.findings import Finding

ROOM = Path(checker.__file__).parent


def findings_of(tmp_path, at, text):
    path = tmp_path / "pair.xlsx"
    path.write_bytes(sheet_of(at, text))
    report = checker.check_file(path)
    assert report.error is None and report.tables
    return report, {kind for finding in report.findings for kind in (finding.kind, *finding.also)}


@pytest.mark.parametrize("name", KINDS)
def test_the_wrong_form_has_the_kind_and_the_right_one_has_nothing(tmp_path, name):
    pair = KINDS[name].pair
    report, kinds = findings_of(tmp_path, pair.at, pair.wrong)
    assert name in kinds
    right, none = findings_of(tmp_path, pair.at, pair.right)
    assert right.faults == [] and name not in none
    if right.findings == []:
        assert right.verdict == "right"
    if report.faults:
        assert report.verdict == "wrong"
    elif name in ("not judged", "network not judged", "not read"):
        assert report.verdict == "not judged"
    elif name == fault_kinds.UNFINISHED:
        assert report.verdict == "unfinished"
    else:
        assert report.verdict == "right"  # a note on a right sheet


@pytest.mark.parametrize("name", KINDS)
def test_somebody_searches_for_it_and_says_it(name):
    kind = KINDS[name]
    assert kind.finders and all(finder.__doc__ for finder in kind.finders)
    assert kind.mend is not Mend.NOTHING or kind.why_left


def test_each_slip_of_a_formula_has_one_sentence():
    """What `diagnose` gives is told by `message`; the other kinds are worded by their finders."""
    by_finder = {name for name, kind in KINDS.items() if kind.sentence is None}
    reported = set(
        re.findall(r"Finding\(\s*fault_kinds\.(\w+)", "".join(p.read_text("utf8") for p in ROOM.rglob("*.py")))
    )
    reported |= {"CHANGED_CONSTANT", "WRONG_VALUE"}  # named by `also`, and by the audit of typed values
    assert by_finder <= {getattr(fault_kinds, name) for name in reported}
    diagnosed = set(
        re.findall(r"Diagnosis\(\s*fault_kinds\.(\w+)", "".join(p.read_text("utf8") for p in ROOM.rglob("*.py")))
    )
    for name in (*(getattr(fault_kinds, each) for each in diagnosed), *fault_kinds.EXCHANGES):
        assert KINDS[name].sentence is not None, name


def test_a_kinds_name_stands_once():
    """Everywhere else its constant does, so that a misspelt one is no silent new kind."""
    for path in ROOM.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in KINDS.keys() - {"chart"}:  # a part of a file is a chart too
            allowed = 1 if path.name == "fault_kinds.py" else 0
            allowed += path.name in ("findings.py", "cli.py") and name in ("not judged", "unfinished")  # verdicts too
            assert text.count(f'"{name}"') <= allowed, (path.name, name)


def test_what_is_entered_twice_or_unknown_is_an_error():
    with pytest.raises(ValueError, match="entered twice"):
        fault_kinds._kind(fault_kinds.SIGN, "w1", "", "")
    with pytest.raises(ValueError, match="told twice"):
        fault_kinds.tells(fault_kinds.SIGN)(lambda told: "")
    with pytest.raises(KeyError):
        fault_kinds.finds("no such kind")(print)
    with pytest.raises(KeyError):
        fault_kinds.tells("no such kind")(print)
    with pytest.raises(ValueError, match="no such kind"):
        Finding("no such kind", "Sheet1", [], "")
    with pytest.raises(TypeError):
        KINDS["no such kind"] = KINDS[fault_kinds.SIGN]


def test_what_was_not_recalculated_needs_no_new_formula(tmp_path):
    path = tmp_path / "stale.xlsx"
    path.write_bytes(sheet_of("stored E_total 4", "9"))
    report, (book, tables) = checker.examine(path)
    (edit,) = edits_of(book, report, tables, {"Sheet1": Bonds([], [], [])})
    assert edit.finding.kind == fault_kinds.STALE_VALUES and edit.reason is None and not edit.places
