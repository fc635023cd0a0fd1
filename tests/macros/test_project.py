"""The macro workbook as a file: its VBA project beside one that Excel wrote, other readers, the same bytes."""

import io
import re
import sys
import zipfile
from pathlib import Path

import olefile
import openpyxl
import pandas
import pytest
import python_calamine
import xlwings
from oletools.olevba import VBA_Parser, decompress_stream
from openxml_audit import OpenXmlValidator, predict
from pyopenvba import ExcelFile

from workbook.build import build
from workbook.cli import main
from workbook.macros import project, wrappers
from workbook.sheets import playground_steps, xlwings_conf
from workbook.sheets.training_cells import SETTINGS
from xlfuncs import maths
from xlfuncs.network import DEFAULT, ITERATIONS, Network

QUICKSTART = Path(xlwings.__file__).with_name("quickstart.xlsm")
OURS = ["xlwings", "Dictionary", wrappers.MODULE, project.BUTTONS, project.SETUP]


def vba_part(path):
    with zipfile.ZipFile(path) as package:
        return package.read("xl/vbaProject.bin")


@pytest.fixture(scope="module")
def sheets(macro_book):
    return openpyxl.load_workbook(macro_book, data_only=True).sheetnames


@pytest.fixture(scope="module")
def ole(macro_book):
    return olefile.OleFileIO(io.BytesIO(vba_part(macro_book)))


def lines_of(ole, stream):
    return ole.openstream(stream).read().decode("cp1252").split("\r\n")


def test_the_streams_are_those_of_a_project_that_excel_wrote(ole, sheets):
    excel = olefile.OleFileIO(io.BytesIO(vba_part(QUICKSTART)))
    documents = ["ThisWorkbook", *(project.code_name(k) for k in range(1, len(sheets) + 1))]
    fixed = [["PROJECT"], ["PROJECTwm"], ["VBA", "_VBA_PROJECT"], ["VBA", "dir"]]
    assert [s for s in excel.listdir() if s in fixed] == [s for s in ole.listdir() if s in fixed]
    modules = [s[1] for s in ole.listdir() if s[0] == "VBA" and s not in fixed]
    assert sorted(modules) == sorted([*documents, *OURS])
    keys = [line.partition("=")[0] for line in lines_of(excel, "PROJECT") if line]
    ours = [line.partition("=")[0] for line in lines_of(ole, "PROJECT") if line]
    varying = {"Document", "Module", "Class", *documents, *OURS, "Sheet1", "Sheet2", "Module1"}
    assert [k for k in ours if k not in varying] == [k for k in keys if k not in varying]
    assert ole.openstream(["VBA", "_VBA_PROJECT"]).read() == bytes.fromhex("CC61FFFF000000")


def test_the_project_names_its_modules_everywhere(ole, sheets):
    documents = ["ThisWorkbook", *(project.code_name(k) for k in range(1, len(sheets) + 1))]
    written = lines_of(ole, "PROJECT")
    assert [line[9:].partition("/")[0] for line in written if line.startswith("Document=")] == documents
    assert [line[7:] for line in written if line.startswith("Module=")] == [n for n in OURS if n != "Dictionary"]
    assert [line[6:] for line in written if line.startswith("Class=")] == ["Dictionary"]
    names = ole.openstream("PROJECTwm").read()
    for name in [*documents, *OURS]:
        assert name.encode() + b"\0" + name.encode("utf-16-le") + b"\0\0" in names


def test_document_modules_begin_as_excels(ole):
    excel = olefile.OleFileIO(io.BytesIO(vba_part(QUICKSTART)))

    def header(file, name):
        content = file.openstream(["VBA", name]).read()
        start = content.index(b"\x01")
        for at in [k for k, byte in enumerate(content) if byte == 1 and k >= start]:
            try:
                text = bytes(decompress_stream(bytearray(content[at:]))).decode("cp1252")
            except Exception:
                continue
            if text.startswith("Attribute"):
                return [line for line in text.split("\r\n") if line.startswith("Attribute")]
        raise AssertionError(name)

    for name in ("ThisWorkbook", "Sheet1", "Sheet2"):
        assert header(ole, name) == header(excel, name)


def test_olevba_reads_every_module_back(macro_book):
    parser = VBA_Parser(str(macro_book))
    found = {name.rpartition(".")[0]: code for _, _, name, code in parser.extract_macros()}
    expected = {
        "xlwings": Path(xlwings.__file__).with_name("xlwings.bas").read_text(),
        wrappers.MODULE: wrappers.module(),
        project.BUTTONS: project.buttons_module(),
        project.SETUP: project.setup_module(),
    }
    for name, source in expected.items():
        lines = [line for line in source.splitlines() if not line.startswith("Attribute VB_Name")]
        body = [line for line in found[name].splitlines() if not line.startswith("Attribute VB_Name")]
        assert body == lines, name


