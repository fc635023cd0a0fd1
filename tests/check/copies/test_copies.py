"""The copies: only what has to change changes, other programs open them, and the mended numbers are right."""

import hashlib
import io
import re
import zipfile

import openpyxl
import pytest
from openpyxl.chart import LineChart, Reference
from openpyxl.comments import Comment
from openxml_audit import OpenXmlValidator

from tests.check.generate import Design, Sheet
from tests.check.mutate import mutated
from tests.check.writing import column_name
from workbook.check.checker import check_book, check_file
from workbook.check.copies.added_sheet import free_name
from workbook.check.copies.annotate import annotate
from workbook.check.copies.cells import Change, bonds_of, change_cells
from workbook.check.copies.mending import mend
from workbook.check.meaning.recalculate import recalculate
from workbook.check.read.reader import read_book
from xlfuncs.errors import GradsheetError

WRONG = [
    "sheet-01.xlsx",
    "sheet-03.xlsx",
    "sheet-07.xlsx",
    "sheet-08.xlsx",
    "sheet-09.xlsx",
    "sheet-10.xlsx",
    "sheet-11.xlsx",
]
MENDABLE = [name for name in WRONG if name != "sheet-11.xlsx"]  # it also holds sheets of typed values
ADDED = r"xl/(worksheets/sheet|comments|drawings/vmlDrawing|drawings/drawing|charts/chart)\d+\.(xml|vml)|.*\.rels"
CHANGED = r"xl/worksheets/sheet\d+\.xml|xl/styles\.xml|xl/workbook\.xml|\[Content_Types\]\.xml|.*\.rels"


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def copy_of(path, out, kind):
    """The copy that the command would write, and the report it was made from."""
    book = read_book(path)
    report, tables = check_book(book)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    annotate(book, report, out) if kind == "annotate" else mend(book, report, tables, out)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    return book, report


def audit(path):
    return sorted(str(error) for error in OpenXmlValidator().validate(str(path)).errors)


@pytest.mark.parametrize("kind", ["annotate", "fix"])
@pytest.mark.parametrize("file", WRONG)
def test_every_other_part_keeps_its_bytes(shared, tmp_path, file, kind):
    source, out = shared / "sheets" / file, tmp_path / "copy.xlsx"
    copy_of(source, out, kind)
    old, new = parts_of(source), parts_of(out)
    gone = set(old) - set(new)
    assert gone <= ({"xl/calcChain.xml"} if kind == "fix" else set())
    assert all(re.fullmatch(ADDED, part) for part in set(new) - set(old))
    differing = {part for part in set(old) & set(new) if old[part] != new[part]}
    assert all(re.fullmatch(CHANGED, part) for part in differing)
    assert any("worksheets" in part for part in differing)
    # The sheets' own annexes: widths, merged cells, drawings, formats of rows stay what they were.
    for part in differing:
        if "worksheets/sheet" in part and part.endswith(".xml"):
            outside = [re.sub(rb"<sheetData.*</sheetData>", b"", x, flags=re.DOTALL) for x in (old[part], new[part])]
            plain = [re.sub(rb"<\?xml[^>]*\?>\s*|<legacyDrawing [^>]*/>| tabSelected=.1.", b"", x) for x in outside]
            assert plain[0] == plain[1]


@pytest.mark.parametrize("kind", ["annotate", "fix"])
@pytest.mark.parametrize("file", ["sheet-03.xlsx", "sheet-08.xlsx", "sheet-09.xlsx"])
def test_nothing_that_excel_would_repair_is_added(shared, tmp_path, file, kind):
    source, out = shared / "sheets" / file, tmp_path / "copy.xlsx"
    copy_of(source, out, kind)
    assert audit(out) == audit(source)


def look(cell):
    return repr(cell.font), repr(cell.border), repr(cell.alignment), cell.number_format


@pytest.mark.parametrize("file", WRONG)
def test_annotated_cells_and_comments(shared, tmp_path, file):
    source, out = shared / "sheets" / file, tmp_path / "copy.xlsx"
    _, report = copy_of(source, out, "annotate")
    old, new = openpyxl.load_workbook(source), openpyxl.load_workbook(out)
    assert new.sheetnames == [*old.sheetnames, "Check"]
    for name in old.sheetnames:
        faults = [f for f in report.findings if f.sheet == name and f.parts and not f.note]
        wrong = {(row, part.column) for f in faults for part in f.parts for row in part.rows}
        noted = {(row, p.column) for f in report.findings if f.note for p in f.parts for row in p.rows}
        for row in old[name].iter_rows():
            for cell in row:
                copy = new[name].cell(cell.row, cell.column)
                assert str(copy.value) == str(cell.value)
                assert look(copy) == look(cell)
                if (cell.row, cell.column) in wrong:
                    assert copy.fill.fgColor.rgb == "FFFFC7CE"
                elif (cell.row, cell.column) not in noted:
                    assert repr(copy.fill) == repr(cell.fill) and copy.comment is None
        for fault in faults:
            first = min(fault.parts, key=lambda p: (p.rows[0], p.column))
            comment = new[name].cell(first.rows[0], first.column).comment
            assert fault.message in comment.text and (first.right or "") in comment.text
    listed = [[cell.value for cell in row] for row in new["Check"].iter_rows()]
    assert all(any(f.message in row and f.range in row for row in listed) for f in report.findings)


