"""Files made to fill the memory or to take for ever: refused while they are read, or given up at the limits."""

import os
import re
import subprocess
import sys
import zipfile

import pytest

from tests.check.generate import Design, Sheet
from tests.check.packages import END, FORMULA_BOMBS, GOOD, MAIN, SHEET, STRINGS, bomb, names_of, part_of, repacked
from tests.check.writing import column_name
from workbook.check.checker import check_file
from workbook.check.limits import Limits
from workbook.check.read import reader
from workbook.check.read.formula import MAX_NODES, Node, TooLargeError, bounded
from workbook.check.read.reader import read_book
from workbook.check.workers import check_files
from workbook.parts import zip_parts
from workbook.parts.zip_parts import MAX_TREE

ROOM = 250 * 2**20  # bytes of memory in which every bomb has to be recognised; the imports alone take 130 MiB


def checked(path, **limits):
    """The report by a process of its own with little memory."""
    return next(check_files([path], Limits(**{"memory": ROOM} | limits)))


NO_SHEET = "that is no hand-made sheet"
ROW = MAIN + b'<row r="1">'
BOMBS = {
    "blanks": (SHEET, MAIN, b" " * 2**20, 380, END, NO_SHEET),
    "empty cells in one row": (SHEET, ROW, b"<c/>" * 250_000, 90, b"</row>" + END, NO_SHEET),
    "filled cells in one row": (SHEET, ROW, b'<c t="str"><v>x</v></c>' * 30_000, 500, b"</row>" + END, NO_SHEET),
    "something else in one row": (SHEET, ROW, b"<x><y/></x>" * 100_000, 50, b"</row>" + END, NO_SHEET),
    "a long text": (SHEET, ROW + b'<c r="A1" t="str"><v>', b"x" * 2**20, 300, b"</v></c></row>" + END, "is "),
    "a long cell name": (SHEET, ROW + b'<c r="', b"A" * 9_000_000, 1, b'1"><v>1</v></c></row>' + END, NO_SHEET),
    "columns before the rows": (SHEET, MAIN[:-11] + b"<cols>", b"<col/>" * 200_000, 60, b"</cols>", NO_SHEET),
    "sheets": ("xl/workbook.xml", b"<workbook>", b"<sheets/>" * 100_000, 100, b"", "unpacks to too much data"),
    "relations": ("_rels/.rels", b"<Types>", b" " * 2**20, 100, b"", "unpacks to too much data"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_zip_bombs(tmp_path, kind):
    part, start, piece, count, end, words = BOMBS[kind]
    path = tmp_path / "bomb.xlsx"
    bomb(path, part, start, piece, count, end)
    assert path.stat().st_size < 5_000_000
    report = checked(path)
    assert report.verdict == "unreadable" and words in report.error, report.error
    assert "memory" not in report.error  # it was seen to be too large before it was


def test_limits_of_sheets_and_packages(tmp_path, monkeypatch):
    """With small limits in place of the real ones, whose files would take long to make."""
    path = tmp_path / "file.xlsx"
    monkeypatch.setattr(reader, "MAX_ROWS", 50)
    for rows in (b"<row/>" * 51, b'<row r="1"/>' * 51, b'<row r="51"/>'):
        path.write_bytes(repacked(GOOD, **{SHEET: MAIN + rows + END}))
        assert "more rows than" in check_file(path).error or "there is no row 51" in check_file(path).error
    path.write_bytes(GOOD)
    monkeypatch.setattr(zip_parts, "MAX_TOTAL", 1000)
    assert f"MiB; {NO_SHEET}" in check_file(path).error


def test_shared_texts_without_an_end(tmp_path):
    links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>", b'<Relationship Id="s" Type="x/sharedStrings" Target="texts.xml"/></Relationships>'
    )
    path = tmp_path / "bomb.xlsx"
    bomb(path, "xl/texts.xml", STRINGS, b"<si><t/></si>" * 100_000, 8, b"</sst>")
    content = path.read_bytes()
    path.write_bytes(repacked(content, **{"xl/_rels/workbook.xml.rels": links}))
    assert "too many texts" in checked(path).error


def test_what_stands_behind_the_rows_is_not_read(tmp_path):
    path = tmp_path / "bomb.xlsx"
    sheet = part_of(GOOD, SHEET)
    rows = sheet[: sheet.index(b"</sheetData>")]
    bomb(path, SHEET, rows + b"</sheetData><mergeCells>", b"<mergeCell/>" * 100_000, 300, b"</mergeCells></worksheet>")
    assert checked(path).verdict == "right"


def test_a_zip_bomb_that_lies_about_its_size(tmp_path):
    path = tmp_path / "liar.xlsx"
    bomb(path, SHEET, MAIN, b" " * 2**20, 100, size=1000)
    assert "is damaged" in checked(path).error


def test_many_parts(tmp_path):
    path = tmp_path / "parts.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(30_000):
            archive.writestr(f"xl/{k}", b"")
    assert "30,000 parts" in checked(path).error


def test_a_part_that_unpacks_to_too_much(tmp_path):
    """Below the limit of the whole file, beyond that of a part that is held as a tree."""
    for part in ("xl/workbook.xml", "_rels/.rels"):
        content = repacked(GOOD, **{part: b"<workbook>" + b"<a/>" * (MAX_TREE // 4 + 1) + b"</workbook>"})
        (tmp_path / "file.xlsx").write_bytes(content)
        assert "unpacks to too much data" in checked(tmp_path / "file.xlsx", memory=2**29).error


def test_xml_bombs(tmp_path):
    """Entities are neither expanded nor fetched: what refers to one has no text, or the file is damaged."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 20) for k in range(12)
    )
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    outside = b'<!DOCTYPE x [<!ENTITY m SYSTEM "' + secret.as_uri().encode() + b'">'
    path = tmp_path / "file.xlsx"
    for entities in (laughs, outside):
        row = b'<row r="1"><c r="A1" t="str"><v>&m;</v></c><c r="B1" t="inlineStr"><is><t>b&m;b</t></is></c></row>'
        path.write_bytes(repacked(GOOD, **{SHEET: entities + b"]>" + MAIN + row + END}))
        if entities is outside:
            assert checked(path).error is None
            cells = read_book(path).sheets[0].rows.get(1, {})
            assert all(cell.value in ("", "b", "bb") for cell in cells.values())
        else:
            assert "its XML breaks off" in checked(path).error  # that is what libxml2 calls so many entities
        for part in ("xl/workbook.xml", "[Content_Types].xml", "_rels/.rels"):
            path.write_bytes(repacked(GOOD, **{part: entities + b"]><x>&m;</x>"}))
            report = checked(path)
            assert report.verdict in ("unreadable", "not this exercise", "right")
            assert "secret" not in str(report.as_dict()) and "haha" not in str(report.as_dict())
    path.write_bytes(repacked(GOOD, **{SHEET: b"<a>" * 100_000}))
    assert "its XML breaks off" in checked(path).error


@pytest.mark.parametrize("kind", FORMULA_BOMBS)
def test_formula_bombs(tmp_path, kind):
    """Answered within the limits: bounded work, or a sentence."""
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(FORMULA_BOMBS[kind]())
    report = checked(path)
    if kind == "row 99999999999":
        assert "there is no row 99999999999" in report.error
    else:
        assert report.error is None and report.verdict != "right"


def test_trees_are_bounded():
    """The number of nodes counts, also where one part stands in a tree many times."""
    node = Node("number", 1.0)
    with pytest.raises(TooLargeError):
        for _ in range(60):
            node = bounded(Node("op", "+", (node, node)))
    assert node.size <= MAX_NODES
    node = Node("number", 1.0)
    with pytest.raises(TooLargeError):
        for _ in range(1000):
            node = bounded(Node("op", "neg", (node,)))


def test_long_names_are_read_in_one_go(tmp_path):
    """No time that grows with the square of the length: for three million letters that would be hours."""
    name, path = b"A" * 3_000_000, tmp_path / "names.xlsx"
    for cell, words in (
        (b'<c r="' + name + b'1"><v>1</v></c>', "there is no cell aaaa"),
        (b'<c r="A1"><f>' + name + b"+" + name[:9] + b"</f></c>", ""),
    ):
        path.write_bytes(repacked(GOOD, **{SHEET: ROW + cell + b"</row>" + END}))
        assert words in (checked(path).error or "")


def test_more_cells_than_are_read(tmp_path, monkeypatch):
    """The table is judged as far as it was read, and the report says so."""
    monkeypatch.setattr(reader, "MAX_CELLS", 31 * 20)
    path = tmp_path / "long.xlsx"
    path.write_bytes(Sheet(plain_design(rows=40)).package())
    report = check_file(path)
    assert report.verdict == "not judged", report.error  # not all of it was read
    assert any("were read" in finding.message for finding in report.findings)


def plain_design(rows):
    """Formulas written plainly, so that a row is the one above it, one row lower."""
    return Design.any("long", rows=rows, rate_at="cell", shuffle=False, helpers=False, constants="above",
                      order="usual", iteration=False)  # fmt: skip


@pytest.mark.slow
def test_as_many_cells_as_are_read_fit(tmp_path):
    """A table of a hundred thousand rows is read as far as the limit of cells and judged within those of a file."""
    sheet = Sheet(plain_design(rows=3))
    model = [(column_name(c), sheet.cells[sheet.last, c]) for c in sorted(sheet.columns.values())]
    path = tmp_path / "long.xlsx"
    row = "".join(f'<c r="{c}%d"><f>{_pattern(text, sheet.last)[1:]}</f></c>' for c, text in model)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        content = sheet.package()
        for name in names_of(content):
            if name != SHEET:
                target.writestr(name, part_of(content, name))
        with target.open(SHEET, "w", force_zip64=True) as out:
            out.write(part_of(content, SHEET).partition(b"</sheetData>")[0])
            for number in range(sheet.last + 1, sheet.first + 100_000):
                places = re.sub(r"%(-?\d*)d", lambda m, n=number: str(n + int(m[1] or 0)), row)
                out.write(f'<row r="{number}">{places}</row>'.encode())
            out.write(END)
    report = checked(path, memory=2**30, seconds=300)
    assert report.verdict == "not judged", report.error  # not all of it was read
    assert any("were read" in finding.message for finding in report.findings)


def _pattern(text, row):
    """The formula with %d for its own row, %-1d for the one above."""
    return re.sub(r"(?<![$\d])([A-Z]{1,2})(\d+)", lambda m: f"{m[1]}%{int(m[2]) - row or ''}d", text)


def test_too_much_memory_is_a_sentence(tmp_path):
    """For one file, with the next ones checked as ever; also where a copy was asked for."""
    path, good = tmp_path / "large.xlsx", tmp_path / "good.xlsx"
    bomb(path, SHEET, MAIN, b"<row><c><f>A1</f><v>1.5</v></c></row>" * 10_000, 40, END)
    good.write_bytes(GOOD)
    found = list(check_files([path, good], Limits(memory=ROOM), workers=1))
    assert [report.verdict for report in found] == ["unreadable", "right"]
    assert "needs more than 0.244 GB of memory" in found[0].error


@pytest.mark.skipif(sys.platform != "linux", reason="resource limits of Linux")
def test_the_command_holds_itself_to_the_limits(tmp_path):
    """An array formula over the whole sheet, whose copy would be a list of 17,000,000,000 cells."""
    area = b'<f t="array" ref="A1:XFD1048576">B2:C3*2</f>'
    content = re.sub(rb"<f>[^<]*</f>", lambda _: area, part_of(GOOD, SHEET), count=1)
    path = tmp_path / "array.xlsx"
    path.write_bytes(repacked(GOOD, **{SHEET: content}))
    done = subprocess.run(
        [sys.executable, "-m", "workbook.check", path, "--fix", tmp_path / "fixed.xlsx"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=os.environ | {"COLUMNS": "300"},
    )
    assert "Traceback" not in done.stderr
    if done.returncode == 2:
        assert "more than 1 GB" in done.stderr and not (tmp_path / "fixed.xlsx").exists()
    assert check_file(path).error is None
