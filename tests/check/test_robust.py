"""Damaged, hostile and unusual files: a sentence each, never a traceback, with bounded memory and time."""

import io
import os
import re
import resource
import subprocess
import sys
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from tests.check.writing import column_name
from workbook.check.checker import UNEXPECTED, check_book, check_file
from workbook.check.copies import annotate
from workbook.check.mending import mend
from workbook.check.reader import MAX_TREE, read_book
from xlfuncs.errors import GradsheetError

GOOD = Sheet(Design.any("good", rate_at="cell")).package()
ROOM = 2 * 2**30  # bytes of memory that any file may take


def repacked(content, **changes):
    """The package with some parts replaced (None: left out) or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in [*source.namelist(), *(n for n in changes if n not in source.namelist())]:
            part = changes.get(name, source.read(name) if name in source.namelist() else None)
            if part is not None:
                target.writestr(name, part)
    return out.getvalue()


def part_of(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def sentence(tmp_path, content, name="file.xlsx"):
    """The error of a file with that content; "" where it could be checked."""
    path = tmp_path / name
    path.write_bytes(content)
    report = check_file(path)
    text = report.error or ""
    assert UNEXPECTED not in text, text
    assert "\n" not in text and "Traceback" not in text
    assert text == "" or (text.startswith(str(path)) and text.endswith("."))
    return text.removeprefix(f"{path} ")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.xlsx", b"", "is an empty file"),
        (
            "locked.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000),
            "is password-protected or in the old .xls format",
        ),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "save it as .xlsx without a password"),
        ("table.csv", b"w1,w2\n1,2\n", "is not an Excel workbook; save it as .xlsx."),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100), "is not an Excel workbook"),
        ("page.xls", b"<html><table><tr><td>w1</td></tr></table></html>", "is not an Excel workbook"),
        ("cut.xlsx", GOOD[: len(GOOD) // 2], "is damaged"),
        ("tiny.xlsx", b"PK\x03\x04", "is damaged"),
    ],
)
def test_what_is_no_workbook(tmp_path, name, content, words):
    assert words in sentence(tmp_path, content, name)


def test_opendocument_and_binary_workbooks(tmp_path):
    def archive(*names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            for name in names:
                target.writestr(name, b"")
        return out.getvalue()

    assert "is an OpenDocument file" in sentence(tmp_path, archive("mimetype", "content.xml"), "sheet.ods")
    assert "binary workbook (.xlsb)" in sentence(tmp_path, archive("xl/workbook.bin"), "sheet.xlsb")
    assert "holds no workbook" in sentence(tmp_path, archive("word/document.xml"), "text.docx")
    assert "is not an Excel workbook" in sentence(tmp_path, archive(), "none.xlsx")


def test_missing_file_and_folder(tmp_path):
    assert "can't be read" in check_file(tmp_path / "absent.xlsx").error
    assert "can't be read" in check_file(tmp_path).error


def test_no_permission(tmp_path):
    path = tmp_path / "secret.xlsx"
    path.write_bytes(GOOD)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "can't be read" in check_file(path).error


@pytest.mark.parametrize("cut", range(1, 40))
def test_truncated_anywhere(tmp_path, cut):
    assert sentence(tmp_path, GOOD[: cut * len(GOOD) // 40]) != ""


def test_every_part_left_out_or_emptied(tmp_path):
    for name in zipfile.ZipFile(io.BytesIO(GOOD)).namelist():
        sentence(tmp_path, repacked(GOOD, **{name: None}))
        sentence(tmp_path, repacked(GOOD, **{name: b""}))
        sentence(tmp_path, repacked(GOOD, **{name: b"<a/>"}))


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "change",
    [
        (rb'r="\d+"', b'r="minus one"'),
        (rb'<row r="\d+"', b'<row r="99999999999999999999"'),
        (rb"<f>[^<]*</f>", b"<f>" + b"(" * 9000 + b"1" + b")" * 9000 + b"</f>"),
        (rb"<f>[^<]*</f>", b"<f>" + b"+".join([b"A1"] * 3000) + b"</f>"),
        (rb"<f>[^<]*</f>", b"<f>" + b"-" * 5000 + b"A1</f>"),
        (rb"<f>[^<]*</f>", b"<f>SUM(A1:XFD1048576)</f>"),
        (rb"<f>[^<]*</f>", b"<f>'[1]Sheet1'!A1*[2]Sheet!B2*ZZZ999999999</f>"),
        (rb"<f>[^<]*</f>", b"<f>WEBSERVICE(\"http://example.org\")+cmd|'/c calc'!A1</f>"),
        (rb"<f>[^<]*</f>", b"<f>{1,2;3</f>"),
        (rb"<f>[^<]*</f>", b'<f>"unclosed</f>'),
        (rb"<f>[^<]*</f>", b"<f>#REF!*2</f>"),
        (rb"<f>[^<]*</f>", b"<f>1E308*1E308-EXP(1E9)^99</f>"),
        (rb"<v>[^<]*</v>", b"<v>NaN</v>"),
        (rb"<v>[^<]*</v>", b"<v>1E400</v>"),
        (rb"<v>[^<]*</v>", b"<v>-1.#IND</v>"),
    ],
)
def test_unusual_cells(tmp_path, change):
    for count in (1, 0):
        content = repacked(GOOD, **{SHEET: re.sub(change[0], lambda _: change[1], part_of(GOOD, SHEET), count=count)})
        sentence(tmp_path, content)
        path = tmp_path / "file.xlsx"
        try:
            book = read_book(path)
            report, tables = check_book(book)
            annotate(book, report, tmp_path / "annotated.xlsx")
            mend(book, report, tables, tmp_path / "mended.xlsx")
        except GradsheetError:
            pass


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


def test_xml_bombs(tmp_path):
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 20) for k in range(12)
    )
    for part in (SHEET, "xl/workbook.xml", "[Content_Types].xml"):
        sentence(tmp_path, repacked(GOOD, **{part: laughs + b"]><x>&m;</x>"}))
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'
    sentence(tmp_path, repacked(GOOD, **{SHEET: outside}))
    sentence(tmp_path, repacked(GOOD, **{SHEET: b"<a>" * 100_000}))


def limited(path, *options):
    """The command in a process that may use no more than ROOM of memory, for two minutes."""
    command = [sys.executable, "-m", "workbook.check", str(path), *options]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM)),
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def bomb(path, part, start, piece, count, size=None):
    """A package whose `part` unpacks to `count` times `piece`."""
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for name in source.namelist():
            if name != part:
                target.writestr(name, source.read(name))
        with target.open(part, "w", force_zip64=True) as out:
            out.write(start)
            for _ in range(count):
                out.write(piece)
    if size is not None:  # the directory lies about the size
        content = path.read_bytes()
        real = (len(start) + count * len(piece)).to_bytes(4, "little")
        path.write_bytes(content.replace(real, size.to_bytes(4, "little")))


MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


@pytest.mark.parametrize(
    ("part", "start", "piece", "count"),
    [
        (SHEET, MAIN, b" " * 2**20, 2000),
        (SHEET, MAIN, b'<row><c t="str"><v>x</v></c></row>' * 30_000, 1000),
        (SHEET, MAIN + b"<row>", b'<c t="str"><v>x</v></c>' * 30_000, 500),
        (SHEET, MAIN + b'<row r="1"><c r="A1" t="str"><v>', b"x" * 2**20, 300),
        ("xl/workbook.xml", b"<workbook>", b"<sheets/>" * 100_000, 1000),
        ("[Content_Types].xml", b"<Types>", b" " * 2**20, 2000),
    ],
)
def test_zip_bombs(tmp_path, part, start, piece, count):
    path = tmp_path / "bomb.xlsx"
    bomb(path, part, start, piece, count)
    assert path.stat().st_size < 40_000_000
    done = limited(path)
    assert done.returncode in (0, 2), done.stderr[-2000:]
    assert "Traceback" not in done.stderr + done.stdout and UNEXPECTED not in done.stdout
    shown = " ".join(done.stdout.split())
    assert "hand-made sheet" in shown or "is damaged" in shown or "not this exercise" in shown


def test_a_zip_bomb_that_lies_about_its_size(tmp_path):
    path = tmp_path / "liar.xlsx"
    bomb(path, SHEET, MAIN, b" " * 2**20, 1500, size=1000)
    done = limited(path)
    assert done.returncode == 2 and "Traceback" not in done.stderr + done.stdout


def test_a_part_that_unpacks_to_too_much(tmp_path):
    """Below the limit of the whole file, beyond that of a part that is held as a tree."""
    for part in ("xl/workbook.xml", "_rels/.rels"):
        content = repacked(GOOD, **{part: b"<workbook>" + b"<a/>" * (MAX_TREE // 4 + 1) + b"</workbook>"})
        assert "unpacks to too much data" in sentence(tmp_path, content)


def plain_sheet(rows):
    """A right sheet whose formulas are written plainly."""
    return Sheet(
        Design.any(
            "long",
            rows=rows,
            rate_at="cell",
            shuffle=False,
            helpers=False,
            constants="above",
            order="usual",
            iteration=False,
        )
    )


def test_a_hundred_thousand_rows(tmp_path):
    sheet = plain_sheet(3)
    path = tmp_path / "long.xlsx"
    columns = sorted(sheet.columns.values())
    model = [(column_name(c), sheet.cells[sheet.last, c]) for c in columns]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        content = sheet.package()
        for name in zipfile.ZipFile(io.BytesIO(content)).namelist():
            if name != SHEET:
                target.writestr(name, part_of(content, name))
        before, _, after = part_of(content, SHEET).decode().partition("</sheetData>")
        with target.open(SHEET, "w", force_zip64=True) as out:
            out.write(before.encode())
            for row in range(sheet.last + 1, sheet.first + 100_000):
                cells = (f'<c r="{c}{row}"><f>{_lower(text, row - sheet.last)[1:]}</f></c>' for c, text in model)
                out.write(f'<row r="{row}">{"".join(cells)}</row>'.encode())
            out.write(f"</sheetData>{after}".encode())
    done = limited(path)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert "Traceback" not in done.stderr and "were read" in done.stdout and ": right" in done.stdout


def _lower(text, by):
    return re.sub(r"(?<![$\d])([A-Z]{1,2})(\d+)", lambda m: f"{m[1]}{int(m[2]) + by}", text)


def test_macros_links_and_names_are_left_alone(tmp_path):
    """Nothing in a file is run, followed or fetched."""
    links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="x1" TargetMode="External" Target="file:///etc/passwd" Type="http://schemas.openxmlformats.org/'
        b'officeDocument/2006/relationships/externalLinkPath"/><Relationship Id="x2" Target="http://example.org/t.xml" '
        b'TargetMode="External" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/>'
        b"</Relationships>",
    )
    content = repacked(GOOD, **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 500, "xl/_rels/workbook.xml.rels": links})
    assert sentence(tmp_path, content, "macros.xlsm") == ""
    assert check_file(tmp_path / "macros.xlsm").verdict == "right"


def test_parts_outside_of_the_package(tmp_path):
    links = part_of(GOOD, "xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")
    sentence(tmp_path, repacked(GOOD, **{"xl/_rels/workbook.xml.rels": links}))


def test_one_unreadable_file_does_not_stop_the_rest(tmp_path):
    from workbook.check.workers import check_files

    paths = []
    for k in range(12):
        path = tmp_path / f"{k}.xlsx"
        path.write_bytes(GOOD if k % 3 else GOOD[:900])
        paths.append(path)
    verdicts = [report.verdict for report in check_files(paths)]
    assert verdicts == ["unreadable" if k % 3 == 0 else "right" for k in range(12)]


@settings(
    max_examples=int(os.environ.get("GRADSHEET_FUZZ", "40")), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_damaged_parts(tmp_path_factory, data):
    """Bytes taken out of, put into and changed in any part: checked, or refused in one sentence."""
    wrong = mutated(f"damaged {data.draw(st.integers(0, 5))}")[0].package()
    names = zipfile.ZipFile(io.BytesIO(wrong)).namelist()
    name = data.draw(st.sampled_from([*names, SHEET, SHEET]))
    part = bytearray(part_of(wrong, name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(part)))
        length = data.draw(st.integers(0, 40))
        put = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(
                    [b"<", b">", b'"', b"</f>", b"<f>", b"<c r='A1'>", b"$", b"-", b"99999999", b"(", b")", b"^"]
                ),
            )
        )
        part[at : at + length] = put
    folder = tmp_path_factory.mktemp("damaged")
    if sentence(folder, repacked(wrong, **{name: bytes(part)})) == "":
        book = read_book(folder / "file.xlsx")
        report, tables = check_book(book)
        for write in (lambda out: annotate(book, report, out), lambda out: mend(book, report, tables, out)):
            try:
                write(folder / "out.xlsx")
            except GradsheetError as error:
                assert "\n" not in str(error)
