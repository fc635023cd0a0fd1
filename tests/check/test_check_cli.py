"""The command `gradsheet check`: exit codes, JSON, CSV, many files, copies, and originals that are never written to."""

import csv
import hashlib
import json

import openpyxl
import pytest

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from workbook.cli import main

RIGHT = Sheet(Design.any("right", rate_at="cell", rate=0.5))
WRONG, FAULTS = mutated("command line")


@pytest.fixture
def files(tmp_path):
    """A right, a wrong and an unreadable file."""
    (tmp_path / "right.xlsx").write_bytes(RIGHT.package(values=RIGHT.values()))
    (tmp_path / "wrong.xlsx").write_bytes(WRONG.package())
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    return tmp_path


def check(*arguments):
    return main(["check", *map(str, arguments)])


def test_exit_codes(files, capsys):
    assert check(files / "right.xlsx") == 0
    assert check(files / "wrong.xlsx") == 1
    assert check(files / "broken.xlsx") == 2
    assert check(files / "right.xlsx", files / "wrong.xlsx", files / "broken.xlsx") == 2
    assert check(files / "right.xlsx", files / "wrong.xlsx") == 1
    assert "Traceback" not in capsys.readouterr().err


def test_what_the_terminal_shows(files, capsys):
    check(files / "wrong.xlsx")
    shown = " ".join(capsys.readouterr().out.split())
    assert "wrong.xlsx: wrong" in shown
    assert "should be =" in shown
    assert "Largest relative error:" in shown
    check(files / "right.xlsx")
    shown = capsys.readouterr().out
    assert "right.xlsx: right" in shown and "ɳ = 0.5" in shown
    check(files / "broken.xlsx")
    assert "is damaged" in " ".join(capsys.readouterr().out.split())


def test_json(files, capsys):
    check(files / "right.xlsx", files / "wrong.xlsx", files / "broken.xlsx", "--json")
    right, wrong, broken = json.loads(capsys.readouterr().out)
    assert (right["verdict"], right["faults"], right["tables"][0]["learning_rate"]) == ("right", 0, 0.5)
    assert wrong["verdict"] == "wrong" and wrong["faults"] > 0
    named = {(cell["variable"], cell["first_row"]) for f in wrong["tables"][0]["findings"] for cell in f["cells"]}
    assert {(fault.name, fault.rows[0]) for fault in FAULTS} <= named
    assert broken["verdict"] == "unreadable" and "damaged" in broken["error"]


def test_json_has_no_infinity(tmp_path, capsys):
    """A fault that ends in no number at all must not break the JSON."""
    sheet = Sheet(Design.any("infinite"))
    for row in range(sheet.first, sheet.last + 1):
        sheet.cells[row, sheet.columns["a_h1"]] = f"=1/0*{sheet.ref('h1', row)}"
    (tmp_path / "a.xlsx").write_bytes(sheet.package())
    assert check(tmp_path / "a.xlsx", "--json") == 1
    json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_csv_for_a_grade_book(files, capsys):
    out = files / "grades.csv"
    assert check(files, "--csv", out) == 2
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["unreadable", "right", "wrong"]
    assert int(rows[2]["faults"]) >= 1 and "Sheet1!" in rows[2]["first fault"]
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")


def test_csv_starts_no_formula(tmp_path, monkeypatch):
    """A file named like a formula must not become one in the grade book."""
    path = tmp_path / "=1+1.xlsx"
    path.write_bytes(RIGHT.package())
    monkeypatch.chdir(tmp_path)
    check("=1+1.xlsx", "--csv", "out.csv")
    assert "'=1+1.xlsx" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_many_files_give_a_summary(files, capsys):
    for k in range(20):
        (files / f"student {k:02}.xlsx").write_bytes(WRONG.package() if k % 2 else RIGHT.package())
    assert check(files / "student*.xlsx", files / "student 00.xlsx") == 1
    shown = capsys.readouterr().out
    assert "20 files: 10 right, 10 wrong" in shown
    assert shown.count("student") >= 20


def test_folder_and_pattern_without_files(tmp_path, capsys):
    for name, words in (
        (tmp_path, "folder without .xlsx files"),
        (tmp_path / "*.xlsx", "No file matches"),
        ("absent.xlsx", "does not exist"),
    ):
        assert check(name) == 2
        assert words in capsys.readouterr().err


def test_office_lock_files_are_passed_over(files, capsys):
    (files / "~$wrong.xlsx").write_bytes(b"lock")
    check(files, "--json")
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_copies(files, capsys):
    before = hashlib.sha256((files / "wrong.xlsx").read_bytes()).hexdigest()
    marked, mended = files / "marked.xlsx", files / "mended.xlsx"
    assert check(files / "wrong.xlsx", "--annotate", marked, "--fix", mended) == 1
    assert hashlib.sha256((files / "wrong.xlsx").read_bytes()).hexdigest() == before
    assert "Check" in openpyxl.load_workbook(marked).sheetnames
    assert "formula" in capsys.readouterr().err
    assert check(mended) == 0
    assert check(marked) == 1


@pytest.mark.parametrize("option", ["--annotate", "--fix", "--csv"])
def test_the_original_is_never_written_to(files, option, capsys, monkeypatch):
    path = files / "wrong.xlsx"
    before = path.read_bytes()
    monkeypatch.chdir(files)
    for name in (path, "wrong.xlsx", files / "." / "wrong.xlsx"):
        assert check(path, option, name) == 2
        assert "never written to" in capsys.readouterr().err
    (files / "link.xlsx").symlink_to(path)
    assert check(path, option, files / "link.xlsx") == 2
    assert path.read_bytes() == before


def test_copies_are_of_one_file(files, capsys):
    assert check(files, "--annotate", files / "out.xlsx") == 2
    assert "give one FILE, not 3" in capsys.readouterr().err
    assert check(files / "wrong.xlsx", "--annotate", files / "a.xlsx", "--fix", files / "a.xlsx") == 2
    assert "different file names" in capsys.readouterr().err
    assert check(files / "wrong.xlsx", "--annotate", files / "none" / "a.xlsx") == 2
    assert "make it or choose another" in capsys.readouterr().err


def test_copies_of_an_unreadable_file(files, capsys):
    assert check(files / "broken.xlsx", "--fix", files / "out.xlsx") == 2
    assert "is damaged" in capsys.readouterr().err and not (files / "out.xlsx").exists()


def test_a_class_is_told_apart_on_a_narrow_screen(tmp_path, capsys, monkeypatch):
    """Long names that begin alike, and one name in a folder a student."""
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"Homework_ERA_V1_Session6_by_student_number_{k:02}.xlsx" for k in range(3)]
    names += [f"{student}/homework.xlsx" for student in ("ada", "grace")]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert main(["check", str(tmp_path)]) == 2
    rows = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert sorted(name for name in names if name in "".join(rows)) == sorted(names)
    assert not [row for row in rows if "…" in row]