def test_modules_are_ascii_with_vba_line_ends(macro_book):
    with ExcelFile(macro_book) as file:
        assert file.validate() == []
        for name, source in file.vba_modules().items():
            assert source.startswith(f'Attribute VB_Name = "{name}"\r\n'), name
            assert source.isascii() and "\n" not in source.replace("\r\n", "")


def test_the_code_names_of_the_sheets_are_the_modules(macro_book, sheets):
    with zipfile.ZipFile(macro_book) as package:
        book = package.read("xl/workbook.xml").decode()
        assert 'codeName="ThisWorkbook"' in book
        for k in range(1, len(sheets) + 1):
            assert f'codeName="Sheet{k}"' in package.read(f"xl/worksheets/sheet{k}.xml").decode()
    groups = '<functionGroups builtInGroupCount="19"><functionGroup name="gradsheet"></functionGroup></functionGroups>'
    assert groups in book and book.index("</sheets>") < book.index(groups) < book.index("<definedNames>")


def test_excel_opens_it_without_a_repair(macro_book):
    result = OpenXmlValidator().validate(str(macro_book))
    assert [str(error) for error in result.errors] == []
    assert predict(result).prediction.value == "opens-clean"


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 4, 2)])
def test_other_networks_too(tmp_path, libreoffice, sizes):
    path, network = tmp_path / "other.xlsm", Network.of_sizes(sizes)
    build(path, network, [0.5], 6, formulas="udf", macros=True)
    assert predict(OpenXmlValidator().validate(str(path))).prediction.value == "opens-clean"
    shown = libreoffice.recalculate(path)["LR=0.5"][-6:]
    columns = len(network.columns)
    expected = maths.table(network, 0.5, 6)
    for row, right in zip(shown, expected.tolist(), strict=True):
        assert row[:columns] == pytest.approx(right, rel=1e-12)


def test_the_same_bytes(macro_book, tmp_path, monkeypatch):
    again = tmp_path / "again.xlsm"
    monkeypatch.chdir(tmp_path)
    assert main(["build", str(again)]) == 0
    assert again.read_bytes() == macro_book.read_bytes()
    assert main(["build", str(again), "--check"]) == 0


def test_one_call_a_table(macro_book):
    book = openpyxl.load_workbook(macro_book)
    sheet = book["LR=0.5"]
    formulas = [cell for row in sheet["A28:AF112"] for cell in row if cell.data_type == "f"]
    assert [cell.coordinate for cell in formulas] == ["A28"]
    array = formulas[0].value
    assert array.ref == "A28:AF112"
    assert array.text == (
        "=IFERROR(BP_TABLE(inputs,targets,weights_hidden,weights_output,$H$17,85,FALSE),'LR=0.5 formulas'!A28:AF112)"
    )
    assert book["LR=0.5 formulas"].sheet_state == "hidden"


def test_every_reader_shows_the_cached_values(macro_book):
    expected = maths.table(DEFAULT, 0.5, ITERATIONS)
    with_pandas = pandas.read_excel(macro_book, sheet_name="LR=0.5", header=26, engine="openpyxl").to_numpy(float)
    assert with_pandas == pytest.approx(expected, rel=1e-15)
    sheet = python_calamine.CalamineWorkbook.from_path(str(macro_book)).get_sheet_by_name("LR=0.5").to_python()
    assert [row[:32] for row in sheet[27:112]] == expected.tolist()
    playground = openpyxl.load_workbook(macro_book, data_only=True)["Playground"]
    assert playground["C14"].value == expected[0][9]  # h1
    assert playground["C3"].value == 0


def test_libreoffice_shows_the_numbers_without_the_functions(libreoffice, macro_book):
    """There, the hidden formulas take the place of the functions, and they follow a change."""
    sheets = libreoffice.recalculate(macro_book)
    expected = maths.table(DEFAULT, 2.0, ITERATIONS)
    for row, right in zip(sheets["LR=2.0"][27:112], expected.tolist(), strict=True):
        assert row[:32] == pytest.approx(right, rel=1e-12)
    assert "plain formulas" in sheets["LR=2.0"][18][7]
    assert sheets["Playground"][13][2] == "no Python"
    changed = libreoffice.recalculate(macro_book, {"LR=2.0": {"H17": 1.5}})["LR=2.0"]
    assert changed[111][:32] == pytest.approx(maths.table(DEFAULT, 1.5, ITERATIONS)[-1].tolist(), rel=1e-12)