@pytest.mark.parametrize("kind", ["annotate", "fix"])
@pytest.mark.parametrize("file", ["sheet-01.xlsx", "sheet-09.xlsx"])
def test_libreoffice_opens_the_copy(shared, tmp_path, libreoffice, file, kind):
    source, out = shared / "sheets" / file, tmp_path / "copy.xlsx"
    copy_of(source, out, kind)
    values = libreoffice.recalculate(out)
    assert values["Check"][0][0].startswith(f"gradsheet check: {file} is wrong")
    charts, before = libreoffice.charts(out), libreoffice.charts(source)
    assert {name: charts[name] for name in before} == before
    if kind == "annotate":
        old = libreoffice.recalculate(source)
        assert {name: values[name] for name in old} == old


@pytest.mark.parametrize("file", MENDABLE)
def test_only_the_wrong_formulas_are_mended(shared, tmp_path, file):
    source, out = shared / "sheets" / file, tmp_path / "fixed.xlsx"
    _, report = copy_of(source, out, "fix")
    mended = [f for f in report.findings if not f.note or f.kind == "unknown function"]
    wrong = {(f.sheet, row, p.column) for f in mended for p in f.parts for row in p.rows}
    old, new = openpyxl.load_workbook(source), openpyxl.load_workbook(out)
    for name in old.sheetnames:
        for row in old[name].iter_rows():
            for cell in row:
                mended = str(new[name].cell(cell.row, cell.column).value)
                assert (_plain(mended) != _plain(cell.value)) == ((name, cell.row, cell.column) in wrong)


def _plain(value):
    return str(value).replace(" ", "")


def test_before_and_after_agree_with_the_published_log(shared, tmp_path):
    """sheet-07 at learning rate 0.1 has 85 rows: mended, its last E_total is the published one."""
    out = tmp_path / "fixed.xlsx"
    copy_of(shared / "sheets" / "sheet-07.xlsx", out, "fix")
    sheet = openpyxl.load_workbook(out, data_only=True)["E_total before and after"]
    column = next(c.column for c in sheet[2] if c.value and c.value.startswith("LR=0.1!"))
    assert sheet.cell(4, column + 2).value == pytest.approx(0.0141813779379, rel=1e-9)
    assert sheet.cell(88, column + 2).value == pytest.approx(0.00864403390496, rel=1e-9)
    assert sheet.cell(88, column + 1).value == pytest.approx(0.008541219527, rel=1e-9)
    formula = openpyxl.load_workbook(out)["E_total before and after"].cell(88, column + 2).value
    assert formula == "='LR=0.1'!X112"


def test_recalculation_gives_what_excel_stored(shared):
    """Every formula of files that Excel, WPS and LibreOffice calculated, computed anew."""
    for file in ("sheet-02.xlsx", "sheet-05.xlsx", "sheet-06.xlsx", "sheet-10.xlsx", "sheet-12.xlsx"):
        book = read_book(shared / "sheets" / file)
        places = {
            (s.name, row, column): cell.formula
            for s in book.sheets
            for row, cells in s.rows.items()
            for column, cell in cells.items()
            if cell.formula is not None and isinstance(cell.value, float)
        }
        values = recalculate((shared / "sheets" / file).read_bytes(), places)
        for (name, row, column), value in values.items():
            stored = book.sheet(name).cell(row, column).value
            assert value == pytest.approx(stored, rel=1e-11, abs=1e-16), (file, name, row, column)


@pytest.mark.parametrize("seed", range(40))
def test_generated_faults_are_mended(tmp_path, seed):
    """Whatever was wrong, the mended copy is right, and so are its stored values."""
    sheet, _ = mutated(f"mend {seed}")
    path, out = tmp_path / "wrong.xlsx", tmp_path / "fixed.xlsx"
    path.write_bytes(sheet.package())
    copy_of(path, out, "fix")
    report = check_file(out)
    assert report.faults == [] and report.verdict == "right"
    assert not any(f.kind == "stale values" for f in report.findings)


