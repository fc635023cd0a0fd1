"""Files that nobody should hand in: each gets one sentence, in bounded time and memory, and stops no other."""

import json
import random
import resource
import subprocess
import sys
import zipfile
from io import BytesIO

import openpyxl
import pytest

from tests.check.generate import Design, Sheet
from workbook.check.checker import UNEXPECTED, check_file
from workbook.cli import main


def right_sheet(seed=1, **design):
    return Sheet(Design.any(seed, sizes=(2, 2, 2), bias=False, **design)).package()


RIGHT = right_sheet()


def rewritten(content, change):
    """The package with each part as change(name, bytes) gives it; None leaves it out."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            changed = change(name, source.read(name))
            if changed is not None:
                target.writestr(name, changed)
    return out.getvalue()


def in_sheet(content, old, new):
    return rewritten(content, lambda name, part: part.replace(old, new, 1) if "sheet1.xml" in name else part)


def bomb():
    return in_sheet(RIGHT, b"<sheetData>", b"<sheetData><row>" + b" " * 600_000_000 + b"</row>")


LOLS = b"".join(b'<!ENTITY l%d "%s">' % (k + 1, b"&l%d;" % k * 10) for k in range(1, 12))
FILES = {
    "empty": (lambda: b"", "empty file"),
    "truncated": (lambda: RIGHT[: len(RIGHT) // 2], "damaged"),
    "one byte": (lambda: b"P", "not an Excel workbook"),
    "text": (lambda: b"w1,w2\n0.1,0.2\n", "not an Excel workbook"),
    "password": (lambda: bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4096), "password"),
    "no workbook in it": (lambda: rewritten(RIGHT, lambda n, p: p if "rels" in n else None), "holds no workbook"),
    "cut XML": (lambda: rewritten(RIGHT, lambda n, p: p[: len(p) // 2] if "sheet1" in n else p), "damaged"),
    "wrong checksum": (lambda: RIGHT.replace(b"<sheetData>", b"<sheetDatx>", 1), "damaged"),
    "zip bomb": (bomb, ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_an_unreadable_file_gets_one_sentence(tmp_path, capsys, kind):
    make, words = FILES[kind]
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(make())
    report = check_file(path)
    assert report.verdict == "unreadable" and words in report.error and UNEXPECTED not in report.error
    assert "\n" not in report.error and report.error.endswith(".")
    assert main(["check", str(path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".xls", ".ods", ".csv", ".xlsb", ".numbers"])
def test_other_programs_files(tmp_path, suffix):
    path = tmp_path / f"sheet{suffix}"
    if suffix in (".ods", ".xlsb", ".numbers"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                {".ods": "mimetype", ".xlsb": "xl/workbook.bin", ".numbers": "Index/Document.iwa"}[suffix], "x"
            )
    else:
        path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") if suffix == ".xls" else b"a,b")
    assert "save it as .xlsx" in check_file(path).error


def test_entities_are_not_expanded(tmp_path):
    content = in_sheet(RIGHT, b"<worksheet", b'<!DOCTYPE x [<!ENTITY l1 "ha">' + LOLS + b"]><worksheet")
    path = tmp_path / "lol.xlsx"
    path.write_bytes(in_sheet(content, b"<sheetData>", b"<sheetData><row><c t='str'><v>&l11;</v></c></row>"))
    assert UNEXPECTED not in (check_file(path).error or "")


FORMULAS = [
    "=((((((((",
    "=" + "(" * 3000 + "1" + ")" * 3000,
    "=" + "+".join(["A1"] * 2000),
    "=" + "-" * 4000 + "1",
    '=INDIRECT("A"&1)',
    "=[1]Other!A1",
    "=CMD|' /C calc'!A0",
    "=1E999",
    "=9^9^9^9",
    "=OFFSET(A1,1,1)",
    "=#REF!+A1",
    "=SUM(A:A)",
    "=A1:XFD1048576",
    "={1,2;3}",
    '="a"&"b"',
    "=Table1[[#This Row],[w1]]",
    "=_xlfn.LET(x,1,x)",
    "=LAMBDA(x,x)(1)",
    "=1/0",
    "=",
    "=''!A1",
]


@pytest.mark.parametrize("formula", FORMULAS, ids=range(len(FORMULAS)))
def test_a_strange_formula_is_a_finding_not_a_crash(tmp_path, formula):
    """One cell of a gradient column; the rest of the table is judged as ever."""
    sheet = Sheet(Design.any(3, sizes=(2, 2, 2), bias=False, rows=6))
    path = tmp_path / "strange.xlsx"
    place = next(
        p for p, v in sheet.cells.items() if isinstance(v, str) and v.startswith("=") and p[0] > sheet.d.header + 3
    )
    sheet.cells[place] = formula
    path.write_bytes(sheet.package())
    report = check_file(path)
    assert report.error is None, report.error
    assert report.verdict in ("wrong", "right", "unfinished")


def test_damaged_bytes_never_make_a_traceback(tmp_path):
    """Bytes of the parts changed at random: readable or not, there is a report."""
    pick, path = random.Random(7), tmp_path / "fuzzed.xlsx"
    parts = {}
    rewritten(RIGHT, lambda name, part: parts.setdefault(name, part))
    for _ in range(300):
        changed = dict(parts)
        for name in pick.sample(sorted(parts), 2):
            part = bytearray(changed[name])
            for _ in range(pick.randint(1, 6)):
                at = pick.randrange(len(part))
                part[at : at + pick.choice([0, 1, 1, 8])] = pick.choice([b"", b"<", b'"', b"9", b"\xff", b"&", b"ZZZZ"])
            changed[name] = bytes(part)
        path.write_bytes(rewritten(RIGHT, lambda name, part, changed=changed: changed[name]))
        report = check_file(path)
        assert UNEXPECTED not in (report.error or ""), report.error


def test_macros_and_links_to_other_files_are_left_alone(tmp_path):
    out = BytesIO(RIGHT)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 not a project")
        archive.writestr("xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    path = tmp_path / "macros.xlsm"
    path.write_bytes(out.getvalue())
    assert check_file(path).verdict == "right"


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
def test_a_hundred_thousand_rows_in_bounded_memory(tmp_path):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    names = [
        "t1",
        "t2",
        "i1",
        "i2",
        "w1",
        "w2",
        "w3",
        "w4",
        "h1",
        "a_h1",
        "h2",
        "a_h2",
        "w5",
        "w6",
        "w7",
        "w8",
        "o1",
        "a_o1",
        "o2",
        "a_o2",
        "E1",
        "E2",
        "E_total",
    ]
    sheet.append([*names, *(f"∂E/∂w{k}" for k in range(1, 9))])
    for row in range(100_000):
        sheet.append([0.1 + row % 7] * 31)
    path = tmp_path / "huge.xlsx"
    book.save(path)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))

    code = f"from workbook.check.checker import check_file; r = check_file({str(path)!r}); print(r.verdict, r.error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=limit, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("wrong", "unreadable") and "report it" not in done.stdout


def test_one_bad_file_does_not_stop_the_others(tmp_path, capsys):
    for k in range(12):
        (tmp_path / f"s{k:02}.xlsx").write_bytes(right_sheet(k))
    (tmp_path / "s05.xlsx").write_bytes(RIGHT[:500])
    (tmp_path / "~$s01.xlsx").write_bytes(b"a lock file of Excel's")
    assert main(["check", str(tmp_path), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [report["verdict"] for report in found].count("right") == 11
    assert [report["verdict"] for report in found][5] == "unreadable" and len(found) == 12