def test_playgrounds_plain_formulas_are_right(libreoffice, macro_book):
    book = openpyxl.load_workbook(macro_book, data_only=True)["Playground"]
    steps = playground_steps.steps(DEFAULT)
    names = DEFAULT.column_names
    row = dict(zip(names, maths.table(DEFAULT, 0.9, 2)[0].tolist(), strict=True))
    after = dict(zip(names, maths.table(DEFAULT, 0.9, 2)[1].tolist(), strict=True))
    rate = next(cell.coordinate for cell in book[6] if book.cell(5, cell.column).value == "ɳ")
    shown = libreoffice.recalculate(macro_book, {"Playground": {rate: 0.9}})["Playground"]
    for step in steps:
        plain = shown[step.row + 2][2 : 2 + len(step.names)]
        right = [after[n[4:]] if n.startswith("new_") else row[n] for n in step.names]
        assert plain == pytest.approx(right, rel=1e-12), step.heading


def test_playground_says_what_the_functions_say(macro_book):
    """Each array's cached values are what its own formula gives, called with the cells it names."""
    import xlfuncs

    values = openpyxl.load_workbook(macro_book, data_only=True)
    formulas = openpyxl.load_workbook(macro_book)
    sheet, written = values["Playground"], formulas["Playground"]

    def cells(argument):
        if argument in written.defined_names:
            argument = written.defined_names[argument].attr_text.partition("!")[2]
        found = sheet[argument.replace("$", "")]
        return [[cell.value for cell in row] for row in found] if isinstance(found, tuple) else found.value

    arrays = [c for row in written.iter_rows() for c in row if type(c.value).__name__ == "ArrayFormula"]
    arrays = [cell for cell in arrays if "no Python" in cell.value.text and "COUNT" not in cell.value.text]
    assert len(arrays) == 7
    for cell in arrays:
        name, arguments = re.fullmatch(r'=IFERROR\((\w+)\((.*)\),"no Python"\)', cell.value.text).groups()
        answer = getattr(xlfuncs, name)(*map(cells, arguments.split(",")))
        shown = sheet[cell.value.ref]
        shown = [[c.value for c in row] for row in shown] if isinstance(shown, tuple) else [[shown.value]]
        assert shown[: len(answer)] == answer, name
        assert all(value == "#N/A" for row in shown[len(answer) :] for value in row)


def test_settings_have_limits(macro_book):
    sheet = openpyxl.load_workbook(macro_book)["Training"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    for setting in SETTINGS:
        ref = sheet.defined_names[setting.name].attr_text.partition("!")[2].replace("$", "")
        rule = rules[ref]
        assert rule.showErrorMessage and rule.error
        if setting.choices:
            assert rule.formula1 == f'"{",".join(setting.choices)}"'
    assert sheet["B13"].value is None and sheet.tables["EpochLog"].ref == "B12:J13"


def test_the_charts_have_room_for_the_rows_to_come(macro_book, libreoffice):
    sheet = openpyxl.load_workbook(macro_book)["Training"]
    assert [chart.series[0].yVal.numRef.f for chart in sheet._charts] == [
        f"'Training'!${letter}$13:${letter}$512" for letter in "DFEG"
    ]
    assert sheet.column_dimensions["F"].number_format == sheet["F13"].number_format == "0.0000"
    rows = {f"{c}{r}": v for r in (13, 14) for c, v in (("B", r - 12), ("G", 97.0 + r - 12))}
    shown = libreoffice.recalculate(macro_book, {"Training": rows})["Training"]
    assert shown[4][8:10] == [99.0, 99.0]  # best and last follow the table


def test_the_conf_sheet_holds_no_blank_key(monkeypatch):
    assert xlwings_conf.settings() == [("ADD_WORKBOOK_TO_PYTHONPATH", "false")]
    monkeypatch.setattr(sys, "platform", "win32")
    assert xlwings_conf.settings()[0] == ("INTERPRETER_WIN", sys.executable)
    assert all(key and value for key, value in xlwings_conf.settings())


def test_udf_needs_macros(tmp_path, capsys):
    assert main(["build", str(tmp_path / "x.xlsx"), "--formulas", "udf"]) == 2
    assert "name the file x.xlsm" in capsys.readouterr().err
    assert main(["build", str(tmp_path / "x.xls")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_native_formulas_with_macros(tmp_path):
    path = tmp_path / "native.xlsm"
    assert main(["build", str(path), "--formulas", "native", "--lr", "0.5"]) == 0
    book = openpyxl.load_workbook(path, keep_vba=True)
    assert book["LR=0.5"]["X28"].value.startswith("=") and "LR=0.5 formulas" not in book.sheetnames
