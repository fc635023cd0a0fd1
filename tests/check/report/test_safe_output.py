"""What the checker writes and shows: no student's text runs in a teacher's Excel or terminal, no file is replaced."""

import contextlib
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from tests.check.packages import GOOD
from tests.conftest import needs_program
from workbook.check.checker import check_file
from workbook.check.report.grades import csv_of, harmless
from workbook.cli import main

WRONG = mutated("command line")[0]
posix = pytest.mark.skipif(os.name != "posix", reason="such files and rights are Unix's")


def check(*arguments):
    return main(["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    """A right and a wrong file."""
    (tmp_path / "right.xlsx").write_bytes(GOOD)
    (tmp_path / "wrong.xlsx").write_bytes(WRONG.package())
    return tmp_path


NAMES = [
    "a;=1+1;b.xlsx",
    "=1+1.xlsx",
    "+1;@SUM(1).xlsx",
    ' =1+2;"=3+3".xlsx',
    "x,=cmd|' !A0,y.xlsx",
    "t\t=1+1\ty.xlsx",
    "l\n=1+1\ny.xlsx",
    "p|-2+3|q.xlsx",
    '"=1+1.xlsx',
    "';=1+1;.xlsx",
    "；＝1+1.xlsx",
]


@posix
def test_no_text_of_a_student_is_a_formula(tmp_path, libreoffice, monkeypatch):
    """LibreOffice opens the CSV with each separator that a country's Excel may use; none of its cells calculates."""
    for name in NAMES:
        (tmp_path / name).write_bytes(b"no workbook")
    sheet = mutated("formula in a name")[0]
    (tmp_path / "sheet.xlsx").write_bytes(_with_sheet_name(sheet.package(), "a;=1+1;b"))
    monkeypatch.chdir(tmp_path)  # so that names begin the fields
    assert check(".", "--csv", "grades.csv") == 2
    content = Path("grades.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == len(NAMES) + 1 and any("a;'=1+1;b!" in row["first fault"] for row in rows)
    bare = "".join(f"{name},unreadable,0,{name} is no workbook\r\n" for name in NAMES).encode()
    for separators in ((44,), (59,), (9,), (124,), (44, 59, 9)):
        assert libreoffice.formulas_of_csv(_saved(tmp_path / "ours.csv", content), separators) == []
        assert libreoffice.formulas_of_csv(_saved(tmp_path / "bare.csv", bare), separators) != []


def _saved(path, content):
    path.write_bytes(content)
    return path


def _with_sheet_name(content, name):
    from tests.check.packages import part_of, repacked

    book = part_of(content, "xl/workbook.xml").replace(b'name="Sheet1"', f'name="{name}"'.encode())
    assert name.encode() in book
    return repacked(content, **{"xl/workbook.xml": book})


def test_every_field_is_quoted_and_harmless(tmp_path):
    for text in ("=1", " =1", "a;=1", "a,+1", 'a;"@1', "a|-1", "x;＝1"):
        assert "'" in harmless(text), text
    for text in ("a=1", "x - 1", "Sheet1!A1: h1 = w1·i1; it should be", "right", "C:\\a.xlsx"):
        assert harmless(text) == text
    (tmp_path / "a.xlsx").write_bytes(GOOD)
    check(tmp_path / "a.xlsx", "--csv", tmp_path / "out.csv")
    for line in (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines():
        assert line.startswith('"') and line.endswith('"') and line.count('","') == 3


def test_the_check_sheet_holds_no_formula(tmp_path, libreoffice):
    """Texts of the file stand in the annotated copy as texts, whatever they begin with."""
    path, out = tmp_path / "name.xlsx", tmp_path / "marked.xlsx"
    path.write_bytes(_with_sheet_name(WRONG.package(), "=1+1;-2"))
    assert check(path, "--annotate", out) == 1
    book = openpyxl.load_workbook(out)
    sheet = book["Check"]
    assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    links = [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links and all(link.target is None and "=1+1;-2" in link.location for link in links)
    shown = libreoffice.recalculate(out)["Check"]
    assert "=1+1;-2" in {cell for row in shown for cell in row}


CONTROLS = "\x1b]0;owned\x07\x1b[31m\x9b2J\r\u202e\u2066"


@posix
def test_nothing_steers_the_terminal(tmp_path, capfd):
    """Escape sequences and signs that turn the writing round: in names of files and sheets, in labels and texts."""
    path = tmp_path / f"a{CONTROLS}\nb.xlsx"
    sheet = mutated("control")[0]
    text = "\u202e\u2066\x85\x9b2J"  # XML 1.0 allows these
    path.write_bytes(_with_sheet_name(sheet.package(), f"s{text}"))
    bad = tmp_path / f"broken{CONTROLS}.xlsx"
    bad.write_bytes(b"PK\x03\x04")
    out = tmp_path / f"out{CONTROLS}.xlsx"
    for arguments in (
        [path],
        [bad],
        [path, "--annotate", out],
        [path, path, bad, "--json"],
        [tmp_path, "--csv", tmp_path / f"c{CONTROLS}.csv"],
        [bad, "--fix", out],
    ):
        check(*arguments)
    for k in range(5):
        shutil.copy(bad, tmp_path / f"{k}{bad.name}")
    check(tmp_path)  # as a table
    done = capfd.readouterr()
    for stream in (done.out, done.err):
        assert not set(stream) & set("\x1b\x07\x9b\x85\r\u202e\u2066")
    assert "\ufffd" in done.out and "is damaged" in done.out


@posix
def test_json_keeps_every_sign(tmp_path, capfd):
    path = tmp_path / f"a{CONTROLS}.xlsx"
    path.write_bytes(GOOD)
    check(path, "--json")
    assert json.loads(capfd.readouterr().out)[0]["file"] == str(path)


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_name_that_is_not_utf8(tmp_path, capfd):
    name = os.fsdecode(b"caf\xe9.xlsx")
    with contextlib.suppress(OSError):
        (tmp_path / name).write_bytes(GOOD)
    assert check(tmp_path, "--csv", tmp_path / "out.csv") == 0
    assert "caf\ufffd.xlsx" in capfd.readouterr().out
    assert "caf\ufffd.xlsx" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    check(tmp_path, "--json")
    assert json.loads(capfd.readouterr().out)[0]["file"].endswith(name)


@posix
def test_what_is_no_file(folder, capfd, monkeypatch):
    """Pipes, sockets, links in a circle, links to nothing and to a device: one sentence each, the others are checked."""
    os.mkfifo(folder / "pipe.xlsx")
    (folder / "circle.xlsx").symlink_to(folder / "circle.xlsx")
    (folder / "nothing.xlsx").symlink_to(folder / "absent")
    (folder / "device.xlsx").symlink_to("/dev/zero")
    (folder / "terminal.xlsx").symlink_to("/dev/stdin")
    (folder / "up.xlsx").symlink_to(folder)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
        monkeypatch.chdir(folder)  # a socket's whole path may have 100 letters only
        server.bind("socket.xlsx")
        assert check(folder, "--json") == 2
    found = {os.path.basename(report["file"]): report for report in json.loads(capfd.readouterr().out)}
    assert found["right.xlsx"]["verdict"] == "right" and found["wrong.xlsx"]["verdict"] == "wrong"
    for name in ("pipe", "socket", "device"):
        assert "no file but a pipe, a socket or a device" in found[f"{name}.xlsx"]["error"]
    assert "symbolic links" in found["circle.xlsx"]["error"]
    assert "can't be read: no such file" in found["nothing.xlsx"]["error"]
    for name in ("pipe.xlsx", "circle.xlsx", "n" * 300 + ".xlsx"):
        assert check(folder / name) == 2
    assert "Traceback" not in capfd.readouterr().err


@posix
def test_folders_and_files_without_rights(folder):
    """Told, each with the reason, instead of ending the class or being passed over."""
    (folder / "closed").mkdir()
    (folder / "closed" / "a.xlsx").write_bytes(GOOD)
    (folder / "closed").chmod(0)
    (folder / "secret.xlsx").write_bytes(GOOD)
    (folder / "secret.xlsx").chmod(0)
    command = [sys.executable, "-m", "workbook.check", str(folder), "--json"]
    if os.getuid() == 0:  # root without the right to pass over rights
        needs_program(bool(shutil.which("setpriv")), "setpriv is not installed")
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[3])
    (folder / "closed").chmod(0o700)
    found = {os.path.basename(report["file"]): report for report in json.loads(done.stdout)}
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert found["right.xlsx"]["verdict"] == "right"
    assert "can't be read: permission denied" in found["closed"]["error"]
    assert "can't be read: permission denied" in found["secret.xlsx"]["error"]


@pytest.mark.parametrize("option", ["--annotate", "--fix", "--csv"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_no_output_replaces_an_input(folder, option, force, capsys):
    """By whatever name: itself, a link, a hard link, a folder's file, another case where the disk knows none."""
    path = folder / "wrong.xlsx"
    before = path.read_bytes()
    (folder / "sub").mkdir()
    (folder / "sub" / "link.xlsx").symlink_to(path)
    os.link(path, folder / "sub" / "hard.xlsx")
    for name in (
        path,
        folder / "sub" / ".." / "wrong.xlsx",
        folder / "sub" / "link.xlsx",
        folder / "sub" / "hard.xlsx",
    ):
        assert check(path, option, name, *force) == 2
        assert "never written to" in capsys.readouterr().err
    if option == "--csv":
        assert check(folder, option, folder / "sub" / "hard.xlsx", *force) == 2
    if os.path.exists(folder / "WRONG.xlsx"):
        assert check(path, option, folder / "WRONG.xlsx", *force) == 2
    assert path.read_bytes() == before and (folder / "sub" / "link.xlsx").is_symlink()


@pytest.mark.parametrize("option", ["--annotate", "--fix", "--csv"])
def test_no_output_replaces_a_stranger(folder, option, capsys):
    """Only an earlier output is replaced, unless it was saved by another program since; --force replaces any file."""
    path, out = folder / "wrong.xlsx", folder / ("out.csv" if option == "--csv" else "out.xlsx")
    for content in (b"", b"my thesis", GOOD, b"file,verdict,faults,first fault,my grade\r\n", b"PK\x03\x04"):
        out.write_bytes(content)
        assert check(path, option, out) == 2
        assert "there already" in capsys.readouterr().err and out.read_bytes() == content
    assert check(path, option, out, "--force") == 1
    ours = out.read_bytes()
    assert ours != content and backups(out) == [content] and "is kept as" in capsys.readouterr().err
    assert check(path, option, out) == 1  # our own
    assert out.read_bytes() == ours
    if option == "--csv":
        out.write_bytes(ours.replace(b'"first fault"', b'"first fault","grade"'))
    else:
        openpyxl.load_workbook(out).save(out)
    changed = out.read_bytes()
    assert check(path, option, out) == 2 and out.read_bytes() == changed
    assert check(path, option, out, "--force") == 1
    assert out.read_bytes() == ours and backups(out) == [changed, content]


def backups(out):
    """The contents of the files kept beside it, by their names (…-2 comes before the first)."""
    return [path.read_bytes() for path in sorted(out.parent.glob(f"{out.stem}.20*"))]


@pytest.mark.parametrize("option", ["--annotate", "--fix"])
@pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/worksheets/sheet1.xml"])
def test_a_copy_of_which_one_part_was_exchanged_is_kept(folder, option, part, capsys):
    """Its sheet Check is still ours, byte for byte, but the seal behind it doesn't fit any more."""
    path, out = folder / "wrong.xlsx", folder / "out.xlsx"
    assert check(path, option, out) == 1
    with zipfile.ZipFile(out) as source, zipfile.ZipFile(folder / "new.xlsx", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name) + (b" " if name == part else b""))
    os.replace(folder / "new.xlsx", out)
    changed = out.read_bytes()
    assert check(path, option, out) == 2 and "was changed since gradsheet wrote it" in capsys.readouterr().err
    assert out.read_bytes() == changed


def test_a_csv_that_another_program_saved_is_kept(folder, capsys):
    """With the same headings and other quotes: somebody's remarks may be in it."""
    out = folder / "out.csv"
    assert check(folder / "wrong.xlsx", "--csv", out) == 1
    out.write_bytes(out.read_bytes().replace(b'"', b""))
    assert check(folder / "wrong.xlsx", "--csv", out) == 2
    assert "was changed since gradsheet wrote it" in capsys.readouterr().err


def test_what_comes_while_the_checking_goes_on_is_kept(folder, monkeypatch, capsys):
    """An output is judged again just before it is replaced."""
    out, made = folder / "out.csv", csv_of
    monkeypatch.setattr("workbook.check.cli.csv_of", lambda found: (out.write_bytes(b"my thesis"), made(found))[1])
    assert check(folder / "wrong.xlsx", "--csv", out) == 2
    assert "there already" in capsys.readouterr().err and out.read_bytes() == b"my thesis"


def test_outputs_are_judged_before_the_checking(folder, capsys, monkeypatch):
    monkeypatch.setattr("workbook.check.cli.Workers", lambda *_: pytest.fail("checked"))
    (folder / "there.xlsx").write_bytes(GOOD)
    for name, words in (("there.xlsx", "there already"), ("none/out.xlsx", "make it or choose another")):
        assert check(folder / "wrong.xlsx", "--annotate", folder / name) == 2
        assert words in capsys.readouterr().err
    assert check(folder / "wrong.xlsx", "--annotate", folder / "a.xlsx", "--fix", folder / "A.xlsx") == 2
    assert "different file names" in capsys.readouterr().err


def test_a_copy_that_fails_leaves_nothing(folder, capsys):
    """Neither the other copy nor the CSV, and the sentence says so."""
    outs = [folder / "a.xlsx", folder / "b.xlsm", folder / "c.csv"]
    assert check(folder / "wrong.xlsx", "--annotate", outs[0], "--fix", outs[1], "--csv", outs[2]) == 2
    said = capsys.readouterr()
    assert f"name it {folder / 'b.xlsx'}. Nothing was written." in said.err
    assert "coloured" not in said.err and "gradsheet-" not in said.err and "wrong.xlsx: wrong" in said.out
    assert not any(out.exists() for out in outs)
    (folder / "x").mkdir()
    assert check(folder / "wrong.xlsx", "--annotate", outs[0], "--csv", folder / "x") == 2
    assert "is a folder" in capsys.readouterr().err
    assert not any(out.exists() for out in outs)
    assert sorted(path.name for path in folder.iterdir()) == ["right.xlsx", "wrong.xlsx", "x"]


def test_a_file_of_two_hundred_formulas_is_not_a_slow_one(folder):
    """The limits are far from every usual file."""
    path = folder / "usual.xlsx"
    path.write_bytes(Sheet(Design.any("usual", rows=85, rate_at="cell")).package())
    assert check_file(path).verdict == "right"
