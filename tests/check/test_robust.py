"""Damaged and unusual files: a sentence each, never a traceback; what can be read of a file is read right."""

import io
import re
import zipfile

import pytest

from tests.check.generate import Design, Sheet
from tests.check.packages import END, GOOD, MAIN, SHEET, STRINGS, names_of, part_of, repacked
from workbook.check.checker import UNEXPECTED, check_book, check_file
from workbook.check.copies.annotate import annotate
from workbook.check.copies.mending import mend
from workbook.check.read.reader import read_book
from xlfuncs.errors import GradsheetError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000)


def sentence(tmp_path, content, name="file.xlsx"):
    """The error of a file with that content; "" where it could be checked."""
    path = tmp_path / name
    path.write_bytes(content)
    text = check_file(path).error or ""
    assert UNEXPECTED not in text, text
    assert "\n" not in text and "Traceback" not in text
    assert text == "" or (text.startswith(str(path)) and text.endswith("."))
    return text.removeprefix(f"{path} ")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.xlsx", b"", "is an empty file"),
        ("one byte.xlsx", b"P", "is not an Excel workbook"),
        ("locked.xlsx", OLE, "is password-protected or in the old .xls format"),
        ("old.xls", OLE, "save it as .xlsx without a password"),
        ("table.csv", b"w1,w2\n1,2\n", "is not an Excel workbook; save it as .xlsx."),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100), "is not an Excel workbook"),
        ("page.xls", b"<html><table><tr><td>w1</td></tr></table></html>", "is not an Excel workbook"),
        ("cut.xlsx", GOOD[: len(GOOD) // 2], "is damaged"),
        ("tiny.xlsx", b"PK\x03\x04", "is damaged"),
        ("cut xml.xlsx", repacked(GOOD, **{SHEET: part_of(GOOD, SHEET)[:3000]}), "is damaged (its XML breaks off)"),
    ],
)
def test_what_is_no_workbook(tmp_path, name, content, words):
    assert words in sentence(tmp_path, content, name)


def test_other_programs_files(tmp_path):
    def archive(*names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name in names:
                target.writestr(name, b"")
        return out.getvalue()

    assert "is an OpenDocument file" in sentence(tmp_path, archive("mimetype", "content.xml"), "sheet.ods")
    assert "binary workbook (.xlsb)" in sentence(tmp_path, archive("xl/workbook.bin"), "sheet.xlsb")
    assert "holds no workbook" in sentence(tmp_path, archive("word/document.xml"), "text.docx")
    assert "holds no workbook" in sentence(tmp_path, archive("Index/Document.iwa"), "sheet.numbers")
    assert "is not an Excel workbook" in sentence(tmp_path, archive(), "none.xlsx")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, 9, 99])
def test_parts_packed_otherwise(tmp_path, method):
    """LZMA and others that Excel doesn't know: Deflate64 (9), AES (99)."""
    out = io.BytesIO()
    known = method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    with zipfile.ZipFile(out, "w", method if known else zipfile.ZIP_STORED) as target:
        for name in names_of(GOOD):
            target.writestr(name, part_of(GOOD, name))
    content = out.getvalue()
    if not known:
        number = method.to_bytes(2, "little")
        content = re.sub(rb"(PK\x03\x04.{4})\x00\x00", lambda m: m[1] + number, content, flags=re.S)
        content = re.sub(rb"(PK\x01\x02.{6})\x00\x00", lambda m: m[1] + number, content, flags=re.S)
    assert "is packed in a way that Excel can't open" in sentence(tmp_path, content)


def test_missing_file_and_folder(tmp_path):
    assert "can't be read" in check_file(tmp_path / "absent.xlsx").error
    assert "can't be read" in check_file(tmp_path).error