def test_a_right_copy_of_a_wrong_shared_formula(tmp_path):
    """The learning rate in B3, no $: the second row's copy happens to read it. It keeps its formula, the others don't."""
    sheet = Sheet(
        Design.any(5, header=5, left=1, rows=6, rate_at="cell", shuffle=False, helpers=False, constants="typed")
    )
    sheet.cells.pop(sheet.rate_cell)
    sheet.rate_cell = (3, 2)
    sheet.cells[3, 1], sheet.cells[3, 2] = "LR", sheet.d.rate
    for name in sheet.weights:
        sheet.set_formula(name, range(sheet.first + 1, sheet.last + 1), sheet.formulas[name])
    weight = column_name(sheet.columns["w5"])
    gradient = column_name(sheet.columns["grad_w5"])
    xml = _part(sheet.package(), "xl/worksheets/sheet1.xml").decode()
    for row in range(sheet.first + 1, sheet.last + 1):
        formula = f'<f t="shared" si="0" ref="{weight}7:{weight}11">{weight}6-B2*{gradient}6</f>'
        formula = formula if row == sheet.first + 1 else '<f t="shared" si="0"/>'
        xml = re.sub(rf'(<c r="{weight}{row}">)<f>[^<]*</f>', rf"\g<1>{formula}", xml)
    assert xml.count('t="shared"') == 5
    path, out = tmp_path / "shared.xlsx", tmp_path / "fixed.xlsx"
    path.write_bytes(_with_part(sheet.package(), "xl/worksheets/sheet1.xml", xml.encode()))
    _, report = copy_of(path, out, "fix")
    assert [(f.kind, [p.rows for p in f.parts]) for f in report.faults] == [("missing $", [(7, 9, 10, 11)])]
    assert check_file(out).verdict == "right"
    page = openpyxl.load_workbook(out)["Sheet1"]
    assert page[f"{weight}8"].value == f"={weight}7-B3*{gradient}7"
    assert page[f"{weight}9"].value == f"={weight}8-$B$3*{gradient}8"