@pytest.mark.parametrize("cut", range(1, 40))
def test_truncated_anywhere(tmp_path, cut):
    assert sentence(tmp_path, GOOD[: cut * len(GOOD) // 40]) != ""


def test_every_part_left_out_or_emptied(tmp_path):
    for name in names_of(GOOD):
        sentence(tmp_path, repacked(GOOD, **{name: None}))
        sentence(tmp_path, repacked(GOOD, **{name: b""}))
        sentence(tmp_path, repacked(GOOD, **{name: b"<a/>"}))


@pytest.mark.parametrize(
    "change",
    [
        (rb'r="\d+"', b'r="minus one"'),
        (rb'r="\d+"', b'r="-1"'),
        (rb'r="\d+"', 'r="²"'.encode()),
        (rb'<row r="\d+"', b'<row r="99999999999999999999"'),
        (rb'<c r="[A-Z]+', b'<c r="XFE'),
        (rb'<c r="[A-Z]+', b'<c r="A[_'),
        (rb"<f>[^<]*</f>", b"<f>" + b"(" * 9000 + b"1" + b")" * 9000 + b"</f>"),
        (rb"<f>[^<]*</f>", b"<f>" + b"(" * 3000 + b"1" + b")" * 3000 + b"</f>"),
        (rb"<f>[^<]*</f>", b"<f>" + b"+".join([b"A1"] * 3000) + b"</f>"),
        (rb"<f>[^<]*</f>", b"<f>" + b"-" * 5000 + b"A1</f>"),
        (rb"<f>[^<]*</f>", b"<f>SUM(A1:XFD1048576)</f>"),
        (rb"<f>[^<]*</f>", b"<f>'[1]Sheet1'!A1*[2]Sheet!B2*ZZZ999999999</f>"),
        (rb"<f>[^<]*</f>", b"<f>WEBSERVICE(\"http://example.org\")+cmd|'/c calc'!A1</f>"),
        (rb"<f>[^<]*</f>", b"<f>{1,2;3</f>"),
        (rb"<f>[^<]*</f>", b'<f>"unclosed</f>'),
        (rb"<f>[^<]*</f>", b"<f>#REF!*2</f>"),
        (rb"<f>[^<]*</f>", b"<f>1E308*1E308-EXP(1E9)^99</f>"),
        (rb"<f>[^<]*</f>", b'<f t="shared" si="99"/>'),
        (rb"<v>[^<]*</v>", b"<v>NaN</v>"),
        (rb"<v>[^<]*</v>", b"<v>1E400</v>"),
        (rb"<v>[^<]*</v>", b"<v>-1.#IND</v>"),
        (rb"<v>[^<]*</v>", b"<v/>"),
        (rb' t="str"', b' t="unheard of"'),
    ],
)
def test_unusual_cells(tmp_path, change):
    for count in (1, 0):
        content = repacked(GOOD, **{SHEET: re.sub(change[0], lambda _: change[1], part_of(GOOD, SHEET), count=count)})
        sentence(tmp_path, content)
        try:
            book = read_book(tmp_path / "file.xlsx")
            report, tables = check_book(book)
            annotate(book, report, tmp_path / "annotated.xlsx")
            mend(book, report, tables, tmp_path / "mended.xlsx")
        except GradsheetError:
            pass


FORMULAS = [
    "((((((((",
    'INDIRECT("A"&1)',
    "[1]Other!A1",
    "CMD,' /C calc'!A0",
    "1E999",
    "9^9^9^9",
    "OFFSET(A1,1,1)",
    "#REF!+A1",
    "SUM(A:A)",
    "{1,2;3}",
    '"a"&"b"',
    "Table1[[#This Row],[w1]]",
    "_xlfn.LET(x,1,x)",
    "LAMBDA(x,x)(1)",
    "1/0",
    "",
    "''!A1",
    "A1:XFD1048576",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_strange_formula_is_no_crash(tmp_path, formula):
    """One cell of the table; the rest is judged as ever, and nothing else is found."""
    sheet = Sheet(Design.any(3, sizes=(2, 2, 2), bias=False, rows=6, rate_at="cell"))
    row, column = sheet.first + 2, sheet.columns["h1"]
    sheet.cells[row, column] = f"={formula}"
    path = tmp_path / "strange.xlsx"
    path.write_bytes(sheet.package())
    report = check_file(path)
    assert report.error is None, report.error
    assert report.verdict != "right"
    assert {part.variable for finding in report.findings for part in finding.parts} == {"h1"}
    assert all(part.rows == (row,) for finding in report.findings for part in finding.parts)
    assert all(finding.parts for finding in report.findings if finding.kind != "never calculated")


def rows_of(*cells):
    """A workbook of one row with these cells."""
    return repacked(GOOD, **{SHEET: MAIN + b'<row r="3">' + b"".join(cells) + b"</row>" + END})


@pytest.mark.parametrize(
    ("cell", "value", "error"),
    [
        (b'<c r="B3" t="e"><v>#DIV/0!</v></c>', "#DIV/0!", True),
        (b'<c r="B3" t="e"><v>#SPILL!</v></c>', "#SPILL!", True),
        (b'<c r="B3" t="b"><v>1</v></c>', True, False),
        (b'<c r="B3" t="b"><v>true</v></c>', True, False),
        (b'<c r="B3" t="b"><v>0</v></c>', False, False),
        (b'<c r="B3" t="d"><v>2024-02-29</v></c>', "2024-02-29", False),
        (b'<c r="B3" t="n"><v>-1.5E-3</v></c>', -0.0015, False),
        (b'<c r="B3" t="str"><f>A1</f><v></v></c>', None, False),
        (b'<c r="B3" t="s"><v> 1 </v></c>', "w1", False),
        (b'<c r="B3" t="s"><v>2</v></c>', "\u6f22\u5b57", False),
        (b'<c r="B3" t="s"><v>3</v></c>', "", False),
        (b'<c r="B3" t="s"><v>-1</v></c>', "", False),
        ('<c r="B3" t="s"><v>²</v></c>'.encode(), "", False),
        (b'<c r="B3" t="s"><v>9999999999999999999999</v></c>', "", False),
        (b'<c r="B3" t="inlineStr"><is><t>w</t><rPh sb="0" eb="1"><t>read</t></rPh></is></c>', "w", False),
        (b'<c r="B3" t="inlineStr"><is><r><rPr><b/></rPr><t>w</t></r><r><t>1</t></r></is></c>', "w1", False),
    ],
)
def test_kinds_of_cells(tmp_path, cell, value, error):
    """Errors, truth values, dates, texts with formats or a reading, and places among the texts that aren't there."""
    strings = (
        STRINGS
        + (
            "<si><t>w0</t></si><si><r><t>w</t></r><r><rPr><i/></rPr><t>1</t></r></si>"
            "<si><t>漢字</t><rPh sb='0' eb='2'><t>かんじ</t></rPh><phoneticPr fontId='1'/></si></sst>"
        ).encode()
    )
    links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>", b'<Relationship Id="s" Type="x/sharedStrings" Target="texts.xml"/></Relationships>'
    )
    links = re.sub(rb'<Relationship [^>]*sharedStrings.xml"[^>]*/>', b"", links)
    content = repacked(rows_of(cell), **{"xl/_rels/workbook.xml.rels": links, "xl/texts.xml": strings})
    path = tmp_path / "cells.xlsx"
    path.write_bytes(content)
    found = read_book(path).sheets[0].cell(3, 2)
    if value is None:
        assert found.value in (None, "") and found.formula is not None
    else:
        assert (found.value, type(found.value), found.error) == (value, type(value), error)
    assert check_file(path).error is None


def test_cells_and_rows_without_a_place(tmp_path):
    """They follow each other; comments between them are no cells."""
    part = (
        MAIN + b"<!-- a --><row><!-- b --><c><v>1</v></c><!-- c --><c/><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    )
    path = tmp_path / "plain.xlsx"
    path.write_bytes(repacked(GOOD, **{SHEET: part + END}))
    rows = read_book(path).sheets[0].rows
    assert {row: {c: cell.value for c, cell in cells.items()} for row, cells in rows.items()} == {
        1: {1: 1.0, 3: 2.0},
        2: {1: 3.0},
    }


def test_strict_open_xml_is_read(tmp_path):
    """Excel's other kind of .xlsx has other namespaces."""
    old, new = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    parts = {name: part_of(GOOD, name) for name in names_of(GOOD)}
    content = repacked(
        GOOD,
        **{
            name: part.replace(old + b"spreadsheetml/2006/", new + b"spreadsheetml/").replace(
                old + b"officeDocument/2006/", new + b"officeDocument/"
            )
            for name, part in parts.items()
        },
    )
    assert b"purl.oclc.org" in part_of(content, SHEET)
    assert sentence(tmp_path, content) == ""
    assert check_file(tmp_path / "file.xlsx").verdict == "right"


def test_cells_that_refer_to_each_other(tmp_path):
    """Helper cells in a circle, and a chain of ten thousand."""
    sheet = Sheet(Design.any("circle"))
    column = sheet.columns["h1"]
    for row in range(sheet.first, sheet.last + 1):
        sheet.cells[row, column] = f"=ZA{row}"
        sheet.cells[row, 677], sheet.cells[row, 678] = f"=ZB{row}", f"=ZA{row}"
    assert sentence(tmp_path, sheet.package()) == ""
    for row in range(1, 10_000):
        sheet.cells[row, 679] = f"=ZC{row + 1}"
    sheet.cells[sheet.first, column] = "=ZC1"
    assert sentence(tmp_path, sheet.package()) == ""


def test_macros_links_and_names_are_left_alone(tmp_path):
    """Nothing in a file is run, followed or fetched."""
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="x1" TargetMode="External" Target="file:///etc/passwd" Type="'
        + office
        + b'externalLinkPath"/><Relationship Id="x2" Target="http://example.org/t.xml" TargetMode="External" Type="'
        + office
        + b'sharedStrings"/></Relationships>',
    )
    content = repacked(
        GOOD,
        **{
            "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 500,
            "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
            "xl/_rels/workbook.xml.rels": links,
        },
    )
    assert sentence(tmp_path, content, "macros.xlsm") == ""
    assert check_file(tmp_path / "macros.xlsm").verdict == "right"


def test_parts_outside_of_the_package(tmp_path):
    """A sheet that is said to stand in a file of this machine is no sheet of the workbook."""
    (tmp_path / "passwd.xml").write_bytes(part_of(GOOD, SHEET))
    for target in (b"../../../../etc/passwd", str(tmp_path / "passwd.xml").encode()):
        links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1.xml", target)
        assert target in links
        content = repacked(GOOD, **{"xl/_rels/workbook.xml.rels": links})
        assert sentence(tmp_path, content) == ""
        assert read_book(tmp_path / "file.xlsx").sheets == []


@pytest.mark.parametrize("sign", ["&", "=", "<", ">", "<=", ">=", "<>"])
def test_comparisons_where_arithmetic_belongs(tmp_path, sign):
    """Found by the fuzzer: a sign that no right formula has is named as it stands."""
    sheet = Sheet(Design.any(3, sizes=(2, 2, 2), bias=False, rate_at="cell"))
    for row in range(sheet.first + 1, sheet.last + 1):
        sheet.cells[row, sheet.columns["E_total"]] = f"={sheet.ref('E1', row)}{sign}{sheet.ref('E2', row)}"
        sheet.cells[row, sheet.columns["h1"]] = f"={sheet.ref('w1', row)}{sign}{sheet.ref('i1', row)}"
    content = sheet.package().replace(b"<f>", b"<f>")
    assert sentence(tmp_path, content) == ""
    assert check_file(tmp_path / "file.xlsx").verdict == "wrong"


def test_a_reference_beyond_the_edge(tmp_path):
    """A defined name that means the cell far to the left is none in a column near the edge."""
    book = part_of(GOOD, "xl/workbook.xml")
    names = b'<definedNames><definedName name="far">Sheet1!A1</definedName></definedNames>'
    book = book.replace(b"</sheets>", b"</sheets>" + names)
    sheet = re.sub(rb"<f>[^<]*</f>", b'<f t="shared" si="7" ref="B1:B99">far+A1</f>', part_of(GOOD, SHEET), count=1)
    sheet = re.sub(rb"<f>[^<]*</f>", b'<f t="shared" si="7"/>', sheet)
    assert sentence(tmp_path, repacked(GOOD, **{SHEET: sheet, "xl/workbook.xml": book})) == ""