def _part(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def _with_part(content, name, part):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            target.writestr(info, part if info.filename == name else source.read(info))
    return out.getvalue()


@pytest.fixture
def decorated(tmp_path):
    """A workbook with all that openpyxl can put into one: a comment, a chart, formats, a second sheet named Check."""
    sheet, _ = mutated("decorated")
    plain = io.BytesIO(sheet.package())
    book = openpyxl.load_workbook(plain)
    page = book["Sheet1"]
    report = check_book(read_book(_saved(tmp_path / "plain.xlsx", plain.getvalue())))[0]
    part = min(report.faults[0].parts, key=lambda p: (p.rows[0], p.column))
    page.cell(part.rows[0], part.column).comment = Comment("What is this?", "Teacher")
    page.cell(1, 1).comment = Comment("Well done", "Teacher")
    page.cell(part.rows[0], part.column).number_format = "0.0000"
    chart = LineChart()
    chart.add_data(Reference(page, min_col=part.column, min_row=sheet.first, max_row=sheet.last))
    page.add_chart(chart, "A50")
    page.sheet_view.tabSelected = True
    book.create_sheet("Check")["A1"] = "mine"
    path = tmp_path / "decorated.xlsx"
    book.save(path)
    return path, part


def _saved(path, content):
    path.write_bytes(content)
    return path


def test_comments_that_stand_there_stay(decorated, tmp_path):
    path, part = decorated
    out = tmp_path / "out.xlsx"
    copy_of(path, out, "annotate")
    page = openpyxl.load_workbook(out)["Sheet1"]
    cell = page.cell(part.rows[0], part.column)
    assert cell.comment.text.startswith("What is this?") and "Should be" in cell.comment.text
    assert page["A1"].comment.text == "Well done" and page["A1"].comment.author == "Teacher"
    assert cell.number_format == "0.0000" and len(page._charts) == 1
    assert audit(out) == audit(path)
    vml = next(content for name, content in parts_of(out).items() if name.endswith(".vml"))
    ids = re.findall(rb'<v:shape [^>]*id="([^"]+)"|<v:shape id="([^"]+)"', vml)
    assert len(set(ids)) == len(ids) >= 2


@pytest.mark.parametrize("kind", ["annotate", "fix"])
def test_the_copy_opens_on_its_sheet_of_findings(decorated, tmp_path, kind):
    """No other sheet stays selected: what is typed goes into all that are."""
    out = tmp_path / "out.xlsx"
    copy_of(decorated[0], out, kind)
    book = openpyxl.load_workbook(out)
    assert book.active.title == "Check 2"
    assert [page.title for page in book if page.sheet_view.tabSelected] == []
    assert openpyxl.load_workbook(decorated[0])["Sheet1"].sheet_view.tabSelected


def test_mended_cells_are_green_and_say_what_stood_there(decorated, tmp_path):
    out = tmp_path / "out.xlsx"
    _, report = copy_of(decorated[0], out, "fix")
    old, new = (openpyxl.load_workbook(path)["Sheet1"] for path in (decorated[0], out))
    mended = {(row, p.column) for f in report.faults for p in f.parts for row in p.rows}
    for row in new.iter_rows():
        for cell in row:
            before = old.cell(cell.row, cell.column)
            green = cell.fill.fgColor.rgb == "FFC6EFCE"
            assert green == ((cell.row, cell.column) in mended) == (str(cell.value) != str(before.value))
            assert look(cell) == look(before)
    first = min(report.faults[0].parts, key=lambda p: (p.rows[0], p.column))
    comment = new.cell(first.rows[0], first.column).comment.text
    assert "Mended (" in comment and f"Before: {first.formula}" in comment


def test_a_sheet_named_check_keeps_its_name(decorated, tmp_path):
    out = tmp_path / "out.xlsx"
    copy_of(decorated[0], out, "annotate")
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Sheet1", "Check", "Check 2"] and book["Check"]["A1"].value == "mine"
    assert free_name("Check", ["CHECK", "check 2"]) == "Check 3"


def test_the_same_input_gives_the_same_bytes(decorated, tmp_path):
    for kind in ("annotate", "fix"):
        for name in ("a.xlsx", "b.xlsx"):
            copy_of(decorated[0], tmp_path / name, kind)
        assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_copy_keeps_the_kind_of_file(tmp_path):
    """An .xlsm named .xlsx would not open."""
    path = tmp_path / "macros.xlsm"
    sheet, _ = mutated("macros")
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet.package())) as source, zipfile.ZipFile(changed, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "[Content_Types].xml":
                old = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
                content = content.replace(old, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
            target.writestr(info, content)
        target.writestr("xl/vbaProject.bin", b"not to be touched")
    path.write_bytes(changed.getvalue())
    with pytest.raises(GradsheetError, match=r"name it .*copy\.xlsm"):
        copy_of(path, tmp_path / "copy.xlsx", "annotate")
    assert not (tmp_path / "copy.xlsx").exists()
    copy_of(path, tmp_path / "copy.xlsm", "annotate")
    assert parts_of(tmp_path / "copy.xlsm")["xl/vbaProject.bin"] == b"not to be touched"


SMALL = (
    b'<worksheet xmlns="m"><sheetData><row r="2" ht="9"><c r="B2" s="3"><f t="shared" ref="B2:B4" si="0">A2*2</f><v>4</v>'
    b'</c><c r="D2"/></row><row r="4"><c r="B4" t="e"><f t="shared" si="0"/><v>#N/A</v></c></row></sheetData></worksheet>'
)


def test_changed_cells_leave_their_neighbours():
    changes = {
        (2, 3): Change(formula="1<2", value=True),
        (2, 2): Change(style=lambda old: old + 10),
        (4, 2): Change(value=1.5),
        (3, 1): Change(value=2.0),
        (9, 5): Change(style=lambda old: old + 1),
    }
    assert change_cells(SMALL, changes) == (
        b'<worksheet xmlns="m"><sheetData><row r="2" ht="9">'
        b'<c r="B2" s="13"><f t="shared" ref="B2:B4" si="0">A2*2</f><v>4</v></c>'
        b'<c r="C2" t="b"><f>1&lt;2</f><v>1</v></c><c r="D2"/></row><row r="3"><c r="A3"><v>2.0</v></c></row>'
        b'<row r="4"><c r="B4"><f t="shared" si="0"/><v>1.5</v></c></row><row r="9"><c r="E9" s="1"/></row>'
        b"</sheetData></worksheet>"
    )
    assert change_cells(SMALL, {}) == SMALL


def test_cells_without_names_and_other_encodings():
    """Some programs leave out the cells' names, put a prefix before every tag, or write UTF-16."""
    bare = (
        '<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c/></x:row></x:sheetData></x:worksheet>'
    )
    changed = change_cells(bare.encode(), {(1, 2): Change(value=5.0), (1, 3): Change(formula="A1")})
    assert b'<x:c><x:v>1</x:v></x:c><x:c r="B1"><x:v>5.0</x:v></x:c><x:c r="C1"><x:f>A1</x:f></x:c></x:row>' in changed
    wide = ('<?xml version="1.0" encoding="UTF-16"?>' + bare).encode("utf-16")
    assert b'<x:c r="B1"><x:v>5.0</x:v></x:c>' in change_cells(wide, {(1, 2): Change(value=5.0)})


def test_joint_formulas():
    bonds = bonds_of(SMALL)
    (shared_formula,) = bonds.shared
    assert shared_formula.cells == [(2, 2), (4, 2)] and shared_formula.text == "A2*2"
    assert bonds.arrays == bonds.merged == []
